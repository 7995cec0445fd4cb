"""flowsync validate."""

from __future__ import annotations

import click

from flowsync.cli.files import check_files, named_from_top
from flowsync.cli.options import format_option, global_options, slugs_argument
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.project import open_project
from flowsync.errors import ExitCode
from flowsync.model import Severity
from flowsync.render import problems as formats


@click.command("validate")
@slugs_argument
@format_option(formats.FORMATS)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@global_options
@click.pass_context
def command(context: click.Context, *, slugs: tuple[str, ...], format_: str, strict: bool) -> int:
    """Check every flow file, offline: no key is needed and nothing is sent.

    SLUGs, globs or paths of files narrow what is reported. Exits 3 when a file has an error.
    """
    project = open_project(context)
    problems = check_files(project, slugs)
    base, shown = named_from_top(project, problems) if format_ in formats.FROM_TOP else (project.base, problems)
    write_result(formats.FORMATS[format_](shown, source_lines(base), screen_of_stdout(project.given)))
    is_wrong = any(strict or problem.severity is Severity.ERROR for problem in problems)
    return ExitCode.INVALID if is_wrong else ExitCode.OK
