"""The differences of two values of `data`, where they are, and the way back from them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.diff.canonical import Shapes, alike
from flowsync.diff.lists import align_lists, removals_after
from flowsync.model import FieldChange, Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.diff.lists import Alignment
    from flowsync.model import FieldName, JsonValue

_PLAIN: Final = re.compile(r"[\w$-]+")


class Place(NamedTuple):
    """One place in one document; `key` is the last mapping key on the way to it."""

    pointer: str = ""
    label: str = ""
    key: str = ""

    def at_key(self, key: str) -> Place:
        """Return the place of `key` in the mapping that is here."""
        plain = f".{key}" if self.label else key
        step = plain if _PLAIN.fullmatch(key) else f"[{quoted(key)}]"
        return Place(f"{self.pointer}/{_escaped(key)}", self.label + step, key)

    def at_index(self, index: int) -> Place:
        """Return the place of an item that only its position tells apart."""
        return Place(f"{self.pointer}/{index}", f"{self.label}[{index}]", self.key)

    def at_item(self, index: int, identity: str, value: JsonValue) -> Place:
        """Return the place of the item whose `identity` key holds the scalar `value`."""
        return Place(f"{self.pointer}/{index}", f"{self.label}[{_identified(identity, value)}]", self.key)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line, with everything that does not print escaped."""
    inside = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in inside)


def _identified(identity: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        return f"{identity}={json.dumps(value)}"
    return value if _PLAIN.fullmatch(value) and not value.isdecimal() else quoted(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


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


def undone(new: JsonValue, changes: Sequence[FieldChange]) -> JsonValue:
    """Return what `new` was made of by `changes`, which are all of one field, as `differences` tells them.

    Raises ValueError when they cannot have led to `new`.
    """
    undoing = _Undoing(_by_path(changes), _removals(changes))
    old = undoing.value(new, "", "")
    if any(undoing.at.values()) or any(undoing.removed.values()):
        raise ValueError("a change leads nowhere")
    return old


@dataclass(frozen=True, slots=True)
class _Undoing:
    """`at` holds the changes by where they lead in the new value, `removed` those by parent and key in the old one.

    Each is taken out as it is used.
    """

    at: Mapping[str, dict[Op, FieldChange]]
    removed: Mapping[str, dict[str, FieldChange]]

    def value(self, new: JsonValue, was: str, now: str) -> JsonValue:
        for op in (Op.REPLACE, Op.RENAME):
            if (change := self.take(now, op)) is not None:
                return change.old
        match new:
            case dict():
                return self.mapping(new, was, now)
            case list():
                return self.items(new, was, now)
            case _:
                return new

    def mapping(self, new: dict[str, JsonValue], was: str, now: str) -> JsonValue:
        steps = {key: f"/{_escaped(key)}" for key in new}
        kept = [key for key in new if self.take(now + steps[key], Op.ADD) is None]
        old = {key: self.value(new[key], was + steps[key], now + steps[key]) for key in kept}
        gone = self.removed.get(was, {})
        old |= {_unescaped(key): gone.pop(key).old for key in list(gone)}
        return old

    def items(self, new: list[JsonValue], was: str, now: str) -> JsonValue:
        kept = [index for index in range(len(new)) if self.take(f"{now}/{index}", Op.ADD) is None]
        moves = {index: self.take(f"{now}/{index}", Op.MOVE) for index in kept}
        gone = self.removed.get(was, {})
        old = {_index(key): gone.pop(key).old for key in list(gone)}
        size = len(kept) + len(old)
        places = {index: _index(move.old) for index, move in moves.items() if move is not None}
        free = (index for index in range(size) if index not in old and index not in set(places.values()))
        places |= {index: next(free, size) for index in kept if index not in places}
        old |= {place: self.value(new[index], f"{was}/{place}", f"{now}/{index}") for index, place in places.items()}
        if sorted(old) != list(range(size)):
            raise ValueError("the places of a list do not add up")
        return [old[index] for index in range(size)]

    def take(self, path: str, op: Op) -> FieldChange | None:
        return self.at.get(path, {}).pop(op, None)


def _by_path(changes: Iterable[FieldChange]) -> Mapping[str, dict[Op, FieldChange]]:
    found: dict[str, dict[Op, FieldChange]] = defaultdict(dict)
    for change in changes:
        if change.op is not Op.REMOVE:
            found[change.path][change.op] = change
    return dict(found)


def _removals(changes: Iterable[FieldChange]) -> Mapping[str, dict[str, FieldChange]]:
    found: dict[str, dict[str, FieldChange]] = defaultdict(dict)
    for change in changes:
        if change.op is Op.REMOVE:
            parent, _, key = change.path.rpartition("/")
            found[parent][key] = change
    return dict(found)


def _index(value: JsonValue) -> int:
    """Return a place in a list, from a number or the last part of a pointer."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("no place in a list")  # noqa: TRY004 - one error for whatever does not add up
    return int(value)


def _unescaped(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")
