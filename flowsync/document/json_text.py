"""JSON as JavaScript's JSON.parse reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flowsync.document.failure import failure
from flowsync.document.limits import MAXIMUM_DEPTH, MAXIMUM_VALUES, TOO_MANY_VALUES, count_values
from flowsync.document.scalars import as_double
from flowsync.model import Location

if TYPE_CHECKING:
    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue


def looks_like_json(text: str) -> bool:
    """Whether a text starts as a JSON object or array does."""
    return text.lstrip(" \t\r\n")[:1] in {"{", "["}


def parse_json(text: str, name: str) -> JsonValue:
    """The value of a JSON text: of a key given twice the last counts, numbers are doubles.

    Raises ValueError for what JSON.parse refuses, DocumentError `nesting` below 100 levels and `too-many-values`.
    """
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse, parse_int=_number, parse_float=_number)
    except RecursionError:
        raise _too_deep(name) from None
    if text.count("[") + text.count("{") > MAXIMUM_DEPTH and _depth(value) > MAXIMUM_DEPTH:
        raise _too_deep(name)
    if len(text) > 2 * MAXIMUM_VALUES and count_values(value) > MAXIMUM_VALUES:  # each takes two characters at least
        raise failure(Location(name, 1, 1), *TOO_MANY_VALUES)
    return value


def _refuse(constant: str) -> JsonValue:
    raise ValueError(constant)


def _number(digits: str) -> int | float:
    return as_double(float(digits))


def _depth(value: JsonValue) -> int:
    """How many collections are nested; no further than one past the limit."""
    level = _children(value)
    depth = 0
    while level and depth <= MAXIMUM_DEPTH:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _children(value: JsonValue) -> list[JsonValue]:
    """What a collection holds; a scalar holds nothing."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(name: str) -> DocumentError:
    return failure(
        Location(name, 1, 1),
        "nesting",
        f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another.",
        "Flatten the document.",
    )
