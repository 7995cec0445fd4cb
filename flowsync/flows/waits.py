"""The graph of flows that wait for each other, its circles, and changes to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.flows.expressions import expressions, parsed, targeting_expression
from flowsync.targeting.context import Verdict
from flowsync.targeting.references import awaited, waits_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flowsync.model import Flow

MOST_CIRCLES: Final = 50
"""Circles that are reported among the same flows; there can be very many."""


class Bond(Enum):
    """How firmly one flow waits for another."""

    MUST = "waits for"
    MAY = "may wait for"
    STEP = "a step waits for"


@dataclass(frozen=True, slots=True)
class Node:
    """A flow of the graph; of one without a file only the slug is known."""

    slug: str
    has_file: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """`waiting` waits for `awaited`. For STEP, `steps` are the labels of the steps that wait; else it is empty.

    `is_circular`: both are in a circle of flows that wait for each other.
    """

    waiting: str
    awaited: str
    bond: Bond
    steps: tuple[str, ...] = ()
    is_circular: bool = False


@dataclass(frozen=True, slots=True)
class WaitingGraph:
    """Flows and their waits, sorted; each of the `circles` is a shortest one."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    circles: tuple[tuple[str, ...], ...]


Wait: TypeAlias = "tuple[str, str, Bond]"
"""The slug that waits, the slug it waits for, and how firmly."""


@dataclass(frozen=True, slots=True)
class ChangedWaits:
    """The added and removed waits, sorted; `graph` shows the waits of these flows after the change."""

    added: tuple[Wait, ...]
    removed: tuple[Wait, ...]
    graph: WaitingGraph

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def waiting_graph(flows: Iterable[Flow]) -> WaitingGraph:
    """The graph of these flows. A flow without any wait is a node without edges."""
    known = tuple(flows)
    waits = _targeting_waits(known)
    group_of = {slug: group for group in _groups(waits) for slug in group}
    edges = [edge for flow in known for edge in _edges(flow, group_of[flow.slug])]
    with_files = {flow.slug for flow in known}
    slugs = with_files.union(edge.awaited for edge in edges)
    return WaitingGraph(
        tuple(Node(slug, slug in with_files) for slug in sorted(slugs)),
        tuple(sorted(edges, key=lambda edge: (edge.waiting, edge.awaited))),
        find_circles(waits),
    )


def _edges(flow: Flow, group: frozenset[str]) -> Iterator[Edge]:
    """The waits of one flow; those of steps only if the targeting does not have them. `group` is from `_groups`."""
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    steps: dict[str, dict[str, None]] = defaultdict(dict)
    for expression in expressions(flow.fields):
        tree = parsed(expression.text)
        if tree is not None and expression.verdict is Verdict.SEES:
            must, may = waits_for(tree), awaited(tree)
        elif tree is not None:
            for slug in awaited(tree):
                steps[slug][expression.step_name] = None
    for slug in must:
        yield Edge(flow.slug, slug, Bond.MUST, is_circular=slug in group)
    for slug in may - must:
        yield Edge(flow.slug, slug, Bond.MAY)
    for slug in steps.keys() - must - may - {flow.slug}:
        yield Edge(flow.slug, slug, Bond.STEP, tuple(steps[slug]))


def neighbourhood(graph: WaitingGraph, slugs: Collection[str]) -> WaitingGraph:
    """The part of a graph around some flows: they, the flows they wait for, and those that wait for them."""
    edges = tuple(edge for edge in graph.edges if edge.waiting in slugs or edge.awaited in slugs)
    kept = {*slugs, *(edge.waiting for edge in edges), *(edge.awaited for edge in edges)}
    return WaitingGraph(
        tuple(node for node in graph.nodes if node.slug in kept),
        edges,
        tuple(circle for circle in graph.circles if not set(slugs).isdisjoint(circle)),
    )


def changed_waits(before: Iterable[Flow], after: Iterable[Flow]) -> ChangedWaits:
    """Compare the waits of the same flows before and after a change."""
    graph = waiting_graph(after)
    old, new = _waits(waiting_graph(before)), _waits(graph)
    added = tuple(wait for wait in new if wait not in old)
    removed = tuple(wait for wait in old if wait not in new)
    return ChangedWaits(added, removed, neighbourhood(graph, {waiting for waiting, _, _ in (*added, *removed)}))


def _waits(graph: WaitingGraph) -> dict[Wait, None]:
    """The waits of a graph, in order; there is one for each pair of flows."""
    return {(edge.waiting, edge.awaited, edge.bond): None for edge in graph.edges}


def circles(flows: Iterable[Flow]) -> tuple[tuple[str, ...], ...]:
    """Circles of flows whose targeting waits for each other, as `find_circles` returns them."""
    return find_circles(_targeting_waits(flows))


def _targeting_waits(flows: Iterable[Flow]) -> dict[str, frozenset[str]]:
    waits = {}
    for flow in flows:
        targeting = targeting_expression(flow.fields)
        tree = None if targeting is None else parsed(targeting.text)
        waits[flow.slug] = frozenset() if tree is None else waits_for(tree)
    return waits


def find_circles(graph: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Circles in a graph of slugs, sorted, so many that each slug that is in a circle is in one of them.

    Each is a shortest one through some slug. It starts with its smallest slug and does not repeat it at its end; a slug
    that points to itself is a circle of one. Of one group of slugs that reach one another at most `MOST_CIRCLES` are
    found, so that the work is linear in nodes and edges apart from sorting. Slugs that are not keys have no edges.
    """
    found = []
    for group in _groups(graph):
        named: set[str] = set()
        count = 0
        for start in sorted(group):
            circle = () if start in named or count == MOST_CIRCLES else _shortest_circle(graph, group, start)
            if circle:
                first = circle.index(min(circle))
                found.append((*circle[first:], *circle[:first]))
                named.update(circle)
                count += 1
    return tuple(sorted(found))


def _shortest_circle(graph: Mapping[str, Iterable[str]], group: frozenset[str], start: str) -> tuple[str, ...]:
    """A shortest path from a slug back to it within its group; empty if there is none."""
    came_from: dict[str, str] = {}
    queue = [start]
    for slug in queue:
        for target in sorted(graph.get(slug, ())):
            if target == start:
                way = [slug]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if target in group and target not in came_from:
                came_from[target] = slug
                queue.append(target)
    return ()


def _groups(graph: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """Groups of slugs that reach one another, some of only one (Kosaraju: order by finish, then collect backwards)."""
    order: list[str] = []  # in which a depth-first walk leaves the slugs
    seen: set[str] = set()
    for root in graph:
        walk = [(root, False)]
        while walk:
            slug, is_left = walk.pop()
            if is_left:
                order.append(slug)
            elif slug not in seen:
                seen.add(slug)
                walk.append((slug, True))
                walk.extend((target, False) for target in graph.get(slug, ()))
    backwards: dict[str, list[str]] = defaultdict(list)
    for slug, targets in graph.items():
        for target in targets:
            backwards[target].append(slug)
    groups: list[frozenset[str]] = []
    placed: set[str] = set()
    for slug in reversed(order):
        if slug not in placed:
            group, pending = [slug], [slug]
            placed.add(slug)
            while pending:
                sources = set(backwards[pending.pop()]) - placed
                placed |= sources
                group += sources
                pending += sources
            groups.append(frozenset(group))
    return groups
