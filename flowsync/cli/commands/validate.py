"""flowsync validate."""

from __future__ import annotations

import click

from flowsync.cli.files import check_files, named_from_top
from flowsync.cli.options import global_options, invocation, slugs_argument
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.project import open_project
from flowsync.errors import ExitCode
from flowsync.model import Severity
from flowsync.render import problems as problem_formats
from flowsync.render.problems import FROM_TOP


@click.command("validate")
@slugs_argument
@click.option(
    "--format", "format_", type=click.Choice(list(problem_formats.FORMATS)), default="text", help="Form of the result."
)
@click.option(
    "--strict", "failing", flag_value=frozenset(Severity), type=click.UNPROCESSED, help="Warnings count as errors."
)
@global_options
@click.pass_context
def command(context: click.Context, slugs: tuple[str, ...], format_: str, failing: frozenset[Severity] | None) -> int:
    """Check every flow file, offline: no key is needed and nothing is sent.

    SLUGs, globs or paths of files narrow what is reported. Exits 3 when a file has an error.
    """
    given = invocation(context)
    project = open_project(given)
    problems = check_files(project, slugs)
    base, shown = named_from_top(project, problems) if format_ in FROM_TOP else (project.base, problems)
    write_result(problem_formats.FORMATS[format_](shown, source_lines(base), screen_of_stdout(given)))
    counted = failing or frozenset({Severity.ERROR})
    return ExitCode.INVALID if any(problem.severity in counted for problem in problems) else ExitCode.OK
