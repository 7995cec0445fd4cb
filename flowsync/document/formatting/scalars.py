"""The lines of one value that is no block collection: kept as the author wrote them, but for their margin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.formatting.comments import is_block_scalar
from flowsync.document.formatting.gaps import STEP, Lines
from flowsync.document.formatting.order import ordered
from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.formatting.order import KeyOrder
    from flowsync.document.parsing.tree import Entry, Span

_KEEPS: Final = re.compile(r"[|>][1-9]?\+")
_INDENTATION_DIGIT: Final = re.compile(r"[|>][+-]?([1-9])")


def scalar_ranges(text: str, span: Span) -> list[tuple[int, int]]:
    """Where texts stand whose line ends, and the blanks before them, belong to what the author wrote."""
    if span.layout is Layout.SCALAR:
        return [(_body_start(text, span), span.end)]
    return [each for entry in span.entries for each in scalar_ranges(text, entry.span)]


def _body_start(text: str, span: Span) -> int:
    return text.index("\n", span.start) + 1 if is_block_scalar(text, span) else span.start


def value_lines(text: str, entry: Entry, end: int, column: int, order: KeyOrder) -> Lines:
    """The lines of an entry from its mark on, up to `end`, in a collection that comes to stand at `column`."""
    span = entry.span
    if is_block_scalar(text, span):
        body = _body_start(text, span)
        header = text[entry.start : body - 1].rstrip(" \t")
        return Lines(
            [header, *_block_scalar_lines(text, span, body, column)], _KEEPS.match(text, span.start) is not None
        )
    # Keys trade places within one line, so that the ranges below hold for the new text as well.
    source = text[entry.start : span.start] + flow_text(text, span, order) + text[span.end : end]
    ranges = [(start - entry.start, stop - entry.start) for start, stop in scalar_ranges(text, span)]
    return Lines(_other_lines(source, ranges, column - span.column))


def _block_scalar_lines(text: str, span: Span, body: int, column: int) -> list[str]:
    """The text two columns deeper than its key; a number after `|` says how deep it must stay."""
    lines = text[body : span.end].split("\n")[:-1]
    digit = _INDENTATION_DIGIT.match(text, span.start)
    if not any(map(str.strip, lines)):
        return [""] * len(lines) if _KEEPS.match(text, span.start) else []
    margins = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
    if digit:
        old, new = max(span.column, 0) + int(digit[1]), column + int(digit[1])
    else:
        old, new = margins[0], column + STEP
    return lines if old == new else [_moved_text(line, old, new) for line in lines]


def _moved_text(line: str, old: int, new: int) -> str:
    """A line of text with its margin moved; of one that holds only spaces those beyond the margin are text."""
    return f"{' ' * new}{line[old:]}" if line.strip(" ") or len(line) > old else ""


def _other_lines(source: str, ranges: list[tuple[int, int]], delta: int) -> list[str]:
    """Lines outside of block scalars; `ranges` are stretches of text whose line ends belong to them."""
    lines: list[str] = []
    at = 0
    for line in source.removesuffix("\n").split("\n"):
        at += len(line)
        is_text = any(start <= at < stop for start, stop in ranges)
        shown = line if is_text else line.rstrip(" \t")
        lines.append(_moved(shown, delta) if lines and shown.strip() else shown)
        at += 1
    return lines


def _moved(line: str, delta: int) -> str:
    margin = len(line) - len(line.lstrip(" "))
    return f"{' ' * max(margin + delta, 0)}{line[margin:]}"


def flow_text(text: str, span: Span, order: KeyOrder) -> str:
    """A collection in brackets with its keys in order, as far as it stands on one line."""
    if span.layout not in {Layout.FLOW, Layout.PAIR} or not span.entries:
        return text[span.start : span.end]
    pieces = [_flow_entry(text, entry, order) for entry in span.entries]
    bounds = [span.start, *(place for entry in span.entries for place in (entry.start, entry.span.end)), span.end]
    between = [text[start:stop] for start, stop in zip(bounds[::2], bounds[1::2], strict=True)]
    if not any("\n" in each for each in (*between, *pieces)):
        pieces = [pieces[index] for index in ordered(text, span, order)]
    return "".join(_alternating(between, pieces))


def _flow_entry(text: str, entry: Entry, order: KeyOrder) -> str:
    return text[entry.start : entry.span.start] + flow_text(text, entry.span, order.at(entry.key))


def _alternating(between: list[str], pieces: list[str]) -> Iterator[str]:
    for gap, piece in zip(between, [*pieces, ""], strict=True):
        yield gap
        yield piece
