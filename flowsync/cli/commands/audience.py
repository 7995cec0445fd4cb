"""flowsync audience: about how many users qualify for flows, live and with their files, or for an expression."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from flowsync.api.audience import Question, question_of
from flowsync.api.endpoints import rows_by_slug
from flowsync.cli.audience import ask
from flowsync.cli.commands.explain import explain_text
from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.files import PATTERN_CHARACTERS, matches, slugs_of
from flowsync.cli.sides import file_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.errors import UncheckedPatternError, UsageError
from flowsync.render.audience import FORMATS, AudienceReport
from flowsync.targeting.context import persona_from
from flowsync.targeting.tokens import on_one_line
from flowsync.text import closest, excerpt

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project


@click.command("audience", cls=Command)
@slugs_argument
@click.option("--expression", "expression", metavar="TEXT", help="Ask about this expression instead of a flow's.")
@format_option(FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context, *, slugs: tuple[str, ...], expression: str | None, format_: str, in_sandbox: bool
) -> None:
    """Estimate how many users qualify for the flows SLUG: live as it is, and with the file.

    The numbers are Frigade's own estimate, from a sample. Where there is none within 10 seconds in all, that is said,
    and is no error.
    """
    if bool(slugs) == (expression is not None):
        raise UsageError(
            "audience takes SLUGs or globs, or an --expression.", hint="For example: flowsync audience '*'"
        )
    if expression is not None:
        with suppress(UncheckedPatternError):  # that a pattern cannot be checked here is no concern of the server's
            explain_text(expression, persona_from({}, datetime.now(timezone.utc)))
    project = open_project(context)
    with connect(project, load_files(project) if in_sandbox else (), Purpose.READ, in_sandbox=in_sandbox) as connection:
        if expression is None:
            questions = _questions(project, connection, slugs)
        else:
            connection.check_organization()
            questions = [Question("", None, on_one_line(expression))]
        report = AudienceReport(ask(questions, connection), expression)
    write_result(FORMATS[format_](report, screen_of_stdout(project.given)))


def _questions(project: Project, connection: Connection, arguments: Sequence[str]) -> list[Question]:
    """What to ask about each flow that the arguments name. Raises UsageError for one that names none."""
    patterns = slugs_of(project, arguments)
    repository = project.load()
    flows = {flow.slug: flow for flow in repository.flows}
    files = {*flows, *repository.unread}
    named = {slug for slug in files if matches(slug, patterns)}
    listing = connection.fetch(sorted({*named, *(each for each in patterns if not PATTERN_CHARACTERS & set(each))}))
    rows = rows_by_slug(row for row in listing.rows if not row.is_gone)
    chosen = sorted(slug for slug in {*files, *rows} if matches(slug, patterns))
    _require_matches(patterns, chosen, {*files, *rows})
    for slug in repository.unread & set(chosen):
        file_of(project, slug)  # raises what is wrong with it
    return [question_of(slug, rows.get(slug, ()), flows.get(slug)) for slug in chosen]


def _require_matches(patterns: Sequence[str], chosen: Collection[str], known: Collection[str]) -> None:
    for pattern in patterns:
        if not any(matches(slug, [pattern]) for slug in chosen):
            close = closest(pattern, tuple(known))
            raise UsageError(
                f"There is no flow {excerpt(pattern)}, neither live nor among the files.",
                hint=f"Did you mean {close}?" if close else None,
            )
