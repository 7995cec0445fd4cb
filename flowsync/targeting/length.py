"""How long an expression may be."""

from __future__ import annotations

from typing import Final

MAXIMUM_LENGTH: Final = 2_000
"""Characters of an expression; the server takes a longer one for false [obs]."""


def length(text: str) -> int:
    """How long JavaScript finds a text: characters beyond the basic plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_too_long(text: str) -> bool:
    """Whether the server takes an expression for false for its length alone."""
    return length(text) > MAXIMUM_LENGTH
