"""How texts that others wrote appear in messages: short, quoted, and without a character that acts."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST: Final = 40
_COMPARED: Final = 50
"""So many words next to one in an order are compared with it letter by letter."""


def shown(text: str) -> str:
    """The text for a message: invisible characters spelled out, cut to 40 characters, quoted if it can be."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    visible = printable(cut)
    return f"`{visible}`" if "`" not in visible else visible


def printable(text: str) -> str:
    """The text with every character that is invisible, or acts on a terminal, spelled out."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, if one is close; letter case does not count.

    Of many known words only those are compared that start or end as `word` does, since thousands of unknown flows among
    thousands of known ones would take minutes otherwise.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a slip needs it

    index = _index(tuple(known))
    lowered = word[:_LONGEST].lower()
    close = get_close_matches(lowered, _neighbours(lowered, index), n=1, cutoff=0.7)
    return index.by_lower[close[0]] if close else None


@dataclass(frozen=True, slots=True)
class _Index:
    """Known words by their lower case, in its order, and reversed in the order of that."""

    by_lower: Mapping[str, str]
    forwards: Sequence[str]
    backwards: Sequence[str]


@lru_cache(maxsize=4)
def _index(known: tuple[str, ...]) -> _Index:
    by_lower = {name.lower(): name for name in known}
    return _Index(by_lower, sorted(by_lower), sorted(name[::-1] for name in by_lower))


def _neighbours(lowered: str, index: _Index) -> Iterable[str]:
    """The words to compare with: all where they are few, else those next to it by their starts and by their ends."""
    if len(index.by_lower) <= 2 * _COMPARED:
        return index.by_lower
    ends = (name[::-1] for name in _around(lowered[::-1], index.backwards))
    return dict.fromkeys((*_around(lowered, index.forwards), *ends))


def _around(word: str, ordered: Sequence[str]) -> Sequence[str]:
    place = bisect(ordered, word)
    return ordered[max(0, place - _COMPARED // 2) : place + _COMPARED // 2]
