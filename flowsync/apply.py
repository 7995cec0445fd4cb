"""Carry out a plan: read each flow afresh, write what was planned, compare what comes back.

A flow that is no longer as it was planned is refused. A write whose outcome is unknown (a 5xx, a
reset, a timeout, an unreadable answer) is settled by reading back before anything is tried again:
PUT is idempotent [doc], but somebody may have edited the flow in between. Without preconditions on
the server a small race remains between the fresh read and the write.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from flowsync import diff, live
from flowsync.errors import ApiError, ExitCode, ServerError, TransportError, UnreadableResponseError
from flowsync.model import AlreadyApplied, Applied, Failed, NotAttempted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from threading import Event

    from flowsync.model import Change, FieldName, JsonValue, LiveFlow, Outcome

WRITE_ATTEMPTS: Final = 3
"""How often one flow is sent in all; a further attempt only after a read showed that none landed."""
RETRY_PAUSE: Final = 0.5
"""Seconds before the second attempt; doubled for the third."""
_FATAL_CODES: Final = frozenset({"api-forbidden", "api-unauthorized", "api-rate-limited"})
"""Failures that every further flow would meet too: nothing more is started after one."""


class FlowStore(Protocol):
    """The live flows, as far as applying is concerned. Both raise ApiError."""

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        """Every row of the change's slug that can be seen, read afresh; empty when there is none."""

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """Update one row; the row as the server answers it, None when the answer holds none."""


class Match(Enum):
    """How a live row's managed fields stand to a change."""

    BEFORE = "as it was planned"
    AFTER = "as it would be written"
    NEITHER = "something else"


@dataclass(frozen=True, slots=True)
class Moved:
    """Why a flow may not be written any more."""

    code: str
    message: str


Standing: TypeAlias = "Match | Moved"


def apply_changes(
    changes: Iterable[Change],
    store: FlowStore,
    *,
    parallelism: int,
    stop: Event,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Outcome]:
    """Apply every change, `parallelism` at a time, and yield each Outcome as it is known.

    Setting `stop` lets what is in flight finish and starts nothing further; a failure that every
    flow would meet sets it too. Every change gets exactly one Outcome.
    """
    waiting = iter(changes)
    running: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(parallelism, thread_name_prefix="apply") as pool:
        while True:
            while len(running) < parallelism and not stop.is_set() and (change := next(waiting, None)) is not None:
                running.add(pool.submit(_settled, change, store, pause))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for outcome in sorted((future.result() for future in done), key=lambda each: each.change.slug):
                if isinstance(outcome, Failed) and outcome.code in _FATAL_CODES:
                    stop.set()
                yield outcome
    for change in waiting:
        yield NotAttempted(change, "The run stopped before this flow's turn.")


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """Failed, not attempted or not taken as sent: partly applied. Else refused: refused. Else fine."""
    kept = list(outcomes)
    if any(isinstance(each, Failed | NotAttempted) or (isinstance(each, Applied) and each.untaken) for each in kept):
        return ExitCode.PARTLY_APPLIED
    return ExitCode.REFUSED if any(isinstance(each, Refused) for each in kept) else ExitCode.OK


def _settled(change: Change, store: FlowStore, pause: Callable[[float], None]) -> Outcome:
    try:
        return apply_change(change, store, pause)
    except Exception as error:  # noqa: BLE001 - a bug in one flow's turn must not cost the ledger of the others
        message = f"flowsync failed unexpectedly with {type(error).__name__}; this is a bug."
        return Failed(
            change, "bug", message, "Please report it. Plan again to see how this flow stands.", uncertain=True
        )


def apply_change(change: Change, store: FlowStore, pause: Callable[[float], None]) -> Outcome:
    """One flow's turn: fresh read, comparison, write, comparison."""
    try:
        standing = stand(change, store.rows(change))
    except ApiError as error:
        return _failed(change, error)
    if isinstance(standing, Moved):
        return Refused(change, standing.code, standing.message)
    match standing:
        case Match.BEFORE:
            return _written(change, store, pause)
        case Match.AFTER:
            return AlreadyApplied(change)
        case Match.NEITHER:
            return Refused(change, "changed-since-planned", "The live flow was changed after it was planned.")


def stand(change: Change, rows: Sequence[LiveFlow]) -> Standing:
    """How the fresh rows of a slug stand to what was planned for it."""
    row = next((row for row in rows if row.id == change.id), None)
    if row is None:
        return Moved("gone", f"Version {change.version} (id {change.id}) is no longer there.")
    if (row.status, row.version) != (change.status, change.version):
        return Moved(
            "status-changed",
            f"It was {change.status} version {change.version}; it is {row.status} version {row.version}.",
        )
    chosen = live.choose(rows, change.target)
    if isinstance(chosen, live.Chosen) and chosen.row.id != change.id:
        return Moved("newer-version", f"Version {chosen.row.version} ({chosen.row.status}) is the one to write now.")
    return _match(change, row)


def _match(change: Change, row: LiveFlow) -> Match:
    """Compare the fields that both the plan and this row show: a server may leave one out of some answers."""
    seen = diff.observe(row.fields, change.old.keys()).values
    now = diff.fingerprint(seen)
    if now == diff.fingerprint({name: change.old[name] for name in seen}):
        return Match.BEFORE
    if now == diff.fingerprint({name: change.new[name] for name in seen}):
        return Match.AFTER
    return Match.NEITHER


def _written(change: Change, store: FlowStore, pause: Callable[[float], None]) -> Outcome:
    for attempt in range(1, WRITE_ATTEMPTS + 1):
        try:
            answer = store.write(change.id, change.body)
        except (ServerError, TransportError, UnreadableResponseError) as error:
            outcome = _read_back(change, store, error)
        except ApiError as error:
            return _failed(change, error)
        else:
            return Applied(change, _untaken(change, answer or _row_now(change, store)))
        if outcome is not None:
            return outcome
        if attempt < WRITE_ATTEMPTS:
            pause(RETRY_PAUSE * 2 ** (attempt - 1))
    return Failed(
        change, "not-written", f"The server failed {WRITE_ATTEMPTS} times and wrote nothing.", None, uncertain=False
    )


def _read_back(change: Change, store: FlowStore, error: ApiError) -> Outcome | None:
    """What became of a write that ended in `error`; None when it surely did not land and may be sent again."""
    try:
        standing = stand(change, store.rows(change))
    except ApiError:
        return Failed(change, error.code, f"{error.message} Reading back failed too.", error.hint, uncertain=True)
    match standing:
        case Match.AFTER:
            return Applied(change)
        case Match.BEFORE:
            return None
        case Match.NEITHER:
            message = f"{error.message} Read back, the flow is neither as it was nor as it was to be."
            return Failed(change, "changed-while-writing", message, "Plan again to see how it stands.", uncertain=True)
        case Moved(_, reason):
            return Failed(change, "changed-while-writing", f"{error.message} Read back: {reason}", None, uncertain=True)


def _row_now(change: Change, store: FlowStore) -> LiveFlow | None:
    """The written row, read again because the server's answer did not hold it; None when that fails."""
    try:
        return next((row for row in store.rows(change) if row.id == change.id), None)
    except ApiError:
        return None


def _untaken(change: Change, row: LiveFlow | None) -> tuple[FieldName, ...]:
    """The fields of the body that the server shows otherwise than they were sent."""
    if row is None:
        return ()
    text = change.body.get("data")
    known = {text: change.new["data"]} if isinstance(text, str) and "data" in change.new else {}
    sent = diff.observe(change.body, change.body.keys(), known).values
    shown = diff.observe(row.fields, sent.keys()).values
    return tuple(
        name for name in shown if diff.fingerprint({name: shown[name]}) != diff.fingerprint({name: sent[name]})
    )


def _failed(change: Change, error: ApiError) -> Failed:
    return Failed(change, error.code, error.message, error.hint, uncertain=False)
