"""Plain scalars to values: the YAML 1.2 core schema as npm yaml applies it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from flowsync.text import number_text

if TYPE_CHECKING:
    from flowsync.model import JsonValue

WORDS: Final[dict[str, JsonValue]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{f"{sign}.{word}": math.inf for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **{f"-.{word}": -math.inf for word in ("inf", "Inf", "INF")},
}
"""The scalars that are not text and not written in digits."""

NUMERIC_STARTS: Final = frozenset("0123456789+-.")
"""A plain scalar that starts with none of these is one of WORDS, or text."""
INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+")

_LARGEST_SAFE: Final = 2**53
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_SIGNED_OR_BINARY: Final = re.compile(r"[-+]?0b[01_]+|[-+]0o[0-7_]+|[-+]0x[0-9a-fA-F_]+")
_SIGNED_DOT: Final = re.compile(r"[-+]\.[0-9_]+(?:[eE][-+]?[0-9]+)?")
_UNDERSCORED: Final = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)"
)
_SHORTEST_OVERFLOW: Final = 5


def core_value(raw: str) -> JsonValue:
    """The value of a plain scalar: null, boolean, number, or the text itself."""
    if raw in WORDS:
        return WORDS[raw]
    if raw[0] not in NUMERIC_STARTS:
        return raw
    base = {"0o": 8, "0x": 16}.get(raw[:2])
    if INTEGER.fullmatch(raw) and base:
        try:
            return as_double(float(int(raw[2:], base)))
        except OverflowError:
            return math.inf
    return as_double(float(raw)) if INTEGER.fullmatch(raw) or FLOAT.fullmatch(raw) else raw


def as_double(number: float) -> int | float:
    """The same number, as an int if it is whole and a double can hold it exactly."""
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_SAFE else number


def ambiguity(raw: str) -> str | None:
    """The value that js-yaml reads in place of npm yaml's; None if they agree."""
    if _DATE.fullmatch(raw):
        return "a date"
    if _SIGNED_OR_BINARY.fullmatch(raw):
        return "a number"
    if _SIGNED_DOT.fullmatch(raw) and "_" not in raw:
        return "text"
    if "_" in raw and _UNDERSCORED.fullmatch(raw):
        return "a number"
    if len(raw) >= _SHORTEST_OVERFLOW and FLOAT.fullmatch(raw) and math.isinf(float(raw)):
        return "text"
    return None


def key_text(value: JsonValue) -> str:
    """The property name that a scalar key becomes in JavaScript: `1.0` is "1", null is ""."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, (int, float))  # noqa: S101 - collections are no keys: the reader refuses them
    return number_text(value)
