"""Rules about time spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.nodes import Condition, Duration, Unit

if TYPE_CHECKING:
    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Term

_LIKELY_MINUTES: Final = frozenset({5, 10, 15, 20, 30, 45, 60, 90, 120})
_MOST_MONTHS: Final = 24

MONTHS: Final = Rule(
    "targeting-months",
    Severity.WARNING,
    "m is months of 30 days, and a number that is usual for minutes or beyond two years was likely meant as"
    " minutes, which are i. Write days to be understood by everyone.",
    "user.property('lastSeen') within 30m",
    "user.property('lastSeen') within 30i",
)
ZERO: Final = Rule(
    "targeting-zero-time",
    Severity.WARNING,
    "A time span of zero: within 0d holds for the future only.",
    "user.property('trialEnd') within 0d",
    "user.property('trialEnd') > now()",
)
RULES: Final = (MONTHS, ZERO)


def check_term(term: Term) -> tuple[Finding, ...]:
    """What is odd about the time span of one term."""
    match term:
        case Condition(_, _, Duration(0) as span):
            return (ZERO.finding(span.span, "This time span is zero.", "Compare with now() using < or >."),)
        case Condition(_, _, Duration(amount, Unit.MONTHS) as span):
            return _months(amount, span)
        case _:
            return ()


def _months(amount: int, duration: Duration) -> tuple[Finding, ...]:
    if amount not in _LIKELY_MINUTES and amount <= _MOST_MONTHS:
        return ()
    message = f"{amount}m is {amount} months of 30 days, not minutes."
    hint = f"For minutes write {amount}i; if months are meant, {amount * 30}d says so."
    return (MONTHS.finding(duration.span, message, hint),)
