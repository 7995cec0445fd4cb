"""Applying a saved plan: exactly what it says, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from flowsync.cli import applying
from flowsync.cli.adapters import Purpose, connect
from flowsync.cli.guarding import need_base, refuse_guarded
from flowsync.cli.options import Api
from flowsync.cli.output import Progress, screen_of_stdout, write_note, write_result
from flowsync.cli.versions import refuse_unseen_versions
from flowsync.config import SANDBOX_URL
from flowsync.errors import ExitCode, RefusedError, UsageError
from flowsync.model import AlreadyApplied
from flowsync.pipeline.files import readable_flows
from flowsync.pipeline.planning import fetch_slugs
from flowsync.pipeline.saved import check_saved, read_saved, refuse_elsewhere
from flowsync.plan.guards import Kept
from flowsync.plan.guards import judged as judge
from flowsync.render import ledger, progress, stale
from flowsync.secrets import private_key_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import click

    from flowsync.cli.adapters import Connection
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.options import Invocation
    from flowsync.config import Guards
    from flowsync.live.listing import Listing
    from flowsync.model import Plan
    from flowsync.pipeline.project import Project
    from flowsync.pipeline.saved import Checked


def apply_saved(
    context: click.Context,
    path: Path,
    project: Project,
    given: Invocation,
    *,
    format_: str,
    record_file: str | None,
    approval: Approval,
    on_blocked: OnBlocked,
    api: Api,
    guards: Guards,
) -> int:
    """Carry out the plan saved at `path`; the exit code. Every guard is asked before the first write.

    `context` is the command line. Raises UsageError where it asks to mind edits that the plan tells nothing of.
    """
    with checked_saved(path, project, given, api, guards) as (checked, connection):
        made = checked.plan
        need_base(context, made.base, "This plan was saved without: save one that plan --base made.")
        applying.show_plan(made, format_, given)
        applying.refuse_blocked(made, on_blocked)
        if checked.is_done:
            return _applied_already(made, format_, given)
        refuse_guarded(made)
        refuse_unseen_versions(made, project)
        applying.confirm(made, approval, given)
        return applying.carry_out(made, connection, project, given, format_, record_file=record_file)


@contextmanager
def checked_saved(
    path: Path, project: Project, given: Invocation, api: Api, guards: Guards
) -> Iterator[tuple[Checked, Connection]]:
    """The plan saved at `path`, judged by the guards, and the open connection to what it is for.

    Raises PlanFileError when it is no plan, RefusedError when it is for another place or no longer true.
    """
    saved = read_saved(path)
    refuse_elsewhere(saved, project.settings.environment, _api_url(project, api))
    seeds = readable_flows(project) if api is Api.SANDBOX else ()
    with connect(project, seeds, api, Purpose.WRITE, given) as connection:
        checked = check_saved(saved, _fetch(saved, connection, given))
        _refuse_stale(checked)
        judged = replace(judge(checked.plan, guards, Kept.SAVED), digest=saved.digest)
        yield replace(checked, plan=judged), connection


def refuse_keys_of(made: Plan) -> None:
    """Raise RefusedError where a plan that is to be saved holds a private API key, as live content may."""
    reasons = [
        f"{change.slug}: {each.label}"
        for change in made.writes
        for each in change.fields
        if private_key_at(f"{each.old} {each.new}") is not None
    ]
    if reasons:
        raise RefusedError(
            "The plan is not saved: it would hold a private API key.",
            reasons=reasons,
            hint="Take the key out of the flow and revoke it in Frigade: whoever can read the flow has seen it.",
        )


def refuse_base(base: str | None) -> None:
    """Raise UsageError for --base beside a saved plan."""
    if base is not None:
        raise UsageError("A saved plan says itself what it was compared with.", hint="Leave --base out.")


def _api_url(project: Project, api: Api) -> str:
    return SANDBOX_URL if api is Api.SANDBOX else project.settings.api_url


def _fetch(saved: Plan, connection: Connection, given: Invocation) -> Listing:
    slugs = [change.slug for change in saved.writes]
    with Progress(given).ticking(lambda: progress.reading_line(connection.client.waiting)):
        return fetch_slugs(connection.client.reader(), connection.access, slugs, connection.map)


def _refuse_stale(checked: Checked) -> None:
    if checked.stale:
        raise RefusedError(
            "Nothing was written: the saved plan is no longer true.",
            reasons=stale.reasons(checked.stale),
            hint="Plan again, and have the new plan reviewed.",
        )


def _applied_already(made: Plan, format_: str, given: Invocation) -> int:
    """Tell that there is nothing left to do."""
    write_result(ledger.FORMATS[format_]([AlreadyApplied(change) for change in made.writes], screen_of_stdout(given)))
    if made.writes:
        write_note("This plan was applied already: the live flows are as it would write them.", given)
    return ExitCode.OK
