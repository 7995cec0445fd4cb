"""Checks against the schema of a flow file, and the message for each of its refusals."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from flowsync.model import SENT_FIELDS
from flowsync.text import excerpt
from flowsync.validate.rules import (
    EMPTY_TEXT,
    MISSING_KEY,
    OPTIONS_MISSING,
    SELECTOR_MISSING,
    STEPS_MISSING,
    TOO_SMALL,
    UNKNOWN_KEY,
    WRONG_TYPE,
    WRONG_VALUE,
    code,
    described,
    did_you_mean,
    listed,
    meant,
    named,
    sentence,
)
from flowsync.validate.view import LEGACY_FLOW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import jsonschema_rs
    from jsonschema.protocols import Validator

    from flowsync.model import JsonValue, Location, Problem, ValuePath
    from flowsync.validate.rules import Rule
    from flowsync.validate.view import View

SchemaName: TypeAlias = Literal["flow", "data"]
Schema: TypeAlias = "dict[str, Any]"
_DATA_SCHEMA: Final = "data.schema.json"


def schema_text(name: SchemaName) -> str:
    """The JSON Schema (draft 2020-12) of a flow file, or of its `data` alone; self-contained, ends in a newline."""
    return _packaged(_DATA_SCHEMA) if name == "data" else json.dumps(_bundle(), indent=2, ensure_ascii=False) + "\n"


def _packaged(name: str) -> str:
    return (Path(__file__).with_name("schemas") / name).read_text(encoding="utf-8")


def _bundle() -> Schema:
    """The flow schema with the data schema's root in place of the references to it, and with its definitions."""
    data: Schema = json.loads(_packaged(_DATA_SCHEMA))
    # Without the type, which the flow schema sets where `data` is, because a text is allowed there too.
    root = {key: value for key, value in data.items() if key not in {"$schema", "$defs", "type"}}
    flow: Schema = _joined(json.loads(_packaged("flow.schema.json")), root)
    return {**flow, "$defs": {**flow["$defs"], **data["$defs"]}}


def _joined(value: Any, root: Schema) -> Any:  # noqa: ANN401 - any part of a schema
    """The value with `root` in place of each reference to the data schema, and the other references made local.

    In place, not as a definition: VS Code's YAML extension completes a key whose schema is a reference with words
    next to it without its colon.
    """
    if isinstance(value, list):
        return [_joined(item, root) for item in value]
    if not isinstance(value, dict):
        return value
    joined = {key: _joined(item, root) for key, item in value.items() if key != "$ref"}
    reference = value.get("$ref")
    if reference == _DATA_SCHEMA:
        return {**root, **joined}
    return {**joined, "$ref": reference.removeprefix(_DATA_SCHEMA)} if reference else joined


@dataclass(frozen=True, slots=True)
class Refusal:
    """The schema's objection to one value: the keyword that refused it, its wanted value, and the place."""

    keyword: str
    path: ValuePath
    value: JsonValue
    wanted: JsonValue
    schema: Mapping[str, JsonValue]


def check_schema(view: View) -> Iterator[Problem]:
    """Report the schema's objections to a flow's file, each as a sentence with a position."""
    try:
        # jsonschema-rs, which takes 4 µs a flow, decides; jsonschema, which takes 550, explains.
        if _quick_validator().is_valid(view.value):
            return
    except ValueError:  # what JSON cannot hold, such as .inf
        pass
    error: Any  # the stubs type its attributes as possibly unset, which those of a yielded error never are
    for error in _validator().iter_errors(view.value):
        path = tuple(error.absolute_path)
        refusal = Refusal(error.validator, path, error.instance, error.validator_value, error.schema)
        yield from TRANSLATIONS[refusal.keyword](view, refusal)


@cache
def _quick_validator() -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs  # noqa: PLC0415 - 30 ms that only validation should pay

    return jsonschema_rs.Draft202012Validator(_bundle())


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 65 ms that only wrong files should pay

    return Draft202012Validator(_bundle())


def _unknown_keys(view: View, refusal: Refusal) -> Iterator[Problem]:
    known = _words(refusal.schema["properties"])
    patterns = _words(refusal.schema.get("patternProperties"))
    place = f"of {named(refusal.path)}" if refusal.path else "of a flow file"
    for key in _words(refusal.value):
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield UNKNOWN_KEY.at(
                view.key_location((*refusal.path, key)),
                f"{code(key)} is not a key {place}.",
                did_you_mean(key, known) or f"Known keys: {', '.join(known)}.",
            )


def _words(value: JsonValue) -> tuple[str, ...]:
    """The texts of a list, the keys of a mapping, or a text alone."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, dict)) else ()


_TYPE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("text",),
    "boolean": ("true", "false"),
    "integer": ("a whole number",),
    "number": ("a number",),
    "array": ("a list",),
    "object": ("a mapping",),
    "null": (),
}
"""JSON Schema's types in plain words; that null is accepted here and there is never recommended."""
_SHAPE_HINTS: Final[Mapping[str, str]] = {
    "array": "Begin each item on a line of its own with `- `.",
    "object": "Write it as lines of the form `key: value`, indented below it.",
    "integer": "Write digits without quotes.",
}
_BOOLEAN_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("yes", "on", "y", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "false"), "false"),
}


def _wrong_type(view: View, refusal: Refusal) -> Iterator[Problem]:
    path, value, types = refusal.path, refusal.value, _words(refusal.wanted)
    hint = _SHAPE_HINTS.get(types[0])
    if value is None:
        hint = _empty_hint(path)
    elif "boolean" in types and isinstance(value, str):
        hint = None
        if (word := _BOOLEAN_WORDS.get(value.strip().lower())) is not None:
            hint = f"Write {word}: to YAML, {value} is a text."
            if value.lower() == word:
                hint = f"Write {word}, without quotes."
    elif types[0] == "string" and isinstance(value, (bool, int, float)):
        hint = "Quote it, so that YAML reads text"
        if (text := view.written(path, value)) is not None:
            hint += f": {path[-1]}: '{excerpt(text)}'" if isinstance(path[-1], str) else f": '{excerpt(text)}'"
        hint += "."
    wanted = listed(word for name in types for word in _TYPE_WORDS[name])
    message = sentence(f"{named(path)} must be {wanted}, not {_found(view, refusal)}.")
    yield WRONG_TYPE.at(_value_location(view, refusal), message, hint)


def _found(view: View, refusal: Refusal) -> str:
    """As `described`, with numbers, true and false as their author wrote them."""
    value = refusal.value
    written = view.written(refusal.path, value) if isinstance(value, (bool, int, float)) else None
    if written is None:
        return described(value)
    return excerpt(written) if isinstance(value, bool) else f"the number {excerpt(written)}"


def _value_location(view: View, refusal: Refusal) -> Location:
    """The place of a value; for an empty one that of its key, because it has no text of its own."""
    return view.key_location(refusal.path) if refusal.value is None else view.location(refusal.path)


def _empty_hint(path: ValuePath) -> str:
    if len(path) == 1 and path[0] in SENT_FIELDS:
        return "Give it a value, or remove the line: a field that the file does not set is left alone."
    # Wherever null is an error for these keys of `data`, they are needed.
    is_needed = bool(path) and path[-1] in {"id", "label", "value", "steps", "selector", "options", "type"}
    return "Give it a value." if is_needed else "Give it a value, or remove the line."


def _wrong_value(view: View, refusal: Refusal) -> Iterator[Problem]:
    wanted = refusal.wanted if isinstance(refusal.wanted, list) else []
    accepted_only = (None, *LEGACY_FLOW_TYPES)  # not to be chosen
    choices = ["false" if choice is False else str(choice) for choice in wanted if choice not in accepted_only]
    match = meant(refusal.value, choices) if isinstance(refusal.value, str) else None
    hint = f"Did you mean {match}?" if match else None
    if refusal.path[-1:] == ("action",) and match is None:
        hint = "The SDK takes any other action for step.complete."
    yield WRONG_VALUE.at(
        _value_location(view, refusal),
        sentence(f"{named(refusal.path)} must be {listed(choices)}, not {_found(view, refusal)}."),
        _empty_hint(refusal.path) if refusal.value is None else hint,
    )


_NEEDS: Final[Mapping[str, tuple[Rule, str, str]]] = {
    "steps": (STEPS_MISSING, "A flow of this type needs `steps`.", "Add `steps:` with at least one step."),
    "selector": (
        SELECTOR_MISSING,
        "Every step of a TOUR needs a `selector`.",
        "Name the element to point at, for example selector: '#new-budget'.",
    ),
    "options": (
        OPTIONS_MISSING,
        "A select or radio field needs `options`.",
        "List them as - {label: Finance, value: finance}.",
    ),
}
"""Keys that only some types require: the rule, the message, the hint."""
_MISSING_HINTS: Final[Mapping[str, str]] = {
    "id": "Add an id of its own, such as id: welcome; users' progress and answers are kept under it.",
    "label": "The label is what the user reads.",
    "type": "The SDK drops a field without one: write text, textarea, select, radio, checkbox or a type of your app.",
    "value": "The value is what is stored or checked.",
}


def _missing_keys(view: View, refusal: Refusal) -> Iterator[Problem]:
    path, present = refusal.path, _words(refusal.value)
    for key in _words(refusal.wanted):
        if key not in present:
            location = view.key_location(path) if path and isinstance(path[-1], str) else view.location(path)
            message = sentence(f"{named(path)} needs {code(key)}.")
            rule, message, hint = _NEEDS.get(key, (MISSING_KEY, message, _MISSING_HINTS.get(key)))
            yield rule.at(location, message, hint)


def _empty_text(view: View, refusal: Refusal) -> Iterator[Problem]:
    yield EMPTY_TEXT.at(view.location(refusal.path), sentence(f"{named(refusal.path)} must not be empty."))


def _too_small(view: View, refusal: Refusal) -> Iterator[Problem]:
    message = f"{named(refusal.path)} must be at least {refusal.wanted}, not {_found(view, refusal)}."
    yield TOO_SMALL.at(view.location(refusal.path), sentence(message))


TRANSLATIONS: Final[Mapping[str, Callable[[View, Refusal], Iterator[Problem]]]] = {
    "additionalProperties": _unknown_keys,
    "enum": _wrong_value,
    "minimum": _too_small,
    "pattern": _empty_text,
    "required": _missing_keys,
    "type": _wrong_type,
}
"""For each keyword of our schemas that refuses something, the words for it."""
