"""Checks that the API and JavaScript get what the file says: readable data, JSON's values, numbers, characters."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.document import line_starts, locate
from flowsync.errors import DocumentError
from flowsync.text import excerpt, printable
from flowsync.validate.rules import CONTROL_CHARACTER, DATA_UNREADABLE, LARGE_INTEGER, NOT_JSON
from flowsync.validate.view import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, Location, Problem
    from flowsync.validate.view import View

_NOT_PRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
"""What YAML 1.2 calls not printable, as js-yaml does."""
_MAY_BE_LARGE: Final = re.compile(r"[0-9][0-9a-fA-Fxo]{13}")
_INTEGER: Final = re.compile(
    r"(?:[&!][^ \t\r\n]*[ \t\r\n]+)*(?P<digits>[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+))(?![\w.])"
)
"""A whole number as it is written, behind its anchor and tag."""
_LARGE_KEY: Final = re.compile(r"-?(?:[0-9]{16}|[0-9.]+e\+|Infinity$)")
_LARGEST: Final = 2**53
_MOST_DIGITS: Final = 20
"""More are beyond 2^53 in every base."""
_HALF_PAIR_HINT: Final = "Write the character itself, or both halves of its escape."


def check_javascript(view: View) -> Iterator[Problem]:
    """Report the reader's own warnings, except in `tests`, which no other parser ever reads."""
    warnings = view.flow.source.warnings
    if warnings and "tests" in view.value:
        start = view.key_location(("tests",))
        end = min((key for each in view.value if (key := view.key_location((each,))) > start), default=None)
        warnings = tuple(each for each in warnings if each.location < start or (end and each.location >= end))
    yield from warnings


def check_sendable(view: View) -> Iterator[Problem]:
    """Report a `data` text that cannot be read, and every value that JSON or JavaScript cannot hold."""
    data = view.flow.fields.get("data")
    if isinstance(data, str):
        yield DATA_UNREADABLE.at(
            view.location(("data",)),
            f"The text in `data` cannot be read: {_reason(data, view.flow.file)}",
            "Write `data` as a mapping, or correct the text.",
        )
    text = view.flow.source.text.removeprefix("\ufeff")  # places count from behind a byte order mark
    yield from _control_characters(view, text)
    written = _data_text(view)
    if _MAY_BE_LARGE.search(text) or (written is not None and _MAY_BE_LARGE.search(written)):
        yield from _large_integers(view, text, line_starts(text))
    if not _fits_json(view.flow.fields):
        yield from _not_json(view, text, line_starts(text))


def _data_text(view: View) -> str | None:
    """The text that the file gives as its `data`; None if it gives a mapping, or none."""
    written = view.flow.written
    return written if written is None or isinstance(written, str) else written.original


def _fits_json(value: Mapping[FieldName, JsonValue] | JsonValue) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _reason(data: str, name: str) -> str:
    try:
        document.parse_data(data, name)
    except DocumentError as error:
        return f"{printable(error.message)} (line {error.problem.location.line} of the text)"
    return "it is plain text, not a mapping."


def _control_characters(view: View, text: str) -> Iterator[Problem]:
    """Report the first one of each kind: in the file, and in a `data` text that is sent as it is."""
    found = {match[0]: match.start() for match in reversed([*_NOT_PRINTABLE.finditer(text)])}
    places = {each: (locate(view.flow.file, text, at), "be in a file as it is") for each, at in found.items()}
    if (written := _data_text(view)) is not None:
        for match in _NOT_PRINTABLE.finditer(written):
            if match[0] not in places:
                place = view.flow.source.offset_location(("data",), match.start())
                places[match[0]] = (place, "be in the text that is sent")
    for character, (place, where) in places.items():
        yield CONTROL_CHARACTER.at(
            place,
            f"The character U+{ord(character):04X} must not {where}.",
            "Remove it, or write it as an escape in double quotes.",
        )


def _large_integers(view: View, text: str, starts: Sequence[int]) -> Iterator[Problem]:
    """Report whole numbers, in the file and in a `data` text, that are too large for a double.

    An alias of one has no problem, because its anchor has it.
    """
    values = [*walk(view.flow.source.value, ())]
    if _data_text(view) is not None:
        values += walk(view.flow.fields.get("data"), ("data",))
    for path, value in values:
        if path and isinstance(key := path[-1], str) and _LARGE_KEY.match(key):
            yield from _large_integer(text, starts, view.key_location(path))
        if isinstance(value, int | float) and abs(value) >= _LARGEST:
            yield from _large_integer(text, starts, view.location(path))


def _large_integer(text: str, starts: Sequence[int], place: Location) -> Iterator[Problem]:
    digits = _integer_at(text, starts, place)
    if digits is None:
        return
    literal = digits.lower().lstrip("-+")
    base = {"0x": 16, "0o": 8}.get(literal[:2], 10)
    literal = (literal if base == 10 else literal[2:]).lstrip("0") or "0"  # noqa: PLR2004 - decimal
    if len(literal) > _MOST_DIGITS or int(literal, base) > _LARGEST:
        message = f"{digits[:40]} is beyond 2^53: JavaScript reads another number."
        yield LARGE_INTEGER.at(place, message, "Quote it to keep its digits.")


def _integer_at(text: str, starts: Sequence[int], place: Location) -> str | None:
    match = _INTEGER.match(text, starts[place.line - 1] + place.column - 1)
    return match["digits"] if match else None


def _not_json(view: View, text: str, starts: Sequence[int]) -> Iterator[Problem]:
    for field, sent in view.flow.fields.items():
        for path, value in walk(sent, (field,)):
            if isinstance(key := path[-1], str) and not _fits_json(key):
                yield NOT_JSON.at(view.key_location(path), "This key holds half of a surrogate pair.", _HALF_PAIR_HINT)
            if isinstance(value, str) and not _fits_json(value):
                yield NOT_JSON.at(view.location(path), "This text holds half of a surrogate pair.", _HALF_PAIR_HINT)
            elif isinstance(value, float) and not math.isfinite(value):
                place = view.location(path)
                # A whole number of so many digits that it is infinite has a problem already.
                if _integer_at(text, starts, place) is None:
                    name = ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
                    written = excerpt(view.written(path, value) or name)
                    yield NOT_JSON.at(place, f"{written} cannot be sent as JSON.", "Quote it if you mean the text.")
