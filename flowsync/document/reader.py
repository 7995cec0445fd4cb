"""Reads one text into its value, from libyaml's events."""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, Final, NamedTuple

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
from flowsync.document.guard import Anchors
from flowsync.document.libyaml import events_of, shown, without_directive
from flowsync.document.refusals import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH, MAXIMUM_VALUES, Refusal
from flowsync.document.scalars import FLOAT, INTEGER, NUMERIC_STARTS, WORDS, ambiguity, core_value, key_text
from flowsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.document.libyaml import Event
    from flowsync.model import JsonValue

_YAML_TAG: Final = "tag:yaml.org,2002:"
"""How the tag `!!` is written out."""
_COLLECTION_TAGS: Final[dict[type, str]] = {MappingStartEvent: f"{_YAML_TAG}map", SequenceStartEvent: f"{_YAML_TAG}seq"}
_CORE_TAGS: Final = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
_BELOW: Final = re.compile(r"[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*(?P<margin> *)(?P<dash>-(?=[ \n]))?")


_class_of: Final[Callable[[object], type]] = type  # which mypy does not draw conclusions from
_SHORT_KEY: Final = MAXIMUM_KEY_LENGTH // 2  # an emoji is two UTF-16 units
_BELOW_GAPS: Final = [f"{before}{' ' * margin}" for before in ("", "\n", ":\n") for margin in range(40)]
_ITEM_GAPS: Final = [f"{gap}- " for gap in _BELOW_GAPS]
_KEY_GAPS: Final = frozenset({": ", *_BELOW_GAPS, *_ITEM_GAPS})
_VALUE_GAPS: Final = frozenset({": ", *_ITEM_GAPS})
_FLOW_GAPS: Final = frozenset({"", ", ", ": "})
"""Most gaps before keys, before values, and inside brackets. Any other is held to a pattern, which allows these too."""


class Context(NamedTuple):
    """Where a node is: the column of the block collection around it (-1: none), and how deep it is nested."""

    column: int
    depth: int
    in_flow: bool


class Warned(NamedTuple):
    """A place that is read here, but may be read differently elsewhere."""

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
        self._style: str | None = None  # of that token; a closing bracket's is "]"
        self._is_marked = False  # whether the last key is marked with `?`, until its colon is passed
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
        """Skip `---` or `...`, which are on a line of their own."""
        if self.text[start] == "%":
            raise refusals.bad_directive(self.text, start)
        if not before.fullmatch(self.text, self.at, start):
            raise guard.bad_gap(self.text, self.at, start)
        if not guard.MARKER_END.match(self.text, start + 3):
            message = f"Something follows {self.text[start : start + 3]} on its line."
            raise refusals.read_differently(start, message, "Begin it on the next line.")
        self.at = start + 3

    def _pass_gap(self, start: int, around: Context) -> None:
        """Skip the gap between the last token and the next one. Raises Refusal."""
        if around.in_flow and self.text[self.at : start] in _FLOW_GAPS:
            return
        if around.in_flow and self._style:
            pattern = guard.QUOTED_FLOW_GAP
        elif around.in_flow:
            pattern = guard.FLOW_GAP
        else:
            pattern = guard.BLOCK_GAP if around.depth else guard.FIRST_GAP
        has_colon = self.at < start and self.text[start - 1] == ":" and pattern is not guard.QUOTED_FLOW_GAP
        if (has_colon and self.text[start] not in "]}\n\t ") or not pattern.fullmatch(self.text, self.at, start):
            self._is_marked = not around.in_flow and bool(guard.MARKED_KEY_GAP.fullmatch(self.text, self.at, start))
            if not self._is_marked:
                raise guard.bad_gap(self.text, self.at, start)

    def _pass_marked_key(self, start: int, inside: Context) -> None:
        """Skip to the colon that must be right below a key marked with `?`, which begins at `start`."""
        self._is_marked = False
        colon = guard.COLON_BELOW.match(self.text, self.at)
        if colon is None or len(colon["margin"]) != inside.column or self.text[start] in "&!*|>":
            raise Refusal(start, *refusals.MARKED_KEY)
        self.at = colon.end()

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
        kind = _class_of(event)
        if kind is ScalarEvent:
            return self.scalar(event, around, _FLOW_GAPS if around.in_flow else _VALUE_GAPS)
        if kind is not AliasEvent:
            return self.collection(event, around)
        before = self.at
        value = self.alias(event, around)
        self._check_below(before, event.start_mark.index, around)
        return value

    def alias(self, event: Event, around: Context) -> JsonValue:
        """The value of an alias, which is that of its anchor."""
        start, end = event.start_mark.index, event.end_mark.index
        self._pass_gap(start, around)
        self.at = end
        self._style = None
        if self.text[end] not in " \n,]}":
            raise Refusal(start, *refusals.BAD_ALIAS)
        anchor = self._anchors.use(str(event.anchor), start)
        self._count(anchor.size - 1)
        return anchor.value

    def scalar(self, event: Event, around: Context, usual: frozenset[str]) -> JsonValue:
        """The value of a scalar; null for nothing at all. The gaps `usual` before it tell keys from values."""
        start, end = event.start_mark.index, event.end_mark.index
        if start == end:
            return None
        text, before, value = self.text, self.at, event.value
        is_usual = text[before:start] in usual
        if event.anchor or event.tag:
            meant = self._marked(event, around)
        else:
            if not is_usual:
                self._pass_gap(start, around)
            self.at = end
            style = self._style = event.style
            if style or value != text[start:end] or (usual is _FLOW_GAPS and not guard.FLOW_PLAIN.fullmatch(value)):
                value = self._shown.restored(self._checked(event, start, around), start)
            if style:
                meant = value
            else:
                meant = self._typed(value, start) if value[0] in NUMERIC_STARTS else WORDS.get(value, value)
        if not is_usual and usual is not _KEY_GAPS:
            self._check_below(before, start, around)
        return meant

    def _marked(self, event: Event, around: Context) -> JsonValue:
        """The value of a scalar with a tag or an anchor."""
        start, end = event.start_mark.index, event.end_mark.index
        begin = self._after_properties(event)
        anchor = self._opened(event)
        self._pass_gap(start, around)
        if begin >= end:
            if around.in_flow or "\t" in self.text:
                message = "A tag or anchor without a value is read in different ways here."
                raise refusals.read_differently(begin, message, "Write the value.")
            begin = end = len(self.text[:begin].rstrip(" \n"))
        elif self.text[begin] in "\n#":
            begin = self._line_below(begin, event, around)
        self.at, self._style = end, event.style
        text = self._checked(event, begin, around)
        value = self._tagged(text, event, begin) if event.tag else text if event.style else self._typed(text, begin)
        if isinstance(value, str):
            value = self._shown.restored(value, begin)
        if anchor:
            self._anchors.close(anchor, value)
        return value

    def _check_below(self, before: int, start: int, around: Context) -> None:
        """Refuse a value on a line below its key where it must not be."""
        if not around.in_flow and "\n" in self.text[before:start]:
            guard.check_below(self.text, before, start, around.column)

    def _opened(self, event: Event) -> guard.Anchor | None:
        return self._anchors.open(event.anchor, event.start_mark.index) if event.anchor else None

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
        """Where a text begins that is on the line below its tag or anchor, which ends at `after`."""
        begin = guard.HEAD.match(self.text, after).end()  # type: ignore[union-attr]  # matches nothing too
        column = begin - self.text.rfind("\n", 0, begin) - 1
        if around.in_flow or event.style in {"|", ">"} or column <= around.column or self.text[begin] in "#\t":
            message = "A text on the line below its tag or anchor is read in different ways."
            raise refusals.read_differently(after, message, "Move it up to the tag.")
        return begin

    def _checked(self, event: Event, begin: int, around: Context) -> str:
        """The text of a scalar between `begin`, which is after its anchor and tag, and the current offset."""
        text, end, value, style = self.text, self.at, event.value, event.style
        column = -1 if around.in_flow else around.column  # brackets have all their lines checked at their end
        if style in {"|", ">"}:
            guard.check_block_text(text, begin, end, column)
            value = guard.with_tabs(text[begin:end], value) if "\t" in text[begin:end] else value
        elif style and value != text[begin + 1 : end - 1]:
            guard.check_quoted(text, begin, end, column)
            if spaces := guard.SPACES_BEFORE_BREAK.search(text, begin, end):
                self._warn(
                    spaces.start(),
                    "npm yaml drops the spaces at the end of this line, js-yaml 4.1.0 keeps them in the text.",
                    "Remove the spaces.",
                )
        elif not style:
            if value != text[begin:end]:
                guard.check_lines(text, begin, end, column)
            if around.in_flow:
                guard.check_flow_plain(text, begin, end)
        return value

    def _typed(self, raw: str, start: int) -> JsonValue:
        """The value of a plain scalar that may not be text."""
        value = core_value(raw)
        if reason := ambiguity(raw):
            kind = "text" if isinstance(value, str) else "a number"
            self._warn(
                start,
                f"npm yaml reads {raw} as {kind}, js-yaml (some versions) as {reason}.",
                f'To mean text, put it in quotes: "{raw}".',
            )
        return value

    def _tagged(self, raw: str, event: Event, start: int) -> JsonValue:
        """The value of a text with a tag."""
        name = str(event.tag).removeprefix(_YAML_TAG)
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

    def _other_key(self, event: Event, around: Context) -> JsonValue:
        """The value of a key that is an alias; {} for a collection, which cannot be a key."""
        return self.alias(event, around) if _class_of(event) is AliasEvent else {}

    def _checked_key(self, value: JsonValue, event: Event, earlier: dict[str, JsonValue], starts: list[int]) -> str:
        """A key as JavaScript's property name; one that is set `earlier`, or that is too long, is refused."""
        start = event.start_mark.index
        if isinstance(value, (dict, list)):
            raise refusals.complex_key(self.text, start)
        if value is None and start == event.end_mark.index:
            raise Refusal(start, *refusals.MISSING_KEY)
        if value is None:
            message = 'npm yaml reads a null key as the key "", js-yaml as the key "null".'
            self._warn(start, message, 'Put the key in quotes: "null".')
        key = value if isinstance(value, str) else key_text(value)
        if key in earlier:
            raise refusals.repeated_key(self.text, key, start, starts[[*earlier].index(key)])
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
                "If this is text with a colon in it, put it in quotes.",
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
            anchor = self._opened(event)
            if not event.flow_style:
                column = self._column_below(start, begin, around)
        if not event.flow_style:
            value, _ = self._entries(event, Context(column, around.depth + 1, in_flow=False))
        elif self.text[begin] in "[{":
            value = self._brackets(event, begin, around)
        else:
            value = self._pair(Context(around.column, around.depth + 1, in_flow=True))
        if anchor:
            self._anchors.close(anchor, value)
        return value

    def _column_below(self, start: int, begin: int, around: Context) -> int:
        """The column of a block collection whose anchor or tag is at `start`, on the line above it."""
        self._pass_gap(start, around)
        self._style = None
        self.at = len(self.text[:begin].rstrip(" "))
        at = begin
        while self.text[at] in " \t\n#":
            at = self.text.find("\n", at) if self.text[at] == "#" else at + 1
        return at - self.text.rfind("\n", 0, at) - 1

    def _brackets(self, event: Event, begin: int, around: Context) -> JsonValue:
        """A collection in brackets, of which the first is at `begin`."""
        inside = Context(around.column, around.depth + 1, in_flow=True)
        start, before = event.start_mark.index, self.at
        self._pass_gap(start, around)
        self._check_below(before, start, around)
        self.at = begin + 1
        self._style = None
        value, end = self._entries(event, inside)
        self._pass_gap(end, inside)
        self.at = end + 1
        self._style = "]"
        if not around.in_flow:
            guard.check_brackets(self.text, begin, self.at, around.column)
        return value

    def _pair(self, inside: Context) -> JsonValue:
        """One pair without braces in a list in brackets: `[a: b]`."""
        event = self._next_event()
        kind = _class_of(event)
        said = self.scalar(event, inside, _FLOW_GAPS) if kind is ScalarEvent else self._other_key(event, inside)
        key = self._checked_key(said, event, {}, [])
        if "\n" in self.text[event.start_mark.index : self.at]:
            hint = "Is a comma missing at the end of the line above?"
            raise Refusal(event.start_mark.index, "yaml-key", "A key must be on one line.", hint)
        value = self._value(self._next_event(), inside)
        self._next_event()
        return {key: value}

    def _entries(self, event: Event, inside: Context) -> tuple[JsonValue, int]:
        """The keys and values, or the items, of a collection, and where it ends."""
        return self._mapping(inside) if _class_of(event) is MappingStartEvent else self._list(inside)

    def _mapping(self, inside: Context) -> tuple[JsonValue, int]:
        keyed: dict[str, JsonValue] = {}
        starts: list[int] = []
        next_event, scalar = self._next_event, self.scalar
        key_gaps, value_gaps = (_FLOW_GAPS, _FLOW_GAPS) if inside.in_flow else (_KEY_GAPS, _VALUE_GAPS)
        while (kind := _class_of(event := next_event())) is not MappingEndEvent:
            key = scalar(event, inside, key_gaps) if kind is ScalarEvent else self._other_key(event, inside)
            start = event.start_mark.index
            starts.append(start)
            if not isinstance(key, str) or key in keyed or key == "<<" or self.at - start >= _SHORT_KEY:
                key = self._checked_key(key, event, keyed, starts)
            kind = _class_of(event := next_event())
            if self._is_marked:
                self._pass_marked_key(start, inside)
            if kind is ScalarEvent and self._values < MAXIMUM_VALUES:
                self._values += 1
                keyed[intern(key)] = scalar(event, inside, value_gaps)
            else:
                keyed[intern(key)] = self._value(event, inside)
        return keyed, event.start_mark.index

    def _list(self, inside: Context) -> tuple[JsonValue, int]:
        items: list[JsonValue] = []
        next_event, last = self._next_event, None
        while _class_of(event := next_event()) is not SequenceEndEvent:
            items.append(self._value(event, inside))
            last = event
        if last and items[-1] is None and last.start_mark.index == last.end_mark.index and not inside.in_flow:
            self._warn_of_empty_item(last.start_mark.index, inside)
        return items, event.start_mark.index

    def _warn_of_empty_item(self, offset: int, inside: Context) -> None:
        below = _BELOW.match(self.text, offset)
        if below and below["dash"] and len(below["margin"]) < inside.column:
            self._warn(
                offset,
                "After this empty item js-yaml takes the items of the outer list below for items of this list.",
                'Write null or "" for the empty item.',
            )
