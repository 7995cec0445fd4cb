"""The way back from an apply: what its record says was there, as a plan like any other."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.fields import changes_between, fingerprint, observe
from flowsync.errors import RefusedError
from flowsync.live.choice import Chosen, UnknownStatus, choose
from flowsync.model import SENT_FIELDS, Blocked, Flow, Location, Plan, PlanWarning, Unchanged, Update, View
from flowsync.plan.build import decide
from flowsync.plan.document import digest, restorable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, LiveFlow, Problem, ValuePath
    from flowsync.record.values import Place, Record, Write

_Decision: TypeAlias = "Update | Unchanged | Blocked"
_MOST_LABELS: Final = 5
"""How many changed places a message names."""


def part_at(record: Record, place: Place) -> Record:
    """What a record holds of the place that is going to be written to.

    Raises RefusedError when it is of another environment, or of another address of the API, altogether.
    """
    part = record.at(place)
    if part.runs:
        return part
    run = record.runs[-1]
    if run.place.api_url != place.api_url:
        raise RefusedError(
            f"The record is of {run.api_url}, and this would write to {place.api_url}.",
            hint="Use the configuration it was made with: the environment, FRIGADE_API_URL, --sandbox.",
        )
    raise RefusedError(
        f"The record is of {_named(run.environment)}, and this would write to {_named(place.environment)}.",
        hint=f"Run it with -e {shlex.quote(run.environment)}." if run.environment else "Run it without an environment.",
    )


def plan_rollback(
    record: Record,
    rows: Mapping[str, Sequence[LiveFlow]],
    *,
    environment: str | None,
    api_url: str,
    slugs: Collection[str] = (),
    view: View = View.WHOLE,
) -> Plan:
    """The plan that puts back what the writes of `record` replaced, for `slugs` or for all.

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
        changes=tuple(each for each in decisions if isinstance(each, Update)),
        unchanged=tuple(each for each in decisions if isinstance(each, Unchanged)),
        blocked=tuple(each for each in decisions if isinstance(each, Blocked)),
        unmanaged=(),
        digest="",
        view=view,
    )
    return replace(made, digest=digest(made))


def _decide(write: Write, rows: Sequence[LiveFlow]) -> _Decision:
    obstacle = _obstacle(write, rows)
    if obstacle is not None:
        return obstacle
    row = next(row for row in rows if row.id == write.id)
    past = _past(write)
    if past.values and not any(name in row.fields for name in past.values):
        return _blocked(write, "not-shown", f"The API does not show {', '.join(past.values)} any more.")
    if past.values and _alike(row, past.values):
        return _left_as_it_is(write, row, past.lost, unseen=())
    if not any(_alike(row, _observed(state)) for state in write.left):
        return _blocked(write, "changed-since-apply", _told_changes(write, row))
    return _restored(write, rows, past) if past.values else _never_seen(write, row, past)


def _obstacle(write: Write, rows: Sequence[LiveFlow]) -> Blocked | None:
    """Why the row as such cannot be written back, whatever it holds."""
    was = write.before
    row = next((row for row in rows if row.id == write.id), None)
    if row is None or row.is_gone:
        return _blocked(write, "gone", f"Version {was.version} (id {was.id}) is no longer there.")
    if row.is_archived:
        return _blocked(write, "archived", f"Version {was.version} is archived now, and so read-only.")
    if (row.status, row.version) != (was.status, was.version):
        told = f"It was {was.status} version {was.version}; it is {row.status} version {row.version}."
        return _blocked(write, "status-changed", told)
    chosen = choose(rows, write.target)
    if isinstance(chosen, Chosen | UnknownStatus) and chosen.row.id != write.id:
        newer = chosen.row
        return _blocked(write, "newer-version", f"Version {newer.version} ({newer.status}) has come since.")
    if write.edited_between:
        told = "Somebody else edited it between two applies of this record; there is no way back past that."
        return _blocked(write, "edited-between", told)
    return None


@dataclass(frozen=True, slots=True)
class _Past:
    """What a row was: `values` of the written fields (`data` parsed), its text, and the fields nobody can know."""

    values: Mapping[FieldName, JsonValue]
    data_text: str | None
    lost: tuple[str, ...]


def _past(write: Write) -> _Past:
    sendable = restorable(write.seen)
    lost = [name for name in write.body if name not in sendable]
    withheld = [name for name in SENT_FIELDS if name in write.withheld]
    text = sendable.get("data")
    return _Past(_observed(sendable), text if isinstance(text, str) else None, (*lost, *withheld))


def _restored(write: Write, rows: Sequence[LiveFlow], past: _Past) -> _Decision:
    """The row as it was, planned as if a file said so."""
    source = _Remembered(write.file, {str(name): value for name, value in past.values.items()})
    flow = Flow(write.slug, write.file, past.values, past.data_text, write.target, False, None, source)  # noqa: FBT003
    decision = decide(flow, rows, write.target)
    if isinstance(decision, Blocked):
        return decision
    warnings = tuple(replace(each, line=None) for each in decision.warnings)
    return replace(decision, warnings=(*warnings, *_lost_warning(past.lost)))


def _left_as_it_is(write: Write, row: LiveFlow, lost: tuple[str, ...], unseen: tuple[FieldName, ...]) -> Unchanged:
    return Unchanged(write.slug, write.file, row.id, row.version, row.status, unseen, tuple(_lost_warning(lost)))


def _never_seen(write: Write, row: LiveFlow, past: _Past) -> Unchanged | Blocked:
    """Nothing can be put back. That is expected where `active: false` was only sent to make sure."""
    if not write.is_verified:
        return _left_as_it_is(write, row, past.lost, unseen=("active",))
    return _blocked(write, "never-seen", f"What was written was never shown before: {', '.join(past.lost)}.")


def _lost_warning(lost: Sequence[str]) -> Iterable[PlanWarning]:
    if lost:
        message = f"Written, but what it was before was never shown, so it cannot be restored: {', '.join(lost)}."
        yield PlanWarning("not-restorable", message)


def _alike(row: LiveFlow, values: Mapping[FieldName, JsonValue]) -> bool:
    """Whether a row shows these values, as far as it shows the fields."""
    shown = observe(row.fields, values.keys()).values
    return fingerprint(shown) == fingerprint({name: values[name] for name in shown})


def _observed(fields: Mapping[FieldName, JsonValue]) -> Mapping[FieldName, JsonValue]:
    return observe(fields, fields.keys()).values


def _told_changes(write: Write, row: LiveFlow) -> str:
    written = _observed(write.written)
    shown = observe(row.fields, written.keys()).values
    labels = list(dict.fromkeys(change.label for change in changes_between(written, shown)))
    more = f" and {len(labels) - _MOST_LABELS:,} more" if len(labels) > _MOST_LABELS else ""
    verb = "is" if len(labels) == 1 else "are"
    return f"It was changed since: {', '.join(labels[:_MOST_LABELS])}{more} {verb} no longer as written."


def _blocked(write: Write, code: str, message: str) -> Blocked:
    return Blocked(write.slug, write.file, code, message)


def _named(environment: str | None) -> str:
    return f"the environment {environment}" if environment else "no environment in particular"


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Where a restored value comes from: no file, so there are no places in one."""

    file: str
    value: JsonValue
    text: str = ""
    warnings: tuple[Problem, ...] = ()
    fits_json: bool = False

    def holds(self, part: str) -> bool:
        return part in self.text

    def location(self, path: ValuePath) -> Location:  # noqa: ARG002 - the shape of Source
        return Location(self.file, 1, 1)

    def key_location(self, path: ValuePath) -> Location:
        return self.location(path)

    def offset_location(self, path: ValuePath, offset: int) -> Location:  # noqa: ARG002 - the shape of Source
        return self.location(path)
