"""How texts that others wrote appear in messages: short, quoted, and without a character that acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 40


def shown(text: str) -> str:
    """The text for a message: invisible characters spelled out, cut to 40 characters, quoted if it can be."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    visible = printable(cut)
    return f"`{visible}`" if "`" not in visible else visible


def printable(text: str) -> str:
    """The text with every character that is invisible, or acts on a terminal, spelled out."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, if one is close; letter case does not count."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a slip needs it

    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word[:_LONGEST].lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[close[0]] if close else None
