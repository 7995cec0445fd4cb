"""Carry out a plan: read each flow again, write what was planned, compare what comes back.

A flow that is no longer as it was planned is refused. What a write replaces is kept first; where that
cannot be done nothing is written. A write whose outcome is unknown (a 5xx, a reset, a timeout, an
unreadable answer) is settled by reading back before anything is tried again: PUT is idempotent [doc],
but somebody may have edited the flow in between. Without preconditions on the server a small race
remains between the fresh read and the write.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from flowsync.api.rows import Chosen, UnknownStatus, choose
from flowsync.diff.data import quoted
from flowsync.diff.fields import changes_between, fingerprint, observe
from flowsync.errors import ApiError, ExitCode, RecordError, ServerError, UnavailableError
from flowsync.model import AlreadyApplied, Applied, Failed, NotAttempted, Refused, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from threading import Event

    from flowsync.model import Change, FieldChange, FieldName, JsonValue, LiveFlow, NewDraft, Outcome

WRITE_ATTEMPTS: Final = 3
"""How often one flow is sent in all; a further attempt only after a read showed that none landed."""
RETRY_PAUSE: Final = 0.5
"""Seconds before the second attempt; doubled for the third. The flow is read again after each pause."""
MOST_WAITS: Final = 20
"""How often one flow's write is put off because the server asks to come back later."""
POLL_INTERVAL: Final = 0.1
"""Seconds that one wait may take: a signal that comes just before a wait is handled only after it."""
_FATAL_CODES: Final = frozenset({"api-forbidden", "api-unauthorized", "api-rate-limited", "api-unavailable", "record"})
"""Failures that every further flow would meet too: nothing more is started after one."""


class FlowStore(Protocol):
    """The live flows, as far as applying is concerned. Both raise ApiError."""

    def rows(self, change: Update | NewDraft) -> Sequence[LiveFlow]:
        """Every row of the change's slug that can be seen, read now; empty when there is none."""

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """Update one row; the row as the server answers it, None when the answer holds none."""


class ApplyRecord(Protocol):
    """Where what is replaced is kept. Both are called from many threads."""

    def before(self, change: Change, row: LiveFlow) -> None:
        """Keep `row`, which is about to be written to; raises RecordError when it is not safely kept."""

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        """Keep what became of a change, and the row as it came back where it did. Raises nothing."""


class Match(Enum):
    """How the managed fields of a live row compare with a change."""

    BEFORE = "as it was planned"
    AFTER = "as it would be written"
    NEITHER = "something else"


class Moved(NamedTuple):
    """Why a flow may not be written any more."""

    code: str
    message: str


def apply_changes(
    changes: Iterable[Change],
    store: FlowStore,
    *,
    parallelism: int,
    stop: Event,
    record: ApplyRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Outcome]:
    """Apply every change, `parallelism` at a time, and yield each Outcome as it is known.

    Setting `stop` lets what is in flight finish and starts nothing further; a failure that every
    flow would meet sets it too, and so does a caller that takes no more outcomes. Every change gets
    exactly one Outcome.
    """
    waiting = iter(changes)
    crew = _Crew(lambda change: _settled(change, store, record, pause, stop), parallelism)
    try:
        while True:
            # One in line behind each that is in flight is enough.
            while crew.taken < 2 * crew.size and not stop.is_set() and (change := next(waiting, None)) is not None:
                crew.take(change)
            if not crew.taken:
                break
            yield from crew.finished()
    finally:
        if crew.taken:
            stop.set()
        crew.dismiss()
    for change in waiting:
        yield _not_attempted(change, record)


class _Crew:
    """Threads that settle changes, up to `size` of them. `taken` counts the changes whose outcome is still to come.

    Each thread finds the next change in line, so that none waits to be given it. What is in line is only started
    while `stop` is not set; so a line longer than needed costs nothing.
    """

    def __init__(self, settle: Callable[[Change], Outcome], size: int) -> None:
        self.size = size
        self.taken = 0
        self._settle = settle
        self._line: SimpleQueue[Change | None] = SimpleQueue()
        self._settled: SimpleQueue[Outcome | BaseException] = SimpleQueue()
        self._threads: list[Thread] = []

    def take(self, change: Change) -> None:
        """Put a change in line, and start another thread.

        Where the system has none left, those that there are do it all; without any, RuntimeError is raised.
        """
        self.taken += 1
        self._line.put(change)
        if len(self._threads) == self.size:
            return
        thread = Thread(target=self._work, name=f"apply_{len(self._threads)}")
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
            self.size = len(self._threads)
        else:
            self._threads.append(thread)

    def finished(self) -> list[Outcome]:
        """What is settled since it was asked for last, sorted; waits a little when that is nothing."""
        try:
            found = [self._settled.get(timeout=POLL_INTERVAL)]
        except Empty:
            return []
        while not self._settled.empty():
            found.append(self._settled.get())
        self.taken -= len(found)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        outcomes = [each for each in found if not isinstance(each, BaseException)]
        return sorted(outcomes, key=lambda outcome: outcome.change.slug)

    def dismiss(self) -> None:
        for _ in self._threads:
            self._line.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (change := self._line.get()) is not None:
            try:
                outcome: Outcome | BaseException = self._settle(change)
            except BaseException as error:  # noqa: BLE001 - it is raised where the outcomes are asked for
                outcome = error
            self._settled.put(outcome)


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """Failed, not attempted or not taken as sent: partly applied. Else refused: refused. Else fine."""
    kept = list(outcomes)
    if any(isinstance(each, Failed | NotAttempted) or (isinstance(each, Applied) and each.untaken) for each in kept):
        return ExitCode.PARTLY_APPLIED
    return ExitCode.REFUSED if any(isinstance(each, Refused) for each in kept) else ExitCode.OK


def _settled(
    change: Change, store: FlowStore, record: ApplyRecord, pause: Callable[[float], None], stop: Event
) -> Outcome:
    """One flow's turn, if it still is to have one; what every further flow would meet stops the run."""
    if stop.is_set():
        return _not_attempted(change, record)
    try:
        outcome = apply_change(change, store, record, pause)
    except Exception as error:  # noqa: BLE001 - a bug in one flow's turn must not cost the ledger of the others
        message = f"flowsync failed unexpectedly with {type(error).__name__}; this is a bug."
        return Failed(
            change, "bug", message, "Please report it. Plan again to see how this flow stands.", uncertain=True
        )
    if isinstance(outcome, Failed) and outcome.code in _FATAL_CODES:
        stop.set()
    return outcome


def _not_attempted(change: Change, record: ApplyRecord) -> NotAttempted:
    outcome = NotAttempted(change, "The run stopped before this flow's turn.")
    record.after(outcome, None)
    return outcome


def apply_change(
    change: Change,
    store: FlowStore,
    record: ApplyRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """One flow's turn: fresh read, comparison, write, comparison; again from the start after a failed write."""
    if not isinstance(change, Update):
        raise NotImplementedError
    turn = _Turn(change, store, record, pause)
    while (verdict := turn.look_and_write()) is None:
        pass
    record.after(verdict.outcome, verdict.row)
    return verdict.outcome


def compare_rows(change: Update | NewDraft, rows: Sequence[LiveFlow]) -> Match | Moved:
    """Compare the rows of a slug, just read, with what was planned for it."""
    row = _row_of(change, rows)
    if row is None or row.is_gone:
        return Moved("gone", f"Version {change.version} (id {change.id}) is no longer there.")
    if (row.status, row.version) != (change.status, change.version):
        return Moved(
            "status-changed",
            f"It was {change.status} version {change.version}; it is {row.status} version {row.version}.",
        )
    if row.is_archived or not row.has_known_status:
        return Moved("not-writable", f"Nothing is written to a version with the status {quoted(row.status)}.")
    chosen = choose(rows, change.target)
    if isinstance(chosen, Chosen | UnknownStatus) and chosen.row.id != change.id:
        return Moved("newer-version", f"Version {chosen.row.version} ({chosen.row.status}) is the one to write now.")
    match = _match(change, row)
    if match is Match.BEFORE and _came_on(change, row):
        return Moved("came-on", "It was turned off when it was planned; it is on, and users would see this at once.")
    return match


def _came_on(change: Change, row: LiveFlow) -> bool:
    """Whether users see at once what nobody was to see by the plan: the flow was turned on, by a field not planned."""
    is_planned = "active" in change.old or "active" in change.body
    return not change.live and not is_planned and row.is_published and row.fields.get("active") is True


def _row_of(change: Change, rows: Sequence[LiveFlow]) -> LiveFlow | None:
    return next((row for row in rows if row.id == change.id), None)


def _match(change: Change, row: LiveFlow) -> Match:
    shown = change.shown or {}
    # Mostly they are, to the letter, what was planned from, and need no reading.
    if all(name in shown and name in row.fields and _is_same(shown[name], row.fields[name]) for name in change.old):
        return Match.BEFORE
    seen = observe(row.fields, change.old.keys()).values  # a server may leave a field out of some answers
    now = fingerprint(seen)
    if now == fingerprint({name: change.old[name] for name in seen}):
        return Match.BEFORE
    if now == fingerprint({name: change.new[name] for name in seen}):
        return Match.AFTER
    return Match.NEITHER


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two texts, truth values or nulls are the same; of anything else nothing is said."""
    return type(one) is type(other) and isinstance(one, str | bool | None) and one == other


class _Verdict(NamedTuple):
    """How a turn ended; `row` is the flow as it was seen last, where it was seen after a write."""

    outcome: Outcome
    row: LiveFlow | None = None


@dataclass(slots=True)
class _Turn:
    """One flow's turn so far.

    `failure` is the last failed write; `doubt` the last after which it may have landed, or may land yet: a server that
    answers 500 may still be at work. `accepted` says that the server took a write and did not show the flow,
    `is_strange` that it then showed another. `is_there`: before anything was sent, all that is shown was as wanted,
    and the write is for what is not shown, so that no read shows whether it landed. `is_over`: no further
    attempt is any use.
    """

    change: Update
    store: FlowStore
    record: ApplyRecord
    pause: Callable[[float], None]
    failures: int = 0
    waits: int = 0
    failure: ApiError | None = None
    doubt: ApiError | None = None
    accepted: bool = False
    is_strange: bool = False
    is_there: bool = False
    is_kept: bool = False
    is_rested: bool = True
    is_over: bool = False

    def look_and_write(self) -> _Verdict | None:
        """Read the flow and do what is right; None when it has to be read again."""
        try:
            rows = self.store.rows(self.change)
        except ApiError as error:
            return _Verdict(self._unreadable(error))
        row = _row_of(self.change, rows)
        found = compare_rows(self.change, rows)
        if isinstance(found, Moved):
            return _Verdict(self._refused(found.code, found.message, ()), row)
        assert row is not None  # noqa: S101 - else the flow is gone
        if found is Match.NEITHER:
            return self._something_else(row)
        if found is Match.AFTER and not self._must_be_sent(row):
            return _Verdict(Applied(self.change) if self._is_uncertain else AlreadyApplied(self.change), row)
        return self._as_planned(row)

    def _as_planned(self, row: LiveFlow) -> _Verdict | None:
        if self.accepted and not self.is_strange and self._is_unshown(row):
            return _read_back(self.change, row)
        if self.failure and self.is_over:
            return _Verdict(self._failed(self.failure, f"{self._as_read_back(row)}."), row)
        if self.failures >= WRITE_ATTEMPTS:
            return _Verdict(self._not_written(row), row)
        if not self.is_rested:
            self.is_rested = True
            self.pause(RETRY_PAUSE * 2 ** (self.failures - 1))
            return None
        return self._write(row)

    def _write(self, row: LiveFlow) -> _Verdict | None:
        try:
            if not self.is_kept:  # a further attempt replaces the same
                self.record.before(self.change, row)
                self.is_kept = True
            answer = self.store.write(self.change.id, self.change.body)
        except RecordError as error:
            return _Verdict(Failed(self.change, error.code, error.message, error.hint, uncertain=self._is_uncertain))
        except ApiError as error:
            return self._after_failure(error)
        is_another = answer is not None and answer.id != self.change.id
        # Only a field that a read shows and the answer holds shows whether it was taken.
        if answer is None or is_another or any(name in row.fields.keys() - answer.fields for name in self.change.body):
            self.accepted = True
            self.is_strange = self.is_strange or is_another
            self._count_failure()
            return None
        return _judged(self.change, answer)

    def _after_failure(self, error: ApiError) -> _Verdict | None:
        """Whether a failed write is the end; None when the flow is to be looked at again."""
        self.failure = error
        if error.may_have_effect:
            self.doubt = error
        if error.retry_after is not None and self.waits < MOST_WAITS:
            self.waits += 1
            return None
        if not error.leaves_doubt and not error.on_the_way:
            return _Verdict(self._failed(error))
        self.is_over = error.on_the_way or isinstance(error, UnavailableError)
        self._count_failure()
        return None

    def _count_failure(self) -> None:
        self.failures += 1
        self.is_rested = False

    def _something_else(self, row: LiveFlow) -> _Verdict:
        if self.accepted:
            return _read_back(self.change, row)
        expected = self.change.new if self.doubt else self.change.old
        found = observe(row.fields, expected.keys()).values
        differences = changes_between(expected, found)
        message = f"The live flow was changed after it was planned: {_places(differences)}."
        return _Verdict(self._refused("changed-since-planned", message, differences), row)

    def _refused(self, code: str, message: str, differences: tuple[FieldChange, ...]) -> Refused:
        if not self._is_uncertain:
            return Refused(self.change, code, message, differences)
        reason = self._reasons() or "The server accepted the write without showing the flow."
        if differences:
            found = f"Read back, the flow is neither as it was nor as it was to be: {_places(differences)}."
        else:
            found = f"Read back: {message}"
        return Refused(self.change, "changed-while-writing", f"{reason} {found}", differences, uncertain=True)

    def _must_be_sent(self, row: LiveFlow) -> bool:
        """Whether a flow that looks as wanted is written even so: it does not show all that is sent."""
        if not self._is_uncertain:
            sent, shown = (observe(each, self.change.sent_unseen).values for each in (self.change.body, row.fields))
            self.is_there = fingerprint(sent) != fingerprint(shown)
        return self.is_there

    def _is_unshown(self, row: LiveFlow) -> bool:
        """Whether nothing that changes is shown, so that no read can tell if the write landed."""
        if self.is_there:
            return True
        shown = observe(row.fields, self.change.old.keys()).values
        old, new = ({name: side[name] for name in shown} for side in (self.change.old, self.change.new))
        return fingerprint(old) == fingerprint(new)

    def _not_written(self, row: LiveFlow) -> Failed:
        """No attempt took effect so far; unless each was refused, or never sent, one may take effect yet."""
        said = self._reasons() or f"PUT /v1/flows/{self.change.id}: the server accepted the write and did nothing."
        hint = self.failure.hint if self.failure and not self._is_uncertain else None
        message = f"{said} Tried {WRITE_ATTEMPTS} times; {self._as_read_back(row).lower()}."
        return Failed(self.change, "not-written", message, hint, uncertain=self._is_uncertain)

    def _as_read_back(self, row: LiveFlow) -> str:
        if not self._is_uncertain:
            return "The flow is as it was"
        if self._is_unshown(row):
            return "What was to be written cannot be read back"
        return "Read back, the flow is as it was, but a write may take effect later"

    def _unreadable(self, error: ApiError) -> Failed:
        """The flow cannot be read, now or after a write whose fate is unknown."""
        if self.doubt is not None:
            return self._failed(self.doubt, f"Reading back failed too. {error.message}")
        if self.accepted:
            message = f"The server accepted the write; reading it back failed. {error.message}"
            return Failed(self.change, error.code, message, error.hint, uncertain=True)
        self.failure = error
        return self._failed(error)

    def _reasons(self) -> str:
        """Each failure that says why: the last one, and the one that leaves a doubt."""
        messages = dict.fromkeys(error.message for error in (self.doubt, self.failure) if error)
        return " ".join(each if each.endswith(".") else f"{each}." for each in messages)

    def _failed(self, error: ApiError, ending: str = "") -> Failed:
        alone = not ending and self.doubt in {None, error}
        message = error.message if alone else f"{self._reasons()} {ending}".rstrip()
        hint = None if isinstance(error, ServerError) and self._is_uncertain else error.hint
        return Failed(self.change, error.code, message, hint, uncertain=self._is_uncertain)

    @property
    def _is_uncertain(self) -> bool:
        return self.doubt is not None or self.accepted


def _judged(change: Change, row: LiveFlow) -> _Verdict:
    """Compare what the server shows after a write with what was sent; what is the same to the letter is not read."""
    other = [
        name for name, value in change.body.items() if name in row.fields and not _is_same(value, row.fields[name])
    ]
    if not other:
        return _Verdict(Applied(change), row)
    text = change.body.get("data")
    known = {text: change.new["data"]} if isinstance(text, str) and "data" in change.new else {}
    sent = observe(change.body, other, known).values
    shown = observe(row.fields, sent.keys(), known).values
    untaken = tuple(name for name in shown if fingerprint({name: shown[name]}) != fingerprint({name: sent[name]}))
    differences = changes_between({name: sent[name] for name in untaken}, shown)
    return _Verdict(Applied(change, untaken, differences), row)


def _read_back(change: Change, row: LiveFlow) -> _Verdict:
    """Judge what a read shows after a write that was accepted unseen.

    What is otherwise than sent may be an edit made since: it is reported, and not kept as what the write led to.
    """
    verdict = _judged(change, row)
    return verdict if verdict.outcome == Applied(change) else _Verdict(verdict.outcome, None)


def _places(differences: Sequence[FieldChange], most: int = 5) -> str:
    labels = list(dict.fromkeys(change.label for change in differences))
    more = f" and {len(labels) - most:,} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
