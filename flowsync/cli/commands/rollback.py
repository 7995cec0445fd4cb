"""flowsync rollback."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from flowsync.cli import applying
from flowsync.cli.adapters import Purpose, connect
from flowsync.cli.again import command_line
from flowsync.cli.guarding import only_run
from flowsync.cli.opening import open_project
from flowsync.cli.options import global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import Progress, screen_of_stdout, write_note, write_result
from flowsync.cli.recording import FOLDER, list_records, read_record
from flowsync.errors import ExitCode, UsageError
from flowsync.live.listing import rows_by_slug
from flowsync.pipeline.naming import slugs_of
from flowsync.pipeline.planning import fetch_slugs, view_of
from flowsync.pipeline.rollback import part_at, plan_rollback
from flowsync.record import values
from flowsync.record.values import Place
from flowsync.render import plans, progress, records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flowsync.cli.adapters import Connection
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.options import Api, Invocation
    from flowsync.live.listing import Listing
    from flowsync.model import Plan
    from flowsync.pipeline.project import Project
    from flowsync.record.values import Record


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
    with Progress(given).ticking(lambda: progress.reading_line(client.waiting)):
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
