"""A file's fields against what the server says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import document
from flowsync.diff.canonical import canonical
from flowsync.diff.fields import changes_between, comparable, compare, fingerprint, observe
from flowsync.model import SENT_FIELDS, FieldChange, FieldName, JsonValue, Op
from tests.support import strategies as flows


def criteria(*texts: str) -> JsonValue:
    return {"steps": [{"id": f"s{number}", "visibilityCriteria": text} for number, text in enumerate(texts)]}


STEPS: JsonValue = {"steps": [{"id": "a", "title": "A"}]}

SAME: list[tuple[FieldName, JsonValue, JsonValue]] = [
    ("name", "A", "A"),
    ("name", None, None),
    ("description", "", None),
    ("description", None, ""),
    ("active", True, True),
    ("active", False, 0),
    ("targetingLogic", "", None),
    ("targetingLogic", None, " "),
    ("targetingLogic", "user.isGuest() AND 1 === 1", "user.isGuest()&&1==1"),
    ("targetingLogic", "user.property('a') == 'b'", 'user.property("a")  ==  "b"'),
    ("data", STEPS, '{"steps": [{"title": "A", "id": "a"}]}'),
    ("data", STEPS, "# by hand\nsteps:\n- title: A\n  id: a\n"),
    ("data", STEPS, STEPS),
    ("targetingLogic", "user.property('a') > 1", "user.property('a') > 1.0"),
    ("data", criteria("user.isGuest()\n&& 1 < 2\n"), criteria("user.isGuest() AND 1.0 < 2")),
    (
        "data",
        criteria('user.property("a")', "user.property( 'a' )"),
        criteria("user.property('a')\n", "user.property ('a')"),
    ),
    ("data", None, ""),
]

DIFFERENT: list[tuple[FieldName, JsonValue, JsonValue]] = [
    ("name", "A", "a"),
    ("name", "A", None),
    ("name", "", None),
    ("name", "1", 1),
    ("type", "CARD", "NPS_SURVEY"),
    ("type", "CARD", None),
    ("description", "A ", "A"),
    ("active", True, False),
    ("targetingLogic", "1 == 1", "1 == 2"),
    ("targetingLogic", "'", '"'),
    ("targetingLogic", "", {"odd": 1}),
]


@pytest.mark.parametrize(("field", "stated", "live"), SAME)
def test_equal_fields(field: FieldName, stated: JsonValue, live: JsonValue) -> None:
    comparison = compare({field: stated}, {field: live})
    assert comparison.changes == ()
    assert comparison.changed == ()
    assert fingerprint(comparison.old) == fingerprint(comparison.new)


@pytest.mark.parametrize(("field", "stated", "live"), DIFFERENT)
def test_different_fields(field: FieldName, stated: JsonValue, live: JsonValue) -> None:
    comparison = compare({field: stated}, {field: live})
    assert comparison.changes == (FieldChange(field, "", field, Op.REPLACE, live, stated),)
    assert comparison.changed == (field,)
    assert fingerprint(comparison.old) != fingerprint(comparison.new)


def test_a_criterion_that_is_only_spelled_otherwise_is_no_part_of_a_change() -> None:
    stated, live = criteria("1 < 2 &&\n3 < 4", "true"), criteria("1<2 AND 3<4", "false")
    (change,) = compare({"data": stated}, {"data": live}).changes
    assert change == FieldChange(
        "data", "/steps/1/visibilityCriteria", "steps[s1].visibilityCriteria", Op.REPLACE, "false", "true"
    )
    (there,) = changes_between({"data": live}, {"data": stated})
    assert there == change


def test_what_only_looks_like_a_criterion_is_compared_exactly() -> None:
    stated: JsonValue = {"steps": [{"id": "a", "props": {"startCriteria": "1  < 2"}}]}
    live: JsonValue = {"steps": [{"id": "a", "props": {"startCriteria": "1 < 2"}}]}
    assert len(compare({"data": stated}, {"data": live}).changes) == 1


def test_only_stated_fields_are_compared_in_their_order() -> None:
    stated: dict[FieldName, JsonValue] = {"data": STEPS, "name": "A"}
    live: dict[FieldName, JsonValue] = {"name": "B", "type": "CARD", "data": "steps: []"}
    comparison = compare(stated, live)
    assert comparison.changed == ("name", "data")
    assert list(comparison.old) == list(comparison.new) == ["name", "data"]
    assert comparison.old == {"name": "B", "data": {"steps": []}}


@pytest.mark.parametrize("told", [{}, {"active": None}, {"active": "true"}, {"active": []}])
def test_what_the_server_does_not_tell_is_unseen(told: Mapping[FieldName, JsonValue]) -> None:
    comparison = compare({"active": True, "description": "D", "name": "A"}, {"name": "A", **told})
    assert comparison.unseen == ("description", "active")
    assert comparison.changes == ()
    assert comparison.new == {"name": "A"}


@pytest.mark.parametrize("text", ["steps: [", "a: 1\na: 2", "{a: 1"])
def test_live_data_that_cannot_be_read_differs_as_a_whole(text: str) -> None:
    comparison = compare({"data": STEPS}, {"data": text})
    assert comparison.live_data_is_unreadable
    assert comparison.changes == (FieldChange("data", "", "data", Op.REPLACE, text, STEPS),)
    assert fingerprint(comparison.old) == fingerprint({"data": text})


def test_a_live_text_equal_to_the_one_to_send_is_not_parsed() -> None:
    comparison = compare({"data": STEPS, "name": "A"}, {"data": "steps: [", "name": "B"}, "steps: [")
    assert comparison.changed == ("name",)
    assert comparison.old == {"name": "B", "data": STEPS}


@given(flows.edits(flows.flow_data))
def test_the_text_to_send_changes_nothing_of_a_comparison(pair: tuple[JsonValue, JsonValue]) -> None:
    live, stated = pair
    text = document.dump(live)
    assert compare({"data": stated}, {"data": text}, document.dump(stated)) == compare({"data": stated}, {"data": text})


def test_a_fingerprint_is_of_the_meaning() -> None:
    fields: dict[FieldName, JsonValue] = {"name": "A", "description": None, "targetingLogic": "1 === 1", "data": STEPS}
    again: dict[FieldName, JsonValue] = {"data": STEPS, "targetingLogic": "1==1", "description": "", "name": "A"}
    assert fingerprint(fields) == fingerprint(again)
    assert fingerprint(fields).startswith("sha256:")
    assert len(fingerprint(fields)) == 71
    assert fingerprint({**fields, "name": "B"}) != fingerprint(fields)
    assert fingerprint({"name": "A"}) != fingerprint(fields)


def test_a_fingerprint_does_not_change_between_releases() -> None:
    fields: dict[FieldName, JsonValue] = {"name": "A", "active": True, "targetingLogic": "1 === 1", "data": STEPS}
    assert fingerprint(fields) == ("sha256:2faa522b74573bceafe5ea9cb13ce00257e32fa847399434cad61df39b670824")


def plainly(fields: Mapping[FieldName, JsonValue]) -> str:
    """A fingerprint, made the plain way."""
    meant = {name: canonical(comparable(name, value)) for name, value in fields.items()}
    text = json.dumps(meant, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


@given(flows.flow_fields, st.dictionaries(st.sampled_from(SENT_FIELDS), flows.trees(flows.wild_scalars)))
def test_fingerprints_are_hashes_of_canonical_json(
    stated: dict[FieldName, JsonValue], wild: dict[FieldName, JsonValue]
) -> None:
    assert fingerprint(stated) == plainly(stated)
    assert fingerprint(wild) == plainly(wild)


@given(flows.flow_fields)
def test_fields_that_went_to_the_server_and_back_are_unchanged(stated: dict[FieldName, JsonValue]) -> None:
    live = dict(stated)
    if "data" in live:
        live["data"] = document.dump(live["data"])
    comparison = compare(stated, live)
    assert comparison.changes == ()
    assert fingerprint(comparison.old) == fingerprint(comparison.new) == fingerprint(observe(live, stated).values)


@given(st.data(), flows.flow_fields, flows.flow_fields)
def test_the_order_of_keys_does_not_count(
    data: st.DataObject, stated: dict[FieldName, JsonValue], live: dict[FieldName, JsonValue]
) -> None:
    one = compare(stated, live)
    other = compare(data.draw(flows.shuffled_fields(stated)), data.draw(flows.shuffled_fields(live)))
    assert (one.changed, one.unseen) == (other.changed, other.unseen)
    assert fingerprint(one.old) == fingerprint(other.old)
    assert fingerprint(one.new) == fingerprint(other.new)
    assert [name for name in SENT_FIELDS if name in one.changed] == list(one.changed)


def test_changes_are_those_of_the_fields_that_both_have() -> None:
    old: dict[FieldName, JsonValue] = {"type": "CARD", "name": "A", "data": "steps: ["}
    new: dict[FieldName, JsonValue] = {"name": "B", "description": "B", "data": STEPS}
    assert [change.field for change in changes_between(old, new, data_is_text=True)] == ["name", "data"]
    assert changes_between(old, {"active": True}) == ()
