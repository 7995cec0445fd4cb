"""A change of a saved plan beside the live row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.diff.fields import fingerprint
from flowsync.errors import PlanFileError
from flowsync.model import SENT_FIELDS, FieldName, JsonValue, LiveFlow, Op, Plan, Update
from flowsync.plan.document import digest, to_document
from flowsync.plan.saved import AsPlanned, AsWritten, Edited, Stale, from_document, restored
from flowsync.render.wording import reasons
from tests.plan.builders import flow_of, plan_of, row, update_of, updates
from tests.plan.pairs import Pairs, plan_from, rows, sent, stated_and_live
from tests.support import strategies as flows


def read_back(plan: Plan) -> Plan:
    return from_document(to_document(plan))


@given(stated_and_live)
def test_what_was_planned_is_found_again_with_every_managed_field(pairs: Pairs) -> None:
    plan = plan_from(pairs)
    live = {each.slug: each for each in rows(pairs)}
    for was, read in zip(updates(plan), updates(read_back(plan)), strict=True):
        found = restored(read, live[was.slug])
        assert isinstance(found, AsPlanned)
        assert list(found.change.old) == list(was.old)
        assert fingerprint(found.change.old) == was.before
        assert fingerprint(found.change.new) == was.after
        assert isinstance(found.change, Update)
        assert replace(found.change, old={}, new={}) == replace(was, old={}, new={})


@given(stated_and_live)
def test_what_was_written_is_found_written(pairs: Pairs) -> None:
    plan = plan_from(pairs)
    live = {each.slug: each for each in rows(pairs)}
    for was, read in zip(updates(plan), updates(read_back(plan)), strict=True):
        written = replace(live[was.slug], fields={**live[was.slug].fields, **was.body})
        found = restored(read, written)
        assert isinstance(found, AsWritten)
        assert fingerprint(found.change.new) == was.after


@given(st.data(), stated_and_live)
def test_an_edit_of_any_managed_field_is_found_edited(data: st.DataObject, pairs: Pairs) -> None:
    plan = plan_from(pairs)
    live = {each.slug: each for each in rows(pairs)}
    for was, read in zip(updates(plan), updates(read_back(plan)), strict=True):
        edits = data.draw(flows.flow_fields)
        edited: dict[FieldName, JsonValue] = {name: value for name, value in edits.items() if name in was.old}
        now = fingerprint({**was.old, **edited})
        found = restored(read, replace(live[was.slug], fields={**live[was.slug].fields, **typed(sent(edited))}))
        assert isinstance(found, AsPlanned) == (now == was.before)
        assert isinstance(found, AsWritten) == (now == was.after)
        if isinstance(found, Edited):
            assert reasons([Stale(read, found)])


def typed(fields: dict[str, JsonValue]) -> dict[FieldName, JsonValue]:
    return {name: fields[name] for name in SENT_FIELDS if name in fields}


FILE = "name: New\ndata:\n  steps:\n    - {id: b, title: B}\n    - {id: a, title: A}\n    - {id: new, title: N}\n"


def live(data: str, **fields: JsonValue) -> LiveFlow:
    return row(name="Old", description="unmanaged", data=data, **fields)  # type: ignore[arg-type] # JSON


BEFORE = "steps: [{id: a, title: A}, {id: b, title: B}, {id: c, title: C}]"


def test_each_difference_is_told_as_it_was_planned_from_and_is_now() -> None:
    change = read_back_one(update_of(flow_of(FILE), live(BEFORE)))
    now = "steps: [{id: b, title: B}, {id: z, title: Z}, {id: a, title: Edited}]"
    found = restored(change, live(now))
    assert isinstance(found, Edited)
    assert {each.op for each in found.differences} >= {Op.MOVE, Op.REPLACE}
    assert found.elsewhere is None
    assert reasons([Stale(change, found), Stale(change, "It is gone.")]) == [
        "flow_a: steps[a]: was at position 1 when planned, now at 3",
        'flow_a: steps[a].title: was "A" when planned, now "Edited"',
        'flow_a: steps[c].id: was "c" when planned, now "z"',
        'flow_a: steps[c].title: was "C" when planned, now "Z"',
        "flow_a: It is gone.",
    ]


def read_back_one(change: Update) -> Update:
    plan = replace(plan_of([], []), changes=(change,))
    (read,) = updates(read_back(replace(plan, digest=digest(plan))))
    return read


def test_a_long_value_is_cut_and_hidden_characters_stay_for_the_one_who_shows_it() -> None:
    change = read_back_one(update_of(flow_of("name: New"), row(name="Old")))
    found = restored(change, row(name="x" * 500))
    assert isinstance(found, Edited)
    (reason,) = reasons([Stale(change, found)])
    assert len(reason) < 160


def test_long_values_are_told_from_where_they_differ() -> None:
    words = "word " * 100
    change = read_back_one(update_of(flow_of("name: New"), row(name=f"{words}old end")))
    found = restored(change, row(name=f"{words}new"))
    assert isinstance(found, Edited)
    assert reasons([Stale(change, found)]) == [
        'flow_a: name: was …word word word word old end" when planned, now …word word word word new"'
    ]


def test_a_change_that_leads_elsewhere_than_it_says_is_refused() -> None:
    change = read_back_one(update_of(flow_of("name: New"), row(name="Old")))
    with pytest.raises(PlanFileError, match="does not lead to what it says"):
        restored(replace(change, after="sha256:0"), row(name="Old"))


def test_a_field_that_is_not_returned_any_more_is_told_and_nothing_guessed() -> None:
    change = read_back_one(update_of(flow_of("name: New\ntype: CARD"), row(name="Old", type="CARD")))
    found = restored(change, row(type="CARD"))
    assert found == Edited((), None, ("name",))
    assert reasons([Stale(change, found)]) == ["flow_a: name: the API no longer returns it, so it is not compared."]
    unexplained = restored(change, row(name="Old"))
    assert unexplained == Edited((), (), ())
    assert reasons([Stale(change, unexplained)]) == [
        "flow_a: a field that the plan does not change was edited, or the API no longer returns it."
    ]
