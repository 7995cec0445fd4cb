"""flowsync audience: estimates how many users qualify for flows, live and with their files, or for an expression."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from flowsync.api.audience import (
    PATIENCE,
    NoEstimate,
    Question,
    answered,
    estimates,
    expressions_of,
    question_of,
    questions_of,
)
from flowsync.api.endpoints import Access, rows_by_slug
from flowsync.cli.commands.explain import explain_text
from flowsync.cli.commands.pull import require_matches
from flowsync.cli.connection import Purpose
from flowsync.cli.output import Progress, screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.files import matches, plain_slugs, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.cli.versions import connect_to, file_of
from flowsync.errors import UncheckedPatternError, UsageError
from flowsync.render.audience import FORMATS, AudienceReport
from flowsync.targeting.context import persona_from
from flowsync.targeting.tokens import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.model import Audience, Plan


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
    with connect_to(project, Purpose.READ, in_sandbox=in_sandbox) as connection:
        if expression is None:
            questions = _questions(project, connection, slugs)
        else:
            connection.check_organization()
            questions = [Question("", None, on_one_line(expression))]
        report = AudienceReport(_ask(questions, connection), connection.place, expression)
    write_result(FORMATS[format_](report, screen_of_stdout(project.given)))


def _questions(project: Project, connection: Connection, arguments: Sequence[str]) -> list[Question]:
    """The questions about each flow that the arguments name. Raises UsageError if they name none."""
    patterns = slugs_of(project, arguments)
    repository = project.load()
    flows = {flow.slug: flow for flow in repository.flows}
    files = {*flows, *repository.unread}
    named = {slug for slug in files if matches(slug, patterns)}
    listing = connection.fetch(sorted({*named, *plain_slugs(patterns)}))
    rows = rows_by_slug(row for row in listing.rows if not row.is_gone)
    require_matches(patterns, sorted({*files, *rows}))
    chosen = sorted(slug for slug in {*files, *rows} if matches(slug, patterns))
    for slug in repository.unread & set(chosen):
        file_of(project, slug)  # raises what is wrong with it
    return [question_of(slug, rows.get(slug, ()), flows.get(slug)) for slug in chosen]


def with_audiences(plan: Plan, connection: Connection, seconds: float = PATIENCE) -> Plan:
    """The plan with the estimates of users before and after each change that affects them."""
    return replace(plan, audiences=_ask(questions_of(plan), connection, seconds))


def _ask(questions: Sequence[Question], connection: Connection, seconds: float = PATIENCE) -> tuple[Audience, ...]:
    """The answers to all questions, or why there are none. A public key is not used for them [obs]."""
    wanted = list(expressions_of(questions))
    if connection.access is Access.PUBLIC:
        answers: dict[str, int | NoEstimate] = dict.fromkeys(wanted, NoEstimate.KEY)
    else:
        with Progress(connection.project.given, lambda: "Asking how many users qualify ..."):
            answers = dict(estimates(connection.client.user_counter(), wanted, seconds))
    return tuple(answered(each, answers) for each in questions)
