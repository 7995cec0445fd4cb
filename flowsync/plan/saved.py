"""A saved plan read back: strictly, and only if its digest is right."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final, NoReturn, TypedDict, TypeVar

from flowsync.diff.data import undone
from flowsync.diff.fields import fingerprint, observe
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
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from enum import Enum

    from flowsync.model import Change, FieldName, JsonValue

Member = TypeVar("Member", bound="Enum")
Row = TypeVar("Row", bound="Update | NewDraft")

_PLACE: Final = ("line", "column")
_PLAN: Final = ("format", "environment", "api_url", "base", "summary", "changes", "blocked", "unmanaged", "digest")
_PLAN_OPTIONAL: Final = ("view", *SOMETIMES_LISTED, AUDIENCE)
_SUMMARY: Final = tuple(name for name in Summary.__dataclass_fields__ if name not in SOMETIMES_COUNTED)
_ROW: Final = ("id", "version", "status", "live")
_CHANGE: Final = ("slug", "file", "action", *_ROW, "fields", "unseen", "warnings", "body", "before", "after")


def from_text(text: str) -> Plan:
    """Return the plan that a saved document holds, as `from_document`. Raises PlanFileError."""
    try:
        return from_document(json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant))
    except ValueError:
        raise malformed("it is not JSON, or was cut off") from None
    except RecursionError:
        raise malformed("it is nested too deeply") from None


def from_document(document: JsonValue) -> Plan:
    """Return the plan that `to_document` made `document` of, as far as it is in the document.

    The `old` and `new` of each change hold the fields that change, not those that are managed and stay; `restored`
    adds them from the live row. Which flows are unchanged is only counted. Estimates of users are passed over, for no
    digest covers them. Raises PlanFileError where the format
    is unknown, anything is not as flowsync writes it, or the digest is not that of the content.
    """
    _known_format(document)
    whole = _Part(document, "the plan", _PLAN, _PLAN_OPTIONAL)
    stated = _Part(whole.value("summary"), "the summary", _SUMMARY, SOMETIMES_COUNTED)
    plan = Plan(
        environment=whole.optional("environment", str),
        api_url=whole.text("api_url"),
        base=whole.optional("base", str),
        changes=tuple(_change(item, place) for place, item in whole.items("changes")),
        unchanged=(),
        blocked=tuple(_blocked(item, place) for place, item in whole.items("blocked")),
        unmanaged=tuple(_unmanaged(item, place) for place, item in whole.items("unmanaged")),
        digest=whole.text("digest"),
        unnamed_unchanged=stated.scalar("unchanged", int),
        unverified=tuple(_unverified(item, place) for place, item in whole.items("unverified")),
        removed=tuple(_removed(item, place) for place, item in whole.items("removed")),
        dropped=tuple(_dropped(item, place) for place, item in whole.items("dropped")),
        view=_member(View, whole.text("view"), "the plan") if whole.has("view") else View.WHOLE,
    )
    _check_whole(plan, {name: stated.scalar(name, int) for name in Summary.__dataclass_fields__ if stated.has(name)})
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
    raise PlanFileError("This file is not a plan of flowsync.", hint="flowsync plan --out FILE saves one.")


def _check_whole(plan: Plan, stated: Mapping[str, int]) -> None:
    slugs = [change.slug for change in plan.changes]
    every = [change.slug for change in plan.writes]
    if slugs != sorted(slugs) or len(every) != len(set(every)):
        raise malformed("its changes are not in order, or name a flow twice")
    if asdict(summary(plan)) != {**dict.fromkeys(SOMETIMES_COUNTED, 0), **stated}:
        raise malformed("its summary does not count what it holds")


def _change(value: JsonValue, place: str) -> Change:
    part = _Part(value, place, _CHANGE)
    match part.text("action"):
        case "create":
            return _create(part)
        case "draft":
            return _with_values(NewDraft(**_row_change(part), target=Target.DRAFT), place)
        case "update":
            update = _row_change(part)
            return _with_values(Update(**update, target=_target(update["status"], update["warnings"])), place)
        case _:
            raise malformed(f"{place} has an action that flowsync does not know")


class _RowChange(TypedDict):
    """What the document holds of a change of a row, by the names that a RowChange has for it."""

    slug: str
    file: str
    id: int
    version: int
    status: str
    live: bool
    fields: tuple[FieldChange, ...]
    unseen: tuple[FieldName, ...]
    warnings: tuple[PlanWarning, ...]
    body: Mapping[FieldName, JsonValue]
    before: str
    after: str
    old: Mapping[FieldName, JsonValue]
    new: Mapping[FieldName, JsonValue]


def _row_change(part: _Part) -> _RowChange:
    return {
        "slug": part.text("slug"),
        "file": part.text("file"),
        "id": part.scalar("id", int),
        "version": part.scalar("version", int),
        "status": part.text("status"),
        "live": part.scalar("live", bool),
        "fields": _field_changes(part),
        "unseen": tuple(_field_name(item, part.place) for _, item in part.items("unseen")),
        "warnings": _warnings(part),
        "body": _body(part),
        "before": part.text("before"),
        "after": part.text("after"),
        "old": {},
        "new": {},
    }


def _create(part: _Part) -> Create:
    body = _body(part)
    observed = observe(body, body.keys())
    create = Create(
        slug=part.text("slug"),
        file=part.text("file"),
        fields=_field_changes(part),
        warnings=_warnings(part),
        body=body,
        after=part.text("after"),
        new=observed.values,
    )
    is_new = all(part.value(name) is None for name in ("id", "version", "status", "before"))
    if not is_new or any(part.items("unseen")) or part.scalar("live", bool) != create.live:
        raise malformed(f"{part.place} would make a flow that is there")
    stated: Mapping[FieldName, JsonValue] = {
        each.field: each.new for each in create.fields if each.op is Op.ADD and not each.path
    }
    new: Mapping[FieldName, JsonValue] = {"active": False, **stated}
    if len(stated) != len(create.fields) or not {"name", "data"} <= stated.keys() or body.keys() != new.keys():
        raise malformed(f"{part.place} does not send what it says it makes")
    if observed.data_is_unreadable or not fingerprint(new) == fingerprint(create.new) == create.after:
        raise malformed(f"{part.place} does not lead to what it sends")
    return create


def _field_changes(part: _Part) -> tuple[FieldChange, ...]:
    return tuple(_field_change(item, f"{part.place}.{where}") for where, item in part.items("fields"))


def _warnings(part: _Part) -> tuple[PlanWarning, ...]:
    return tuple(_warning(item, f"{part.place}.{where}") for where, item in part.items("warnings"))


def _body(part: _Part) -> Mapping[FieldName, JsonValue]:
    sent = part.mapping("body").items()
    return {_field_name(name, part.place): _sent(name, item, part.place) for name, item in sent}


def _unverified(value: JsonValue, place: str) -> Update:
    change = _change(value, place)
    if not isinstance(change, Update):
        raise malformed(f"{place} is no update")
    return replace(change, is_verified=False)


def _sent(name: str, value: JsonValue, place: str) -> JsonValue:
    """Return what is sent as one field [doc]: a truth value for `active`, text for all others."""
    if not isinstance(value, bool if name == "active" else str):
        raise malformed(f"{place} would send the wrong kind of {name}")
    return value


def _target(status: str, warnings: Iterable[PlanWarning]) -> Target:
    """Return the rule that chose the row: only where a newer one was passed over does a plan say so."""
    if all(warning.code != NOT_THE_LATEST for warning in warnings):
        return Target.LATEST
    return Target.ACTIVE if status == "ACTIVE" else Target.DRAFT


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


def _field_change(value: JsonValue, place: str) -> FieldChange:
    part = _Part(value, place, FieldChange.__dataclass_fields__)
    origin = part.optional("origin", str)
    return FieldChange(
        field=_field_name(part.text("field"), place),
        path=part.text("path"),
        label=part.text("label"),
        op=_member(Op, part.text("op"), place),
        old=part.value("old"),
        new=part.value("new"),
        origin=None if origin is None else _member(Origin, origin, place),
    )


def _warning(value: JsonValue, place: str) -> PlanWarning:
    part = _Part(value, place, PlanWarning.__dataclass_fields__)
    return PlanWarning(part.text("code"), part.text("message"), part.optional("line", int))


def _blocked(value: JsonValue, place: str) -> Blocked:
    part = _Part(value, place, ("slug", "file", "code", "message"), _PLACE)
    line, column = (part.optional(name, int) if part.has(name) else None for name in _PLACE)
    return Blocked(part.text("slug"), part.text("file"), part.text("code"), part.text("message"), line, column)


def _unmanaged(value: JsonValue, place: str) -> Unmanaged:
    part = _Part(value, place, Unmanaged.__dataclass_fields__)
    return Unmanaged(part.text("slug"), part.scalar("id", int), part.text("name"))


def _removed(value: JsonValue, place: str) -> Removed:
    part = _Part(value, place, Removed.__dataclass_fields__)
    return Removed(
        slug=part.text("slug"),
        file=part.text("file"),
        id=part.optional("id", int),
        name=part.text("name"),
        version=part.optional("version", int),
        status=part.optional("status", str),
        renamed_to=part.optional("renamed_to", str),
    )


def _dropped(value: JsonValue, place: str) -> Dropped:
    part = _Part(value, place, ("slug", "file", "kind", "name"), ("status", "live"))
    return Dropped(
        slug=part.text("slug"),
        file=part.text("file"),
        kind=_member(DroppedKind, part.text("kind"), place),
        name=part.text("name"),
        status=part.text("status") if part.has("status") else None,
        live=part.value("live") if part.has("live") else None,
        is_shown=part.has("live"),
    )


def _field_name(value: JsonValue, place: str) -> FieldName:
    for name in SENT_FIELDS:
        if value == name:
            return name
    raise malformed(f"{place} names a field that flowsync does not know")


def _member(kind: type[Member], value: str, place: str) -> Member:
    try:
        return kind(value)
    except ValueError:
        raise malformed(f"{place} has an unknown {kind.__name__.lower()}") from None


def _unique_keys(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


Scalar = TypeVar("Scalar", str, int, bool)


class _Part:
    """One object of the document: it has exactly its keys, and each value is of its type. `place` is for messages."""

    __slots__ = ("_values", "place")

    def __init__(
        self, value: JsonValue, place: str, keys: Collection[str], optional: Collection[str] = frozenset()
    ) -> None:
        self.place = place
        self._values = _object(value, place)
        if unknown := sorted((set(self._values) ^ set(keys)) - set(optional)):
            raise malformed(f"{place} lacks, or should not have, {unknown[0]}")

    def has(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> JsonValue:
        return self._values[key]

    def scalar(self, key: str, kind: type[Scalar]) -> Scalar:
        value = self._values[key]
        if type(value) is not kind:
            raise malformed(f"{self.place} has the wrong kind of {key}")
        return value

    def text(self, key: str) -> str:
        return self.scalar(key, str)

    def optional(self, key: str, kind: type[Scalar]) -> Scalar | None:
        return None if self._values[key] is None else self.scalar(key, kind)

    def items(self, key: str) -> Iterator[tuple[str, JsonValue]]:
        """Return the items of a list, each with its place; none where the key is not there."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise malformed(f"{self.place} has no list as its {key}")
        return ((f"{key}[{index}]", item) for index, item in enumerate(value))

    def mapping(self, key: str) -> Mapping[str, JsonValue]:
        return _object(self._values[key], f"the {key} of {self.place}")


def malformed(complaint: str) -> PlanFileError:
    """Return the error for a plan that flowsync did not write like this."""
    return PlanFileError(f"The saved plan cannot be read: {complaint}.", hint="Plan again: flowsync plan --out FILE.")


def _object(value: JsonValue, place: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise malformed(f"{place} is not an object")
    return value
