"""What can be wrong with an expression: every rule, and what a rule finds. validate/rules.yaml documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.model import Severity

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Span


class Finding(NamedTuple):
    """One thing that a rule found in one expression; `span` counts characters of its text from 0."""

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str | None = None


class Rule(NamedTuple):
    """One rule: its code, and how severe what it finds is."""

    code: str
    severity: Severity

    def finding(self, span: Span, message: str, hint: str | None = None) -> Finding:
        """A finding of this rule, with its own severity."""
        return Finding(self.code, self.severity, span, message, hint)


def _error(code: str) -> Rule:
    return Rule(code, Severity.ERROR)


def _warning(code: str) -> Rule:
    return Rule(code, Severity.WARNING)


SYNTAX: Final = _error("targeting-syntax")
TOO_LONG: Final = _error("targeting-too-long")
BLANK: Final = _warning("targeting-blank")
IMPOSSIBLE: Final = _error("targeting-impossible-value")
OPERATOR: Final = _error("targeting-operator")
ORDER: Final = _error("targeting-order")
ALONE: Final = _error("targeting-alone")
LIST: Final = _warning("targeting-list")
MONTHS: Final = _warning("targeting-months")
ZERO: Final = _warning("targeting-zero-time")
PATTERN: Final = _error("targeting-pattern")
AFFIX: Final = _warning("targeting-affix")
QUOTE: Final = _warning("targeting-quote")
LOGIC_IN_TEXT: Final = _warning("targeting-text")
CONSTANT: Final = _warning("targeting-constant")
CONTRADICTION: Final = _error("targeting-contradiction")
TAUTOLOGY: Final = _warning("targeting-tautology")
DUPLICATE: Final = _warning("targeting-duplicate")
MIXED: Final = _warning("targeting-mixed-logic")
DASHBOARD: Final = _warning("targeting-dashboard")
BACKWARDS: Final = _warning("targeting-backwards")
UNKNOWN_FLOW: Final = _error("targeting-unknown-flow")
UNKNOWN_STEP: Final = _error("targeting-unknown-step")
UNKNOWN_FIELD: Final = _error("targeting-unknown-field")
SELF: Final = _error("targeting-self")
CYCLE: Final = _warning("targeting-cycle")
SELF_STEP: Final = _warning("targeting-self-step")

FLOW_RULES: Final = (UNKNOWN_FLOW, UNKNOWN_STEP, UNKNOWN_FIELD, SELF, CYCLE, SELF_STEP)
"""The rules that need to know about other flows, or which flow an expression is of."""
RULES: Final = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))
"""Every rule, in the order above."""
