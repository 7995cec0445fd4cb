"""Applying changes to a store that other people use too."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import Any, TypeVar

import pytest

from flowsync.apply import (
    MOST_WAITS,
    RETRY_PAUSE,
    WRITE_ATTEMPTS,
    ApplyRecord,
    FlowStore,
    apply_change,
    apply_changes,
    exit_code,
)
from flowsync.errors import (
    ApiError,
    ExitCode,
    ForbiddenError,
    RateLimitedError,
    RecordError,
    RejectedError,
    ServerError,
    TransportError,
    UnreadableResponseError,
)
from flowsync.model import (
    AlreadyApplied,
    Applied,
    Change,
    Create,
    Failed,
    FieldChange,
    FieldName,
    JsonValue,
    LiveFlow,
    NewDraft,
    NotAttempted,
    Op,
    Outcome,
    Refused,
    Update,
)
from tests.record.building import change, row
from tests.support.command import execute

Ended = TypeVar("Ended", Applied, Refused, Failed)


@dataclass
class Shelf(FlowStore):
    """A store in memory. `faults` are raised by the next writes, after the effect where `lands` says so."""

    kept: dict[int, LiveFlow]
    faults: list[tuple[ApiError, bool]] = field(default_factory=list)
    read_faults: list[ApiError | None] = field(default_factory=list)
    writes: list[tuple[int, Mapping[FieldName, JsonValue]]] = field(default_factory=list)
    on_write: Callable[[], None] = lambda: None
    answers: bool = True
    lock: Lock = field(default_factory=Lock)

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        with self.lock:
            fault = self.read_faults.pop(0) if self.read_faults else None
            if fault is not None:
                raise fault
            return [each for each in self.kept.values() if each.slug == change.slug]

    def find(self, slug: str, row_id: int | None = None, wanted: Collection[FieldName] = ()) -> Sequence[LiveFlow]:
        raise NotImplementedError

    def create(self, slug: str, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        raise NotImplementedError

    def new_version(self, row_id: int) -> LiveFlow | None:
        raise NotImplementedError

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        with self.lock:
            fault, lands = self.faults.pop(0) if self.faults else (None, True)
            self.writes.append((row_id, body))
            if lands:
                self.kept[row_id] = replace(self.kept[row_id], fields={**self.kept[row_id].fields, **body})
            self.on_write()
            if fault is not None:
                raise fault
            return self.kept[row_id] if self.answers else None


def shelf(*rows: LiveFlow, **behaviour: Any) -> Shelf:  # noqa: ANN401 - fields of Shelf
    return Shelf({each.id: each for each in rows}, **behaviour)


@dataclass
class Hiding(Shelf):
    """Its versions never show one of the fields; lists, which are what is planned from, may do."""

    hidden: str = "active"

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        return [
            replace(each, fields={name: value for name, value in each.fields.items() if name != self.hidden})
            for each in super().rows(change)
        ]


class Confused(Shelf):
    """It answers a write with another flow."""

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        super().write(row_id, body)
        return self.kept[8]


def turn(store: Shelf, planned: Update | None = None) -> Outcome:
    return apply_change(planned or change(), store, Notebook(store), lambda _: None)


def ended(kind: type[Ended], store: Shelf, planned: Update | None = None) -> Ended:
    outcome = turn(store, planned)
    assert isinstance(outcome, kind)
    return outcome


def test_a_flow_as_planned_is_written_once_with_the_body_of_the_plan() -> None:
    store = shelf(row())
    assert turn(store) == Applied(change())
    assert store.writes == [(7, {"name": "New"})]


def test_a_flow_that_already_is_so_is_not_written() -> None:
    store = shelf(row(name="New"))
    assert turn(store) == AlreadyApplied(change())
    assert store.writes == []


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(name="Edited in the dashboard")], "changed-since-planned"),
        ([], "gone"),
        ([row(row_id=8)], "gone"),
        ([row(status="ARCHIVED")], "status-changed"),
        ([row(version=2)], "status-changed"),
        ([row(), row(row_id=9, version=2, status="DRAFT")], "newer-version"),
    ],
)
def test_a_flow_that_moved_is_refused_and_not_written(rows: list[LiveFlow], code: str) -> None:
    store = shelf(*rows)
    outcome = ended(Refused, store)
    assert outcome.code == code
    assert store.writes == []


@pytest.mark.parametrize("status", ["DELETED", "SCHEDULED", "ARCHIVED"])
def test_a_plan_to_write_a_version_that_is_not_to_be_written_is_refused(status: str) -> None:
    """A saved plan could say so."""
    store = shelf(row(status=status))
    ended(Refused, store, replace(change(), status=status))
    assert store.writes == []


@pytest.mark.parametrize("active", [True, False, None])
def test_a_flow_that_was_turned_on_since_is_not_written_as_one_that_nobody_sees(active: bool | None) -> None:  # noqa: FBT001 - a value of the API
    off = replace(change(), live=False)
    store = shelf(row() if active is None else row(active=active))
    outcome = turn(store, off)
    if active:
        assert isinstance(outcome, Refused)
        assert (outcome.code, store.writes) == ("came-on", [])
    else:
        assert isinstance(outcome, Applied)
    assert isinstance(turn(shelf(row(name="New", active=True)), off), AlreadyApplied)


BOTH: dict[FieldName, JsonValue] = {"name": "New", "description": "e"}
NAME_AND_DESCRIPTION = replace(change(), old={"name": "Old", "description": "d"}, new=BOTH, body=BOTH)


def test_a_field_that_the_fresh_read_leaves_out_does_not_count() -> None:
    assert turn(shelf(row()), NAME_AND_DESCRIPTION) == Applied(NAME_AND_DESCRIPTION)


def test_a_flow_that_is_as_wanted_as_far_as_it_is_shown_is_not_written_again() -> None:
    """Mostly this very write has landed before, whole: a field that nobody sees may have been edited since."""
    store = shelf(row(name="New"))
    assert isinstance(turn(store, NAME_AND_DESCRIPTION), AlreadyApplied)
    assert store.writes == []


UNSHOWN = replace(change(body={"name": "Old"}), body={"description": "New"})
"""A write of what no answer shows."""
UNSEEN = replace(change(), unseen=("active",), body={"name": "New", "active": False})


@pytest.mark.parametrize("lands", [True, False])
def test_a_field_that_nobody_sees_is_sent_though_the_rest_is_there_and_a_failure_leaves_doubt(lands: bool) -> None:  # noqa: FBT001 - a case
    store = shelf(row(name="New"))
    assert turn(store, UNSEEN) == Applied(UNSEEN)
    assert store.writes == [(7, UNSEEN.body)]
    hiding = Hiding({7: row(name="New")}, faults=[(ServerError("500", status=500), lands)] * WRITE_ATTEMPTS)
    assert ended(Failed, hiding, UNSEEN).uncertain
    assert turn(Hiding({7: row(name="New")}, answers=False), UNSEEN) == Applied(UNSEEN)


AMBIGUOUS = [ServerError("500", status=500), TransportError("reset"), UnreadableResponseError("not JSON")]


@pytest.mark.parametrize("faults", [[True], [False, False]], ids=["landed", "did not land"])
@pytest.mark.parametrize("fault", AMBIGUOUS, ids=lambda fault: fault.code)
def test_a_write_that_failed_is_sent_again_until_it_is_found_to_have_landed(
    fault: ApiError, faults: list[bool]
) -> None:
    store = shelf(row(), faults=[(fault, lands) for lands in faults])
    assert turn(store) == Applied(change())
    assert len(store.writes) == (1 if faults == [True] else WRITE_ATTEMPTS)


BROKEN = (ServerError("PUT /v1/flows/7: 500. It said: no.", status=500), False)
MAY_LAND_LATER = (
    "PUT /v1/flows/7: 500. It said: no. Tried 3 times; read back, the flow is as it was, "
    "but a write may take effect later."
)
UNSENT = (TransportError("refused", unsent=True), False)


@pytest.mark.parametrize(
    ("behaviour", "code", "message", "uncertain", "writes"),
    [
        ({"faults": [BROKEN] * 3}, "not-written", MAY_LAND_LATER, True, 3),
        ({"faults": [(TransportError("timeout"), False), BROKEN, BROKEN]}, "not-written", MAY_LAND_LATER, True, 3),
        (
            {"faults": [(TransportError("reset"), True)], "read_faults": [None, TransportError("gone")]},
            "api-transport",
            "reset. Reading back failed too. gone",
            True,
            1,
        ),
        (
            {"answers": False, "read_faults": [None, ServerError("500")]},
            "api-server",
            "The server accepted the write; reading it back failed. 500",
            True,
            1,
        ),
        ({"read_faults": [ServerError("500")]}, "api-server", "500", False, 0),
        ({"faults": [UNSENT] * 3}, "not-written", "refused. Tried 3 times; the flow is as it was.", False, 3),
        (
            {"faults": [UNSENT], "read_faults": [None, TransportError("refused too")]},
            "api-transport",
            "refused too",
            False,
            1,
        ),
    ],
    ids=[
        *("never landed", "may still be at work", "not read back", "accepted, not read back"),
        *("not read", "never sent", "not sent, not read back"),
    ],
)
def test_a_failure_says_what_is_known_of_the_write_and_the_server_s_words(
    behaviour: dict[str, Any], code: str, message: str, *, uncertain: bool, writes: int
) -> None:
    store = shelf(row(), **behaviour)
    outcome = ended(Failed, store)
    assert (outcome.code, outcome.message, outcome.uncertain) == (code, message, uncertain)
    assert len(store.writes) == writes


def test_an_edit_between_a_failed_write_and_the_next_is_never_overwritten() -> None:
    store = shelf(row(), faults=[(ServerError("500 it said."), False)])
    store.on_write = lambda: store.kept.update({7: row(name="Edited meanwhile")})
    outcome = ended(Refused, store)
    assert (outcome.code, outcome.uncertain) == ("changed-while-writing", True)
    assert outcome.message.startswith("500 it said. Read back, the flow is neither as it was nor as planned: name.")
    assert outcome.differences == (FieldChange("name", "", "name", Op.REPLACE, "New", "Edited meanwhile"),)
    assert store.kept[7].fields["name"] == "Edited meanwhile"
    assert len(store.writes) == 1


def test_a_flow_that_goes_away_during_a_failed_write_is_told() -> None:
    store = shelf(row(), faults=[(ServerError("500"), False)])
    store.on_write = store.kept.clear
    outcome = ended(Refused, store)
    assert outcome.uncertain
    assert "no longer there" in outcome.message


def test_a_rejected_write_is_not_tried_again() -> None:
    store = shelf(row(), faults=[(RejectedError("400: unbalanced", hint="Balance it."), False)])
    assert turn(store) == Failed(change(), "api-rejected", "400: unbalanced", "Balance it.", uncertain=False)
    assert len(store.writes) == 1


def test_a_field_that_the_server_did_not_take_is_told() -> None:
    store = shelf(row())
    store.on_write = lambda: store.kept.update({7: row(name="Old")})
    came_back = FieldChange("name", "", "name", Op.REPLACE, "New", "Old")
    assert turn(store) == Applied(change(), untaken=("name",), differences=(came_back,))


def test_an_answer_without_a_flow_is_made_up_for_by_reading() -> None:
    store = shelf(row(), answers=False)
    assert turn(store) == Applied(change())
    assert len(store.writes) == 1
    store = shelf(row(), answers=False)
    store.on_write = lambda: store.kept.update({7: row(name="NEW")})
    assert ended(Applied, store).untaken == ("name",)


def test_an_answer_without_a_flow_that_never_takes_effect_is_a_failure() -> None:
    store = shelf(row(), answers=False)
    store.on_write = lambda: store.kept.update({7: row()})
    outcome = ended(Failed, store)
    assert outcome.message.startswith(
        "PUT /v1/flows/7: the server accepted the write and did nothing. Tried 3 times; read back"
    )
    assert outcome.uncertain
    store = shelf(row(), answers=False)
    store.on_write = store.kept.clear
    assert "accepted the write without showing the flow" in getattr(turn(store), "message", "")


def test_the_answer_of_another_flow_does_not_count_as_one() -> None:
    confused = Confused(shelf(row(), row("flow_y", 8, name="New")).kept)
    confused.on_write = lambda: confused.kept.update({7: row(name="Something else")})
    assert ended(Applied, confused).untaken == ("name",)


def test_a_write_that_the_server_puts_off_is_sent_after_another_read() -> None:
    store = shelf(row())
    put_off = RateLimitedError("429", status=429, retry_after=7.0)
    store.faults = [(put_off, False)] * 5
    assert turn(store) == Applied(change())
    store = shelf(row(), faults=[(put_off, False)])
    store.on_write = lambda: store.kept.update({7: row(name="Edited while waiting")})
    outcome = ended(Refused, store)
    assert (outcome.code, outcome.uncertain) == ("changed-since-planned", False)


def test_patience_with_a_server_that_always_puts_off_ends() -> None:
    store = shelf(row(), faults=[(RateLimitedError("429", status=429, retry_after=0.0), False)] * (MOST_WAITS + 1))
    outcome = ended(Failed, store)
    assert (outcome.code, outcome.uncertain) == ("api-rate-limited", False)
    assert len(store.writes) == MOST_WAITS + 1


def test_a_write_of_what_the_server_does_not_show_stays_uncertain() -> None:
    store = shelf(row(), faults=[(ServerError("500", status=500), False)] * WRITE_ATTEMPTS)
    outcome = ended(Failed, store, UNSHOWN)
    assert outcome.uncertain
    assert "cannot be read back" in outcome.message


def test_an_accepted_write_of_what_the_server_does_not_show_is_applied_once() -> None:
    store = shelf(row(), answers=False)
    store.on_write = lambda: store.kept.update({7: row()})
    assert turn(store, UNSHOWN) == Applied(UNSHOWN)
    assert len(store.writes) == 1


DESCRIBED = change(old={"description": "d"}, body={"description": "e"})


def test_an_accepted_write_that_the_fresh_read_does_not_show_is_applied_once() -> None:
    store = Hiding({7: row(description="d")}, hidden="description", answers=False)
    assert turn(store, DESCRIBED) == Applied(DESCRIBED)
    assert len(store.writes) == 1


def test_a_failed_write_that_the_fresh_read_does_not_show_stays_uncertain() -> None:
    store = Hiding(
        {7: row(description="d")},
        hidden="description",
        faults=[(ServerError("500", status=500), True)] * WRITE_ATTEMPTS,
    )
    assert ended(Failed, store, DESCRIBED).uncertain


def test_reading_back_may_show_that_an_accepted_write_was_not_taken() -> None:
    store = shelf(row(), answers=False)
    store.on_write = lambda: store.kept.update({7: row(description="Old")})
    assert ended(Applied, store, UNSHOWN).untaken == ("description",)
    assert len(store.writes) == 1


class Brief(Shelf):
    """It answers a write with the flow's key and nothing else."""

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        super().write(row_id, body)
        return replace(self.kept[row_id], fields={})


def test_an_answer_that_leaves_out_what_was_sent_is_read_back() -> None:
    store = Brief({7: row()})
    assert turn(store) == Applied(change())
    assert len(store.writes) == 1
    deaf = Brief({7: row()})
    deaf.on_write = lambda: deaf.kept.update({7: row()})
    outcome = ended(Failed, deaf)
    assert outcome.message.startswith(
        "PUT /v1/flows/7: the server accepted the write and did nothing. Tried 3 times; read back"
    )


def test_a_write_answered_with_another_flow_is_not_taken_for_accepted_unseen() -> None:
    confused = Confused(shelf(row(), row("flow_y", 8)).kept)
    confused.on_write = lambda: confused.kept.update({7: row()})
    assert ended(Failed, confused, UNSHOWN).uncertain


@dataclass
class Notebook(ApplyRecord):
    """A record in memory, that notes how many writes there had been."""

    store: Shelf
    kept: list[tuple[str, int, JsonValue]] = field(default_factory=list)
    ended: list[tuple[Outcome, JsonValue]] = field(default_factory=list)
    full: bool = False

    def before(self, change: Change, row: LiveFlow | None) -> None:
        assert row is not None
        if self.full:
            raise RecordError("No space left on the disk.", hint="Make room.")
        self.kept.append((change.slug, len(self.store.writes), row.fields["name"]))

    def made(self, change: Create | NewDraft, row: LiveFlow) -> None:
        raise NotImplementedError

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        self.ended.append((outcome, None if row is None else row.fields.get("name")))


def test_what_a_write_replaces_is_kept_once_before_the_first_of_its_attempts() -> None:
    store = shelf(row(), faults=[(ServerError("500"), False)])
    notebook = Notebook(store)
    outcome = apply_change(change(), store, notebook, lambda _: None)
    assert (notebook.kept, notebook.ended) == ([("flow_x", 0, "Old")], [(outcome, "New")])


@pytest.mark.parametrize(("found", "kept"), [("New", "New"), ("Edited meanwhile", None)])
def test_what_is_read_back_otherwise_than_sent_is_not_kept_as_what_the_write_led_to(
    found: str, kept: str | None
) -> None:
    """It may be somebody's edit, and a rollback must not undo that."""
    store = shelf(row(), answers=False)
    store.on_write = lambda: store.kept.update({7: row(name=found)})
    notebook = Notebook(store)
    outcome = apply_change(change(), store, notebook, lambda _: None)
    assert isinstance(outcome, Applied)
    assert notebook.ended == [(outcome, kept)]


def test_what_is_not_written_to_is_not_kept_but_its_outcome_is() -> None:
    store = shelf(row(name="New"))
    notebook = Notebook(store)
    outcome = apply_change(change(), store, notebook, lambda _: None)
    assert (notebook.kept, notebook.ended) == ([], [(outcome, "New")])


def test_a_record_that_cannot_be_kept_stops_the_write_and_the_run() -> None:
    changes, store = many(50)
    notebook = Notebook(store, full=True)
    running = apply_changes(changes, store, parallelism=2, stop=Event(), record=notebook, pause=lambda _: None)
    outcomes = list(running)
    assert store.writes == []
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert {(each.code, each.message, each.hint) for each in failed} == {
        ("record", "No space left on the disk.", "Make room.")
    }
    assert len(failed) <= 4
    assert len(outcomes) == len(notebook.ended) == 50


def test_data_is_compared_by_value_with_what_comes_back() -> None:
    planned = replace(
        change(), body={"data": "steps: [] # none yet\n"}, old={"data": {"steps": [1]}}, new={"data": {"steps": []}}
    )
    store = shelf(row(data="steps: [1]\n"))
    store.on_write = lambda: store.kept.update({7: row(data='{"steps": []}')})
    assert turn(store, planned) == Applied(planned)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({}, Applied),
        ({"data": "steps: [1]  # said anew\n"}, Applied),
        ({"active": 1}, Applied),
        ({"description": ""}, Applied),
        ({"data": {"steps": [1]}}, Applied),
        ({"data": {"steps": [True]}}, Refused),
        ({"data": "steps: [true]\n"}, Refused),
        ({"active": False}, Refused),
        ({"active": 0}, Refused),
        ({"description": "Edited"}, Refused),
        ({"targetingLogic": "user.property('a') == 2"}, Refused),
    ],
)
def test_a_row_that_is_not_as_it_was_shown_to_the_letter_is_compared_by_meaning(
    now: Mapping[FieldName, JsonValue], expected: type[Outcome]
) -> None:
    shown: dict[FieldName, JsonValue] = {
        "name": "Old",
        "description": None,
        "active": True,
        "targetingLogic": "user.property('a') == 1",
        "data": "steps: [1]\n",
    }
    planned = replace(change(), old={**shown, "data": {"steps": [1]}}, shown=shown)
    planned = replace(planned, new={**planned.old, "name": "New"})
    there = replace(row(), fields={**shown, **now})
    assert isinstance(turn(shelf(there), planned), expected)


@pytest.mark.parametrize(
    ("sent", "shown", "untaken"),
    [
        ({"active": True}, {"active": True}, ()),
        ({"active": True}, {"active": 1}, ()),
        ({"active": True}, {"active": False}, ("active",)),
        ({"data": "a: 1\n"}, {"data": "a: 1.0\n"}, ()),
        ({"data": "a: 1\n"}, {"data": "a: true\n"}, ("data",)),
        ({"data": "a: 1\n"}, {"data": "a: ["}, ("data",)),
        ({"data": "a: 1\n", "name": "New"}, {"name": "Other"}, ("name",)),
    ],
)
def test_an_answer_that_is_not_what_was_sent_to_the_letter_is_compared_by_meaning(
    sent: Mapping[FieldName, JsonValue], shown: Mapping[FieldName, JsonValue], untaken: tuple[FieldName, ...]
) -> None:
    planned = replace(change(), body=sent, old={"name": "Old"}, new={"name": "New", "active": True, "data": {"a": 1}})
    store = shelf(row())
    store.on_write = lambda: store.kept.update({7: replace(row(), fields=shown)})
    outcome = ended(Applied, store, planned)
    assert outcome.untaken == untaken
    assert bool(outcome.differences) == bool(untaken)


def run(store: Shelf, changes: Sequence[Update], parallelism: int = 4, stop: Event | None = None) -> list[Outcome]:
    stop, record = stop or Event(), Notebook(store)
    return list(apply_changes(changes, store, parallelism=parallelism, stop=stop, record=record, pause=lambda _: None))


def test_each_further_attempt_waits_twice_as_long() -> None:
    store = shelf(row(), faults=[(ServerError("500", status=500), False)] * WRITE_ATTEMPTS)
    pauses: list[float] = []
    changes = apply_changes([change()], store, parallelism=1, stop=Event(), record=Notebook(store), pause=pauses.append)
    assert len(list(changes)) == 1
    assert pauses == [RETRY_PAUSE, 2 * RETRY_PAUSE]


def many(count: int) -> tuple[list[Update], Shelf]:
    slugs = [f"flow_{number:03}" for number in range(count)]
    rows = [row(slug, number) for number, slug in enumerate(slugs)]
    return [change(slug, number) for number, slug in enumerate(slugs)], shelf(*rows)


@pytest.mark.parametrize("parallelism", [1, 4, 64])
def test_every_change_gets_exactly_one_outcome(parallelism: int) -> None:
    changes, store = many(50)
    outcomes = run(store, changes, parallelism)
    assert sorted(outcome.change.slug for outcome in outcomes) == [each.slug for each in changes]
    assert all(isinstance(outcome, Applied) for outcome in outcomes)
    assert exit_code(outcomes) is ExitCode.OK


CROWDED = """
import resource, threading
from tests.test_apply import many, run

changes, store = many(50)
threading.stack_size(256 << 20)
with open("/proc/self/statm") as sizes:
    used = int(sizes.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {threads} * (260 << 20), -1))
print(len(run(store, changes, 64)), len(store.writes))
"""
"""Has room for the stacks of some threads only."""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process may take is bounded otherwise elsewhere")
def test_a_system_without_room_for_all_threads_costs_no_outcome_and_without_any_writes_nothing() -> None:
    done = execute([sys.executable, "-c", CROWDED.format(threads=3)])
    assert done.out == "50 50\n", done.err
    done = execute([sys.executable, "-c", CROWDED.format(threads=0)])
    assert done.out == ""
    # Which of the two depends on what the interpreter happens to have left over.
    assert done.err.splitlines()[-1].strip() in {"RuntimeError: can't start new thread", "MemoryError:"}


def test_a_stop_finishes_what_is_in_flight_and_starts_nothing_more() -> None:
    changes, store = many(50)
    stop = Event()
    store.on_write = stop.set
    outcomes = run(store, changes, 2, stop)
    written = [outcome for outcome in outcomes if isinstance(outcome, Applied)]
    assert 1 <= len(written) == len(store.writes) <= 4
    assert len(written) + sum(isinstance(outcome, NotAttempted) for outcome in outcomes) == 50


def test_whoever_takes_no_more_outcomes_stops_the_run() -> None:
    changes, store = many(50)
    notebook = Notebook(store)
    stop = Event()
    running = apply_changes(changes, store, parallelism=2, stop=stop, record=notebook)
    assert isinstance(next(iter(running)), Applied)
    running.close()  # type: ignore[attr-defined] # a generator, as its caller's loop closes it
    assert stop.is_set()
    assert len(store.writes) == len(notebook.kept) <= 6
    assert all(not thread.name.startswith("apply") for thread in threading.enumerate())


def test_one_at_a_time_each_outcome_is_taken_before_the_next_flow_is_begun() -> None:
    """Flows that name each other are created so: what is made is reported in the order in which it was made."""
    planned = [change("flow_b", 2), change("flow_a", 1)]
    store = shelf(row("flow_a", 1), row("flow_b", 2))
    running = iter(apply_changes(planned, store, parallelism=1, stop=Event(), record=Notebook(store)))
    assert next(running).change.slug == "flow_b"
    time.sleep(0.1)  # a thread that had the next flow already would write it meanwhile
    assert [row_id for row_id, _ in store.writes] == [2]
    assert [outcome.change.slug for outcome in running] == ["flow_a"]


def test_what_ends_a_thread_is_raised_where_the_outcomes_are_asked_for() -> None:
    changes, store = many(5)
    store.on_write = sys.exit
    with pytest.raises(SystemExit):
        run(store, changes, 2)


def test_a_failure_that_every_flow_would_meet_stops_the_run() -> None:
    changes, store = many(50)
    store.faults = [(ForbiddenError("403", status=403), False)] * 50
    outcomes = run(store, changes, 2)
    assert len(store.writes) <= 4
    assert len(outcomes) == 50
    assert exit_code(outcomes) is ExitCode.PARTLY_APPLIED


def test_a_bug_in_one_turn_does_not_cost_the_ledger_of_the_others() -> None:
    changes, store = many(5)

    class Broken(Shelf):
        def rows(self, change: Change) -> Sequence[LiveFlow]:
            if change.slug == "flow_003":
                raise ZeroDivisionError
            return super().rows(change)

    outcomes = run(Broken(store.kept), changes)
    (failed,) = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert (failed.change.slug, failed.code) == ("flow_003", "bug")
    assert len(outcomes) == 5


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], ExitCode.OK),
        ([AlreadyApplied(change())], ExitCode.OK),
        ([Applied(change()), Refused(change(), "c", "m")], ExitCode.REFUSED),
        ([Applied(change()), Failed(change(), "c", "m", None, uncertain=False)], ExitCode.PARTLY_APPLIED),
        ([Applied(change(), ("name",))], ExitCode.PARTLY_APPLIED),
        ([Refused(change(), "c", "m"), NotAttempted(change(), "m")], ExitCode.PARTLY_APPLIED),
    ],
)
def test_the_exit_code_tells_the_worst(outcomes: list[Outcome], expected: ExitCode) -> None:
    assert exit_code(outcomes) is expected


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a process go to one thread there")
def test_a_signal_that_does_not_wake_the_waiting_thread_is_handled_all_the_same() -> None:
    """Caught by another thread, it is like one that comes just before the wait begins: nothing ends the wait."""
    stop, release = Event(), Event()

    class Slow(Shelf):
        def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
            os.kill(os.getpid(), signal.SIGUSR1)
            assert release.wait(30), "the signal was not handled while a write was in flight"
            return super().write(row_id, body)

    def handle(*_: object) -> None:
        stop.set()
        release.set()

    previous = signal.signal(signal.SIGUSR1, handle)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        store = Slow({1: row("flow_a", 1), 2: row("flow_b", 2)})
        planned = [change("flow_a", 1), change("flow_b", 2)]
        first, second = apply_changes(planned, store, parallelism=1, stop=stop, record=Notebook(store))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, previous)
    assert isinstance(first, Applied)
    assert isinstance(second, NotAttempted)
