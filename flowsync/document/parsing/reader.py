"""libyaml's events to values, each token passed by the guard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from flowsync.document.limits import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH
from flowsync.document.parsing import guard, refusals
from flowsync.document.parsing.anchors import Anchor, Anchors
from flowsync.document.parsing.characters import shown, without_directive
from flowsync.document.parsing.refusals import Refusal
from flowsync.document.scalars import FLOAT, INTEGER, NUMERIC_STARTS, TYPED_STARTS, WORDS, ambiguity, core_value, key_text

if TYPE_CHECKING:
    from flowsync.model import JsonValue

    _NodeEvent: TypeAlias = ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent

try:
    from yaml.cyaml import CParser as Parser
except ImportError:  # PyYAML without libyaml: its own parser refuses more, and takes ten times as long
    from yaml.parser import Parser as _PureParser
    from yaml.reader import Reader as _PureReader
    from yaml.scanner import Scanner as _PureScanner

    class Parser(_PureReader, _PureScanner, _PureParser):  # type: ignore[no-redef]
        """PyYAML's own parser."""

        def __init__(self, text: str) -> None:
            _PureReader.__init__(self, text)
            _PureScanner.__init__(self)
            _PureParser.__init__(self)


_YAML: Final = "tag:yaml.org,2002:"
_TEXT_TAGS: Final = frozenset({"!", f"{_YAML}str"})
_COLLECTION_TAGS: Final = {f"{_YAML}map": MappingStartEvent, f"{_YAML}seq": SequenceStartEvent}
_BELOW: Final = re.compile(r"[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*(?P<margin> *)(?P<dash>-(?=[ \n]))?")


class Warned(NamedTuple):
    """Something that is read well here but may be read otherwise elsewhere."""

    offset: int
    code: str
    message: str
    hint: str


class Context(NamedTuple):
    """Where a node is: the column of the block collection around it, how deep, and which gaps may precede it."""

    column: int
    depth: int
    in_flow: bool
    gap: re.Pattern[str]
    known_gaps: set[str]


class Reader:
    """One pass over one normalised text.

    `at` is the offset after the last token. What stands between tokens repeats a lot: `known_gaps` are those that the
    guard has passed already.
    """

    def __init__(self, text: str) -> None:
        self.text = without_directive(text)
        self.at = 0
        self.warnings: list[Warned] = []
        self.anchors = Anchors()
        self._shown = shown(self.text)
        self._next = Parser(self._shown.text).get_event
        self._gap = ""
        self._follows_quotes = False
        self._block_gaps: set[str] = set()
        self._flow_gaps: set[str] = set()

    def read(self) -> JsonValue:
        """The value of the one document of the text. Raises Refusal and yaml.YAMLError."""
        self._next()
        event = self._next()
        if not isinstance(event, DocumentStartEvent):
            if not guard.HEAD.fullmatch(self.text):
                raise refusals.bad_start(self.text, len(self.text) - len(self.text.lstrip(" \n")))
            return None
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.HEAD)
        value = self._root(self._next())
        event = self._next()
        if event.explicit:
            self._pass_marker(event.start_mark.index, guard.TAIL)
        event = self._next()
        if isinstance(event, DocumentStartEvent):
            raise Refusal(
                event.start_mark.index,
                "multiple-documents",
                "A second document begins here; a file holds one.",
                "Remove this --- line, or move what follows to a file of its own.",
            )
        if not guard.TAIL.fullmatch(self.text, self.at):
            raise guard.odd_gap(self.text, self.at, len(self.text))
        return value

    def _pass_marker(self, start: int, before: re.Pattern[str]) -> None:
        """Go past `---` or `...`, which have a line of their own."""
        if not before.fullmatch(self.text, self.at, start):
            raise guard.odd_gap(self.text, self.at, start)
        if not guard.MARKER_END.match(self.text, start + 3):
            marker = self.text[start : start + 3]
            raise refusals.read_differently(
                start, f"Something stands on the line of {marker}.", "Begin it on the next line."
            )
        self.at = start + 3

    def _root(self, event: Any) -> JsonValue:
        value = self._value(event, Context(-1, 0, in_flow=False, gap=guard.FIRST_GAP, known_gaps=set()))
        if isinstance(value, str) and self.text.startswith("---", event.start_mark.index):
            self._warn(
                event.start_mark.index,
                "Versions of js-yaml differ on where a text begins that starts with ---.",
                "Put the text in quotes.",
            )
        return value

    def _warn(self, offset: int, message: str, hint: str, code: str = "yaml-ambiguous") -> None:
        self.warnings.append(Warned(offset, code, message, hint))

    # Nodes

    def _value(self, event: Any, around: Context) -> JsonValue:
        """A value in a collection, or the root."""
        kind = type(event)
        before = self.at
        if kind is ScalarEvent:
            value = self._scalar(event, around)
        elif kind is AliasEvent:
            value = self._alias(event, around)
        else:
            return self._collection(event, around)
        if "\n" in self._gap and not around.in_flow:
            guard.check_below(self.text, before, event.start_mark.index, around.column)
        return value

    def _key(self, event: Any, around: Context, values: dict[str, JsonValue]) -> str:
        """A key as JavaScript's property name, which `values` must not have yet."""
        kind = type(event)
        if kind is ScalarEvent:
            key = self._scalar(event, around)
        elif kind is AliasEvent:
            key = self._alias(event, around)
        else:
            raise refusals.complex_key(self.text, event.start_mark.index)
        if not isinstance(key, str):
            key = self._property_name(event, key)
        if key in values:
            raise self._duplicate(key, event.start_mark.index)
        if key == "<<":
            self._warn_of_merge(event)
        elif self.at - event.start_mark.index > MAXIMUM_KEY_LENGTH // 2:
            self._check_key_length(event.start_mark.index)
        return key

    def _property_name(self, event: Any, key: JsonValue) -> str:
        start = event.start_mark.index
        if isinstance(key, (dict, list)):
            raise refusals.complex_key(self.text, start)
        if key is None:
            if start == event.end_mark.index:
                raise refusals.missing_key(start)
            self._warn(
                start,
                'npm yaml reads a null key as the key "", js-yaml as the key "null".',
                'Put the key in quotes: "null".',
            )
        return key_text(key)

    def _duplicate(self, key: str, offset: int) -> Refusal:
        return Refusal(offset, "duplicate-key", f'The key "{key}" is already set; one of the two would be lost.')

    def _warn_of_merge(self, event: Any) -> None:
        if isinstance(event, ScalarEvent) and not event.style:
            self._warn(
                event.start_mark.index,
                "npm yaml reads << as an ordinary key, js-yaml merges the mapping after it into this one.",
                'Write out the keys to merge, or put the key in quotes: "<<".',
            )

    def _check_key_length(self, start: int) -> None:
        if len(self.text[start : self.at].encode("utf-16-le", "surrogatepass")) // 2 >= MAXIMUM_KEY_LENGTH:
            raise Refusal(
                start,
                "yaml-key",
                f"This key is longer than {MAXIMUM_KEY_LENGTH} characters, the most that YAML allows.",
                "Where this is text with a colon in it, put it in quotes.",
            )

    def _pass_gap(self, start: int, around: Context) -> None:
        """Go past what stands between the last token and the next one."""
        gap = self._gap = self.text[self.at : start]
        if gap in around.known_gaps:
            return
        guard.check_gap(
            self.text, self.at, start, guard.QUOTED_FLOW_GAP if around.in_flow and self._follows_quotes else around.gap
        )
        if gap[-1:] != ":" and not self._follows_quotes:
            around.known_gaps.add(gap)

    # Scalars

    def _scalar(self, event: Any, around: Context) -> JsonValue:
        start = event.start_mark.index
        end = event.end_mark.index
        if start == end or event.tag or event.anchor:
            return self._unusual_scalar(event, around)
        text = self.text
        gap = text[self.at : start]
        if gap in around.known_gaps:
            self._gap = gap
        else:
            self._pass_gap(start, around)
        self.at = end
        value: JsonValue = event.value
        style = event.style
        if style:
            self._check_styled(value, style, start, end, around)
        else:
            self._follows_quotes = False
            if value != text[start:end]:
                guard.check_lines(text, start, end, around.column)
            if around.in_flow:
                guard.check_flow_plain(text, start, end)
            if value[0] in TYPED_STARTS:
                value = self._typed(value, start)
        return self._restored(value, start) if self._shown.originals else value

    def _check_styled(self, value: str, style: str, start: int, end: int, around: Context) -> None:
        if style in "|>":
            self._follows_quotes = False
            guard.check_block_text(self.text, start, end, around.column)
            return
        self._follows_quotes = True
        if value == self.text[start + 1 : end - 1]:
            return
        guard.check_quoted(self.text, start, end, around.column)
        if spaces := guard.SPACES_BEFORE_BREAK.search(self.text, start, end):
            self._warn(
                spaces.start(),
                "npm yaml drops the spaces at the end of this line, js-yaml 4.1.0 keeps them in the text.",
                "Remove the spaces.",
            )

    def _restored(self, value: JsonValue, start: int) -> JsonValue:
        return self._shown.restored(value, start) if isinstance(value, str) else value

    def _typed(self, raw: str, start: int) -> JsonValue:
        if raw[0] not in NUMERIC_STARTS:
            return WORDS.get(raw, raw)
        value = core_value(raw)
        reason = ambiguity(raw)
        if reason:
            kind = "text" if isinstance(value, str) else "a number"
            self._warn(
                start,
                f"npm yaml reads {raw} as {kind}, js-yaml (some versions) as {reason}.",
                f'To mean text, put it in quotes: "{raw}".',
            )
        return value

    def _unusual_scalar(self, event: Any, around: Context) -> JsonValue:
        """A scalar with an anchor or a tag, or none at all, which is null."""
        start, end = event.start_mark.index, event.end_mark.index
        self._gap = ""
        if start == end:
            return None
        begin = self._after_properties(event)
        anchor = self.anchors.open(event.anchor) if event.anchor else None
        self._pass_gap(start, around)
        if begin >= end:
            begin = end = self._end_of_nothing(begin, around)
        elif self.text[begin] == "\n":
            raise refusals.read_differently(
                begin, "A text on the line below its tag or anchor is read in different ways.", "Move it up to the tag."
            )
        self.at = end
        value = self._content(event, begin, end, around)
        value = self._restored(value, begin) if self._shown.originals else value
        if anchor:
            self.anchors.close(anchor, value)
        return value

    def _end_of_nothing(self, begin: int, around: Context) -> int:
        if around.in_flow or "\t" in self.text:
            raise refusals.read_differently(
                begin, "A tag or anchor without a value is read in different ways here.", "Write the value."
            )
        return len(self.text[:begin].rstrip(" \n"))

    def _content(self, event: Any, begin: int, end: int, around: Context) -> JsonValue:
        value = event.value
        if event.style:
            self._check_styled(value, event.style, begin, end, around)
        else:
            self._follows_quotes = False
            if value != self.text[begin:end]:
                guard.check_lines(self.text, begin, end, around.column)
            if around.in_flow and begin != end:
                guard.check_flow_plain(self.text, begin, end)
        if event.tag:
            return self._tagged(event, begin)
        if event.style:
            return value
        return self._typed(value, begin) if value and value[0] in TYPED_STARTS else value or None

    def _after_properties(self, event: Any) -> int:
        """The offset after the anchor and the tag of an event, and the spaces after them."""
        start = event.start_mark.index
        found = guard.PROPERTIES.match(self.text, start)
        if (
            found is None
            or bool(event.anchor) != bool(found["anchor"] or found["last_anchor"])
            or bool(event.tag) != bool(found["tag"] or found["first_tag"])
        ):
            raise refusals.bad_property(self.text, start)
        tag = (found["tag"] or found["first_tag"] or "").strip()
        if event.tag and event.tag[0] == "!":
            self._warn(
                self.text.index("!", start),
                f"npm yaml ignores the tag {tag} and takes a scalar after it as text; js-yaml may refuse the file.",
                "Remove the tag; to make a value text, put it in quotes.",
                "yaml-tag",
            )
        elif event.tag and event.tag.removeprefix(_YAML) not in guard.TAGS:
            raise refusals.unsupported_tag(self.text.index("!", start), tag)
        return found.end()

    def _tagged(self, event: Any, start: int) -> JsonValue:
        """The value that a tag makes of a scalar."""
        raw, tag = event.value, event.tag
        if tag == f"{_YAML}str" or tag[0] == "!":
            return str(raw)
        value = core_value(raw) if raw else None
        fits = {
            f"{_YAML}int": INTEGER.fullmatch(raw) is not None,
            f"{_YAML}float": FLOAT.fullmatch(raw) is not None or (raw in WORDS and isinstance(value, float)),
            f"{_YAML}bool": isinstance(value, bool),
            f"{_YAML}null": raw in WORDS and value is None,
        }
        if not fits.get(tag, False):
            raise refusals.unfit_tag(start, f"!!{tag.removeprefix(_YAML)}")
        return value

    def _alias(self, event: Any, around: Context) -> JsonValue:
        start, end = event.start_mark.index, event.end_mark.index
        self._pass_gap(start, around)
        self.at = end
        self._follows_quotes = False
        if self.text[end] not in " \n,]}":
            raise refusals.bad_alias(start)
        return self.anchors.use(event.anchor, start)

    # Collections

    def _collection(self, event: Any, around: Context) -> JsonValue:
        start = event.start_mark.index
        if around.depth >= MAXIMUM_DEPTH:
            raise Refusal(
                start,
                "nesting",
                f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another here.",
                "Flatten the document.",
            )
        has_properties = event.anchor or event.tag
        begin = self._after_properties(event) if has_properties else start
        if event.tag and event.tag[0] != "!" and not isinstance(event, _COLLECTION_TAGS.get(event.tag, ())):
            raise refusals.unfit_tag(begin, f"!!{event.tag.removeprefix(_YAML)}")
        anchor = self.anchors.open(event.anchor) if event.anchor else None
        if event.flow_style:
            value = self._flow_collection(event, begin, around)
        else:
            column = event.start_mark.column
            if has_properties:
                column = self._column_below(start, begin, around)
            value = self._parts(event, Context(column, around.depth + 1, False, guard.BLOCK_GAP, self._block_gaps))
        if anchor:
            self.anchors.close(anchor, value)
        return value

    def _column_below(self, start: int, begin: int, around: Context) -> int:
        """The column of a block collection whose anchor or tag stands at `start`, on the line above it."""
        self._pass_gap(start, around)
        self._follows_quotes = False
        self.at = len(self.text[:begin].rstrip(" "))
        at = begin
        while self.text[at] in " \t\n#":
            at = self.text.find("\n", at) if self.text[at] == "#" else at + 1
        return at - self.text.rfind("\n", 0, at) - 1

    def _flow_collection(self, event: Any, begin: int, around: Context) -> JsonValue:
        start, before = event.start_mark.index, self.at
        inside = Context(around.column, around.depth + 1, True, guard.FLOW_GAP, self._flow_gaps)
        if self.text[begin] not in "[{":
            return self._pair(inside)
        self._pass_gap(start, around)
        if "\n" in self._gap and not around.in_flow:
            guard.check_below(self.text, before, start, around.column)
        self.at = begin + 1
        self._follows_quotes = False
        value = self._parts(event, inside)
        if not around.in_flow:
            guard.check_brackets(self.text, begin, self.at, around.column)
        return value

    def _pair(self, inside: Context) -> JsonValue:
        """A key and its value without braces, as an item of a list in brackets: `[a: b]`."""
        event = self._next()
        key = self._key(event, inside, {})
        if "\n" in self.text[event.start_mark.index : self.at]:
            raise Refusal(
                event.start_mark.index,
                "yaml-key",
                "A key must be on one line.",
                "Is a comma missing at the end of the line above?",
            )
        value = self._value(self._next(), inside)
        self._next()
        return {key: value}

    def _parts(self, event: Any, inside: Context) -> JsonValue:
        return self._mapping(inside) if type(event) is MappingStartEvent else self._sequence(inside)

    def _mapping(self, inside: Context) -> dict[str, JsonValue]:
        values: dict[str, JsonValue] = {}
        while True:
            event = self._next()
            if type(event) is MappingEndEvent:
                break
            key = self._key(event, inside, values)
            values[key] = self._value(self._next(), inside)
        if inside.in_flow:
            self._close(event, inside)
        return values

    def _sequence(self, inside: Context) -> list[JsonValue]:
        values: list[JsonValue] = []
        last = None
        while True:
            event = self._next()
            if type(event) is SequenceEndEvent:
                break
            values.append(self._value(event, inside))
            last = event
        if inside.in_flow:
            self._close(event, inside)
        elif last is not None and values[-1] is None and last.start_mark.index == last.end_mark.index:
            self._warn_of_empty_item(last.start_mark.index, inside)
        return values

    def _warn_of_empty_item(self, offset: int, inside: Context) -> None:
        below = _BELOW.match(self.text, offset)
        if below and below["dash"] and len(below["margin"]) < inside.column:
            self._warn(
                offset,
                "After this empty item js-yaml takes the items of the outer list below for items of this list.",
                'Write null or "" for the empty item.',
            )

    def _close(self, event: Any, inside: Context) -> None:
        """Go past a closing bracket."""
        self._pass_gap(event.start_mark.index, inside)
        self.at = event.start_mark.index + 1
        self._follows_quotes = True
