"""The text of a scalar in pieces, each with the stretch of source it was read from."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLD: Final = re.compile(r"(?<![ \t])[ \t]*\n(?:[ \t]*\n)*[ \t]*")


class Piece(NamedTuple):
    """Some characters of a value and the source they stand for: alike in length, or one replaces the other."""

    text: str
    start: int
    end: int

    def source_of(self, offset: int) -> int:
        """Where the character at `offset` of this piece was written."""
        return self.start + offset if self.end - self.start == len(self.text) else self.start


class Scalar(NamedTuple):
    """A scalar's pieces and the offset after it."""

    pieces: list[Piece]
    end: int

    @property
    def text(self) -> str:
        """The whole value; surrogates written as two escapes become the one character they mean."""
        return join_surrogates("".join([piece.text for piece in self.pieces]))


class Sources:
    """From the characters of a scalar's value back to the source."""

    def __init__(self, scalar: Scalar) -> None:
        self._pieces = scalar.pieces
        self._ends = [*accumulate(len(piece.text) for piece in scalar.pieces)]

    def of(self, offset: int) -> int | None:
        """Where the character at `offset` of the value was written; just after the last for its length."""
        index = bisect_right(self._ends, offset)
        if index < len(self._ends):
            piece = self._pieces[index]
            return piece.source_of(offset - self._ends[index] + len(piece.text))
        return self._pieces[-1].end if self._ends and offset == self._ends[-1] else None


def join_surrogates(text: str) -> str:
    """Pairs of surrogates as the characters that JavaScript sees; a lone one stays."""
    if text.isascii() or fits_utf8(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def fits_utf8(text: str) -> bool:
    """Whether no lone surrogate is left in a text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def unfolded(text: str, start: int, end: int) -> Iterator[Piece]:
    """The lines of a quoted stretch, joined: a line end is a space, n + 1 of them are n line feeds."""
    for found in _FOLD.finditer(text, start, end):
        yield Piece(text[start : found.start()], start, found.start())
        yield Piece(" " if (breaks := found[0].count("\n")) == 1 else "\n" * (breaks - 1), *found.span())
        start = found.end()
    yield Piece(text[start:end], start, end)
