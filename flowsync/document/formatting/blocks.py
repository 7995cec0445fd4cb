"""The lines of a collection by indentation, its entries in order and two columns deeper than what holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flowsync.document.formatting.comments import is_block_scalar
from flowsync.document.formatting.gaps import STEP, Lines, comment_lines, gap, moved_comments, without_leading_blank
from flowsync.document.formatting.order import ordered
from flowsync.document.formatting.scalars import value_lines
from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from flowsync.document.formatting.order import KeyOrder
    from flowsync.document.parsing.tree import Entry, Span


class _Placed(NamedTuple):
    """An entry with the lines above that lead it, and the offset after the comments below that belong to it."""

    entry: Entry
    lead: list[str]
    own_end: int
    end: int


def block_lines(  # noqa: PLR0917 - where a collection stands in both texts
    text: str, span: Span, column: int, begin: int, end: int, order: KeyOrder
) -> Lines:
    """The collection between the offsets `begin` and `end`, at `column`.

    `begin` is a line start, or where the first entry itself begins beside the dash of a list.
    """
    placed, tail = _placed(text, span, column, begin, end)
    head, first_lead = _parted(placed[0].lead)
    placed[0] = placed[0]._replace(lead=first_lead)
    done = Lines([*head, ""], is_open=True) if head else Lines([])
    for index in ordered(text, span, order):
        each = placed[index]
        more = _entry_lines(text, span, each, column, order)
        done = Lines([*done.lines, *done.above(each.lead), *more.lines], more.is_open)
    below = done.above(tail)
    return Lines([*done.lines, *below], done.is_open and not below)


def _placed(text: str, span: Span, column: int, begin: int, end: int) -> tuple[list[_Placed], list[str]]:
    """Every entry with what belongs to it, and the comments at the end that belong to the collection."""
    starts = [_first_line(text, entry, begin) for entry in span.entries]
    lead = comment_lines(text, gap(text, begin, starts[0], span.column).start, starts[0], column)
    placed = []
    for entry, following in zip(span.entries, [*starts[1:], end], strict=True):
        own_end = _own_end(text, entry.span)
        between = gap(text, own_end, following, span.column)
        placed.append(_Placed(entry, lead, own_end, between.middle))
        lead = comment_lines(text, between.middle, between.end, column)
    return placed, lead[:-1] if lead and not lead[-1] else lead


def _first_line(text: str, entry: Entry, begin: int) -> int:
    """The start of the entry's line; where the collection begins if that is on the same line."""
    return max(text.rfind("\n", 0, entry.start) + 1, begin)


def _own_end(text: str, span: Span) -> int:
    """The start of the line below the last line of a value."""
    if span.layout is Layout.BLOCK:
        return _own_end(text, span.entries[-1].span)
    return span.end if is_block_scalar(text, span) else text.index("\n", span.end) + 1


def _parted(lead: list[str]) -> tuple[list[str], list[str]]:
    """What stands at the head of a collection, and what belongs to its first entry: a blank line parts them."""
    lines = without_leading_blank(lead)
    blanks = [index for index, line in enumerate(lines) if not line]
    return (lines[: blanks[-1]], lines[blanks[-1] + 1 :]) if blanks else ([], lines)


def _entry_lines(text: str, span: Span, placed: _Placed, column: int, order: KeyOrder) -> Lines:
    """An entry's own lines, and above them comments that stood beside its dash no longer."""
    entry, margin = placed.entry, " " * column
    inner = order.at(entry.key)
    if entry.span.layout is not Layout.BLOCK:
        (first, *rest), is_open = value_lines(text, entry, placed.own_end, column, inner)
        below = Lines(["."], is_open).above(_comments_below(text, span, placed, column))
        return Lines([f"{margin}{_mark(first, entry)}", *rest, *below], is_open and not below)
    begin = text.index("\n", entry.after_mark) + 1
    if entry.span.entries[0].start < begin:
        return _beside_dash(text, placed, column, inner)
    header = text[entry.start : begin - 1].rstrip(" \t")
    lines, is_open = block_lines(text, entry.span, column + STEP, begin, placed.end, inner)
    return Lines([f"{margin}{_mark(header, entry)}", *lines], is_open)


def _comments_below(text: str, span: Span, placed: _Placed, column: int) -> list[str]:
    """The comments below a value that is no collection: never where they would be taken for lines of its text."""
    if is_block_scalar(text, placed.entry.span):
        return comment_lines(text, placed.own_end, placed.end, column)
    return moved_comments(text, placed.own_end, placed.end, column - span.column)


def _mark(line: str, entry: Entry) -> str:
    """The first line of an entry; one space after the dash of a list."""
    if isinstance(entry.key, str) or line == "-":
        return line
    return f"- {line[1:].lstrip(' ')}"


def _beside_dash(text: str, placed: _Placed, column: int, order: KeyOrder) -> Lines:
    """A collection whose first entry stands beside the dash; what leads that entry now goes above the dash."""
    span = placed.entry.span
    lines, is_open = block_lines(text, span, column + STEP, span.entries[0].start, placed.end, order)
    first = next(index for index, line in enumerate(lines) if line and line[column + STEP] != "#")
    above = [f"{line[STEP:]}" for line in lines[:first]]
    return Lines([*above, f"{' ' * column}- {lines[first][column + STEP :]}", *lines[first + 1 :]], is_open)
