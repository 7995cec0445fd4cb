"""flowsync ci: validate, plan, apply or drift inside GitHub Actions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from flowsync.cli.commands.ci.apply import apply
from flowsync.cli.commands.ci.drift import drift
from flowsync.cli.commands.ci.plan import plan, validate
from flowsync.cli.commands.ci.run import failures_shown, open_run
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import Verbosity, global_options, invocation, sandbox_option
from flowsync.github.inputs import COMMAND, CiCommand, Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.cli.commands.ci.run import Run


@click.command("ci", cls=Command)
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
def command(context: click.Context, *, what: str | None, pull_request: Switch | None, in_sandbox: bool) -> int:
    """Run inside GitHub Actions: validate, plan, apply or drift, with comment, summary, annotations and outputs.

    What to do is given by the argument, or like everything else by the action's inputs (docs/github.md).
    """
    given = invocation(context)
    if os.environ.get("RUNNER_DEBUG") == "1" and given.verbosity is Verbosity.NORMAL:  # "Enable debug logging"
        given.verbosity = Verbosity.VERBOSE
    with open_run(given, what, pull_request, in_sandbox=in_sandbox) as run, failures_shown(run):
        code = COMMANDS[run.inputs.command](run)
        run.output({"exit-code": str(int(code))})
        return code


COMMANDS: Final[Mapping[CiCommand, Callable[[Run], int]]] = {
    CiCommand.VALIDATE: validate,
    CiCommand.PLAN: plan,
    CiCommand.APPLY: apply,
    CiCommand.DRIFT: drift,
}
