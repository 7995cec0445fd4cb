"""Writing what a plan says: what is asked before the first write, the writes with their record, and every outcome."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import lock
from flowsync.api import endpoints
from flowsync.apply import apply_changes, exit_code
from flowsync.cli import output
from flowsync.cli.usage.guards import command_line
from flowsync.cli.usage.options import Verbosity
from flowsync.cli.writing.running import Reporter, header_of, recording, stopping_on_signals
from flowsync.config import place_of
from flowsync.errors import FlowsyncError, InterruptedByUser, RefusedError
from flowsync.model import NotAttempted, Update, View
from flowsync.record.values import Purpose
from flowsync.render import ledger, wording
from flowsync.render.escape import plural
from flowsync.render.style import Screen, progress_line
from flowsync.report import plans
from flowsync.report.comment import APPLY_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from threading import Event

    from flowsync.api.endpoints import Access, FlowWriter
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.cli.writing.recording import RecordFile
    from flowsync.model import FieldName, JsonValue, LiveFlow, NewDraft, Outcome, Plan

INTERRUPTED: Final = "Interrupted: what was in flight has finished, nothing further was started."


@dataclass(frozen=True, slots=True)
class LiveStore:
    """The API as `apply` needs it: a FlowStore over a writer. `view` is what the plan was made from."""

    writer: FlowWriter
    access: Access
    view: View = View.WHOLE

    def rows(self, change: Update | NewDraft) -> Sequence[LiveFlow]:
        """The change's slug, read again."""
        return self.find(change.slug, change.id, change.old.keys())

    def find(self, slug: str, row_id: int | None = None, wanted: Collection[FieldName] = ()) -> Sequence[LiveFlow]:
        """A slug, read now."""
        listed = endpoints.Access.PRIVATE if self.view is View.WHOLE else endpoints.Access.PUBLIC
        return endpoints.reread(self.writer, slug, row_id, access=self.access, listed=listed, wanted=wanted)

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return endpoints.write(self.writer, row_id, {str(name): value for name, value in body.items()})

    def create(self, slug: str, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One POST."""
        return endpoints.create(self.writer, {"slug": slug, **{str(name): value for name, value in body.items()}})

    def new_version(self, row_id: int) -> LiveFlow | None:
        """One POST."""
        return endpoints.new_version(self.writer, row_id)


@contextmanager
def only_run(project: Project, command: str, *, in_sandbox: bool) -> Iterator[None]:
    """Keep every other run on this machine from writing to the same API and environment meanwhile.

    The sandbox is the project's own; an account is the same for every clone on this machine. Raises LockedError while
    there is another run.
    """
    path = project.state / "sandbox.lock"
    if not in_sandbox:
        home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails for a user without an entry
        folder = lock.directory(os.environ, home, project.state)
        path = folder / lock.name(place_of(project.settings.api_url), project.settings.environment or "")
    if path.parent == project.state:
        project.prepare_state("The lock goes there, or into the directory that XDG_STATE_HOME names.")
    with lock.held(path, command) as left:
        if left is not None:
            output.write_sentence(
                f"The last run ended without finishing ({left}): what it had in flight may or may not have landed. "
                "The plan shows how the flows are now.",
                project.given,
            )
        yield


def show_plan(made: Plan, format_: str, given: Invocation) -> None:
    """The plan goes first: on stdout as text, on stderr where stdout holds a document."""
    if format_ == "text":
        output.write_result(plans.preview(made, output.screen_of_stdout(given)))
    else:
        output.write_note(plans.preview(made, output.screen_of_stderr(given)), given)


def refuse_blocked(made: Plan, *, skip_blocked: bool) -> None:
    """Raise RefusedError when flows are blocked, unless they are to be skipped."""
    if made.blocked and not skip_blocked:
        verb, them = ("is", "it") if len(made.blocked) == 1 else ("are", "them")
        rest = ", or write the rest with --skip-blocked" if made.writes else ""
        raise RefusedError(
            f"{plural(len(made.blocked), 'flow')} {verb} blocked; nothing was written.",
            hint=f"Mend what blocks {them}{rest}.",
            plan=made,
        )


def refuse_guarded(made: Plan) -> None:
    """Raise RefusedError when guards have something against a plan (`plan.judged`)."""
    if made.refusals:
        raise RefusedError(
            "Nothing was written: guards refuse this plan.",
            reasons=wording.refusals(made),
            hint="What is meant can be allowed by the flag, or under guards in flowsync.yaml.",
            plan=made,
        )


def confirm(made: Plan, given: Invocation, *, yes: bool) -> None:
    """Ask a terminal whether to go on. Raises DeclinedError for any answer but yes."""
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
    """Apply the changes, report each outcome as it is known and the ledger at the end; the exit code.

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
    """Apply the changes, reporting each outcome as it is known; all of them, and whether the user stopped the run.

    What is replaced is kept in `record_file`, or in a new one in the state directory. Raises RecordError, and
    writes nothing, where that cannot be. What keeps outcomes from being reported stops the run, and is raised once the
    rest is reported. A signal costs no more of what is reported after the last write, `conclude` included, than before
    it.
    """
    if not made.writes:
        conclude([])
        return [], False
    given = connection.project.given
    header = replace(header_of(purpose, made.environment, made.api_url, made.digest, len(made.writes)), undoes=undoes)
    with recording(header, connection.project, record_file) as (name, record):
        reporter = Reporter(format_, given, _outcome_line, ledger.text)
        way_back = command_line(["rollback", name], made, given)
        farewell = (
            "Ended at once: what was in flight may or may not have landed. "
            f"The record is {name}; the way back: {way_back}\n"
        ).encode(errors="backslashreplace")
        with stopping_on_signals(given, connection.client.stop_waiting, farewell) as (stop, stopped_by_user):
            outcomes = _apply(made, connection, record, reporter, stop)
            record.end()
            replaces = any(isinstance(each, Update) for each in made.writes)
            _report_record(record, name, purpose, way_back, given, replaces=replaces)
            reporter.close(outcomes)
            try:
                conclude(outcomes)
            except (OSError, FlowsyncError) as error:
                reporter.trouble = error
                reporter.close(outcomes)
    return outcomes, stopped_by_user.is_set()


def _report_record(
    record: RecordFile, name: str, purpose: Purpose, way_back: str, given: Invocation, *, replaces: bool
) -> None:
    if record.trouble is not None:
        output.write_sentence(f"The record {name} is not complete: {record.trouble.message}", given, Verbosity.QUIET)
    if not record.writes:
        return
    if purpose is Purpose.ROLLBACK:
        output.write_sentence(
            "The flow files still say otherwise: revert them too, or the next apply writes them again.", given
        )
    kept = "What was replaced is kept; to put it back" if replaces else "A record is kept; to take this back"
    output.write_note(f"{kept}: {way_back}", given)


def _outcome_line(outcome: Outcome, screen: Screen) -> str:
    return "" if isinstance(outcome, NotAttempted) else ledger.outcome_line(outcome, screen)


def _apply(
    made: Plan, connection: Connection, record: RecordFile, reporter: Reporter[Outcome], stop: Event
) -> list[Outcome]:
    store = LiveStore(connection.client.writer(), connection.access, made.view)
    parallelism = connection.project.settings.parallelism
    outcomes: list[Outcome] = []

    def line() -> str:
        return progress_line("Applying", len(outcomes), len(made.writes), connection.client.waiting)

    with output.Progress(connection.project.given, line) as progress:
        for outcome in apply_changes(made.writes, store, parallelism=parallelism, stop=stop, record=record):
            outcomes.append(outcome)
            with progress.hidden():
                reporter.report(outcome)
            if reporter.trouble is not None:
                stop.set()
            progress.show()
    return outcomes
