"""Applies every change of a plan, several at a time; each gets exactly one Outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flowsync.apply.creating import CreateTurn, DraftTurn
from flowsync.apply.turns import FATAL_CODES, settle_each
from flowsync.apply.updating import update
from flowsync.errors import ExitCode
from flowsync.flows.expressions import expressions, references_in
from flowsync.model import AlreadyApplied, Applied, Create, Failed, NewDraft, NotAttempted, Refused, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from threading import Event

    from flowsync.apply.turns import ApplyRecord, FlowStore
    from flowsync.model import Change, Outcome


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
    order = _Order(changes)

    def settle(change: Change) -> Outcome:
        outcome = _settled(change, order, record, stop, lambda: apply_change(change, store, record, pause))
        order.note(outcome)
        return outcome

    for group, size in ((order.creates, 1), (order.others, parallelism)):
        yield from settle_each(group, settle, size, stop)


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    """Partly applied if anything failed, was not attempted or not stored as sent; else refused; else ok."""
    kept = list(outcomes)
    if any(isinstance(each, Failed | NotAttempted) or (isinstance(each, Applied) and each.untaken) for each in kept):
        return ExitCode.PARTLY_APPLIED
    return ExitCode.REFUSED if any(isinstance(each, Refused) for each in kept) else ExitCode.OK


def _settled(change: Change, order: _Order, record: ApplyRecord, stop: Event, turn: Callable[[], Outcome]) -> Outcome:
    """Apply one change, unless the run stops; a failure that every further flow would meet stops the run."""
    if stop.is_set():
        return _not_attempted(change, record, "The run stopped before this flow's turn.")
    if missing := order.missing(change):
        verb = "was" if len(missing) == 1 else "were"
        message = f"It names {' and '.join(missing)}, which {verb} not created. Apply again once that is fixed."
        return _not_attempted(change, record, message)
    try:
        outcome = turn()
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
    """Apply one change: read, compare, write, compare."""
    match change:
        case Update():
            verdict = update(change, store, record, pause)
        case NewDraft():
            verdict = DraftTurn(change, store, record, pause).turn()
        case Create():
            verdict = CreateTurn(change, store, record, pause).turn()
    record.after(verdict.outcome, verdict.row)
    return verdict.outcome


class _Order:
    """The order of a run's changes, and the flows that could not be created and that others wait for."""

    def __init__(self, changes: Iterable[Change]) -> None:
        kept = list(changes)
        creates = {change.slug: change for change in kept if isinstance(change, Create)}
        self._names = {change.slug: _named(change, creates) for change in kept} if creates else {}
        self._missing: set[str] = set()
        self.creates: list[Change] = _sorted(creates, self._names)
        self.others = [change for change in kept if not isinstance(change, Create)]

    def missing(self, change: Change) -> list[str]:
        """The flows that a change names and that should have been created, but were not."""
        return sorted(self._names.get(change.slug, frozenset()) & self._missing)

    def note(self, outcome: Outcome) -> None:
        """Note what became of a change."""
        if isinstance(outcome.change, Create) and not isinstance(outcome, Applied | AlreadyApplied):
            self._missing.add(outcome.change.slug)


def _named(change: Change, creates: Mapping[str, Create]) -> frozenset[str]:
    """Those flows to be created that the expressions of a change name."""
    sent = {name: change.new[name] for name in change.body if name in change.new}
    named = {reference.slug for each in expressions(sent) for reference in references_in(each.text)}
    return frozenset(named & creates.keys() - {change.slug})


def _sorted(creates: Mapping[str, Create], names: Mapping[str, frozenset[str]]) -> list[Change]:
    """The flows, each after those that it names; flows that name each other are sorted by slug."""
    found: dict[str, Change] = {}
    left = sorted(creates)
    while left:
        slug = next((each for each in left if names[each] <= found.keys()), left[0])
        left.remove(slug)
        found[slug] = creates[slug]
    return [*found.values()]
