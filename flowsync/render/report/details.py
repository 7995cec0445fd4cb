"""Each flow of a report, folded: what happens to it, and its diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.plan.document import action
from flowsync.render import wording
from flowsync.render.escape import fenced, html_code
from flowsync.render.plural import plural
from flowsync.render.report.strangers import brief, name, sentence
from flowsync.render.report.values import Fitted
from flowsync.render.room import fitting
from flowsync.render.screen import Colour
from flowsync.render.style import paint
from flowsync.render.yaml_diff import flow_diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.model import Change
    from flowsync.render.room import Room

REMARKS: Final = 20
LEAST_ROOM: Final = 300
"""Where less than this is left, no further flow's details can fit."""
_ORDER: Final = ("delete", "deactivate", "update", "create")
"""Whose details go first where there is not room for all."""


def details_that_fit(changes: Sequence[Change], left: int, room: Room) -> Mapping[str, Fitted]:
    """Return the details by slug, those first that matter most, until there is no room."""
    details: dict[str, Fitted] = {}
    for change in sorted(changes, key=lambda change: _ORDER.index(action(change))):
        if left < LEAST_ROOM:
            break
        block = _details(change, room)
        size = room.measure(block.text) + 2
        if size <= left:
            details[change.slug] = block
            left -= size
    return details


def _details(change: Change, room: Room) -> Fitted:
    count = plural(len(wording.changed_places(change)), "change")
    summary = f"<details><summary>{html_code(brief(change.slug))} {action(change)}: {count}</summary>"
    remarks = [f"- {name(change.file)}, version {change.version}, {sentence(change.status)}, id {change.id}"]
    remarks += [f"- {sentence(remark)}" for remark in _remarks(change)]
    kept = fitting(remarks[:REMARKS], room.per_flow // 4, room.measure)
    diff = _diff(change, room)
    text = "\n\n".join([summary, "\n".join(kept), fenced(diff.text, "diff"), "</details>"])
    return Fitted(text, diff.is_truncated)


def _remarks(change: Change) -> Iterator[str]:
    yield from filter(None, map(wording.told, change.fields))
    yield from filter(None, [wording.unseen(change)])


def _diff(change: Change, room: Room) -> Fitted:
    lines = paint(flow_diff(change), Colour.NEVER).rstrip("\n").split("\n")
    kept = fitting(lines, room.per_flow, room.measure)
    rest = len(lines) - len(kept)
    return Fitted("\n".join([*kept, *([f"… {rest:,} more lines"] if rest else [])]), bool(rest))
