"""Which records count as rolled back, from what the records of rollbacks say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowsync.model import Applied, Create, Failed, Outcome
from flowsync.record.lines import create_line, run_line
from flowsync.record.undoing import newest, with_undone
from flowsync.record.values import Kept, Purpose, Unreadable
from tests.record.building import RUN, TIME, change, ended, record, row, write

PLACE = RUN.place


def kept(name: str, minute: int, undoes: str | None = None, outcome: Outcome | None = None, *more: int) -> Kept:
    """A record of one write, with a run for the minute and for each of `more`."""
    purpose = Purpose.APPLY if undoes is None else Purpose.ROLLBACK
    run = replace(RUN, purpose=purpose, time=f"2026-01-02T03:{minute:02}:00.000Z", undoes=undoes)
    later = [run_line(replace(run, time=f"2026-01-02T03:{each:02}:00.000Z", undoes=None)) for each in more]
    lines = [run_line(run), write(change(), row()), ended(outcome or Applied(change()), row(name="New")), *later]
    return Kept(name, record(*lines))


FAILED = Failed(change(), "x", "No.", None, uncertain=False)
UNCERTAIN = replace(FAILED, uncertain=True)

CREATE = Create("flow_new", "flows/flow_new.yaml", (), (), {"name": "New"}, "", {"name": "New"})
MAYBE = Kept("b", record(run_line(replace(RUN, time="2026-01-02T03:09:00.000Z")), create_line(CREATE, TIME)))


@pytest.mark.parametrize(
    ("found", "undone", "latest"),
    [
        ([kept("a", 1)], [], "a"),
        ([kept("b", 2, "a"), kept("a", 1)], ["a"], None),
        ([kept("c", 3, "b"), kept("b", 2, "a"), kept("a", 1)], ["b"], "a"),
        ([kept("d", 4, "c"), kept("c", 3, "b"), kept("b", 2, "a"), kept("a", 1)], ["c", "a"], None),
        ([kept("b", 2, "a"), kept("a", 1, None, None, 3)], [], "a"),  # a run was added after the rollback
        ([kept("b", 2, "b"), kept("a", 1, "b")], [], None),  # neither is of an earlier one
        ([kept("b", 2, "../elsewhere.jsonl"), kept("a", 1)], [], "a"),
        ([kept("b", 2, "a", FAILED), kept("a", 1)], [], "a"),
        ([kept("b", 2, "a", UNCERTAIN), kept("a", 1)], [], "a"),
        ([kept("b", 2, None, FAILED), kept("a", 1)], [], "a"),
        ([kept("b", 2, None, UNCERTAIN), kept("a", 1)], [], "b"),
        ([Kept("b", Unreadable("No.")), kept("a", 1)], [], "a"),
        ([MAYBE, kept("a", 1)], [], "b"),  # whether that made a flow is not known
    ],
)
def test_what_is_undone_and_what_is_the_newest(found: list[Kept], undone: list[str], latest: str | None) -> None:
    told = with_undone(found)
    assert [each.name for each in told if each.undone] == undone
    chosen = newest(told, PLACE)
    assert (chosen.name if chosen else None) == latest
    assert newest(told, replace(PLACE, environment="another")) is None
