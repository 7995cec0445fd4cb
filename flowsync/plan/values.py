"""What plans hold, told in words and numbers that JSON has."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from flowsync.diff import canonical
from flowsync.model import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import Change, FieldName, JsonValue

Action: TypeAlias = Literal["create", "update", "deactivate", "delete"]
"""What can be done to a flow."""

NOT_IN_JSON: Final = {math.inf: ".inf", -math.inf: "-.inf"}


def action(change: Change) -> Action:
    """Return the word for what a change does to its flow."""
    match change:
        case Update():
            return "update"


def restorable(fields: Mapping[FieldName, JsonValue]) -> dict[FieldName, JsonValue]:
    """Return those of the live fields that could be sent back, in a form that the API takes [doc].

    A null description or targeting is as good as "" [obs], and `data` that came as an object goes back as JSON text.
    Anything else of another type than the documented one cannot be sent.
    """
    found: dict[FieldName, JsonValue] = {}
    for name, value in fields.items():
        match name, value:
            case ("description" | "targetingLogic", None | str()) | ("active", bool()):
                found[name] = value
            case "name" | "type" | "data", str():
                found[name] = value
            case "data", dict() | list():
                found[name] = json.dumps(value, ensure_ascii=False)
            case _:
                pass
    return found


def json_safe(value: JsonValue) -> JsonValue:
    """Return `value` with the numbers that JSON cannot hold as the texts YAML has for them."""
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _json_number(value)
        case list():
            return [json_safe(item) for item in value]
        case dict():
            return {key: json_safe(item) for key, item in value.items()}


def _json_number(value: float) -> JsonValue:
    number = canonical(value)
    if isinstance(number, float) and not math.isfinite(number):
        return NOT_IN_JSON.get(number, ".nan")
    return number
