"""Which of the known words somebody meant by one that is not known."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CLOSENESS: Final = 0.7
"""The least share of letters in common that counts as a slip of the fingers."""
_LONGEST: Final = 100
"""So many letters are compared, so that a huge word costs nothing."""
_COMPARED: Final = 50
"""So many words next to one in an order are compared with it letter by letter."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` most likely stands for; None when none is near.

    Case, hyphens, underscores and blanks do not count; then letters may differ a little. Of many known words only those
    are compared that start or end as `word` does: thousands of unknown ones among thousands of known ones would take
    minutes otherwise.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a slip needs it

    index = _index(tuple(known))
    wanted = folded(word[:_LONGEST])
    if wanted in index.by_fold:
        return index.by_fold[wanted]
    close = get_close_matches(wanted, _neighbours(wanted, index), n=1, cutoff=CLOSENESS)
    return index.by_fold[close[0]] if close else None


def folded(word: str) -> str:
    """The word without what does not count."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Index:
    """Known words by what counts of them, in its order, and reversed in the order of that."""

    by_fold: Mapping[str, str]
    forwards: Sequence[str]
    backwards: Sequence[str]


@lru_cache(maxsize=4)
def _index(known: tuple[str, ...]) -> _Index:
    by_fold = {folded(name): name for name in known}
    return _Index(by_fold, sorted(by_fold), sorted(name[::-1] for name in by_fold))


def _neighbours(wanted: str, index: _Index) -> Iterable[str]:
    """The words to compare with: all where they are few, else those next to it by their starts and by their ends."""
    if len(index.by_fold) <= 2 * _COMPARED:
        return index.by_fold
    ends = (name[::-1] for name in _around(wanted[::-1], index.backwards))
    return dict.fromkeys((*_around(wanted, index.forwards), *ends))


def _around(word: str, ordered: Sequence[str]) -> Sequence[str]:
    place = bisect(ordered, word)
    return ordered[max(0, place - _COMPARED // 2) : place + _COMPARED // 2]
