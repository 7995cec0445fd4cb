"""Scalars and aliases to values: the YAML 1.2 core schema as npm yaml applies it, each token passed by the guard."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document import guard, refusals
from flowsync.document.guard import Anchors
from flowsync.document.libyaml import events_of, shown, without_directive
from flowsync.document.refusals import MAXIMUM_VALUES, TOO_MANY_VALUES, Refusal
from flowsync.text import number_text, printable

if TYPE_CHECKING:
    from flowsync.document.libyaml import Event
    from flowsync.model import JsonValue

WORDS: Final[dict[str, JsonValue]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{f"{sign}.{word}": math.inf for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **{f"-.{word}": -math.inf for word in ("inf", "Inf", "INF")},
}
"""The scalars that are not text and not written in digits."""

NUMERIC_STARTS: Final = frozenset("0123456789+-.")
TYPED_STARTS: Final = NUMERIC_STARTS | frozenset("~nNtTfF")
"""A plain scalar that starts with none of these is text."""

INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+")

_LARGEST_SAFE: Final = 2**53
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_SIGNED_OR_BINARY: Final = re.compile(r"[-+]?0b[01_]+|[-+]0o[0-7_]+|[-+]0x[0-9a-fA-F_]+")
_SIGNED_DOT: Final = re.compile(r"[-+]\.[0-9_]+(?:[eE][-+]?[0-9]+)?")
_UNDERSCORED: Final = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)"
)
_LONGEST_NUMBER: Final = 40
_SHORTEST_OVERFLOW: Final = 5


def core_value(raw: str) -> JsonValue:
    """The value of a plain scalar: null, boolean, number, or the text itself."""
    if raw in WORDS:
        return WORDS[raw]
    if raw[0] not in NUMERIC_STARTS:
        return raw
    if INTEGER.fullmatch(raw):
        return integer_value(raw)
    if FLOAT.fullmatch(raw):
        return as_double(float(raw))
    return raw


def integer_value(raw: str) -> JsonValue:
    """A decimal, `0o` or `0x` integer, rounded to the double that JavaScript holds."""
    base = {"0o": 8, "0x": 16}.get(raw[:2])
    if base is None:
        return as_double(float(raw))
    exact = int(raw[2:], base)
    try:
        return as_double(float(exact))
    except OverflowError:
        return math.inf


def as_double(number: float) -> int | float:
    """The same number, as an int where it is whole and an int can hold nothing that a double cannot."""
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_SAFE else number


def ambiguity(raw: str) -> str | None:
    """What js-yaml reads a plain scalar as where npm yaml reads something else; None where they agree."""
    if _DATE.fullmatch(raw):
        return "a date"
    if _SIGNED_OR_BINARY.fullmatch(raw):
        return "a number"
    if _SIGNED_DOT.fullmatch(raw) and "_" not in raw:
        return "text"
    if "_" in raw and _UNDERSCORED.fullmatch(raw):
        return "a number"
    if len(raw) >= _SHORTEST_OVERFLOW and FLOAT.fullmatch(raw) and math.isinf(float(raw)):
        return "text"
    return None


def key_text(value: JsonValue) -> str:
    """The property name that a scalar key becomes in JavaScript: `1.0` is "1", null is ""."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, (int, float))  # noqa: S101 - collections are no keys: the reader refuses them
    return number_text(value)


YAML_TAG: Final = "tag:yaml.org,2002:"
"""How the tag `!!` is written out."""

_CORE_TAGS: Final = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
_NOT_SEEN: Final = object()
_MOST_SEEN: Final = 5000
_LONGEST_SEEN: Final = 80
_SIMPLE_GAP: Final = re.compile(r" *:? +|,? *|\n *(?:- +)*")


@dataclass(slots=True, eq=False)
class Seen:
    """What the guard has passed before, in this text or another, and need not look at again.

    `gap` is the pattern of what may be between two tokens: not the same in block collections and in brackets. `gaps`
    match it. `scalars` are plain scalars of one line with the gap before them, and their values, where there is nothing
    to warn about. Neither depends on anything around it.
    """

    gap: re.Pattern[str]
    gaps: set[str] = field(default_factory=set)
    scalars: dict[str, JsonValue] = field(default_factory=dict)

    def add_gap(self, gap: str) -> None:
        """Remember a gap, where whether it may be there does not depend on the characters at its ends."""
        if len(gap) >= _LONGEST_SEEN or "\t" in gap or gap[:1] not in {"", " ", "\n", ":", ","} or gap[-1:] == ":":
            return
        if len(self.gaps) >= _MOST_SEEN:
            self.gaps.clear()
        self.gaps.add(gap)

    def add_scalar(self, gap: str, raw: str, value: JsonValue) -> None:
        """Remember a plain scalar, where it is short and nothing in the gap depends on what is around it."""
        if len(gap) + len(raw) >= _LONGEST_SEEN or raw[-1] in "-:?," or "\n" in raw or not _SIMPLE_GAP.fullmatch(gap):
            return
        if len(self.scalars) >= _MOST_SEEN:
            self.scalars.clear()
        self.scalars[gap + raw] = value


IN_BLOCK: Final = Seen(guard.BLOCK_GAP)
IN_BRACKETS: Final = Seen(guard.FLOW_GAP)


class Context(NamedTuple):
    """Where a node is: the column of the block collection around it (-1: none), and how deep it is nested."""

    column: int
    depth: int
    in_flow: bool
    seen: Seen

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


class ScalarReader:
    """Reads scalars and aliases of one normalised text.

    `at` is the offset after the last token; `gap` is what was between it and the token before, as far as it matters.
    `values` counts the values, what aliases repeat included.
    """

    def __init__(self, text: str) -> None:
        self.text = without_directive(text)
        self.at = 0
        self.gap = ""
        self.values = 0
        self.warnings: list[Warned] = []
        self.anchors = Anchors()
        self.follows_quotes = False
        self._shown = shown(self.text)
        self._has_stand_ins = bool(self._shown.originals)
        self.next_event = events_of(self._shown.text)

    def count(self, number: int) -> None:
        """Count values. Raises Refusal: no text is read to its end only to be refused then."""
        self.values += number
        if self.values > MAXIMUM_VALUES:
            raise Refusal(0, *TOO_MANY_VALUES)

    def warn(self, offset: int, message: str, hint: str, code: str = "yaml-ambiguous") -> None:
        """Note what other parsers read differently."""
        self.warnings.append(Warned(offset, code, message, hint))

    def pass_gap(self, start: int, around: Context) -> None:
        """Go past what is between the last token and the next one. Raises Refusal."""
        gap = self.gap = self.text[self.at : start]
        if gap in around.seen.gaps:
            return
        pattern = guard.QUOTED_FLOW_GAP if around.in_flow and self.follows_quotes else around.seen.gap
        guard.check_gap(self.text, self.at, start, pattern)
        if not self.follows_quotes:
            around.seen.add_gap(gap)

    def alias(self, event: Event, around: Context) -> JsonValue:
        """The value that an alias stands for."""
        start, end = event.start_mark.index, event.end_mark.index
        self.pass_gap(start, around)
        self.at = end
        self.follows_quotes = False
        if self.text[end] not in " \n,]}":
            raise Refusal(start, *refusals.BAD_ALIAS)
        anchor = self.anchors.use(str(event.anchor), start)
        self.count(anchor.size - 1)
        return anchor.value

    def scalar(self, event: Event, around: Context) -> JsonValue:
        """The value of a scalar. Most are plain and were seen before, so these come first."""
        text = self.text
        at, end = self.at, event.end_mark.index
        value = around.seen.scalars.get(text[at:end], _NOT_SEEN) if end - at < _LONGEST_SEEN else _NOT_SEEN
        if value is not _NOT_SEEN:
            self.at = end
            self.gap = ""
            self.follows_quotes = False
            return value  # type: ignore[return-value]  # the object that stands for nothing is excluded
        start = event.start_mark.index
        if start == end or event.tag or event.anchor:
            return self._unusual_scalar(event, around)
        gap = self.gap = text[at:start]
        if gap not in around.seen.gaps:
            self.pass_gap(start, around)
        self.at = end
        if event.style:
            return self._restored(self._styled(event, start, end, around), start)
        warned = len(self.warnings)
        value = self._plain(event.value, start, end, around)
        if not self._has_stand_ins and len(self.warnings) == warned:
            around.seen.add_scalar(gap, text[start:end], value)
        return self._restored(value, start)

    def _restored(self, value: JsonValue, start: int) -> JsonValue:
        """The value in the characters of the file."""
        return self._shown.restored(value, start) if self._has_stand_ins and isinstance(value, str) else value

    def _plain(self, value: str, start: int, end: int, around: Context) -> JsonValue:
        self.follows_quotes = False
        if value != self.text[start:end]:
            guard.check_lines(self.text, start, end, around.line_column)
        if around.in_flow:
            guard.check_flow_plain(self.text, start, end)
        return self._typed(value, start) if value[0] in TYPED_STARTS else value

    def _typed(self, raw: str, start: int) -> JsonValue:
        """What a plain scalar means that may be something else than text."""
        if raw[0] not in NUMERIC_STARTS:
            return WORDS.get(raw, raw)
        value = core_value(raw)
        reason = ambiguity(raw)
        if reason:
            kind = "text" if isinstance(value, str) else "a number"
            self.warn(
                start,
                f"npm yaml reads {raw} as {kind}, js-yaml (some versions) as {reason}.",
                f'To mean text, put it in quotes: "{raw}".',
            )
        return value

    def _styled(self, event: Event, start: int, end: int, around: Context) -> str:
        """The text of quotes or after | or >."""
        value = event.value
        if event.style in {"|", ">"}:
            self.follows_quotes = False
            guard.check_block_text(self.text, start, end, around.column)
            return guard.with_tabs(self.text[start:end], value) if "\t" in self.text[start:end] else value
        self.follows_quotes = True
        if value != self.text[start + 1 : end - 1]:
            guard.check_quoted(self.text, start, end, around.line_column)
            if spaces := guard.SPACES_BEFORE_BREAK.search(self.text, start, end):
                self.warn(
                    spaces.start(),
                    "npm yaml drops the spaces at the end of this line, js-yaml 4.1.0 keeps them in the text.",
                    "Remove the spaces.",
                )
        return value

    def _unusual_scalar(self, event: Event, around: Context) -> JsonValue:
        """A scalar with an anchor or a tag, or nothing at all, which is null."""
        start, end = event.start_mark.index, event.end_mark.index
        self.gap = ""
        if start == end:
            return None
        begin = self.after_properties(event)
        anchor = self.anchors.open(event.anchor, start) if event.anchor else None
        self.pass_gap(start, around)
        if begin >= end:
            if around.in_flow or "\t" in self.text:
                message = "A tag or anchor without a value is read in different ways here."
                raise refusals.read_differently(begin, message, "Write the value.")
            begin = end = self.end_before(begin, " \n")
        elif self.text[begin] in "\n#":
            begin = self._line_below(begin, event, around)
        self.at = end
        value = self._restored(self._content(event, begin, end, around), begin)
        if anchor:
            self.anchors.close(anchor, value)
        return value

    def _line_below(self, after: int, event: Event, around: Context) -> int:
        """Where a text begins that is on a line below its tag or anchor, which ends at `after`."""
        begin = guard.HEAD.match(self.text, after).end()  # type: ignore[union-attr]  # matches nothing too
        column = begin - self.text.rfind("\n", 0, begin) - 1
        if around.in_flow or event.style in {"|", ">"} or column <= around.column or self.text[begin] in "#\t":
            message = "A text on the line below its tag or anchor is read in different ways."
            raise refusals.read_differently(after, message, "Move it up to the tag.")
        return begin

    def end_before(self, offset: int, blanks: str) -> int:
        """The offset after the last character above `offset` that is none of `blanks`."""
        while self.text[offset - 1] in blanks:
            offset -= 1
        return offset

    def _content(self, event: Event, begin: int, end: int, around: Context) -> JsonValue:
        """What follows an anchor or a tag."""
        text: JsonValue = event.value
        if event.style:
            text = self._styled(event, begin, end, around)
        elif begin != end:
            typed = len(self.warnings)
            text = self._plain(event.value, begin, end, around)
            if event.tag:
                del self.warnings[typed:]
        else:
            self.follows_quotes = False
            text = None
        return self._tagged(event, begin) if event.tag else text

    def after_properties(self, event: Event) -> int:
        """The offset after the anchor and the tag of an event, and the spaces after them. Raises Refusal."""
        start = event.start_mark.index
        found = guard.PROPERTIES.match(self.text, start)
        written = (found["tag"] or found["first_tag"] or "").strip() if found else ""
        named = (found["anchor"] or found["last_anchor"]) if found else None
        if found is None or bool(event.anchor) != bool(named) or bool(event.tag) != bool(written):
            raise refusals.bad_property(self.text, start)
        if event.tag and event.tag[0] == "!":
            self.warn(
                self.text.index("!", start),
                f"npm yaml ignores the tag {written} and takes a scalar after it as text; js-yaml may refuse the file.",
                "Remove the tag; to make a value text, put it in quotes.",
                "yaml-tag",
            )
        elif event.tag and event.tag.removeprefix(YAML_TAG) not in _CORE_TAGS:
            message = f"The tag {printable(written)} is not supported: JavaScript's parsers differ on it."
            raise refusals.wrong_tag(self.text.index("!", start), message)
        return found.end()

    def _tagged(self, event: Event, start: int) -> JsonValue:
        """The value that a tag makes of a scalar."""
        raw, name = event.value, str(event.tag).removeprefix(YAML_TAG)
        if name == "str" or name[0] == "!":
            return raw
        value = core_value(raw) if raw else None
        fits = {
            "int": INTEGER.fullmatch(raw) is not None,
            "float": FLOAT.fullmatch(raw) is not None or (raw in WORDS and isinstance(value, float)),
            "bool": isinstance(value, bool),
            "null": raw in WORDS and value is None,
        }
        if not fits.get(name, False):
            raise refusals.wrong_tag(start, f"The tag !!{name} does not fit the value after it.")
        return value
