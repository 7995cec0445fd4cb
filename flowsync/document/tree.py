"""Finds the place of everything in a text: the tree of its values, for messages and edits."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from flowsync.document.guard import HEAD, PROPERTIES
from flowsync.document.libyaml import normalised
from flowsync.document.reader import Reader
from flowsync.document.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.libyaml import Event
    from flowsync.document.reader import Context
    from flowsync.model import JsonValue, ValuePath

_BETWEEN_ENTRIES: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)* *")
_COLON: Final = re.compile(r"[ \t]*:")
_COLON_BELOW: Final = re.compile(rf"{_BETWEEN_ENTRIES.pattern}:")
"""The colon of a key that is marked with `?`."""
_COMMENT_LINE: Final = re.compile(r"^( *)[ \t]*[^ \t\n][^\n]*\n", re.MULTILINE)


class Layout(Enum):
    """How a value is written."""

    EMPTY = "nothing at all"
    SCALAR = "a scalar in any style"
    ALIAS = "*name"
    BLOCK = "a collection by indentation"
    FLOW = "a collection in brackets"
    PAIR = "a mapping of one key without braces, in a list in brackets"


@dataclass(frozen=True, slots=True)
class Span:
    """One value in the text.

    `start` is after its anchor and tag, which begin at `outer`; `end` is after its last character, before any comment.
    A block text (after `|` or `>`) ends at the start of the line after it. `column` is where the entries of a block
    collection are, and of any other value the column of the block collection around it (-1: none), which its further
    lines must exceed. `anchor` is the name it is given; `target` what an alias stands for.
    """

    value: JsonValue
    layout: Layout
    start: int
    end: int
    column: int
    in_flow: bool
    outer: int = 0
    entries: tuple[Entry, ...] = ()
    anchor: str | None = None
    target: Span | None = None
    is_block_text: bool = False

    def names(self) -> Iterator[tuple[str | None, bool]]:
        """The name of every anchor and alias in it, and whether it is an anchor."""
        if self.anchor is not None:
            yield self.anchor, True
        if self.target is not None:
            yield self.target.anchor, False
        for entry in self.entries:
            yield from entry.names()


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list or key of a mapping.

    `start` is where its dash, key or value begins, or the anchor or tag of its key; `after_mark` is the offset after
    the dash or colon.
    """

    key: str | int
    start: int
    after_mark: int
    span: Span
    key_span: Span | None = None

    def names(self) -> Iterator[tuple[str | None, bool]]:
        """The names in it, the key included."""
        if self.key_span is not None:
            yield from self.key_span.names()
        yield from self.span.names()


@dataclass(frozen=True, slots=True)
class Tree:
    """A text as it is read, every line ended by a line feed, and the span of all it says.

    What was looked up is kept: a file with one problem often has many.
    """

    text: str
    root: Span
    _entries: dict[int, dict[str | int, Entry]] = field(default_factory=dict)
    _pieces: dict[int, tuple[list[Piece], list[int]]] = field(default_factory=dict)

    def find(self, path: ValuePath) -> tuple[Span, int]:
        """The span of the value at `path`, or of the nearest one around it, and where its key begins.

        If the path ends at an alias, the span is that of the alias; for a value without a key its own start is given.
        """
        span, key_start = self.root, self.root.start
        for part in path:
            collection = span.target or span
            if id(collection) not in self._entries:
                self._entries[id(collection)] = {entry.key: entry for entry in collection.entries}
            entry = self._entries[id(collection)].get(part)
            if entry is None:
                break
            span, key_start = entry.span, (entry.key_span or entry.span).start
        return span, key_start

    def character_start(self, path: ValuePath, offset: int) -> int:
        """Where the character at `offset` of the text at `path` is written, as `Document.offset_location` has it."""
        span = self.find(path)[0]
        said = span.target or span
        if said.layout is not Layout.SCALAR or not isinstance(said.value, str):
            return span.start
        if said.start not in self._pieces:
            pieces = pieces_of(self.text, said)
            self._pieces[said.start] = pieces, [*accumulate(len(piece.text) for piece in pieces)]
        pieces, ends = self._pieces[said.start]
        index = bisect_right(ends, offset)
        if index < len(ends):
            characters, start, end = pieces[index]
            return start + (offset - ends[index] + len(characters) if end - start == len(characters) else 0)
        return pieces[-1].end if ends and offset == ends[-1] else span.start


@lru_cache(maxsize=16)
def tree_of(text: str) -> Tree | None:
    """The tree of a text; None for a text that only JSON reads."""
    try:
        lines = normalised(text)
        reader = _TreeReader(lines)
        reader.read()
    except (Refusal, yaml.YAMLError):
        return None
    if reader.spans:
        return Tree(lines, reader.spans[0])
    end = reader.at or _end_of(_BETWEEN_ENTRIES, lines, 0)
    return Tree(lines, Span(None, Layout.EMPTY, end, end, -1, in_flow=False))


class _TreeReader(Reader):
    """A reader that notes places: it puts spans on a stack, and a collection takes its own off."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.spans: list[Span] = []
        self._anchored: dict[str, Span] = {}

    def scalar(self, event: Event, around: Context, usual: frozenset[str]) -> JsonValue:
        value = super().scalar(event, around, usual)
        start = end = event.start_mark.index
        is_block_text = event.style in {"|", ">"}
        if start != event.end_mark.index:
            end = self.at
            start = min(_end_of(HEAD, self.text, self._after_names(event)), end)
        if is_block_text:
            end = _without_blank_lines(self.text, start, end)
        layout = Layout.SCALAR if start < end else Layout.EMPTY
        span = Span(value, layout, start, end, around.column, around.in_flow, is_block_text=is_block_text)
        self._push(span, event)
        return value

    def alias(self, event: Event, around: Context) -> JsonValue:
        value = super().alias(event, around)
        start, target = event.start_mark.index, self._anchored[str(event.anchor)]
        self._push(Span(value, Layout.ALIAS, start, self.at, around.column, around.in_flow, target=target), event)
        return value

    def collection(self, event: Event, around: Context) -> JsonValue:
        first = len(self.spans)
        value = super().collection(event, around)
        spans = self.spans[first:]
        del self.spans[first:]
        start = self._after_names(event)
        if event.flow_style:
            items = (Entry(index, span.outer, span.outer, span) for index, span in enumerate(spans))
            entries = tuple(self._keys(value, spans) if isinstance(value, dict) else items)
            layout = Layout.FLOW if self.text[start] in "[{" else Layout.PAIR
            end = self.at if layout is Layout.FLOW else entries[-1].span.end
            span = Span(value, layout, start, end, around.column, in_flow=True, entries=entries)
        else:
            start = _end_of(_BETWEEN_ENTRIES, self.text, start)
            column = start - self.text.rfind("\n", 0, start) - 1
            entries = tuple(self._keys(value, spans) if isinstance(value, dict) else self._dashes(spans, start))
            span = Span(value, Layout.BLOCK, start, entries[-1].span.end, column, in_flow=False, entries=entries)
        self._push(span, event)
        return value

    def _push(self, span: Span, event: Event) -> None:
        anchor = None if span.target else event.anchor
        span = replace(span, outer=event.start_mark.index, anchor=anchor)
        self.spans.append(span)
        if anchor:
            self._anchored[anchor] = span

    def _after_names(self, event: Event) -> int:
        """The offset after the anchor and the tag of an event."""
        start = event.start_mark.index
        return _end_of(PROPERTIES, self.text, start) if event.anchor or event.tag else start

    def _dashes(self, spans: list[Span], dash: int) -> Iterator[Entry]:
        """The items of a list that is written by indentation, with its first dash at `dash`."""
        for index, span in enumerate(spans):
            if index:
                dash = _end_of(_BETWEEN_ENTRIES, self.text, spans[index - 1].end)
            yield Entry(index, dash, dash + 1, span)

    def _keys(self, value: dict[str, JsonValue], spans: list[Span]) -> Iterator[Entry]:
        for key, key_span, span in zip(value, spans[::2], spans[1::2], strict=True):
            start, after = key_span.outer, _end_of(_COLON, self.text, key_span.end)
            if not key_span.in_flow and self.text.endswith("? ", 0, start):
                start = self.text.rindex("?", 0, start)
                after = _end_of(_COLON_BELOW, self.text, key_span.end)
            if span.layout is Layout.EMPTY and span.in_flow and span.anchor is None:
                span = replace(span, start=after, end=after)  # noqa: PLW2901 - after the colon, not after its key
            yield Entry(key, start, after, span, key_span)


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _without_blank_lines(text: str, start: int, end: int) -> int:
    """Where the text of a block scalar ends that does not keep the blank lines below it."""
    header, _, body = text[start:end].partition("\n")
    if "+" in header.split("#", 1)[0]:
        return end
    lines = body.split("\n")[:-1]
    first = next((line for line in lines if line.strip(" ")), "")
    column = len(first) - len(first.lstrip(" "))
    while lines and not lines[-1].strip(" ") and len(lines[-1]) <= column:
        lines.pop()
    return start + len("\n".join([header, *lines, ""]))


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


def pieces_of(text: str, span: Span) -> list[Piece]:
    """The pieces of a scalar's text."""
    value = str(span.value)
    mark = text[span.start]
    if mark == '"':
        return [*_double_quoted(text, value, span.start + 1, span.end - 1)]
    if mark == "'":
        return [*_words(text, value, span.start + 1, span.end - 1, doubled=True)]
    return [*_words(text, value, text_start(text, span), span.end, doubled=False)]


def text_start(text: str, span: Span) -> int:
    """Where the text of a scalar begins: of one after `|` or `>` on the line below."""
    return text.index("\n", span.start) + 1 if span.is_block_text else span.start


def line_below(text: str, span: Span) -> int:
    """The start of the line below a value, and the comment on the value's line."""
    while span.entries and not span.in_flow:
        span = span.entries[-1].span
    return span.end if span.is_block_text else text.find("\n", span.end) + 1 or len(text)


def comments_end(text: str, start: int, limit: int, column: int) -> int:
    """The end of the comments that are indented deeper than `column`, the column of the entry that they follow."""
    end = start
    for line in _COMMENT_LINE.finditer(text, start, limit):
        if len(line[1]) > column:
            end = line.end()
    return end


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
    """The pieces of a text without escapes: its words, and the blanks and line ends folded between them."""
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
