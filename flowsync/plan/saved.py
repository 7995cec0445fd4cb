"""A saved plan read back: strictly, only if its digest is right, and next to what is live now."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias, TypeVar

from flowsync.diff.data import undone
from flowsync.diff.fields import compare, fingerprint, observe
from flowsync.errors import PlanFileError
from flowsync.model import (
    SENT_FIELDS,
    Blocked,
    Dropped,
    DroppedKind,
    FieldChange,
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

    from flowsync.model import Change, FieldName, JsonValue, LiveFlow, NewDraft

Member = TypeVar("Member", bound="Enum")

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
        raise _malformed("it is not JSON, or was cut off") from None
    except RecursionError:
        raise _malformed("it is nested too deeply") from None


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
        unverified=tuple(replace(_change(item, place), is_verified=False) for place, item in whole.items("unverified")),
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
        raise _malformed("its changes are not in order, or name a flow twice")
    if asdict(summary(plan)) != {**dict.fromkeys(SOMETIMES_COUNTED, 0), **stated}:
        raise _malformed("its summary does not count what it holds")


def _change(value: JsonValue, place: str) -> Update:
    part = _Part(value, place, _CHANGE)
    if part.text("action") != "update":
        raise _malformed(f"{place} has an action that flowsync does not know")
    fields = tuple(_field_change(item, f"{place}.{where}") for where, item in part.items("fields"))
    warnings = tuple(_warning(item, f"{place}.{where}") for where, item in part.items("warnings"))
    change = Update(
        slug=part.text("slug"),
        file=part.text("file"),
        id=part.scalar("id", int),
        version=part.scalar("version", int),
        status=part.text("status"),
        live=part.scalar("live", bool),
        fields=fields,
        unseen=tuple(_field_name(item, place) for _, item in part.items("unseen")),
        warnings=warnings,
        body={_field_name(name, place): _sent(name, item, place) for name, item in part.mapping("body").items()},
        before=part.text("before"),
        after=part.text("after"),
        old={},
        new={},
        target=_target(part.text("status"), warnings),
    )
    return _with_values(change, place)


def _sent(name: str, value: JsonValue, place: str) -> JsonValue:
    """Return what is sent as one field [doc]: a truth value for `active`, text for all others."""
    if not isinstance(value, bool if name == "active" else str):
        raise _malformed(f"{place} would send the wrong kind of {name}")
    return value


def _target(status: str, warnings: Iterable[PlanWarning]) -> Target:
    """Return the rule that chose the row: only where a newer one was passed over does a plan say so."""
    if all(warning.code != NOT_THE_LATEST for warning in warnings):
        return Target.LATEST
    return Target.ACTIVE if status == "ACTIVE" else Target.DRAFT


def _with_values(change: Update, place: str) -> Update:
    by_field = {name: [each for each in change.fields if each.field == name] for name in SENT_FIELDS}
    changed = [name for name in SENT_FIELDS if by_field[name]]
    if set(change.body) != {*changed, *(name for name in change.unseen if name in change.body)}:
        raise _malformed(f"{place} does not send what it says it changes")
    observed = observe(change.body, changed)
    if observed.data_is_unreadable:
        raise _malformed(f"{place} would send data that cannot be read")
    new = dict(observed.values)
    try:
        old = {name: undone(new[name], by_field[name]) for name in changed}
    except (ValueError, KeyError):
        raise _malformed(f"{place} does not lead to what it sends") from None
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
    raise _malformed(f"{place} names a field that flowsync does not know")


def _member(kind: type[Member], value: str, place: str) -> Member:
    try:
        return kind(value)
    except ValueError:
        raise _malformed(f"{place} has an unknown {kind.__name__.lower()}") from None


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
            raise _malformed(f"{place} lacks, or should not have, {unknown[0]}")

    def has(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> JsonValue:
        return self._values[key]

    def scalar(self, key: str, kind: type[Scalar]) -> Scalar:
        value = self._values[key]
        if type(value) is not kind:
            raise _malformed(f"{self.place} has the wrong kind of {key}")
        return value

    def text(self, key: str) -> str:
        return self.scalar(key, str)

    def optional(self, key: str, kind: type[Scalar]) -> Scalar | None:
        return None if self._values[key] is None else self.scalar(key, kind)

    def items(self, key: str) -> Iterator[tuple[str, JsonValue]]:
        """Return the items of a list, each with its place; none where the key is not there."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise _malformed(f"{self.place} has no list as its {key}")
        return ((f"{key}[{index}]", item) for index, item in enumerate(value))

    def mapping(self, key: str) -> Mapping[str, JsonValue]:
        return _object(self._values[key], f"the {key} of {self.place}")


def _malformed(complaint: str) -> PlanFileError:
    return PlanFileError(f"The saved plan cannot be read: {complaint}.", hint="Plan again: flowsync plan --out FILE.")


def _object(value: JsonValue, place: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise _malformed(f"{place} is not an object")
    return value


Fields: TypeAlias = "Mapping[FieldName, JsonValue]"


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """The row is as it was; `change` holds the values of every managed field."""

    change: Change


@dataclass(frozen=True, slots=True)
class AsWritten:
    """The row already is as it would be written."""

    change: Change


@dataclass(frozen=True, slots=True)
class Edited:
    """The row was changed since: `differences` lead from what is live now to what was planned from.

    `elsewhere`: the other fields of the row, where one of them was edited too, or is no longer returned; the
    document does not have what they were, nor which are managed. None where the rest explains everything.
    `unseen`: fields of the plan that the API does not return any more.
    """

    differences: tuple[FieldChange, ...]
    elsewhere: tuple[FieldName, ...] | None
    unseen: tuple[FieldName, ...]


Restored: TypeAlias = AsPlanned | AsWritten | Edited


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that may not be carried out any more; `why` is a sentence, or what was edited."""

    change: Change
    why: str | Edited


def restored(change: Update | NewDraft, row: LiveFlow) -> Restored:
    """Return whether `row` still is as when `change` was planned, already is as it would be written, or neither.

    Raises PlanFileError when `change` would not lead to what it says it leads to.
    """
    seen = observe(row.fields, [name for name in SENT_FIELDS if name not in change.unseen]).values
    if change.new.keys() <= seen.keys():
        for staying in _choices([name for name in seen if name not in change.new]):
            managed = {name: seen[name] for name in SENT_FIELDS if name in change.new or name in staying}
            if fingerprint(managed) == change.before:
                new = {**managed, **change.new}
                if fingerprint(new) != change.after:
                    raise _malformed(f"the change of {change.slug} does not lead to what it says")
                return AsPlanned(replace(change, old=managed, new=new, shown=row.fields))
            if fingerprint(managed) == change.after:
                return AsWritten(replace(change, old={**managed, **change.old}, new=managed))
    return _edited(change, row, seen)


def _choices(names: Sequence[FieldName]) -> Iterator[frozenset[FieldName]]:
    """Yield every choice of fields, the largest first: mostly a file states nearly all."""
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
