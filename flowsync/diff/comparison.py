"""A file's fields against a live row's: what differs, and what cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flowsync.diff.fields import fingerprint_of, form, observe
from flowsync.diff.walk import differences
from flowsync.model import SENT_FIELDS, FieldChange, Op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import FieldName, JsonValue


class Fingerprints(NamedTuple):
    """The fingerprints of the fields before and after, and the new value of `data` with that of this field alone."""

    before: str
    after: str
    data: tuple[JsonValue, str] | None


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """How the stated fields of a file stand to a live row.

    `changes` is ordered by SENT_FIELDS, then as the file has it. `unseen` are the stated fields that
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

    def fingerprints(self) -> Fingerprints:
        """Those of `old` and `new`; each text is made once."""
        old = {name: form(name, value) for name, value in self.old.items()}
        new = {
            name: old[name] if _is_same(self.old[name], value) else form(name, value)
            for name, value in self.new.items()
        }
        data = (self.new["data"], fingerprint_of({"data": new["data"]})) if "data" in new else None
        return Fingerprints(fingerprint_of(old), fingerprint_of(new), data)


def compare(
    stated: Mapping[FieldName, JsonValue], live: Mapping[FieldName, JsonValue], data_text: str | None = None
) -> FieldComparison:
    """Compare what a file states (`Flow.fields`) with what a live row says (`LiveFlow.fields`).

    `data_text` is the text that the stated `data` would be sent as: a live text equal to it is not
    parsed. Live data that cannot be read differs as a whole.
    """
    known = {} if data_text is None else {data_text: stated["data"]}
    observed = observe(live, stated.keys(), known)
    new = {name: stated[name] for name in SENT_FIELDS if name in observed.values}
    changes = changes_between(observed.values, new, data_is_text=observed.data_is_unreadable)
    unseen = tuple(name for name in SENT_FIELDS if name in stated and name not in new)
    return FieldComparison(changes, unseen, observed.values, new, observed.data_is_unreadable)


def changes_between(
    old: Mapping[FieldName, JsonValue], new: Mapping[FieldName, JsonValue], *, data_is_text: bool = False
) -> tuple[FieldChange, ...]:
    """Return what turns `old` into `new` (`data` parsed), for the fields that both have.

    With `data_is_text` the old `data` is a text that could not be read: it differs as a whole.
    """
    names = (name for name in SENT_FIELDS if name in old and name in new)
    return tuple(
        change for name in names for change in _field_changes(name, old[name], new[name], data_is_text=data_is_text)
    )


def _field_changes(field: FieldName, old: JsonValue, new: JsonValue, *, data_is_text: bool) -> tuple[FieldChange, ...]:
    if _is_same(old, new):
        return ()
    if field == "data" and not data_is_text:
        return differences(field, old, new)
    if field != "data" and form(field, old) == form(field, new):
        return ()
    return (FieldChange(field, "", field, Op.REPLACE, old, new),)


def _is_same(old: JsonValue, new: JsonValue) -> bool:
    """Whether it is seen at a glance that two values are one."""
    return old is new or (isinstance(old, str) and old == new)
