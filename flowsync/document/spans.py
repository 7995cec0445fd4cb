"""Where everything in one text starts and ends: the tree that edits of the text stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.document.block_scalar import block_scalar
from flowsync.document.keys import read_key
from flowsync.document.places import places_of
from flowsync.document.plain import BLOCK_RUN, FLOW_RUN, plain
from flowsync.document.quoted import double_quoted, single_quoted
from flowsync.document.reading import Reading
from flowsync.document.values import ALIAS

if TYPE_CHECKING:
    from flowsync.document.pieces import Scalar
    from flowsync.document.places import Places
    from flowsync.document.reading import Spots
    from flowsync.model import JsonValue

_BETWEEN_ENTRIES: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)* *")
_GAP: Final = re.compile(r"(?:[ \t]+|\n|(?<=[ \t\n])#[^\n]*)*")
_SIMPLE_KEY: Final = re.compile(r"[A-Za-z_][\w-]*:(?=[ \n])")
_COLON: Final = re.compile(r"[ \t]*:")
_NO_VALUE: Final = frozenset(("", *" \t\n,]}"))


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

    `start` is after its anchor and tag; `end` is after its last character, before any comment. A block scalar ends at
    the start of the line after its text. `column` is where the entries of a block collection stand, and of any
    other value the column of the block collection around it (-1: none), which its further lines must exceed.
    `anchor` is a name by which the value is used elsewhere; `has_names` tells of anchors and aliases in it.
    """

    value: JsonValue
    layout: Layout
    start: int
    end: int
    column: int
    in_flow: bool
    entries: tuple[Entry, ...] = ()
    anchor: str | None = None
    has_names: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list or key of a mapping.

    `start` is where its dash, key or value begins, `after_mark` the offset after the dash or colon.
    `key_anchor` is a name by which the key is used elsewhere and what it stands for; `key_is_alias` tells of a key that
    is written as such a name.
    """

    key: str | int
    start: int
    after_mark: int
    span: Span
    key_anchor: tuple[str, JsonValue] | None = None
    key_is_alias: bool = False

    @property
    def has_names(self) -> bool:
        """Whether an anchor or alias stands in it, the key included."""
        return self.span.has_names or self.key_is_alias or self.key_anchor is not None


@dataclass(frozen=True, slots=True)
class SpannedText:
    """A text as it is read, every line ended by a line feed, and the span of all it says."""

    text: str
    root: Span


def spans_of(text: str, name: str) -> SpannedText | None:
    """The spans of a text; None for a text that only JSON reads."""
    places = places_of(name, text)
    if places is None:
        return None
    builder = _Builder(
        places, _names_by_start(places), Reading(name, places.reading.text, dict(places.reading.anchors))
    )
    return SpannedText(places.reading.text, builder.span(places.root, places.root_start, -1, in_flow=False))


def scalar_at(reading: Reading, start: int, column: int, *, in_flow: bool) -> Scalar:
    """The scalar at `start`, read again for its pieces."""
    match reading.text[start : start + 1]:
        case "'":
            return single_quoted(reading, start, column)
        case '"':
            return double_quoted(reading, start, column)
        case "|" | ">" if not in_flow:
            return block_scalar(reading, start, column)
        case _:
            return plain(reading, start, column, FLOW_RUN if in_flow else BLOCK_RUN)


def _names_by_start(places: Places) -> dict[int, tuple[str, JsonValue]]:
    """The anchors that some alias uses, by where what they name starts, and what that is."""
    anchors = places.reading.alias_targets.values()
    return {anchor.node.start: (anchor.name, anchor.node.value) for anchor in anchors if anchor.node is not None}


@dataclass(frozen=True, slots=True)
class _Builder:
    places: Places
    names: dict[int, tuple[str, JsonValue]]
    scratch: Reading

    @property
    def text(self) -> str:
        return self.places.reading.text

    def span(self, value: JsonValue, start: int, column: int, *, in_flow: bool) -> Span:
        bare = self._bare(value, start, column, in_flow=in_flow)
        anchor = self.names.get(start, (None,))[0]
        inside = any(entry.has_names for entry in bare.entries)
        return replace(bare, anchor=anchor, has_names=inside or anchor is not None or bare.layout is Layout.ALIAS)

    def _bare(self, value: JsonValue, start: int, column: int, *, in_flow: bool) -> Span:
        if self.text[start : start + 1] in _NO_VALUE and not isinstance(value, (dict, list)):
            return Span(value, Layout.EMPTY, start, start, column, in_flow)
        alias = ALIAS.match(self.text, start)
        if alias and not self._starts_with_key(value, start):
            return Span(value, Layout.ALIAS, start, alias.end(), column, in_flow)
        if isinstance(value, (dict, list)):
            return self._collection(value, start, column)
        return Span(value, Layout.SCALAR, start, self._scalar_end(start, column, in_flow=in_flow), column, in_flow)

    def _starts_with_key(self, value: JsonValue, start: int) -> bool:
        """Whether the alias at `start` is the first key of the mapping that stands there."""
        spots = (self.places.reading.spots or {}).get(id(value))
        return spots is not None and any(key_start == start for key_start, _ in spots.entries.values())

    def _scalar_end(self, start: int, column: int, *, in_flow: bool) -> int:
        end = scalar_at(self.scratch, start, column, in_flow=in_flow).end
        if self.text[start] in "|>" and not in_flow:
            return _without_blank_lines(self.text, start, end)
        return end

    def _collection(self, value: dict[str, JsonValue] | list[JsonValue], start: int, column: int) -> Span:
        spots = (self.places.reading.spots or {})[id(value)]
        if not spots.is_flow:
            entries = self._block_entries(value, spots, start)
            return Span(value, Layout.BLOCK, start, entries[-1].span.end, spots.indent, in_flow=False, entries=entries)
        if self.text[start] not in "[{":
            entries, _ = self._flow_entries(value, spots, start)
            return Span(value, Layout.PAIR, start, entries[-1].span.end, column, in_flow=True, entries=entries)
        entries, end = self._flow_entries(value, spots, start + 1)
        return Span(value, Layout.FLOW, start, end + 1, column, in_flow=True, entries=entries)

    def _block_entries(
        self, value: dict[str, JsonValue] | list[JsonValue], spots: Spots, start: int
    ) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        for key, (key_start, value_start) in spots.entries.items():
            begin = _end_of(_BETWEEN_ENTRIES, self.text, entries[-1].span.end) if entries else start
            after = begin + 1 if isinstance(value, list) else self._after_colon(begin)
            span = self.span(_child(value, key), value_start, spots.indent, in_flow=False)
            entries.append(self._entry(key, key_start, begin, after, span))
        return tuple(entries)

    def _entry(self, key: str | int, key_start: int, start: int, after_mark: int, span: Span) -> Entry:
        if isinstance(key, int):
            return Entry(key, start, after_mark, span)
        return Entry(key, start, after_mark, span, self.names.get(key_start), self.text[key_start] == "*")

    def _after_colon(self, start: int) -> int:
        simple = _SIMPLE_KEY.match(self.text, start)
        return simple.end() if simple else read_key(self.scratch, start)[2]

    def _flow_entries(
        self, value: dict[str, JsonValue] | list[JsonValue], spots: Spots, start: int
    ) -> tuple[tuple[Entry, ...], int]:
        """The entries, and where the closing bracket stands."""
        entries: list[Entry] = []
        at = _end_of(_GAP, self.text, start)
        for key, (key_start, value_start) in spots.entries.items():
            after = at if isinstance(value, list) else self._after_flow_colon(key_start, spots.indent)
            span = self.span(_child(value, key), value_start, spots.indent, in_flow=True)
            entries.append(self._entry(key, key_start, at, after, span))
            at = _end_of(_GAP, self.text, span.end)
            if self.text[at : at + 1] == ",":
                at = _end_of(_GAP, self.text, at + 1)
        return tuple(entries), at

    def _after_flow_colon(self, key_start: int, column: int) -> int:
        """After the colon of a key, or after the key where it has none."""
        alias = ALIAS.match(self.text, key_start)
        end = alias.end() if alias else scalar_at(self.scratch, key_start, column, in_flow=True).end
        colon = _COLON.match(self.text, end)
        return colon.end() if colon else end


def _child(value: dict[str, JsonValue] | list[JsonValue], key: str | int) -> JsonValue:
    if isinstance(value, dict):
        return value[str(key)]
    assert isinstance(key, int)  # noqa: S101 - spots mirror the value
    return value[key]


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
