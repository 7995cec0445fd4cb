"""flowsync test."""

from __future__ import annotations

from datetime import datetime, timezone

import click

from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.files import load_readable, select, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, slugs_argument
from flowsync.errors import ExitCode
from flowsync.explain.testing import TEST_FORMATS
from flowsync.flows.testing import run_flow_tests


@click.command("test", cls=Command)
@slugs_argument
@format_option(TEST_FORMATS)
@click.option("--coverage", is_flag=True, help="Also show which conditions are true, or false, in no test.")
@global_options
@click.pass_context
def command(context: click.Context, *, slugs: tuple[str, ...], format_: str, coverage: bool) -> int:
    """Run the targeting tests of the flow files, offline.

    Exits 3 if a test fails or cannot be run; --coverage does not change that. validate and plan run the tests too.
    """
    project = open_project(context)
    chosen = select(load_readable(project).flows, slugs_of(project, slugs))
    flows = run_flow_tests(chosen, datetime.now(timezone.utc))
    write_result(TEST_FORMATS[format_](flows, screen_of_stdout(project.given), coverage=coverage))
    is_wrong = any(test.is_wrong for flow in flows for test in flow.tests)
    return ExitCode.INVALID if is_wrong else ExitCode.OK
