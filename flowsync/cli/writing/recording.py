"""The record of an apply as a file: appended to, flushed to disk before each write, readable by its owner only."""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from flowsync import lock
from flowsync.apply import ApplyRecord
from flowsync.errors import RecordError
from flowsync.model import Create, Failed, NewDraft, NotAttempted, Refused
from flowsync.record.lines import (
    create_line,
    delete_line,
    deleted_line,
    draft_line,
    end_line,
    made_line,
    outcome_line,
    publish_line,
    run_line,
    write_line,
)
from flowsync.record.reading import read
from flowsync.record.undoing import with_undone
from flowsync.record.values import FORMAT, SUFFIX, Kept, Unreadable
from flowsync.workspace import OWNER_ONLY, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from flowsync.model import Change, LiveFlow, Outcome
    from flowsync.record.values import Record, Run
    from flowsync.versions.deleting import Deleted
    from flowsync.versions.publishing import Publish
    from flowsync.workspace import Workspace

FOLDER: Final = "applies"
"""The folder of records in the state directory."""
_MOST_READ: Final = 1024**3
_LONGEST_LINE: Final = 64 * 1024**2
"""Bytes; a row and what became of it take a few kilobytes, 10,000 of them some 65 MB."""
_NAMED_DIGITS: Final = 8
"""How many digits of the plan's digest a record's name holds."""
_ANOTHER_PLACE: Final = "Name another place with --record FILE."


class RecordFile(ApplyRecord):
    """A record in a file. An entry counts as saved when it is on the disk.

    Threads that keep something at the same time share one flush. After a failure nothing more is taken:
    `trouble` says what it was.
    """

    def __init__(self, descriptor: int, name: str, flush: Callable[[int], None] = os.fsync) -> None:
        self._descriptor = descriptor
        self._name = name
        self._flush = flush
        self._appending = threading.Lock()
        self._flushing = threading.Lock()
        self._appended = 0
        self._flushed = 0
        self._started: dict[str, float] = {}
        self._untouched: set[str] = set()
        self.trouble: RecordError | None = None

    @property
    def writes(self) -> int:
        """How many flows were written to, or may have been."""
        return len(self._started.keys() - self._untouched)

    def begin(self, run: Run) -> None:
        """Write the header of a run. Raises RecordError."""
        self._keep(run_line(run))

    def before(self, change: Change, row: LiveFlow | None) -> None:
        """Save what is about to be sent, and `row`, to the disk. Raises RecordError."""
        if isinstance(change, Create):
            line = create_line(change, now())
        elif isinstance(change, NewDraft):
            line = draft_line(change, now())
        else:
            assert row is not None  # noqa: S101 - an update is of a row
            line = write_line(change, row, now())
        self._keep(line)
        self._started.setdefault(change.slug, time.monotonic())

    def made(self, change: Create | NewDraft, row: LiveFlow) -> None:
        """Save the created row to the disk. Raises RecordError."""
        self._keep(made_line(change, row, now()))

    def before_publish(self, publish: Publish, draft: LiveFlow, published: LiveFlow | None) -> None:
        """Save both rows to the disk. Raises RecordError."""
        self._keep(publish_line(publish.change.file, draft, published, publish.users.value, now()))
        self._started[draft.slug] = time.monotonic()

    def before_delete(self, slug: str, rows: Sequence[LiveFlow]) -> None:
        """Save every version of a flow to the disk. Raises RecordError."""
        self._keep(delete_line(slug, rows, now()))
        self._started[slug] = time.monotonic()

    def after_delete(self, deleted: Deleted) -> None:
        """Save what became of a flow that was to be deleted."""
        left = [row.id for row in deleted.left]
        with suppress(RecordError):
            self._keep(deleted_line(deleted.deletion.slug, deleted.ending.value, left, deleted.message, now()))

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        """Save what became of a change; a later flush takes it to the disk."""
        started = self._started.get(outcome.change.slug)
        seconds = None if started is None else round(time.monotonic() - started, 3)
        is_created = isinstance(outcome, Failed) and isinstance(outcome.change, Create) and outcome.made is not None
        is_certain = isinstance(outcome, Failed | Refused) and not outcome.uncertain and not is_created
        if isinstance(outcome, NotAttempted) or is_certain:
            self._untouched.add(outcome.change.slug)
        with suppress(RecordError):
            self._append(outcome_line(outcome, row, now(), seconds))

    def end(self) -> None:
        """Write that the run is complete."""
        with suppress(RecordError):
            self._keep(end_line(now()))

    def _keep(self, line: bytes) -> None:
        mine = self._append(line)
        with self._flushing:
            if self._flushed >= mine:
                return
            if self.trouble is not None:  # a failed flush is reported once: another would succeed
                raise self.trouble
            reached = self._appended
            try:
                self._flush(self._descriptor)
            except OSError as error:
                raise self._failed(error) from None
            self._flushed = reached

    def _append(self, line: bytes) -> int:
        with self._appending:
            if self.trouble is not None:
                raise self.trouble
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError as error:
                raise self._failed(error) from None
            self._appended += 1
            return self._appended

    def _failed(self, error: OSError) -> RecordError:
        self.trouble = RecordError(
            f"What a write replaces cannot be kept in {self._name}: {error.strerror}. So it is not written.",
            hint=f"Make room. {_ANOTHER_PLACE}",
        )
        return self.trouble


@contextmanager
def open_record(path: Path, name: str, within: Workspace | None = None) -> Iterator[RecordFile]:
    """Open the record at `path` to append to it; messages call it `name`.

    In the repository `within` (None: the one of its folder) no link leads to it. A file that is there already must be
    a record, and no other run's that is under way. Raises RecordError.
    """
    within = within or workspace(path.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with _opening(name):
        if within.holds(path):
            within.make_folder(path.parent)
            descriptor = within.open(path, flags)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags, OWNER_ONLY)
    try:
        _lock(descriptor, name)
        with _opening(name):
            _require_record(descriptor, name)
        with suppress(OSError):  # take the file's name to the disk too; not every file system can
            _flush_folder(path.parent)
        yield RecordFile(descriptor, name)
    finally:
        os.close(descriptor)


def new_record_path(folder: Path, digest: str, within: Workspace | None = None) -> Path:
    """A new file `<time>-<digest8>.jsonl` in `folder`, numbered if that is taken. Raises RecordError."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    stem = f"{moment}-{digest.rpartition(':')[2][:_NAMED_DIGITS]}"
    within = within or workspace(folder)
    with _opening(str(folder)):
        within.make_folder(folder)
        number = 1
        while True:
            path = folder / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")
            with suppress(FileExistsError):
                os.close(within.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                return path
            number += 1


def now() -> str:
    """The time as records hold it: ISO 8601, UTC, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


@contextmanager
def _opening(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordError(f"{name} cannot be opened: {error.strerror}.", hint=_ANOTHER_PLACE) from None


def _lock(descriptor: int, name: str) -> None:
    """Keep other runs out of the record: each line belongs to the run whose header precedes it."""
    with suppress(OSError):  # not every file system has locks
        if not lock.take(descriptor):
            raise RecordError(f"Another run is writing to {name}.", hint=_ANOTHER_PLACE)


def _require_record(descriptor: int, name: str) -> None:
    """Raise RecordError if the file is no record; end a line that a crash cut off, and restrict access to the owner."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return
    if status.st_size:
        opening = f'{{"format":"{FORMAT}"'.encode()
        if not opening.startswith(os.pread(descriptor, len(opening), 0)):
            raise RecordError(f"{name} exists and is not a record: it is left alone.", hint=_ANOTHER_PLACE)
        if os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            os.write(descriptor, b"\n")
    if stat.S_IMODE(status.st_mode) != OWNER_ONLY:
        os.fchmod(descriptor, OWNER_ONLY)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_record(path: Path, name: str, within: Workspace | None = None) -> Record:
    """The record at `path`, which messages call `name`. Raises RecordError."""
    try:
        descriptor = (within or workspace(path.parent)).open_named(path, os.O_RDONLY)
        with open(descriptor, "rb") as lines:  # noqa: PTH123 - a descriptor
            if os.fstat(descriptor).st_size > _MOST_READ:
                raise RecordError(f"{name} is not a record of an apply: it is larger than 1 GiB.")
            return read(iter(lambda: lines.readline(_LONGEST_LINE), b""), name)
    except OSError as error:
        raise RecordError(
            f"{name} cannot be read: {error.strerror}.", hint="`flowsync rollback --list` lists the records."
        ) from None


def list_records(folder: Path, within: Workspace | None = None) -> list[Kept]:
    """Every file among the records, the newest first. Raises RecordError if their folder is a link."""
    within = within or workspace(folder)
    found = with_undone(Kept(path.name, _read_or_say_why(path, within)) for path in record_paths(folder, within))
    return sorted(found, key=_moment, reverse=True)


def record_paths(folder: Path, within: Workspace) -> list[Path]:
    """The files among the records, in the order of their names. Raises RecordError if their folder is a link."""
    try:
        within.require_folder(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"The records in {folder} cannot be read: {error.strerror}.") from None
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.name)


def _moment(kept: Kept) -> tuple[str, str]:
    """When the last run of a record began, in digits as in its name; by its name if it cannot be read."""
    if isinstance(kept.content, Unreadable):
        return kept.name, kept.name
    return "".join(each for each in kept.content.runs[-1].time if each.isalnum()), kept.name


def _read_or_say_why(path: Path, within: Workspace) -> Record | Unreadable:
    try:
        return read_record(path, path.name, within)
    except RecordError as error:
        return Unreadable(error.message)
