"""Finds items that got another id: pairs of a removed and an added item."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence

    from flowsync.diff.canonical import ValueNumbers
    from flowsync.model import JsonValue

Bag: TypeAlias = "Counter[Hashable]"

SIMILAR_IN_PLACE: Final = 0.5
"""From this similarity on, an item that took another's place is that item under a new id."""
SIMILAR_ANYWHERE: Final = 0.8
"""From this similarity on, so is one that turned up somewhere else."""
COMPARED_AT_MOST: Final = 2_500
"""With more pairs than this, removed times added, those elsewhere are not searched: it is quadratic."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A removed or an added item.

    `gap` counts the unmoved items before it. `rest` is the item without its identity, and `number` the number of that
    value; None if nothing is left.
    """

    index: int
    gap: int
    rest: dict[str, JsonValue]
    number: int | None
    numbers: ValueNumbers

    def scalars(self) -> Bag:
        """Count the scalars of the rest, each with the key it is under."""
        return Counter(_scalars(self.rest, "", self.numbers))

    def key_counts(self) -> Bag:
        """Count those scalars, and all keys."""
        return self.scalars() + Counter(_keys(self.rest))


Match: TypeAlias = "tuple[Candidate, Candidate]"
Candidates: TypeAlias = "Sequence[Candidate]"


def candidates(
    items: Sequence[JsonValue], kept: Collection[int], unmoved: Sequence[int], key: str, numbers: ValueNumbers
) -> list[Candidate]:
    """Return those items, all of them mappings, whose index is not in `kept`; `unmoved` holds ascending indices."""
    found = []
    for index, item in enumerate(items):
        if index not in kept and isinstance(item, dict):
            rest = {name: value for name, value in item.items() if name != key}
            number = numbers.of(rest) if rest else None
            found.append(Candidate(index, bisect_left(unmoved, index), rest, number, numbers))
    return found


def renames(removed: Candidates, added: Candidates) -> Iterator[Match]:
    """Pair the removed with the added items that differ only in their identity.

    First those that equal each other in all else, then those that took each other's place between
    the same unmoved neighbours and are roughly similar, then very similar ones anywhere.
    """
    by_place_and_content = partial(_agreeing, key=lambda candidate: (candidate.gap, candidate.number))
    by_content = partial(_agreeing, key=lambda candidate: candidate.number)
    for matcher in (by_place_and_content, by_content, _similar_in_place, _similar_anywhere):
        matches = list(matcher(removed, added))
        yield from matches
        removed = _others(removed, (was for was, _ in matches))
        added = _others(added, (now for _, now in matches))


def _others(candidates: Candidates, matched: Iterable[Candidate]) -> Candidates:
    gone = {candidate.index for candidate in matched}
    return [candidate for candidate in candidates if candidate.index not in gone]


def _agreeing(removed: Candidates, added: Candidates, key: Callable[[Candidate], Hashable]) -> Iterator[Match]:
    """Pair, in order, nonempty candidates with equal `key`."""
    waiting = _grouped((candidate for candidate in added if candidate.number is not None), key)
    for name, group in _grouped(removed, key).items():
        yield from zip(group, waiting.get(name, ()), strict=False)


def _similar_in_place(removed: Candidates, added: Candidates) -> Iterator[Match]:
    """Pair, in order, those between the same unmoved items, if as many were removed as added."""
    came = _grouped(added, lambda candidate: candidate.gap)
    for gap, group in _grouped(removed, lambda candidate: candidate.gap).items():
        if len(group) == len(came.get(gap, ())):
            pairs = zip(group, came[gap], strict=True)
            yield from (
                pair for pair in pairs if _similarity(pair[0].key_counts(), pair[1].key_counts()) >= SIMILAR_IN_PLACE
            )


def _similar_anywhere(removed: Candidates, added: Candidates) -> Iterator[Match]:
    """Pair the most similar first; compares every pair."""
    if len(removed) * len(added) > COMPARED_AT_MOST:
        return
    counted = [(now, now.scalars()) for now in added]
    scored: list[tuple[float, Candidate, Candidate]] = []
    for was in removed:
        contents = was.scalars()
        scored += [(_similarity(contents, other), was, now) for now, other in counted if contents]
    gone: set[int] = set()
    came: set[int] = set()
    for similarity, was, now in sorted(scored, key=lambda each: -each[0]):
        if similarity >= SIMILAR_ANYWHERE and was.index not in gone and now.index not in came:
            gone.add(was.index)
            came.add(now.index)
            yield was, now


def _grouped(candidates: Iterable[Candidate], key: Callable[[Candidate], Hashable]) -> dict[Hashable, list[Candidate]]:
    groups: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[key(candidate)].append(candidate)
    return groups


def _similarity(one: Bag, other: Bag) -> float:
    """Return how much two counters share: 0 nothing, 1 everything (Dice); two empty ones are equal."""
    size = one.total() + other.total()
    return 2 * (one & other).total() / size if size else 1.0


def _scalars(value: JsonValue, key: str, numbers: ValueNumbers) -> Iterator[Hashable]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _scalars(inner, name, numbers)
        case list():
            for inner in value:
                yield from _scalars(inner, key, numbers)
        case _:
            yield (key, numbers.of(value))


def _keys(value: JsonValue) -> Iterator[Hashable]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(inner)
