"""Deletes flows one after the other, version by version: reads again, deletes one, reads back.

What was answered to a DELETE does not count, only whether the version is still shown: a second DELETE of the same
version is refused by the server [obs] and harms nothing, but it is sent only if a read shows the version.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from flowsync.api.endpoints import is_absent
from flowsync.apply.turns import FATAL_CODES, Attempts, edits, settle_each
from flowsync.errors import ApiError
from flowsync.versions.deleting import Deleted, Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from threading import Event

    from flowsync.model import LiveFlow
    from flowsync.versions.deleting import Deletion

_NO_ENDPOINT: Final = "The version still exists, so this server cannot delete flows: use the dashboard."


class DeleteStore(Protocol):
    """The requests that deleting needs. Both raise ApiError."""

    def left(self, deletion: Deletion) -> Sequence[LiveFlow]:
        """Read every version that is left; raises if the answer may leave some out."""

    def delete(self, row_id: int) -> None:
        """Delete this row."""


class DeleteRecord(Protocol):
    """The record of deleted rows."""

    def before_delete(self, slug: str, rows: Sequence[LiveFlow]) -> None:
        """Save all rows, read right before; raises RecordError if they are not safely saved."""

    def after_delete(self, deleted: Deleted) -> None:
        """Save what became of the flow. Raises nothing."""


def delete_each(
    deletions: Iterable[Deletion],
    store: DeleteStore,
    *,
    stop: Event,
    record: DeleteRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Deleted]:
    """Delete every flow, and yield what became of each; no version is begun once `stop` is set.

    A failure that every further flow would meet sets it too.
    """

    def settle(deletion: Deletion) -> Deleted:
        deleted = _Turn(deletion, store, record, pause, stop, deletion.rows).take()
        if deleted.code in FATAL_CODES:
            stop.set()
        record.after_delete(deleted)
        return deleted

    return settle_each(deletions, settle, 1, stop)


@dataclass(slots=True)
class _Turn:
    """The deletion of one flow. `current` is the version being deleted; `attempts` are those for that version."""

    deletion: Deletion
    store: DeleteStore
    record: DeleteRecord
    pause: Callable[[float], None]
    stop: Event
    left: tuple[LiveFlow, ...] = ()
    current: int | None = None
    attempts: Attempts = field(default_factory=Attempts)

    def take(self) -> Deleted:
        """Read, compare and delete until nothing is left, or nothing more can be done."""
        while (found := self._look_and_delete()) is None:
            pass
        return found

    def _look_and_delete(self) -> Deleted | None:
        if self.stop.is_set() and not self.attempts.is_sent:
            return self._interrupted()
        try:
            rows = [row for row in self.store.left(self.deletion) if not row.is_gone]
        except ApiError as error:
            return self._unreadable(error)
        if message := _moved(self.deletion, rows, has_begun=self.attempts.is_kept):
            return self._moved(message, rows)
        ids = {row.id for row in rows}
        self.left = tuple(row for row in self.deletion.rows if row.id in ids)
        return self._delete_next(rows) if self.left else Deleted(self.deletion, Ending.DELETED)

    def _delete_next(self, rows: Sequence[LiveFlow]) -> Deleted | None:
        """Delete the first version that is left, or look again, or give up."""
        if self.left[0].id != self.current:
            self.current = self.left[0].id
            self.attempts = Attempts(self.attempts.is_kept, waits=self.attempts.waits)
            if self.stop.is_set():
                return self._interrupted()
        if self.attempts.must_read_again(self.pause):
            return None
        return self._still_there() if self.attempts.is_spent else self._delete(rows)

    def _delete(self, rows: Sequence[LiveFlow]) -> Deleted | None:
        error = self.attempts.send(
            lambda: self.record.before_delete(self.deletion.slug, rows),
            lambda: self.store.delete(self.left[0].id),
        )
        if error is None:
            return None
        if isinstance(error, ApiError) and is_absent(error):  # it may be gone as well: only a look tells
            self.attempts.is_over = True
            return None
        return self._failed(error.code, error.message, error.hint)

    def _still_there(self) -> Deleted:
        hint = None
        if self.attempts.failure and not self.attempts.is_sent and is_absent(self.attempts.failure):
            hint = _NO_ENDPOINT
        row = self.left[0]
        ending = "it may be deleted later" if self.attempts.is_sent else "nothing was done"
        message = f"{self.attempts.reason} Read back, version {row.version} (id {row.id}) is still there; {ending}."
        return self._failed("not-deleted", message, hint)

    def _moved(self, message: str, rows: Sequence[LiveFlow]) -> Deleted:
        self.left = tuple(rows)
        if self.attempts.is_kept:
            return self._failed("changed-while-deleting", message, "Look at what is left, then delete again.")
        return Deleted(self.deletion, Ending.REFUSED, self.left, "changed-since-shown", message)

    def _unreadable(self, error: ApiError) -> Deleted:
        if not self.attempts.is_kept:
            return self._failed(error.code, error.message, error.hint)
        return self._failed(error.code, f"{self.attempts.reason} Reading back failed. {error.message}", error.hint)

    def _interrupted(self) -> Deleted:
        if self.attempts.is_kept:
            return self._failed("interrupted", "The run stopped before all versions were deleted.", None)
        message = "The run stopped before this flow's turn."
        return Deleted(self.deletion, Ending.NOT_ATTEMPTED, self.left, message=message)

    def _failed(self, code: str, message: str, hint: str | None) -> Deleted:
        return Deleted(self.deletion, Ending.FAILED, self.left, code, message, hint, uncertain=self.attempts.is_sent)


def _moved(deletion: Deletion, rows: Sequence[LiveFlow], *, has_begun: bool) -> str | None:
    """The difference from what was shown; None if there is none. Once deletion has begun, versions may be gone."""
    known = {row.id: row for row in deletion.rows}
    there = {row.id: row for row in rows}
    for row in rows:
        was = known.get(row.id)
        if was is None:
            return f"Version {row.version} (id {row.id}), {row.status}, was added after the flow was shown."
        if (was.status, was.version) != (row.status, row.version):
            return f"Version {row.version} (id {row.id}) was {was.status} when it was shown; it is {row.status}."
        if edits(was, row):
            return f"Version {row.version} (id {row.id}) was changed after it was shown."
    gone = [row for row in deletion.rows if row.id not in there]
    if gone and not has_begun:
        return f"Version {gone[0].version} (id {gone[0].id}) is already gone."
    return None
