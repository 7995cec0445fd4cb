"""How the server reads single values when it compares them: as numbers, as dates, as texts.

After every source has been replaced by its value the server's expression is text again, so types are
loose: dates in quotes become milliseconds, '7' and 7 are the same number, everything else is text [obs].
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from flowsync.numbers import number_text
from flowsync.targeting.context import milliseconds

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def moment(text: str) -> float | None:
    """A date text as milliseconds since 1970; without a zone it is UTC. None for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(6, "0"))
    try:
        return milliseconds(datetime(year, month, day, hour, minute, second, fraction, _zone(match[8])))
    except ValueError:
        return None


def _zone(offset: str | None) -> timezone:
    """`+01:30` as a time zone; absent or Z is UTC. ValueError beyond a day."""
    if offset is None or offset == "Z":
        return timezone.utc
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def definite_number(value: JsonValue) -> float | None:
    """A number, or a date as milliseconds; None for anything else, numbers in quotes included."""
    if isinstance(value, str):
        return moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _double(value)


def number_of(value: JsonValue) -> float | None:
    """As definite_number, and numbers in quotes count too."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return definite_number(value)


def _double(value: float) -> float:
    """The nearest double, as JavaScript has no other numbers."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def text_of(value: JsonValue) -> str:
    """A value as text: lists and mappings as JSON, numbers as JavaScript writes them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(_double(value))
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values that are set are equal: as numbers where either is one, else as texts."""
    if definite_number(left) is None and definite_number(right) is None:
        return text_of(left) == text_of(right)
    number = number_of(left)
    return number is not None and number == number_of(right)
