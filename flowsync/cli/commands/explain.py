"""flowsync explain."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from flowsync import document
from flowsync.cli.opening import open_project
from flowsync.cli.options import complete_slugs, global_options, invocation
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.errors import FlowsyncError, UsageError
from flowsync.pipeline.explaining import anyone, at_time, explain_flow, explain_text, read_persona
from flowsync.render import explanations
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from flowsync.cli.options import Invocation
    from flowsync.targeting.cases import Persona


@click.command("explain")
@click.argument("slug", required=False, shell_complete=complete_slugs)
@click.option("--user", "user", metavar="FILE", help="Who asks: as an entry of tests:, without a verdict; - is stdin.")
@click.option("--at", "at", metavar="TIME", help="The clock, such as 2026-02-01T09:30:00Z; now unless FILE has one.")
@click.option("--step", "step", metavar="ID", help="Explain the criteria of this step instead.")
@click.option("--expression", "expression", metavar="TEXT", help="Explain this expression instead of a flow's.")
@click.option(
    "--format", "format_", type=click.Choice(list(explanations.FORMATS)), default="text", help="Form of the result."
)
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slug: str | None,
    user: str | None,
    at: str | None,
    step: str | None,
    expression: str | None,
    format_: str,
) -> None:
    """Tell why a user sees the flow SLUG or does not: each condition with its value for that user.

    Offline, from the files. Without --user nothing is known of the user. docs/targeting.md says how far the model of
    Frigade's evaluation goes.
    """
    given = invocation(context)
    persona = _persona(user, at, given)
    if slug is not None and expression is None:
        explanation = explain_flow(open_project(given), slug, step, persona)
    elif expression is not None and slug is None and step is None:
        explanation = explain_text(expression, persona)
    else:
        raise UsageError("explain takes a SLUG, perhaps with --step, or an --expression.")
    write_result(explanations.FORMATS[format_](explanation, screen_of_stdout(given)))


def _persona(user: str | None, at: str | None, given: Invocation) -> Persona:
    now = datetime.now(timezone.utc)
    persona = anyone(now) if user is None else read_persona(_text(user, given), _name(user), now)
    return persona if at is None else at_time(persona, at)


def _text(user: str, given: Invocation) -> str:
    """The text of the user's file, or of stdin. Raises FlowsyncError where it cannot be read."""
    try:
        raw = sys.stdin.buffer.read(MOST_READ) if user == "-" else _content(user, given)
    except OSError as error:
        raise FlowsyncError(f"{user} cannot be read: {error.strerror}.", hint="--user names a file.") from None
    return document.decode(raw, _name(user))


def _content(user: str, given: Invocation) -> bytes:
    return workspace(given.directory).read_named(given.directory / user, MOST_READ)


def _name(user: str) -> str:
    return "stdin" if user == "-" else user
