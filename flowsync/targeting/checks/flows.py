"""Rules about other flows: do they exist, have they such a step and field, can their turn ever come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest
from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.mentions import step_term, waiting_term, waits_for, waits_for_step
from flowsync.targeting.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.mentions import Reference
    from flowsync.targeting.nodes import Expression, Span

UNKNOWN_FLOW: Final = Rule(
    "targeting-unknown-flow",
    Severity.ERROR,
    "The flow referred to does not exist, so the condition is false for every user. Only a warning while the live"
    " flows are not known (offline): the flow may have no file.",
    "user.flow('flow_setpu') == 'COMPLETED_FLOW'",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
UNKNOWN_STEP: Final = Rule(
    "targeting-unknown-step",
    Severity.ERROR,
    "The flow referred to has no step of this id, so no user is ever known to have started it.",
    "user.flowStep('flow_setup', 'profil') == 'COMPLETED_STEP'",
    "user.flowStep('flow_setup', 'profile') == 'COMPLETED_STEP'",
)
UNKNOWN_FIELD: Final = Rule(
    "targeting-unknown-field",
    Severity.ERROR,
    "The step referred to has no field of this id, so it never holds a value.",
    "user.flowStepData('flow_setup', 'profile', 'rolle') == 'admin'",
    "user.flowStepData('flow_setup', 'profile', 'role') == 'admin'",
)
SELF: Final = Rule(
    "targeting-self",
    Severity.ERROR,
    "The flow's own targeting waits for the flow itself to be started, which it never is for a user who does not"
    " see it. (user.flow of itself with != 'COMPLETED_FLOW' is fine.)",
    "user.flow('flow_itself') == 'STARTED_FLOW'",
    "user.flow('flow_itself') != 'COMPLETED_FLOW'",
)
CYCLE: Final = Rule(
    "targeting-cycle",
    Severity.WARNING,
    "Flows wait for each other in a circle: each can be seen only once another of them was started, so none ever"
    " is, unless the app starts one itself.",
    "user.flow('flow_which_waits_for_this_one') == 'COMPLETED_FLOW'",
    "user.flow('flow_which_waits_for_this_one') != 'STARTED_FLOW'",
)
SELF_STEP: Final = Rule(
    "targeting-self-step",
    Severity.WARNING,
    "A step is shown or started only once the user has started or finished that very step, so it never is, unless the"
    " app does that itself.",
    "user.flowStep('flow_itself', 'profile') == 'COMPLETED_STEP'",
    "user.flowStep('flow_itself', 'profile') != 'COMPLETED_STEP'",
)
RULES: Final = (UNKNOWN_FLOW, UNKNOWN_STEP, UNKNOWN_FIELD, SELF, CYCLE, SELF_STEP)


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
    found = (_reference_finding(reference, known) for reference in references)
    return tuple(finding for finding in found if finding is not None)


def _reference_finding(reference: Reference, known: KnownFlows) -> Finding | None:
    flow = known.flows.get(reference.slug)
    if flow is None:
        return _unknown_flow(reference, known)
    if reference.step is None or flow.steps is None:
        return None
    if reference.step not in flow.steps:
        what = f"The flow {shown(reference.slug)} has no step {shown(reference.step)}."
        return UNKNOWN_STEP.finding(_at(reference.step_span, reference), what, _hint(reference.step, flow.steps))
    fields = flow.steps[reference.step]
    if reference.field is None or fields is None or reference.field in fields:
        return None
    what = f"The step {shown(reference.step)} of {shown(reference.slug)} has no field {shown(reference.field)}."
    return UNKNOWN_FIELD.finding(_at(reference.field_span, reference), what, _hint(reference.field, sorted(fields)))


def _unknown_flow(reference: Reference, known: KnownFlows) -> Finding:
    """A flow that does not exist, or that only may not while the live flows are not known."""
    hint = _hint(reference.slug, known.flows)
    match known.world:
        case World.LIVE:
            message = f"There is no flow {shown(reference.slug)}, so this is false for every user."
            return UNKNOWN_FLOW.finding(reference.slug_span, message, hint)
        case World.REPO:
            message = f"No file describes the flow {shown(reference.slug)}; whether it exists is not known offline."
            return replace(UNKNOWN_FLOW.finding(reference.slug_span, message, hint), severity=Severity.WARNING)


def _at(span: Span | None, reference: Reference) -> Span:
    return reference.span if span is None else span


def _hint(name: str, known: Iterable[str]) -> str | None:
    close = closest(name, known)
    return None if close is None else f"Did you mean {shown(close)}?"


def check_self(targeting: Expression, slug: str) -> tuple[Finding, ...]:
    """Whether the targetingLogic of the flow `slug` waits for that flow itself."""
    if slug not in waits_for(targeting):
        return ()
    term = waiting_term(targeting, slug)
    span = targeting.span if term is None else term.span
    message = f"{shown(slug)} waits for itself to be started, so it is shown to nobody."
    return (SELF.finding(span, message, "Compare with !=, or delete the condition."),)


def check_self_step(criterion: Expression, slug: str, step: str) -> tuple[Finding, ...]:
    """Whether a criterion by which the step of the flow `slug` shows or starts waits for that step itself."""
    if not waits_for_step(criterion, slug, step):
        return ()
    term = step_term(criterion, slug, step)
    span = criterion.span if term is None else term.span
    message = f"The step {shown(step)} waits for itself, so its turn never comes unless the app starts it."
    return (SELF_STEP.finding(span, message, "Name the step before it, or delete the condition."),)


def check_cycle(targeting: Expression, slug: str, circle: tuple[str, ...]) -> tuple[Finding, ...]:
    """The finding for the flow `slug` of a circle of two or more, at its condition on the next flow."""
    if slug not in circle or len(circle) == 1:
        return ()
    following = circle[(circle.index(slug) + 1) % len(circle)]
    term = waiting_term(targeting, following)
    span = targeting.span if term is None else term.span
    start = circle.index(slug)
    way = " → ".join(shown(name) for name in (*circle[start:], *circle[:start], slug))
    message = f"These flows wait for each other, so nobody sees any of them: {way}."
    return (CYCLE.finding(span, message, "Let one of them start without the others."),)
