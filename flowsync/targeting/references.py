"""Which flows an expression refers to, and which it waits for; and checks of both.

An expression *waits for* a flow when it can hold only once the user has started (or finished, or
skipped) it. Parts of `&&` all count, of `||` only what every part waits for. Flows whose
`targetingLogic` waits for each other in a circle can reach no user, unless the app starts one itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync.model import Severity
from flowsync.targeting import rules
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import And, Condition, Group, Or, sources, terms
from flowsync.targeting.tokens import shown
from flowsync.text import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.targeting.nodes import Expression, Span, Text
    from flowsync.targeting.rules import Finding


@dataclass(frozen=True, slots=True)
class Reference:
    """A flow that an expression names, and perhaps a step and a field of it: one to three quoted `names`."""

    names: tuple[Text, ...]

    @property
    def slug(self) -> str:
        """The flow's slug."""
        return self.names[0].value

    @property
    def step(self) -> str | None:
        """The step's id; None if only a flow is named."""
        return self.names[1].value if len(self.names) > 1 else None


def references(expression: Expression) -> tuple[Reference, ...]:
    """Every flow that an expression names, in the order written."""
    return tuple(
        Reference(source.arguments)
        for term in terms(expression)
        for source in sources(term)
        if "flow" in source.kind.roles
    )


def waits_for(expression: Expression) -> frozenset[str]:
    """The slugs of the flows that a user must have started for the expression to be true."""
    return frozenset(slug for slug, step in _waits(expression) if step is None)


def awaited(expression: Expression) -> frozenset[str]:
    """The slugs of the flows that any term waits for, whether or not the whole expression does."""
    return frozenset().union(*map(waits_for, terms(expression)))


def _waits(expression: Expression) -> frozenset[tuple[str, str | None]]:
    """The flows (with step None) and their steps that a user must have started for the expression to be true."""
    match expression:
        case And(parts):
            return frozenset().union(*map(_waits, parts))
        case Or(parts):
            return frozenset.intersection(*map(_waits, parts))
        case Group(inner):
            return _waits(inner)
        case Condition() if len(sources(expression)) == 1 and decide(expression, Context(at=0)).truth is False:
            # All else in it is fixed, and it is false while nothing is started.
            named = references(expression)
            return frozenset(wait for each in named for wait in ((each.slug, None), (each.slug, each.step)))
        case _:
            return frozenset()


@dataclass(frozen=True, slots=True)
class KnownFlow:
    """The steps of a flow by id, each with the ids of its fields; None if they cannot be known."""

    steps: Mapping[str, frozenset[str] | None] | None = None


def check_references(
    references: Iterable[Reference],
    known: Mapping[str, KnownFlow],
    *,
    is_live: bool,
    suggests: bool = True,
) -> tuple[Finding, ...]:
    """Report references to flows, steps and fields that do not exist, in the order given.

    `known` are flows by slug: all those of the environment if `is_live`, else only those of the repository. Each name
    that is missing is compared with all that there are, to tell which one may be meant, only if it `suggests`.
    """
    found = (_check_reference(reference, known, is_live=is_live, suggests=suggests) for reference in references)
    return tuple(finding for finding in found if finding is not None)


def _check_reference(
    reference: Reference, known: Mapping[str, KnownFlow], *, is_live: bool, suggests: bool
) -> Finding | None:
    slug, span = reference.slug, reference.names[0].span
    flow = known.get(slug)
    if flow is None:
        hint = _did_you_mean(slug, known) if suggests else None
        if is_live:
            message = f"There is no flow {shown(slug)}, so this is false for every user."
            return rules.UNKNOWN_FLOW.finding(span, message, hint)
        message = f"No file describes the flow {shown(slug)}; whether it exists is not known offline."
        return replace(rules.UNKNOWN_FLOW.finding(span, message, hint), severity=Severity.WARNING)
    step, field = (*reference.names[1:], None, None)[:2]
    if step is None or flow.steps is None:
        return None
    if step.value not in flow.steps:
        message = f"The flow {shown(slug)} has no step {shown(step.value)}."
        hint = _did_you_mean(step.value, flow.steps) if suggests else None
        return rules.UNKNOWN_STEP.finding(step.span, message, hint)
    fields = flow.steps[step.value]
    if field is None or fields is None or field.value in fields:
        return None
    message = f"The step {shown(step.value)} of {shown(slug)} has no field {shown(field.value)}."
    hint = _did_you_mean(field.value, sorted(fields)) if suggests else None
    return rules.UNKNOWN_FIELD.finding(field.span, message, hint)


def _did_you_mean(name: str, known: Iterable[str]) -> str | None:
    close = closest(name, known)
    return None if close is None else f"Did you mean {shown(close)}?"


def check_self(targeting: Expression, slug: str) -> tuple[Finding, ...]:
    """Report a targetingLogic of the flow `slug` that waits for that flow itself."""
    if slug not in waits_for(targeting):
        return ()
    message = f"{shown(slug)} waits for itself to be started, so it is shown to nobody."
    span = _waiting_span(targeting, (slug, None))
    return (rules.SELF.finding(span, message, "Compare with !=, or delete the condition."),)


def check_self_step(criterion: Expression, slug: str, step: str) -> tuple[Finding, ...]:
    """Report a criterion, by which the step of the flow `slug` shows or starts, that waits for that step itself."""
    if (slug, step) not in _waits(criterion):
        return ()
    span = _waiting_span(criterion, (slug, step))
    message = f"The step {shown(step)} waits for itself, so its turn never comes unless the app starts it."
    return (rules.SELF_STEP.finding(span, message, "Name the step before it, or delete the condition."),)


def check_cycle(targeting: Expression, slug: str, circle: tuple[str, ...]) -> tuple[Finding, ...]:
    """Report a circle of two or more waiting flows, at the condition of the flow `slug` on the next one."""
    if slug not in circle or len(circle) == 1:
        return ()
    start = circle.index(slug)
    around = (*circle[start:], *circle[:start], slug)
    message = f"These flows wait for each other, so nobody sees any of them: {' → '.join(map(shown, around))}."
    span = _waiting_span(targeting, (around[1], None))
    return (rules.CYCLE.finding(span, message, "Let one of them start without the others."),)


def _waiting_span(expression: Expression, wait: tuple[str, str | None]) -> Span:
    return next((term.span for term in terms(expression) if wait in _waits(term)), expression.span)
