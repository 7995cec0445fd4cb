"""Who waits for whom, where a plan changes that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.audience.waiting import Bond
from flowsync.render import diagrams
from flowsync.render.report.strangers import name
from flowsync.render.room import fitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.audience.changing import ChangedWaits, Wait
    from flowsync.render.room import Room

DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""


def changed(waits: ChangedWaits | None, room: Room) -> Iterator[str]:
    """Yield which waits come and go, and a drawing of them where it can still be read."""
    if not waits:
        return
    points = [_wait_point(_COMES, wait) for wait in waits.added] + [_wait_point(_GOES, wait) for wait in waits.removed]
    kept = fitting(points, room.per_list // 2, room.measure)
    more = [f"- and {len(points) - len(kept):,} more"] if len(kept) < len(points) else []
    yield "\n".join(["Which flows wait for others changes:", "", *kept, *more])
    drawing = diagrams.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and room.measure(drawing) <= room.per_list:
        yield drawing


def _wait_point(sentences: Mapping[Bond, str], wait: Wait) -> str:
    waiting, awaited, bond = wait
    return f"- {sentences[bond].format(name(waiting), name(awaited))}"


_COMES: Final = {
    Bond.MUST: "{} now waits for {}",
    Bond.MAY: "{} may now wait for {}",
    Bond.STEP: "a step of {} now waits for {}",
}
_GOES: Final = {
    Bond.MUST: "{} no longer waits for {}",
    Bond.MAY: "{} may no longer wait for {}",
    Bond.STEP: "no step of {} waits for {} any more",
}
