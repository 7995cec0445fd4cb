"""flowsync ci."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowsync.cli.ci.commands import execute
from flowsync.cli.ci.run import open_run
from flowsync.cli.options import global_options, invocation, sandbox_option
from flowsync.github.runner import COMMAND, Switch

if TYPE_CHECKING:
    from flowsync.cli.options import Api


@click.command("ci")
@click.argument("what", type=click.Choice(COMMAND.choices), required=False)
@click.option(
    "--pull-request",
    "pull_request",
    flag_value=Switch.ON,
    type=click.UNPROCESSED,
    help="For drift: open a pull request that pulls the live edits into the files, in place of an issue.",
)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, what: str | None, pull_request: Switch | None, api: Api) -> int:
    """Run inside GitHub Actions: validate, plan, apply or drift, with comment, summary, notes and outputs.

    What to do is told by the argument, or like everything else by the action's inputs (docs/github.md).
    """
    with open_run(invocation(context), what, api, pull_request) as run:
        return execute(run)
