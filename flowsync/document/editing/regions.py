"""Whose lines are whose in a block collection: entries, the comments that belong to them, and what lies between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowsync.document.parsing.tree import Entry, Span

_LINE: Final = re.compile(r"( *)[^\n]*\n")


@dataclass(frozen=True, slots=True)
class Gap:
    """The lines above an entry: those that stay where they are, blank lines, and the entry's own comments."""

    floating: str
    separator: str
    attached: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with the lines above it. Its own lines go on to `end`: comments deeper than its mark are its own."""

    entry: Entry
    gap: Gap
    end: int
    column: int


@dataclass(frozen=True, slots=True)
class Region:
    """All lines of a block collection. `is_inline`: the first entry stands on the line of a dash.

    `tail` are the comments after the last entry.
    """

    start: int
    is_inline: bool
    entries: tuple[Placed, ...]
    tail: str

    @property
    def usual_separator(self) -> str:
        """The blank lines that most entries after the first have above them."""
        separators = [placed.gap.separator for placed in self.entries[1:]]
        return max(separators, key=separators.count, default="")


def after_value(text: str, span: Span) -> int:
    """The start of the line below a value and the comment beside it."""
    return span.end if _ends_with_line(text, span) else text.find("\n", span.end) + 1 or len(text)


def _ends_with_line(text: str, span: Span) -> bool:
    """Whether the last thing in a value is a block scalar, which takes its line end with it."""
    while span.entries and not span.in_flow:
        span = span.entries[-1].span
    return text[span.start : span.start + 1] in {"|", ">"} and not span.in_flow


def region_of(text: str, span: Span, limit: int, *, is_root: bool) -> Region:
    """The lines of a block collection whose last ones end at `limit`."""
    line = text.rfind("\n", 0, span.start) + 1
    is_inline = bool(text[line : span.start].strip(" "))
    start = span.start if is_inline else 0 if is_root and line == 0 else _below_content(text, line)
    placed: list[Placed] = []
    above = start
    for number, entry in enumerate(span.entries):
        mark = entry.start if number == 0 and is_inline else text.rfind("\n", 0, entry.start) + 1
        following = span.entries[number + 1 :]
        below = text.rfind("\n", 0, following[0].start) + 1 if following else limit
        end = _own_end(text, after_value(text, entry.span), below, span.column)
        placed.append(Placed(entry, _gap(text[above:mark], is_head=is_root and number == 0), end, span.column))
        above = end
    return Region(start, is_inline, tuple(placed), text[above:limit])


def _below_content(text: str, line: int) -> int:
    """The start of the highest of the blank and comment lines that stand right above `line`."""
    while line:
        above = text.rfind("\n", 0, line - 1) + 1
        content = text[above : line - 1].strip(" \t")
        if content and not content.startswith("#"):
            break
        line = above
    return line


def _own_end(text: str, start: int, limit: int, column: int) -> int:
    """Where the comments end that are indented deeper than the entry they follow."""
    end = start
    for line in _LINE.finditer(text, start, limit):
        if line[0].strip() and len(line[1]) > column:
            end = line.end()
    return end


def _gap(lines: str, *, is_head: bool) -> Gap:
    """Comments right above an entry are its own; what a blank line parts from it, and the head of a file, is not."""
    rows = [f"{row}\n" for row in lines.split("\n")[:-1]]
    if is_head:
        return Gap(lines, "", "")
    first = len(rows)
    while first and rows[first - 1].strip():
        first -= 1
    blank = first
    while blank and not rows[blank - 1].strip():
        blank -= 1
    return Gap("".join(rows[:blank]), "".join(rows[blank:first]), "".join(rows[first:]))
