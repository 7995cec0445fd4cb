"""Checks of expressions: one module for each group of rules, and `RULES`, all rules as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.checks import flows, text, truth, values
from flowsync.targeting.checks.finding import Finding, Rule
from flowsync.targeting.checks.flows import (
    KnownFlow,
    KnownFlows,
    World,
    check_cycle,
    check_references,
    check_self,
    check_self_step,
)
from flowsync.targeting.checks.text import (
    check_form,
    check_pattern,
    check_quoted,
    check_text,
    check_time,
    syntax_finding,
)
from flowsync.targeting.nodes import terms
from flowsync.targeting.parser import MAXIMUM_READ, parse

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Expression

__all__ = [
    "RULES",
    "Finding",
    "KnownFlow",
    "KnownFlows",
    "Rule",
    "World",
    "check",
    "check_cycle",
    "check_expression",
    "check_read",
    "check_references",
    "check_self",
    "check_self_step",
]

RULES: Final[tuple[Rule, ...]] = (
    *text.SYNTAX_RULES,
    *values.RULES,
    *text.TIMES_RULES,
    *text.PATTERNS_RULES,
    *text.TEXTS_RULES,
    *truth.RULES,
    *text.FORM_RULES,
    *flows.RULES,
)
_TERM_CHECKS: Final = (values.check_term, check_time, check_pattern, check_quoted)
"""Every rule of every group, in the order of the documentation."""


def check(source: str) -> tuple[Finding, ...]:
    """Everything that can be said of one expression by itself, by position; linear time, never raises."""
    try:
        return check_read(source, parse(source))
    except TargetingError as error:
        return check_read(source, error)


def check_read(source: str, read: Expression | TargetingError) -> tuple[Finding, ...]:
    """As `check`, for a text that was parsed already, with or without success."""
    found = check_text(source)
    if len(source) > MAXIMUM_READ:
        return found
    if isinstance(read, TargetingError):
        return _sorted((*found, syntax_finding(read, source)))
    return _sorted((*found, *check_expression(read)))


def check_expression(expression: Expression) -> tuple[Finding, ...]:
    """The findings in an expression that can be read, by position."""
    by_term = [finding for term in terms(expression) for check_term in _TERM_CHECKS for finding in check_term(term)]
    return _sorted((*by_term, *truth.check_truth(expression), *check_form(expression)))


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code, finding.message)))
