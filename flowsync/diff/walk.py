"""Two values, walked side by side: what was added, removed, replaced, moved and renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flowsync.diff.identity import align_lists
from flowsync.diff.order import removals_after
from flowsync.diff.places import Place
from flowsync.diff.shapes import Shapes, alike
from flowsync.model import FieldChange, Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.diff.identity import Alignment
    from flowsync.model import FieldName, JsonValue


def differences(field: FieldName, old: JsonValue, new: JsonValue) -> tuple[FieldChange, ...]:
    """Return what turns `old` into `new`, in the order of `new`, removals where they were.

    Paths lead into `new`; those of removals into `old`. A renamed item's path is that of its id.
    An item that is renamed or moved may have further changes of its own, below it.
    """
    if alike(old, new):
        return ()
    walk = _Walk(field, Shapes())
    return tuple(walk.values(old, new, _Places(Place(), Place())))


class _Places(NamedTuple):
    """Where the value at hand is in both documents: mostly one place."""

    old: Place
    new: Place

    def at_key(self, key: str) -> _Places:
        new = self.new.at_key(key)
        return _Places(new if self.old == self.new else self.old.at_key(key), new)


@dataclass(frozen=True, slots=True)
class _Walk:
    field: FieldName
    shapes: Shapes

    def values(
        self, old: JsonValue, new: JsonValue, places: _Places, op: Op = Op.REPLACE, identity: str | None = None
    ) -> Iterator[FieldChange]:
        """Yield what differs inside, or `op` for the whole; nothing for values that are equal, though not `alike`."""
        match old, new:
            case dict(), dict() if old.keys() == new.keys() or not self.shapes.same(old, new):
                yield from self.mappings(old, new, places, identity)
            case list(), list():
                yield from self.lists(old, new, places)
            case _:
                if not self.shapes.same(old, new):
                    yield self.change(op, places.new, old, new)

    def mappings(
        self, old: dict[str, JsonValue], new: dict[str, JsonValue], places: _Places, identity: str | None
    ) -> Iterator[FieldChange]:
        removed = removals_after(old, new)
        yield from self.removed_keys(removed.get(None, ()), old, places)
        for key, value in new.items():
            if key not in old:
                yield self.change(Op.ADD, places.new.at_key(key), None, value)
                continue
            if not alike(old[key], value):
                op = Op.RENAME if key == identity else Op.REPLACE
                yield from self.values(old[key], value, places.at_key(key), op)
            if key in removed:
                yield from self.removed_keys(removed[key], old, places)

    def lists(self, old: list[JsonValue], new: list[JsonValue], places: _Places) -> Iterator[FieldChange]:
        alignment = align_lists(old, new, places.new.key, self.shapes)
        removed = removals_after(range(len(old)), frozenset(alignment.pairs.values()))
        yield from self.removed_items(removed.get(None, ()), old, places, alignment)
        for now, value in enumerate(new):
            if now not in alignment.pairs:
                yield self.change(Op.ADD, _item(places.new, now, value, alignment), None, value)
                continue
            was = alignment.pairs[now]
            if now in alignment.moved:
                yield self.change(Op.MOVE, _item(places.new, now, value, alignment), was, now)
            if not alike(old[was], value):
                there = _Places(_item(places.old, was, old[was], alignment), _item(places.new, now, value, alignment))
                yield from self.values(old[was], value, there, identity=alignment.identity)
            if was in removed:
                yield from self.removed_items(removed[was], old, places, alignment)

    def removed_keys(self, keys: Iterable[str], old: dict[str, JsonValue], places: _Places) -> Iterator[FieldChange]:
        return (self.change(Op.REMOVE, places.old.at_key(key), old[key], None) for key in keys)

    def removed_items(
        self, indices: Iterable[int], old: list[JsonValue], places: _Places, alignment: Alignment
    ) -> Iterator[FieldChange]:
        gone = ((old[index], _item(places.old, index, old[index], alignment)) for index in indices)
        return (self.change(Op.REMOVE, place, item, None) for item, place in gone)

    def change(self, op: Op, place: Place, old: JsonValue, new: JsonValue) -> FieldChange:
        return FieldChange(self.field, place.pointer, place.label or self.field, op, old, new)


def _item(place: Place, index: int, value: JsonValue, alignment: Alignment) -> Place:
    if alignment.identity is None or not isinstance(value, dict):
        return place.at_index(index)
    return place.at_item(index, alignment.identity, value[alignment.identity])
