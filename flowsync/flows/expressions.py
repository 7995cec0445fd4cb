"""Where a flow holds targeting expressions: its targetingLogic, and three criteria of each step [doc]."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import document
from flowsync.errors import DocumentError, TargetingError
from flowsync.targeting.context import Verdict
from flowsync.targeting.parser import parse
from flowsync.targeting.references import KnownFlow, awaited, cycles, mutual, references, waits_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, ValuePath
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.references import Reference

_TREES_KEPT: Final = 2_048
"""Expressions kept parsed: several rules ask for those of one flow, one after the other. A tree takes some 2 kB."""
_MENTIONS_KEPT: Final = 65_536
"""Expressions whose mentions are kept; most have none."""
_CRITERIA: Final = tuple((verdict, verdict.field) for verdict in (Verdict.SHOWS, Verdict.STARTS, Verdict.COMPLETES))
"""The verdicts about a step with the fields that decide them, in the order in which a user meets them."""
_CRITERIA_NAMES: Final = frozenset(field for _, field in _CRITERIA)


@dataclass(frozen=True, slots=True)
class FlowExpression:
    """One expression as a flow states it.

    `path` leads to it from the root of the file, `verdict` is what tests call its outcome. `step` is the id of its
    step; None for the flow's own targeting, and for a step without an id.
    """

    path: ValuePath
    verdict: Verdict
    step: str | None
    text: str

    @property
    def label(self) -> str:
        """The place for people: `targetingLogic`, `steps[alerts].startCriteria`."""
        if self.verdict is Verdict.SEES:
            return self.verdict.field
        name = self.path[2] if self.step is None else self.step
        return f"steps[{name}].{self.verdict.field}"


def expressions(fields: Mapping[FieldName, JsonValue]) -> tuple[FlowExpression, ...]:
    """Every expression among a flow's fields (`data` parsed). Wrong shapes are passed over."""
    own = targeting_expression(fields)
    criteria = tuple(_criteria(fields.get("data")))
    return criteria if own is None else (own, *criteria)


def targeting_expression(fields: Mapping[FieldName, JsonValue]) -> FlowExpression | None:
    """The flow's own targeting; None where none is stated. A null one is empty: everyone."""
    if "targetingLogic" not in fields:
        return None
    text = fields["targetingLogic"]
    match text:
        case str() | None:
            return FlowExpression(("targetingLogic",), Verdict.SEES, None, text or "")
        case _:
            return None


def step_criteria(fields: Mapping[FieldName, JsonValue], step: str) -> tuple[FlowExpression, ...]:
    """The expressions of one step."""
    return tuple(stated for stated in _criteria(fields.get("data")) if stated.step == step)


def _criteria(data: JsonValue) -> Iterator[FlowExpression]:
    steps = data.get("steps") if isinstance(data, dict) else None
    # As steps_of, spelled out: it is asked several times of each flow, and most steps state none.
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict) or step.keys().isdisjoint(_CRITERIA_NAMES):
            continue
        identity = step.get("id")
        name = identity if isinstance(identity, str) else None
        for verdict, field in _CRITERIA:
            text = step.get(field)
            if isinstance(text, str):
                yield FlowExpression(("data", "steps", index, field), verdict, name, text)


def steps_of(data: JsonValue) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """The steps of parsed `data` with their indices; what is no mapping is passed over."""
    steps = data.get("steps") if isinstance(data, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            yield index, step


def own_fields(flow: Flow) -> Mapping[FieldName, JsonValue]:
    """The fields as the file itself states them, and those that only an overlay states: what tests are about.

    `tests:` belong to the file, so an overlay that replaces an expression for one environment does not fail them.
    """
    raw = flow.source.value
    fields = dict(flow.fields)
    if isinstance(raw, dict):
        if "targetingLogic" in raw:
            fields["targetingLogic"] = raw["targetingLogic"]
        if isinstance(raw.get("data"), dict):
            fields["data"] = raw["data"]
    return fields


@lru_cache(maxsize=_TREES_KEPT)
def parse_result(text: str) -> Expression | TargetingError:
    """The tree of an expression, or why it cannot be read; each text is parsed once."""
    try:
        return parse(text)
    except TargetingError as error:
        return error.with_traceback(None)


def parsed(text: str) -> Expression | None:
    """The tree of an expression; None when it cannot be read, which a rule of its own reports."""
    found = parse_result(text)
    return None if isinstance(found, TargetingError) else found


@lru_cache(maxsize=_MENTIONS_KEPT)
def references_in(text: str) -> tuple[Reference, ...]:
    """Every mention of a flow in an expression; none in one that cannot be read."""
    tree = parsed(text)
    return () if tree is None else references(tree)


def flow_of_file(flow: Flow) -> KnownFlow:
    """The steps that a file states; unknown where it states no `data`."""
    return KnownFlow(_steps(flow.fields.get("data")))


def flow_of_rows(rows: Iterable[LiveFlow]) -> KnownFlow:
    """The steps of any version of a live flow that is neither archived nor deleted; unknown if one cannot be read."""
    every = [_steps(_data(row)) for row in rows if not row.is_archived and not row.is_gone]
    merged: dict[str, frozenset[str] | None] = {}
    for steps in every:
        if steps is None:
            return KnownFlow()
        for step, fields in steps.items():
            merged[step] = _either(merged.get(step, frozenset()), fields)
    return KnownFlow(merged if every else None)


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def _data(row: LiveFlow) -> JsonValue:
    text = row.fields.get("data")
    try:
        return document.parse_data(text).value if isinstance(text, str) else None
    except DocumentError:
        return None


def _steps(data: JsonValue) -> dict[str, frozenset[str] | None] | None:
    """Step ids, each with the ids of its fields.

    None where `data` has no list of steps (custom components may keep theirs elsewhere); a step without a list of
    fields may store answers of its own making, so its fields are unknown.
    """
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return None
    return {identity: _fields(step) for _, step in steps_of(data) if isinstance(identity := step.get("id"), str)}


def _fields(step: Mapping[str, JsonValue]) -> frozenset[str] | None:
    fields = step.get("fields")
    if not isinstance(fields, list):
        return None
    ids = (field.get("id") for field in fields if isinstance(field, dict))
    return frozenset(identity for identity in ids if isinstance(identity, str))


def referenced_slugs(flow: Flow) -> frozenset[str]:
    """The slugs that a flow's expressions speak of."""
    return frozenset(reference.slug for stated in expressions(flow.fields) for reference in references_in(stated.text))


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


def _step_waits(trees: Iterable[tuple[FlowExpression, Expression]]) -> Mapping[str, list[str]]:
    """The flows that steps wait for, each with the names of those steps."""
    waits: dict[str, list[str]] = {}
    for stated, tree in trees:
        if stated.verdict is not Verdict.SEES:
            for slug in awaited(tree):
                waits.setdefault(slug, []).append(str(stated.path[2]) if stated.step is None else stated.step)
    return waits


def neighbourhood(graph: WaitingGraph, slugs: Collection[str]) -> WaitingGraph:
    """What of a graph concerns some flows: they themselves, what they wait for, and what waits for them."""
    edges = tuple(edge for edge in graph.edges if edge.waiting in slugs or edge.awaited in slugs)
    shown = {*slugs, *(edge.waiting for edge in edges), *(edge.awaited for edge in edges)}
    nodes = tuple(node for node in graph.nodes if node.slug in shown)
    return WaitingGraph(nodes, edges, tuple(circle for circle in graph.circles if any(map(slugs.__contains__, circle))))


def circles(flows: Iterable[Flow]) -> tuple[tuple[str, ...], ...]:
    """Flows whose targeting waits for each other in a circle; a flow that waits for itself is one alone."""
    return cycles(targeting_waits(flows))


def targeting_waits(flows: Iterable[Flow]) -> Mapping[str, frozenset[str]]:
    """For each flow the slugs of those without which its targeting cannot hold."""
    return {flow.slug: _circular_waits(flow) for flow in flows}


def _circular_waits(flow: Flow) -> frozenset[str]:
    text = flow.fields.get("targetingLogic")
    tree = parsed(text) if isinstance(text, str) and references_in(text) else None
    return frozenset() if tree is None else waits_for(tree)


Wait: TypeAlias = "tuple[str, str, Bond]"
"""Who waits, for whom, and how firmly."""


@dataclass(frozen=True, slots=True)
class ChangedWaits:
    """The waits that come and go, sorted; `graph` is what the flows concerned wait for afterwards."""

    added: tuple[Wait, ...]
    removed: tuple[Wait, ...]
    graph: WaitingGraph

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def changed_waits(before: Iterable[Flow], after: Iterable[Flow]) -> ChangedWaits:
    """Compare the waits of the same flows before and after a change."""
    graph = waiting_graph(after)
    was, now = _changing_waits(waiting_graph(before).edges), _changing_waits(graph.edges)
    added, removed = _sorted(now - was), _sorted(was - now)
    return ChangedWaits(added, removed, neighbourhood(graph, {waiting for waiting, _, _ in (*added, *removed)}))


def _changing_waits(edges: Iterable[Edge]) -> frozenset[Wait]:
    return frozenset((edge.waiting, edge.awaited, edge.bond) for edge in edges)


def _sorted(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    return tuple(sorted(waits, key=lambda wait: (wait[0], wait[1], wait[2].value)))
