"""Which of the known words somebody meant by one that is not known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOSENESS: Final = 0.7
"""The least share of letters in common that counts as a slip of the fingers."""
_LONGEST: Final = 100
"""So many letters are compared, so that a huge word costs nothing."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` is most likely meant to be; None when none is near.

    Case, hyphens, underscores and blanks do not count; then letters may differ a little.
    """
    by_form = {folded(name): name for name in known}
    wanted = folded(word[:_LONGEST])
    close = [wanted] if wanted in by_form else get_close_matches(wanted, by_form, n=1, cutoff=CLOSENESS)
    return by_form[close[0]] if close else None


def folded(word: str) -> str:
    """The word without what does not count."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")
