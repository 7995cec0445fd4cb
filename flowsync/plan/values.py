"""What plans hold, told in words and numbers that JSON has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from flowsync.diff import canonical
from flowsync.model import Update

if TYPE_CHECKING:
    from flowsync.model import Change, JsonValue

Action: TypeAlias = Literal["create", "update", "deactivate", "delete"]
"""What can be done to a flow."""

NOT_IN_JSON: Final = {math.inf: ".inf", -math.inf: "-.inf"}


def action(change: Change) -> Action:
    """Return the word for what a change does to its flow."""
    match change:
        case Update():
            return "update"


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
