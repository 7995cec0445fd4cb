"""What the turns of all flows share: their ports, how they end, how answers are judged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from flowsync.diff.fields import changes_between, fingerprint, observe
from flowsync.errors import ApiError, FlowsyncError, RecordError, UnavailableError
from flowsync.model import SENT_FIELDS, Applied
from flowsync.text import end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from threading import Event

    from flowsync.model import Change, Create, FieldChange, FieldName, JsonValue, LiveFlow, NewDraft, Outcome, Update

Item = TypeVar("Item")
Result = TypeVar("Result")

WRITE_ATTEMPTS: Final = 3
"""Attempts for one flow; each further one only after a read showed that none took effect."""
RETRY_PAUSE: Final = 0.5
"""Seconds before the second attempt; doubled for the third. The flow is read again after each pause."""
MOST_WAITS: Final = 20
"""How often one flow's write is put off because the server asks to come back later."""
LOOKS: Final = 3
"""How often more a row is read before it counts as what it is shown as: some servers archive or delete late."""

POLL_INTERVAL: Final = 0.1
"""Seconds that one wait may take: a signal that comes just before a wait is handled only after it."""
FATAL_CODES: Final = frozenset(
    {"api-forbidden", "api-unauthorized", "api-rate-limited", "api-unavailable", "organization", "record"}
)
"""Failures that every further flow would meet too: nothing more is started after one."""


class FlowStore(Protocol):
    """The requests that applying needs. All raise ApiError, and no write is ever sent again."""

    def rows(self, change: Update | NewDraft) -> Sequence[LiveFlow]:
        """Every row of the change's slug that can be seen, read now; empty when there is none."""

    def find(self, slug: str, row_id: int | None = None, wanted: Collection[FieldName] = ()) -> Sequence[LiveFlow]:
        """Every row of a slug that can be seen, read now; that with `row_id` with the fields `wanted`, where shown."""

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """Update one row; return the row of the answer, None if it holds none."""

    def create(self, slug: str, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """Create a flow; return its row from the answer, perhaps with another slug, None if it holds none."""

    def new_version(self, row_id: int) -> LiveFlow | None:
        """Create a draft that is a copy of one row; return the draft's row, None if the answer holds none."""


class ApplyRecord(Protocol):
    """The record of replaced rows. Called from many threads."""

    def before(self, change: Change, row: LiveFlow | None) -> None:
        """Keep what is about to be sent, and the `row` that it replaces, or copies; None if a flow is created.

        Raises RecordError when it is not safely kept.
        """

    def made(self, change: Create | NewDraft, row: LiveFlow) -> None:
        """Keep the row that was made, which may be about to be completed; raises RecordError as `before` does."""

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        """Save what became of a change, and the row as it was read back, if it was. Raises nothing."""


@dataclass(slots=True)
class Attempts:
    """What came so far of one request that must not be repeated blindly, such as to publish or to delete a version.

    `is_kept`: what it replaces is in the record. `failure` is the last failed request, `doubt` the last that may have
    been carried out; `accepted`: the server said that it was; `is_over`: no further request is any use.
    """

    is_kept: bool = False
    failure: ApiError | None = None
    doubt: ApiError | None = None
    accepted: bool = False
    is_over: bool = False
    failures: int = 0
    looks: int = 0
    waits: int = 0

    @property
    def is_sent(self) -> bool:
        """Whether a request was sent that may have taken effect."""
        return self.doubt is not None or self.accepted

    @property
    def is_spent(self) -> bool:
        """Whether no further request is sent."""
        return self.accepted or self.is_over or self.failures >= WRITE_ATTEMPTS

    @property
    def reason(self) -> str:
        """Why the result is unknown, or not the wanted one."""
        error = self.doubt or self.failure
        return end_of(error.message) if error else "The server accepted the request."

    def send(self, keep: Callable[[], None], request: Callable[[], object]) -> FlowsyncError | None:
        """Record what the request replaces, unless that is done, and send it.

        Return the error if the request certainly had no effect; None if the row has to be read again.
        """
        try:
            if not self.is_kept:
                keep()
                self.is_kept = True
            request()
        except RecordError as error:
            return error
        except ApiError as error:
            return error if self.fail(error) else None
        self.accepted = True
        return None

    def fail(self, error: ApiError) -> bool:
        """Note a failed request; return whether it was certainly refused, so that no read back is needed."""
        self.failure = error
        if error.may_have_effect:
            self.doubt = error
            self.looks = 0
        if error.retry_after is not None and self.waits < MOST_WAITS:
            self.waits += 1
            return False
        if not error.may_have_effect and not error.unsent:
            return True
        self.is_over = error.on_the_way or isinstance(error, UnavailableError)
        self.failures += 1
        return False

    def must_read_again(self, pause: Callable[[float], None]) -> bool:
        """Whether a request may still take effect: after each, the row is read several times, with pauses."""
        if not self.is_sent or self.looks >= LOOKS:
            return False
        self.looks += 1
        pause(RETRY_PAUSE)
        return True


class Verdict(NamedTuple):
    """How a turn ended; `row` is the flow as a read after a write showed it last."""

    outcome: Outcome
    row: LiveFlow | None = None


def judged(change: Change, row: LiveFlow) -> Verdict:
    """Compare what the server shows after a write with what was sent; identical texts are not parsed."""
    other = [name for name, value in change.body.items() if name in row.fields and not is_same(value, row.fields[name])]
    if not other:
        return Verdict(Applied(change), row)
    text = change.body.get("data")
    known = {text: change.new["data"]} if isinstance(text, str) and "data" in change.new else {}
    sent = observe(change.body, other, known).values
    shown = observe(row.fields, sent.keys(), known).values
    untaken = tuple(name for name in shown if fingerprint({name: shown[name]}) != fingerprint({name: sent[name]}))
    differences = changes_between({name: sent[name] for name in untaken}, shown)
    return Verdict(Applied(change, untaken, differences), row)


def edits(shown: LiveFlow, now: LiveFlow) -> tuple[FieldChange, ...]:
    """The fields in which a row differs from what was shown; a server may leave a field out of some answers."""
    names = [name for name in SENT_FIELDS if name in shown.fields and name in now.fields]
    was, is_ = (observe(row.fields, names).values for row in (shown, now))
    return () if fingerprint(was) == fingerprint(is_) else changes_between(was, is_)


def read_back(change: Change, row: LiveFlow) -> Verdict:
    """Judge the row that a read shows after a write that the server accepted without showing it.

    A difference from what was sent may be a later edit: it is reported, and not recorded as the write's result.
    """
    verdict = judged(change, row)
    return verdict if verdict.outcome == Applied(change) else Verdict(verdict.outcome, None)


def is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two texts, booleans or nulls are equal; False for anything else."""
    return type(one) is type(other) and isinstance(one, str | bool | None) and one == other


def settle_each(
    items: Iterable[Item], settle: Callable[[Item], Result], parallelism: int, stop: Event
) -> Iterator[Result]:
    """Settle up to so many items at a time in other threads, and yield each result as it is known.

    After `stop`, `settle` says of each item that is left that it was not attempted. Signals are handled in this thread:
    it must hold no lock of a request. With one at a time, each result is taken before the next item begins.
    """
    waiting = iter(items)
    settled: Queue[Result | BaseException] = Queue()
    has_threads, in_hand = False, 0
    ahead = 2 * parallelism if parallelism > 1 else 1  # one in line behind each that is in flight is enough

    def work(item: Item) -> None:
        try:
            settled.put(settle(item))
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are asked for
            settled.put(error)

    with ThreadPoolExecutor(parallelism, thread_name_prefix="apply") as threads:
        try:
            while True:
                while in_hand < ahead and not stop.is_set() and (item := next(waiting, None)) is not None:
                    in_hand += 1
                    try:
                        threads.submit(work, item)
                    except RuntimeError:  # the system has no further thread: those that there are do it all
                        if not has_threads:
                            raise
                    has_threads = True
                if not in_hand:
                    break
                found = _taken(settled)
                in_hand -= len(found)
                yield from found
        finally:
            if in_hand:
                stop.set()
    yield from map(settle, waiting)


def _taken(settled: Queue[Result | BaseException]) -> list[Result]:
    """Take the results that are ready; wait a little if there are none."""
    found: list[Result] = []
    with suppress(Empty):
        while True:
            each = settled.get(timeout=0 if found else POLL_INTERVAL)
            if isinstance(each, BaseException):
                raise each
            found.append(each)
    return found
