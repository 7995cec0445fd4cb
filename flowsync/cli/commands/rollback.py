"""flowsync rollback: restores what the record of an apply holds, as a plan like any other."""

from __future__ import annotations

import os
import shlex
from contextlib import nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import rows_by_slug
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import write_note
from flowsync.cli.planning import view_of
from flowsync.cli.project import Project, open_project
from flowsync.cli.project.files import matches, slugs_of
from flowsync.cli.records import complete_records, find_record, list_all, offer_newest, place_meant, write_list
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import command_line, write_options
from flowsync.cli.usage.help_page import Command
from flowsync.cli.writing import applying
from flowsync.cli.writing.recording import FOLDER, read_record
from flowsync.errors import ExitCode, RefusedError, UsageError
from flowsync.record import values
from flowsync.render import ledger
from flowsync.report.comment import APPLY_FORMATS
from flowsync.report.values import OtherCommand
from flowsync.versions.rollback import plan_rollback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.cli.connection import Connection
    from flowsync.cli.records import Named
    from flowsync.model import Plan
    from flowsync.record.values import Place, Record

_MOST_NAMED: Final = 5
"""How many slugs a message names."""


class RollbackMode(Enum):
    """What rollback should do."""

    ROLL_BACK = "roll back"
    SHOW = "show the way back"
    LIST = "list the records"


@click.command("rollback", cls=Command)
@click.argument("record_file", metavar="[RECORD]", required=False, shell_complete=complete_records)
@options.slugs_argument
@click.option(
    "--list",
    "doing",
    flag_value=RollbackMode.LIST,
    default=RollbackMode.ROLL_BACK,
    type=click.UNPROCESSED,
    help="List the records of .flowsync/applies, the newest first.",
)
@click.option(
    "--dry-run",
    "doing",
    flag_value=RollbackMode.SHOW,
    type=click.UNPROCESSED,
    help="Show what would be put back, and write nothing.",
)
@options.format_option(APPLY_FORMATS)
@write_options
@click.option("--record", "kept_in", metavar="FILE", help="File for the record of this rollback.")
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    record_file: str | None,
    slugs: tuple[str, ...],
    doing: RollbackMode,
    format_: str,
    yes: bool,
    skip_blocked: bool,
    parallelism: int | None,
    kept_in: str | None,
    in_sandbox: bool,
) -> int:
    """Put back what an apply replaced: plan the way back, confirm on a terminal, then one PUT per flow.

    RECORD is `latest` (the newest run that wrote here and is not rolled back yet), the name of a record in
    .flowsync/applies or its beginning, or a file that an apply wrote. Without RECORD, lists the records and offers the
    newest on a terminal. SLUGs or globs select flows. Each flow goes back to the row it was read from. Refuses a flow
    that was changed since the apply, and leaves one alone that is back already. Leaves a record as well.
    Does not change flow files.
    """
    project = open_project(context, parallelism)
    given = project.given
    place = place_meant(project, in_sandbox=in_sandbox)
    if doing is RollbackMode.LIST:
        if record_file is not None:
            raise UsageError("--list shows every record: leave RECORD out.", hint="Show one with --dry-run.")
        write_list(list_all(project, place), place, format_, project)
        return ExitCode.OK
    wanted = offer_newest(project, place, format_) if record_file is None else record_file
    is_shown_only = doing is RollbackMode.SHOW
    purpose = Purpose.READ if is_shown_only else Purpose.WRITE
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with nullcontext() if is_shown_only else only_run:  # who writes reads the record when nobody adds to it
        named = find_record(wanted, project, place)
        record, chosen = _read(named, slugs, project)
        with connect(project, (), purpose, in_sandbox=in_sandbox) as connection:
            made = _plan(record, chosen, connection)
            if is_shown_only:
                following = command_line(["rollback", named.name, *slugs], made, given)
                shown_by = OtherCommand("rollback", following, ledger.NOTHING_TO_PUT_BACK)
                return applying.show_only(made, format_, given, shown_by)
            applying.show_plan(made, format_, given, ledger.NOTHING_TO_PUT_BACK)
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
            hint = f"It holds {', '.join(slugs[:_MOST_NAMED])}{more}." if slugs else "It holds no flows."
            raise UsageError(f"The record holds no flow {pattern!r}.", hint=hint)
    return record, frozenset(slug for slug in slugs if not patterns or matches(slug, patterns))


def _plan(record: Record, slugs: frozenset[str], connection: Connection) -> Plan:
    """The plan that restores the record's content. Raises RefusedError for a record of another environment or API."""
    project = connection.project
    part = part_at(record, connection.place)
    if len(part.runs) < len(record.runs):
        write_note(
            "The record also holds writes to another environment or address, which are left alone.", project.given
        )
    for unknown in part.unknown:
        write_note(
            f"It is not known whether {unknown.slug} was created, so it is left alone. Run flowsync plan to see.",
            project.given,
        )
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


def part_at(record: Record, place: Place) -> Record:
    """The part of a record that is about the given environment and API.

    Raises RefusedError when it is of another environment, or of another address of the API, altogether.
    """
    part = record.at(place)
    if part.runs:
        return part
    run = record.runs[-1]
    if run.place.api_url != place.api_url:
        raise RefusedError(
            f"The record was made for {run.api_url}, and this would write to {place.api_url}.",
            hint="Use the configuration it was made with: the environment, FRIGADE_API_URL, --sandbox.",
        )
    raise RefusedError(
        f"The record was made for {_named(run.environment)}, and this would write to {_named(place.environment)}.",
        hint=f"Run it with -e {shlex.quote(run.environment)}." if run.environment else "Run it without an environment.",
    )


def _named(environment: str | None) -> str:
    return f"the environment {environment}" if environment else "no environment"
