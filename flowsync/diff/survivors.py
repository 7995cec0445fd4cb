"""Which items of a list live on in another, for whoever edits the text of the one into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.diff.identity import align_lists
from flowsync.diff.shapes import Shapes
from flowsync.document.editing import Survivors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue


def survivors(old: list[JsonValue], new: list[JsonValue], key: str) -> Survivors:
    """Return which items of `old` are in `new`; both lists are under `key`.

    Items with an identity are matched as `differences` matches them. Of others the equal ones are matched, and
    between two of those what went with what came, in order: an item that was changed.
    """
    alignment = align_lists(old, new, key, Shapes())
    if alignment.identity is not None:
        return Survivors(alignment.pairs, alignment.moved)
    return Survivors({**alignment.pairs, **_changed(alignment.pairs, len(old), len(new))}, frozenset())


def _changed(pairs: Mapping[int, int], old_length: int, new_length: int) -> dict[int, int]:
    changed: dict[int, int] = {}
    was, now = 0, 0
    for next_now, next_was in [*sorted(pairs.items()), (new_length, old_length)]:
        changed.update(zip(range(now, next_now), range(was, next_was), strict=False))
        was, now = next_was + 1, next_now + 1
    return changed
