"""Applies a plan: asks, writes with a record, and reports every outcome."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import lock
from flowsync.api.endpoints import Access
from flowsync.apply import apply_changes, exit_code
from flowsync.cli import output
from flowsync.cli.writing.running import INTERRUPTED, Job, header_of, run_job
from flowsync.config import place_of
from flowsync.errors import ExitCode, InterruptedByUser, RefusedError
from flowsync.model import NotAttempted, Update, View
from flowsync.record.values import Place, Purpose
from flowsync.render import ledger, wording
from flowsync.render.escape import plural
from flowsync.report import plans
from flowsync.report.comment import APPLY_FORMATS, PLAN_FORMATS, other_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.cli.writing.recording import RecordFile
    from flowsync.cli.writing.running import LiveFlows
    from flowsync.model import Outcome, Plan
    from flowsync.render.style import Screen
    from flowsync.report.values import OtherCommand


_OWN_LOCK: Final = "It is a file of this project: whoever runs flowsync must be able to write to it."
"""What to do where the lock of the sandbox cannot be used."""


@contextmanager
def only_run(project: Project, command: str, *, in_sandbox: bool) -> Iterator[None]:
    """Keep other runs on this machine from writing to the same API and environment at the same time.

    The sandbox is the project's own; an account is the same for every clone on this machine. Raises LockedError while
    there is another run.
    """
    path = project.state / "sandbox.lock"
    if not in_sandbox:
        home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails for a user without an entry
        folder = lock.directory(os.environ, home, project.state)
        path = folder / lock.name(place_of(project.settings.api_url), project.settings.environment or "")
    if path.parent == project.state:
        other = "" if in_sandbox else ", or into the directory that XDG_STATE_HOME names"
        project.prepare_state(f"The lock goes there{other}.")
    with lock.held(path, command, _OWN_LOCK if in_sandbox else lock.ELSEWHERE) as left:
        if left is not None:
            output.write_sentence(
                f"The last run ended without finishing ({left}): requests in flight may or may not have taken effect. "
                "The plan shows how the flows are now.",
                project.given,
            )
        yield


def show_plan(made: Plan, format_: str, given: Invocation, nothing: str = "") -> None:
    """Show the plan before anything is asked.

    `nothing` is what a command that plans from something else than files says of a plan without changes.
    """
    if nothing and not _says_something(made):
        output.write_note(nothing, given)
    else:
        output.write_preview(lambda screen: plans.preview(made, screen, nothing), format_, given)


def show_only(made: Plan, format_: str, given: Invocation, shown_by: OtherCommand, publishing: str = "") -> int:
    """Show the plan as the result of a command that only shows it. The exit code is 4 if apply would refuse it."""
    screen = output.screen_of_stdout(given)
    if format_ == "markdown":
        output.write_result(other_markdown(made, shown_by))
    elif format_ != "text":
        output.write_result(PLAN_FORMATS[format_](made, screen))
    elif _says_something(made):
        output.write_result(plans.text(made, screen, shown_by.following, publishing, shown_by.nothing))
    else:
        output.write_result(f"{shown_by.nothing}\n")
    return ExitCode.REFUSED if made.blocked or made.refusals else ExitCode.OK


def _says_something(made: Plan) -> bool:
    return bool(made.writes or made.blocked or any(row.warnings for row in made.unchanged))


def refuse_blocked(made: Plan, *, skip_blocked: bool) -> None:
    """Raise RefusedError if flows are blocked, unless they should be skipped."""
    if made.blocked and not skip_blocked:
        verb, them = ("is", "it") if len(made.blocked) == 1 else ("are", "them")
        rest = ", or write the rest with --skip-blocked" if made.writes else ""
        raise RefusedError(
            f"{plural(len(made.blocked), 'flow')} {verb} blocked; nothing was written.",
            hint=f"Fix what blocks {them}{rest}.",
            plan=made,
        )


def refuse_guarded(made: Plan) -> None:
    """Raise RefusedError if guards refuse the plan (`plan.judged`)."""
    if made.refusals:
        raise RefusedError(
            "Nothing was written: guards refuse this plan.",
            reasons=wording.refusals(made),
            hint="Allow an intended change with the flag, or under guards in flowsync.yaml.",
            plan=made,
        )


def confirm(made: Plan, given: Invocation, *, yes: bool) -> None:
    """Ask on a terminal whether to continue. Raises DeclinedError for any answer except yes."""
    if yes or not sys.stdin.isatty():
        return
    output.confirm(plans.confirm_question(made, output.screen_of_stderr(given)))


def carry_out(
    made: Plan,
    connection: Connection,
    format_: str,
    *,
    record_file: str | None = None,
    purpose: Purpose = Purpose.APPLY,
    undoes: str | None = None,
) -> int:
    """Apply the changes, report each outcome when it is known and the ledger at the end; return the exit code.

    Raises RecordError, and InterruptedByUser after the ledger when the user stopped the run.
    """

    def conclude(outcomes: list[Outcome]) -> None:
        output.write_result(APPLY_FORMATS[format_](made, outcomes, output.screen_of_stdout(connection.project.given)))

    outcomes, is_stopped = run(
        made, connection, format_, record_file=record_file, purpose=purpose, undoes=undoes, conclude=conclude
    )
    if is_stopped:
        raise InterruptedByUser(INTERRUPTED)
    return exit_code(outcomes)


def run(
    made: Plan,
    connection: Connection,
    format_: str,
    *,
    record_file: str | None = None,
    purpose: Purpose = Purpose.APPLY,
    undoes: str | None = None,
    conclude: Callable[[list[Outcome]], object] = list,
) -> tuple[list[Outcome], bool]:
    """Apply the changes and report each outcome; return all of them, and whether the user stopped the run.

    Replaced content is saved in `record_file`, or in a new one in the state directory.
    """
    if not made.writes:
        conclude([])
        return [], False
    replaces = any(isinstance(each, Update) for each in made.writes)
    kept = "What was replaced is kept; to put it back" if replaces else "A record is kept; to take this back"

    header = replace(
        header_of(purpose, Place(made.environment, made.api_url), made.digest, len(made.writes)), undoes=undoes
    )
    job = Job(header, format_, _outcome_line, ledger.text, "Applying", f"{kept}: {{way_back}}", record_file)
    listed = Access.PRIVATE if made.view is View.WHOLE else Access.PUBLIC
    parallelism = connection.project.settings.parallelism

    def work(store: LiveFlows, record: RecordFile, stop: Event) -> Iterator[Outcome]:
        return apply_changes(made.writes, store, parallelism=parallelism, stop=stop, record=record)

    return run_job(job, work, connection, listed, conclude)


def _outcome_line(outcome: Outcome, screen: Screen) -> str:
    return "" if isinstance(outcome, NotAttempted) else ledger.outcome_line(outcome, screen)
