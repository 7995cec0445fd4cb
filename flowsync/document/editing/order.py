"""Which entries of a collection come in which order, and which of them were there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.document.editing.rewriting import Goal, Matching
    from flowsync.document.parsing.tree import Entry, Span
    from flowsync.model import JsonValue


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry to be written: the old one (`index`) that lives on in it, if any, and what it is to hold."""

    index: int | None
    entry: Entry | None
    goal: Goal
    is_moved: bool = False


def slots_of(span: Span, goal: Goal, matching: Matching) -> list[Slot]:
    """The entries that a collection is to have, in the order they are to have."""
    if isinstance(span.value, dict) and isinstance(goal.value, dict):
        return _keys(span.entries, goal, goal.value)
    assert isinstance(span.value, list) and isinstance(goal.value, list)  # noqa: S101, PT018 - the caller entered it
    pairs, moved = matching(span.value, goal.value, goal.key)
    slots = []
    for now, item in enumerate(goal.value):
        was = pairs.get(now)
        slots.append(Slot(was, None if was is None else span.entries[was], goal.at(now, item), now in moved))
    return slots


def are_in_place(slots: Sequence[Slot], span: Span) -> bool:
    """Whether nothing came, went or moved."""
    return [slot.index for slot in slots] == list(range(len(span.entries)))


def _keys(entries: Sequence[Entry], goal: Goal, wanted: dict[str, JsonValue]) -> list[Slot]:
    """The keys in the order of the text; a new one comes after the one that it follows in the new value."""
    kept = [(index, entry) for index, entry in enumerate(entries) if entry.key in wanted]
    slots = [Slot(index, entry, goal.at(entry.key, wanted[str(entry.key)])) for index, entry in kept]
    known = {str(entry.key) for entry in entries}
    place = 0
    for key, value in wanted.items():
        if key in known:
            place = 1 + next(at for at, slot in enumerate(slots) if slot.goal.path[-1] == key)
        else:
            slots.insert(place, Slot(None, None, goal.at(key, value)))
            place += 1
    return slots
