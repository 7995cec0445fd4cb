"""The text of a scalar in pieces, each with the stretch of source it was read from."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.parsing.tree import Span

_WORD: Final = re.compile(r"[^ \t\n]+")
_QUOTE: Final = re.compile("'|[^']+")
_ESCAPE_OR_FOLD: Final = re.compile(
    r"\\(?:\n[ \t]*|u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
    r"|[ \t]*\n(?:[ \t]*\n)*[ \t]*"
)


class Piece(NamedTuple):
    """Some characters of a value and the source they were read from: alike in length, or one replaces the other."""

    text: str
    start: int
    end: int


class Sources:
    """From the characters of a scalar's value back to the source."""

    def __init__(self, text: str, span: Span) -> None:
        self._pieces = pieces_of(text, span)
        self._ends = [*accumulate(len(piece.text) for piece in self._pieces)]

    def of(self, offset: int) -> int | None:
        """Where the character at `offset` of the value is written; just after the last for its length."""
        index = bisect_right(self._ends, offset)
        if index == len(self._ends):
            return self._pieces[-1].end if self._ends and offset == self._ends[-1] else None
        text, start, end = self._pieces[index]
        return start + (offset - self._ends[index] + len(text) if end - start == len(text) else 0)


def pieces_of(text: str, span: Span) -> list[Piece]:
    """The pieces of the text that a scalar says."""
    value = str(span.value)
    mark = text[span.start]
    if mark == '"':
        return [*_double_quoted(text, value, span.start + 1, span.end - 1)]
    if mark == "'":
        return [*_words(text, value, span.start + 1, span.end - 1, doubled=True)]
    is_block = mark in "|>" and not span.in_flow
    start = text.index("\n", span.start) + 1 if is_block else span.start
    return [*_words(text, value, start, span.end, doubled=False)]


def _double_quoted(text: str, value: str, start: int, end: int) -> Iterator[Piece]:
    at = 0
    for found in _ESCAPE_OR_FOLD.finditer(text, start, end):
        length = found.start() - start
        yield Piece(value[at : at + length], start, found.start())
        at += length
        breaks = found[0].count("\n")
        length = max(breaks - 1, 1) if found[0][0] != "\\" else 0 if breaks else 1
        yield Piece(value[at : at + length], *found.span())
        at += length
        start = found.end()
    yield Piece(value[at:], start, end)


def _words(text: str, value: str, start: int, end: int, *, doubled: bool) -> Iterator[Piece]:
    """A text without escapes: its words are written as they are, and blanks and line ends may be folded between."""
    at = 0
    for word in _WORD.finditer(value):
        source = _WORD.search(text, start, end)
        begin = source.start() if source else end
        yield from _blanks(text, value[at : word.start()], start, begin)
        start, at = begin, word.end()
        for part in _QUOTE.findall(word[0]):
            length = 2 if doubled and part == "'" else len(part)
            yield Piece(part, start, start + length)
            start += length
    yield from _blanks(text, value[at:], start, end)


def _blanks(text: str, value: str, start: int, end: int) -> Iterator[Piece]:
    """Blanks between two words: those at either end as they are, and a piece for each line end."""
    if value == text[start:end] or not value or "\n" not in value:
        # Without a line end in it, this is one that was folded, or what is deeper than the margin of a block.
        is_deeper = "\n" not in text[start:end]
        if value:
            yield Piece(value, end - len(value) if is_deeper else start, end)
        return
    margin = len(value) - value.rfind("\n") - 1
    before = value.index("\n")
    if before and text.startswith(value[:before], start):
        yield Piece(value[:before], start, start + before)
        start, value = start + before, value[before:]
    breaks = [at for at in range(start, end) if text[at] == "\n"]
    lines = value[: len(value) - margin]
    if set(lines) != {"\n"} or not len(lines) <= len(breaks) <= len(lines) + 1:
        yield Piece(value, start, end)
        return
    starts = [start, *breaks[len(breaks) - len(lines) + 1 :]]
    for begin, stop in zip(starts, [*starts[1:], end - margin], strict=True):
        yield Piece("\n", begin, stop)
    if margin:
        yield Piece(value[-margin:], end - margin, end)
