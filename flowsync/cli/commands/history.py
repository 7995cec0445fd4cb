"""flowsync history: the versions of a flow."""

from __future__ import annotations

import click

from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slug_argument
from flowsync.cli.versions import connect_to, file_of, hidden_versions, one_slug, read_versions, target_of
from flowsync.render.versions import history as words
from flowsync.versions.history import history


@click.command("history", cls=Command)
@slug_argument
@format_option(words.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, *, slug: str, format_: str, in_sandbox: bool) -> None:
    """List the versions of a flow, the newest first: status, times, who sees it, and what changed.

    SLUG is the flow's slug, or the path of its file. The column ROLE says which version is live (published) and which
    one apply would write.
    """
    project = open_project(context)
    slug = one_slug(project, slug)
    target = target_of(project, file_of(project, slug))
    with connect_to(project, Purpose.READ, in_sandbox=in_sandbox) as connection:
        known = read_versions(connection, slug)
        notes = hidden_versions(connection, known)
    found = history(slug, known.rows, target, place=connection.place, is_whole=known.is_whole, notes=notes)
    write_result(words.FORMATS[format_](found, screen_of_stdout(project.given)))
