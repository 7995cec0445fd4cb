"""The way back from an apply: what its record says was there, as a plan like any other."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from flowsync.api.endpoints import rows_by_slug
from flowsync.api.rows import Chosen, UnknownStatus, choose
from flowsync.cli import applying
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.files import slugs_of
from flowsync.cli.guarding import only_run
from flowsync.cli.options import command_line, global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import Progress, screen_of_stdout, write_note, write_result
from flowsync.cli.planning import fetch_slugs, view_of
from flowsync.cli.project import open_project
from flowsync.cli.recording import FOLDER, list_records, read_record
from flowsync.diff.fields import changes_between, fingerprint, observe
from flowsync.errors import ExitCode, RefusedError, UsageError
from flowsync.model import SENT_FIELDS, Blocked, Flow, Location, Plan, PlanWarning, Unchanged, Update, View
from flowsync.plan.build import decide
from flowsync.plan.document import digest, restorable
from flowsync.record import values
from flowsync.record.values import Place
from flowsync.render import plans, records
from flowsync.render.style import reading_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from flowsync.api.endpoints import Listing
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.connection import Connection
    from flowsync.cli.options import Api, Invocation
    from flowsync.cli.project import Project
    from flowsync.model import FieldName, JsonValue, LiveFlow, Problem, ValuePath
    from flowsync.record.values import Record, Write

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
    if not any(_alike(row, _observed(state)) for state in write.possible_states):
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

    def location(self, path: ValuePath) -> Location:  # noqa: ARG002 - the shape of Source
        return Location(self.file, 1, 1)

    def key_location(self, path: ValuePath) -> Location:
        return self.location(path)

    def offset_location(self, path: ValuePath, offset: int) -> Location:  # noqa: ARG002 - the shape of Source
        return self.location(path)


class Doing(Enum):
    """What rollback is asked to do."""

    ROLL_BACK = "roll back"
    SHOW = "show the way back"
    LIST = "list the records"


@click.command("rollback")
@click.argument("record_file", metavar="[RECORD]", required=False)
@slugs_argument
@click.option(
    "--list",
    "doing",
    flag_value=Doing.LIST,
    default=Doing.ROLL_BACK,
    type=click.UNPROCESSED,
    help="List the records of .flowsync/applies, the newest first.",
)
@click.option(
    "--dry-run",
    "doing",
    flag_value=Doing.SHOW,
    type=click.UNPROCESSED,
    help="Show what would be put back, and write nothing.",
)
@applying.ledger_format_option
@applying.yes_option
@applying.skip_blocked_option
@applying.parallelism_option
@click.option("--record", "kept_in", metavar="FILE", help="Where this rollback keeps in turn what it replaces.")
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    record_file: str | None,
    slugs: tuple[str, ...],
    doing: Doing,
    format_: str,
    approval: Approval,
    on_blocked: OnBlocked,
    parallelism: int | None,
    kept_in: str | None,
    api: Api,
) -> int:
    """Put back what an apply replaced: plan the way back, confirm on a terminal, then one PUT per flow.

    RECORD is a file that an apply left, or its name in .flowsync/applies. SLUGs or globs narrow it. Each flow
    goes back to the row it was read from. A flow that was changed since the apply is refused, one that is back
    already is left alone. A rollback leaves a record as well. The flow files are not touched.
    """
    given = invocation(context)
    project = open_project(given, parallelism)
    if doing is Doing.LIST:
        if record_file is not None:
            raise UsageError("--list shows every record, and takes none.", hint="Show one with --dry-run.")
        write_result(
            records.FORMATS[format_](list_records(project.state / FOLDER, project.workspace), screen_of_stdout(given))
        )
        return ExitCode.OK
    place = _place_of(record_file, project)
    if doing is Doing.SHOW:
        found, wanted = _read(*place, slugs, project)
        with connect(project, (), api, Purpose.READ, given) as connection:
            made = _plan(found, wanted, connection, project, given)
            words = ["rollback", record_file or "", *slugs]
            return _shown(made, format_, command_line(words, made, given), given)
    with only_run(project, api, context.command_path, given):
        found, wanted = _read(*place, slugs, project)
        with connect(project, (), api, Purpose.WRITE, given) as connection:
            made = _plan(found, wanted, connection, project, given)
            _show_plan(made, format_, given)
            applying.refuse_blocked(made, on_blocked)
            if made.changes:
                applying.confirm(made, approval, given)
            return applying.carry_out(
                made, connection, project, given, format_, record_file=kept_in, purpose=values.Purpose.ROLLBACK
            )


def _read(path: Path, name: str, patterns: Sequence[str], project: Project) -> tuple[Record, frozenset[str]]:
    """The record, and the slugs that are wanted of it. Who writes reads it under the lock, when nobody adds to it."""
    found = read_record(path, name, project.workspace)
    return found, _selected(found, slugs_of(project, patterns))


def _plan(found: Record, slugs: frozenset[str], connection: Connection, project: Project, given: Invocation) -> Plan:
    """The plan of the way back. Raises RefusedError for a record of another place."""
    place = Place(project.settings.environment, connection.api_url)
    here = part_at(found, place)
    if len(here.runs) < len(found.runs):
        write_note("The record holds writes to another place too: those are left as they are.", given)
    listing = _fetch(connection, slugs & {write.slug for write in here.writes}, given)
    rows = rows_by_slug(row for row in listing.rows if row.slug in slugs)
    view = view_of(connection.access, listing.access)
    return plan_rollback(here, rows, environment=place.environment, api_url=place.api_url, slugs=slugs, view=view)


def _place_of(record_file: str | None, project: Project) -> tuple[Path, str]:
    """The record that a command line names: a file, else a name among the records."""
    if record_file is None:
        raise UsageError(
            "Which apply is to be rolled back?", hint="`flowsync rollback --list` shows the records there are."
        )
    path = project.base / record_file
    kept = project.state / FOLDER / f"{record_file.removesuffix('.jsonl')}.jsonl"
    return (kept if not path.exists() and kept.exists() else path), record_file


def _selected(found: Record, patterns: Sequence[str]) -> frozenset[str]:
    """The slugs of a record that the patterns name, all of them without patterns."""
    slugs = frozenset(write.slug for write in found.writes)
    for pattern in patterns:
        if not any(fnmatchcase(slug, pattern) for slug in slugs):
            raise UsageError(f"The record holds no flow {pattern!r}.", hint=_held(sorted(slugs)))
    return frozenset(slug for slug in slugs if not patterns or any(fnmatchcase(slug, each) for each in patterns))


def _held(slugs: Sequence[str]) -> str:
    return f"It holds {', '.join(slugs[:5])}{', …' if len(slugs) > 5 else ''}." if slugs else "It holds none at all."  # noqa: PLR2004


def _fetch(connection: Connection, slugs: frozenset[str], given: Invocation) -> Listing:
    client = connection.client
    with Progress(given).ticking(lambda: reading_line(client.waiting)):
        return fetch_slugs(client.reader(), connection.access, sorted(slugs), connection.map)


def _show_plan(made: Plan, format_: str, given: Invocation) -> None:
    if _says_something(made):
        applying.show_plan(made, format_, given)
    else:
        write_note(records.NOTHING_TO_PUT_BACK, given)


def _says_something(made: Plan) -> bool:
    return bool(made.changes or made.blocked or any(row.warnings for row in made.unchanged))


def _shown(made: Plan, format_: str, following: str, given: Invocation) -> int:
    """The plan alone, for people with the command that carries it out; 4 where rolling back would be refused."""
    screen = screen_of_stdout(given)
    if format_ != "text":
        write_result(plans.FORMATS[format_](made, screen))
    elif _says_something(made):
        write_result(plans.text(made, screen, following))
    else:
        write_result(f"{records.NOTHING_TO_PUT_BACK}\n")
    return ExitCode.REFUSED if made.blocked else ExitCode.OK
