"""flowsync doctor: what this machine, project, key and account look like to flowsync."""

from __future__ import annotations

import click

from flowsync.cli.doctor import examine
from flowsync.cli.help_page import Command
from flowsync.cli.options import format_option, global_options, invocation, sandbox_option
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.doctor.values import Mark
from flowsync.errors import ExitCode
from flowsync.problems import doctor


@click.command("doctor", cls=Command)
@format_option(doctor.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, *, format_: str, in_sandbox: bool) -> int:
    """Report what this machine, the project, the keys and the accounts look like to flowsync.

    Each fact is ok, a note or a problem, with what to do. Each account whose key is at hand is asked at most eight
    questions; with -e only that one. Nothing is written, no key is shown, and it ends within 15 seconds. Exits 1 where
    there is a problem. `--format markdown` is made for bug reports.
    """
    report = examine(context, in_sandbox=in_sandbox)
    write_result(doctor.FORMATS[format_](report, screen_of_stdout(invocation(context))))
    return ExitCode.ERROR if report.worst is Mark.PROBLEM else ExitCode.OK
