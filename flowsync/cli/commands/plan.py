"""flowsync plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stderr, screen_of_stdout, write_note, write_result, write_sentence
from flowsync.cli.planning import plan_files
from flowsync.cli.project import REVOKE_KEY, open_project, save
from flowsync.cli.project.base import removed_unseen
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import command_line, create_option, policy_options, policy_words, require_base
from flowsync.cli.usage.help_page import Command
from flowsync.errors import BlockedError, ExitCode, RefusedError, UsageError
from flowsync.model import Plan
from flowsync.plan.document import drafted
from flowsync.plan.guards import Kept
from flowsync.render import audience, wording
from flowsync.render.wording import MOST_NAMED
from flowsync.report import plans
from flowsync.report.comment import PLAN_FORMATS, plan_json
from flowsync.secrets import private_key_at
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from flowsync.render.style import Screen


def _out_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """The file to save a plan in, which is never stdout: that has the plan as people read it."""
    if value == Path("-"):
        raise UsageError("--out takes a file to save the plan in.", hint="--format json writes the same to stdout.")
    return value


@click.command("plan", cls=Command)
@options.slugs_argument
@options.format_option(PLAN_FORMATS)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@click.option(
    "--out",
    metavar="FILE",
    type=Path,
    callback=_out_file,
    help="Also save the plan; `flowsync apply FILE` carries out exactly that.",
)
@click.option(
    "--audience",
    "with_audience",
    is_flag=True,
    help="Also estimate how many users qualify before and after; Frigade is asked, for 10 seconds at most.",
)
@options.base_option
@policy_options
@create_option
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    format_: str,
    detailed_exitcode: bool,
    out: Path | None,
    with_audience: bool,
    base: str | None,
    in_sandbox: bool,
) -> int:
    """Show what applying the files would do to the live flows. Nothing is written.

    SLUGs, globs or file paths select flows. Exits 1 if a flow is blocked, that is, cannot be written.
    """
    require_base(options.invocation(context), base)
    project = open_project(context)
    given = project.given
    guards = replace(project.settings.guards, **given.guards)
    kept = Kept.NEW if out is None else Kept.SAVED
    with plan_files(
        project, slugs, Purpose.READ, base=base, guards=guards, kept=kept, in_sandbox=in_sandbox
    ) as planned:
        made = planned.plan
        if with_audience:
            from flowsync.cli.commands.audience import with_audiences  # noqa: PLC0415 - loads pull and explain as well

            made = with_audiences(made, planned.connection)
    words = ["apply", *slugs, *policy_words(given, base)]
    publishing = command_line(["publish", *drafted(made)[:MOST_NAMED]], made, given)
    following = None if out is not None else command_line(words, made, given)
    write_result(_shown(made, format_, following, publishing, screen_of_stdout(given)))
    says_removals = base is None and format_ != "json" and given.verbosity is not options.Verbosity.QUIET
    if says_removals and planned.selection and (note := removed_unseen(project, planned.selection)):
        write_sentence(note, given)
    for note in audience.notes(made.audiences or ()):
        write_sentence(f"note: {note}", given)
    if format_ == "json" and made.refusals:
        write_note(plans.refusals(made, screen_of_stderr(given)), given)
    if out is not None:
        _refuse_keys(made)
        save(project.base / out, plan_json(made), workspace(project.base))
        write_note(_saved(made, command_line(["apply", str(out)], made, given)), given)
    if made.blocked:
        count = len(made.blocked)
        raise BlockedError(
            f"{count} {'flow is' if count == 1 else 'flows are'} blocked.",
            hint="The plan says why.",
        )
    return ExitCode.CHANGES if made.changes and detailed_exitcode else ExitCode.OK


def _shown(made: Plan, format_: str, following: str | None, publishing: str, screen: Screen) -> str:
    """The plan with the commands to run next; without them if only the saved plan can follow."""
    if format_ != "text":
        return PLAN_FORMATS[format_](made, screen)
    if following is None:
        return plans.preview(made, screen) + plans.refusals(made, screen)
    return plans.text(made, screen, following, publishing)


def _saved(made: Plan, following: str) -> str:
    """The note that the plan is saved, and to run `following` next if apply would accept it."""
    if made.blocked:
        return f"Saved. {wording.blocked(made)}"
    if made.refusals or not made.changes:
        return "Saved."
    return f"Saved. Next: {following}, which does exactly this."


def _refuse_keys(made: Plan) -> None:
    """Raise RefusedError if a plan that is to be saved holds a private API key, as live content may."""
    reasons = [
        f"{change.slug}: {each.label}"
        for change in made.writes
        for each in change.fields
        if private_key_at(f"{each.old} {each.new}") is not None
    ]
    if reasons:
        raise RefusedError("The plan is not saved: it would hold a private API key.", reasons=reasons, hint=REVOKE_KEY)
