"""The API as applying needs it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from threading import Event
from typing import TYPE_CHECKING, Final

import click

from flowsync import __version__
from flowsync.api import endpoints
from flowsync.apply import apply_changes, exit_code
from flowsync.cli.commands.init import example_hint
from flowsync.cli.connection import prepare_state
from flowsync.cli.options import Verbosity, command_line
from flowsync.cli.output import (
    Progress,
    answer_of_terminal,
    screen_of_stderr,
    screen_of_stdout,
    write_note,
    write_result,
    write_sentence,
)
from flowsync.cli.recording import FOLDER as RECORDS
from flowsync.cli.recording import new_record_path, now, open_record
from flowsync.config import DEFAULT_PARALLELISM, PARALLELISM_LIMIT
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser, PartlyAppliedError, RefusedError
from flowsync.model import NotAttempted, View
from flowsync.record.values import Purpose, Run
from flowsync.render import ledger, plans
from flowsync.render.style import progress_line
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from flowsync.api.endpoints import Access, FlowWriter
    from flowsync.cli.connection import Connection
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.cli.recording import RecordFile
    from flowsync.model import Change, FieldName, JsonValue, LiveFlow, Outcome, Plan


@dataclass(frozen=True, slots=True)
class LiveStore:
    """The API as `apply` needs it: a FlowStore over a writer. `view` is what the plan was made from."""

    writer: FlowWriter
    access: Access
    view: View = View.WHOLE

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        """The change's slug, read afresh."""
        listed = endpoints.Access.PRIVATE if self.view is View.WHOLE else endpoints.Access.PUBLIC
        wanted = change.old.keys()
        return endpoints.reread(self.writer, change.slug, change.id, access=self.access, listed=listed, wanted=wanted)

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return endpoints.write(self.writer, row_id, {str(name): value for name, value in body.items()})


_STDERR: Final = 2
_STOPPING: Final = b"Stopping: what is in flight is being finished. Once more to end at once, whatever is in flight.\n"


class Approval(Enum):
    """Whether a terminal is asked before anything is written."""

    ASK = "ask"
    GIVEN = "given"


class OnBlocked(Enum):
    """What to do when some flows cannot be written at all."""

    REFUSE = "refuse"
    SKIP = "skip"


ledger_format_option = click.option(
    "--format", "format_", type=click.Choice(list(ledger.FORMATS)), default="text", help="Form of the result."
)
yes_option = click.option(
    "--yes",
    "approval",
    flag_value=Approval.GIVEN,
    default=Approval.ASK,
    type=click.UNPROCESSED,
    help="Do not ask. Only a terminal is asked: in a pipeline the merge was the approval.",
)
skip_blocked_option = click.option(
    "--skip-blocked",
    "on_blocked",
    flag_value=OnBlocked.SKIP,
    default=OnBlocked.REFUSE,
    type=click.UNPROCESSED,
    help="Write the rest when some flows are blocked.",
)
parallelism_option = click.option(
    "--parallelism",
    metavar="N",
    type=click.IntRange(1, PARALLELISM_LIMIT),
    help=f"How many flows are in flight at once, 1 to {PARALLELISM_LIMIT}; "
    f"{DEFAULT_PARALLELISM} unless flowsync.yaml says otherwise.",
)


record_option = click.option(
    "--record",
    "record_file",
    metavar="FILE",
    help="Keep what is replaced in FILE, added to what it holds, instead of a new one in .flowsync/applies.",
)


def show_plan(made: Plan, format_: str, given: Invocation) -> None:
    """The plan goes first: on stdout as text, beside the result where stdout holds a document."""
    if format_ == "text":
        write_result(plans.preview(made, screen_of_stdout(given)))
    else:
        write_note(plans.preview(made, screen_of_stderr(given)), given)


def refuse_blocked(made: Plan, on_blocked: OnBlocked) -> None:
    """Raise RefusedError when flows are blocked, unless they are to be skipped."""
    if made.blocked and on_blocked is OnBlocked.REFUSE:
        raise RefusedError(
            f"Nothing was written: {len(made.blocked)} of the flows cannot be.",
            hint=example_hint(each.slug for each in made.blocked)
            or "Mend what blocks them, or write the rest with --skip-blocked.",
        )


def confirm(made: Plan, approval: Approval, given: Invocation) -> None:
    """Ask a terminal whether to go on. Raises FlowsyncError for any answer but yes."""
    if approval is Approval.GIVEN or not sys.stdin.isatty():
        return
    sys.stderr.write(masked(plans.confirm_question(made, screen_of_stderr(given))))
    sys.stderr.flush()
    if answer_of_terminal() not in {"y", "yes"}:
        raise FlowsyncError("Not confirmed: nothing was written.")


def carry_out(
    made: Plan,
    connection: Connection,
    project: Project,
    given: Invocation,
    format_: str,
    *,
    record_file: str | None = None,
    purpose: Purpose = Purpose.APPLY,
) -> int:
    """Apply the changes, tell each outcome as it is known and the ledger at the end; the exit code.

    Raises RecordError, and InterruptedByUser, the ledger told, when the user stopped the run.
    """

    def conclude(outcomes: list[Outcome]) -> None:
        write_result(ledger.FORMATS[format_](outcomes, screen_of_stdout(given)))

    outcomes, interrupted = run(
        made, connection, project, given, format_, record_file=record_file, purpose=purpose, conclude=conclude
    )
    if interrupted:
        raise InterruptedByUser("Interrupted: what was in flight has finished, nothing further was started.")
    return exit_code(outcomes)


def run(
    made: Plan,
    connection: Connection,
    project: Project,
    given: Invocation,
    format_: str,
    *,
    record_file: str | None = None,
    purpose: Purpose = Purpose.APPLY,
    conclude: Callable[[list[Outcome]], object] = list,
) -> tuple[list[Outcome], bool]:
    """Apply the changes, telling each outcome as it is known; all of them, and whether the user stopped the run.

    What is replaced is kept in `record_file`, or in a new one in the state directory. Raises RecordError, and
    writes nothing, where that cannot be. What keeps outcomes from being told stops the run, and is raised once the
    rest is told. A signal costs no more of what is told after the last write, `conclude` included, than before it.
    """
    if not made.writes:
        conclude([])
        return [], False
    hurry = connection.client.stop_waiting
    with _recording(made, project, record_file, purpose) as (name, kept):
        teller = _Teller(format_, given)
        with stopping_on_signals(given, hurry, _farewell(name, made, given)) as (stop, stopped_by_user):
            outcomes = _carried_out(made, connection, project, given, kept=kept, teller=teller, stop=stop)
            kept.end()
            with suppress(OSError):  # nobody reads stderr any more: that costs no ledger
                _tell_record(kept, name, made, purpose, given)
            teller.close(outcomes)
            try:
                conclude(outcomes)
            except (OSError, FlowsyncError) as error:
                teller.trouble = error
                teller.close(outcomes)
    return outcomes, stopped_by_user.is_set()


@contextmanager
def _recording(
    made: Plan, project: Project, record_file: str | None, purpose: Purpose
) -> Iterator[tuple[str, RecordFile]]:
    """An open record with the header of this run in it, and its name for messages."""
    if record_file is None:
        prepare_state(project, "Keep the record elsewhere with --record FILE.")
        path = new_record_path(project.state / RECORDS, made.digest, project.workspace)
    else:
        path = project.base / record_file
    name = os.path.relpath(path, project.base)
    run = Run(
        purpose=purpose,
        environment=made.environment,
        api_url=made.api_url,
        digest=made.digest,
        tool=f"flowsync {__version__}",
        time=now(),
        changes=len(made.writes),
    )
    with open_record(path, name, project.workspace) as kept:
        kept.begin(run)
        yield name, kept


def _tell_record(kept: RecordFile, name: str, made: Plan, purpose: Purpose, given: Invocation) -> None:
    """Say where to find the way back, and what the record lacks."""
    if kept.trouble is not None:
        write_sentence(f"The record {name} is not complete: {kept.trouble.message}", given, Verbosity.QUIET)
    if not kept.writes:
        return
    if purpose is Purpose.ROLLBACK:
        write_sentence(
            "The flow files still say otherwise: revert them too, or the next apply writes them again.", given
        )
    way_back = command_line(["rollback", name], made, given)
    write_note(f"What was replaced is kept; to put it back: {way_back}", given)


def _farewell(name: str, made: Plan, given: Invocation) -> bytes:
    """What is said when a second signal ends the process at once."""
    way_back = command_line(["rollback", name], made, given)
    line = (
        f"Ended at once: what was in flight may or may not have landed. The record is {name}; the way back: {way_back}"
    )
    return f"{line}\n".encode(errors="backslashreplace")


def _carried_out(
    made: Plan,
    connection: Connection,
    project: Project,
    given: Invocation,
    *,
    kept: RecordFile,
    teller: _Teller,
    stop: Event,
) -> list[Outcome]:
    """The outcomes, each told as it is known."""
    store = LiveStore(connection.client.writer(), connection.access, made.view)
    outcomes: list[Outcome] = []
    display = Progress(given)
    parallelism = project.settings.parallelism

    def line() -> str:
        return progress_line("Applying", len(outcomes), len(made.writes), connection.client.waiting)

    with display.ticking(line):
        for outcome in apply_changes(made.writes, store, parallelism=parallelism, stop=stop, record=kept):
            outcomes.append(outcome)
            with display.hidden():
                teller.tell(outcome)
            if teller.trouble is not None:
                stop.set()
            display.show(line)
    return outcomes


class _Teller:
    """Tells each outcome, but not of what was not attempted: the ledger counts those.

    Where it cannot be told any more because its reader went away or a disk is full, `trouble` is why, and that
    outcome and all further ones go to stderr. What the streams are is asked once: what is told would otherwise cost
    more than writing it.
    """

    def __init__(self, format_: str, given: Invocation) -> None:
        self._given = given
        self._screen = screen_of_stdout(given) if format_ == "text" else screen_of_stderr(given)
        self._say = write_result if format_ == "text" else self._note
        self.trouble: OSError | FlowsyncError | None = None

    def tell(self, outcome: Outcome) -> None:
        """One line, at once."""
        if isinstance(outcome, NotAttempted):
            return
        text = ledger.outcome_line(outcome, self._screen)
        try:
            self._say(text)
        except (OSError, FlowsyncError) as error:
            self.trouble = error
            self._say = self._note
            self._note(text)

    def close(self, outcomes: list[Outcome]) -> None:
        """Write the ledger to stderr where stdout did not take it, and raise PartlyAppliedError, which says why."""
        if self.trouble is None:
            return
        with suppress(OSError):
            write_note(ledger.text(outcomes, screen_of_stderr(self._given)), self._given, Verbosity.QUIET)
        reason = "its reader went away" if isinstance(self.trouble, BrokenPipeError) else str(self.trouble)
        raise PartlyAppliedError(
            f"The result could not be written to stdout: {reason}. Nothing further was started.",
            hint="What was written so far is in the ledger on stderr and in the record.",
        )

    def _note(self, text: str) -> None:
        """Say it on stderr. Where nobody reads that any more, the ledger tells it all the same."""
        with suppress(OSError):
            write_note(text, self._given)


def _say_amid_all(text: bytes) -> None:
    """Say something while a signal is handled, which may have come in the middle of a write to stderr.

    So it goes past Python's buffers, which take nothing meanwhile, and only where it need not wait for a reader.
    """
    import select  # noqa: PLC0415 - for signals only

    with suppress(OSError):
        if os.name == "nt" or select.select([], [_STDERR], [], 0)[1]:  # Windows asks so of sockets only
            os.write(_STDERR, text)


@contextmanager
def stopping_on_signals(given: Invocation, hurry: Callable[[], None], farewell: bytes) -> Iterator[tuple[Event, Event]]:
    """Two events: the run is to stop, and a user's signal was why; then `hurry` is called too.

    A second signal ends the process at once, with `farewell` on stderr.
    """
    stop, by_user = Event(), Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if by_user.is_set():
            _say_amid_all(farewell)
            os._exit(ExitCode.INTERRUPTED)
        by_user.set()
        stop.set()
        hurry()
        if given.verbosity is not Verbosity.QUIET:
            _say_amid_all(_STOPPING)

    previous = {each: signal.signal(each, handle) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, by_user
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
