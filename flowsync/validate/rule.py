"""What one kind of problem is: its stable code, its weight, its documentation, an example."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.closeness import closest, folded
from flowsync.flows.expressions import expressions as expressions_of
from flowsync.model import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow, JsonValue, Location, Severity, ValuePath


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of problem.

    `code` is kebab-case and never changes its meaning. `documentation` is one paragraph of plain text. `example` is
    a flow file that has this problem, `good` one as it should be; where more than one file is needed, or the name
    matters, each begins with a comment line that holds its path, such as `# flows/flow_welcome.yaml`. A firm rule
    can be neither lowered nor ignored: what it reports cannot be sent, or would be false for every user.
    """

    code: str
    severity: Severity
    documentation: str
    example: str
    good: str
    is_firm: bool = False

    def at(self, location: Location, message: str, hint: str | None = None, detail: tuple[str, ...] = ()) -> Problem:
        """A problem of this kind at one place."""
        return Problem(location, self.severity, self.code, message, hint, detail)


LONGEST_EXCERPT: Final = 60
"""Characters of an author's text that a message repeats at most."""


def printable(text: str) -> str:
    """`text` with every control, bidi and other unprintable character escaped by its number."""
    return text if text.isprintable() else "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the end of the basic plane


def excerpt(text: str) -> str:
    """The beginning of `text`, printable, on one line."""
    shortened = text if len(text) <= LONGEST_EXCERPT else f"{text[: LONGEST_EXCERPT - 1]}…"
    return printable(shortened)


def code(text: str) -> str:
    """A key or another word of the file, set off in backticks."""
    return f"`{excerpt(text)}`"


def described(value: JsonValue) -> str:
    """What a value is, for the end of a sentence: "the text 'yes'", "a list", "nothing"."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {excerpt(str(value))}"
    if isinstance(value, str):
        return f"the text '{excerpt(value)}'" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def named(path: ValuePath) -> str:
    """The value at `path`, as people would call it: "`title`", "item 2 of `steps`", "the file"."""
    if not path:
        return "the file"
    last = path[-1]
    return code(last) if isinstance(last, str) else f"item {last + 1} of {named(path[:-1])}"


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """`a`, `b` or `c`."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def sentence(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


OTHER_WORDS: Final = {
    "body": "subtitle",
    "button": "primaryButton",
    "content": "subtitle",
    "cta": "primaryButton",
    "description": "subtitle",
    "element": "selector",
    "heading": "title",
    "headline": "title",
    "href": "uri",
    "icon": "iconUri",
    "image": "imageUri",
    "img": "imageUri",
    "link": "uri",
    "maximumlength": "maxLength",
    "name": "id",
    "question": "label",
    "regex": "value",
    "targeting": "targetingLogic",
    "text": "subtitle",
    "url": "uri",
    "video": "videoUri",
}
"""Words of other tools, without regard to case and separators, and what they are called here."""


def meant(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that is close to `word`, or is what other tools call by it; None when there is none."""
    return closest(word, known) or _other_word(folded(word), known)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word, where one of `known` is near."""
    match = meant(word, known)
    return None if match is None else f"Did you mean `{match}`?"


def _other_word(folded: str, known: Collection[str]) -> str | None:
    word = OTHER_WORDS.get(folded)
    return word if word in known else None


ROOT_KEYS: Final = ("title", "subtitle", "sequential", "props", "steps")
STEP_KEYS: Final = (
    "id",
    "type",
    "selector",
    "title",
    "subtitle",
    "imageUri",
    "iconUri",
    "videoUri",
    "props",
    "visibilityCriteria",
    "startCriteria",
    "completionCriteria",
    "fields",
    "primaryButton",
    "secondaryButton",
)
BUTTON_KEYS: Final = ("title", "action", "uri", "target")
FIELD_KEYS: Final = (
    "id",
    "type",
    "label",
    "positiveLabel",
    "negativeLabel",
    "placeholder",
    "value",
    "required",
    "maxLength",
    "multiple",
    "pattern",
    "options",
    "props",
)
OPTION_KEYS: Final = ("label", "value")
PATTERN_KEYS: Final = ("value", "message")

BUTTONS: Final = ("primaryButton", "secondaryButton")
CRITERIA: Final = ("completionCriteria", "startCriteria", "visibilityCriteria")
MEDIA: Final = ("imageUri", "iconUri", "videoUri")

DEPRECATED_STEP_KEYS: Final = {
    "primaryButtonTitle": "primaryButton: {title: …}",
    "primaryButtonUri": "primaryButton: {uri: …}",
    "primaryButtonUriTarget": "primaryButton: {target: …}",
    "secondaryButtonTitle": "secondaryButton: {title: …}",
    "secondaryButtonUri": "secondaryButton: {uri: …}",
    "secondaryButtonUriTarget": "secondaryButton: {target: …}",
}
"""Keys that still work, and what takes their place."""

FLOW_TYPES: Final = ("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR")
LEGACY_FLOW_TYPES: Final = ("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY")
"""Seen on live flows [obs]; read, compared and sent, but not to be chosen for a new flow."""

BUTTON_ACTIONS: Final = (
    "step.complete",
    "step.start",
    "step.skip",
    "step.reset",
    "flow.complete",
    "flow.start",
    "flow.skip",
    "flow.restart",
    "flow.forward",
    "flow.back",
)
FIELD_TYPES: Final = ("text", "textarea", "select", "radio", "checkbox", "nps")
"""Any other field type names a component of the app."""

HTML_TAGS: Final = ("a", "b", "br", "div", "i", "img", "p", "span", "strong", "u")
LONGEST_TARGETING: Final = 2000
"""Characters of one targeting expression that the API takes at most."""


class Kind(Enum):
    """What a part is, in the words of a message."""

    ROOT = "the flow's data"
    STEP = "a step"
    BUTTON = "a button"
    FIELD = "a form field"
    OPTION = "an option"
    PATTERN = "a pattern"

    # Members are looked up in tables for each part of each flow, and Enum's own hash is written in Python.
    __hash__ = object.__hash__


LISTS: Final = {Kind.ROOT: "steps", Kind.STEP: "fields", Kind.FIELD: "options"}
"""Where parts have lists of further parts."""


class Part(NamedTuple):
    """One mapping of `data`; `path` starts with "data".

    `is_custom` says that a component of the app reads it, which may know further keys. A flow has a dozen parts, and a
    tuple is made three times as fast as a frozen dataclass.
    """

    kind: Kind
    path: ValuePath
    value: Mapping[str, JsonValue]
    is_custom: bool = False


def parts(data: JsonValue, flow_type: JsonValue) -> Iterator[Part]:
    """Every part of `data`, parents first, in the order of the file."""
    if isinstance(data, dict):
        is_custom = flow_type == "CUSTOM"
        yield Part(Kind.ROOT, ("data",), data, is_custom)
        for path, step in _mappings(data, ("data",), "steps"):
            yield from _step_parts(path, step, is_custom=is_custom)


def _step_parts(path: ValuePath, step: Mapping[str, JsonValue], *, is_custom: bool) -> Iterator[Part]:
    yield Part(Kind.STEP, path, step, is_custom or isinstance(step.get("type"), str))
    for name in BUTTONS:
        button = step.get(name)
        if isinstance(button, dict):
            yield Part(Kind.BUTTON, (*path, name), button)
    for field_path, field in _mappings(step, path, "fields"):
        yield from _field_parts(field_path, field, is_custom=is_custom)


def _field_parts(path: ValuePath, field: Mapping[str, JsonValue], *, is_custom: bool) -> Iterator[Part]:
    yield Part(Kind.FIELD, path, field, is_custom or field.get("type", "text") not in FIELD_TYPES)
    for option_path, option in _mappings(field, path, "options"):
        yield Part(Kind.OPTION, option_path, option)
    pattern = field.get("pattern")
    if isinstance(pattern, dict):
        yield Part(Kind.PATTERN, (*path, "pattern"), pattern)


def _mappings(
    parent: Mapping[str, JsonValue], path: ValuePath, key: str
) -> Iterator[tuple[ValuePath, Mapping[str, JsonValue]]]:
    items = parent.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield (*path, key, index), item


class View:
    """`value` is the whole file with `flow.fields` in place of what was stated: overlays applied, `data` parsed.

    `expressions` are all of the flow's. The parts are found when somebody asks: of most flows nobody does.
    """

    def __init__(self, flow: Flow, value: Mapping[str, JsonValue], expressions: tuple[FlowExpression, ...]) -> None:
        self.flow = flow
        self.value = value
        self.expressions = expressions

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of `data`, parents first."""
        return tuple(parts(self.value.get("data"), self.value.get("type")))

    def of(self, kind: Kind) -> Iterator[Part]:
        """The parts of one kind, in the order of the file."""
        return (part for part in self.parts if part.kind is kind)

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts."""
        return self.flow.source.location(path)

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of the value at `path` starts."""
        return self.flow.source.key_location(path)


def view(flow: Flow) -> View:
    """The view of one flow. A `data` that could not be read is left out: nothing below it can be judged."""
    raw = flow.source.value
    sent: dict[str, JsonValue] = {str(field): each for field, each in flow.fields.items()}
    value = {**raw, **sent} if isinstance(raw, dict) else sent
    if isinstance(value.get("data"), str):
        del value["data"]
    return View(flow, value, expressions_of(flow.fields))
