"""A saved plan: reads it strictly, and compares it with the live flows.

Only a document as flowsync writes it, with the right digest, is a plan. `restored` says whether one of its changes may
still be carried out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, TypeVar

from flowsync.diff.data import undone
from flowsync.diff.fields import compare, fingerprint, observe
from flowsync.errors import PlanFileError
from flowsync.model import (
    SENT_FIELDS,
    Blocked,
    Create,
    Dropped,
    DroppedKind,
    FieldChange,
    NewDraft,
    Op,
    Origin,
    Plan,
    PlanWarning,
    Removed,
    Target,
    Unmanaged,
    Update,
    View,
)
from flowsync.plan.document import AUDIENCE, FORMAT, SOMETIMES_COUNTED, SOMETIMES_LISTED, Summary, digest_of, summary
from flowsync.plan.warnings import NOT_THE_LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.model import Change, FieldName, JsonValue, LiveFlow

Fields: TypeAlias = "Mapping[FieldName, JsonValue]"
Readers: TypeAlias = "Mapping[str, Callable[[JsonValue], object]]"
"""By the keys of an object, what reads each value; it raises ValueError or TypeError for one of the wrong kind."""
Row = TypeVar("Row", bound="Update | NewDraft")


def _only(*kinds: type) -> Callable[[JsonValue], JsonValue]:
    """Return a reader that accepts values of exactly these types."""

    def read(value: JsonValue) -> JsonValue:
        if type(value) not in kinds:
            raise TypeError
        return value

    return read


def _field_name(value: JsonValue) -> FieldName:
    for name in SENT_FIELDS:
        if value == name:
            return name
    raise ValueError


def _field_names(value: JsonValue) -> tuple[FieldName, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_field_name, value))


def _origin(value: JsonValue) -> Origin | None:
    return None if value is None else Origin(value)


_ANYTHING: Final = _only(dict, list, str, int, float, bool, type(None))
_TEXT, _NUMBER, _TRUTH, _LIST, _OBJECT = map(_only, (str, int, bool, list, dict))
_TEXT_OR_NONE, _NUMBER_OR_NONE, _NONE = _only(str, type(None)), _only(int, type(None)), _only(type(None))

# The keys of each object of the document, with what reads their values.
_PLAN: Final[Readers] = {
    **dict.fromkeys(("format", "api_url", "digest"), _TEXT),
    **dict.fromkeys(("environment", "base"), _TEXT_OR_NONE),
    **dict.fromkeys(("changes", "blocked", "unmanaged"), _LIST),
    "summary": _OBJECT,
}
_PLAN_OPTIONAL: Final[Readers] = {"view": View, AUDIENCE: _ANYTHING, **dict.fromkeys(SOMETIMES_LISTED, _LIST)}
_SUMMARY: Final[Readers] = {name: _NUMBER for name in Summary.__dataclass_fields__ if name not in SOMETIMES_COUNTED}
_SUMMARY_OPTIONAL: Final[Readers] = dict.fromkeys(SOMETIMES_COUNTED, _NUMBER)
_CHANGE: Final[Readers] = {
    **dict.fromkeys(("slug", "file", "action", "after"), _TEXT),
    **dict.fromkeys(("fields", "warnings"), _LIST),
    "unseen": _field_names,
    "live": _TRUTH,
    "body": _OBJECT,
}
_ROW: Final[Readers] = {"id": _NUMBER, "version": _NUMBER, "status": _TEXT, "before": _TEXT}
_NO_ROW: Final[Readers] = dict.fromkeys(_ROW, _NONE)
_BODY: Final[Readers] = {name: _TRUTH if name == "active" else _TEXT for name in SENT_FIELDS}
"""What each field is sent as [doc]."""
_FIELD_CHANGE: Final[Readers] = {
    **dict.fromkeys(("path", "label"), _TEXT),
    **dict.fromkeys(("old", "new"), _ANYTHING),
    "field": _field_name,
    "op": Op,
    "origin": _origin,
}
_WARNING: Final[Readers] = {"code": _TEXT, "message": _TEXT, "line": _NUMBER_OR_NONE}
_BLOCKED: Final[Readers] = dict.fromkeys(("slug", "file", "code", "message"), _TEXT)
_BLOCKED_OPTIONAL: Final[Readers] = {"line": _NUMBER, "column": _NUMBER}
_UNMANAGED: Final[Readers] = {"slug": _TEXT, "id": _NUMBER, "name": _TEXT}
_REMOVED: Final[Readers] = {
    **dict.fromkeys(("slug", "file", "name"), _TEXT),
    **dict.fromkeys(("id", "version"), _NUMBER_OR_NONE),
    **dict.fromkeys(("status", "renamed_to"), _TEXT_OR_NONE),
}
_DROPPED: Final[Readers] = {**dict.fromkeys(("slug", "file", "name"), _TEXT), "kind": DroppedKind}
_DROPPED_OPTIONAL: Final[Readers] = {"status": _TEXT, "live": _ANYTHING}
_NO_FURTHER: Final[Readers] = {}


def _object(value: JsonValue, place: str, readers: Readers, optional: Readers = _NO_FURTHER) -> dict[str, Any]:
    """Return an object's values, each read by the reader of its key. `place` is for messages."""
    if not isinstance(value, dict):
        raise malformed(f"{place} is not an object")
    if unknown := sorted((value.keys() ^ readers.keys()) - optional.keys()):
        raise malformed(f"{place} lacks, or should not have, {unknown[0]}")
    found: dict[str, Any] = {}
    key = ""
    try:
        for key, item in value.items():
            found[key] = (readers.get(key) or optional[key])(item)
    except (ValueError, TypeError):
        raise malformed(f"{place} has the wrong kind of {key}") from None
    return found


def _places(items: Sequence[JsonValue], place: str) -> Iterator[tuple[JsonValue, str]]:
    return ((item, f"{place}[{index}]") for index, item in enumerate(items))


def from_text(text: str) -> Plan:
    """Return the plan that a saved document holds, as `from_document`. Raises PlanFileError."""
    try:
        return from_document(json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant))
    except ValueError:
        raise malformed("it is not JSON, or was cut off") from None
    except RecursionError:
        raise malformed("it is nested too deeply") from None


def from_document(document: JsonValue) -> Plan:
    """Return the plan that `to_document` wrote as `document`, as far as the document holds it.

    The `old` and `new` of each change hold the fields that change, not those that are managed and stay; `restored`
    adds them from the live row. Which flows are unchanged is only counted. Estimates of users are passed over, for no
    digest covers them. Raises PlanFileError if the format is unknown, anything is not as flowsync writes it, or the
    digest is not that of the content.
    """
    _known_format(document)
    whole = _object(document, "the plan", _PLAN, _PLAN_OPTIONAL)
    counted = _object(whole["summary"], "the summary", _SUMMARY, _SUMMARY_OPTIONAL)

    def each(key: str) -> Iterator[tuple[JsonValue, str]]:
        return _places(whole.get(key, ()), key)

    plan = Plan(
        environment=whole["environment"],
        api_url=whole["api_url"],
        base=whole["base"],
        changes=tuple(_change(*item) for item in each("changes")),
        unchanged=(),
        blocked=tuple(Blocked(**_object(*item, _BLOCKED, _BLOCKED_OPTIONAL)) for item in each("blocked")),
        unmanaged=tuple(Unmanaged(**_object(*item, _UNMANAGED)) for item in each("unmanaged")),
        digest=whole["digest"],
        unnamed_unchanged=counted["unchanged"],
        unverified=tuple(_unverified(*item) for item in each("unverified")),
        removed=tuple(Removed(**_object(*item, _REMOVED)) for item in each("removed")),
        dropped=tuple(_dropped(*item) for item in each("dropped")),
        view=whole.get("view", View.WHOLE),
    )
    _check_document(plan, counted)
    if not isinstance(document, dict) or digest_of(document) != plan.digest:
        raise PlanFileError(
            "The saved plan was changed after it was made: its digest is not that of its content.",
            hint="Plan again: flowsync plan --out FILE.",
        )
    return plan


def _known_format(document: JsonValue) -> None:
    found = document.get("format") if isinstance(document, dict) else None
    if found == FORMAT:
        return
    if isinstance(found, str) and found.startswith("flowsync-plan/"):
        raise PlanFileError(
            f"The saved plan has the format {found[:40]}; this flowsync reads {FORMAT}.",
            hint="Plan again with this version of flowsync.",
        )
    raise PlanFileError("This file is not a flowsync plan.", hint="flowsync plan --out FILE saves one.")


def _check_document(plan: Plan, stated: Mapping[str, int]) -> None:
    slugs = [change.slug for change in plan.changes]
    every = [change.slug for change in plan.writes]
    if slugs != sorted(slugs) or len(every) != len(set(every)):
        raise malformed("its changes are not in order, or name a flow twice")
    if asdict(summary(plan)) != {**dict.fromkeys(SOMETIMES_COUNTED, 0), **stated}:
        raise malformed("its summary does not count what it holds")


def _change(value: JsonValue, place: str) -> Change:
    match value:
        case {"action": "create"}:
            return _create(value, place)
        case {"action": "draft"}:
            return _with_values(NewDraft(**_parts(value, place, _ROW), old={}, new={}, target=Target.DRAFT), place)
        case {"action": "update"}:
            update = Update(**_parts(value, place, _ROW), old={}, new={})
            return _with_values(replace(update, target=_target(update)), place)
        case _:
            raise malformed(f"{place} is no change that flowsync knows")


def _parts(value: JsonValue, place: str, row: Readers) -> dict[str, Any]:
    """Return a change's values from the document, by the names of `Change`'s fields."""
    found = _object(value, place, {**_CHANGE, **row})
    del found["action"]
    fields, warnings = (_places(found[key], f"{place}.{key}") for key in ("fields", "warnings"))
    return {
        **found,
        "fields": tuple(FieldChange(**_object(*each, _FIELD_CHANGE)) for each in fields),
        "warnings": tuple(PlanWarning(**_object(*each, _WARNING)) for each in warnings),
        "body": _object(found["body"], f"the body of {place}", {}, _BODY),
    }


def _create(value: JsonValue, place: str) -> Create:
    parts = _parts(value, place, _NO_ROW)
    observed = observe(parts["body"], parts["body"].keys())
    kept = {name: parts[name] for name in ("slug", "file", "fields", "warnings", "body", "after")}
    create = Create(**kept, new=observed.values)
    if parts["unseen"] or parts["live"] is not create.live:
        raise malformed(f"{place} would make a flow that is there")
    stated: Fields = {each.field: each.new for each in create.fields if each.op is Op.ADD and not each.path}
    new: Fields = {"active": False, **stated}
    if len(stated) != len(create.fields) or not {"name", "data"} <= stated.keys() or create.body.keys() != new.keys():
        raise malformed(f"{place} does not send what it says it makes")
    if observed.data_is_unreadable or not fingerprint(new) == fingerprint(create.new) == create.after:
        raise malformed(f"{place} does not lead to what it sends")
    return create


def _unverified(value: JsonValue, place: str) -> Update:
    change = _change(value, place)
    if not isinstance(change, Update):
        raise malformed(f"{place} is no update")
    return replace(change, is_verified=False)


def _dropped(value: JsonValue, place: str) -> Dropped:
    found = _object(value, place, _DROPPED, _DROPPED_OPTIONAL)
    return Dropped(**found, is_shown="live" in found)


def _target(change: Update) -> Target:
    """Return the target that chose the row; a plan says so only if a newer row was passed over."""
    if all(warning.code != NOT_THE_LATEST for warning in change.warnings):
        return Target.LATEST
    return Target.ACTIVE if change.status == "ACTIVE" else Target.DRAFT


def _with_values(change: Row, place: str) -> Row:
    by_field = {name: [each for each in change.fields if each.field == name] for name in SENT_FIELDS}
    changed = [name for name in SENT_FIELDS if by_field[name]]
    if set(change.body) != {*changed, *(name for name in change.unseen if name in change.body)}:
        raise malformed(f"{place} does not send what it says it changes")
    observed = observe(change.body, changed)
    if observed.data_is_unreadable:
        raise malformed(f"{place} would send data that cannot be read")
    new = dict(observed.values)
    try:
        old = {name: undone(new[name], by_field[name]) for name in changed}
    except (ValueError, KeyError):
        raise malformed(f"{place} does not lead to what it sends") from None
    return replace(change, old=old, new=new)


def _unique_keys(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def malformed(complaint: str) -> PlanFileError:
    """Return the error for a document that flowsync did not write."""
    return PlanFileError(f"The saved plan cannot be read: {complaint}.", hint="Plan again: flowsync plan --out FILE.")


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """The row is as it was planned; `change` holds the values of every managed field."""

    change: Change


@dataclass(frozen=True, slots=True)
class AsWritten:
    """The row already has the planned content."""

    change: Change


@dataclass(frozen=True, slots=True)
class Edited:
    """The row was changed since: `differences` lead from the live values to those of the plan.

    `elsewhere`: the other fields of the row, if one of them was edited too, or is no longer returned; the
    document does not have what they were, nor which are managed. None if the rest explains everything.
    `unseen`: fields of the plan that the API does not return any more.
    """

    differences: tuple[FieldChange, ...]
    elsewhere: tuple[FieldName, ...] | None
    unseen: tuple[FieldName, ...]


Restored: TypeAlias = AsPlanned | AsWritten | Edited


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that must no longer be applied; `why` is a sentence, or the edits."""

    change: Change
    why: str | Edited


def restored(change: Update | NewDraft, row: LiveFlow) -> Restored:
    """Return whether `row` still is as planned, already has the planned content, or neither.

    Raises PlanFileError when `change` would not lead to what it says it leads to.
    """
    seen = observe(row.fields, [name for name in SENT_FIELDS if name not in change.unseen]).values
    if change.new.keys() <= seen.keys():
        for staying in _choices([name for name in seen if name not in change.new]):
            managed = {name: seen[name] for name in SENT_FIELDS if name in change.new or name in staying}
            if fingerprint(managed) == change.before:
                new = {**managed, **change.new}
                if fingerprint(new) != change.after:
                    raise malformed(f"the change of {change.slug} does not lead to what it says")
                return AsPlanned(replace(change, old=managed, new=new, shown=row.fields))
            if fingerprint(managed) == change.after:
                return AsWritten(replace(change, old={**managed, **change.old}, new=managed))
    return _edited(change, row, seen)


def _choices(names: Sequence[FieldName]) -> Iterator[frozenset[FieldName]]:
    """Yield every choice of fields, the largest first, because most files set nearly all fields."""
    for size in range(len(names), -1, -1):
        yield from map(frozenset, combinations(names, size))


def _edited(change: Update | NewDraft, row: LiveFlow, seen: Fields) -> Edited:
    differences = compare(change.old, row.fields).changes
    unseen = tuple(name for name in change.old if name not in seen)
    staying = tuple(name for name in seen if name not in change.new)
    as_it_was: Fields = {**seen, **change.old}
    choices = ({*change.old, *choice} for choice in _choices(staying))
    managed = ({name: as_it_was[name] for name in as_it_was if name in chosen} for chosen in choices)
    is_explained = any(fingerprint(fields) == change.before for fields in managed)
    return Edited(differences, None if is_explained else staying, unseen)
