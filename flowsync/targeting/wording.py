"""How texts that others wrote appear in messages: short, quoted, and without a character that acts."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 40


def shown(text: str) -> str:
    """The text for a message: invisible characters spelled out, cut to 40 characters, quoted if it can be."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    visible = printable(cut)
    return f"`{visible}`" if "`" not in visible else visible


def printable(text: str) -> str:
    """The text with every character that is invisible, or acts on a terminal, spelled out."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)
