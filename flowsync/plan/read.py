"""A saved plan read back: strictly, and only if its digest is that of what it says."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from flowsync.diff import observe, undone
from flowsync.errors import PlanFileError
from flowsync.model import (
    SENT_FIELDS,
    Blocked,
    FieldChange,
    Op,
    Origin,
    Plan,
    PlanWarning,
    Target,
    Unmanaged,
    Update,
    View,
)
from flowsync.plan.digesting import FORMAT
from flowsync.plan.document import Summary, digest_of, summary
from flowsync.plan.shape import Part, malformed
from flowsync.plan.warn import NOT_THE_LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from enum import Enum

    from flowsync.model import FieldName, JsonValue

Member = TypeVar("Member", bound="Enum")

PLAN_KEYS: Final = frozenset(
    {"format", "environment", "api_url", "base", "summary", "changes", "blocked", "unmanaged"} | {"digest"}
)
SELDOM_KEYS: Final = frozenset({"view", "unverified"})
SUMMARY_KEYS: Final = frozenset(Summary.__dataclass_fields__) - {"unverified"}
CHANGE_KEYS: Final = frozenset(
    {"slug", "file", "action", "id", "version", "status", "live", "fields", "unseen", "warnings", "body"}
    | {"before", "after"}
)
FIELD_KEYS: Final = frozenset(["field", "path", "label", "op", "old", "new", "origin"])
WARNING_KEYS: Final = frozenset(("code", "message", "line"))
BLOCKED_KEYS: Final = frozenset(("slug", "file", "code", "message"))
UNMANAGED_KEYS: Final = frozenset(("slug", "id", "name"))


def from_text(text: str) -> Plan:
    """Return the plan that a saved document holds, as `from_document`. Raises PlanFileError."""
    try:
        return from_document(json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant))
    except ValueError:
        raise malformed("it is not JSON, or was cut off") from None
    except RecursionError:
        raise malformed("it is nested too deeply") from None


def from_document(document: JsonValue) -> Plan:
    """Return the plan that `to_document` made `document` of, so far as the document tells.

    Of each change, `old` and `new` hold the fields that change, not those that are managed and stay; `restore`
    adds them from the live row. Which flows are unchanged is only counted. Raises PlanFileError where the format
    is unknown, anything is not as flowsync writes it, or the digest is not that of the content.
    """
    _known_format(document)
    whole = Part(document, "the plan", PLAN_KEYS, SELDOM_KEYS)
    stated = Part(whole.value("summary"), "the summary", SUMMARY_KEYS, frozenset({"unverified"}))
    plan = Plan(
        environment=whole.optional_text("environment"),
        api_url=whole.text("api_url"),
        base=whole.optional_text("base"),
        changes=tuple(_change(item, place) for place, item in whole.items("changes")),
        unchanged=(),
        blocked=tuple(_blocked(item, place) for place, item in whole.items("blocked")),
        unmanaged=tuple(_unmanaged(item, place) for place, item in whole.items("unmanaged")),
        digest=whole.text("digest"),
        unnamed_unchanged=stated.number("unchanged"),
        unverified=tuple(replace(_change(item, place), is_verified=False) for place, item in whole.items("unverified"))
        if whole.has("unverified")
        else (),
        view=_member(View, whole.text("view"), "the plan") if whole.has("view") else View.WHOLE,
    )
    _check_whole(plan, {name: stated.number(name) for name in Summary.__dataclass_fields__ if stated.has(name)})
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
    if asdict(summary(plan)) != {"unverified": 0, **stated}:
        raise malformed("its summary does not count what it holds")


def _change(value: JsonValue, place: str) -> Update:
    part = Part(value, place, CHANGE_KEYS)
    if part.text("action") != "update":
        raise malformed(f"{place} has an action that flowsync does not know")
    fields = tuple(_field_change(item, f"{place}.{where}") for where, item in part.items("fields"))
    warnings = tuple(_warning(item, f"{place}.{where}") for where, item in part.items("warnings"))
    change = Update(
        slug=part.text("slug"),
        file=part.text("file"),
        id=part.number("id"),
        version=part.number("version"),
        status=part.text("status"),
        live=part.truth("live"),
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
        raise malformed(f"{place} would send the wrong kind of {name}")
    return value


def _target(status: str, warnings: Iterable[PlanWarning]) -> Target:
    """Return the rule that chose the row: only where a newer one was passed over does a plan say so."""
    if all(warning.code != NOT_THE_LATEST for warning in warnings):
        return Target.LATEST
    return Target.ACTIVE if status == "ACTIVE" else Target.DRAFT


def _with_values(change: Update, place: str) -> Update:
    """Return `change` with the old and new values of the fields that it changes."""
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
    part = Part(value, place, FIELD_KEYS)
    origin = part.optional_text("origin")
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
    part = Part(value, place, WARNING_KEYS)
    return PlanWarning(part.text("code"), part.text("message"), part.optional_number("line"))


def _blocked(value: JsonValue, place: str) -> Blocked:
    part = Part(value, place, BLOCKED_KEYS)
    return Blocked(part.text("slug"), part.text("file"), part.text("code"), part.text("message"))


def _unmanaged(value: JsonValue, place: str) -> Unmanaged:
    part = Part(value, place, UNMANAGED_KEYS)
    return Unmanaged(part.text("slug"), part.number("id"), part.text("name"))


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


def _object(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
