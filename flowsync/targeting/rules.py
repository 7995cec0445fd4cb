"""The rules for expressions, and their findings. validate/rules.yaml documents them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule in one expression; `span` counts characters of its text from 0."""

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, and the severity of its findings."""

    code: str
    severity: Severity

    def finding(self, span: Span, message: str, hint: str | None = None) -> Finding:
        """A finding of this rule, with its own severity."""
        return Finding(self.code, self.severity, span, message, hint)


SYNTAX: Final = Rule("targeting-syntax", Severity.ERROR)
TOO_LONG: Final = Rule("targeting-too-long", Severity.ERROR)
LONG: Final = Rule("targeting-long", Severity.WARNING)
BLANK: Final = Rule("targeting-blank", Severity.WARNING)
IMPOSSIBLE: Final = Rule("targeting-impossible-value", Severity.ERROR)
ADDRESS: Final = Rule("targeting-address", Severity.ERROR)
OPERATOR: Final = Rule("targeting-operator", Severity.ERROR)
ORDER: Final = Rule("targeting-order", Severity.ERROR)
PRESENCE: Final = Rule("targeting-presence", Severity.WARNING)
ALONE: Final = Rule("targeting-alone", Severity.ERROR)
NUMBER_AND_TEXT: Final = Rule("targeting-number-text", Severity.WARNING)
LIST: Final = Rule("targeting-list", Severity.WARNING)
MONTHS: Final = Rule("targeting-months", Severity.WARNING)
ZERO: Final = Rule("targeting-zero-time", Severity.WARNING)
PATTERN: Final = Rule("targeting-pattern", Severity.ERROR)
AFFIX: Final = Rule("targeting-affix", Severity.WARNING)
QUOTE: Final = Rule("targeting-quote", Severity.ERROR)
LOGIC_IN_TEXT: Final = Rule("targeting-text", Severity.WARNING)
PARENTHESES: Final = Rule("targeting-parentheses", Severity.WARNING)
CONSTANT: Final = Rule("targeting-constant", Severity.WARNING)
CONTRADICTION: Final = Rule("targeting-contradiction", Severity.ERROR)
TAUTOLOGY: Final = Rule("targeting-tautology", Severity.WARNING)
DUPLICATE: Final = Rule("targeting-duplicate", Severity.WARNING)
MIXED: Final = Rule("targeting-mixed-logic", Severity.WARNING)
DASHBOARD: Final = Rule("targeting-dashboard", Severity.WARNING)
BACKWARDS: Final = Rule("targeting-backwards", Severity.WARNING)
UNKNOWN_FLOW: Final = Rule("targeting-unknown-flow", Severity.ERROR)
UNKNOWN_STEP: Final = Rule("targeting-unknown-step", Severity.ERROR)
UNKNOWN_FIELD: Final = Rule("targeting-unknown-field", Severity.ERROR)
SELF: Final = Rule("targeting-self", Severity.ERROR)
CYCLE: Final = Rule("targeting-cycle", Severity.WARNING)
SELF_STEP: Final = Rule("targeting-self-step", Severity.WARNING)

RULES: Final = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))
"""Every rule, in the order above."""
