"""Saved plans: read, held against where they are to be applied, and against what is live now."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.api.endpoints import rows_by_slug
from flowsync.apply import Moved, stand
from flowsync.cli import applying
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.files import readable_flows
from flowsync.cli.guarding import need_base, refuse_guarded
from flowsync.cli.options import Api
from flowsync.cli.output import Progress, screen_of_stdout, write_note, write_result
from flowsync.cli.planning import fetch_slugs
from flowsync.cli.writing import refuse_unseen_versions
from flowsync.config import SANDBOX_URL, place_of
from flowsync.errors import ExitCode, PlanFileError, RefusedError, UsageError
from flowsync.model import AlreadyApplied
from flowsync.plan.guards import Kept
from flowsync.plan.guards import judged as judge
from flowsync.plan.saved import AsPlanned, AsWritten, Edited, Stale, from_text, restored
from flowsync.render import ledger, wording
from flowsync.render.style import reading_line
from flowsync.secrets import private_key_at
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import click

    from flowsync.api.endpoints import Listing
    from flowsync.cli.applying import Approval, OnBlocked
    from flowsync.cli.connection import Connection
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.config import Guards
    from flowsync.model import LiveFlow, Plan, Update

ENDING: Final = ".json"
"""What the name of a saved plan ends in, as an argument of apply."""
_BEGINNING: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"flowsync-plan/')
_BEGINNING_LENGTH: Final = 200
_MOST_READ: Final = 256 * 1024 * 1024
Standing: TypeAlias = AsPlanned | AsWritten | Stale


@dataclass(frozen=True, slots=True)
class Checked:
    """A saved plan beside what is live: `plan` with the values of every managed field, as far as they are known.

    `stale` are the changes that may not be carried out any more; `done` those that are there already.
    """

    plan: Plan
    done: tuple[Update, ...]
    stale: tuple[Stale, ...]

    @property
    def is_done(self) -> bool:
        """Whether all of it is there already."""
        return len(self.done) == len(self.plan.writes)


def find_saved(base: Path, arguments: Sequence[str]) -> Path | None:
    """Return the saved plan that the arguments of apply name: an existing file that ends in .json, or is a plan.

    None when they name flows. Raises UsageError for a plan beside other arguments, and for a missing one.
    """
    named = [argument for argument in arguments if argument.endswith(ENDING) or _is_plan(base / argument)]
    files = [base / argument for argument in named if (base / argument).is_file()]
    if not named:
        return None
    if not files:
        raise UsageError(f"There is no file {named[0]}.", hint="flowsync plan --out FILE.json saves a plan.")
    if len(arguments) > 1:
        raise UsageError("A saved plan is applied by itself and as a whole: name nothing else beside it.")
    return files[0]


def _is_plan(path: Path) -> bool:
    """Whether a file begins as a saved plan does, whatever its name."""
    try:
        return path.is_file() and _BEGINNING.match(_content(path, _BEGINNING_LENGTH)) is not None
    except (OSError, ValueError):
        return False


def _content(path: Path, most: int) -> bytes:
    return workspace(path.parent).read_named(path, most)


def read_saved(path: Path) -> Plan:
    """Read a saved plan. Raises PlanFileError when it is not what flowsync wrote."""
    try:
        text = _content(path, _MOST_READ).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanFileError(
            "This file is not a plan of flowsync.", hint="flowsync plan --out FILE saves one."
        ) from None
    except OSError as error:
        raise PlanFileError(f"The saved plan cannot be read: {error.strerror}.") from None
    return from_text(text)


def refuse_elsewhere(saved: Plan, environment: str | None, api_url: str) -> None:
    """Raise RefusedError when a saved plan is for another API or environment than it is to be applied to."""
    reasons = []
    if place_of(saved.api_url) != place_of(api_url):
        reasons.append(f"It was made for {saved.api_url}; this is {api_url}.")
    if saved.environment != environment:
        reasons.append(f"It was made for {_environment(saved.environment)}; this is {_environment(environment)}.")
    if reasons:
        raise RefusedError(
            "Nothing was written: the saved plan is for another place.",
            reasons=reasons,
            hint="-e names the environment, --sandbox the sandbox; or plan again for this one.",
        )


def check_saved(saved: Plan, listing: Listing) -> Checked:
    """Hold every change of a saved plan against the live rows.

    One that sends a field which the API does not return is never done: nobody can see that it is.
    """
    rows = rows_by_slug(listing.rows)
    standings = [_standing(change, rows.get(change.slug, ())) for change in saved.writes]
    changes = [each.change for each in standings]
    return Checked(
        replace(
            saved,
            changes=tuple(each for each in changes if each.is_verified),
            unverified=tuple(each for each in changes if not each.is_verified),
        ),
        tuple(each.change for each in standings if isinstance(each, AsWritten) and not each.change.sent_unseen),
        tuple(each for each in standings if isinstance(each, Stale)),
    )


def _standing(change: Update, rows: Sequence[LiveFlow]) -> Standing:
    found = stand(change, rows)
    if isinstance(found, Moved):
        return Stale(change, found.message)
    as_restored = restored(change, next(row for row in rows if row.id == change.id))
    return Stale(change, as_restored) if isinstance(as_restored, Edited) else as_restored


def _environment(name: str | None) -> str:
    return "no environment" if name is None else f"the environment {name}"


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
    with Progress(given).ticking(lambda: reading_line(connection.client.waiting)):
        return fetch_slugs(connection.client.reader(), connection.access, slugs, connection.map)


def _refuse_stale(checked: Checked) -> None:
    if checked.stale:
        raise RefusedError(
            "Nothing was written: the saved plan is no longer true.",
            reasons=wording.reasons(checked.stale),
            hint="Plan again, and have the new plan reviewed.",
        )


def _applied_already(made: Plan, format_: str, given: Invocation) -> int:
    """Tell that there is nothing left to do."""
    write_result(ledger.FORMATS[format_]([AlreadyApplied(change) for change in made.writes], screen_of_stdout(given)))
    if made.writes:
        write_note("This plan was applied already: the live flows are as it would write them.", given)
    return ExitCode.OK
