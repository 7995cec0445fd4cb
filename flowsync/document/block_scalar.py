"""Literal (`|`) and folded (`>`) block scalars, read as npm yaml's lexer and resolver do together."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.pieces import Piece, Scalar

if TYPE_CHECKING:
    from flowsync.document.reading import Reading

_HEADER: Final = re.compile(r"[|>](?:(?P<digit>[1-9])?(?P<chomp>[+-])?|[+-][1-9])[ \t]*(?:(?<=[ \t])#[^\n]*)?\n")
_BLANKS: Final = re.compile(r"(?: *\n)*( *)")
_UNINDENTED_BODY: Final = re.compile(r"(?:(?!(?:---|\.\.\.)[ \t\n])[^\n]*\n)*")
_TAB_BELOW: Final = re.compile(r" *\t")


class _Header(NamedTuple):
    style: str
    chomp: str
    digit: int
    end: int


class _BodyLine(NamedTuple):
    """One line of the body: `column` spaces, then `content`."""

    start: int
    column: int
    content: str

    def beyond(self, trim: int) -> Piece:
        """What is left of the line without its indentation."""
        begin = self.start + min(self.column, trim)
        return Piece(f"{' ' * (self.column - trim)}{self.content}", begin, self.end)

    @property
    def end(self) -> int:
        """Where the line feed stands."""
        return self.start + self.column + len(self.content)


def block_scalar(reading: Reading, start: int, indent: int) -> Scalar:
    """The block scalar whose `|` or `>` stands at `start` in a collection at column `indent` (-1: the root).

    It ends at the start of the line after it.
    """
    header = _header(reading, start)
    column, end = _extent(reading, header, indent)
    lines = _body_lines(reading.text, header.end, end)
    if header.digit:
        _warn_of_spaces_below(reading, lines, max(indent, 0) + header.digit)
    if header.chomp != "+":
        _drop_trailing(lines, column)
    return Scalar(list(_resolve(reading, header, lines, indent)), end)


def _header(reading: Reading, start: int) -> _Header:
    found = _HEADER.match(reading.text, start)
    if found is None:
        raise reading.fail(
            start,
            "yaml-syntax",
            f"After {reading.text[start]} only -, + or one digit and a comment may follow on the line.",
            "Begin the text on the next line, indented; where it starts with | or > itself, put it in quotes.",
        )
    marks = found[0].split("#", 1)[0]
    return _Header(
        style=marks[0],
        chomp=next((mark for mark in marks if mark in "+-"), ""),
        digit=next((int(mark) for mark in marks if mark.isdigit()), 0),
        end=found.end(),
    )


def _extent(reading: Reading, header: _Header, indent: int) -> tuple[int, int]:
    """The column of the first line that is not blank, and where the body ends."""
    text = reading.text
    blanks = _BLANKS.match(text, header.end)
    begin, column = (blanks.start(1), len(blanks[1])) if blanks else (header.end, 0)
    end = begin
    if column > indent:
        least = header.digit + max(indent, 0) if header.digit else column
        body = _body_pattern(least).match(text, begin)
        end = body.end() if body else begin
    if _TAB_BELOW.match(text, end):
        raise reading.fail(
            end,
            "tab",
            "A tab stands where the indentation of this block of text should be.",
            "Indent with spaces.",
        )
    return column, end


@lru_cache(maxsize=128)
def _body_pattern(least: int) -> re.Pattern[str]:
    if least == 0:
        return _UNINDENTED_BODY
    return re.compile(rf"(?: {{{least}}}[^\n]*\n| *\n)*")


def _body_lines(text: str, start: int, end: int) -> list[_BodyLine]:
    lines = []
    while start < end:
        stop = text.index("\n", start)
        content = text[start:stop].lstrip(" ")
        lines.append(_BodyLine(start, stop - start - len(content), content))
        start = stop + 1
    return lines


def _warn_of_spaces_below(reading: Reading, lines: list[_BodyLine], trim: int) -> None:
    for line in reversed(lines):
        if line.content:
            return
        if line.column > trim:
            reading.warn(
                line.start,
                "yaml-ambiguous",
                "npm yaml drops the spaces of this line below the text, js-yaml keeps them as text.",
                "Remove the spaces.",
            )
            return


def _drop_trailing(lines: list[_BodyLine], column: int) -> None:
    """Without `+`, blank lines below the text are not its own."""
    while len(lines) > 1 and not lines[-1].content and lines[-1].column <= column:
        lines.pop()


def _resolve(reading: Reading, header: _Header, lines: list[_BodyLine], indent: int) -> list[Piece]:
    first = next((index for index, line in enumerate(lines) if line.content), None)
    if first is None:
        return _only_blanks(header, lines)
    trim = _trim(reading, header, lines[: first + 1], indent)
    last = _last(lines, trim)
    pieces = [part for line in lines[:first] for part in (line.beyond(trim), Piece("\n", line.end, line.end + 1))]
    body = lines[first : last + 1]
    pieces += _literal(body, trim) if header.style == "|" else _folded(body, trim)
    if header.chomp == "+":
        below = lines[last + 1 :]
        pieces += [Piece("\n", line.start - 1, line.start) for line in below]
    if header.chomp != "-":
        pieces.append(Piece("\n", lines[-1].end, lines[-1].end + 1))
    return pieces


def _only_blanks(header: _Header, lines: list[_BodyLine]) -> list[Piece]:
    if header.chomp != "+":
        return []
    return [Piece("\n", line.end, line.end + 1) for line in lines]


def _trim(reading: Reading, header: _Header, leading: list[_BodyLine], indent: int) -> int:
    """How many spaces each line loses."""
    *blanks, content = leading
    trim = max(indent, 0) + header.digit if header.digit else content.column
    if content.column < max([trim, *[line.column for line in blanks if not header.digit]]):
        raise reading.fail(
            content.start,
            "indentation",
            "A blank line above is indented deeper than this first line of the text.",
            "Remove the spaces from the blank line.",
        )
    return trim


def _last(lines: list[_BodyLine], trim: int) -> int:
    """The last line that counts as text: one with content, or blank but indented deeper."""
    return max(index for index, line in enumerate(lines) if line.content or line.column > trim)


def _literal(body: list[_BodyLine], trim: int) -> list[Piece]:
    pieces = [body[0].beyond(trim)]
    for line in body[1:]:
        pieces += [Piece("\n", line.start - 1, line.start), line.beyond(trim)]
    return pieces


def _folded(body: list[_BodyLine], trim: int) -> list[Piece]:
    pieces: list[Piece] = []
    separator = ""
    was_deeper = False
    for line in body:
        gap = line.start - 1
        if line.column > trim or line.content.startswith("\t"):
            if separator == " ":
                separator = "\n"
            elif not was_deeper and separator == "\n":
                separator = "\n\n"
            pieces += [Piece(separator, gap, line.start), line.beyond(trim)]
            separator = "\n"
            was_deeper = True
        elif not line.content:
            if separator == "\n":
                pieces.append(Piece("\n", gap, line.start))
            else:
                separator = "\n"
        else:
            pieces += [Piece(separator, gap, line.start), line.beyond(trim)]
            separator = " "
            was_deeper = False
    return pieces
