"""What two versions of a sequence share at their ends: mostly nearly all of it, so that little is left to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def equal_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many items are equal at the beginning, and how many of the rest at the end."""
    head = _equal(old, new)
    return head, _equal(reversed(old[head:]), reversed(new[head:]))


def _equal(old: Iterable[object], new: Iterable[object]) -> int:
    count = 0
    for was, now in zip(old, new, strict=False):
        if was != now:
            break
        count += 1
    return count
