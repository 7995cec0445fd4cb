"""Rules about how conditions are put together: what readers misread, what the dashboard cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.nodes import And, Condition, Constant, Group, Or, Source, SourceKind, terms, values
from flowsync.targeting.printer import format_value
from flowsync.targeting.wording import printable

if TYPE_CHECKING:
    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Expression, Term

MIXED: Final = Rule(
    "targeting-mixed-logic",
    Severity.WARNING,
    "&& and || stand side by side without parentheses. && binds closer, which many readers do not expect.",
    "user.isGuest() == true || user.property('plan') == 'pro' && user.property('beta') == true",
    "user.isGuest() == true || (user.property('plan') == 'pro' && user.property('beta') == true)",
)
DASHBOARD: Final = Rule(
    "targeting-dashboard",
    Severity.WARNING,
    "The server understands this, but the dashboard's audience editor cannot show it: parentheses inside"
    " parentheses, propertyContains and daysSinceFlowDone.",
    "user.propertyContains('email', 'acme')",
    "user.property('email') contains 'acme'",
)
BACKWARDS: Final = Rule(
    "targeting-backwards",
    Severity.WARNING,
    "The left side is not a source. All of the vendor's examples have the source on the left, and it is not known"
    " whether the server reads the other order.",
    "'pro' == user.property('plan')",
    "user.property('plan') == 'pro'",
)
RULES: Final = (MIXED, DASHBOARD, BACKWARDS)

_UNSHOWN: Final = {
    SourceKind.USER_PROPERTY_CONTAINS: "Write user.property('name') contains 'part'.",
    SourceKind.GROUP_PROPERTY_CONTAINS: "Write group.property('name') contains 'part'.",
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: "Write user.flow('slug') within 7d, or !within 7d.",
}


def check_form(expression: Expression) -> tuple[Finding, ...]:
    """What is odd about the form of a whole expression."""
    found = [finding for term in terms(expression) for finding in (*_unshown(term), *_backwards(term))]
    return (*_mixed(expression), *_nested(expression, 0), *found)


def _mixed(expression: Expression) -> tuple[Finding, ...]:
    """Every && beside a || without parentheses."""
    match expression:
        case Or(parts) | And(parts):
            inner = tuple(finding for part in parts for finding in _mixed(part))
            bare = parts if isinstance(expression, Or) else ()
            return (*(_mixed_finding(part) for part in bare if isinstance(part, And)), *inner)
        case Group(inside):
            return _mixed(inside)
        case _:
            return ()


def _mixed_finding(part: And) -> Finding:
    message = "&& and || are mixed without parentheses; && binds closer."
    return MIXED.finding(part.span, message, "Put parentheses around this part, or around the || that is meant.")


def _nested(expression: Expression, depth: int) -> tuple[Finding, ...]:
    """The outermost parentheses that stand inside others."""
    match expression:
        case Group(_, span) if depth:
            message = "Parentheses inside parentheses: the dashboard's audience editor cannot show them."
            return (
                DASHBOARD.finding(span, message, "Join the conditions with one level of parentheses, if possible."),
            )
        case Group(inner):
            return _nested(inner, depth + 1)
        case Or(parts) | And(parts):
            return tuple(finding for part in parts for finding in _nested(part, depth))
        case _:
            return ()


def _unshown(term: Term) -> tuple[Finding, ...]:
    """Sources that the dashboard cannot show."""
    sources = [value for value in values(term) if isinstance(value, Source)]
    return tuple(_unshown_finding(source) for source in sources if source.kind in _UNSHOWN)


def _unshown_finding(source: Source) -> Finding:
    message = f"The dashboard's audience editor cannot show {printable(source.kind.spelled)}."
    return DASHBOARD.finding(source.span, message, _UNSHOWN[source.kind])


def _backwards(term: Term) -> tuple[Finding, ...]:
    """A condition whose source, if it has one, is on the right."""
    match term:
        case Condition(left, _, Source() as right) if not isinstance(left, Source):
            message = f"The source stands on the right: {printable(format_value(right))}."
            return (BACKWARDS.finding(term.span, message, "Turn the comparison around."),)
        case _:
            return ()


def constants(expression: Expression) -> tuple[Constant, ...]:
    """Every `true` and `false` that stands beside other conditions."""
    return () if isinstance(expression, Constant) else tuple(t for t in terms(expression) if isinstance(t, Constant))
