"""What a change of flows does to who waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from flowsync.audience.waiting import around, waiting_graph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.audience.waiting import Bond, Edge, WaitingGraph
    from flowsync.model import Flow

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
    was, now = _waits(waiting_graph(before).edges), _waits(graph.edges)
    added, removed = _sorted(now - was), _sorted(was - now)
    return ChangedWaits(added, removed, around(graph, {waiting for waiting, _, _ in (*added, *removed)}))


def _waits(edges: Iterable[Edge]) -> frozenset[Wait]:
    return frozenset((edge.waiting, edge.awaited, edge.bond) for edge in edges)


def _sorted(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    return tuple(sorted(waits, key=lambda wait: (wait[0], wait[1], wait[2].value)))
