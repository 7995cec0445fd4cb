"""Which of the known words somebody meant by one that is not known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 100
"""Letters that are compared: the time that difflib takes grows with the square of the length."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` most likely means, by its `folded` form; None when none is near."""
    by_form = {folded(name): name for name in known}
    close = get_close_matches(folded(word[:_LONGEST]), by_form, n=1, cutoff=0.7)
    return by_form[close[0]] if close else None


def folded(word: str) -> str:
    """The word without letter case, hyphens, underscores and spaces."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")
