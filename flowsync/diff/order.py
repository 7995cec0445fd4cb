"""What stays in order: the basis for few moves and for removals told where they were."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

Key = TypeVar("Key", str, int)


def longest_increasing(numbers: Sequence[int]) -> list[int]:
    """Return the indices of one longest strictly increasing subsequence; n log n."""
    ends: list[int] = []  # per length, the smallest number a run of that length ends with
    at: list[int] = []  # and its index
    before: list[int | None] = []
    for index, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(at[length - 1] if length else None)
        _put(ends, length, number)
        _put(at, length, index)
    return _chain(at[-1] if at else None, before)


def removals_after(old: Iterable[Key], kept: Container[Key]) -> Mapping[Key | None, list[Key]]:
    """Return, for each kept key of `old`, those that came right after it and are gone.

    Those gone from the very beginning are under None.
    """
    removals: dict[Key | None, list[Key]] = {}
    last: Key | None = None
    for key in old:
        if key in kept:
            last = key
        else:
            removals.setdefault(last, []).append(key)
    return removals


def _chain(last: int | None, before: Sequence[int | None]) -> list[int]:
    chain: list[int] = []
    while last is not None:
        chain.append(last)
        last = before[last]
    return chain[::-1]


def _put(numbers: list[int], index: int, number: int) -> None:
    if index == len(numbers):
        numbers.append(number)
    else:
        numbers[index] = number
