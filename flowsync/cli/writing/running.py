"""Runs writes: opens the API and the record, reports outcomes, and stops on signals."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from flowsync import __version__
from flowsync.api import endpoints
from flowsync.api.endpoints import Access, reread, versions
from flowsync.cli import output
from flowsync.cli.usage.guards import command_line
from flowsync.cli.usage.options import Verbosity
from flowsync.cli.writing.recording import FOLDER, new_record_path, now, open_record
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser, NotFoundError, PartlyAppliedError
from flowsync.record.values import Place, Purpose, Run
from flowsync.render.style import progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import FrameType

    from flowsync.api.endpoints import ArchiveBehavior, FlowWriter
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.cli.writing.recording import RecordFile
    from flowsync.model import FieldName, JsonValue, LiveFlow, NewDraft, Update
    from flowsync.render.style import Screen
    from flowsync.versions.deleting import Deletion

Result = TypeVar("Result")

_STDERR: Final = 2
INTERRUPTED: Final = "Interrupted: requests in flight have finished, and nothing more was started."
_FILES_DIFFER: Final = "The flow files hold what was rolled back: revert them too, or the next apply writes it again."
_STOPPING: Final = b"Stopping after the requests in flight. Interrupt again to end at once.\n"


@dataclass(frozen=True, slots=True)
class LiveFlows:
    """The requests to the API that apply, publish and delete need.

    `access` is what kind of key is held, `listed` the list that answered before anything was written.
    """

    writer: FlowWriter
    access: Access
    listed: Access = Access.PRIVATE

    def rows(self, change: Update | NewDraft) -> Sequence[LiveFlow]:
        """The change's slug, read again."""
        return self.find(change.slug, change.id, change.old.keys())

    def find(self, slug: str, row_id: int | None = None, wanted: Collection[FieldName] = ()) -> Sequence[LiveFlow]:
        """A slug, read now."""
        return reread(self.writer, slug, row_id, access=self.access, listed=self.listed, wanted=wanted)

    def left(self, deletion: Deletion) -> Sequence[LiveFlow]:
        """The remaining versions of the flow, read again from where they were read before.

        A list of flows may hide versions. So where …/versions is no longer answered, only that nothing is shown
        anywhere means that nothing is left; anything else raises NotFoundError.
        """
        slug = deletion.slug
        if deletion.has_versions and (found := versions(self.writer, slug, self.access, ())).is_whole:
            return found.rows
        rows = self.find(slug, deletion.rows[0].id)
        if deletion.has_versions and rows:
            message = (
                f"GET /v1/flows/{slug}/versions worked before and answers 404 now: the remaining versions are unknown."
            )
            raise NotFoundError(message, hint="Run it again.")
        return rows

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return endpoints.write(self.writer, row_id, {str(name): value for name, value in body.items()})

    def create(self, slug: str, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One POST."""
        return endpoints.create(self.writer, {"slug": slug, **{str(name): value for name, value in body.items()}})

    def new_version(self, row_id: int) -> LiveFlow | None:
        """One POST."""
        return endpoints.new_version(self.writer, row_id)

    def activate(self, row_id: int, users: ArchiveBehavior) -> LiveFlow | None:
        """One PUT."""
        return endpoints.activate(self.writer, row_id, users)

    def delete(self, row_id: int) -> None:
        """One DELETE."""
        endpoints.delete(self.writer, row_id)


@dataclass(frozen=True, slots=True)
class Job(Generic[Result]):
    """The kind of a run and how it is shown: `line` shows the result of one flow, `ledger` all of them.

    `doing` is what a terminal says meanwhile. `kept` is what to say of the record: its name is `{record}`, and
    `{way_back}` the command line that rolls it back.
    """

    header: Run
    format_: str
    line: Callable[[Result, Screen], str]
    ledger: Callable[[Sequence[Result], Screen], str]
    doing: str
    kept: str
    record_file: str | None = None


def header_of(purpose: Purpose, place: Place, digest: str, changes: int) -> Run:
    """The header of this run in the record."""
    return Run(purpose, place.environment, place.api_url, digest, f"flowsync {__version__}", now(), changes)


@contextmanager
def recording(header: Run, project: Project, record_file: str | None = None) -> Iterator[tuple[str, RecordFile]]:
    """An open record with the header of this run, and its name for messages."""
    if record_file is None:
        project.prepare_state("Keep the record elsewhere with --record FILE.")
        path = new_record_path(project.state / FOLDER, header.digest, project.workspace)
    else:
        path = project.base / record_file
    name = os.path.relpath(path, project.base)
    with open_record(path, name, project.workspace) as record:
        record.begin(header)
        yield name, record


def run_job(
    job: Job[Result],
    work: Callable[[LiveFlows, RecordFile, Event], Iterator[Result]],
    connection: Connection,
    listed: Access,
    conclude: Callable[[list[Result]], object],
) -> tuple[list[Result], bool]:
    """Do `work`, report each result, and return all of them and whether the user stopped the run.

    Raises RecordError, and writes nothing, where there can be no record. What keeps outcomes from being reported stops
    the run, and is raised once the rest is reported. A signal costs no more of what is reported after the last write,
    `conclude` included, than before it.
    """
    given, results = connection.project.given, list[Result]()
    store = LiveFlows(connection.client.writer(), connection.access, listed)
    with recording(job.header, connection.project, job.record_file) as (name, record):
        reporter = Reporter(job.format_, given, job.line, job.ledger)
        way_back = command_line(["rollback", name], job.header.place, given)
        farewell = f"Ended at once: requests in flight may or may not have taken effect. The record is {name}"
        farewell += ".\n" if job.header.purpose is Purpose.DELETE else f"; the way back: {way_back}\n"
        stopping = stopping_on_signals(
            given, connection.client.stop_waiting, farewell.encode(errors="backslashreplace")
        )

        def progress() -> str:
            return progress_line(job.doing, len(results), job.header.changes, connection.client.waiting)

        with stopping as (stop, by_user):
            with output.Progress(given, progress) as shown:
                for result in work(store, record, stop):
                    results.append(result)
                    with shown.hidden():
                        reporter.report(result)
                    if reporter.trouble is not None:
                        stop.set()
                    shown.show()
            record.end()
            _report_record(job, record, name, way_back, given)
            reporter.close(results)
            try:
                conclude(results)
            except (OSError, FlowsyncError) as error:
                reporter.trouble = error
                reporter.close(results)
    return results, by_user.is_set()


def run_each(
    job: Job[Result],
    work: Callable[[LiveFlows, RecordFile, Event], Iterator[Result]],
    connection: Connection,
    listed: Access,
    as_json: Callable[[list[Result]], str],
) -> list[Result]:
    """As `run_job`, then write the ledger or the document. Raises InterruptedByUser if the user stopped the run."""

    def conclude(results: list[Result]) -> None:
        screen = output.screen_of_stdout(connection.project.given)
        output.write_result(job.ledger(results, screen) if job.format_ == "text" else as_json(results))

    results, is_stopped = run_job(job, work, connection, listed, conclude)
    if is_stopped:
        raise InterruptedByUser(INTERRUPTED)
    return results


def _report_record(job: Job[Result], record: RecordFile, name: str, way_back: str, given: Invocation) -> None:
    if record.trouble is not None:
        output.write_sentence(f"The record {name} is not complete: {record.trouble.message}", given, Verbosity.QUIET)
    if record.writes and job.header.purpose is Purpose.ROLLBACK:
        output.write_sentence(_FILES_DIFFER, given)
    if record.writes:
        sentence, has_way, _ = job.kept.partition(" {way_back}")
        if has_way:
            output.write_way(sentence, way_back, given)
        else:
            output.write_note(sentence.format(record=name), given)


class Reporter(Generic[Result]):
    """Reports each outcome as a line; outcomes without a line, such as "not attempted", are counted in the ledger.

    Where stdout cannot take it any more because its reader went away or a disk is full, `trouble` is why, and that
    outcome and all further ones go to stderr. `line` gives what is written of an outcome, `text` the ledger of all.
    """

    def __init__(
        self,
        format_: str,
        given: Invocation,
        line: Callable[[Result, Screen], str],
        text: Callable[[Sequence[Result], Screen], str],
    ) -> None:
        self._given = given
        self._line = line
        self._text = text
        self._screen = output.screen_of_stdout(given) if format_ == "text" else output.screen_of_stderr(given)
        self._write = output.write_result if format_ == "text" else self._note
        self.trouble: OSError | FlowsyncError | None = None

    def report(self, outcome: Result) -> None:
        """Write the line of an outcome."""
        text = self._line(outcome, self._screen)
        if not text:
            return
        try:
            self._write(text)
        except (OSError, FlowsyncError) as error:
            self.trouble = error
            self._write = self._note
            self._note(text)

    def close(self, outcomes: Sequence[Result]) -> None:
        """Write the ledger to stderr if stdout failed, and raise PartlyAppliedError with the reason."""
        if self.trouble is None:
            return
        output.write_note(self._text(outcomes, output.screen_of_stderr(self._given)), self._given, Verbosity.QUIET)
        reason = "its reader went away" if isinstance(self.trouble, BrokenPipeError) else str(self.trouble)
        raise PartlyAppliedError(
            f"The result could not be written to stdout: {reason}. Nothing further was started.",
            hint="What was written so far is in the ledger on stderr and in the record.",
        )

    def _note(self, text: str) -> None:
        output.write_note(text, self._given)


@contextmanager
def stopping_on_signals(
    given: Invocation, stop_waiting: Callable[[], None], farewell: bytes
) -> Iterator[tuple[Event, Event]]:
    """Yield two events: the run should stop, and a user's signal was the reason. A signal calls `stop_waiting` too.

    A second signal ends the process at once, with `farewell` on stderr.
    """
    stop, by_user = Event(), Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if by_user.is_set():
            _write_in_handler(farewell)
            os._exit(ExitCode.INTERRUPTED)
        by_user.set()
        stop.set()
        stop_waiting()
        if given.verbosity is not Verbosity.QUIET:
            _write_in_handler(_STOPPING)

    previous = {each: signal.signal(each, handle) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, by_user
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def _write_in_handler(text: bytes) -> None:
    """Write to stderr in a signal handler, which may have interrupted another write to stderr.

    So it bypasses Python's buffers, which are locked meanwhile, and writes only if it need not wait for a reader.
    """
    import select  # noqa: PLC0415 - for signals only

    with suppress(OSError):
        if os.name == "nt" or select.select([], [_STDERR], [], 0)[1]:  # Windows asks so of sockets only
            os.write(_STDERR, text)
