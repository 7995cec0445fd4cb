"""Formats a text: one canonical form that keeps every value as its author wrote it, and every comment.

Lines move with their keys and get another margin; nothing is rewritten. The result is always read again and must
say the same with the same comments, else the text is left as it is and the reason given.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document import parse, same
from flowsync.document.refusals import failure, locate
from flowsync.document.tree import Layout, comments_end, line_below, text_start, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.document.tree import Entry, Span, Tree

_MODELINE: Final = re.compile(r"#[ \t]*yaml-language-server:")
_PREFIX: Final = re.compile(r"(?:(?:%[^\n]*|[ \t]*(?:#[^\n]*)?)\n)*---[ \t]*(?:(?<=[ \t])#[^\n]*)?\n")
_SUFFIX: Final = re.compile(r"^\.\.\.(?=[ \t\n])", re.MULTILINE)
_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_NO_COMMENT: Final = re.compile(r"^[ \t]*[^ \t#\n]", re.MULTILINE)
_KEEPS: Final = re.compile(r"[|>][1-9]?\+")
_INDENTATION_DIGIT: Final = re.compile(r"[|>][+-]?([1-9])")
_STEP: Final = 2
"""Columns that a collection, or a text in lines of its own, is deeper than the key above it."""


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """The order of a mapping's keys: those of `first`, then all others as the author has them, then those of `last`.

    `inside` holds the order of what is at a key, if that is a list of each of its items; `others` that of
    what is at any other key.
    """

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    inside: Mapping[str, KeyOrder] = field(default_factory=dict)
    others: KeyOrder | None = None

    def at(self, key: str | int) -> KeyOrder:
        """The order of the keys inside a value: by its key, or for an item by the key of its list."""
        if isinstance(key, int):
            return self
        return self.inside.get(key) or self.others or KeyOrder()

    def rank(self, key: str | int) -> int:
        """The rank of a key; that of a list item is the same for all."""
        if key in self.first:
            return self.first.index(str(key))
        return len(self.first) + 1 + (self.last.index(str(key)) if key in self.last else -1)


@dataclass(eq=False)
class _UnformattableError(Exception):
    """A place that cannot be formatted; `reason` completes "the file is left as it is: …"."""

    offset: int
    reason: str


class _Lines(NamedTuple):
    """Formatted lines; `is_open`: a blank line below them would become part of their text (`|+`)."""

    lines: list[str]
    is_open: bool = False

    def above(self, lead: list[str]) -> list[str]:
        """Lines to put first, without a blank line at the top or below open text."""
        return _without_leading_blank(lead) if self.is_open or not self.lines else lead


class _Placed(NamedTuple):
    """An entry with the lines above that lead it, the offset below its value, and that below its own comments."""

    entry: Entry
    lead: list[str]
    below: int
    end: int


def formatted(text: str, name: str, order: KeyOrder) -> str:
    """The text in canonical form: `order` of keys, two columns a level, line feeds, one blank line at most in a row.

    Raises DocumentError, with the place, for what cannot be read, and `unformattable` for a text that cannot be put
    in form without touching what it says or one of its comments.
    """
    tree = tree_of(text)
    if tree is None:
        parse(text, name)
    assert tree is not None  # noqa: S101 - what has no tree cannot be parsed
    try:
        result = _in_form(tree, order)
        _require_same(tree, tree_of(result))
    except _UnformattableError as error:
        raise failure(
            locate(name, tree.text, error.offset),
            "unformattable",
            f"The file is left as it is: {error.reason}.",
            "Write this place in a plainer way, or order the file by hand.",
        ) from None
    return result


def _require_same(before: Tree, after: Tree | None) -> None:
    """The final check: whatever goes wrong, no file changes its value or its comments."""
    if after is None or not same(after.root.value, before.root.value) or _comments(after) != _comments(before):
        raise _UnformattableError(0, "its lines cannot be put in order without changing what they say")


def _in_form(tree: Tree, order: KeyOrder) -> str:
    text, root = tree.text, tree.root
    if root.layout is not Layout.BLOCK:
        return "\n".join([*_other_lines(text, _text_ranges(text, root), 0), ""])
    prefix = _PREFIX.match(text, 0, root.start)
    begin = prefix.end() if prefix else 0
    suffix = _SUFFIX.search(text, root.end)
    end = suffix.start() if suffix else len(text)
    lines = _block_lines(text, root, 0, begin, end, order).lines
    if _MODELINE.search(text, begin, root.start):
        # The editor's line about the schema belongs at the top; it is above the first key, at the margin.
        at = next(index for index, line in enumerate(lines) if _MODELINE.match(line))
        modeline = lines.pop(at)
        if lines[at : at + 1] == [""] and (at == 0 or not lines[at - 1]):
            del lines[at]
        lines = [modeline, *_without_leading_blank(lines)]
    above, below = (_collapsed(part.split("\n")[:-1]) for part in (text[:begin], text[end:]))
    return "\n".join([*_without_leading_blank(above), *lines, *below, ""])


def _comments(tree: Tree) -> Counter[str]:
    """How often each comment is in a text; blanks at its end do not count."""
    found: Counter[str] = Counter()
    at = 0
    for start, end in [*_marks_and_values(tree.text, tree.root), (len(tree.text), 0)]:
        found.update(each[0].rstrip() for each in _COMMENT.finditer(tree.text, at, start))
        at = end
    return found


def _marks_and_values(text: str, span: Span) -> Iterator[tuple[int, int]]:
    """Where keys, dashes and values are, in the order of the text: no comment can begin inside them."""
    if span.layout in {Layout.SCALAR, Layout.ALIAS}:
        yield text.index("\n", span.start) if span.is_block_text else span.start, span.end
    for entry in span.entries:
        yield entry.start, max(entry.start, entry.after_mark)
        yield from _marks_and_values(text, entry.span)


def _block_lines(  # noqa: PLR0917 - where a collection is in both texts
    text: str, span: Span, column: int, begin: int, end: int, order: KeyOrder
) -> _Lines:
    """The collection between the offsets `begin` and `end`, its entries in order, at `column`.

    `begin` is a line start, or the start of the first entry if that is on the line of a dash.
    """
    placed, tail = _placed(text, span, column, begin, end)
    lead = _without_leading_blank(placed[0].lead)
    blank = max((index for index, line in enumerate(lead) if not line), default=-1)
    placed[0] = placed[0]._replace(lead=lead[blank + 1 :])
    # Above the last blank line is the head of the collection, which stays there whichever entry comes first.
    done = _Lines(lead[: blank + 1], is_open=True)
    for index in _ordered(span, order):
        each = placed[index]
        more = _entry_lines(text, span, each, column, order)
        done = _Lines([*done.lines, *done.above(each.lead), *more.lines], more.is_open)
    below = done.above(tail)
    return _Lines([*done.lines, *below], done.is_open and not below)


def _placed(text: str, span: Span, column: int, begin: int, end: int) -> tuple[list[_Placed], list[str]]:
    """Every entry with its lines, and the comments at the end that belong to the collection."""
    starts = [max(text.rfind("\n", 0, entry.start) + 1, begin) for entry in span.entries]
    belows = [line_below(text, entry.span) for entry in span.entries]
    for after, before in zip([begin, *belows], [*starts, end], strict=True):
        if found := _NO_COMMENT.search(text, after, before):
            raise _UnformattableError(found.start(), "an anchor or a tag is on a line of its own")
    lead = _comment_lines(text, begin, starts[0], column)
    placed = []
    for entry, below, following in zip(span.entries, belows, [*starts[1:], end], strict=True):
        own_end = comments_end(text, below, following, span.column)
        placed.append(_Placed(entry, lead, below, own_end))
        lead = _comment_lines(text, own_end, following, column)
    return placed, lead[:-1] if lead and not lead[-1] else lead


def _entry_lines(text: str, span: Span, placed: _Placed, column: int, order: KeyOrder) -> _Lines:
    """An entry's lines, below the comments that no longer fit on the line of its dash."""
    entry, margin, inner = placed.entry, " " * column, order.at(placed.entry.key)
    if entry.key_span is not None and entry.key_span.outer != entry.start:
        raise _UnformattableError(entry.start, "a key is marked with ?")
    if entry.span.layout is not Layout.BLOCK:
        (top, *rest), is_open = _value_lines(text, entry, placed.below, column, inner)
        delta = None if entry.span.is_block_text else column - span.column
        below = _comment_lines(text, placed.below, placed.end, column, delta)
        below = _without_leading_blank(below) if is_open else below
        return _Lines([f"{margin}{_marked(top, entry)}", *rest, *below], is_open and not below)
    begin = text.index("\n", entry.after_mark) + 1
    if entry.span.entries[0].start >= begin:
        header = text[entry.start : begin - 1].rstrip(" \t")
        lines, is_open = _block_lines(text, entry.span, column + _STEP, begin, placed.end, inner)
        return _Lines([f"{margin}{_marked(header, entry)}", *lines], is_open)
    # The first entry is on the line of the dash: what leads that entry now goes above the dash.
    lines, is_open = _block_lines(text, entry.span, column + _STEP, entry.span.entries[0].start, placed.end, inner)
    first = next(index for index, line in enumerate(lines) if line and line[column + _STEP] != "#")
    above = [line[_STEP:] for line in lines[:first]]
    return _Lines([*above, f"{margin}- {lines[first][column + _STEP :]}", *lines[first + 1 :]], is_open)


def _marked(line: str, entry: Entry) -> str:
    """The first line of an entry; one space after the dash of a list."""
    return line if isinstance(entry.key, str) or line == "-" else f"- {line[1:].lstrip(' ')}"


def _ordered(span: Span, order: KeyOrder) -> list[int]:
    """The indices of a collection's entries in their order; no alias comes before its anchor."""
    indices = list(range(len(span.entries)))
    if isinstance(span.value, list):
        return indices
    by_rank = sorted(indices, key=lambda index: order.rank(span.entries[index].key))
    names = [tuple(entry.names()) for entry in span.entries]
    placed: dict[int, None] = {}

    def place(index: int) -> None:
        """Place an entry right after those above it that it is bound to, at the latest."""
        for above in by_rank:
            if above < index and above not in placed and _binds(names[above], names[index]):
                place(above)
        placed[index] = None

    for index in by_rank:
        if index not in placed:
            place(index)
    return list(placed)


def _binds(above: Sequence[tuple[str | None, bool]], below: Sequence[tuple[str | None, bool]]) -> bool:
    """Whether an entry must stay below another one: both use one name, and one of them defines it."""
    return any(
        name == other and (is_anchor or is_other_anchor)
        for name, is_anchor in above
        for other, is_other_anchor in below
    )


def _text_ranges(text: str, span: Span) -> list[tuple[int, int]]:
    """The ranges of texts whose line ends, and the blanks before them, must stay."""
    if span.layout is Layout.SCALAR:
        return [(text_start(text, span), span.end)]
    return [each for entry in span.entries for each in _text_ranges(text, entry.span)]


def _value_lines(text: str, entry: Entry, end: int, column: int, order: KeyOrder) -> _Lines:
    """The lines of an entry from its mark on, up to `end`, in a collection that moves to `column`."""
    span = entry.span
    if span.is_block_text:
        body = text_start(text, span)
        header = text[entry.start : body - 1].rstrip(" \t")
        keeps = _KEEPS.match(text, span.start) is not None
        return _Lines([header, *_block_text_lines(text, span, body, column)], keeps)
    # Keys trade places within one line, so that the ranges below hold for the new text as well.
    source = text[entry.start : span.start] + _flow_text(text, span, order) + text[span.end : end]
    ranges = [(start - entry.start, stop - entry.start) for start, stop in _text_ranges(text, span)]
    return _Lines(_other_lines(source, ranges, column - span.column))


def _block_text_lines(text: str, span: Span, body: int, column: int) -> list[str]:
    """The text two columns deeper than its key; a number after `|` says how deep it must stay."""
    lines = text[body : span.end].split("\n")[:-1]
    margins = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
    if not any(map(str.strip, lines)):
        return [""] * len(lines) if _KEEPS.match(text, span.start) else []
    digit = _INDENTATION_DIGIT.match(text, span.start)
    old = max(span.column, 0) + int(digit[1]) if digit else margins[0]
    new = column + (int(digit[1]) if digit else _STEP)
    if old == new:
        return lines
    # Of a line that holds only spaces those beyond the margin are text.
    return [f"{' ' * new}{line[old:]}" if line.strip(" ") or len(line) > old else "" for line in lines]


def _other_lines(source: str, ranges: list[tuple[int, int]], delta: int) -> list[str]:
    """Lines outside of block texts, moved by `delta`; `ranges` are stretches of text that line ends belong to."""
    lines: list[str] = []
    at = 0
    for line in source.removesuffix("\n").split("\n"):
        at += len(line)
        is_text = any(start <= at < stop for start, stop in ranges)
        shown = line if is_text else line.rstrip(" \t")
        margin = len(shown) - len(shown.lstrip(" "))
        lines.append(f"{' ' * max(margin + delta, 0)}{shown[margin:]}" if lines and shown.strip() else shown)
        at += 1
    return lines


def _flow_text(text: str, span: Span, order: KeyOrder) -> str:
    """A collection in brackets with its keys in order, as far as it is on one line."""
    if span.layout not in {Layout.FLOW, Layout.PAIR} or not span.entries:
        return text[span.start : span.end]
    entries = [
        text[entry.start : entry.span.start] + _flow_text(text, entry.span, order.at(entry.key))
        for entry in span.entries
    ]
    ends = [span.start, *(entry.span.end for entry in span.entries)]
    starts = [*(entry.start for entry in span.entries), span.end]
    between = [text[start:stop] for start, stop in zip(ends, starts, strict=True)]
    if not any("\n" in each for each in (*between, *entries)):
        entries = [entries[index] for index in _ordered(span, order)]
    return between[0] + "".join(f"{entry}{after}" for entry, after in zip(entries, between[1:], strict=True))


def _comment_lines(text: str, start: int, end: int, column: int, delta: int | None = None) -> list[str]:
    """The comments of a stretch of whole lines, with at most one blank line in a row.

    They are put at `column`, or are moved by `delta` where their own columns must not become fewer.
    """
    lines = [line.rstrip(" \t") for line in text[start:end].split("\n")[:-1]]
    columns = [column if delta is None else len(line) - len(line.lstrip()) + delta for line in lines]
    return _collapsed([f"{' ' * at}{line.lstrip()}" if line else "" for at, line in zip(columns, lines, strict=True)])


def _collapsed(lines: list[str]) -> list[str]:
    """The lines without blanks at their ends, and with at most one blank line in a row."""
    stripped = [line.rstrip(" \t") for line in lines]
    return [line for index, line in enumerate(stripped) if line or index == 0 or stripped[index - 1]]


def _without_leading_blank(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines
