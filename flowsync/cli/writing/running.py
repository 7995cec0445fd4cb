"""What every run that writes has in common: its record, its outcomes as they are known, and signals that stop it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from flowsync import __version__
from flowsync.api import endpoints
from flowsync.api.endpoints import Access, reread, versions
from flowsync.cli import output
from flowsync.cli.connection import awaited
from flowsync.cli.usage.options import Verbosity
from flowsync.cli.writing.recording import FOLDER, new_record_path, now, open_record
from flowsync.errors import ExitCode, FlowsyncError, NotFoundError, PartlyAppliedError
from flowsync.record.values import Purpose, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from flowsync.api.endpoints import ArchiveBehavior, FlowWriter
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.cli.writing.recording import RecordFile
    from flowsync.model import LiveFlow
    from flowsync.render.style import Screen
    from flowsync.versions.deleting import Deletion

Result = TypeVar("Result")

_STDERR: Final = 2
_STOPPING: Final = b"Stopping: what is in flight is being finished. Once more to end at once, whatever is in flight.\n"


@dataclass(frozen=True, slots=True)
class LiveRows:
    """The API as publishing needs it. `listed` is the list that answered before anything was written."""

    writer: FlowWriter
    access: Access
    listed: Access

    def rows(self, slug: str, row_id: int) -> Sequence[LiveFlow]:
        """The slug's rows, read again."""
        return reread(self.writer, slug, row_id, access=self.access, listed=self.listed)

    def activate(self, row_id: int, users: ArchiveBehavior) -> LiveFlow | None:
        """One PUT."""
        return endpoints.activate(self.writer, row_id, users)


@dataclass(frozen=True, slots=True)
class LiveVersions:
    """The API as deleting needs it, with a private key and the private list."""

    writer: FlowWriter

    def rows(self, deletion: Deletion) -> Sequence[LiveFlow]:
        """What is left of the flow, read again from where its versions were read before.

        A list of flows may hide versions. So where …/versions is no longer answered, only that nothing is shown
        anywhere means that nothing is left; anything else raises NotFoundError.
        """
        slug = deletion.slug
        if deletion.has_versions and (found := versions(self.writer, slug, Access.PRIVATE, ())).is_whole:
            return found.rows
        row_id = deletion.rows[0].id
        rows = reread(self.writer, slug, row_id, access=Access.PRIVATE, listed=Access.PRIVATE)
        if deletion.has_versions and rows:
            message = (
                f"GET /v1/flows/{slug}/versions was answered before, and is not found now: what is left is not known."
            )
            raise NotFoundError(message, hint="Run it again.")
        return rows

    def delete(self, row_id: int) -> None:
        """One DELETE."""
        endpoints.delete(self.writer, row_id)


def header_of(purpose: Purpose, environment: str | None, api_url: str, digest: str, changes: int) -> Run:
    """The header that a record of this run has."""
    return Run(purpose, environment, api_url, digest, f"flowsync {__version__}", now(), changes)


@contextmanager
def recording(header: Run, project: Project, record_file: str | None = None) -> Iterator[tuple[str, RecordFile]]:
    """An open record with the header of this run in it, and its name for messages."""
    if record_file is None:
        project.prepare_state("Keep the record elsewhere with --record FILE.")
        path = new_record_path(project.state / FOLDER, header.digest, project.workspace)
    else:
        path = project.base / record_file
    name = os.path.relpath(path, project.base)
    with open_record(path, name, project.workspace) as record:
        record.begin(header)
        yield name, record


def run_each(
    header: Run,
    connection: Connection,
    reporter: Reporter[Result],
    work: Callable[[RecordFile, Event], Iterator[Result]],
    conclude: Callable[[list[Result], str], object],
) -> bool:
    """Do one flow after the other, and report what became of each as it is known; whether the user stopped the run.

    `work` yields that; `conclude` is given all of it, and the name of the record, "" where nothing was written. Raises
    RecordError, and writes nothing, where there can be no record.
    """
    project, results = connection.project, list[Result]()
    with recording(header, project) as (name, record):
        farewell = f"Ended at once: what was in flight may or may not have landed. The record is {name}.\n"
        stopping = stopping_on_signals(
            project.given, connection.client.stop_waiting, farewell.encode(errors="backslashreplace")
        )
        with stopping as (stop, by_user):
            for result in _in_thread(work(record, stop)):
                results.append(result)
                reporter.report(result)
                if reporter.trouble is not None:
                    stop.set()
            record.end()
            if record.trouble is not None:
                message = f"The record {name} is not complete: {record.trouble.message}"
                output.write_sentence(message, project.given, Verbosity.QUIET)
            reporter.close(results)
            try:
                conclude(results, name if record.writes else "")
            except (OSError, FlowsyncError) as error:
                reporter.trouble = error
                reporter.close(results)
    return by_user.is_set()


def _in_thread(items: Iterator[Result]) -> Iterator[Result]:
    """The items, made in another thread: a signal is handled in this one, and must find no lock of a request held."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - offline commands need no threads

    with ThreadPoolExecutor(1, thread_name_prefix="write") as thread:
        while True:
            if not (found := awaited(thread.submit(lambda: [*islice(items, 1)]))):
                return
            yield from found


class Reporter(Generic[Result]):
    """Reports each outcome, but not one without a line, such as what was not attempted: the ledger counts those.

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
        """Write the ledger to stderr where stdout did not take it, and raise PartlyAppliedError, which says why."""
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
    """Two events: the run is to stop, and a user's signal was why; then `stop_waiting` is called too.

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
    """Write to stderr while a signal is handled, which may have come in the middle of a write to stderr.

    So it goes past Python's buffers, which take nothing meanwhile, and only where it need not wait for a reader.
    """
    import select  # noqa: PLC0415 - for signals only

    with suppress(OSError):
        if os.name == "nt" or select.select([], [_STDERR], [], 0)[1]:  # Windows asks so of sockets only
            os.write(_STDERR, text)
