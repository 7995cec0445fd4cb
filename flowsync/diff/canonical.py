"""The one text that stands for a value: equal values have equal texts, and only they have."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowsync.model import JsonValue

EXACT: Final = 2**53
"""Up to here every integer is a number of its own to JavaScript, which is what reads flows."""
_ENCODER: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))
_UNUSUAL_NUMBER: Final = re.compile(r"\d(?:\.0(?!\d)|\d{15})")
"""Finds every number in JSON that is not written canonically (and texts that look like one)."""


def canonical(value: JsonValue) -> JsonValue:
    """Return `value` with every number in its one form.

    Numbers are those of JavaScript: 1.0 is 1, -0.0 is 0, and integers beyond 2**53 are the nearest
    double. Booleans are not numbers. Mappings keep their order, which does not count: compare
    `canonical_text`, not canonical values, because Python holds True to equal 1.
    """
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _number(value)
        case list():
            return [canonical(item) for item in value]
        case dict():
            return {key: canonical(item) for key, item in value.items()}


def canonical_text(value: JsonValue) -> str:
    """Return ASCII JSON without spaces, keys sorted, that is the same for equal values only.

    Not a number and the infinities, which JSON lacks, are NaN and (-)Infinity. Surrogates are
    escaped, so that a pair reads the same joined and apart.
    """
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # an integer of more digits than Python prints
        return _ENCODER.encode(canonical(value))
    return _ENCODER.encode(canonical(value)) if _UNUSUAL_NUMBER.search(text) else text


def _number(number: float) -> int | float:
    """Return the number as JavaScript holds it, whole ones up to 2**53 as integers."""
    if -EXACT <= number <= EXACT:
        return int(number) if number == int(number) else number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
