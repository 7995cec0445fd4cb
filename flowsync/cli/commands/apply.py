"""flowsync apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowsync.cli import applying
from flowsync.cli.connection import Purpose, connecting
from flowsync.cli.guarding import base_option, fresh_plan, guard_options, guards, need_base, only_run, refuse_guarded
from flowsync.cli.options import complete_slugs, global_options, invocation, sandbox_option
from flowsync.cli.project import open_project
from flowsync.cli.saved import apply_saved, find_saved, refuse_base
from flowsync.cli.writing import refuse_unseen_versions
from flowsync.plan.guards import judged

if TYPE_CHECKING:
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.options import Api


@click.command("apply")
@click.argument("arguments", nargs=-1, metavar="[SLUG]... | FILE.json", shell_complete=complete_slugs)
@applying.ledger_format_option
@applying.yes_option
@applying.skip_blocked_option
@applying.parallelism_option
@base_option
@guard_options
@applying.record_option
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    arguments: tuple[str, ...],
    format_: str,
    approval: Approval,
    on_blocked: OnBlocked,
    parallelism: int | None,
    record_file: str | None,
    base: str | None,
    api: Api,
) -> int:
    """Write what plan shows: plan, confirm on a terminal, then one PUT per changed flow.

    FILE.json is a plan that plan --out saved: exactly that is written, and only if it is still true; no flow file
    is needed. Each flow is read again right before it is written and refused if it changed since it was planned.
    Exits 4 when something was refused, 5 when some writes failed.
    """
    given = invocation(context)
    project = open_project(given, parallelism)
    allowed = guards(context, project)
    saved = find_saved(project.base, arguments)
    with only_run(project, api, context.command_path, given):
        if saved is not None:
            refuse_base(base)
            return apply_saved(
                context,
                saved,
                project,
                given,
                format_=format_,
                record_file=record_file,
                approval=approval,
                on_blocked=on_blocked,
                api=api,
                guards=allowed,
            )
        need_base(context, base)
        with connecting(project, api, Purpose.WRITE, base, given) as connect:
            made, connection = fresh_plan(project, connect, arguments, given, base=base, allowed=allowed)
            made = judged(made, allowed)
            applying.show_plan(made, format_, given)
            applying.refuse_blocked(made, on_blocked)
            refuse_guarded(made)
            refuse_unseen_versions(made, project)
            if made.writes:
                applying.confirm(made, approval, given)
            return applying.carry_out(made, connection, project, given, format_, record_file=record_file)
