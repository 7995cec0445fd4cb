"""Publishes drafts one after the other: reads again, activates, reads back.

A request to activate is only ever sent to a row that the read right before it shows as the draft that people were
shown. It takes effect once at most, for afterwards the row is no draft any more [obs].
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from flowsync.api.endpoints import is_absent
from flowsync.apply.turns import FATAL_CODES, LOOKS, RETRY_PAUSE, Attempts, edits, settle_each
from flowsync.diff.fields import places
from flowsync.errors import ApiError
from flowsync.model import Applied, Failed, NotAttempted, Refused
from flowsync.versions.publishing import Published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from threading import Event

    from flowsync.api.endpoints import ArchiveBehavior
    from flowsync.model import FieldChange, LiveFlow, Outcome
    from flowsync.versions.publishing import Publish

_NO_ENDPOINT: Final = (
    "The draft existed a moment ago. Either somebody deleted it, or this server cannot publish: then use the dashboard."
)


class PublishStore(Protocol):
    """The requests that publishing needs. Both raise ApiError."""

    def find(self, slug: str, row_id: int) -> Sequence[LiveFlow]:
        """Every row of the slug, read now, that with `row_id` among them if it still exists."""

    def activate(self, row_id: int, users: ArchiveBehavior) -> object:
        """Publish this draft; its answer is not trusted."""


class PublishRecord(Protocol):
    """The record of replaced rows."""

    def before_publish(self, publish: Publish, draft: LiveFlow, published: LiveFlow | None) -> None:
        """Save both rows, read right before; raises RecordError if they are not safely saved."""

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        """Save what became of the draft. Raises nothing."""


def publish_each(
    publishes: Iterable[Publish],
    store: PublishStore,
    *,
    stop: Event,
    record: PublishRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Published]:
    """Publish every draft, and yield what became of each; none is begun once `stop` is set.

    A failure that every further flow would meet sets it too.
    """

    def settle(publish: Publish) -> Published:
        if stop.is_set():
            outcome = NotAttempted(publish.change, "The run stopped before this flow's turn.")
            record.after(outcome, None)
            return Published(publish, outcome)
        published = _Turn(publish, store, record, pause).take()
        if isinstance(published.outcome, Failed) and published.outcome.code in FATAL_CODES:
            stop.set()
        return published

    return settle_each(publishes, settle, 1, stop)


@dataclass(slots=True)
class _Turn:
    """The publishing of one draft."""

    publish: Publish
    store: PublishStore
    record: PublishRecord
    pause: Callable[[float], None]
    attempts: Attempts = field(default_factory=Attempts)

    def take(self) -> Published:
        """Read, compare and send until it is known what became of the draft."""
        while (found := self._look_and_send()) is None:
            pass
        return found

    def _look_and_send(self) -> Published | None:
        draft = self.publish.draft
        try:
            rows = self.store.find(draft.slug, draft.id)
        except ApiError as error:
            return self._ended(self._unreadable(error))
        row = next((row for row in rows if row.id == draft.id), None)
        if row is not None and row.is_published and self.attempts.is_sent:
            return self._as_published(row, rows)
        moved = _moved(self.publish, rows)
        if moved is not None:
            return self._ended(self._refused(*moved))
        if self.attempts.must_read_again(self.pause):
            return None
        if self.attempts.is_spent:
            return self._ended(self._not_published())
        return self._send(rows)

    def _send(self, rows: Sequence[LiveFlow]) -> Published | None:
        by_id = {row.id: row for row in rows}
        draft, published = by_id[self.publish.draft.id], self.publish.published
        replaced = None if published is None else by_id[published.id]
        error = self.attempts.send(
            lambda: self.record.before_publish(self.publish, draft, replaced),
            lambda: self.store.activate(draft.id, self.publish.users),
        )
        if error is None:
            return None
        hint = _NO_ENDPOINT if isinstance(error, ApiError) and is_absent(error) else error.hint
        return self._ended(self._failed(error.code, error.message, hint))

    def _as_published(self, row: LiveFlow, rows: Sequence[LiveFlow]) -> Published | None:
        others = tuple(other for other in rows if other.is_published and other.id != row.id)
        if others and self.attempts.looks < LOOKS:
            self.attempts.looks += 1
            self.pause(RETRY_PAUSE)
            return None
        differences = edits(self.publish.draft, row)
        untaken = tuple(dict.fromkeys(change.field for change in differences))
        outcome = Applied(self.publish.change, untaken, differences)
        self.record.after(outcome, row)
        return Published(self.publish, outcome, others)

    def _ended(self, outcome: Outcome) -> Published:
        self.record.after(outcome, None)
        return Published(self.publish, outcome)

    def _refused(self, code: str, message: str, differences: tuple[FieldChange, ...]) -> Refused:
        if not self.attempts.is_sent:
            return Refused(self.publish.change, code, message, differences)
        message = f"{self.attempts.reason} Read back: {message}"
        return Refused(self.publish.change, "changed-while-publishing", message, differences, uncertain=True)

    def _not_published(self) -> Failed:
        ending = "; it may be published later" if self.attempts.is_sent else ""
        found = f"Read back, version {self.publish.draft.version} is still a draft{ending}."
        return self._failed("not-published", f"{self.attempts.reason} {found}", None)

    def _unreadable(self, error: ApiError) -> Failed:
        opening = f"{self.attempts.reason} Reading back failed. " if self.attempts.is_sent else ""
        return self._failed(error.code, f"{opening}{error.message}", error.hint)

    def _failed(self, code: str, message: str, hint: str | None) -> Failed:
        return Failed(self.publish.change, code, message, hint, uncertain=self.attempts.is_sent)


def _moved(publish: Publish, rows: Sequence[LiveFlow]) -> tuple[str, str, tuple[FieldChange, ...]] | None:
    """Why the draft may no longer be published: a code, a message and the edits; None if it may."""
    draft = next((row for row in rows if row.id == publish.draft.id), None)
    if draft is None or draft.is_gone:
        return "gone", f"The draft, version {publish.draft.version} (id {publish.draft.id}), is no longer there.", ()
    if (draft.status, draft.version) != (publish.draft.status, publish.draft.version):
        message = f"Version {draft.version} was a draft when it was shown; it is {draft.status or 'without a status'}."
        return "status-changed", message, ()
    if other := next((row for row in rows if row.status == "DRAFT" and row.id != draft.id and not row.is_gone), None):
        return "newer-version", f"There is another draft, version {other.version} (id {other.id}).", ()
    live = {row.id: row for row in rows if row.is_published}
    shown = [*([publish.published] if publish.published else []), *publish.also_live]
    if live.keys() - {row.id for row in shown} or (publish.published and publish.published.id not in live):
        now = ", ".join(f"version {row.version} (id {row.id})" for row in live.values()) or "none"
        return "changed-since-shown", f"The live version is not the one that was shown: {now}.", ()
    differences = edits(publish.draft, draft)
    if publish.published is not None:
        differences += edits(publish.published, live[publish.published.id])
    if differences:
        return "changed-since-shown", f"The flow was changed after it was shown: {places(differences)}.", differences
    return None
