"""flowsync test."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from flowsync.cli.commands.explain import run_tests
from flowsync.cli.options import global_options, invocation, slugs_argument
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.errors import ExitCode
from flowsync.render import tests as formats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowsync.flows.testing import TestedFlow
    from flowsync.render.style import Screen


@click.command("test")
@slugs_argument
@click.option(
    "--format", "format_", type=click.Choice(list(formats.FORMATS)), default="text", help="Form of the result."
)
@click.option(
    "--coverage",
    "table",
    flag_value=formats.COVERAGE_FORMATS,
    default=formats.FORMATS,
    type=click.UNPROCESSED,
    help="Also tell, for each term, whether some test saw it true and some saw it false.",
)
@global_options
@click.pass_context
def command(
    context: click.Context,
    slugs: tuple[str, ...],
    format_: str,
    table: Mapping[str, Callable[[Sequence[TestedFlow], Screen], str]],
) -> int:
    """Run the targeting tests of the flow files, offline.

    Exits 3 when a test fails or cannot be run. validate and plan run them too. What is covered decides nothing.
    """
    given = invocation(context)
    flows = run_tests(open_project(given), slugs, datetime.now(timezone.utc))
    write_result(table[format_](flows, screen_of_stdout(given)))
    wrong = any(test.is_wrong for flow in flows for test in flow.tests)
    return ExitCode.INVALID if wrong else ExitCode.OK
