"""Which flows an expression speaks of, which of them it waits for, and flows that wait in a circle.

An expression *waits for* a flow when it can hold only once the user has started (or finished, or
skipped) it. Parts of `&&` all count, of `||` only what every part waits for. Flows whose
`targetingLogic` waits for each other in a circle can reach no user, unless the app starts one itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import And, Condition, Group, Or, Role, Source, terms, values
from flowsync.targeting.values import Context

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.targeting.nodes import Expression, SourceKind, Span, Term, Text

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
