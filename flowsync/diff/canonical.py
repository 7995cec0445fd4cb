"""The one text that stands for a value: equal values have equal texts, and only they have."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.model import JsonValue

EXACT: Final = 2**53
"""Up to here every integer is a number of its own to JavaScript, which is what reads flows."""
_NO_NUMBERS: Final = frozenset({str, bool, type(None)})
_ENCODER: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))


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
    return _ENCODER.encode(value if _is_canonical(value) else canonical(value))


def _is_canonical(value: JsonValue) -> bool:
    """Whether every number in `value` is in its one form, as nearly all are."""
    if isinstance(value, dict):
        return _are_canonical(value.values())
    if isinstance(value, list):
        return _are_canonical(value)
    return not isinstance(value, int | float) or _is_canonical_number(value)


def _are_canonical(values: Iterable[JsonValue]) -> bool:
    for value in values:  # noqa: SIM110 - a generator would take half as long again
        if type(value) not in _NO_NUMBERS and not _is_canonical(value):
            return False
    return True


def _is_canonical_number(number: float) -> bool:
    if isinstance(number, int):
        return -EXACT <= number <= EXACT
    return -EXACT < number < EXACT and not number.is_integer()


def _number(number: float) -> int | float:
    """Return the number as JavaScript holds it, whole ones up to 2**53 as integers."""
    if -EXACT <= number <= EXACT:
        return int(number) if number == int(number) else number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
