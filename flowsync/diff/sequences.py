"""Lists whose items have no identity: which items of the old one live on in the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.ends import equal_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

Pair = tuple[int, int]
"""An index in the old list, and that of the same item in the new one."""

ALIGNED_AT_MOST: Final = 250_000
"""Lists whose lengths multiply to more are compared position by position: aligning is quadratic."""


def align(old: Sequence[int], new: Sequence[int]) -> list[Pair]:
    """Pair the items of two lists of shapes, in order; what is in no pair was removed or added.

    The equal beginning and end are paired as they are; DeepDiff sees only what is between.
    """
    head, tail = equal_ends(old, new)
    middle = _align_middle(old[head : len(old) - tail], new[head : len(new) - tail])
    return [
        *((index, index) for index in range(head)),
        *((head + was, head + now) for was, now in middle),
        *((len(old) - left, len(new) - left) for left in range(tail, 0, -1)),
    ]


def _align_middle(old: Sequence[int], new: Sequence[int]) -> list[Pair]:
    if set(old).isdisjoint(new) or len(old) * len(new) > ALIGNED_AT_MOST:
        return [(index, index) for index in range(min(len(old), len(new)))]
    removed, added = _deep_difference(old, new)
    survivors = (index for index in range(len(old)) if index not in removed)
    places = (index for index in range(len(new)) if index not in added)
    return list(zip(survivors, places, strict=True))


def _deep_difference(old: Sequence[int], new: Sequence[int]) -> tuple[set[int], set[int]]:
    """Return the indices that went and those that came."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - costs 100 ms, and few plans need it

    difference = DeepDiff(list(old), list(new), view="tree")
    removed = {level.path(output_format="list")[0] for level in difference.get("iterable_item_removed", ())}
    added = {level.path(output_format="list", use_t2=True)[0] for level in difference.get("iterable_item_added", ())}
    return removed, added
