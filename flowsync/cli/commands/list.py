"""Every live flow and every file, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowsync.cli.connection import Purpose, connect, fetch
from flowsync.cli.files import load_selection
from flowsync.cli.options import global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.planning import make_plan
from flowsync.cli.project import open_project
from flowsync.model import ListedFlow, ListState
from flowsync.render import listing as listings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.api.endpoints import Listing
    from flowsync.cli.options import Api
    from flowsync.model import LiveFlow, Plan


def list_flows(made: Plan, listing: Listing) -> tuple[ListedFlow, ...]:
    """One line for every live flow and every file, sorted by slug, from a plan and what it was made of."""
    return tuple(sorted(_listed(made, listing), key=lambda line: line.slug))


def _listed(made: Plan, listing: Listing) -> Iterator[ListedFlow]:
    rows = {(row.slug, row.id): row for row in listing.rows}
    for change in made.changes:
        yield _listed_row(rows[change.slug, change.id], change.file, ListState.DIFFERS)
    for change in made.unverified:
        yield _listed_row(rows[change.slug, change.id], change.file, ListState.UNVERIFIED)
    for unchanged in made.unchanged:
        yield _listed_row(rows[unchanged.slug, unchanged.id], unchanged.file, ListState.IN_STEP)
    for unmanaged in made.unmanaged:
        yield _listed_row(rows[unmanaged.slug, unmanaged.id], None, ListState.UNMANAGED)
    for blocked in made.blocked:
        yield ListedFlow(blocked.slug, blocked.file, None, None, None, None, ListState.BLOCKED)


def _listed_row(row: LiveFlow, file: str | None, state: ListState) -> ListedFlow:
    name = row.fields.get("name")
    return ListedFlow(row.slug, file, row.id, row.version, row.status, name if isinstance(name, str) else None, state)


@click.command("list")
@slugs_argument
@click.option(
    "--format", "format_", type=click.Choice(list(listings.FORMATS)), default="text", help="Form of the result."
)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, slugs: tuple[str, ...], format_: str, api: Api) -> None:
    """List every live flow with its file, id, version, status and whether it is in step with the file."""
    given = invocation(context)
    project = open_project(given)
    selection = load_selection(project, slugs)
    with connect(project, selection.flows, api, Purpose.READ, given) as connection:
        listing = fetch(connection, selection.flows, given)
    made = make_plan(project, selection, listing, connection.api_url, access=connection.access)
    write_result(listings.FORMATS[format_](list_flows(made, listing), screen_of_stdout(given)))
