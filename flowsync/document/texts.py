"""New text in the place of an old one, in the style that the author chose for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from flowsync.document import parse, same
from flowsync.document.dumping import double_quoted, fits_block, flow_text, is_printable, needs_quotes, scalar_lines
from flowsync.document.tree import pieces_of
from flowsync.ends import equal_ends
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.document.rewriting import Style
    from flowsync.document.tree import Piece, Span
    from flowsync.model import JsonValue

_TOKEN: Final = re.compile(r"[A-Za-z0-9_]+|.", re.DOTALL)
_BREAKS: Final = re.compile(r"\n+")
_BREAK: Final = re.compile(r"\n(?!\n)")
_FOLD: Final = re.compile(r"(?<=[^ ]) (?=[^ ])")
_HEADER: Final = re.compile(r"([|>])([1-9+-]*)([^\n]*)\n")
_COMPARED_AT_MOST: Final = 1_000_000
"""Where more words meet, old times new, the stretch between the first and the last change is replaced whole."""
_USUAL_WIDTH: Final = 100
_LEAST_WIDTH: Final = 20


@dataclass(frozen=True, slots=True)
class Unit:
    """A word or mark of a text, and the stretch of source it was read from."""

    text: str
    start: int
    end: int


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
    return fresh_scalar(site, value)


def is_block_scalar(scalar: str) -> bool:
    """Whether the text of a scalar is one after `|` or `>`, which ends with its line end."""
    return scalar[:1] in {"|", ">"} and scalar.endswith("\n")


def fresh_scalar(site: Site, value: JsonValue) -> str:
    """A scalar or empty collection written without regard to what was there."""
    if site.span.in_flow:
        return flow_text(value, like_json=site.like_json)
    lines = scalar_lines(value, site.span.column, site.style)
    return lines[0] if len(lines) == 1 else "\n".join([*lines, ""])


def _candidates(site: Site, value: JsonValue) -> Iterator[str]:
    if not isinstance(value, str) or not isinstance(site.span.value, str):
        return
    gains_lines = value.count("\n") > site.span.value.count("\n")
    match site.mark:
        case "|" | ">" if not site.span.in_flow:
            if fits_block(value):
                yield from _spliced_block(site, value)
                yield from _whole_block(site, value)
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


def _units(pieces: Sequence[Piece]) -> list[Unit]:
    units: list[Unit] = []
    for piece in pieces:
        if piece.end - piece.start == len(piece.text):
            tokens = _TOKEN.finditer(piece.text)
            units += [Unit(each[0], piece.start + each.start(), piece.start + each.end()) for each in tokens]
        elif piece.text:
            units.append(Unit(piece.text, piece.start, piece.end))
    return units


def _splice(site: Site, units: list[Unit], start: int, end: int, value: str) -> str:
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


def _spliced_block(site: Site, value: str) -> Iterator[str]:
    header = _HEADER.match(site.source)
    units = _units(pieces_of(site.text, site.span))
    old = "".join(unit.text for unit in units)
    while units and not units[-1].text.strip("\n"):
        units.pop()
    if header is None or not units:
        return
    body, kept = value.rstrip("\n"), len(old) - len(old.rstrip("\n"))
    wanted = len(value) - len(body)
    begin = site.span.start + header.end()
    text = _splice(site, units, begin, units[-1].end, body)
    if wanted == kept:
        yield f"{header[0]}{text}{site.text[units[-1].end : site.span.end]}"
    else:
        digit = re.sub(r"[+-]", "", header[2])
        blanks = "\n" * (wanted - 1)
        yield f"{header[1]}{digit}{_chomping(wanted)}{header[3]}\n{text}\n{blanks}"


def _chomping(breaks: int) -> str:
    return ("-", "")[breaks] if breaks < 2 else "+"  # noqa: PLR2004 - none, one, or more line ends


def _whole_block(site: Site, value: str) -> Iterator[str]:
    """The whole text anew under the old header, in the old column; folded text as wide as it was."""
    header = _HEADER.match(site.source)
    body = value.rstrip("\n")
    if header is None or not body:
        return
    breaks = len(value) - len(body)
    margin = " " * site.margin
    digit = re.sub(r"[+-]", "", header[2])
    if header[1] == ">":
        width = max((len(line) for line in site.source.split("\n")[1:]), default=_USUAL_WIDTH)
        body = _folded(body, max(width - site.margin, _LEAST_WIDTH))
    lines = [f"{margin}{line}" if line else "" for line in body.split("\n")]
    top = f"{header[1]}{digit}{_chomping(breaks)}{header[3]}"
    yield "\n".join([top, *lines, *([""] * max(breaks, 1))])


def _folded(text: str, width: int) -> str:
    """Text as it stands after `>`: a line end more where there is one, and lines broken at single spaces."""
    lines = _BREAKS.sub(lambda found: f"{found[0]}\n", text).split("\n")
    return "\n".join(part for line in lines for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    row = ""
    for word in _FOLD.split(line):
        if row and len(row) + 1 + len(word) > width:
            yield row
            row = word
        else:
            row = f"{row} {word}" if row else word
    yield row
