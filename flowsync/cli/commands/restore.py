"""flowsync restore: the content of a former version, as a plan like any other."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flowsync.api.endpoints import versions
from flowsync.cli.commands.pull import judge_of, load_files
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import screen_of_stdout, write_note, write_result
from flowsync.cli.planning import refuse_unseen_versions, view_of
from flowsync.cli.project import open_project
from flowsync.cli.sides import file_of, named_version, one_slug, require_versions
from flowsync.cli.usage.guards import allow_options, command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slug_argument
from flowsync.cli.writing import applying
from flowsync.errors import ExitCode, FlowsyncError
from flowsync.plan.document import drafted
from flowsync.plan.guards import Kept, judged
from flowsync.record import values
from flowsync.report import plans
from flowsync.report.comment import APPLY_FORMATS, PLAN_FORMATS
from flowsync.text import excerpt
from flowsync.versions.restoring import plan_restore
from flowsync.versions.sides import Absent, Hidden, Kind, Side, pick

if TYPE_CHECKING:
    from flowsync.cli.connection import Connection
    from flowsync.cli.usage.options import Invocation
    from flowsync.model import Plan


@click.command("restore", cls=Command)
@slug_argument
@click.option(
    "--version", "version", metavar="N", type=click.IntRange(0), required=True, help="The version to restore."
)
@click.option("--dry-run", is_flag=True, help="Show what would be restored, and write nothing.")
@format_option(APPLY_FORMATS)
@click.option("--yes", is_flag=True, help="Do not ask. Only a terminal is asked.")
@allow_options
@click.option("--record", "kept_in", metavar="FILE", help="Where this restore keeps what it replaces.")
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slug: str,
    version: int,
    dry_run: bool,
    format_: str,
    yes: bool,
    kept_in: str | None,
    in_sandbox: bool,
) -> int:
    """Write the content of a former version onto the version that apply would write: plan, confirm, one PUT.

    SLUG is the flow's slug, or the path of its file. Restored is what the API returns of that version and takes: all
    but whether the flow is switched on, which stays as it is. It leaves a record, so `rollback` takes it back. The
    flow file is not touched.
    """
    project = open_project(context)
    given = project.given
    slug = one_slug(project, slug)
    purpose = Purpose.READ if dry_run else Purpose.WRITE
    with nullcontext() if dry_run else applying.only_run(project, context.command_path, in_sandbox=in_sandbox):
        flows = load_files(project) if in_sandbox else ()
        with connect(project, flows, purpose, in_sandbox=in_sandbox) as connection:
            made = _plan(connection, slug, version)
            if dry_run:
                again = command_line(["restore", slug, "--version", str(version)], made, given)
                return _show(made, format_, version, again, given)
            if made.writes or made.blocked:
                applying.show_plan(made, format_, given)
            else:
                write_note(_nothing(version), given)
            applying.refuse_blocked(made, skip_blocked=False)
            applying.refuse_guarded(made)
            refuse_unseen_versions(made, project)
            if made.writes:
                applying.confirm(made, given, yes=yes)
            return applying.carry_out(made, connection, format_, record_file=kept_in, purpose=values.Purpose.RESTORE)


def _plan(connection: Connection, slug: str, version: int) -> Plan:
    """The plan of the restore, judged by the guards."""
    project = connection.project
    settings = project.settings
    file = file_of(project, slug)
    listing = connection.fetch(())
    known = versions(connection.client.reader(), slug, connection.access, listing.rows)
    require_versions(connection, slug, known.rows, listing.rows)
    side = Side(Kind.VERSION, version=version)
    known = named_version(connection, slug, side, known)
    found = pick(known.rows, side, settings.target, is_whole=known.is_whole)
    if isinstance(found, Absent | Hidden):
        raise FlowsyncError(f"{excerpt(slug)}: {found.message}", hint="flowsync history lists the versions there are.")
    former = next(row for row in known.rows if row is found.row)
    made = plan_restore(
        former,
        known.rows,
        file=file.file if file else f"{project.flows_directory}/{slug}.yaml",
        managed=file,
        target=(file and file.target) or settings.target,
        environment=settings.environment,
        api_url=connection.api_url,
        view=view_of(connection.access, listing.access),
        judge=judge_of(project),
    )
    return judged(made, replace(settings.guards, **project.given.guards), Kept.FRESH)


def _show(made: Plan, format_: str, version: int, again: str, given: Invocation) -> int:
    """The plan alone; for people with the command that carries it out; 4 where that would be refused."""
    screen = screen_of_stdout(given)
    if format_ != "text":
        write_result(PLAN_FORMATS[format_](made, screen))
    elif made.writes or made.blocked:
        publishing = command_line(["publish", *drafted(made)], made, given)
        write_result(plans.text(made, screen, again, publishing))
    else:
        write_result(f"{_nothing(version)}\n")
    return ExitCode.REFUSED if made.blocked or made.refusals else ExitCode.OK


def _nothing(version: int) -> str:
    return f"Nothing to restore: what apply would write already has the content of version {version}."
