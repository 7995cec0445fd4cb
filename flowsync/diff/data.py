"""Compares two values of `data`: where and how they differ; and undoes such differences."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.diff.canonical import ValueNumbers
from flowsync.diff.lists import ItemKey, align_lists, merged
from flowsync.model import FieldChange, Op
from flowsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepdiff import DeepDiff
    from deepdiff.model import DiffLevel

    from flowsync.model import FieldName, JsonValue

_PLAIN: Final = re.compile(r"[\w$-]+")


class Place(NamedTuple):
    """A place in a document; `key` is the last mapping key on the path to it."""

    pointer: str = ""
    label: str = ""
    key: str = ""

    def at_key(self, key: str) -> Place:
        """Return the place of `key` in the mapping at this place."""
        plain = f".{key}" if self.label else key
        step = plain if _PLAIN.fullmatch(key) else f"[{quoted(key)}]"
        return Place(f"{self.pointer}/{_escaped(key)}", self.label + step, key)

    def at_item(self, index: int, item: JsonValue, identity: str | None) -> Place:
        """Return the place of an item of the list at this place, labelled by its value of `identity`, or its index."""
        label = _identified(identity, item[identity]) if identity is not None and isinstance(item, dict) else str(index)
        return Place(f"{self.pointer}/{index}", f"{self.label}[{label}]", self.key)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line, with unprintable characters escaped."""
    return printable(json.dumps(text, ensure_ascii=False))


def _identified(identity: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        return f"{identity}={json.dumps(value)}"
    return value if _PLAIN.fullmatch(value) and not value.isdecimal() else quoted(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def unescaped(part: str) -> str:
    """Return the key that one part of a JSON pointer encodes."""
    return part.replace("~1", "/").replace("~0", "~")


def differences(field: FieldName, old: JsonValue, new: JsonValue) -> tuple[FieldChange, ...]:
    """Return the changes that turn `old` into `new`, in the order of `new`; removals at their old places.

    Paths lead into `new`; those of removals into `old`. A renamed item's path is that of its id.
    An item that is renamed or moved may have further changes of its own, below it.
    """
    same_things = _SameThings(ValueNumbers(), {})
    if same_things.numbers.same(old, new):
        return ()
    from deepdiff import DeepDiff  # noqa: PLC0415 - takes 30 ms, and in most plans no `data` differs

    found = DeepDiff(
        old,
        new,
        view="tree",
        custom_operators=[same_things],
        threshold_to_diff_deeper=0,  # a mapping that keeps few of its keys is still compared key by key
        ignore_private_variables=False,  # a key may begin with two underscores
    )
    changes = [_change(field, level, same_things.orders) for levels in found.values() for level in levels]
    return tuple(change for _, change in sorted(changes, key=lambda each: each[0]))


@dataclass(frozen=True, slots=True)
class _SameThings:
    """Tells DeepDiff which values differ at all, and which items of two lists are the same.

    DeepDiff walks both values and finds what was added, removed and replaced. Three things it cannot do. It holds true
    to equal 1 where 1 is to equal 1.0. Its `iterable_compare_func` asks about every pair of items, and loses an item
    that was added as a copy of another. It knows neither moves of as few items as possible nor renamed ids. So this
    operator takes out what is equal, and hands it two lists as two mappings, in which the same item has the same key.
    `orders` holds the position of each key by the `id` of the old mapping that DeepDiff was handed.
    """

    numbers: ValueNumbers
    orders: dict[int, Mapping[str | ItemKey, int]]

    def match(self, level: DiffLevel) -> bool:
        """Return whether two values may have something in common."""
        return isinstance(level.t1, dict | list) and type(level.t1) is type(level.t2)

    def give_up_diffing(self, level: DiffLevel, diff_instance: DeepDiff) -> bool:
        """Reduce two mappings or lists to the entries that differ; DeepDiff compares only those."""
        old, new = level.t1, level.t2
        moved: list[ItemKey] = []
        if isinstance(old, list):
            steps = reversed(level.path(output_format="list"))
            alignment = align_lists(old, new, next((step for step in steps if isinstance(step, str)), ""), self.numbers)
            old, new = alignment.items(old, new)
            moved = [key for key in new if key.now in alignment.moved]
        both = (key for key in new if key in old)
        same = {key for key in both if self.numbers.same(old[key], new[key])}.difference(moved)
        level.t1 = {key: value for key, value in old.items() if key not in same}
        level.t2 = {key: value for key, value in new.items() if key not in same}
        self.orders[id(level.t1)] = {key: number for number, key in enumerate(merged(old, new))}
        for key in moved:
            _report_move(key, level, diff_instance)
        return False


def _report_move(key: ItemKey, level: DiffLevel, diff_instance: DeepDiff) -> None:
    from deepdiff.model import DictRelationship  # noqa: PLC0415 - loaded already, by whoever asks the operator

    moved = level.branch_deeper(key.was, key.now, DictRelationship, key, key)
    diff_instance.custom_report_result("moved", moved)  # type: ignore[no-untyped-call]


_OPS: Final[Mapping[str, Op]] = {
    "dictionary_item_added": Op.ADD,
    "dictionary_item_removed": Op.REMOVE,
    "values_changed": Op.REPLACE,
    "type_changes": Op.REPLACE,
    "moved": Op.MOVE,
}


def _change(
    field: FieldName, found: DiffLevel, orders: Mapping[int, Mapping[str | ItemKey, int]]
) -> tuple[list[int], FieldChange]:
    """Return DeepDiff's result as a change, with its sort key: the position of each key on its path."""
    op = _OPS[found.report_type or ""]
    steps = found.path(output_format="list")
    place, order, level = Place(), [], found.all_up
    for step in steps:
        order.append(orders[id(level.t1)][step])
        if isinstance(step, str):
            place = place.at_key(step)
        elif op is Op.REMOVE:
            place = place.at_item(step.was, level.t1[step], step.identity)
        else:
            place = place.at_item(step.now, level.t2[step], step.identity)
        level = level.down or level
    match steps:
        case [*_, ItemKey(identity=identity), str() as key] if op is Op.REPLACE and key == identity:
            op = Op.RENAME
    old = None if op is Op.ADD else found.t1
    new = None if op is Op.REMOVE else found.t2
    return order, FieldChange(field, place.pointer, place.label or field, op, old, new)


def undone(new: JsonValue, changes: Sequence[FieldChange]) -> JsonValue:
    """Return the `old` value from which `changes`, made by `differences`, led to `new`.

    Raises ValueError when they cannot have led to `new`.
    """
    at: dict[str, dict[Op, FieldChange]] = defaultdict(dict)
    removed: dict[str, dict[str, FieldChange]] = defaultdict(dict)
    for change in changes:
        if change.op is Op.REMOVE:
            parent, _, key = change.path.rpartition("/")
            removed[parent][key] = change
        else:
            at[change.path][change.op] = change
    old = _Undoing(at, removed).value(new, "", "")
    if any(at.values()) or any(removed.values()):
        raise ValueError("a change leads nowhere")
    return old


@dataclass(frozen=True, slots=True)
class _Undoing:
    """Reverts changes: `at` holds them by their path in the new value, `removed` by parent and key in the old one.

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
        old |= {unescaped(key): gone.pop(key).old for key in list(gone)}
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


def _index(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("no place in a list")  # noqa: TRY004 - one error for whatever does not add up
    return int(value)
