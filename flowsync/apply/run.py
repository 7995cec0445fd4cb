"""Carry out every change of a plan, several at a time; each gets exactly one Outcome."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

from flowsync.apply.creating import CreateTurn
from flowsync.apply.drafting import DraftTurn
from flowsync.apply.order import Order
from flowsync.apply.updating import update
from flowsync.errors import ExitCode
from flowsync.model import Applied, Create, Failed, NewDraft, NotAttempted, Refused, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from threading import Event

    from flowsync.apply.turns import ApplyRecord, FlowStore
    from flowsync.model import Change, Outcome

POLL_INTERVAL: Final = 0.1
"""Seconds that one wait may take: a signal that comes just before a wait is handled only after it."""
FATAL_CODES: Final = frozenset(
    {"api-forbidden", "api-unauthorized", "api-rate-limited", "api-unavailable", "organization", "record"}
)
"""Failures that every further flow would meet too: nothing more is started after one."""


def apply_changes(
    changes: Iterable[Change],
    store: FlowStore,
    *,
    parallelism: int,
    stop: Event,
    record: ApplyRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Outcome]:
    """Apply every change, and yield each Outcome as it is known.

    Flows are created first, one after the other, each after those that it names; one that names a flow that could not
    be created is not attempted. Everything else follows, `parallelism` at a time.

    Setting `stop` lets what is in flight finish and starts nothing further; a failure that every
    flow would meet sets it too, and so does a caller that takes no more outcomes. Every change gets
    exactly one Outcome.
    """
    order = Order(changes)

    def turn(change: Change) -> Outcome:
        return apply_change(change, store, record, pause)

    def settle(change: Change) -> Outcome:
        outcome = _settled(change, order, record, stop, turn)
        order.note(outcome)
        return outcome

    for group, size in ((order.creates, 1), (order.others, parallelism)):
        yield from _each(group, settle, size, stop)


def _each(
    changes: Iterable[Change], settle: Callable[[Change], Outcome], parallelism: int, stop: Event
) -> Iterator[Outcome]:
    """Settle so many changes at a time; after `stop`, `settle` says of each that is left that it was not attempted."""
    waiting = iter(changes)
    crew = _Crew(settle, parallelism)
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
    yield from map(settle, waiting)


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
    change: Change, order: Order, record: ApplyRecord, stop: Event, turn: Callable[[Change], Outcome]
) -> Outcome:
    """One flow's turn, if it still is to have one; what every further flow would meet stops the run."""
    if stop.is_set():
        return _not_attempted(change, record, "The run stopped before this flow's turn.")
    if missing := order.missing(change):
        verb = "was" if len(missing) == 1 else "were"
        message = f"It names {' and '.join(missing)}, which {verb} not created. Apply again once that is mended."
        return _not_attempted(change, record, message)
    try:
        outcome = turn(change)
    except Exception as error:  # noqa: BLE001 - a bug in one flow's turn must not cost the ledger of the others
        message = f"flowsync failed unexpectedly with {type(error).__name__}; this is a bug."
        return Failed(
            change, "bug", message, "Please report it. Plan again to see the state of this flow.", uncertain=True
        )
    if isinstance(outcome, Failed) and outcome.code in FATAL_CODES:
        stop.set()
    return outcome


def _not_attempted(change: Change, record: ApplyRecord, message: str) -> NotAttempted:
    outcome = NotAttempted(change, message)
    record.after(outcome, None)
    return outcome


def apply_change(
    change: Change,
    store: FlowStore,
    record: ApplyRecord,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """One flow's turn: fresh read, comparison, write, comparison."""
    match change:
        case Update():
            verdict = update(change, store, record, pause)
        case NewDraft():
            verdict = DraftTurn(change, store, record, pause).turn()
        case Create():
            verdict = CreateTurn(change, store, record, pause).turn()
    record.after(verdict.outcome, verdict.row)
    return verdict.outcome
