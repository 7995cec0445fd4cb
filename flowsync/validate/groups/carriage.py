"""Whether the values can be carried to the API at all: readable as data, and within what JSON can say."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import FieldName, JsonValue, Problem, ValuePath
    from flowsync.validate.view import View

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
RULES: Final = (DATA_UNREADABLE, NOT_JSON)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode


def check(view: View) -> Iterator[Problem]:
    """Report a `data` text that cannot be read, and every value that JSON cannot carry."""
    data = view.flow.fields.get("data")
    if isinstance(data, str):
        yield DATA_UNREADABLE.at(
            view.location(("data",)),
            f"The text in `data` cannot be read: {_reason(data, view.flow.file)}",
            "Write `data` as a mapping, or correct the text.",
        )
    if not view.flow.source.fits_json and not _fits_json({**view.flow.fields}):
        for field, value in view.flow.fields.items():
            yield from _unfit(view, (field,), value)


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
