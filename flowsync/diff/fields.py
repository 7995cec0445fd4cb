"""Compares the fields of a file with those of a live row: what is equal, what differs, what is not returned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.diff.canonical import canonical_text
from flowsync.diff.data import differences
from flowsync.errors import DocumentError
from flowsync.flows.expressions import as_sent, with_criteria
from flowsync.model import SENT_FIELDS, FieldChange, Op
from flowsync.targeting.tokens import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.model import FieldName, JsonValue

NOTHING_KNOWN: Final[Mapping[str, JsonValue]] = {}


@dataclass(frozen=True, slots=True)
class Observed:
    """Fields of a live row; a field that the server did not return is absent.

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
    with it. An `active` that is null or no truth value counts as not returned.
    """
    found = {name: live[name] for name in SENT_FIELDS if name in wanted and name in live}
    if "active" in found and found["active"] not in (True, False):
        del found["active"]
    if "data" not in found:
        return Observed(found, data_is_unreadable=False)
    data = found["data"]
    text = data if isinstance(data, str) else json.dumps(data)  # text [doc]; the value itself is understood
    try:
        value = known[text] if text in known else document.parse_data(text).value
    except DocumentError:
        return Observed(found, data_is_unreadable=True)
    return Observed({**found, "data": value}, data_is_unreadable=False)


def comparable(field: FieldName, value: JsonValue) -> JsonValue:
    """Return the form in which equal values of `field` have equal canonical texts.

    Description and targeting: null is "". Targeting, and the criteria of steps: by its tokens, if it has any.
    Active: 1 and 0 are true and false.
    """
    match field:
        case "description":
            return "" if value is None else value
        case "targetingLogic":
            return canonical(value) if isinstance(value, str) else "" if value is None else value
        case "active":
            return bool(value)
        case "data":
            return with_criteria(value, canonical)
        case "name" | "type":
            return value


def form(field: FieldName, value: JsonValue) -> str:
    """Return the canonical text of what `value` means as `field`."""
    return canonical_text(comparable(field, value))


def fingerprint(fields: Mapping[FieldName, JsonValue]) -> str:
    """Return "sha256:" and 64 hex digits over what the fields mean; `data` is its parsed value."""
    return _hashed("{" + ",".join(f'"{name}":{form(name, fields[name])}' for name in sorted(fields)) + "}")


def sha256(value: JsonValue) -> str:
    """Return "sha256:" and 64 hex digits over the canonical text of `value`."""
    return _hashed(canonical_text(value))


def _hashed(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """How the fields of a file differ from those of a live row.

    `changes` is ordered by SENT_FIELDS, then as the file has it. `unseen` are the file's fields that
    the server did not return. `old` and `new` hold the others' values (`data` parsed, or the text
    itself when `live_data_is_unreadable`).
    """

    changes: tuple[FieldChange, ...]
    unseen: tuple[FieldName, ...]
    old: Mapping[FieldName, JsonValue]
    new: Mapping[FieldName, JsonValue]
    live_data_is_unreadable: bool

    @property
    def changed(self) -> tuple[FieldName, ...]:
        """The fields that differ, in the order of SENT_FIELDS."""
        return tuple(dict.fromkeys(change.field for change in self.changes))


def compare(
    stated: Mapping[FieldName, JsonValue], live: Mapping[FieldName, JsonValue], data_text: str | None = None
) -> FieldComparison:
    """Compare the fields of a file (`Flow.fields`), as they are sent, with those of a live row (`LiveFlow.fields`).

    `data_text` is the text that the file's `data` would be sent as: a live text equal to it is not
    parsed. Live data that cannot be read differs as a whole.
    """
    sent = as_sent(stated)
    known = {} if data_text is None else {data_text: sent["data"]}
    found = compare_observed(observe(live, sent.keys(), known), Observed(sent, data_is_unreadable=False))
    return replace(found, unseen=tuple(name for name in SENT_FIELDS if name in sent and name not in found.new))


def compare_observed(old: Observed, new: Observed) -> FieldComparison:
    """Compare the fields that two sides both have; `unseen` is left empty."""
    names = [name for name in SENT_FIELDS if name in old.values and name in new.values]
    was, now = ({name: side.values[name] for name in names} for side in (old, new))
    is_text = old.data_is_unreadable or new.data_is_unreadable
    if "data" in was and not is_text:
        was["data"], now["data"] = _in_one_spelling(was["data"], now["data"])
    return FieldComparison(changes_between(was, now, data_is_text=is_text), (), was, now, is_text)


def _in_one_spelling(old: JsonValue, new: JsonValue) -> tuple[JsonValue, JsonValue]:
    """Return two values of `data` with equal criteria spelled as in the first.

    How a criterion is written is no difference, as in targetingLogic.
    """
    spellings: dict[str, str] = {}

    def spelled(text: str) -> str:
        return spellings.setdefault(canonical(text), text)

    if old is new:
        return old, new
    now = with_criteria(new, spelled)
    return with_criteria(old, spelled), now


def changes_between(
    old: Mapping[FieldName, JsonValue], new: Mapping[FieldName, JsonValue], *, data_is_text: bool = False
) -> tuple[FieldChange, ...]:
    """Return the changes that turn `old` into `new` (`data` parsed), for the fields that both have.

    With `data_is_text` the old `data` is a text that could not be read: it differs as a whole.
    """
    changes: list[FieldChange] = []
    for name in SENT_FIELDS:
        if name not in old or name not in new:
            continue
        was, now = old[name], new[name]
        if was is now or (isinstance(was, str) and was == now):
            continue
        if name == "data" and not data_is_text:
            changes += differences(name, *_in_one_spelling(was, now))
        elif name == "data" or form(name, was) != form(name, now):
            changes.append(FieldChange(name, "", name, Op.REPLACE, was, now))
    return tuple(changes)


def places(differences: Iterable[FieldChange], most: int = 5) -> str:
    """Return the places of differences for a sentence, at most `most`."""
    labels = list(dict.fromkeys(change.label for change in differences))
    more = f" and {len(labels) - most:,} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
