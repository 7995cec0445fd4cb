"""The JSON Schemas of a flow file: their texts, and what they have against one flow.

`flow.schema.json` describes the file and refers to `data.schema.json` for what is inside `data`. Editors and the
validator get both as one self-contained schema, so that what an editor underlines is what `validate` reports.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from flowsync.validate.translation import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema_rs
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from flowsync.model import JsonValue, Problem
    from flowsync.validate.finding import Finding
    from flowsync.validate.view import View

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
    from flowsync.validate.finding import Finding  # noqa: PLC0415 - right files need none

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
