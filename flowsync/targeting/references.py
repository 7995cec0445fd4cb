"""Which flows an expression speaks of, which of them it waits for, and flows that wait in a circle.

An expression *waits for* a flow when it can hold only once the user has started (or finished, or
skipped) it. Parts of `&&` all count, of `||` only what every part waits for. Flows whose
`targetingLogic` waits for each other in a circle can reach no user, unless the app starts one itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest
from flowsync.model import Severity
from flowsync.targeting.evaluation import Context, decide
from flowsync.targeting.nodes import And, Condition, Group, Or, Role, Source, terms, values
from flowsync.targeting.rules import Rule
from flowsync.targeting.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.targeting.nodes import Expression, SourceKind, Span, Term, Text
    from flowsync.targeting.rules import Finding

_NOTHING_STARTED: Final = Context(at=0)
MOST_CIRCLES: Final = 50
"""So many circles among the same flows are told; there can be more than anybody counts."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of a flow, and perhaps of a step of it and a field of that; spans cover the quoted names."""

    kind: SourceKind
    slug: str
    step: str | None
    field: str | None
    span: Span
    slug_span: Span
    step_span: Span | None
    field_span: Span | None


def references(expression: Expression) -> tuple[Reference, ...]:
    """Every mention of a flow, in the order written."""
    sources = (value for term in terms(expression) for value in values(term) if isinstance(value, Source))
    return tuple(_reference(source) for source in sources if Role.FLOW in source.kind.roles)


def _reference(source: Source) -> Reference:
    slug, *rest = source.arguments
    step, field = (*rest, None, None)[:2]
    return Reference(
        source.kind,
        slug.value,
        _value(step),
        _value(field),
        source.span,
        slug.span,
        _span(step),
        _span(field),
    )


def _value(text: Text | None) -> str | None:
    return None if text is None else text.value


def _span(text: Text | None) -> Span | None:
    return None if text is None else text.span


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
            return _awaited(expression)
        case _:
            return frozenset()


def awaited(expression: Expression) -> frozenset[str]:
    """The slugs of the flows that some term waits for, whether or not the whole expression does."""
    found = (_awaited(term) for term in terms(expression) if isinstance(term, Condition))
    return frozenset().union(*found)


def _awaited(condition: Condition) -> frozenset[str]:
    """The flow of a condition that is false while nothing is started, when all else in it is fixed."""
    sources = [value for value in values(condition) if isinstance(value, Source)]
    if len(sources) != 1 or Role.FLOW not in sources[0].kind.roles or decide(condition, _NOTHING_STARTED).truth:
        return frozenset()
    return frozenset({_reference(sources[0]).slug})


def waits_for_step(expression: Expression, slug: str, step: str) -> bool:
    """Whether a user must have started (or finished, or skipped) that step for the expression to hold."""
    match expression:
        case And(parts):
            return any(waits_for_step(part, slug, step) for part in parts)
        case Or(parts):
            return all(waits_for_step(part, slug, step) for part in parts)
        case Group(inner):
            return waits_for_step(inner, slug, step)
        case Condition():
            return slug in _awaited(expression) and any(each.step == step for each in references(expression))
        case _:
            return False


def step_term(expression: Expression, slug: str, step: str) -> Term | None:
    """The first term that waits for a step by itself."""
    return next((term for term in terms(expression) if waits_for_step(term, slug, step)), None)


def waiting_term(expression: Expression, slug: str) -> Term | None:
    """The first term that waits for a flow by itself."""
    found = (term for term in terms(expression) if isinstance(term, Condition) and slug in _awaited(term))
    return next(found, None)


def cycles(graph: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Circles in a graph of slugs: of each group of slugs that all reach one another enough to name each of them.

    A circle is a shortest one through some slug. It starts with the first of its slugs and does not repeat it at its
    end; a slug that points to itself is a circle of one. Sorted. Of one group `MOST_CIRCLES` are told, so that the
    work is linear in nodes and edges but for the sorting. Slugs that are pointed to without being keys have no edges.
    """
    edges = {slug: sorted(set(targets)) for slug, targets in graph.items()}
    return tuple(sorted(circle for component in _components(edges) for circle in _circles(edges, component)))


def mutual(graph: Mapping[str, Iterable[str]]) -> tuple[frozenset[str], ...]:
    """The groups of slugs that all reach one another; a slug that no other shares this with is a group alone."""
    return tuple(_components({slug: sorted(set(targets)) for slug, targets in graph.items()}))


def _circles(edges: Mapping[str, list[str]], component: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Circles until each slug of the component is on one, or there are enough."""
    told: set[str] = set()
    found = 0
    for start in sorted(component):
        circle = () if start in told else _circle(edges, component, start)
        if circle:
            first = circle.index(min(circle))
            yield (*circle[first:], *circle[:first])
            told.update(circle)
            found += 1
        if found == MOST_CIRCLES:
            return


def _circle(edges: Mapping[str, list[str]], component: frozenset[str], start: str) -> tuple[str, ...]:
    """A shortest way from a slug back to it within its component; none if there is no way."""
    came_from: dict[str, str] = {}
    queue = [start]
    for slug in queue:
        for target in edges.get(slug, ()):
            if target == start:
                return _way(came_from, start, slug)
            if target in component and target not in came_from:
                came_from[target] = slug
                queue.append(target)
    return ()


def _way(came_from: Mapping[str, str], start: str, end: str) -> tuple[str, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _components(edges: Mapping[str, list[str]]) -> list[frozenset[str]]:
    """The strongly connected components (Kosaraju: order by finish, then collect backwards)."""
    backwards: dict[str, list[str]] = {slug: [] for slug in edges}
    for slug, targets in edges.items():
        for target in targets:
            backwards.setdefault(target, []).append(slug)
    components: list[frozenset[str]] = []
    placed: set[str] = set()
    for slug in reversed(_finish_order(edges)):
        if slug not in placed:
            component = _reached(backwards, slug, placed)
            placed |= component
            components.append(component)
    return components


def _finish_order(edges: Mapping[str, list[str]]) -> list[str]:
    """Slugs in the order in which a depth-first walk leaves them."""
    order: list[str] = []
    seen: set[str] = set()
    for root in edges:
        pending = [(root, False)]
        while pending:
            slug, is_left = pending.pop()
            if is_left:
                order.append(slug)
            elif slug not in seen:
                seen.add(slug)
                pending.append((slug, True))
                pending.extend((target, False) for target in edges.get(slug, ()))
    return order


def _reached(edges: Mapping[str, list[str]], start: str, without: set[str]) -> frozenset[str]:
    reached = {start}
    pending = [start]
    while pending:
        for target in edges.get(pending.pop(), ()):
            if target not in reached and target not in without:
                reached.add(target)
                pending.append(target)
    return frozenset(reached)


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
FLOW_RULES: Final = (UNKNOWN_FLOW, UNKNOWN_STEP, UNKNOWN_FIELD, SELF, CYCLE, SELF_STEP)


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
