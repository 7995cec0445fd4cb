"""One finding does not take the account hostage: what is live already is a warning, what a plan would write blocks."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.command import Completed, served
from tests.support.fake_frigade import DataFormat, Row, row
from tests.support.strategies import flow_data, texts, wild_texts

GONE = "user.flow('flow_gone') == 'COMPLETED_FLOW'"
STEPS: dict[str, Any] = {"steps": [{"id": "one", "title": "One"}, {"id": "two", "title": "Two"}]}
ACCOUNT = [
    row(1, "flow_a", data=STEPS),
    row(2, "flow_b", data=STEPS, targetingLogic=GONE),
    row(3, "flow_c", data=STEPS, targetingLogic="user.flowStep('flow_a', 'two') == 'COMPLETED_STEP'"),
]


def edit(root: Path, slug: str, old: str, new: str) -> None:
    path = root / f"flows/{slug}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def codes(planned: Completed) -> list[tuple[str, str]]:
    return [(each["slug"], each["code"]) for each in planned.json["blocked"]]


def test_a_reference_to_a_flow_that_is_gone_is_a_warning_while_it_is_live_and_stays(tmp_path: Path) -> None:
    with served(tmp_path, {}, ACCOUNT) as (server, run):
        assert run("pull").code == 0
        planned = run("plan", "--detailed-exitcode")
        assert (planned.code, "0 to update, 3 unchanged" in planned.out) == (0, True)
        assert "warning[targeting-unknown-flow] There is no flow `flow_gone`" in planned.err
        assert "This plan does not change it." in planned.err
        assert "targeting-unknown-flow" in run("status").err
        edit(tmp_path, "flow_a", "Flow a", "New a")
        edit(tmp_path, "flow_b", "Flow b", "New b")
        applied = run("apply")
        assert (applied.code, "warning[targeting-unknown-flow]" in applied.err) == (0, True)
        assert [list(write.json) for write in server.writes] == [["name"], ["name"]]
        assert run("validate").code == 0


def test_a_finding_that_a_plan_would_write_blocks_its_flow_only(tmp_path: Path) -> None:
    with served(tmp_path, {}, ACCOUNT) as (server, run):
        run("pull")
        edit(tmp_path, "flow_a", "Flow a", "New a")
        edit(tmp_path, "flow_b", "flow_gone", "flow_aa")
        edit(tmp_path, "flow_b", "Flow b", "New b")
        planned = run("plan", "--format", "json")
        assert (planned.code, codes(planned)) == (1, [("flow_b", "targeting-unknown-flow")])
        [blocked] = planned.json["blocked"]
        assert blocked["message"] == (
            "There is no flow `flow_aa`, so this is false for every user. Did you mean `flow_a`?"
        )
        place = f"{blocked['file']}:{blocked['line']}:{blocked['column']}"
        assert place == "flows/flow_b.yaml:5:27"
        assert f"{place} · blocked" in run("plan").out
        refused = run("apply")
        assert (refused.code, server.writes) == (4, [])
        assert run("apply", "--skip-blocked").code == 0
        assert [write.json for write in server.writes] == [{"name": "New a"}]
        saved = run("plan", "--out", str(tmp_path / "plan.json"))
        assert (saved.code, run("apply", str(tmp_path / "plan.json")).code) == (1, 4)


UNKNOWN_STEP = "user.flowStep('flow_a', 'three') == 'COMPLETED_STEP'"
OWN = "user.flow('flow_b') == 'COMPLETED_FLOW'"
CRITERION: dict[str, Any] = {"steps": [{"id": "one", "startCriteria": UNKNOWN_STEP}, {"id": "two", "title": "Two"}]}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"targetingLogic": UNKNOWN_STEP, "data": STEPS}, "targeting-unknown-step"),
        ({"targetingLogic": OWN, "data": STEPS}, "targeting-self"),
        ({"data": CRITERION}, "targeting-unknown-step"),
    ],
)
def test_what_the_files_alone_show_is_an_error_only_where_it_is_written(
    tmp_path: Path, fields: dict[str, Any], code: str
) -> None:
    with served(tmp_path, {}, [row(1, "flow_a", data=STEPS), row(2, "flow_b", **fields)]) as (server, run):
        assert run("pull").code == 0
        assert run("validate").code == 3
        planned = run("plan", "--detailed-exitcode")
        assert (planned.code, f"warning[{code}]" in planned.err) == (0, True)
        edit(tmp_path, "flow_b", "title: Two", "title: New")
        assert (run("apply").code, len(server.writes)) == (0, 1)
        edit(tmp_path, "flow_b", "COMPLETED", "STARTED")
        for command in ("plan", "apply", "status"):
            refused = run(command)
            assert (refused.code, refused.out, f"error[{code}]" in refused.err) == (3, "", True)
        assert run("plan", "flow_a").code == 0
        assert len(server.writes) == 1


def test_a_plan_that_breaks_what_another_flow_refers_to_is_refused(tmp_path: Path) -> None:
    with served(tmp_path, {}, ACCOUNT) as (_, run):
        run("pull")
        edit(tmp_path, "flow_a", "id: two", "id: 2nd")
        refused = run("plan")
        assert refused.code == 3
        assert "flows/flow_c.yaml:5:41: error[targeting-unknown-step]" in refused.err
        assert "targeting-unknown-flow" not in refused.err


@pytest.mark.parametrize("wrong", ["nmae: x\n", "name: [\n", "slug: flow_z\n", "name: a\nname: b\n", "protected: 1\n"])
def test_what_is_wrong_with_a_file_itself_stops_every_plan(tmp_path: Path, wrong: str) -> None:
    with served(tmp_path, {"flow_a": "name: Flow a\n", "flow_b": wrong}, ACCOUNT) as (server, run):
        assert [run(*command).code for command in (("plan",), ("apply",), ("plan", "flow_a"))] == [3, 3, 3]
        assert server.writes == []


def test_errors_in_files_come_first_where_what_is_live_cannot_be_read(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": "targetingLogic: user.isGuest(\n"}, ACCOUNT) as (_, run):
        refused = run("plan", "--sandbox")
        assert (refused.code, "error[targeting-syntax]" in refused.err) == (3, True)
    offline = run("plan")
    assert (offline.code, "error[targeting-syntax]" in offline.err) == (3, True)


def test_pull_and_the_plans_after_it_say_that_nobody_sees_a_flow_with_a_broken_expression(tmp_path: Path) -> None:
    with served(tmp_path, {}, [row(1, "flow_a", targetingLogic="user.isGuest(")]) as (_, run):
        pulled = run("pull")
        assert "left out targetingLogic:" in pulled.out
        assert "Nobody sees the flow now: the expression is broken." in " ".join(pulled.out.split())
        planned = run("plan", "--detailed-exitcode")
        assert planned.code == 0
        assert "warning[live-targeting-broken] Nobody sees the flow" in planned.out
        assert "flow_a: Nobody sees the flow" in run("status").err


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"data": "steps: ["}, "data-unreadable"),
        ({"data": "steps: [{title: x}]"}, "missing-key"),
        ({"type": "MODAL"}, "wrong-value"),
    ],
)
def test_the_plans_after_a_pull_keep_saying_which_live_field_is_wrong(
    tmp_path: Path, fields: dict[str, Any], code: str
) -> None:
    with served(tmp_path, {}, [row(1, "flow_a", **fields)]) as (_, run):
        assert "left out" in run("pull").out
        for command in ("plan", "status"):
            done = run(command)
            assert (done.code, f"flows/flow_a.yaml:1:1: warning[{code}]" in done.err) == (0, True)
            assert f"{next(iter(fields))} is not set in the file, and the live value has an error: " in done.err
        (tmp_path / "flowsync.yaml").write_text(f"rules:\n  {code}: off\n")
        assert (code in run("plan").err) == (code == "data-unreadable")


hostile_texts = st.sampled_from([
    *("", "{}", "- a", "[]", "steps: [", "just words", "steps: {}", "data:\n  - id: a", "steps: [{id: a}, {id: a}]"),
    *("steps: [{title: x}]", "steps: [{id: a, fields: [{id: b, type: Text}]}]", "steps: [{id: 0123}]", "a: &a [*a]"),
    *("steps: [{id: a, startCriteria: user.flow(}]", "steps: [{id: a, visibilityCriteria: \"user.flow('g') == 1\"}]"),
])  # fmt: skip
expressions = st.sampled_from([
    *("", " ", "user.property(", "user.isGuest() &&", GONE, OWN, UNKNOWN_STEP, "user.flow('flow_b') == 'DONE'"),
    *("user.flowStepData('flow_a', 'one', 'x') == '1'", "user.property('a') > 'b'", "x" * 2_500, "a\nb", "'\u202e'"),
])  # fmt: skip
hostile_fields = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | wild_texts | st.none(),
        "type": st.sampled_from(["TOUR", "NPS_SURVEY", "MODAL", "", "tour", None]),
        "description": wild_texts | st.none(),
        "active": st.booleans() | st.none(),
        "targetingLogic": expressions | st.none(),
        "data": hostile_texts | flow_data | flow_data.map(json.dumps),
        "status": st.sampled_from(["ACTIVE", "DRAFT", "ARCHIVED", "DELETED", "PAUSED"]),
    },
)
slugs = st.sampled_from(
    ["flow_a", "flow_b", "FLOW_A", "flow_é", "flow_é", "a b", "con", "..", "x/y", "12", "#", "a: b"]
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(slugs, hostile_fields, min_size=1, max_size=5))
def test_the_plan_after_a_pull_is_empty_whatever_the_account_holds(account: dict[str, dict[str, Any]]) -> None:
    rows: list[Row] = [row(number, slug, **fields) for number, (slug, fields) in enumerate(account.items(), start=1)]
    behaviour = {"data": DataFormat.STORED}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), {}, rows, **behaviour) as (server, run):
        assert run("pull").code == 0
        if not any((Path(folder) / "flows").rglob("*.yaml")):
            return
        planned = run("plan", "--detailed-exitcode", "--format", "json")
        assert (planned.code, planned.json["changes"], planned.json["blocked"]) == (0, [], []), planned.both
        assert run("apply").code == 0
        assert run("status").code == 0
        assert server.writes == []
