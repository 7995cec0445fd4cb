"""flowsync status: every flow in every environment: in step with its file, and seen by users, or not."""

from __future__ import annotations

import click

from flowsync.cli.environments import look_around
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.errors import ExitCode
from flowsync.render.versions import status


@click.command("status", cls=Command)
@slugs_argument
@click.option(
    "--base",
    metavar="REF",
    help="Git ref to compare with, to detect dashboard edits; by default where the branch began.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when a flow is not as its file says.")
@format_option(status.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    base: str | None,
    detailed_exitcode: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Show every flow in every environment: whether it is in step with its file, and whether users see it.

    Reads every environment that has a key, all at once; with -e only that one. Writes nothing. SLUGs, globs or paths
    of files narrow it. Exits 1, after showing the rest, if an environment cannot be read. `flowsync list` is the same.
    """
    project = open_project(context)
    found = look_around(project, slugs, base, in_sandbox=in_sandbox)
    write_result(status.FORMATS[format_](found, screen_of_stdout(project.given)))
    if found.has_failure:
        return ExitCode.ERROR
    return ExitCode.CHANGES if found.has_pending and detailed_exitcode else ExitCode.OK
