"""One text to its value: libyaml's events to scalars, to collections and to what aliases stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from flowsync.document import guard, refusals
from flowsync.document.guard import Anchors
from flowsync.document.libyaml import events_of, shown, without_directive
from flowsync.document.refusals import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH, MAXIMUM_VALUES, Refusal
from flowsync.document.scalars import FLOAT, INTEGER, NUMERIC_STARTS, WORDS, ambiguity, core_value, key_text
from flowsync.text import printable

if TYPE_CHECKING:
    from flowsync.document.libyaml import Event
    from flowsync.model import JsonValue

_YAML_TAG: Final = "tag:yaml.org,2002:"
"""How the tag `!!` is written out."""
_COLLECTION_TAGS: Final[dict[type, str]] = {MappingStartEvent: f"{_YAML_TAG}map", SequenceStartEvent: f"{_YAML_TAG}seq"}
_CORE_TAGS: Final = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
_BELOW: Final = re.compile(r"[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*(?P<margin> *)(?P<dash>-(?=[ \n]))?")


_KNOWN: Final[dict[str, tuple[str, JsonValue]]] = {}
"""Plain scalars of one line in collections without brackets: each with the gap before it, to its text and value.

Most are keys, and the same in every file. Nothing around them makes a difference. The text tells them from an empty
scalar, whose gap may read as another's gap and text (`?`).
"""
_KNOWN_GAP: Final = re.compile(r": |\n *(?:- )?")
_LONGEST_KNOWN: Final = 60
_SHORT_KEY: Final = MAXIMUM_KEY_LENGTH // 2  # an emoji is two UTF-16 units
_MOST_KNOWN: Final = 5_000


def _remember(with_gap: str, text: str, value: JsonValue) -> None:
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[with_gap] = (text, value)


class Context(NamedTuple):
    """Where a node is: the column of the block collection around it (-1: none), and how deep it is nested."""

    column: int
    depth: int
    in_flow: bool

    @property
    def line_column(self) -> int:
        """The column that further lines of a text must exceed; brackets have all their lines checked at their end."""
        return -1 if self.in_flow else self.column


class Warned(NamedTuple):
    """Something that is read well here but may be read otherwise elsewhere."""

    offset: int
    code: str
    message: str
    hint: str


class Reader:
    """Reads one normalised text.

    `warnings` are about what other parsers read differently.
    """

    def __init__(self, text: str) -> None:
        self.text = without_directive(text)
        self.warnings: list[Warned] = []
        self.at = 0  # the offset after the last token
        self._values = 0  # what aliases repeat included
        self._follows_quotes = False  # or a closing bracket
        self._anchors = Anchors()
        self._shown = shown(self.text)
        self._next_event = events_of(self._shown.text)

    def read(self) -> JsonValue:
        """The value of the one document of the text. Raises Refusal and yaml.YAMLError."""
        event = self._next_event()
        if not isinstance(event, DocumentStartEvent):
            if not guard.HEAD.fullmatch(self.text):
                raise refusals.bad_start(self.text, len(self.text) - len(self.text.lstrip(" \n")))
            return None
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.HEAD)
        event = self._next_event()
        value = self._value(event, Context(-1, 0, in_flow=False))
        start = event.start_mark.index
        if isinstance(value, str) and self.text.startswith("---", start):
            message = "Versions of js-yaml differ on where a text begins that starts with ---."
            self._warn(start, message, "Put the text in quotes.")
        event = self._next_event()
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.BLOCK_GAP)
        event = self._next_event()
        if isinstance(event, DocumentStartEvent):
            raise Refusal(
                event.start_mark.index,
                "multiple-documents",
                "A second document begins here; a file holds one.",
                "Remove this --- line, or move what follows to a file of its own.",
            )
        if not guard.BLOCK_GAP.fullmatch(self.text, self.at):
            raise guard.bad_gap(self.text, self.at, len(self.text))
        return value

    def _pass_marker(self, start: int, before: re.Pattern[str]) -> None:
        """Go past `---` or `...`, which have a line of their own."""
        if self.text[start] == "%":
            raise refusals.bad_directive(self.text, start)
        if not before.fullmatch(self.text, self.at, start):
            raise guard.bad_gap(self.text, self.at, start)
        if not guard.MARKER_END.match(self.text, start + 3):
            message = f"Something follows {self.text[start : start + 3]} on its line."
            raise refusals.read_differently(start, message, "Begin it on the next line.")
        self.at = start + 3

    def _pass_gap(self, start: int, around: Context) -> None:
        """Go past what is between the last token and the next one. Raises Refusal."""
        if around.depth and not around.in_flow and self.text[self.at : start] == ": ":
            return  # as most gaps are; any other is held to a pattern
        if around.in_flow and self._follows_quotes:
            pattern = guard.QUOTED_FLOW_GAP
        elif around.in_flow:
            pattern = guard.FLOW_GAP
        else:
            pattern = guard.BLOCK_GAP if around.depth else guard.FIRST_GAP
        has_colon = self.at < start and self.text[start - 1] == ":" and pattern is not guard.QUOTED_FLOW_GAP
        if (has_colon and self.text[start] not in "]}\n\t ") or not pattern.fullmatch(self.text, self.at, start):
            raise guard.bad_gap(self.text, self.at, start)

    def _count(self, number: int) -> None:
        """Count values. Raises Refusal: no text is read to its end only to be refused then."""
        self._values += number
        if self._values > MAXIMUM_VALUES:
            raise Refusal(0, *refusals.TOO_MANY_VALUES)

    def _warn(self, offset: int, message: str, hint: str, code: str = "yaml-ambiguous") -> None:
        self.warnings.append(Warned(offset, code, message, hint))

    def _value(self, event: Event, around: Context) -> JsonValue:
        """A value in a collection, or the root."""
        self._count(1)
        before = self.at
        kind: type = type(event)
        if kind is ScalarEvent:
            value = self.scalar(event, around)
        elif kind is AliasEvent:
            value = self.alias(event, around)
        else:
            return self.collection(event, around)
        start = event.start_mark.index
        if not around.in_flow and "\n" in self.text[before:start] and start != event.end_mark.index:
            guard.check_below(self.text, before, start, around.column)
        return value

    def alias(self, event: Event, around: Context) -> JsonValue:
        """The value that an alias stands for."""
        start, end = event.start_mark.index, event.end_mark.index
        self._pass_gap(start, around)
        self.at = end
        self._follows_quotes = False
        if self.text[end] not in " \n,]}":
            raise Refusal(start, *refusals.BAD_ALIAS)
        anchor = self._anchors.use(str(event.anchor), start)
        self._count(anchor.size - 1)
        return anchor.value

    def scalar(self, event: Event, around: Context) -> JsonValue:
        """The value of a scalar; of nothing at all it is null."""
        at, end = self.at, event.end_mark.index
        is_short = end - at <= _LONGEST_KNOWN and around.depth > 0 and not around.in_flow
        known = _KNOWN.get(self.text[at:end]) if is_short else None
        if known and known[0] == event.value:
            self.at, self._follows_quotes = end, False
            return known[1]
        start = event.start_mark.index
        if start == end:
            return None
        if not (event.tag or event.anchor):
            warned = len(self.warnings)
            self._pass_gap(start, around)
            self.at = end
            value = self._content(event, start, around)
            is_new = is_short and not event.style and len(self.warnings) == warned and not self._shown.originals
            if is_new and event.value == self.text[start:end] and _KNOWN_GAP.fullmatch(self.text, at, start):
                _remember(self.text[at:end], event.value, value)
            return value
        begin = self._after_properties(event)
        anchor = self._anchors.open(event.anchor, start) if event.anchor else None
        self._pass_gap(start, around)
        if begin >= end:
            if around.in_flow or "\t" in self.text:
                message = "A tag or anchor without a value is read in different ways here."
                raise refusals.read_differently(begin, message, "Write the value.")
            begin = end = self._end_before(begin, " \n")
        elif self.text[begin] in "\n#":
            begin = self._line_below(begin, event, around)
        self.at = end
        value = self._content(event, begin, around)
        if anchor:
            self._anchors.close(anchor, value)
        return value

    def _after_properties(self, event: Event) -> int:
        """The offset after the anchor and the tag of an event, and the spaces after them. Raises Refusal."""
        start = event.start_mark.index
        found = guard.PROPERTIES.match(self.text, start)
        written = (found["tag"] or found["first_tag"] or "").strip() if found else ""
        named = (found["anchor"] or found["last_anchor"]) if found else None
        if found is None or bool(event.anchor) != bool(named) or bool(event.tag) != bool(written):
            raise refusals.bad_property(self.text, start)
        if event.tag and event.tag[0] == "!":
            self._warn(
                self.text.index("!", start),
                f"npm yaml ignores the tag {written} and takes a scalar after it as text; js-yaml may refuse the file.",
                "Remove the tag; to make a value text, put it in quotes.",
                "yaml-tag",
            )
        elif event.tag and event.tag.removeprefix(_YAML_TAG) not in _CORE_TAGS:
            message = f"The tag {printable(written)} is not supported: JavaScript's parsers differ on it."
            raise refusals.wrong_tag(self.text.index("!", start), message)
        return found.end()

    def _line_below(self, after: int, event: Event, around: Context) -> int:
        """Where a text begins that is on a line below its tag or anchor, which ends at `after`."""
        begin = guard.HEAD.match(self.text, after).end()  # type: ignore[union-attr]  # matches nothing too
        column = begin - self.text.rfind("\n", 0, begin) - 1
        if around.in_flow or event.style in {"|", ">"} or column <= around.column or self.text[begin] in "#\t":
            message = "A text on the line below its tag or anchor is read in different ways."
            raise refusals.read_differently(after, message, "Move it up to the tag.")
        return begin

    def _end_before(self, offset: int, blanks: str) -> int:
        """The offset after the last character above `offset` that is none of `blanks`."""
        while self.text[offset - 1] in blanks:
            offset -= 1
        return offset

    def _content(self, event: Event, begin: int, around: Context) -> JsonValue:
        """What a scalar says that begins at `begin`, after its anchor and tag, and ends at the current offset."""
        end, value = self.at, event.value
        self._follows_quotes = event.style in {"'", '"'}
        if event.style in {"|", ">"}:
            guard.check_block_text(self.text, begin, end, around.column)
            value = guard.with_tabs(self.text[begin:end], value) if "\t" in self.text[begin:end] else value
        elif event.style and value != self.text[begin + 1 : end - 1]:
            guard.check_quoted(self.text, begin, end, around.line_column)
            if spaces := guard.SPACES_BEFORE_BREAK.search(self.text, begin, end):
                self._warn(
                    spaces.start(),
                    "npm yaml drops the spaces at the end of this line, js-yaml 4.1.0 keeps them in the text.",
                    "Remove the spaces.",
                )
        elif not event.style and begin != end:
            if value != self.text[begin:end]:
                guard.check_lines(self.text, begin, end, around.line_column)
            if around.in_flow:
                guard.check_flow_plain(self.text, begin, end)
        meant: JsonValue = value
        if event.tag:
            meant = self._tagged(event, begin)
        elif not event.style:
            meant = self._typed(value, begin) if value[:1] in NUMERIC_STARTS else WORDS.get(value, value)
        return self._shown.restored(meant, begin) if self._shown.originals and isinstance(meant, str) else meant

    def _typed(self, raw: str, start: int) -> JsonValue:
        """What a plain scalar means that may be something else than text."""
        value = core_value(raw)
        if reason := ambiguity(raw):
            kind = "text" if isinstance(value, str) else "a number"
            self._warn(
                start,
                f"npm yaml reads {raw} as {kind}, js-yaml (some versions) as {reason}.",
                f'To mean text, put it in quotes: "{raw}".',
            )
        return value

    def _tagged(self, event: Event, start: int) -> JsonValue:
        """The value that a tag makes of a scalar."""
        raw, name = event.value, str(event.tag).removeprefix(_YAML_TAG)
        if name == "str" or name[0] == "!":
            return raw
        value = core_value(raw)
        fits = {
            "int": INTEGER.fullmatch(raw) is not None,
            "float": FLOAT.fullmatch(raw) is not None or (raw in WORDS and isinstance(value, float)),
            "bool": isinstance(value, bool),
            "null": raw in WORDS and value is None,
        }
        if not fits.get(name, False):
            raise refusals.wrong_tag(start, f"The tag !!{name} does not fit the value after it.")
        return value

    def _key(self, event: Event, around: Context, earlier: dict[str, int]) -> str:
        """A key as JavaScript's property name; one that is set `earlier`, or that is too long, is refused."""
        start = event.start_mark.index
        kind: type = type(event)
        value: JsonValue = {}
        if kind is ScalarEvent:
            value = self.scalar(event, around)
        elif kind is AliasEvent:
            value = self.alias(event, around)
        if isinstance(value, str) and value not in earlier and value != "<<" and self.at - start < _SHORT_KEY:
            earlier[value] = start
            return value
        if isinstance(value, (dict, list)):
            raise refusals.complex_key(self.text, start)
        if value is None and start == event.end_mark.index:
            raise Refusal(start, *refusals.MISSING_KEY)
        if value is None:
            message = 'npm yaml reads a null key as the key "", js-yaml as the key "null".'
            self._warn(start, message, 'Put the key in quotes: "null".')
        key = value if isinstance(value, str) else key_text(value)
        if key in earlier:
            raise refusals.repeated_key(self.text, key, start, earlier[key])
        earlier[key] = start
        if key == "<<" and self.text.startswith("<", start):
            self._warn(
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
        return key

    def collection(self, event: Event, around: Context) -> JsonValue:
        """The value of a mapping or list."""
        start = begin = event.start_mark.index
        column = event.start_mark.column
        anchor = None
        if around.depth >= MAXIMUM_DEPTH:
            raise Refusal(start, *refusals.TOO_DEEP)
        if event.anchor or event.tag:
            begin = self._after_properties(event)
            if event.tag and event.tag[0] != "!" and event.tag != _COLLECTION_TAGS[type(event)]:
                tag = event.tag.removeprefix(_YAML_TAG)
                raise refusals.wrong_tag(begin, f"The tag !!{tag} does not fit the value after it.")
            anchor = self._anchors.open(event.anchor, start) if event.anchor else None
            if not event.flow_style:
                column = self._column_below(start, begin, around)
        if event.flow_style:
            value = self._brackets(event, begin, around)
        else:
            value = self._entries(event, Context(column, around.depth + 1, in_flow=False))
        if anchor:
            self._anchors.close(anchor, value)
        return value

    def _column_below(self, start: int, begin: int, around: Context) -> int:
        """The column of a block collection whose anchor or tag is at `start`, on the line above it."""
        self._pass_gap(start, around)
        self._follows_quotes = False
        self.at = self._end_before(begin, " ")
        at = begin
        while self.text[at] in " \t\n#":
            at = self.text.find("\n", at) if self.text[at] == "#" else at + 1
        return at - self.text.rfind("\n", 0, at) - 1

    def _brackets(self, event: Event, begin: int, around: Context) -> JsonValue:
        """A collection in brackets, of which the first is at `begin`; or one pair without braces: `[a: b]`."""
        inside = Context(around.column, around.depth + 1, in_flow=True)
        if self.text[begin] not in "[{":
            return self._pair(inside)
        start, before = event.start_mark.index, self.at
        self._pass_gap(start, around)
        if "\n" in self.text[before:start] and not around.in_flow:
            guard.check_below(self.text, before, start, around.column)
        self.at = begin + 1
        self._follows_quotes = False
        value = self._entries(event, inside)
        if not around.in_flow:
            guard.check_brackets(self.text, begin, self.at, around.column)
        return value

    def _pair(self, inside: Context) -> JsonValue:
        event = self._next_event()
        key = self._key(event, inside, {})
        if "\n" in self.text[event.start_mark.index : self.at]:
            hint = "Is a comma missing at the end of the line above?"
            raise Refusal(event.start_mark.index, "yaml-key", "A key must be on one line.", hint)
        value = self._value(self._next_event(), inside)
        self._next_event()
        return {key: value}

    def _entries(self, event: Event, inside: Context) -> JsonValue:
        """The keys and values, or the items, up to the end of a collection."""
        keyed: dict[str, JsonValue] = {}
        starts: dict[str, int] = {}
        items: list[JsonValue] = []
        last, is_mapping = event, isinstance(event, MappingStartEvent)
        next_event = self._next_event
        if is_mapping:
            while not isinstance(event := next_event(), CollectionEndEvent):
                key = self._key(event, inside, starts)
                keyed[key] = self._value(next_event(), inside)
        else:
            while not isinstance(event := next_event(), CollectionEndEvent):
                items.append(self._value(event, inside))
                last = event
        if inside.in_flow:
            self._pass_gap(event.start_mark.index, inside)
            self.at = event.start_mark.index + 1
            self._follows_quotes = True
        elif items and items[-1] is None and last.start_mark.index == last.end_mark.index:
            self._warn_of_empty_item(last.start_mark.index, inside)
        return keyed if is_mapping else items

    def _warn_of_empty_item(self, offset: int, inside: Context) -> None:
        below = _BELOW.match(self.text, offset)
        if below and below["dash"] and len(below["margin"]) < inside.column:
            self._warn(
                offset,
                "After this empty item js-yaml takes the items of the outer list below for items of this list.",
                'Write null or "" for the empty item.',
            )
