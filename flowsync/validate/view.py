"""A flow as rules see it: the whole value, and the parts of its `data`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.flows.expressions import expressions as expressions_of
from flowsync.flows.expressions import steps_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow, JsonValue, Location, ValuePath

_PLAIN_SCALAR: Final = re.compile(r"(?:[&!][^ \t\r\n]*[ \t\r\n]+)*(?P<written>[-+.\w]+)")
"""A number, true or false, behind its anchor and tag."""
ROOT_KEYS: Final = ("title", "subtitle", "sequential", "type", "props", "steps")
STEP_KEYS: Final = (
    *("id", "type", "selector", "title", "subtitle", "imageUri", "iconUri", "videoUri", "props"),
    *("visibilityCriteria", "startCriteria", "completionCriteria", "fields", "primaryButton", "secondaryButton"),
)
FORMER_STEP_KEYS: Final = (
    *("stepName", "skippable", "dismissible", "autoMarkCompleted", "backButtonTitle"),
    *("url", "urlTarget", "showHighlight", "ctaActionType"),
)
"""Keys that the SDK's former versions read, and the current one does not: known, and never suggested."""
BUTTON_KEYS: Final = ("title", "action", "uri", "target")
FIELD_KEYS: Final = (
    *("id", "type", "label", "positiveLabel", "negativeLabel", "placeholder", "value", "required"),
    *("min", "max", "minLength", "maxLength", "multiple", "pattern", "options", "props"),
)
OPTION_KEYS: Final = ("label", "value")
PATTERN_KEYS: Final = ("value", "message")
LIMITS: Final = ("required", "min", "max", "minLength", "maxLength")
"""Keys of a field that may be mappings of the same two keys as a pattern."""
FLOW_TYPES: Final = ("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR")
LEGACY_FLOW_TYPES: Final = ("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY")
"""Types of live flows [obs]; read, compared and sent, but not to be chosen for a new flow."""
SURVEY_TYPES: Final = ("SURVEY", "NPS_SURVEY")
FORM_TYPES: Final = ("FORM", *SURVEY_TYPES)
FIELD_TYPES: Final = ("text", "textarea", "select", "radio", "checkbox", "nps")
"""Any other field type names a component of the app; the last one exists in surveys only."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of mapping in `data`: its name in messages, its keys, and its properties for rules."""

    name: str
    keys: frozenset[str]
    needed: frozenset[str] = frozenset()
    """Keys for which null is an error of the schema, or (a field's initial value) is fine."""
    texts: tuple[str, ...] = ()
    """Keys of what users read."""
    addresses: tuple[str, ...] = ()
    items: str | None = None
    """The key of its list."""


ROOT: Final = Kind(
    "the flow's data",
    frozenset(ROOT_KEYS),
    needed=frozenset({"steps"}),
    texts=("title", "subtitle"),
    items="steps",
)
STEP: Final = Kind(
    "a step",
    frozenset((*STEP_KEYS, *FORMER_STEP_KEYS)),
    needed=frozenset({"id"}),
    texts=("title", "subtitle"),
    addresses=("imageUri", "iconUri", "videoUri"),
    items="fields",
)
BUTTON: Final = Kind("a button", frozenset(BUTTON_KEYS), texts=("title",), addresses=("uri",))
FIELD: Final = Kind(
    "a form field",
    frozenset(FIELD_KEYS),
    needed=frozenset({"id", "value"}),
    texts=("label", "placeholder", "required", "positiveLabel", "negativeLabel"),
    items="options",
)
OPTION: Final = Kind("an option", frozenset(OPTION_KEYS), needed=frozenset({"label", "value"}), texts=("label",))
PATTERN: Final = Kind("a pattern", frozenset(PATTERN_KEYS), needed=frozenset({"value"}), texts=("message",))
LIMIT: Final = Kind("a rule of a field", PATTERN.keys, needed=PATTERN.needed, texts=PATTERN.texts)


class Part(NamedTuple):
    """One mapping of `data`; `path` starts with "data". A custom part belongs to a component of the app."""

    kind: Kind
    path: ValuePath
    value: Mapping[str, JsonValue]
    is_custom: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A flow, its expressions and its parts, parents first.

    `value` is the whole file with `flow.fields` in place of what it sets: overlays applied, `data` parsed.
    """

    flow: Flow
    value: Mapping[str, JsonValue]
    expressions: tuple[FlowExpression, ...]
    parts: Sequence[Part]

    @property
    def type(self) -> JsonValue:
        """The type of the flow; None if the file does not set it."""
        return self.value.get("type")

    def of(self, kind: Kind) -> list[Part]:
        """The parts of one kind, in the order of the file."""
        return [part for part in self.parts if part.kind is kind]

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts."""
        return self.flow.source.location(path)

    def written(self, path: ValuePath, value: JsonValue) -> str | None:
        """The number, true or false at `path` as its author wrote it; None if that is not certain."""
        text = self.flow.source.text.removeprefix("\ufeff")  # places count from behind a byte order mark
        place, starts = self.location(path), document.line_starts(text)
        found = _PLAIN_SCALAR.match(text, starts[place.line - 1] + place.column - 1) if text else None
        try:
            is_it = found is not None and document.same(document.parse(found["written"]).value, value)
        except DocumentError:
            return None
        return found["written"] if found is not None and is_it else None

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of the value at `path` starts."""
        return self.flow.source.key_location(path)


def view(flow: Flow) -> View:
    """The view of one flow. An unreadable `data` is left out: nothing below it can be checked."""
    raw = flow.source.value
    sent: dict[str, JsonValue] = {str(field): each for field, each in flow.fields.items()}
    value = {**raw, **sent} if isinstance(raw, dict) else sent
    if isinstance(value.get("data"), str):
        del value["data"]
    return View(flow, value, expressions_of(flow.fields), _parts(value.get("data"), value.get("type")))


def _parts(data: JsonValue, flow_type: JsonValue) -> list[Part]:
    if not isinstance(data, dict):
        return []
    key = steps_key(data)
    is_custom = flow_type == "CUSTOM"
    found = [Part(ROOT, ("data",), data, is_custom)]
    for path, step in _mappings(data, ("data",), key):
        # Steps in the former format are read by former versions of the SDK, which know further keys.
        is_custom_step = is_custom or key != "steps" or isinstance(step.get("type"), str)
        found.append(Part(STEP, path, step, is_custom_step))
        for name in ("primaryButton", "secondaryButton"):
            button = step.get(name)
            if isinstance(button, dict):
                found.append(Part(BUTTON, (*path, name), button, is_custom_step))
        for field_path, field in _mappings(step, path, "fields"):
            is_custom_field = is_custom or field.get("type", "text") not in FIELD_TYPES
            found.append(Part(FIELD, field_path, field, is_custom_field))
            found += [
                Part(OPTION, at, option, is_custom_field) for at, option in _mappings(field, field_path, "options")
            ]
            for name in ("pattern", *LIMITS):
                rule = field.get(name)
                if isinstance(rule, dict):
                    kind = PATTERN if name == "pattern" else LIMIT
                    found.append(Part(kind, (*field_path, name), rule, is_custom_field))
    return found


def _mappings(
    parent: Mapping[str, JsonValue], path: ValuePath, key: str
) -> list[tuple[ValuePath, Mapping[str, JsonValue]]]:
    items = parent.get(key)
    every = enumerate(items) if isinstance(items, list) else ()
    return [((*path, key, index), item) for index, item in every if isinstance(item, dict)]


def walk(value: JsonValue, path: ValuePath) -> Iterator[tuple[ValuePath, JsonValue]]:
    """Every value in `value`, which is at `path`, with its path; parents first."""
    waiting: list[tuple[ValuePath, JsonValue]] = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += reversed([((*path, key), item) for key, item in items])
