"""flowsync restore: writes the content of a former version, as a plan like any other."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from flowsync.api.endpoints import versions
from flowsync.cli.commands.pull import judge_of
from flowsync.cli.connection import Purpose
from flowsync.cli.planning import refuse_unseen_versions, view_of
from flowsync.cli.project import open_project
from flowsync.cli.usage.guards import allow_options, command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slug_argument
from flowsync.cli.versions import (
    connect_to,
    file_of,
    named_version,
    one_slug,
    one_version,
    require_versions,
    target_of,
)
from flowsync.cli.writing import applying
from flowsync.plan.document import drafted
from flowsync.plan.guards import Kept, judged
from flowsync.record import values
from flowsync.report.comment import APPLY_FORMATS
from flowsync.report.values import OtherCommand
from flowsync.versions.restoring import plan_restore
from flowsync.versions.sides import Kind, Side

if TYPE_CHECKING:
    from flowsync.cli.connection import Connection
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
@click.option("--record", "kept_in", metavar="FILE", help="File for the record of this restore.")
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
    """Write the content of an old version to the version that apply would write: plan, confirm, one PUT.

    SLUG is the flow's slug, or the path of its file. Restores what the API returns of that version, except whether the
    flow is switched on. Leaves a record, so `rollback` undoes it. Does not change the flow file.
    """
    project = open_project(context)
    given = project.given
    slug = one_slug(project, slug)
    purpose = Purpose.READ if dry_run else Purpose.WRITE
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with (
        nullcontext() if dry_run else only_run,
        connect_to(project, purpose, in_sandbox=in_sandbox) as connection,
    ):
        made = _plan(connection, slug, version)
        nothing = f"Nothing to restore: what apply would write already has the content of version {version}."
        if dry_run:
            following = command_line(["restore", slug, "--version", str(version)], made, given)
            publishing = command_line(["publish", *drafted(made)], made, given)
            return applying.show_only(made, format_, given, OtherCommand("restore", following, nothing), publishing)
        applying.show_plan(made, format_, given, nothing)
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
    former, _ = one_version(slug, side, known, settings.target)
    made = plan_restore(
        former,
        known.rows,
        file=file.file if file else f"{project.flows_directory}/{slug}.yaml",
        managed=file,
        target=target_of(project, file),
        environment=settings.environment,
        api_url=connection.api_url,
        view=view_of(connection.access, listing.access),
        judge=judge_of(project),
    )
    return judged(made, replace(settings.guards, **project.given.guards), Kept.NEW)
