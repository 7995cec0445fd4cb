"""flowsync list: every live flow and every file, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from flowsync.cli.connection import Purpose, connect
from flowsync.cli.files import load_selection
from flowsync.cli.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.cli.output import screen_of_stdout, write_problems, write_result, write_sentence
from flowsync.cli.planning import concerned_slugs, make_plan, refuse_new_sandbox, settle_findings
from flowsync.cli.project import open_project
from flowsync.model import Change, Create, Plan, RowChange, Unchanged
from flowsync.plan.warnings import LIVE_TARGETING
from flowsync.render.listing import LIST_FORMATS, ListedFlow, ListState

if TYPE_CHECKING:
    from flowsync.api.endpoints import Listing


@click.command("list")
@slugs_argument
@format_option(LIST_FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, *, slugs: tuple[str, ...], format_: str, in_sandbox: bool) -> None:
    """List every live flow with its file, id, version, status and whether it is in step with the file."""
    project = open_project(context)
    selection = load_selection(project, slugs)
    refuse_new_sandbox(project, selection, in_sandbox=in_sandbox)
    with connect(project, selection.flows, Purpose.READ, in_sandbox=in_sandbox) as connection:
        listing = connection.fetch(concerned_slugs(selection.flows))
    planned = make_plan(project, selection, listing, connection.api_url, access=connection.access)
    _, settled = settle_findings(project, selection, listing, planned)
    made = settled.plan
    write_problems(settled.warnings, project)
    rows: list[Change | Unchanged] = [*made.writes, *made.unchanged]
    for each in sorted(rows, key=lambda row: row.slug):
        for warning in (warning for warning in each.warnings if warning.code == LIVE_TARGETING):
            write_sentence(f"{each.slug}: {warning.message}", project.given)
    lines = sorted(_lines(made, listing), key=lambda line: line.slug)
    write_result(LIST_FORMATS[format_](lines, screen_of_stdout(project.given)))


def _lines(made: Plan, listing: Listing) -> Iterator[ListedFlow]:
    rows = {(row.slug, row.id): row for row in listing.rows}
    states = [
        *((each.slug, each.id, each.file, ListState.DIFFERS) for each in made.changes if isinstance(each, RowChange)),
        *((each.slug, each.id, each.file, ListState.UNVERIFIED) for each in made.unverified),
        *((each.slug, each.id, each.file, ListState.IN_STEP) for each in made.unchanged),
        *((each.slug, each.id, None, ListState.UNMANAGED) for each in made.unmanaged),
    ]
    for slug, row_id, file, state in states:
        row = rows[slug, row_id]
        name = row.fields.get("name")
        yield ListedFlow(slug, state, row.version, row.status, row.id, file, name if isinstance(name, str) else None)
    for create in (each for each in made.changes if isinstance(each, Create)):
        yield ListedFlow(create.slug, ListState.NOT_LIVE, None, None, None, create.file, None)
    for blocked in made.blocked:
        yield ListedFlow(blocked.slug, ListState.BLOCKED, None, None, None, blocked.file, None)
