"""flowsync apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowsync import pipeline
from flowsync.cli import applying
from flowsync.cli.adapters import Purpose, connect, fetch, open_project
from flowsync.cli.options import global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import write_warnings

if TYPE_CHECKING:
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.options import Api


@click.command("apply")
@slugs_argument
@applying.ledger_format_option
@applying.yes_option
@applying.skip_blocked_option
@applying.parallelism_option
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    format_: str,
    approval: Approval,
    on_blocked: OnBlocked,
    parallelism: int | None,
    api: Api,
) -> int:
    """Write what plan shows: plan, confirm on a terminal, then one PUT per changed flow.

    Each flow is read again right before it is written and refused if it changed since it was planned.
    Exits 4 when something was refused, 5 when some writes failed.
    """
    given = invocation(context)
    project = open_project(given, parallelism)
    selection = pipeline.load_selection(project, slugs)
    write_warnings(selection.warnings, project, given)
    with connect(project, selection.flows, api, Purpose.WRITE) as connection:
        listing = fetch(connection, selection.flows, given)
        write_warnings(pipeline.check_references(project, selection, listing), project, given)
        made = pipeline.make_plan(project, selection, listing, connection.api_url)
        applying.show_plan(made, format_, given)
        applying.refuse_blocked(made, on_blocked)
        if made.changes:
            applying.confirm(made, approval, given)
        return applying.carry_out(made, connection, project, given, format_)
