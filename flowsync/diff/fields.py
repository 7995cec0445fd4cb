"""The fields of a flow as they are compared: what the server said, read; what is equal, one form."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.diff.canonical import canonical_text
from flowsync.errors import DocumentError
from flowsync.model import SENT_FIELDS
from flowsync.targeting.spelling import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.model import FieldName, JsonValue

NOTHING_KNOWN: Final[Mapping[str, JsonValue]] = {}


@dataclass(frozen=True, slots=True)
class Observed:
    """What a live row says of some fields; one that it does not tell is absent.

    `values` holds `data` parsed, or as the text itself when `data_is_unreadable`; the rest as returned.
    """

    values: Mapping[FieldName, JsonValue]
    data_is_unreadable: bool


def observe(
    live: Mapping[FieldName, JsonValue],
    wanted: Collection[FieldName],
    known: Mapping[str, JsonValue] = NOTHING_KNOWN,
) -> Observed:
    """Read the `wanted` fields of a live row (`LiveFlow.fields`).

    `known` maps a text of `data` to its value: what is the same in the row is not parsed again, and shared
    with it. An `active` that is null or no truth value at all tells nothing: it counts as not returned.
    """
    told = {name: live[name] for name in SENT_FIELDS if name in wanted and name in live}
    if "active" in told and told["active"] not in (True, False):
        del told["active"]
    if "data" not in told:
        return Observed(told, data_is_unreadable=False)
    try:
        return Observed({**told, "data": _parsed(told["data"], known)}, data_is_unreadable=False)
    except DocumentError:
        return Observed(told, data_is_unreadable=True)


def comparable(field: FieldName, value: JsonValue) -> JsonValue:
    """Return the form in which equal values of `field` have equal canonical texts.

    Description and targeting: null is "". Targeting: by its tokens, where it has any.
    Active: 1 and 0 are true and false.
    """
    match field:
        case "description":
            return "" if value is None else value
        case "targetingLogic":
            return _targeting("" if value is None else value)
        case "active":
            return bool(value)
        case "name" | "type" | "data":
            return value


def form(field: FieldName, value: JsonValue) -> str:
    """Return the canonical text of what `value` means as `field`."""
    return canonical_text(comparable(field, value))


def fingerprint(fields: Mapping[FieldName, JsonValue]) -> str:
    """Return "sha256:" and 64 hex digits over what the fields mean; `data` is its parsed value."""
    return fingerprint_of({name: form(name, value) for name, value in fields.items()})


def fingerprint_of(forms: Mapping[FieldName, str]) -> str:
    """Return the `fingerprint` of fields of which the canonical texts (`form`) are there already."""
    return _hashed("{" + ",".join(f'"{name}":{forms[name]}' for name in sorted(forms)) + "}")


def sha256(value: JsonValue) -> str:
    """Return "sha256:" and 64 hex digits over the canonical text of `value`."""
    return _hashed(canonical_text(value))


def _hashed(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def _parsed(data: JsonValue, known: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value of `data`, which [doc] is text; a server that sends the value itself is understood."""
    text = data if isinstance(data, str) else json.dumps(data)
    if text in known:
        return known[text]
    for similar, value in known.items():
        return document.parse_beside(text, similar, value)
    return document.parse_data(text).value


def _targeting(value: JsonValue) -> JsonValue:
    return canonical(value) if isinstance(value, str) else value
