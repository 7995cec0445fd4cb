"""Which flow waits for which: from targeting, where a wait decides who sees a flow, and from step criteria.

A flow *waits for* another when its targeting can hold only once the user has started, finished or skipped
that one; it *may wait for* one that is an alternative among others (`||`). A wait of a step holds up that
step only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from flowsync.audience.circular import targeting_waits
from flowsync.audience.expressions import expressions, parsed
from flowsync.targeting.cases import Verdict
from flowsync.targeting.mentions import awaited, cycles, mutual, waits_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flowsync.audience.expressions import Stated
    from flowsync.model import Flow
    from flowsync.targeting.nodes import Expression


class Bond(Enum):
    """How firmly one flow waits for another."""

    MUST = "waits for"
    MAY = "may wait for"
    STEP = "a step waits for"


@dataclass(frozen=True, slots=True)
class Node:
    """A flow of the graph; one without a file is only known by its name."""

    slug: str
    has_file: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """`waiting` waits for `awaited`. `steps` are the labels of the steps that do, for STEP; else empty.

    `is_circular`: the two are part of a circle of flows that all wait for each other.
    """

    waiting: str
    awaited: str
    bond: Bond
    steps: tuple[str, ...] = ()
    is_circular: bool = False


@dataclass(frozen=True, slots=True)
class WaitingGraph:
    """Flows and their waits, sorted; `circles` are flows that wait for each other, each a shortest way round."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    circles: tuple[tuple[str, ...], ...]


def waiting_graph(flows: Iterable[Flow]) -> WaitingGraph:
    """The graph of these flows. A flow that waits for none and that none waits for is a node without edges."""
    known = tuple(flows)
    waits = targeting_waits(known)
    edges = sorted((edge for flow in known for edge in _edges(flow, _group_of(waits))), key=_order)
    with_files = {flow.slug for flow in known}
    slugs = with_files.union(edge.awaited for edge in edges)
    nodes = tuple(Node(slug, slug in with_files) for slug in sorted(slugs))
    return WaitingGraph(nodes, tuple(edges), cycles(waits))


def _group_of(waits: Mapping[str, frozenset[str]]) -> Mapping[str, int]:
    """A number for each slug; alike for slugs that all wait for one another."""
    return {slug: number for number, group in enumerate(mutual(waits)) for slug in group}


def _order(edge: Edge) -> tuple[str, str]:
    return edge.waiting, edge.awaited


def _edges(flow: Flow, group_of: Mapping[str, int]) -> Iterator[Edge]:
    """What one flow waits for; its targeting's waits before those of its steps, which add nothing to them."""
    trees = [(stated, tree) for stated in expressions(flow.fields) if (tree := parsed(stated.text)) is not None]
    must = {slug for stated, tree in trees if stated.verdict is Verdict.SEES for slug in waits_for(tree)}
    may = {slug for stated, tree in trees if stated.verdict is Verdict.SEES for slug in awaited(tree)}
    for slug in must:
        yield Edge(flow.slug, slug, Bond.MUST, is_circular=group_of[flow.slug] == group_of.get(slug))
    for slug in may - must:
        yield Edge(flow.slug, slug, Bond.MAY)
    for slug, steps in _step_waits(trees).items():
        if slug not in must | may | {flow.slug}:
            yield Edge(flow.slug, slug, Bond.STEP, tuple(dict.fromkeys(steps)))


def _step_waits(trees: Iterable[tuple[Stated, Expression]]) -> Mapping[str, list[str]]:
    """The flows that steps wait for, each with the names of those steps."""
    waits: dict[str, list[str]] = {}
    for stated, tree in trees:
        if stated.verdict is not Verdict.SEES:
            for slug in awaited(tree):
                waits.setdefault(slug, []).append(str(stated.path[2]) if stated.step is None else stated.step)
    return waits


def around(graph: WaitingGraph, slugs: Collection[str]) -> WaitingGraph:
    """What of a graph concerns some flows: they themselves, what they wait for, and what waits for them."""
    edges = tuple(edge for edge in graph.edges if edge.waiting in slugs or edge.awaited in slugs)
    shown = {*slugs, *(edge.waiting for edge in edges), *(edge.awaited for edge in edges)}
    nodes = tuple(node for node in graph.nodes if node.slug in shown)
    return WaitingGraph(nodes, edges, tuple(circle for circle in graph.circles if any(map(slugs.__contains__, circle))))
