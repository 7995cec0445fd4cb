"""flowsync publish: make drafts the live versions."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import ArchiveBehavior
from flowsync.apply import exit_code
from flowsync.apply.publishing import publish_each
from flowsync.cli import output
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.drafts import find_drafts
from flowsync.cli.project import open_project
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import allow_options, command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.writing import applying, running
from flowsync.errors import ExitCode, InterruptedByUser, RefusedError
from flowsync.model import NotAttempted
from flowsync.record import values
from flowsync.render.escape import plural
from flowsync.render.versions import publishing as words
from flowsync.report import plans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from flowsync.cli.connection import Connection
    from flowsync.cli.drafts import Drafts
    from flowsync.cli.usage.options import Invocation
    from flowsync.cli.writing.recording import RecordFile
    from flowsync.render.style import Screen
    from flowsync.versions.publishing import Published

USERS: Final = {each.name.lower().replace("_", "-"): each for each in ArchiveBehavior}
"""What becomes of the users who are in the version that is replaced, by the names of --users."""
_USUAL: Final = "exit"


@click.command("publish", cls=Command)
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...", shell_complete=options.complete_slugs)
@click.option(
    "--users",
    "users_name",
    type=click.Choice(list(USERS)),
    default=_USUAL,
    show_default=True,
    help="What becomes of users who are in the version that is replaced: they leave it; they start again; they, and "
    "those who completed it, start again.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be published, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Only a terminal is asked.")
@options.format_option(words.FORMATS)
@allow_options
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    users_name: str,
    dry_run: bool,
    yes: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Publish the drafts of flows: show each next to what is live, confirm on a terminal, activate, read back.

    SLUGs or globs say which; a glob means the flows that have a draft. A draft that changed since it was shown is
    refused. What was live is archived; rollback writes its content onto the version that is live then. The flow files
    are not touched.
    """
    project = open_project(context)
    guards = replace(project.settings.guards, **project.given.guards)
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with nullcontext() if dry_run else only_run:
        files = project.load()
        with connect(project, files.flows, Purpose.WRITE, in_sandbox=in_sandbox) as connection:
            found = find_drafts(connection, slugs, files.flows, USERS[users_name], guards)
            for each in found.publishes:
                if each.slug in files.unread:
                    output.write_sentence(f"The file of {each.slug} cannot be read; it is not compared.", project.given)
            if dry_run:
                again = ["publish", *slugs, *(["--users", users_name] if users_name != _USUAL else [])]
                return _show(found, format_, again, project.given)
            return _publish(found, connection, format_, yes=yes)


def _show(found: Drafts, format_: str, again: Sequence[str], given: Invocation) -> int:
    """What would be published alone, for people with the command that publishes it; 4 where it would be refused."""
    screen = output.screen_of_stdout(given)
    is_refused = bool(found.plan.blocked or found.plan.refusals)
    if format_ == "json":
        output.write_result(words.as_json(found.plan, found.publishes))
    else:
        following = "" if is_refused or not found.publishes else f"Next: {command_line(again, found.plan, given)}\n"
        shown = words.preview(found.plan, found.publishes, screen) + plans.refusals(found.plan, screen)
        output.write_result(shown + following)
    return ExitCode.REFUSED if is_refused else ExitCode.OK


def _publish(found: Drafts, connection: Connection, format_: str, *, yes: bool) -> int:
    given, made = connection.project.given, found.plan
    if format_ == "text":
        output.write_result(words.preview(made, found.publishes, output.screen_of_stdout(given)))
    else:
        output.write_note(words.preview(made, found.publishes, output.screen_of_stderr(given)), given)
    if made.blocked:
        number = plural(len(made.blocked), "draft")
        verb = "has" if len(made.blocked) == 1 else "have"
        hint = "Mend it in its file, or in the dashboard; or name the other drafts only."
        raise RefusedError(f"{number} {verb} errors that are not live yet; nothing was published.", hint=hint)
    applying.refuse_guarded(made)
    if found.publishes and not yes and sys.stdin.isatty():
        output.confirm(words.question(made, found.publishes, output.screen_of_stderr(given)))
    return _carry_out(found, connection, format_)


def _carry_out(found: Drafts, connection: Connection, format_: str) -> int:
    given, made = connection.project.given, found.plan
    results: list[Published] = []

    def work(record: RecordFile, stop: Event) -> Iterator[Published]:
        store = running.LiveRows(connection.client.writer(), connection.access, found.listed)
        return publish_each(found.publishes, store, stop=stop, record=record)

    def conclude(published: list[Published], record: str) -> None:
        results.extend(published)
        if record:
            way_back = command_line(["rollback", record], made, given)
            output.write_note(f"What was live is kept; to put its content back: {way_back}", given)
        as_text = words.text(results, output.screen_of_stdout(given))
        output.write_result(as_text if format_ == "text" else words.as_json(made, found.publishes, results))

    if not found.publishes:
        if format_ == "json":
            output.write_result(words.as_json(made, ()))
        return ExitCode.OK
    header = running.header_of(
        values.Purpose.PUBLISH, made.environment, made.api_url, made.digest, len(found.publishes)
    )
    reporter = running.Reporter(format_, given, _line, words.text)
    if running.run_each(header, connection, reporter, work, conclude):
        raise InterruptedByUser(applying.INTERRUPTED)
    return exit_code(each.outcome for each in results)


def _line(published: Published, screen: Screen) -> str:
    return "" if isinstance(published.outcome, NotAttempted) else words.outcome_line(published, screen)
