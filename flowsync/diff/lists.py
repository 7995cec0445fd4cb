"""Matches the items of two lists: by `id` or `value`, else by equality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from flowsync.diff.canonical import ValueNumbers
from flowsync.diff.renames import candidates, renames
from flowsync.document.rewriting import Survivors, equal_ends

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

    from flowsync.model import JsonValue

Key = TypeVar("Key", bound="Hashable")


Increase: TypeAlias = "tuple[int, int, int, int]"
"""An increasing subsequence, better ones being greater: length, preferred indices, last number negated, last index."""


def longest_increasing(numbers: Sequence[int], preferred: Collection[int] = ()) -> list[int]:
    """Return the indices of one longest strictly increasing subsequence; n log n.

    Of several it is one with the most `preferred` indices, and of those one that ends with the smallest number.
    """
    ranks = {number: rank for rank, number in enumerate(sorted(set(numbers)), start=1)}
    best: list[Increase] = [(0, 0, 0, -1)] * (len(ranks) + 1)  # a Fenwick tree: by the rank of the last number
    before: list[int] = []
    for index, number in enumerate(numbers):
        length, count, _, last = _best_up_to(best, ranks[number] - 1)
        before.append(last)
        rank = ranks[number]
        while rank <= len(ranks):
            best[rank] = max(best[rank], (length + 1, count + (index in preferred), -number, index))
            rank += rank & -rank
    chain: list[int] = []
    *_, last = _best_up_to(best, len(ranks))
    while last >= 0:
        chain.append(last)
        last = before[last]
    return chain[::-1]


def _best_up_to(tree: Sequence[Increase], rank: int) -> Increase:
    best = tree[0]
    while rank:
        best = max(best, tree[rank])
        rank &= rank - 1
    return best


def merged(old: Iterable[Key], new: Collection[Key]) -> list[Key]:
    """Return the keys of `new`, and those only in `old`, each after its predecessor there."""
    removed: dict[Key | None, list[Key]] = {None: []}
    last = None
    for key in old:
        if key in new:
            last = key
        else:
            removed.setdefault(last, []).append(key)
    return [*removed[None], *(each for key in new for each in (key, *removed.get(key, ())))]


Pair = tuple[int, int]
"""An index in the old list, and that of the same item in the new one."""

ALIGNED_AT_MOST: Final = 250_000
"""Lists whose lengths multiply to more are compared position by position: aligning is quadratic."""


def align(old: Sequence[int], new: Sequence[int]) -> list[Pair]:
    """Pair equal items of two lists of numbers, in order; items without a pair were removed or added.

    The equal beginning and end are paired as they are; DeepDiff sees only what is between.
    """
    head, tail = equal_ends(old, new)
    old_middle, new_middle = list(old[head : len(old) - tail]), list(new[head : len(new) - tail])
    removed: set[int] = set()
    added: set[int] = set()
    if not set(old_middle).isdisjoint(new_middle) and len(old_middle) * len(new_middle) <= ALIGNED_AT_MOST:
        from deepdiff import DeepDiff  # noqa: PLC0415 - takes 30 ms, and few plans need it

        found = DeepDiff(old_middle, new_middle, view="tree")
        removed = {level.path(output_format="list")[0] for level in found.get("iterable_item_removed", ())}
        added = {level.path(output_format="list", use_t2=True)[0] for level in found.get("iterable_item_added", ())}
    was = (head + index for index in range(len(old_middle)) if index not in removed)
    now = (head + index for index in range(len(new_middle)) if index not in added)
    return [
        *((index, index) for index in range(head)),
        *zip(was, now, strict=False),
        *((len(old) - left, len(new) - left) for left in range(tail, 0, -1)),
    ]


IDENTITIES: Final[Mapping[str, str]] = {"options": "value"}
"""The key that identifies the items of a list, by the key that the list is under; `id` for all other lists."""


class ItemKey(NamedTuple):
    """The key of an item of two lists: its index in each, None if it is missing; `identity` as in `Alignment`."""

    was: int | None
    now: int | None
    identity: str | None


ItemsByKey: TypeAlias = "dict[ItemKey, JsonValue]"


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which items of one list are in another.

    `pairs` holds the old index by the new one; an item in no pair was removed or added.
    `moved` holds the new indices of those that changed places with others, as few as possible.
    `identity` is the key that identifies the items; None if only their position does.
    """

    pairs: Mapping[int, int]
    moved: frozenset[int]
    identity: str | None

    def items(self, old: list[JsonValue], new: list[JsonValue]) -> tuple[ItemsByKey, ItemsByKey]:
        """Return both lists as mappings, in which an item of both has the same key."""
        now_of = {was: now for now, was in self.pairs.items()}
        return (
            {ItemKey(was, now_of.get(was), self.identity): item for was, item in enumerate(old)},
            {ItemKey(self.pairs.get(now), now, self.identity): item for now, item in enumerate(new)},
        )


def align_lists(old: list[JsonValue], new: list[JsonValue], key: str, numbers: ValueNumbers) -> Alignment:
    """Match the items of two lists, both under `key`."""
    identity = IDENTITIES.get(key, "id")
    old_places, new_places = (_places(items, identity, numbers) for items in (old, new))
    if old_places is None or new_places is None:
        pairs = align([numbers.of(item) for item in old], [numbers.of(item) for item in new])
        return Alignment({now: was for was, now in pairs}, frozenset(), None)
    kept = [(old_places[number], now) for number, now in new_places.items() if number in old_places]
    unmoved = _unmoved(kept)
    removed = candidates(old, {was for was, _ in kept}, [was for was, _ in unmoved], identity, numbers)
    added = candidates(new, {now for _, now in kept}, [now for _, now in unmoved], identity, numbers)
    renamed = ((was.index, now.index) for was, now in renames(removed, added))
    pairs = sorted([*kept, *renamed], key=lambda pair: pair[1])
    moved = {now for _, now in pairs}.difference(now for _, now in _unmoved(pairs))
    return Alignment({now: was for was, now in pairs}, frozenset(moved), identity)


def _places(items: list[JsonValue], identity: str, numbers: ValueNumbers) -> dict[int, int] | None:
    """The index of each item by its identity; None unless each is a mapping with one of its own, a scalar."""
    values = [item.get(identity) for item in items if isinstance(item, dict)]
    places = {numbers.of(value): at for at, value in enumerate(values) if isinstance(value, str | int | float)}
    return places if len(places) == len(items) else None


def _unmoved(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that keep their order: as many as possible, preferably those that keep their position too."""
    same = {index for index, (was, now) in enumerate(pairs) if was == now}
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs], same)]


def survivors(old: list[JsonValue], new: list[JsonValue], key: str) -> Survivors:
    """Return which items of `old` are in `new`; both lists are under `key`.

    Items with an identity are matched as `differences` matches them. Of others the equal ones are matched, and
    between two of those what went with what came, in order: an item that was changed.
    """
    alignment = align_lists(old, new, key, ValueNumbers())
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
