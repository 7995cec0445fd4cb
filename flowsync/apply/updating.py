"""Updates one row: reads the flow again, writes what was planned, compares what comes back.

A flow that is no longer as it was planned is refused. A write whose outcome is unknown (a 5xx, a reset, a timeout, an
unreadable answer) is settled by reading back before anything is tried again: PUT is idempotent [doc], but somebody may
have edited the flow in between. Without preconditions on the server a small race remains between the fresh read and
the write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from flowsync.api.rows import Chosen, UnknownStatus, choose
from flowsync.apply.turns import (
    RETRY_PAUSE,
    WRITE_ATTEMPTS,
    Attempts,
    Verdict,
    is_same,
    judged,
    read_back,
)
from flowsync.diff.data import quoted
from flowsync.diff.fields import changes_between, fingerprint, observe, places
from flowsync.errors import ApiError, RecordError, ServerError
from flowsync.model import AlreadyApplied, Applied, Failed, NewDraft, Refused, Update
from flowsync.text import end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.apply.turns import ApplyRecord, FlowStore
    from flowsync.model import FieldChange, LiveFlow


class Match(Enum):
    """How the managed fields of a live row compare with a change."""

    BEFORE = "as it was planned"
    AFTER = "as it would be written"
    NEITHER = "something else"


class Moved(NamedTuple):
    """Why a flow may not be written any more."""

    code: str
    message: str


def compare_rows(change: Update | NewDraft, rows: Sequence[LiveFlow]) -> Match | Moved:
    """Compare the rows of a slug, just read, with what was planned for it."""
    row = row_of(change, rows)
    if row is None or row.is_gone:
        return Moved("gone", f"Version {change.version} (id {change.id}) is no longer there.")
    if (row.status, row.version) != (change.status, change.version):
        return Moved(
            "status-changed",
            f"It was {change.status} version {change.version}; it is {row.status} version {row.version}.",
        )
    if row.is_archived or not row.has_known_status:
        return Moved("not-writable", f"Nothing is written to a version with the status {quoted(row.status)}.")
    return _source_moved(rows) or match_of(change, row) if isinstance(change, NewDraft) else _compare(change, row, rows)


def _source_moved(rows: Sequence[LiveFlow]) -> Moved | None:
    draft = next((row for row in rows if row.status == "DRAFT"), None)
    if draft is None:
        return None
    return Moved("draft-appeared", f"Version {draft.version} (id {draft.id}) is a draft of it by now.")


def _compare(change: Update, row: LiveFlow, rows: Sequence[LiveFlow]) -> Match | Moved:
    chosen = choose(rows, change.target)
    if isinstance(chosen, Chosen | UnknownStatus) and chosen.row.id != change.id:
        return Moved("newer-version", _newer(chosen.row))
    match = match_of(change, row)
    if match is Match.BEFORE and _was_switched_on(change, row):
        return Moved("came-on", "It was switched off when planned; it is on now, and users would see this at once.")
    return match


def _newer(row: LiveFlow) -> str:
    """Name the version to write now, and say what to do if planning again does not help."""
    message = f"Version {row.version} ({row.status}) is the one to write now."
    if row.status != "DRAFT":
        return message
    return (
        f"{message} If plan does not show it, the list of flows hides drafts: set target: draft in its file to "
        "write it, or target: active to leave it alone."
    )


def _was_switched_on(change: Update, row: LiveFlow) -> bool:
    """Whether somebody switched the flow on, so that users would see at once what was planned as hidden."""
    is_planned = "active" in change.old or "active" in change.body
    return not change.live and not is_planned and row.is_published and row.fields.get("active") is True


def row_of(change: Update | NewDraft, rows: Sequence[LiveFlow]) -> LiveFlow | None:
    """The row, among those of its slug, that a change was planned for."""
    return next((row for row in rows if row.id == change.id), None)


def match_of(change: Update | NewDraft, row: LiveFlow) -> Match:
    """Compare the managed fields of a row with a change."""
    shown = change.shown or {}
    # Mostly they are, to the letter, what was planned from, and need no reading.
    if all(name in shown and name in row.fields and is_same(shown[name], row.fields[name]) for name in change.old):
        return Match.BEFORE
    seen = observe(row.fields, change.old.keys()).values  # a server may leave a field out of some answers
    now = fingerprint(seen)
    if now == fingerprint({name: change.old[name] for name in seen}):
        return Match.BEFORE
    if now == fingerprint({name: change.new[name] for name in seen}):
        return Match.AFTER
    return Match.NEITHER


def update(
    change: Update, store: FlowStore, record: ApplyRecord, pause: Callable[[float], None], *, is_kept: bool = False
) -> Verdict:
    """Read, compare, write, compare; start over after a failed write.

    `is_kept`: the row is in the record already.
    """
    turn = _Turn(change, store, record, pause, is_kept=is_kept)
    while (verdict := turn.read_and_write()) is None:
        pass
    return verdict


@dataclass(slots=True)
class _Turn:
    """The update of one flow.

    A server that answers a write with 500 may still be at work, so a write in doubt may take effect later.
    `is_other_flow`: the server accepted a write and answered with another flow. `is_there`: before the first write all
    returned fields were as wanted; the write is for the others, so no read shows whether it took effect. `is_kept`: the
    replaced content is recorded. `is_rested`: the pause after the last failure is over.
    """

    change: Update
    store: FlowStore
    record: ApplyRecord
    pause: Callable[[float], None]
    attempts: Attempts = field(default_factory=Attempts)
    is_other_flow: bool = False
    is_there: bool = False
    is_kept: bool = False
    is_rested: bool = True

    def read_and_write(self) -> Verdict | None:
        """Read the flow and write if needed; None if it has to be read again."""
        try:
            rows = self.store.rows(self.change)
        except ApiError as error:
            return Verdict(self._unreadable(error))
        row = row_of(self.change, rows)
        found = compare_rows(self.change, rows)
        if isinstance(found, Moved):
            return Verdict(self._refused(found.code, found.message, ()), row)
        assert row is not None  # noqa: S101 - else the flow is gone
        if found is Match.NEITHER:
            return self._something_else(row)
        if found is Match.AFTER and not self._must_be_sent(row):
            return Verdict(Applied(self.change) if self.attempts.is_sent else AlreadyApplied(self.change), row)
        return self._as_planned(row)

    def _as_planned(self, row: LiveFlow) -> Verdict | None:
        if self.attempts.accepted and not self.is_other_flow and self._is_unshown(row):
            return read_back(self.change, row)
        if self.attempts.failure and self.attempts.is_over:
            return Verdict(self._failed(self.attempts.failure, f"{self._as_read_back(row)}."), row)
        if self.attempts.failures >= WRITE_ATTEMPTS:
            return Verdict(self._not_written(row), row)
        if not self.is_rested:
            self.is_rested = True
            self.pause(RETRY_PAUSE * 2 ** (self.attempts.failures - 1))
            return None
        return self._write(row)

    def _write(self, row: LiveFlow) -> Verdict | None:
        try:
            if not self.is_kept:  # a further attempt replaces the same
                self.record.before(self.change, row)
                self.is_kept = True
            answer = self.store.write(self.change.id, self.change.body)
        except RecordError as error:
            return Verdict(Failed(self.change, error.code, error.message, error.hint, uncertain=self.attempts.is_sent))
        except ApiError as error:
            return self._after_failure(error)
        is_another = answer is not None and answer.id != self.change.id
        # Only a field that a read shows and the answer holds shows whether it was taken.
        if answer is None or is_another or any(name in row.fields.keys() - answer.fields for name in self.change.body):
            self.attempts.accepted = True
            self.is_other_flow = self.is_other_flow or is_another
            self.attempts.failures += 1
            self.is_rested = False
            return None
        return judged(self.change, answer)

    def _after_failure(self, error: ApiError) -> Verdict | None:
        """The final verdict after a failed write; None if the flow has to be read again."""
        failures = self.attempts.failures
        if self.attempts.fail(error):
            return Verdict(self._failed(error))
        self.is_rested = self.is_rested and self.attempts.failures == failures
        return None

    def _something_else(self, row: LiveFlow) -> Verdict:
        if self.attempts.accepted:
            return read_back(self.change, row)
        expected = self.change.new if self.attempts.doubt else self.change.old
        found = observe(row.fields, expected.keys()).values
        differences = changes_between(expected, found)
        message = f"The live flow was changed after it was planned: {places(differences)}."
        return Verdict(self._refused("changed-since-planned", message, differences), row)

    def _refused(self, code: str, message: str, differences: tuple[FieldChange, ...]) -> Refused:
        if not self.attempts.is_sent:
            return Refused(self.change, code, message, differences)
        reason = self._reasons() or "The server accepted the write without showing the flow."
        if differences:
            found = f"Read back, the flow is neither as it was nor as planned: {places(differences)}."
        else:
            found = f"Read back: {message}"
        return Refused(self.change, "changed-while-writing", f"{reason} {found}", differences, uncertain=True)

    def _must_be_sent(self, row: LiveFlow) -> bool:
        """Whether a flow that looks as wanted is still written, because it does not show all that is sent."""
        if not self.attempts.is_sent:
            sent, shown = (observe(each, self.change.sent_unseen).values for each in (self.change.body, row.fields))
            self.is_there = fingerprint(sent) != fingerprint(shown)
        return self.is_there

    def _is_unshown(self, row: LiveFlow) -> bool:
        """Whether no changed field is returned, so that no read can tell whether the write arrived."""
        if self.is_there:
            return True
        shown = observe(row.fields, self.change.old.keys()).values
        old, new = ({name: side[name] for name in shown} for side in (self.change.old, self.change.new))
        return fingerprint(old) == fingerprint(new)

    def _not_written(self, row: LiveFlow) -> Failed:
        """The outcome if no attempt took effect; unless each was refused or never sent, one may still take effect."""
        said = self._reasons() or f"PUT /v1/flows/{self.change.id}: the server accepted the write and did nothing."
        hint = self.attempts.failure.hint if self.attempts.failure and not self.attempts.is_sent else None
        message = f"{said} Tried {WRITE_ATTEMPTS} times; {self._as_read_back(row).lower()}."
        return Failed(self.change, "not-written", message, hint, uncertain=self.attempts.is_sent)

    def _as_read_back(self, row: LiveFlow) -> str:
        if not self.attempts.is_sent:
            return "The flow is as it was"
        if self._is_unshown(row):
            return "The written fields cannot be read back"
        return "Read back, the flow is as it was, but a write may take effect later"

    def _unreadable(self, error: ApiError) -> Failed:
        """The outcome if the flow cannot be read, now or after a write with an unknown result."""
        if self.attempts.doubt is not None:
            return self._failed(self.attempts.doubt, f"Reading back failed too. {error.message}")
        if self.attempts.accepted:
            message = f"The server accepted the write; reading it back failed. {error.message}"
            return Failed(self.change, error.code, message, error.hint, uncertain=True)
        self.attempts.failure = error
        return self._failed(error)

    def _reasons(self) -> str:
        """The reasons of the failures: the last one, and the one that leaves a doubt."""
        messages = dict.fromkeys(error.message for error in (self.attempts.doubt, self.attempts.failure) if error)
        return " ".join(map(end_of, messages))

    def _failed(self, error: ApiError, ending: str = "") -> Failed:
        alone = not ending and self.attempts.doubt in {None, error}
        message = error.message if alone else f"{self._reasons()} {ending}".rstrip()
        hint = None if isinstance(error, ServerError) and self.attempts.is_sent else error.hint
        return Failed(self.change, error.code, message, hint, uncertain=self.attempts.is_sent)
