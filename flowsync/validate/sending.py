"""Whether the values can be carried to the API at all: readable as data, and within what JSON can say."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.document import line_starts, locate
from flowsync.errors import DocumentError
from flowsync.model import Severity
from flowsync.validate.rule import Rule, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import FieldName, Flow, JsonValue, Location, Problem, ValuePath
    from flowsync.validate.rule import View

DATA_UNREADABLE: Final = Rule(
    "data-unreadable",
    Severity.ERROR,
    "`data` is given as a text, and that text is not a mapping in YAML or JSON. The API would take it, and the flow "
    "would be empty.",
    'name: Welcome\ndata: "steps: [{id: welcome"\n',
    'name: Welcome\ndata: "steps: [{id: welcome}]"\n',
    is_firm=True,
)
NOT_JSON: Final = Rule(
    "not-json",
    Severity.ERROR,
    "A value that JSON cannot carry: .nan, .inf, or half of a surrogate pair. The API speaks JSON.",
    "type: CUSTOM\ndata:\n  props:\n    ratio: .inf\n",
    "type: CUSTOM\ndata:\n  props:\n    ratio: 0.5\n",
    is_firm=True,
)
CONTROL_CHARACTER: Final = Rule(
    "control-character",
    Severity.ERROR,
    "The file holds a control character as it is, or another character that YAML allows nowhere. Some parsers refuse "
    "the whole file then, js-yaml among them, which the vendor's tools use.",
    "name: Wel\x0bcome\n",
    'name: "Wel\\vcome"\n',
    is_firm=True,
)
LARGE_INTEGER: Final = Rule(
    "large-integer",
    Severity.ERROR,
    "A whole number beyond 2^53. JavaScript, which reads flows, holds another number then, and nobody notices.",
    "type: CUSTOM\ndata:\n  props:\n    account: 9007199254740993\n",
    "type: CUSTOM\ndata:\n  props:\n    account: '9007199254740993'\n",
    is_firm=True,
)
SENDABLE_RULES: Final = (DATA_UNREADABLE, NOT_JSON, CONTROL_CHARACTER, LARGE_INTEGER)

_NOT_PRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
"""What YAML 1.2 calls not printable, as js-yaml does."""
_MAY_BE_LARGE: Final = re.compile(r"[0-9a-fA-F]{14}|[0-7]{18}")
_INTEGER: Final = re.compile(
    r"(?:[&!][^ \t\r\n]*[ \t\r\n]+)*(?P<digits>[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+))(?![\w.])"
)
"""A whole number as it is written, behind its anchor and tag."""
_LARGE_KEY: Final = re.compile(r"-?(?:[0-9]{16}|[0-9.]+e\+)")
_LARGEST: Final = 2**53
_MOST_DIGITS: Final = 20
"""More are beyond 2^53 in every base."""


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode


def check_sendable(view: View) -> Iterator[Problem]:
    """Report a `data` text that cannot be read, and every value that JSON cannot carry."""
    data = view.flow.fields.get("data")
    if isinstance(data, str):
        yield DATA_UNREADABLE.at(
            view.location(("data",)),
            f"The text in `data` cannot be read: {_reason(data, view.flow.file)}",
            "Write `data` as a mapping, or correct the text.",
        )
    yield from _control_characters(view.flow)
    yield from _large_integers(view)
    if not _fits_json({**view.flow.fields}):
        for field, value in view.flow.fields.items():
            yield from _unfit(view, (field,), value)


def _control_characters(flow: Flow) -> Iterator[Problem]:
    """The first one of each kind: in the file as it is, and in a `data` text that is sent as it is."""
    places = _first_of_each(_lines(flow))
    for character, at in places.items():
        yield _control_character(character, locate(flow.file, _lines(flow), at), "be in a file as it is")
    for character, at in _first_of_each(flow.written if isinstance(flow.written, str) else "").items():
        if character not in places:
            place = flow.source.offset_location(("data",), at)
            yield _control_character(character, place, "be in the text that is sent")


def _lines(flow: Flow) -> str:
    """The text of the file as places count in it: without a byte order mark."""
    return flow.source.text.removeprefix("\ufeff")


def _first_of_each(text: str) -> dict[str, int]:
    return {match[0]: match.start() for match in reversed([*_NOT_PRINTABLE.finditer(text)])}


def _control_character(character: str, place: Location, what: str) -> Problem:
    return CONTROL_CHARACTER.at(
        place,
        f"The character U+{ord(character):04X} must not {what}.",
        "Remove it, or write it as an escape in double quotes.",
    )


def _large_integers(view: View) -> Iterator[Problem]:
    """Every whole number in the file, and in a `data` text, that is beyond what a double holds."""
    text = _lines(view.flow)
    if not _MAY_BE_LARGE.search(text):
        return
    yield from _large_integers_in(view, text, (), view.flow.source.value)
    if isinstance(view.flow.written, str):
        yield from _large_integers_in(view, text, ("data",), view.flow.fields.get("data"))


def _large_integers_in(view: View, text: str, path: ValuePath, value: JsonValue) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            if _LARGE_KEY.match(key):
                yield from _large_integer(text, view.key_location((*path, key)))
            yield from _large_integers_in(view, text, (*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _large_integers_in(view, text, (*path, index), item)
    elif isinstance(value, int | float) and abs(value) >= _LARGEST:
        yield from _large_integer(text, view.location(path))


def _large_integer(text: str, place: Location) -> Iterator[Problem]:
    """The Problem of the literal at one place; an alias has none, for its anchor has one."""
    literal = _INTEGER.match(text, line_starts(text)[place.line - 1] + place.column - 1)
    if literal and _is_large(literal["digits"].lower().lstrip("-+")):
        yield LARGE_INTEGER.at(
            place,
            f"{literal['digits'][:40]} is beyond 2^53: JavaScript reads another number.",
            "Quote it to keep its digits.",
        )


def _is_large(literal: str) -> bool:
    base = {"0x": 16, "0o": 8}.get(literal[:2], 10)
    digits = (literal if base == 10 else literal[2:]).lstrip("0")  # noqa: PLR2004 - ten fingers
    return len(digits) > _MOST_DIGITS or int(digits or "0", base) > _LARGEST


def _reason(text: str, name: str) -> str:
    try:
        document.parse_data(text, name)
    except DocumentError as error:
        line = error.location.line
        return f"{printable(error.message)} (line {line} of the text)"
    return "it is plain text, not a mapping."


def _fits_json(value: Mapping[FieldName, JsonValue]) -> bool:
    """The quick answer for nearly every flow, in C."""
    try:
        _encode(value).encode()
    except ValueError:
        return False
    return True


def _unfit(view: View, path: ValuePath, value: JsonValue) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not _is_whole(key):
                yield NOT_JSON.at(view.key_location((*path, key)), "This key holds half of a surrogate pair.", _PAIR)
            yield from _unfit(view, (*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unfit(view, (*path, index), item)
    elif isinstance(value, float) and not math.isfinite(value):
        yield NOT_JSON.at(
            view.location(path), f"{_as_yaml(value)} cannot be sent as JSON.", "Quote it if you mean the text."
        )
    elif isinstance(value, str) and not _is_whole(value):
        yield NOT_JSON.at(view.location(path), "This text holds half of a surrogate pair.", _PAIR)


def _as_yaml(value: float) -> str:
    return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"


_PAIR: Final = "Write the character itself, or both halves of its escape."


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


YAML_AMBIGUOUS: Final = Rule(
    "yaml-ambiguous",
    Severity.WARNING,
    "Something that npm yaml reads in one way and js-yaml, or one of its versions, in another: a date, 1_000, <<, a "
    "null key and the like, without quotes. flowsync reads what npm yaml reads; quotes make all of them agree.",
    "name: Welcome\nx-since: 2026-01-20\n",
    "name: Welcome\nx-since: '2026-01-20'\n",
)
YAML_TAG: Final = Rule(
    "yaml-tag",
    Severity.WARNING,
    "A tag that npm yaml passes over, and that js-yaml may refuse the whole file for.",
    "name: !custom Welcome\n",
    "name: Welcome\n",
)
JAVASCRIPT_RULES: Final = (YAML_AMBIGUOUS, YAML_TAG)


def check_javascript(view: View) -> Iterator[Problem]:
    """The reader's own warnings, places and all, but for those in `tests`, which no other parser ever reads."""
    if view.flow.source.warnings:
        in_tests = _in_tests(view)
        yield from (each for each in view.flow.source.warnings if not in_tests(each.location))


def _in_tests(view: View) -> Callable[[Location], bool]:
    """Whether a place is in `tests`: from its key up to the next one, or to the end of the file."""
    if "tests" not in view.value:
        return lambda _: False
    start = view.key_location(("tests",))
    end = next((key for key in sorted(view.key_location((each,)) for each in view.value) if key > start), None)
    return lambda place: start <= place and (end is None or place < end)
