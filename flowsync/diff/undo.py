"""Differences taken back: what a value was before the changes that `differences` told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.model import Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flowsync.model import FieldChange, JsonValue


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


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescaped(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")
