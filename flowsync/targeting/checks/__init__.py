"""Checks of expressions: one module for each group of rules, and `RULES`, all rules as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.checks import flows, form, patterns, syntax, texts, times, truth, values
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

_GROUPS: Final = (syntax, values, times, patterns, texts, truth, form, flows)
RULES: Final[tuple[Rule, ...]] = tuple(rule for group in _GROUPS for rule in group.RULES)
"""Every rule of every group, in the order of the documentation."""


def check(text: str) -> tuple[Finding, ...]:
    """Everything that can be said of one expression by itself, by position; linear time, never raises."""
    try:
        return check_read(text, parse(text))
    except TargetingError as error:
        return check_read(text, error)


def check_read(text: str, read: Expression | TargetingError) -> tuple[Finding, ...]:
    """As `check`, for a text that was parsed already, with or without success."""
    found = syntax.check_text(text)
    if len(text) > MAXIMUM_READ:
        return found
    if isinstance(read, TargetingError):
        return _sorted((*found, syntax.syntax_finding(read, text)))
    return _sorted((*found, *check_expression(read)))


def check_expression(expression: Expression) -> tuple[Finding, ...]:
    """The findings in an expression that can be read, by position."""
    by_term = [
        finding
        for term in terms(expression)
        for group in (values, times, patterns, texts)
        for finding in group.check_term(term)
    ]
    return _sorted((*by_term, *truth.check_truth(expression), *form.check_form(expression)))


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code, finding.message)))
