"""flowsync diff: the flows of one side next to those of another."""

from __future__ import annotations

import click

from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.sides import read_sides
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.errors import BlockedError, ExitCode
from flowsync.render.escape import plural
from flowsync.render.versions import sides
from flowsync.versions.sides import Side, compare_sides, parse_side


def _side(_context: click.Context, _parameter: click.Parameter, value: str) -> Side:
    return parse_side(value)


@click.command("diff", cls=Command)
@slugs_argument
@click.option(
    "--from", "before", metavar="SIDE", default="live", callback=_side, help="The - side; live unless it is named."
)
@click.option(
    "--to", "after", metavar="SIDE", default="files", callback=_side, help="The + side; files unless it is named."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when the sides differ.")
@format_option(sides.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    before: Side,
    after: Side,
    detailed_exitcode: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Show how the flows of two sides differ: files, live, draft, v3 (a version), git:REV. Nothing is written.

    Each side takes @ENV for another environment than the chosen one: `diff --from live@production --to live@dev` is
    what a promotion from dev to production would do. SLUGs, globs or paths of files narrow it. Exits 1 where a flow
    cannot be compared.
    """
    project = open_project(context)
    both, chosen = read_sides(project, (before, after), slugs, in_sandbox=in_sandbox)
    found = compare_sides(*both, chosen)
    write_result(sides.FORMATS[format_](found, screen_of_stdout(project.given)))
    if found.not_compared:
        raise BlockedError(
            f"{plural(len(found.not_compared), 'flow')} could not be compared.", hint="The result says why."
        )
    return ExitCode.CHANGES if found.has_differences and detailed_exitcode else ExitCode.OK
