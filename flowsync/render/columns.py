"""How many terminal columns text takes, and cutting it to fit.

Wide and full-width characters take two columns, combining marks none, all else one. Terminals
disagree about emoji sequences, so a caret under a line that holds one may be off by a column.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ELLIPSIS: Final = "…"
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def columns(text: str) -> int:
    """Return the number of terminal columns that `text` (one visible line) takes."""
    if text.isascii():
        return len(text)
    others = _NOT_ASCII.findall(text)
    return len(text) - len(others) + sum(map(_character_columns, others))


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def padded(text: str, width: int) -> str:
    """Return `text` filled up with spaces to `width` columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """Return `text`, its end replaced by an ellipsis when it takes more than `width` columns."""
    if columns(text) <= width:
        return text
    return text[: count_fitting(text, width - 1)] + ELLIPSIS


def count_fitting(pieces: Iterable[str], width: int) -> int:
    """Return how many of the first `pieces` (a text's characters, or escapes) fit `width` columns."""
    count = 0
    for piece in pieces:
        width -= columns(piece)
        if width < 0:
            break
        count += 1
    return count
