"""Two sequences of strings (lines of a text, words of a line): which items stayed.

Close to linear on any input: equal ends are set aside, items that occur once on both sides divide
what is long, and only short stretches between those are searched in full.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.order import longest_increasing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Pair: TypeAlias = "tuple[int, int]"
"""An index in the old sequence and that of the equal item in the new one."""

SEARCHED_AT_MOST: Final = 200
"""Stretches longer than this are divided, or told as replaced whole: searching is quadratic and worse."""


def matches(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Return the items that stayed, both indices ascending."""
    head = _common(old, new)
    tail = _common(reversed(old[head:]), reversed(new[head:]))
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    return [
        *((index, index) for index in range(head)),
        *((head + was, head + now) for was, now in middle),
        *((len(old) - left, len(new) - left) for left in range(tail, 0, -1)),
    ]


def _common(old: Iterable[str], new: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, old, new)))


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    if _is_short(old, new):
        yield from _searched(old, new)
        return
    start_old = start_new = 0
    for was, now in [*_anchors(old, new), (len(old), len(new))]:
        gap_old, gap_new = old[start_old:was], new[start_new:now]
        if _is_short(gap_old, gap_new):
            yield from ((start_old + i, start_new + j) for i, j in _searched(gap_old, gap_new))
        if was < len(old):
            yield was, now
        start_old, start_new = was + 1, now + 1


def _is_short(old: Sequence[str], new: Sequence[str]) -> bool:
    return max(len(old), len(new)) <= SEARCHED_AT_MOST


def _searched(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        yield from ((block.a + offset, block.b + offset) for offset in range(block.size))


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Return the longest run, in order on both sides, of items that each side holds once."""
    once = _single(old) & _single(new)
    places = {item: index for index, item in enumerate(old) if item in once}
    pairs = [(places[item], index) for index, item in enumerate(new) if item in once]
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs])]


def _single(items: Iterable[str]) -> frozenset[str]:
    return frozenset(item for item, count in Counter(items).items() if count == 1)
