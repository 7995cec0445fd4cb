"""One text to its value: keys, collections, and what may be before and after the one document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from flowsync.document import guard, refusals
from flowsync.document.refusals import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH, Refusal
from flowsync.document.scalars import IN_BLOCK, IN_BRACKETS, YAML_TAG, Context, ScalarReader, Seen, key_text

if TYPE_CHECKING:
    from flowsync.document.libyaml import Event
    from flowsync.model import JsonValue


_COLLECTION_TAGS: Final[dict[type, str]] = {MappingStartEvent: f"{YAML_TAG}map", SequenceStartEvent: f"{YAML_TAG}seq"}
_BELOW: Final = re.compile(r"[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*(?P<margin> *)(?P<dash>-(?=[ \n]))?")
_LONG_KEY: Final = MAXIMUM_KEY_LENGTH // 8
"""A key of fewer characters is short enough even if each is written as an escape."""


class Reader(ScalarReader):
    """Reads one normalised text."""

    def read(self) -> JsonValue:
        """The value of the one document of the text. Raises Refusal and yaml.YAMLError."""
        event = self.next_event()
        if not isinstance(event, DocumentStartEvent):
            if not guard.HEAD.fullmatch(self.text):
                raise refusals.bad_start(self.text, len(self.text) - len(self.text.lstrip(" \n")))
            return None
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.HEAD)
        value = self._root(self.next_event())
        event = self.next_event()
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.BLOCK_GAP)
        event = self.next_event()
        if isinstance(event, DocumentStartEvent):
            raise Refusal(
                event.start_mark.index,
                "multiple-documents",
                "A second document begins here; a file holds one.",
                "Remove this --- line, or move what follows to a file of its own.",
            )
        if not guard.BLOCK_GAP.fullmatch(self.text, self.at):
            raise guard.odd_gap(self.text, self.at, len(self.text))
        return value

    def _pass_marker(self, start: int, before: re.Pattern[str]) -> None:
        """Go past `---` or `...`, which have a line of their own."""
        if self.text[start] == "%":
            raise refusals.bad_directive(self.text, start)
        if not before.fullmatch(self.text, self.at, start):
            raise guard.odd_gap(self.text, self.at, start)
        if not guard.MARKER_END.match(self.text, start + 3):
            marker = self.text[start : start + 3]
            raise refusals.read_differently(
                start, f"Something follows {marker} on its line.", "Begin it on the next line."
            )
        self.at = start + 3

    def _root(self, event: Event) -> JsonValue:
        value = self._value(event, Context(-1, 0, in_flow=False, seen=Seen(guard.FIRST_GAP)))
        start = event.start_mark.index
        if isinstance(value, str) and self.text.startswith("---", start):
            message = "Versions of js-yaml differ on where a text begins that starts with ---."
            self.warn(start, message, "Put the text in quotes.")
        return value

    def _value(self, event: Event, around: Context) -> JsonValue:
        """A value in a collection, or the root."""
        self.count(1)
        kind: type = type(event)
        before = self.at
        if kind is ScalarEvent:
            value = self.scalar(event, around)
        elif kind is AliasEvent:
            value = self.alias(event, around)
        else:
            return self.collection(event, around)
        if "\n" in self.gap and not around.in_flow:
            guard.check_below(self.text, before, event.start_mark.index, around.column)
        return value

    def _key(self, event: Event, around: Context) -> str:
        """A key as JavaScript's property name."""
        kind: type = type(event)
        if kind is ScalarEvent:
            key = self.scalar(event, around)
        elif kind is AliasEvent:
            key = self.alias(event, around)
        else:
            key = {}
        if isinstance(key, str):
            return key
        start = event.start_mark.index
        if isinstance(key, (dict, list)):
            raise refusals.complex_key(self.text, start)
        if key is None:
            if start == event.end_mark.index:
                raise Refusal(start, *refusals.MISSING_KEY)
            self.warn(
                start,
                'npm yaml reads a null key as the key "", js-yaml as the key "null".',
                'Put the key in quotes: "null".',
            )
        return key_text(key)

    def _check_key(self, key: str, event: Event, values: dict[str, JsonValue]) -> None:
        """Refuse a key that `values` has or that is too long; warn of `<<`."""
        start = event.start_mark.index
        if key in values:
            raise self.duplicate(key, start)
        if key == "<<" and self.text.startswith("<", start):
            self.warn(
                start,
                "npm yaml reads << as an ordinary key, js-yaml merges the mapping after it into this one.",
                'Write out the keys to merge, or put the key in quotes: "<<".',
            )
        if len(self.text[start : self.at].encode("utf-16-le", "surrogatepass")) // 2 >= MAXIMUM_KEY_LENGTH:
            raise Refusal(
                start,
                "yaml-key",
                f"This key is longer than {MAXIMUM_KEY_LENGTH} characters, the most that YAML allows.",
                "Where this is text with a colon in it, put it in quotes.",
            )

    def duplicate(self, key: str, offset: int) -> Refusal:
        """The refusal of a key that its mapping has already."""
        return Refusal(offset, "duplicate-key", f'The key "{key}" is already set; one of the two would be lost.')

    def collection(self, event: Event, around: Context) -> JsonValue:
        """The value of a mapping or list."""
        start = event.start_mark.index
        if around.depth >= MAXIMUM_DEPTH:
            raise Refusal(start, *refusals.TOO_DEEP)
        if not (event.anchor or event.tag):
            return self._untagged(event, start, event.start_mark.column, around)
        begin = self.after_properties(event)
        if event.tag and event.tag[0] != "!" and event.tag != _COLLECTION_TAGS[type(event)]:
            tag = event.tag.removeprefix(YAML_TAG)
            raise refusals.wrong_tag(begin, f"The tag !!{tag} does not fit the value after it.")
        anchor = self.anchors.open(event.anchor, start) if event.anchor else None
        column = 0 if event.flow_style else self._column_below(start, begin, around)
        value = self._untagged(event, begin, column, around)
        if anchor:
            self.anchors.close(anchor, value)
        return value

    def _untagged(self, event: Event, begin: int, column: int, around: Context) -> JsonValue:
        """A collection without regard to its anchor and tag; `column` is for one that is written by indentation."""
        if not event.flow_style:
            return self._entries(event, Context(column, around.depth + 1, in_flow=False, seen=IN_BLOCK))
        inside = Context(around.column, around.depth + 1, in_flow=True, seen=IN_BRACKETS)
        if self.text[begin] not in "[{":
            return self._pair(inside)
        start, before = event.start_mark.index, self.at
        self.pass_gap(start, around)
        if "\n" in self.gap and not around.in_flow:
            guard.check_below(self.text, before, start, around.column)
        self.at = begin + 1
        self.follows_quotes = False
        value = self._entries(event, inside)
        if not around.in_flow:
            guard.check_brackets(self.text, begin, self.at, around.column)
        return value

    def _column_below(self, start: int, begin: int, around: Context) -> int:
        """The column of a block collection whose anchor or tag is at `start`, on the line above it."""
        self.pass_gap(start, around)
        self.follows_quotes = False
        self.at = self.end_before(begin, " ")
        at = begin
        while self.text[at] in " \t\n#":
            at = self.text.find("\n", at) if self.text[at] == "#" else at + 1
        return at - self.text.rfind("\n", 0, at) - 1

    def _pair(self, inside: Context) -> JsonValue:
        """A key and its value without braces, as an item of a list in brackets: `[a: b]`."""
        event = self.next_event()
        key = self._key(event, inside)
        self._check_key(key, event, {})
        if "\n" in self.text[event.start_mark.index : self.at]:
            hint = "Is a comma missing at the end of the line above?"
            raise Refusal(event.start_mark.index, "yaml-key", "A key must be on one line.", hint)
        value = self._value(self.next_event(), inside)
        self.next_event()
        return {key: value}

    def _entries(self, event: Event, inside: Context) -> JsonValue:
        kind: type = type(event)
        return self._mapping(inside) if kind is MappingStartEvent else self._sequence(inside)

    def _mapping(self, inside: Context) -> dict[str, JsonValue]:
        """The keys and values up to the end of a mapping."""
        values: dict[str, JsonValue] = {}
        next_event = self.next_event
        while True:
            event = next_event()
            kind: type = type(event)
            if kind is MappingEndEvent:
                break
            key = self._key(event, inside)
            if key in values or key == "<<" or len(key) > _LONG_KEY:
                self._check_key(key, event, values)
            values[key] = self._value(next_event(), inside)
        if inside.in_flow:
            self._close(event, inside)
        return values

    def _sequence(self, inside: Context) -> list[JsonValue]:
        """The items up to the end of a list."""
        values: list[JsonValue] = []
        last = None
        while True:
            event = self.next_event()
            kind: type = type(event)
            if kind is SequenceEndEvent:
                break
            values.append(self._value(event, inside))
            last = event
        if inside.in_flow:
            self._close(event, inside)
        elif last and values[-1] is None and last.start_mark.index == last.end_mark.index:
            self._warn_of_empty_item(last.start_mark.index, inside)
        return values

    def _warn_of_empty_item(self, offset: int, inside: Context) -> None:
        below = _BELOW.match(self.text, offset)
        if below and below["dash"] and len(below["margin"]) < inside.column:
            self.warn(
                offset,
                "After this empty item js-yaml takes the items of the outer list below for items of this list.",
                'Write null or "" for the empty item.',
            )

    def _close(self, event: Event, inside: Context) -> None:
        """Go past a closing bracket."""
        self.pass_gap(event.start_mark.index, inside)
        self.at = event.start_mark.index + 1
        self.follows_quotes = True
