"""What the schema has against a value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from flowsync.model import SENT_FIELDS, Severity
from flowsync.validate.rule import (
    LEGACY_FLOW_TYPES,
    Rule,
    code,
    described,
    did_you_mean,
    listed,
    meant,
    named,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import jsonschema_rs
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from flowsync.model import JsonValue, Location, Problem, ValuePath
    from flowsync.validate.rule import View


@dataclass(frozen=True, slots=True)
class Finding:
    """What a schema has against one value: the keyword that refused it, what that keyword wanted, and where."""

    keyword: str
    path: ValuePath
    value: JsonValue
    wanted: JsonValue
    schema: Mapping[str, JsonValue]


SchemaName: TypeAlias = Literal["flow", "data"]
Schema: TypeAlias = "dict[str, JsonValue]"

_SCHEMAS: Final = Path(__file__).with_name("schemas")
"""Not through importlib.resources, which costs 13 ms to import."""
DATA_SCHEMA: Final = "data.schema.json"


def schema_text(name: SchemaName) -> str:
    """The JSON Schema (draft 2020-12) of a flow file, or of its `data` alone; self-contained, ends in a newline."""
    if name == "data":
        return _packaged(DATA_SCHEMA)
    return json.dumps(bundle(), indent=2, ensure_ascii=False) + "\n"


def schema_problems(view: View) -> Iterator[Problem]:
    """What the schema has against a flow's file, each translated into a sentence with a position."""
    if _is_valid(view.value):
        return
    for error in _validator().iter_errors(view.value):
        yield from problems_of(view, _finding(error))


def _finding(error: ValidationError) -> Finding:

    # The stubs type these as possibly unset, which an error that a validator yields never is.
    told = cast("Any", error)
    return Finding(told.validator, tuple(told.absolute_path), told.instance, told.validator_value, told.schema)


def _is_valid(value: Mapping[str, JsonValue]) -> bool:
    """Whether the schema has nothing against it: jsonschema-rs takes 4 µs a flow, jsonschema, which explains, 550."""
    try:
        return _quick_validator().is_valid(value)
    except ValueError:  # what JSON cannot hold, such as .inf
        return False


@lru_cache(maxsize=1)
def _quick_validator() -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs  # noqa: PLC0415 - 30 ms that only validation should pay

    return jsonschema_rs.Draft202012Validator(bundle())


@lru_cache(maxsize=1)
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 65 ms that only validation should pay

    return Draft202012Validator(bundle())


def _packaged(name: str) -> str:
    return _SCHEMAS.joinpath(name).read_text(encoding="utf-8")


def bundle() -> Schema:
    """The flow schema with the data schema's root where it refers to that, and with its definitions among its own."""
    data: Schema = json.loads(_packaged(DATA_SCHEMA))
    flow = _joined(json.loads(_packaged("flow.schema.json")), _root(data))
    assert isinstance(flow, dict)  # noqa: S101 - a mapping stays a mapping
    return {**flow, "$defs": {**_definitions(flow), **_definitions(data)}}


def _root(data: Schema) -> Schema:
    """The data schema without its type, which is said where `data` is, for a text is allowed there too."""
    return {key: value for key, value in data.items() if key not in {"$schema", "$defs", "type"}}


def _definitions(schema: Schema) -> Schema:
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)  # noqa: S101 - our own file, and the tests read it
    return definitions


def _joined(value: JsonValue, root: Schema) -> JsonValue:
    """The value with `root` in place of each reference to the data schema, and the others made local.

    In place, not as a definition: VS Code's YAML extension completes a key whose schema is a reference with words
    beside it without its colon.
    """
    if isinstance(value, list):
        return [_joined(item, root) for item in value]
    if not isinstance(value, dict):
        return value
    joined = {key: _joined(item, root) for key, item in value.items() if key != "$ref"}
    reference = value.get("$ref")
    if reference == DATA_SCHEMA:
        return {**root, **joined}
    return {**joined, "$ref": reference.removeprefix(DATA_SCHEMA)} if isinstance(reference, str) else joined


UNKNOWN_KEY: Final = Rule(
    "unknown-key",
    Severity.ERROR,
    "A flow file, an overlay or a targeting test holds a key that flowsync does not know. It would be ignored, "
    "so a slip such as `targetinglogic` would leave the live flow as it is without a word. Keys that begin with "
    "`x-` are always allowed at the top of a file.",
    "name: Welcome\ntargetinglogic: user.property('plan') == 'pro'\n",
    "name: Welcome\ntargetingLogic: user.property('plan') == 'pro'\n",
)
WRONG_TYPE: Final = Rule(
    "wrong-type",
    Severity.ERROR,
    "A value is of another type than the API or the SDK takes: text where true or false belongs, a number where "
    "text belongs, a mapping in place of a list. YAML decides the type by how a value is written, so quotes are "
    "usually what is missing or too much.",
    "name: Welcome\nactive: 'yes'\n",
    "name: Welcome\nactive: true\n",
)
WRONG_VALUE: Final = Rule(
    "wrong-value",
    Severity.ERROR,
    "A value is not among the few that are possible in its place, for example the type of a flow or the action of "
    "a button. Case counts.",
    "name: Welcome\ntype: Announcement\n",
    "name: Welcome\ntype: ANNOUNCEMENT\n",
)
MISSING_KEY: Final = Rule(
    "missing-key",
    Severity.ERROR,
    "A key that is always required is absent: the `id` of a step or of a form field, the `label` or `value` of an "
    "option, the `value` of a pattern.",
    "type: ANNOUNCEMENT\ndata:\n  steps:\n    - title: Welcome\n",
    "type: ANNOUNCEMENT\ndata:\n  steps:\n    - id: welcome\n      title: Welcome\n",
)
STEPS_MISSING: Final = Rule(
    "steps-missing",
    Severity.ERROR,
    "Every type of flow but CUSTOM shows steps, and this one's `data` has none.",
    "type: BANNER\ndata:\n  title: Payday is near\n",
    "type: BANNER\ndata:\n  steps:\n    - id: payday\n      title: Payday is near\n",
)
SELECTOR_MISSING: Final = Rule(
    "selector-missing",
    Severity.ERROR,
    "Each step of a TOUR points at an element of the page; without a `selector` there is nothing to point at.",
    "type: TOUR\ndata:\n  steps:\n    - id: reports\n      title: Your reports\n",
    "type: TOUR\ndata:\n  steps:\n    - id: reports\n      title: Your reports\n      selector: '#reports'\n",
)
FIELDS_MISSING: Final = Rule(
    "fields-missing",
    Severity.ERROR,
    "No step of this FORM or SURVEY has `fields`, so it asks nothing. A step without fields is fine beside others, "
    "for example to say thank you.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      title: About you\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      title: About you\n      fields:\n        - id: role\n",
)
OPTIONS_MISSING: Final = Rule(
    "options-missing",
    Severity.ERROR,
    "A select or radio field has no `options` to choose from.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n          type: select\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n"
    "          type: select\n          options:\n            - {label: Admin, value: admin}\n",
)
EMPTY_TEXT: Final = Rule(
    "empty-text",
    Severity.ERROR,
    "A text that names something is empty or blank: the name of the flow, the id of a step or field, a selector.",
    "name: ''\n",
    "name: Welcome\n",
)
TOO_SMALL: Final = Rule(
    "too-small",
    Severity.ERROR,
    "A number is below what makes sense in its place: a `maxLength` under 1, or a count of events under 0.",
    "type: FORM\ndata:\n  steps:\n    - id: a\n      fields:\n        - id: b\n          maxLength: 0\n",
    "type: FORM\ndata:\n  steps:\n    - id: a\n      fields:\n        - id: b\n          maxLength: 80\n",
)

RULES: Final = (
    UNKNOWN_KEY,
    WRONG_TYPE,
    WRONG_VALUE,
    MISSING_KEY,
    STEPS_MISSING,
    SELECTOR_MISSING,
    FIELDS_MISSING,
    OPTIONS_MISSING,
    EMPTY_TEXT,
    TOO_SMALL,
)

TYPE_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("text",),
    "boolean": ("true", "false"),
    "integer": ("a whole number",),
    "number": ("a number",),
    "array": ("a list",),
    "object": ("a mapping",),
    "null": (),
}
"""JSON Schema's types in plain words; that an empty value is accepted here and there is never recommended."""
SPOKEN_BOOLEANS: Final[Mapping[str, str]] = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "n": "false",
    "false": "false",
}
NEEDS: Final[Mapping[str, tuple[Rule, str, str]]] = {
    "steps": (STEPS_MISSING, "a flow of this type needs `steps`", "Add `steps:` with at least one step."),
    "selector": (
        SELECTOR_MISSING,
        "every step of a TOUR needs a `selector`",
        "Name the element to point at, for example selector: '#new-budget'.",
    ),
    "options": (
        OPTIONS_MISSING,
        "a select or radio field needs `options`",
        "List them as - {label: Finance, value: finance}.",
    ),
}
"""Keys that only some types require: the rule, the sentence, the hint."""


def problems_of(view: View, finding: Finding) -> Iterator[Problem]:
    """The problems that one finding of the schema stands for: usually one, one for each key that is not known."""
    return TRANSLATIONS[finding.keyword](view, finding)


def _unknown_keys(view: View, finding: Finding) -> Iterator[Problem]:
    known = _words(finding.schema["properties"])
    patterns = _words(finding.schema.get("patternProperties"))
    for key in _words(finding.value):
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield UNKNOWN_KEY.at(
                view.key_location((*finding.path, key)),
                f"{code(key)} is not a key {_place(finding.path)}.",
                did_you_mean(key, known) or f"Known keys: {', '.join(known)}.",
            )


def _words(value: JsonValue) -> tuple[str, ...]:
    """The texts of a list, the keys of a mapping, or a text alone."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, dict)) else ()


def _place(path: ValuePath) -> str:
    return f"of {named(path)}" if path else "of a flow file"


def _wrong_type(view: View, finding: Finding) -> Iterator[Problem]:
    names = _words(finding.wanted)
    wanted = [word for name in names for word in TYPE_WORDS[name]]
    yield WRONG_TYPE.at(
        _value_location(view, finding.path, finding.value),
        sentence(f"{named(finding.path)} must be {listed(wanted)}, not {described(finding.value)}."),
        _type_hint(finding.path, names, finding.value),
    )


def _value_location(view: View, path: ValuePath, value: JsonValue) -> Location:
    """An empty value has no text of its own to point at: its key is shown instead."""
    return view.key_location(path) if value is None else view.location(path)


SHAPE_HINTS: Final[Mapping[str, str]] = {
    "array": "Begin each item on a line of its own with `- `.",
    "object": "Write it as lines of the form `key: value`, indented below it.",
    "integer": "Write digits without quotes.",
}
"""How to write what is wanted first."""


def _type_hint(path: ValuePath, wanted: Sequence[str], value: JsonValue) -> str | None:
    if value is None:
        return _empty_hint(path)
    if "boolean" in wanted and isinstance(value, str):
        return _boolean_hint(value)
    if "string" in wanted and isinstance(value, (bool, int, float)):
        return f"Quote it, so that YAML reads text: {_quoted_example(path, value)}."
    return SHAPE_HINTS.get(wanted[0])


NEEDED: Final = frozenset({"id", "label", "value", "steps", "selector", "options"})
"""Keys of `data` that are needed wherever null is an error."""


def _empty_hint(path: ValuePath) -> str:
    if len(path) == 1 and path[0] in SENT_FIELDS:
        return "Give it a value, or remove the line: a field that the file does not state is left alone."
    return "Give it a value." if path and path[-1] in NEEDED else "Give it a value, or remove the line."


def _boolean_hint(value: str) -> str | None:
    meant = SPOKEN_BOOLEANS.get(value.strip().lower())
    if meant is None:
        return None
    return (
        f"Write {meant}, without quotes." if value.lower() == meant else f"Write {meant}: to YAML, {value} is a text."
    )


def _quoted_example(path: ValuePath, value: bool | float) -> str:  # noqa: FBT001 - a value of the file, not a switch
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{path[-1]}: '{text}'" if path and isinstance(path[-1], str) else f"'{text}'"


def _wrong_value(view: View, finding: Finding) -> Iterator[Problem]:
    choices = [_shown_choice(choice) for choice in _items(finding.wanted) if choice not in NOT_RECOMMENDED]
    yield WRONG_VALUE.at(
        _value_location(view, finding.path, finding.value),
        sentence(f"{named(finding.path)} must be {listed(choices)}, not {described(finding.value)}."),
        _value_hint(finding.path, finding.value, choices),
    )


NOT_RECOMMENDED: Final = (None, *LEGACY_FLOW_TYPES)
"""Accepted where it is found, but not to be chosen."""


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _shown_choice(choice: JsonValue) -> str:
    return "false" if choice is False else str(choice)


def _value_hint(path: ValuePath, value: JsonValue, choices: Sequence[str]) -> str | None:
    if value is None:
        return _empty_hint(path)
    match = meant(value, choices) if isinstance(value, str) else None
    return None if match is None else f"Did you mean {match}?"


def _missing_key(view: View, finding: Finding) -> Iterator[Problem]:
    stated = _words(finding.value)
    for key in _words(finding.wanted):
        if key not in stated:
            yield _missing(view, finding.path, key)


def _missing(view: View, path: ValuePath, key: str) -> Problem:
    location = view.key_location(path) if path and isinstance(path[-1], str) else view.location(path)
    need = NEEDS.get(key)
    if need is None:
        return MISSING_KEY.at(location, sentence(f"{named(path)} needs {code(key)}."), MISSING_HINTS.get(key))
    rule, message, hint = need
    return rule.at(location, sentence(f"{message}."), hint)


MISSING_HINTS: Final[Mapping[str, str]] = {
    "id": "Add an id of its own, such as id: welcome; users' progress and answers are kept under it.",
    "label": "The label is what the user reads.",
    "value": "The value is what is stored or checked.",
}


def _fields_missing(view: View, finding: Finding) -> Iterator[Problem]:
    yield FIELDS_MISSING.at(
        view.key_location(finding.path),
        "A FORM or SURVEY needs `fields` in at least one step.",
        "Add them to a step, for example fields: [{id: role, type: text, label: What is your role?}].",
    )


def _empty_text(view: View, finding: Finding) -> Iterator[Problem]:
    yield EMPTY_TEXT.at(view.location(finding.path), sentence(f"{named(finding.path)} must not be empty."))


def _too_small(view: View, finding: Finding) -> Iterator[Problem]:
    yield TOO_SMALL.at(
        view.location(finding.path),
        sentence(f"{named(finding.path)} must be at least {finding.wanted}, not {described(finding.value)}."),
    )


TRANSLATIONS: Final[Mapping[str, Callable[[View, Finding], Iterator[Problem]]]] = {
    "additionalProperties": _unknown_keys,
    "contains": _fields_missing,
    "enum": _wrong_value,
    "minimum": _too_small,
    "pattern": _empty_text,
    "required": _missing_key,
    "type": _wrong_type,
}
"""What refuses something in our schemas, and the words for it."""
