"""flowsync apply: write what the files hold, or exactly what a saved plan holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import rows_by_slug
from flowsync.apply import Moved, compare_rows
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import screen_of_stdout, write_note, write_result
from flowsync.cli.planning import Planned, plan_files, refuse_unseen_versions
from flowsync.cli.project import Project, open_project
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import guard_options, require_base, write_options
from flowsync.cli.usage.help_page import Command
from flowsync.cli.writing import applying
from flowsync.config import SANDBOX_URL, Guards, place_of
from flowsync.errors import ExitCode, PlanFileError, RefusedError, UsageError
from flowsync.model import AlreadyApplied, Change, Create, LiveFlow, Plan, Update
from flowsync.plan.guards import Kept
from flowsync.plan.guards import judged as judge
from flowsync.plan.saved import AsPlanned, AsWritten, Edited, Stale, from_text, restored
from flowsync.render import wording
from flowsync.report.comment import APPLY_FORMATS
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from pathlib import Path


_BEGINNING: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"flowsync-plan/')
_BEGINNING_LENGTH: Final = 200
_MOST_READ: Final = 256 * 1024 * 1024


@click.command("apply", cls=Command)
@click.argument("arguments", nargs=-1, metavar="[SLUG]... | FILE.json", shell_complete=options.complete_slugs)
@options.format_option(APPLY_FORMATS)
@write_options
@options.base_option
@guard_options
@click.option(
    "--record",
    "record_file",
    metavar="FILE",
    help="Append the record of this apply to FILE instead of a new file in .flowsync/applies.",
)
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    arguments: tuple[str, ...],
    format_: str,
    yes: bool,
    skip_blocked: bool,
    parallelism: int | None,
    record_file: str | None,
    base: str | None,
    in_sandbox: bool,
) -> int:
    """Write what plan shows: plan, confirm on a terminal, then one PUT per changed flow.

    FILE.json is a plan saved by `flowsync plan --out`: exactly that is written, if it still fits what is live; no flow
    file is needed. Each flow is read again right before it is written, and refused if it changed since it was planned.
    Exits 4 if something was refused, 5 if some writes failed.
    """
    project = open_project(context, parallelism)
    given = project.given
    guards = replace(project.settings.guards, **given.guards)
    saved = find_saved(project.base, arguments)
    with applying.only_run(project, context.command_path, in_sandbox=in_sandbox):
        if saved is not None and base is not None:
            raise UsageError("A saved plan names its own base revision.", hint="Leave --base out.")
        if saved is not None:
            planning = checked_saved(saved, project, guards, in_sandbox=in_sandbox)
        else:
            require_base(given, base)
            planning = plan_files(
                project, arguments, Purpose.WRITE, base=base, guards=guards, kept=Kept.NEW, in_sandbox=in_sandbox
            )
        with planning as planned:
            made = planned.plan
            if saved is not None:
                hint = "This plan was saved without one: save one made with plan --base."
                require_base(given, made.base, hint)
            applying.show_plan(made, format_, given)
            applying.refuse_blocked(made, skip_blocked=skip_blocked)
            if planned.is_done:
                outcomes = [AlreadyApplied(change) for change in made.writes]
                write_result(APPLY_FORMATS[format_](made, outcomes, screen_of_stdout(given)))
                if made.writes:
                    write_note("This plan is already applied: the live flows match it.", given)
                return ExitCode.OK
            applying.refuse_guarded(made)
            refuse_unseen_versions(made, project)
            if made.writes:
                applying.confirm(made, given, yes=yes)
            return applying.carry_out(made, planned.connection, format_, record_file=record_file)


def find_saved(base: Path, arguments: Sequence[str]) -> Path | None:
    """The saved plan that the arguments name: an existing file that ends in .json, or that is a plan.

    None when they name flows. Raises UsageError for a plan next to other arguments, and for a missing one.
    """
    named = [argument for argument in arguments if argument.endswith(".json") or _is_plan(base / argument)]
    if not named:
        return None
    path = next((base / argument for argument in named if (base / argument).is_file()), None)
    if path is None:
        raise UsageError(f"There is no file {named[0]}.", hint="flowsync plan --out FILE.json saves a plan.")
    if len(arguments) > 1:
        raise UsageError("A saved plan is applied whole: name no flows with it.")
    return path


def _is_plan(path: Path) -> bool:
    try:
        content = workspace(path.parent).read_named(path, _BEGINNING_LENGTH) if path.is_file() else b""
    except (OSError, ValueError):
        return False
    return _BEGINNING.match(content) is not None


def read_saved(path: Path) -> Plan:
    """Read a saved plan. Raises PlanFileError when it is not what flowsync wrote."""
    try:
        return from_text(workspace(path.parent).read_named(path, _MOST_READ).decode("utf-8-sig"))
    except UnicodeDecodeError:
        hint = "flowsync plan --out FILE saves one."
        raise PlanFileError("This file is not a flowsync plan.", hint=hint) from None
    except OSError as error:
        raise PlanFileError(f"The saved plan cannot be read: {error.strerror}.") from None


@contextmanager
def checked_saved(path: Path, project: Project, guards: Guards, *, in_sandbox: bool) -> Iterator[Planned]:
    """The plan saved at `path`, judged by the guards and compared with the live flows.

    It has the values of every managed field, as far as they are known. Raises PlanFileError when it is no plan,
    RefusedError when it is for another place or no longer true.
    """
    saved = read_saved(path)
    _refuse_other_place(saved, project, SANDBOX_URL if in_sandbox else project.settings.api_url)
    seeds = project.load().flows if in_sandbox else ()
    with connect(project, seeds, Purpose.WRITE, in_sandbox=in_sandbox) as connection:
        written = [change.slug for change in saved.writes]
        listing = connection.with_hidden(connection.fetch(written), written)
        rows = rows_by_slug(listing.rows)
        states = [_state(change, rows.get(change.slug, ())) for change in saved.writes]
        stale = [each for each in states if isinstance(each, Stale)]
        if stale:
            raise RefusedError(
                "Nothing was written: the saved plan is out of date.",
                reasons=wording.reasons(stale),
                hint="Plan again, and have the new plan reviewed.",
            )
        found = [each.change for each in states]
        changes = tuple(each for each in found if each.is_verified)
        unverified = tuple(each for each in found if isinstance(each, Update) and not each.is_verified)
        made = judge(replace(saved, changes=changes, unverified=unverified), guards, Kept.SAVED)
        # A field that the API does not return is never done: nobody can see that it is.
        is_done = all(isinstance(each, AsWritten) and not each.change.sent_unseen for each in states)
        yield Planned(replace(made, digest=saved.digest), connection, listing, is_done=is_done)


def _refuse_other_place(saved: Plan, project: Project, api_url: str) -> None:
    environment = project.settings.environment
    reasons = []
    if place_of(saved.api_url) != place_of(api_url):
        reasons.append(f"It was made for {saved.api_url}; this is {api_url}.")
    if saved.environment != environment:
        reasons.append(f"It was made for {_named(saved.environment)}; this is {_named(environment)}.")
    if reasons:
        raise RefusedError(
            "Nothing was written: the saved plan is for another environment or API.",
            reasons=reasons,
            hint="Choose the environment with -e or the sandbox with --sandbox, or plan again.",
        )


def _named(environment: str | None) -> str:
    return "no environment" if environment is None else f"the environment {environment}"


def _state(change: Change, rows: Sequence[LiveFlow]) -> AsPlanned | AsWritten | Stale:
    if isinstance(change, Create):
        if all(row.is_gone for row in rows):
            return AsPlanned(change)
        is_archived = all(row.is_gone or row.is_archived for row in rows)
        there = "there are archived versions with this slug" if is_archived else "a flow with this slug is there"
        also = ", and no other" if is_archived else ""
        return Stale(change, f"It was not live when it was planned; {there} now{also}.")
    found = compare_rows(change, rows)
    if isinstance(found, Moved):
        return Stale(change, found.message)
    as_restored = restored(change, next(row for row in rows if row.id == change.id))
    return Stale(change, as_restored) if isinstance(as_restored, Edited) else as_restored
