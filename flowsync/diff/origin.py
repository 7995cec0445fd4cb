"""Who made each difference, this branch, the dashboard or both, according to the file at a base revision.

At every place that differs between the live flow and the file there are three values: base, live and
file; one may be absent. Base as live: the branch changed it. Base as the file: it was edited elsewhere,
which is drift. Base as neither: both did, which is a conflict. Items of lists are the same item where
`differences` would say so, so that a step's title is compared with its own, wherever the step went.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from flowsync.diff.canonical import ValueNumbers
from flowsync.diff.data import unescaped
from flowsync.diff.fields import comparable, form
from flowsync.diff.lists import align_lists
from flowsync.model import Op, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.diff.lists import Alignment
    from flowsync.model import FieldChange, FieldName, JsonValue


class Missing(Enum):
    """Why a value is missing."""

    ABSENT = "absent"
    UNRELATED = "unrelated"
    """There is something, but nothing that could be the same thing."""


Found: TypeAlias = "JsonValue | Missing"
Fields: TypeAlias = "Mapping[FieldName, JsonValue]"


def attributed(changes: Iterable[FieldChange], base: Fields, live: Fields, file: Fields) -> tuple[FieldChange, ...]:
    """Return `changes` (from `live` to `file`, made by `compare`) with their origins.

    A field that `base` does not have became managed on this branch: its changes are the branch's.
    """
    origins = _Origins(ValueNumbers())
    sides = (base, live, file)
    compared = [comparable("data", each["data"]) if "data" in each else Missing.ABSENT for each in sides]
    data = _Triple(compared[0], compared[1], compared[2])

    def origin(change: FieldChange) -> Origin:
        name = change.field
        if name not in base:
            return Origin.BRANCH
        if name == "data":
            return origins.of(change, data)
        return _origin(*(form(name, fields[name]) for fields in sides))

    return tuple(replace(change, origin=origin(change)) for change in changes)


def differing(one: Fields, other: Fields, names: Iterable[FieldName]) -> tuple[FieldName, ...]:
    """Return those of `names`, all of them in `one`, that `other` lacks or has with another value."""
    return tuple(name for name in names if name not in other or form(name, one[name]) != form(name, other[name]))


def _origin(base: object, live: object, file: object) -> Origin:
    if base == live:
        return Origin.BRANCH
    return Origin.DRIFT if base == file else Origin.CONFLICT


@dataclass(frozen=True, slots=True)
class _Triple:
    """One place in three documents; `key` is the last mapping key on the path to it."""

    base: Found
    live: Found
    file: Found
    key: str = ""

    def at_key(self, key: str) -> _Triple:
        return _Triple(_inside(self.base, key), _inside(self.live, key), _inside(self.file, key), key)


def _inside(value: Found, key: str) -> Found:
    match value:
        case dict():
            return value.get(key, Missing.ABSENT)
        case Missing.ABSENT:
            return Missing.ABSENT
        case _:
            return Missing.UNRELATED


@dataclass(frozen=True, slots=True)
class _Lists:
    """Three versions of one list, and which items are the same: indices in `base` by those in the others."""

    alignment: Alignment
    base_of_live: Mapping[int, int]
    base_of_file: Mapping[int, int]
    file_of_live: Mapping[int, int]

    def base_place(self, was: int | None, now: int | None) -> int | Missing:
        """Return the index in `base` of the item at `was` in the live list and at `now` in the file's."""
        sides = ((self.base_of_live, was), (self.base_of_file, now))
        places = {base_places[at] for base_places, at in sides if at is not None and at in base_places}
        if len(places) > 1:
            return Missing.UNRELATED
        return places.pop() if places else Missing.ABSENT

    def order(self, now: int) -> Origin:
        """Return who moved the item at `now`: the sides on which it changed places with one that did not move."""
        orders = list(self._orders(now))
        in_live = any(base != live for base, live, _ in orders)
        in_file = any(base != file for base, _, file in orders)
        if in_live == in_file:
            return Origin.CONFLICT
        return Origin.DRIFT if in_live else Origin.BRANCH

    def _orders(self, now: int) -> Iterator[tuple[bool, bool, bool]]:
        """Yield whether the item at `now` comes before each unmoved item: in base, live and the file."""
        was = self.alignment.pairs[now]
        base = self.base_place(was, now)
        for other_now, other_was in self.alignment.pairs.items():
            other = self.base_place(other_was, other_now)
            if other_now not in self.alignment.moved and isinstance(base, int) and isinstance(other, int):
                yield base < other, was < other_was, now < other_now


@dataclass(frozen=True, slots=True)
class _Origins:
    numbers: ValueNumbers
    lists: dict[tuple[str, int, int, int], _Lists] = field(default_factory=dict)

    def of(self, change: FieldChange, whole: _Triple) -> Origin:
        leading: Literal["live", "file"] = "live" if change.op is Op.REMOVE else "file"
        above = here = whole
        for part in map(unescaped, change.path.split("/")[1:]):
            # Where all around is as on one side, so is what is in it, however lists without identities are aligned.
            if (origin := self.origin(here)) is not Origin.CONFLICT:
                return origin
            above, here = here, self.step(here, part, leading)
        if change.op is Op.MOVE:
            return self.aligned(above).order(int(change.path.rpartition("/")[2]))
        return self.origin(here)

    def origin(self, here: _Triple) -> Origin:
        return _origin(*(self.form(value) for value in (here.base, here.live, here.file)))

    def form(self, value: Found) -> int | Missing:
        return value if isinstance(value, Missing) else self.numbers.of(value)

    def step(self, here: _Triple, part: str, leading: Literal["live", "file"]) -> _Triple:
        """Return the place below `here` that `part` of a path in the leading document leads to."""
        if not isinstance(here.live, list) or not isinstance(here.file, list):
            return here.at_key(part)
        lists = self.aligned(here)
        at = int(part)
        was = at if leading == "live" else lists.alignment.pairs.get(at)
        now = at if leading == "file" else lists.file_of_live.get(at)
        return _Triple(
            _item(here.base, lists.base_place(was, now)),
            Missing.ABSENT if was is None else here.live[was],
            Missing.ABSENT if now is None else here.file[now],
            here.key,
        )

    def aligned(self, here: _Triple) -> _Lists:
        # With the key, for an alias can put one list under two.
        known = (here.key, id(here.base), id(here.live), id(here.file))
        if known not in self.lists:
            base, live, file = (_items(value) for value in (here.base, here.live, here.file))
            alignment = align_lists(live, file, here.key, self.numbers)
            self.lists[known] = _Lists(
                alignment,
                align_lists(base, live, here.key, self.numbers).pairs,
                align_lists(base, file, here.key, self.numbers).pairs,
                {was: now for now, was in alignment.pairs.items()},
            )
        return self.lists[known]


def _items(value: Found) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _item(base: Found, place: int | Missing) -> Found:
    """Return the item of the base list; Missing if the base has another kind of value."""
    match base:
        case list():
            return place if isinstance(place, Missing) else base[place]
        case Missing.ABSENT:
            return Missing.ABSENT
        case _:
            return Missing.UNRELATED
