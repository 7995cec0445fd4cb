"""Two sequences of strings (lines of a text, words of a line): which items stayed.

Close to linear on any input: equal ends are set aside, items that occur once on both sides divide
what is long, and only short stretches between those are searched in full.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.lists import longest_increasing
from flowsync.ends import equal_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Run: TypeAlias = "tuple[int, int, int]"
"""Where equal items begin in the old sequence and in the new one, and how many they are."""

SEARCHED_AT_MOST: Final = 200
"""Stretches longer than this are divided, or told as replaced whole: searching is quadratic and worse."""


def runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """Return what stayed, in order on both sides, each run as long as it can be."""
    head, tail = equal_ends(old, new)
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    found = [
        (0, 0, head),
        *[(head + was, head + now, size) for was, now, size in middle],
        (len(old) - tail, len(new) - tail, tail),
    ]
    return [run for run in found if run[2]]


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterable[Run]:
    if set(old).isdisjoint(new):
        return ()
    return _searched(old, new) if _is_short(old, new) else _merged(_divided(old, new))


def _divided(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    start_old = start_new = 0
    for was, now in [*_anchors(old, new), (len(old), len(new))]:
        gap_old, gap_new = old[start_old:was], new[start_new:now]
        if _is_short(gap_old, gap_new):
            yield from ((start_old + i, start_new + j, size) for i, j, size in _searched(gap_old, gap_new))
        if was < len(old):
            yield was, now, 1
        start_old, start_new = was + 1, now + 1


def _merged(found: Iterable[Run]) -> list[Run]:
    """Return each run with those that begin where it ends."""
    merged: list[Run] = []
    for was, now, size in found:
        before = merged[-1] if merged else (0, 0, 0)
        if (was, now) == (before[0] + before[2], before[1] + before[2]) and merged:
            merged[-1] = (before[0], before[1], before[2] + size)
        else:
            merged.append((was, now, size))
    return merged


def _is_short(old: Sequence[str], new: Sequence[str]) -> bool:
    return max(len(old), len(new)) <= SEARCHED_AT_MOST


def _searched(old: Sequence[str], new: Sequence[str]) -> Sequence[Run]:
    from difflib import SequenceMatcher  # noqa: PLC0415 - mostly nothing but what changed is between equal ends

    return SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return both indices of the most items, in order on both sides, that each side holds once."""
    once = _single(old) & _single(new)
    places = {item: index for index, item in enumerate(old) if item in once}
    pairs = [(places[item], index) for index, item in enumerate(new) if item in once]
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs])]


def _single(items: Iterable[str]) -> frozenset[str]:
    return frozenset(item for item, count in Counter(items).items() if count == 1)
