"""flowsync rollback: what the record of an apply says was there, as a plan like any other."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from flowsync import document
from flowsync.api.endpoints import rows_by_slug
from flowsync.api.rows import Chosen, UnknownStatus, choose
from flowsync.cli.connection import Connection, Purpose, connect
from flowsync.cli.output import screen_of_stdout, write_note, write_result
from flowsync.cli.planning import view_of
from flowsync.cli.project import Project, open_project
from flowsync.cli.project.files import matches, slugs_of
from flowsync.cli.records import complete_records, find_record, list_all, offer_newest, place_meant, write_list
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import command_line, write_options
from flowsync.cli.usage.help_page import Command
from flowsync.cli.writing import applying
from flowsync.cli.writing.recording import FOLDER, read_record
from flowsync.diff.fields import changes_between, fingerprint, observe
from flowsync.errors import ExitCode, RefusedError, UsageError
from flowsync.model import SENT_FIELDS, Blocked, Flow, Plan, PlanWarning, Unchanged, Update, View
from flowsync.plan.build import decide
from flowsync.plan.document import digest, restorable
from flowsync.record import values
from flowsync.record.values import Place, Record, Write
from flowsync.render import ledger
from flowsync.report import plans
from flowsync.report.comment import APPLY_FORMATS, PLAN_FORMATS

if TYPE_CHECKING:
    from flowsync.cli.records import Named
    from flowsync.cli.usage.options import Invocation
    from flowsync.model import FieldName, JsonValue, LiveFlow

_Decision: TypeAlias = "Update | Unchanged | Blocked"
_MOST_NAMED: Final = 5
"""How many changed places, or slugs, a message names."""


class Doing(Enum):
    """What rollback is asked to do."""

    ROLL_BACK = "roll back"
    SHOW = "show the way back"
    LIST = "list the records"


@click.command("rollback", cls=Command)
@click.argument("record_file", metavar="[RECORD]", required=False, shell_complete=complete_records)
@options.slugs_argument
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
@options.format_option(APPLY_FORMATS)
@write_options
@click.option("--record", "kept_in", metavar="FILE", help="Where this rollback keeps in turn what it replaces.")
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    record_file: str | None,
    slugs: tuple[str, ...],
    doing: Doing,
    format_: str,
    yes: bool,
    skip_blocked: bool,
    parallelism: int | None,
    kept_in: str | None,
    in_sandbox: bool,
) -> int:
    """Put back what an apply replaced: plan the way back, confirm on a terminal, then one PUT per flow.

    RECORD is `latest` (the newest run that wrote here and was not rolled back yet), the name of a record in
    .flowsync/applies or how only one begins, or a file that an apply left. Without RECORD the records are listed, and
    a terminal is offered the newest. SLUGs or globs narrow it. Each flow goes back to the row it was read from. A flow
    that was changed since the apply is refused, one that is back already is left alone. A rollback leaves a record as
    well. The flow files are not touched.
    """
    project = open_project(context, parallelism)
    given = project.given
    place = place_meant(project, in_sandbox=in_sandbox)
    if doing is Doing.LIST:
        if record_file is not None:
            raise UsageError("--list shows every record, and takes none.", hint="Show one with --dry-run.")
        write_list(list_all(project, place), place, format_, project)
        return ExitCode.OK
    wanted = offer_newest(project, place, format_) if record_file is None else record_file
    is_shown_only = doing is Doing.SHOW
    purpose = Purpose.READ if is_shown_only else Purpose.WRITE
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with nullcontext() if is_shown_only else only_run:  # who writes reads the record when nobody adds to it
        named = find_record(wanted, project, place)
        record, chosen = _read(named, slugs, project)
        with connect(project, (), purpose, in_sandbox=in_sandbox) as connection:
            made = _plan(record, chosen, connection)
            if is_shown_only:
                return _show(made, format_, command_line(["rollback", named.name, *slugs], made, given), given)
            if _says_something(made):
                applying.show_plan(made, format_, given)
            else:
                write_note(ledger.NOTHING_TO_PUT_BACK, given)
            applying.refuse_blocked(made, skip_blocked=skip_blocked)
            if made.writes:
                applying.confirm(made, given, yes=yes)
            undoes = os.path.relpath(named.path, project.state / FOLDER)
            return applying.carry_out(
                made, connection, format_, record_file=kept_in, purpose=values.Purpose.ROLLBACK, undoes=undoes
            )


def _read(named: Named, arguments: Sequence[str], project: Project) -> tuple[Record, frozenset[str]]:
    record = read_record(named.path, named.name, project.workspace)
    if record.deleted and not record.writes:
        raise RefusedError(
            "A delete cannot be rolled back: Frigade keeps nothing of the flow.",
            hint=f"{named.name} holds each of its versions as it was. A flow file with the same name, type, "
            "targetingLogic and data makes a new flow of that content.",
        )
    slugs = sorted({write.slug for write in record.writes})
    patterns = slugs_of(project, arguments)
    for pattern in patterns:
        if not any(matches(slug, [pattern]) for slug in slugs):
            more = ", …" if len(slugs) > _MOST_NAMED else ""
            hint = f"It holds {', '.join(slugs[:_MOST_NAMED])}{more}." if slugs else "It holds none at all."
            raise UsageError(f"The record holds no flow {pattern!r}.", hint=hint)
    return record, frozenset(slug for slug in slugs if not patterns or matches(slug, patterns))


def _plan(record: Record, slugs: frozenset[str], connection: Connection) -> Plan:
    """The plan of the way back. Raises RefusedError for a record of another place."""
    project = connection.project
    part = part_at(record, Place(project.settings.environment, connection.api_url))
    if len(part.runs) < len(record.runs):
        write_note("The record holds writes to another place too: those are left as they are.", project.given)
    for unknown in part.unknown:
        write_note(f"Whether {unknown.slug} was created is not known, so it is left alone. Plan to see.", project.given)
    written = sorted(slugs & {write.slug for write in part.writes})
    listing = connection.with_hidden(connection.fetch(written), written)
    return plan_rollback(
        part,
        rows_by_slug(row for row in listing.rows if row.slug in slugs),
        environment=project.settings.environment,
        api_url=connection.api_url,
        slugs=slugs,
        view=view_of(connection.access, listing.access),
    )


def _says_something(made: Plan) -> bool:
    return bool(made.writes or made.blocked or any(row.warnings for row in made.unchanged))


def _show(made: Plan, format_: str, following: str, given: Invocation) -> int:
    """The plan alone, for people with the command that carries it out; 4 where rolling back would be refused."""
    screen = screen_of_stdout(given)
    if format_ != "text":
        write_result(PLAN_FORMATS[format_](made, screen))
    elif _says_something(made):
        write_result(plans.text(made, screen, following))
    else:
        write_result(f"{ledger.NOTHING_TO_PUT_BACK}\n")
    return ExitCode.REFUSED if made.blocked else ExitCode.OK


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
    decisions = [_unpublished(write, rows) or _decide(write, rows.get(write.slug, ())) for write in writes]
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


def _named(environment: str | None) -> str:
    return f"the environment {environment}" if environment else "no environment in particular"


def _decide(write: Write, rows: Sequence[LiveFlow]) -> _Decision:
    blocked = partial(Blocked, write.slug, write.file)
    obstacle = _obstacle(write, rows)
    if obstacle is not None:
        return blocked(*obstacle)
    row = next(row for row in rows if row.id == write.id)
    sendable = restorable(write.seen)
    past = _observed(sendable)
    unknown = [name for name in write.body if name not in sendable]
    unknown += [name for name in SENT_FIELDS if name in write.withheld]
    warnings = tuple(
        PlanWarning(
            "not-restorable",
            f"Written, but what it was before was never shown, so it cannot be restored: {', '.join(unknown)}.",
        )
        for _ in unknown[:1]
    )
    is_shown = any(name in row.fields for name in past)
    is_back = is_shown and _shows(row, past)
    if past and not is_shown and not write.is_created:  # what was created is switched off in any case
        return blocked("not-shown", f"The API does not show {', '.join(past)} any more.")
    if not is_back and not any(_shows(row, _observed(state)) for state in write.possible_states):
        return blocked("changed-since-apply", _changes_since(write, row))
    if is_back or (not past and not write.is_verified):  # then `active: false` was only sent to make sure
        unseen: tuple[FieldName, ...] = () if is_back else ("active",)
        stays = _what_stays(write) if write.is_created else ()
        return Unchanged(write.slug, write.file, row.id, row.version, row.status, unseen, (*stays, *warnings))
    if not past:
        return blocked("never-seen", f"What was written was never shown before: {', '.join(unknown)}.")
    return _restore(write, rows, past, sendable.get("data"), (*_what_stays(write), *warnings))


def _unpublished(write: Write, rows: Mapping[str, Sequence[LiveFlow]]) -> Unchanged | None:
    """A draft that was to be published and still is a draft, with nothing to put back; None for anything else."""
    row = next((row for row in rows.get(write.slug, ()) if row.id == write.id), None)
    if write.replaced is None or row is None or row.status != "DRAFT":
        return None
    return Unchanged(write.slug, write.file, row.id, row.version, row.status, ())


def _what_stays(write: Write) -> Iterator[PlanWarning]:
    """What of a publish, or of a create, stays although it is rolled back."""
    version = write.before.version
    if write.replaced == 0:
        yield PlanWarning("publish-stays", f"No version was live before version {version}, so it is switched off.")
    elif write.is_created:
        message = (
            "The flow was created by this apply. It is switched off, and stays: users who have it keep it until their "
            f"next session. To remove it: flowsync delete {write.slug}"
        )
        yield PlanWarning("create-stays", message)
    elif write.replaced is not None:
        message = (
            f"Version {version} stays published, with the content of version {write.replaced}; what publishing did to "
            "users who were in the flow stays as well."
        )
        yield PlanWarning("publish-stays", message)


def _restore(
    write: Write,
    rows: Sequence[LiveFlow],
    past: Mapping[FieldName, JsonValue],
    text: JsonValue,
    warnings: tuple[PlanWarning, ...],
) -> _Decision:
    """The row as it was, planned as if a file said so; `text` is its `data`."""
    source = document.parse("", write.file)  # no file, so there are no places in one
    data_text = text if isinstance(text, str) else None
    flow = Flow(write.slug, write.file, past, data_text, write.target, False, None, source)  # noqa: FBT003
    decision = decide(flow, rows, write.target)
    if isinstance(decision, Blocked):
        return decision
    return replace(decision, warnings=(*(replace(each, line=None) for each in decision.warnings), *warnings))


def _obstacle(write: Write, rows: Sequence[LiveFlow]) -> tuple[str, str] | None:
    """Why the row as such cannot be written back, whatever it holds: a code and a message."""
    was = write.before
    row = next((row for row in rows if row.id == write.id), None)
    if row is None or row.is_gone:
        return "gone", f"Version {was.version} (id {was.id}) is no longer there."
    if row.is_archived:
        return "archived", f"Version {was.version} is archived now, and so read-only."
    if (row.status, row.version) != (was.status, was.version):
        return "status-changed", _status_since(write, row)
    chosen = choose(rows, write.target)
    if isinstance(chosen, Chosen | UnknownStatus) and chosen.row.id != write.id:
        return "newer-version", f"Version {chosen.row.version} ({chosen.row.status}) has come since."
    if write.edited_between:
        message = "Somebody else edited it between two applies of this record; there is no way back past that."
        return "edited-between", message
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
    labels = list(dict.fromkeys(change.label for change in changes_between(written, shown)))
    more = f" and {len(labels) - _MOST_NAMED:,} more" if len(labels) > _MOST_NAMED else ""
    verb = "is" if len(labels) == 1 else "are"
    return f"It was changed since: {', '.join(labels[:_MOST_NAMED])}{more} {verb} no longer as written."
