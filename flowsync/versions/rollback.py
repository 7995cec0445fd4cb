"""Plans the way back from what a run wrote: each row gets the content that the record saved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from flowsync.api.rows import Chosen, UnknownStatus, choose
from flowsync.diff.fields import changes_between, fingerprint, observe, places
from flowsync.model import SENT_FIELDS, Blocked, Plan, PlanWarning, Unchanged, Update, View
from flowsync.plan.build import decide
from flowsync.plan.document import digest, restorable
from flowsync.versions.sides import as_file, without_places

if TYPE_CHECKING:
    from flowsync.model import FieldName, JsonValue, LiveFlow
    from flowsync.record.values import Record, Write

_Decision: TypeAlias = "Update | Unchanged | Blocked"


def plan_rollback(
    record: Record,
    rows: Mapping[str, Sequence[LiveFlow]],
    *,
    environment: str | None,
    api_url: str,
    slugs: Collection[str] = (),
    view: View = View.WHOLE,
) -> Plan:
    """The plan that restores what the writes of `record` replaced, for `slugs` or for all.

    What is back already is unchanged; what for certain was never written is no part of it. Blocked is what can,
    or must, not be put back: the row is gone, archived, of another status or no longer the one to write, or it
    is neither as it was written nor as it was before. A flow of which only `active: false` was sent, unverified, stays
    as it is, with a warning: whether it was on before was never shown.
    """
    effective = [write for write in record.writes if not write.is_without_effect]
    writes = [write for write in effective if not slugs or write.slug in slugs]
    decisions = [_decide(write, rows.get(write.slug, ())) for write in writes]
    made = Plan(
        environment=environment,
        api_url=api_url,
        base=None,
        changes=tuple(each for each in decisions if isinstance(each, Update) and each.is_verified),
        unchanged=tuple(each for each in decisions if isinstance(each, Unchanged)),
        blocked=tuple(each for each in decisions if isinstance(each, Blocked)),
        unmanaged=(),
        digest="",
        unverified=tuple(each for each in decisions if isinstance(each, Update) and not each.is_verified),
        view=view,
    )
    return replace(made, digest=digest(made))


def _decide(write: Write, rows: Sequence[LiveFlow]) -> _Decision:
    """The planned write for a row; or that it already has its former content; or why it cannot be restored."""
    row = next((row for row in rows if row.id == write.id), None)
    if row is not None and row.status == "DRAFT" and write.replaced is not None:  # it was to be published, and was not
        return Unchanged(write.slug, write.file, row.id, row.version, row.status, ())
    if row is None or row.is_gone:
        message = f"Version {write.before.version} (id {write.id}) is no longer there."
        return Blocked(write.slug, write.file, "gone", message)
    sendable = restorable(write.seen)
    past = _observed(sendable)
    is_back = any(name in row.fields for name in past) and _shows(row, past)
    unknown = [name for name in write.body if name not in sendable]
    unknown += [name for name in SENT_FIELDS if name in write.withheld]
    if obstacle := _obstacle(write, row, rows) or (None if is_back else _content_obstacle(write, row, past, unknown)):
        return Blocked(write.slug, write.file, *obstacle)
    warnings: tuple[PlanWarning, ...] = ()
    if unknown:
        message = (
            f"The API never showed what these fields were before, so they cannot be restored: {', '.join(unknown)}."
        )
        warnings = (PlanWarning("not-restorable", message),)
    if is_back or not past:  # without a past only `active: false` was sent, to make sure
        stays = _what_stays(write) if write.is_created else ()
        unseen: tuple[FieldName, ...] = () if is_back else ("active",)
        return Unchanged(write.slug, write.file, row.id, row.version, row.status, unseen, (*stays, *warnings))
    decision = decide(as_file(write.slug, sendable, write.file, target=write.target), rows, write.target)
    if isinstance(decision, Blocked):
        return decision
    return replace(decision, warnings=(*without_places(decision.warnings), *_what_stays(write), *warnings))


def _what_stays(write: Write) -> Iterator[PlanWarning]:
    """The effects of a publish or a create that a rollback does not undo."""
    version = write.before.version
    if write.replaced == 0:
        yield PlanWarning("publish-stays", f"No version was live before version {version}, so it is switched off.")
    elif write.is_created:
        message = (
            "This apply created the flow, and rolling back only switches it off: users who have it keep it until their "
            f"next session. To remove it: flowsync delete {write.slug}"
        )
        yield PlanWarning("create-stays", message)
    elif write.replaced is not None:
        message = (
            f"Version {version} stays published, with the content of version {write.replaced}. What publishing did to "
            "users in the flow cannot be undone."
        )
        yield PlanWarning("publish-stays", message)


def _obstacle(write: Write, row: LiveFlow, rows: Sequence[LiveFlow]) -> tuple[str, str] | None:
    """Why the row cannot be written back, whatever its content: a code and a message."""
    was = write.before
    if row.is_archived:
        return "archived", f"Version {was.version} is archived now, and so read-only."
    if (row.status, row.version) != (was.status, was.version):
        return "status-changed", _status_since(write, row)
    chosen = choose(rows, write.target)
    if isinstance(chosen, Chosen | UnknownStatus) and chosen.row.id != write.id:
        return "newer-version", f"Version {chosen.row.version} ({chosen.row.status}) was made since."
    if write.edited_between:
        message = "Somebody else edited it between two applies of this record, so it cannot be rolled back."
        return "edited-between", message
    return None


def _content_obstacle(
    write: Write, row: LiveFlow, past: Mapping[FieldName, JsonValue], unknown: Sequence[FieldName]
) -> tuple[str, str] | None:
    """Why the row's content, which changed since, must not be replaced: a code and a message."""
    is_shown = any(name in row.fields for name in past)
    if past and not is_shown and not write.is_created:  # what was created is switched off in any case
        return "not-shown", f"The API does not show {', '.join(past)} any more."
    if not any(_shows(row, _observed(state)) for state in write.possible_states):
        return "changed-since-apply", _changes_since(write, row)
    if not past and write.is_verified:
        return "never-seen", f"The API never showed these fields before they were written: {', '.join(unknown)}."
    return None


def _status_since(write: Write, row: LiveFlow) -> str:
    was = write.before
    if row.is_published and was.status == "DRAFT" and row.version == was.version:
        return (
            f"Version {was.version} was a draft then, and is published now: users would see what is put back. "
            f"flowsync history {write.slug} shows what can be restored instead."
        )
    return f"It was {was.status} version {was.version}; it is {row.status} version {row.version}."


def _shows(row: LiveFlow, values: Mapping[FieldName, JsonValue]) -> bool:
    shown = observe(row.fields, values.keys()).values
    return fingerprint(shown) == fingerprint({name: values[name] for name in shown})


def _observed(fields: Mapping[FieldName, JsonValue]) -> Mapping[FieldName, JsonValue]:
    return observe(fields, fields.keys()).values


def _changes_since(write: Write, row: LiveFlow) -> str:
    written = _observed(write.written)
    shown = observe(row.fields, written.keys()).values
    changes = changes_between(written, shown)
    verb = "is" if len({change.label for change in changes}) == 1 else "are"
    return f"It was changed since: {places(changes)} {verb} no longer as written."
