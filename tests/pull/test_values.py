"""Live rows to texts: properties that hold whatever an account holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import document, validate
from flowsync.api.rows import live_flow
from flowsync.diff.fields import compare
from flowsync.flows.files import FlowFile, flow_from_document
from flowsync.model import Flow, JsonValue, LiveFlow, Problem, Severity
from flowsync.pull.new_files import new_file
from flowsync.pull.results import ChangedFile, SameFile, Scope
from flowsync.pull.updates import ExistingFile, updated
from tests.support.strategies import edits, flow_data, targeting, texts, wild_texts
from tests.support.styles import written

FILE = FlowFile(Path("flows/flow_x.yaml"), "flows/flow_x.yaml")
MODELINE = "# yaml-language-server: $schema=../.flowsync/flow.schema.json\n"


def errors(flow: Flow) -> Sequence[Problem]:
    return [problem for problem in validate.check(flow) if problem.severity is Severity.ERROR]


def anything_goes(_: Flow) -> Sequence[Problem]:
    return ()


def live(**fields: JsonValue) -> LiveFlow:
    return live_flow({"id": 1, "slug": "flow_x", "version": 1, "status": "ACTIVE", **fields})


def flow(text: str, environment: str | None = None) -> Flow:
    read = flow_from_document(document.parse(text, FILE.name), FILE, environment)
    assert isinstance(read, Flow)
    return read


def taken(text: str, row: LiveFlow, scope: Scope = Scope.STATED, environment: str | None = None) -> Any:  # noqa: ANN401 - one of two results
    return updated(ExistingFile(flow(text, environment), FILE, row, environment, errors), scope)


data_texts = st.one_of(
    flow_data.map(json.dumps), flow_data.map(document.dump), st.builds(written, flow_data, st.integers(0, 2**32))
)
rows = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | wild_texts | st.none(),
        "type": st.sampled_from(["TOUR", "CARD", "NPS_SURVEY", "", None]),
        "description": texts | wild_texts | st.none(),
        "active": st.booleans() | st.none(),
        "targetingLogic": targeting | st.none() | st.just("user.property("),
        "data": data_texts | wild_texts,
    },
)


@given(rows)
def test_the_plan_after_a_first_import_is_empty_and_the_file_is_valid(fields: dict[str, JsonValue]) -> None:
    row = live(**fields)
    made = new_file(row, FILE, MODELINE, errors)
    read = flow(made.text)
    assert made.text.startswith(MODELINE)
    assert compare(read.fields, row.fields, read.data_text).changes == ()
    assert errors(read) == []
    assert tuple(read.fields) == made.fields
    again = updated(ExistingFile(read, FILE, row, None, errors), Scope.STATED)
    assert isinstance(again, SameFile)


@given(edits(flow_data), st.integers(0, 2**32), st.booleans())
def test_what_was_changed_in_the_dashboard_is_taken_over(pair: tuple[Any, Any], seed: int, is_text: bool) -> None:  # noqa: FBT001 - drawn
    old, new = pair
    whole: JsonValue = {"data": written(old, seed) if is_text else old, "name": "x"}
    row = live(data=json.dumps(new), name="y")
    text = document.dump(whole) if is_text else written(whole, seed)
    was = flow_from_document(document.parse(text, FILE.name), FILE, None)
    if not isinstance(was, Flow):
        return
    done = updated(ExistingFile(was, FILE, row, None, anything_goes), Scope.STATED)
    assert isinstance(done, ChangedFile)
    assert done.left_out == ()
    now = flow(done.text)
    assert compare(now.fields, row.fields, now.data_text).changes == ()
    again = updated(ExistingFile(now, FILE, row, None, anything_goes), Scope.STATED)
    assert isinstance(again, SameFile)


def test_the_dashboards_own_lines_are_kept() -> None:
    own = "# for Acme\r\nsteps:\r\n- id: a # keep\r\n  title: >\r\n    Hi\r\n    there\r\n\r\n- id: b"
    made = new_file(live(data=own), FILE, MODELINE, errors)
    assert made.text == MODELINE + (
        "data:\n  # for Acme\n  steps:\n  - id: a # keep\n    title: >\n      Hi\n      there\n\n  - id: b\n"
    )
    assert flow(made.text).data_text == "# for Acme\n" + own.replace("\r\n", "\n").partition("\n")[2] + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"steps": [{"id": "a"}]}', "data:\n  steps:\n    - id: a\n"),
        ("{steps: [{id: a}]}", "data:\n  steps:\n    - id: a\n"),
        ("---\nsteps:\n  - id: a\n", "data:\n  steps:\n    - id: a\n"),
    ],
)
def test_what_is_no_block_of_lines_is_written_as_one(text: str, expected: str) -> None:
    assert new_file(live(data=text), FILE, "", errors).text == expected


@pytest.mark.parametrize(
    ("fields", "left_out", "kept"),
    [
        ({"type": "NPS_SURVEY", "name": "x"}, [], "name: x\ntype: NPS_SURVEY\n"),
        ({"type": "SHOP_WINDOW", "name": "x"}, ["type"], "name: x\n"),
        ({"targetingLogic": "user.property(", "name": "x"}, ["targetingLogic"], "name: x\n"),
        ({"data": "steps: [", "name": "x"}, ["data"], "name: x\n"),
        ({"data": "- a\n"}, ["data"], "{}\n"),
        ({"data": json.dumps({"k" * 2000: 1, "steps": []})}, ["data"], "{}\n"),
        ({"name": None, "description": "", "targetingLogic": None, "active": None}, [], "{}\n"),
    ],
)
def test_what_a_plan_would_refuse_is_left_out_and_told(fields: dict[str, Any], left_out: list[str], kept: str) -> None:
    made = new_file(live(**fields), FILE, "", errors)
    assert [left.field for left in made.left_out] == left_out
    assert all(left.message for left in made.left_out)
    assert made.text == kept


def test_only_stated_fields_are_taken_over_and_all_of_them_on_request() -> None:
    text = "# mine\nname: Old # shown\nx-note: 1\ndata: {steps: [{id: a}]}\n"
    row = live(name="New", type="CARD", description=None, active=False, data='{"steps": [{"id": "a"}]}')
    assert taken(text, row).text == text.replace("Old", "New")
    both = taken(text, row, Scope.ALL)
    assert both.text == "# mine\nname: New # shown\ntype: CARD\nactive: false\nx-note: 1\ndata: {steps: [{id: a}]}\n"
    assert both.fields == ("name", "type", "active")
    assert both.places == ("name", "type", "active")


def test_a_field_that_cannot_be_taken_keeps_no_other_out() -> None:
    text = "name: Old\ntargetingLogic: user.isGuest()\ndata: {steps: []}\n"
    done = taken(text, live(name="New", targetingLogic="user.isGuest(", data="steps: ["))
    assert done.text == text.replace("Old", "New")
    assert [left.field for left in done.left_out] == ["data", "targetingLogic"]
    assert isinstance(taken(text, live(name="Old", targetingLogic="user.isGuest(", data="steps: []")), SameFile)
    unwritable = taken(text, live(name="New", targetingLogic="user.isGuest()", data=json.dumps({"k" * 2000: 1})))
    assert (unwritable.fields, [left.field for left in unwritable.left_out]) == (("name",), ["data"])


def test_a_test_that_fails_now_keeps_nothing_out_but_is_told() -> None:
    text = "targetingLogic: user.isGuest()\ntests:\n  - user: {guest: true}\n    sees: true\n"
    done = taken(text, live(targetingLogic="user.isGuest() == false"))
    assert done.text.startswith("targetingLogic: user.isGuest() == false\n")
    assert len(done.failing) == 1


def test_an_error_that_the_file_has_already_keeps_nothing_out() -> None:
    text = "nmae: x\nname: Old\n"
    assert taken(text, live(name="New")).text == "nmae: x\nname: New\n"


OVERLAID = """\
name: Everywhere
active: true
data:
  title: Everywhere
  steps:
    - id: a
environments:
  production:
    name: Production # there
    data:
      title: Production
"""


def test_a_field_of_the_overlay_is_updated_there() -> None:
    row = live(name="Live", active=False, data='{"title": "Live", "steps": [{"id": "a"}], "sequential": true}')
    done = taken(OVERLAID, row, environment="production")
    assert done.text == OVERLAID.replace("name: Production #", "name: Live #").replace("true", "false").replace(
        "      title: Production\n", "      title: Live\n      sequential: true\n"
    )
    assert done.fields == ("name", "active", "data")


def test_an_overlay_takes_over_what_is_nested_and_tells_what_it_cannot() -> None:
    text = (
        "data:\n  props: {a: {b: 1, c: 2}}\n  steps: []\nenvironments:\n  p:\n    data:\n"
        "      props: {a: {b: 9}, z: 1}\n      title: x\n"
    )
    row = live(data='{"props": {"a": {"b": 9, "c": 3}}, "steps": [], "sequential": true}')
    done = taken(text, row, environment="p")
    assert done.text == text.replace("{b: 9}, z: 1", "{b: 9, c: 3}").replace(
        "      title: x\n", "      sequential: true\n"
    )
    less = taken(text, live(data='{"props": {"a": {"b": 9}}, "title": "x"}'), environment="p")
    assert isinstance(less, SameFile)
    assert [(left.field, left.message) for left in less.left_out] == [
        ("data", "The file cannot express the live value.")
    ]


def test_data_that_the_file_holds_as_text_is_edited_inside_of_it() -> None:
    text = "data: |\n  # kept\n  steps:\n    - id: a # a\n      title: Old\nname: x\n"
    done = taken(text, live(name="x", data='{"steps": [{"id": "a", "title": "New"}]}'))
    assert done.text == text.replace("Old", "New")
    as_json = 'data: \'{"steps": [{"id": "a", "title": "Old"}]}\'\n'
    assert taken(as_json, live(data="steps: [{id: a, title: New}]")).text == as_json.replace("Old", "New")
    broken = "data: 'steps: ['\n"
    assert taken(broken, live(data="steps: []")).text == "data: |\n  steps: []\n"


def test_a_rewritten_part_has_a_label_for_people() -> None:
    text = (
        "x: &b {title: Go}\ndata:\n  steps:\n    - id: a b\n      primaryButton: *b\n    - options: [{value: 1}, *b]\n"
    )
    row = live(data='{"steps": [{"id": "a b", "primaryButton": {"title": "No"}}, {"options": [{"value": 1}, 2]}]}')
    done = updated(ExistingFile(flow(text), FILE, row, None, anything_goes), Scope.STATED)
    assert isinstance(done, ChangedFile)
    assert done.rewritten == ('data.steps["a b"].primaryButton', "data.steps[1].options[1]")
