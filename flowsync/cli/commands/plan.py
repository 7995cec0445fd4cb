"""flowsync plan."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowsync.cli.commands.init import example_hint
from flowsync.cli.connection import Purpose, connecting
from flowsync.cli.guarding import base_option, fresh_plan, guards, need_base, policy_options, policy_words
from flowsync.cli.options import command_line, global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import screen_of_stderr, screen_of_stdout, write_note, write_result
from flowsync.cli.project import open_project
from flowsync.errors import BlockedError, ExitCode, UsageError
from flowsync.plan.guards import Kept, judged
from flowsync.render import plans, wording
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from flowsync.cli.options import Api
    from flowsync.model import Plan
    from flowsync.render.style import Screen


class PendingExit(Enum):
    """The exit code when changes are pending; 2 is also what shells and tools use for misuse, so it is opt-in."""

    PLAIN = ExitCode.OK
    DETAILED = ExitCode.CHANGES


def _a_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """The file to save a plan in, which is never stdout: that has the plan as people read it."""
    if value == Path("-"):
        raise UsageError("--out takes a file to save the plan in.", hint="--format json writes the same to stdout.")
    return value


@click.command("plan")
@slugs_argument
@click.option("--format", "format_", type=click.Choice(list(plans.FORMATS)), default="text", help="Form of the result.")
@click.option(
    "--detailed-exitcode",
    "pending",
    flag_value=PendingExit.DETAILED,
    default=PendingExit.PLAIN,
    type=click.UNPROCESSED,
    help="Exit 2 when changes are pending.",
)
@click.option(
    "--out", metavar="FILE", type=Path, callback=_a_file, help="Save the plan too: apply FILE does exactly that."
)
@base_option
@policy_options
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    format_: str,
    pending: PendingExit,
    out: Path | None,
    base: str | None,
    api: Api,
) -> int:
    """Show what applying the files would do to the live flows. Nothing is written.

    SLUGs, globs or paths of files narrow it. Exits 1 when a flow is blocked: it is shown, and cannot be written.
    """
    given = invocation(context)
    need_base(context, base)
    project = open_project(given)
    allowed = guards(context, project)
    with connecting(project, api, Purpose.READ, base, given) as connect:
        made, _ = fresh_plan(project, connect, slugs, given, base=base, allowed=allowed)
    made = judged(made, allowed, Kept.FRESH if out is None else Kept.SAVED)
    words = ["apply", *slugs, *policy_words(context, base)]
    following = None if out is not None else command_line(words, made, given)
    write_result(_shown(made, format_, following, screen_of_stdout(given)))
    if format_ == "json" and made.refusals:
        write_note(plans.refusals(made, screen_of_stderr(given)), given)
    if out is not None:
        from flowsync.cli.saved import refuse_keys_of  # noqa: PLC0415 - as below
        from flowsync.cli.writing import save  # noqa: PLC0415 - only a saved plan needs it

        refuse_keys_of(made)
        save(project.base / out, plans.as_json(made), workspace(project.base))
        write_note(_saved(made, command_line(["apply", str(out)], made, given)), given)
    return _exit_code(made, pending)


def _shown(made: Plan, format_: str, following: str | None, screen: Screen) -> str:
    """The plan; for people with the command to run next, or without where that is the saved plan."""
    if format_ != "text":
        return plans.FORMATS[format_](made, screen)
    if following is None:
        return plans.preview(made, screen) + plans.refusals(made, screen)
    return plans.text(made, screen, following)


def _saved(made: Plan, following: str) -> str:
    """That the plan is saved, and to run `following` next, unless there is nothing to do or apply would refuse it."""
    if made.blocked:
        return f"Saved. {wording.BLOCKED}"
    if made.refusals or not made.changes:
        return "Saved."
    return f"Saved. Next: {following}, which does exactly this."


def _exit_code(made: Plan, pending: PendingExit) -> int:
    if made.blocked:
        count = len(made.blocked)
        raise BlockedError(
            f"{count} {'flow is' if count == 1 else 'flows are'} blocked.",
            hint=example_hint(each.slug for each in made.blocked) or "The plan says why.",
        )
    return pending.value if made.changes else ExitCode.OK
