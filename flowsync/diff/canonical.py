"""Equality of values: canonical texts, and numbers for values."""

from __future__ import annotations

import json
import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowsync.model import JsonValue

EXACT: Final = 2**53
"""Up to here every integer is a number of its own to JavaScript, which is what reads flows."""
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
    return _ENCODER.encode(canonical(value))


def _number(number: float) -> int | float:
    """Return the number as JavaScript holds it, whole ones up to 2**53 as integers."""
    if -EXACT <= number <= EXACT:
        return int(number) if number == int(number) else number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


class ValueNumbers:
    """Gives equal values, those with the same `canonical_text`, the same number.

    The number of a list or mapping is remembered by the object's identity, so it is kept alive and must not change.
    Numbering a value and everything in it costs its size times its depth, which documents limit to 100.
    """

    __slots__ = ("_known", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._known: dict[int, tuple[JsonValue, int]] = {}

    def of(self, value: JsonValue) -> int:
        """Return the number of `value`, to compare with other numbers of this object."""
        if not isinstance(value, list | dict):
            return self._number(value)
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, self._number(value))
        return known[1]

    def same(self, one: JsonValue, other: JsonValue) -> bool:
        """Return whether two values are equal; numbers them only if `==` and their types do not decide."""
        match one, other:
            case dict(), dict() if one.keys() == other.keys():
                return all(self.same(value, other[key]) for key, value in one.items())
            case list(), list():
                return len(one) == len(other) and all(map(self.same, one, other))
            case _:
                return (type(one) is type(other) and one == other) or self.of(one) == self.of(other)

    def _number(self, value: JsonValue) -> int:
        form = blake2b(canonical_text(value).encode("ascii"), digest_size=32).digest()
        return self._numbers.setdefault(form, len(self._numbers))
