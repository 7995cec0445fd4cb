"""New text in the place of an old one, in the style that the author chose for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq
from typing import TYPE_CHECKING, Final

from flowsync.document import parse, same
from flowsync.document.dumping import (
    double_quoted,
    fits_block,
    flow_text,
    is_printable,
    needs_quotes,
    scalar_lines,
    wrapped,
)
from flowsync.document.tree import Piece, pieces_of
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.document.dumping import Style
    from flowsync.document.tree import Span
    from flowsync.model import JsonValue

_TOKEN: Final = re.compile(r"[A-Za-z0-9_]+|.", re.DOTALL)
_BREAKS: Final = re.compile(r"\n+")
_BREAK: Final = re.compile(r"\n(?!\n)")
_HEADER: Final = re.compile(r"([|>])([1-9+-]*)([^\n]*)\n")
_COMPARED_AT_MOST: Final = 1_000_000
"""Where more words meet, old times new, the stretch between the first and the last change is replaced whole."""
_USUAL_WIDTH: Final = 100
_LEAST_WIDTH: Final = 20


@dataclass(frozen=True, slots=True)
class Site:
    """The scalar to be replaced, and the whole text it stands in; `like_json`: among brackets, with all in quotes."""

    text: str
    span: Span
    style: Style
    like_json: bool = False

    @property
    def source(self) -> str:
        """How the scalar is written."""
        return self.text[self.span.start : self.span.end]

    @property
    def mark(self) -> str:
        """The first character, which tells the style."""
        return self.source[:1]

    @property
    def margin(self) -> int:
        """The column of its further lines."""
        if self.mark in "|>":
            body = self.source.partition("\n")[2]
            first = next((line for line in body.split("\n") if line.strip(" ")), "")
            if first:
                return len(first) - len(first.lstrip(" "))
        return max(self.span.column, 0) + max(self.style.mapping, 2)


def new_scalar(site: Site, value: JsonValue) -> str:
    """The text of `value` for the place of an old scalar; a block scalar ends with its line end.

    The author's style is kept where it can hold the value, and in it every line that need not change.
    """
    for candidate in _candidates(site, value):
        if _reads_back(site, candidate, value):
            return candidate
    if site.span.in_flow:
        return flow_text(value, like_json=site.like_json)
    lines = scalar_lines(value, site.span.column, site.style)
    return lines[0] if len(lines) == 1 else "\n".join([*lines, ""])


def is_block_scalar(scalar: str) -> bool:
    """Whether the text of a scalar is one after `|` or `>`, which ends with its line end."""
    return scalar[:1] in {"|", ">"} and scalar.endswith("\n")


def _candidates(site: Site, value: JsonValue) -> Iterator[str]:
    if not isinstance(value, str) or not isinstance(site.span.value, str):
        return
    gains_lines = value.count("\n") > site.span.value.count("\n")
    match site.mark:
        case "|" | ">" if not site.span.in_flow:
            if fits_block(value):
                yield from _block_texts(site, value)
        case _ if gains_lines and not site.span.in_flow and fits_block(value):
            return
        case "'":
            if is_printable(value) and "\t" not in value:
                yield _spliced(site, value)
                yield "'" + value.replace("'", "''") + "'"
        case '"':
            yield _spliced(site, value)
            yield double_quoted(value)
        case _:
            if not needs_quotes(value.replace("\n", " ")):
                yield _spliced(site, value)
                yield value


def _reads_back(site: Site, candidate: str, value: JsonValue) -> bool:
    """Whether the candidate, in a place like the site's, is read as the value, and by every parser."""
    end = "" if candidate.endswith("\n") else "\n"
    opening, closing = ("[", "]") if site.span.in_flow else ("", "")
    key = f"{' ' * site.span.column}k: " if site.span.column >= 0 else ""
    try:
        read = parse(f"{key}{opening}{candidate}{closing}{end}")
    except DocumentError:
        return False
    wanted: JsonValue = [value] if site.span.in_flow else value
    return not read.warnings and same(read.value, {"k": wanted} if key else wanted)


def _spliced(site: Site, value: str) -> str:
    return _splice(site, _units(pieces_of(site.text, site.span)), site.span.start, site.span.end, value)


def _units(pieces: Sequence[Piece]) -> list[Piece]:
    units: list[Piece] = []
    for piece in pieces:
        if piece.end - piece.start == len(piece.text):
            tokens = _TOKEN.finditer(piece.text)
            units += [Piece(each[0], piece.start + each.start(), piece.start + each.end()) for each in tokens]
        elif piece.text:
            units.append(Piece(piece.text, piece.start, piece.end))
    return units


def _splice(site: Site, units: list[Piece], start: int, end: int, value: str) -> str:
    """The source from `start` to `end`, with only those words replaced that differ."""
    if not units:
        inner = site.text[start:end]
        return f"{inner[:1]}{_encoded(site, value)}{inner[1:]}"
    parts: list[str] = []
    at = start
    for first, after, words in _differences([unit.text for unit in units], _TOKEN.findall(value)):
        begin = units[first].start if first < len(units) else units[-1].end
        stop = begin if first == after else units[after].start if after < len(units) else units[-1].end
        parts += [site.text[at:begin], _encoded(site, words)]
        at = stop
    return "".join([*parts, site.text[at:end]])


def equal_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many items are equal at the beginning, and how many of the rest at the end."""
    head = sum(takewhile(bool, map(eq, old, new)))
    return head, sum(takewhile(bool, map(eq, reversed(old[head:]), reversed(new[head:]))))


def _differences(old: list[str], new: list[str]) -> Iterator[tuple[int, int, str]]:
    """From where to where in `old` something else is to stand, and what."""
    head, tail = equal_ends(old, new)
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old_middle and not new_middle:
        return
    if len(old_middle) * len(new_middle) > _COMPARED_AT_MOST:
        yield head, head + len(old_middle), "".join(new_middle)
        return
    for kind, i, j, k, m in SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes():
        if kind != "equal":
            yield head + i, head + j, "".join(new_middle[k:m])


def _encoded(site: Site, text: str) -> str:
    """Some characters as the style of the site writes them."""
    margin = " " * site.margin
    match site.mark:
        case '"':
            return double_quoted(text)[1:-1]
        case "|" if not site.span.in_flow:
            return _BREAK.sub(f"\n{margin}", text)
        case mark:
            text = text.replace("'", "''") if mark == "'" else text
            return _BREAKS.sub(lambda found: f"{found[0]}\n{margin}", text)


def _block_texts(site: Site, value: str) -> Iterator[str]:
    """A text under the old header: with only those words replaced that differ, and all of it anew in the old column."""
    header = _HEADER.match(site.source)
    if header is None:
        return
    body = value.rstrip("\n")
    breaks = len(value) - len(body)
    chomping = ("-", "", "+")[min(breaks, 2)]
    top = f"{header[1]}{header[2].strip('+-')}{chomping}{header[3]}"
    ends = [""] * max(breaks, 1)
    units = _units(pieces_of(site.text, site.span))
    old = "".join(unit.text for unit in units)
    while units and not units[-1].text.strip("\n"):
        units.pop()
    if units:
        text = _splice(site, units, site.span.start + header.end(), units[-1].end, body)
        if breaks == len(old) - len(old.rstrip("\n")):
            yield f"{header[0]}{text}{site.text[units[-1].end : site.span.end]}"
        else:
            yield "\n".join([top, text, *ends])
    if header[1] == ">":
        width = max((len(line) for line in site.source.split("\n")[1:]), default=_USUAL_WIDTH)
        lines = _BREAKS.sub(lambda found: f"{found[0]}\n", body).split("\n")
        room = max(width - site.margin, _LEAST_WIDTH)
        body = "\n".join(part for line in lines for part in wrapped(line, room))  # as wide as it was
    margin = " " * site.margin
    yield "\n".join([top, *(f"{margin}{line}" if line else "" for line in body.split("\n")), *ends])
