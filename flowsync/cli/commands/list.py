"""flowsync list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowsync.cli.adapters import Purpose, connect, fetch
from flowsync.cli.opening import open_project
from flowsync.cli.options import global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.pipeline.files import load_selection
from flowsync.pipeline.listing import list_flows
from flowsync.pipeline.planning import make_plan
from flowsync.render import listing as listings

if TYPE_CHECKING:
    from flowsync.cli.options import Api


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
