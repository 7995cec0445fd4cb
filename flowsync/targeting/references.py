"""Which flows an expression refers to and which of them it waits for; what is wrong with either.

An expression *waits for* a flow when it can hold only once the user has started (or finished, or
skipped) it. Parts of `&&` all count, of `||` only what every part waits for. Flows whose
`targetingLogic` waits for each other in a circle can reach no user, unless the app starts one itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from flowsync.closeness import closest
from flowsync.model import Severity
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import And, Condition, Group, Or, Role, sources, terms
from flowsync.targeting.rules import CYCLE, SELF, SELF_STEP, UNKNOWN_FIELD, UNKNOWN_FLOW, UNKNOWN_STEP
from flowsync.targeting.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.targeting.nodes import Expression, Span, Term, Text
    from flowsync.targeting.rules import Finding


@dataclass(frozen=True, slots=True)
class Reference:
    """A flow that an expression names, and perhaps a step of it and a field of that: one to three quoted `names`."""

    names: tuple[Text, ...]

    @property
    def slug(self) -> str:
        """The flow's slug."""
        return self.names[0].value


def references(expression: Expression) -> tuple[Reference, ...]:
    """Every flow that an expression names, in the order written."""
    return tuple(
        Reference(source.arguments)
        for term in terms(expression)
        for source in sources(term)
        if Role.FLOW in source.kind.roles
    )


def waits_for(expression: Expression) -> frozenset[str]:
    """The slugs of the flows that a user must have started for the expression to hold."""
    match expression:
        case And(parts):
            return frozenset().union(*map(waits_for, parts))
        case Or(parts):
            return frozenset.intersection(*map(waits_for, parts))
        case Group(inner):
            return waits_for(inner)
        case Condition():
            return awaited(expression)
        case _:
            return frozenset()


def awaited(expression: Expression) -> frozenset[str]:
    """The slugs of the flows that some term waits for, whether or not the whole expression does."""
    return frozenset(each.slug for term in terms(expression) for each in _awaited(term))


def _awaited(term: Term) -> tuple[Reference, ...]:
    """What a condition refers to that is false while nothing is started, when all else in it is fixed."""
    if not isinstance(term, Condition) or len(sources(term)) != 1 or decide(term, Context(at=0)).truth:
        return ()
    return references(term)


def _waits_for_step(expression: Expression, slug: str, step: str) -> bool:
    """Whether a user must have started (or finished, or skipped) that step for the expression to hold."""
    match expression:
        case And(parts):
            return any(_waits_for_step(part, slug, step) for part in parts)
        case Or(parts):
            return all(_waits_for_step(part, slug, step) for part in parts)
        case Group(inner):
            return _waits_for_step(inner, slug, step)
        case Condition():
            return any([name.value for name in each.names[:2]] == [slug, step] for each in _awaited(expression))
        case _:
            return False


class World(Enum):
    """How much of what exists is known."""

    LIVE = "every flow of the environment is known"
    REPO = "only the flows of the repository are known"


@dataclass(frozen=True, slots=True)
class KnownFlow:
    """The steps of a flow by id, each with the ids of its fields; None where they cannot be known."""

    steps: Mapping[str, frozenset[str] | None] | None = None


@dataclass(frozen=True, slots=True)
class KnownFlows:
    """The flows that references are held against, by slug."""

    world: World
    flows: Mapping[str, KnownFlow]


def check_references(references: Iterable[Reference], known: KnownFlows) -> tuple[Finding, ...]:
    """References to flows, steps and fields that do not exist, in the order given."""
    found = (_check_reference(reference, known) for reference in references)
    return tuple(finding for finding in found if finding is not None)


def _check_reference(reference: Reference, known: KnownFlows) -> Finding | None:
    slug, span = reference.slug, reference.names[0].span
    flow = known.flows.get(slug)
    if flow is None:
        hint = _did_you_mean(slug, known.flows)
        if known.world is World.LIVE:
            return UNKNOWN_FLOW.finding(span, f"There is no flow {shown(slug)}, so this is false for every user.", hint)
        message = f"No file describes the flow {shown(slug)}; whether it exists is not known offline."
        return replace(UNKNOWN_FLOW.finding(span, message, hint), severity=Severity.WARNING)
    step, field = (*reference.names[1:], None, None)[:2]
    if step is None or flow.steps is None:
        return None
    if step.value not in flow.steps:
        message = f"The flow {shown(slug)} has no step {shown(step.value)}."
        return UNKNOWN_STEP.finding(step.span, message, _did_you_mean(step.value, flow.steps))
    fields = flow.steps[step.value]
    if field is None or fields is None or field.value in fields:
        return None
    message = f"The step {shown(step.value)} of {shown(slug)} has no field {shown(field.value)}."
    return UNKNOWN_FIELD.finding(field.span, message, _did_you_mean(field.value, sorted(fields)))


def _did_you_mean(name: str, known: Iterable[str]) -> str | None:
    close = closest(name, known)
    return None if close is None else f"Did you mean {shown(close)}?"


def check_self(targeting: Expression, slug: str) -> tuple[Finding, ...]:
    """Whether the targetingLogic of the flow `slug` waits for that flow itself."""
    if slug not in waits_for(targeting):
        return ()
    message = f"{shown(slug)} waits for itself to be started, so it is shown to nobody."
    return (SELF.finding(_waiting_span(targeting, slug), message, "Compare with !=, or delete the condition."),)


def check_self_step(criterion: Expression, slug: str, step: str) -> tuple[Finding, ...]:
    """Whether a criterion by which the step of the flow `slug` shows or starts waits for that step itself."""
    if not _waits_for_step(criterion, slug, step):
        return ()
    term = next((term for term in terms(criterion) if _waits_for_step(term, slug, step)), criterion)
    message = f"The step {shown(step)} waits for itself, so its turn never comes unless the app starts it."
    return (SELF_STEP.finding(term.span, message, "Name the step before it, or delete the condition."),)


def check_cycle(targeting: Expression, slug: str, circle: tuple[str, ...]) -> tuple[Finding, ...]:
    """The finding for the flow `slug` of a circle of two or more, at its condition on the next flow."""
    if slug not in circle or len(circle) == 1:
        return ()
    start = circle.index(slug)
    around = (*circle[start:], *circle[:start], slug)
    message = f"These flows wait for each other, so nobody sees any of them: {' → '.join(map(shown, around))}."
    return (CYCLE.finding(_waiting_span(targeting, around[1]), message, "Let one of them start without the others."),)


def _waiting_span(targeting: Expression, slug: str) -> Span:
    """Where the first term is that waits for a flow by itself."""
    return next((term.span for term in terms(targeting) if slug in awaited(term)), targeting.span)
