"""Targeting through the command line: references to what is live, rules of the project, tests of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import fake_frigade, row

WAITING = "targetingLogic: user.flow('flow_b') == 'COMPLETED_FLOW'\n"


def test_validate_warns_of_a_flow_without_a_file_and_plan_looks_it_up(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": WAITING})
    told = flowsync("validate", "--format", "json", root=tmp_path)
    assert told.code == 0
    assert [(each["severity"], each["code"], each["column"]) for each in told.json["problems"]] == [
        ("warning", "targeting-unknown-flow", 27)
    ]
    with fake_frigade(rows=[row(1, "flow_a"), row(2, "flow_b")]) as server:
        planned = flowsync("plan", root=tmp_path, env=environment(server.url))
    assert planned.code == 0
    assert "warning" not in planned.err


@pytest.mark.parametrize("command", [["validate"], ["explain", "flow_a"]])
def test_a_flow_whose_file_cannot_be_read_has_a_file(tmp_path: Path, command: list[str]) -> None:
    write_flows(tmp_path, {"flow_a": WAITING, "flow_b": "name: a\n  type: CARD\n"})
    told = flowsync(*command, root=tmp_path)
    assert "targeting-unknown-flow" not in told.out + told.err
    (tmp_path / "flows" / "flow_b.yaml").unlink()
    assert "targeting-unknown-flow" in flowsync(*command, root=tmp_path).out


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_reference_to_what_is_neither_in_the_files_nor_live_blocks_its_flow(tmp_path: Path, command: str) -> None:
    with served(tmp_path, {"flow_a": WAITING}, [row(1, "flow_a"), row(3, "flow_c")]) as (server, run):
        refused = run(command)
        assert server.writes == []
    assert refused.code == (1 if command == "plan" else 4)
    assert "flows/flow_a.yaml:1:27 · blocked" in refused.out
    assert "blocked[targeting-unknown-flow] There is no flow `flow_b`" in refused.out


def test_a_flow_that_the_list_lacks_is_looked_up_before_it_counts_as_missing(tmp_path: Path) -> None:
    rows = [row(1, "flow_a"), row(2, "flow_b")]
    with served(tmp_path, {"flow_a": WAITING}, rows, unlisted=frozenset({"flow_b"})) as (_, run):
        assert run("plan").code == 0


def test_what_is_no_slug_is_never_asked_for(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "targetingLogic: user.flow('../x') != 'STARTED_FLOW' && user.flow('') == null\n"})
    with fake_frigade(rows=[row(1, "flow_a")]) as server:
        refused = flowsync("plan", root=tmp_path, env=environment(server.url))
        assert [request.path for request in server.requests] == ["/v1/flows", "/v1/flows/flow_a/versions"]
    assert refused.code == 1


def test_steps_of_a_live_flow_without_a_file_are_known(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "targetingLogic: user.flowStep('flow_b', 'twoo') == 'COMPLETED_STEP'\n"})
    data = "steps:\n- id: one\n- id: two\n"
    with fake_frigade(rows=[row(1, "flow_a"), row(2, "flow_b", data=data)]) as server:
        refused = flowsync("plan", root=tmp_path, env=environment(server.url))
    assert refused.code == 1
    assert "blocked[targeting-unknown-step]" in refused.out
    assert "Did you mean `two`?" in refused.out


def test_the_project_says_how_much_a_rule_weighs(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": WAITING})
    (tmp_path / "flowsync.yaml").write_text("rules:\n  targeting-unknown-flow: error\n")
    assert flowsync("validate", root=tmp_path).code == 3
    (tmp_path / "flowsync.yaml").write_text("rules:\n  targeting-unknown-flow: warning\n")
    with fake_frigade(rows=[row(1, "flow_a")]) as server:
        planned = flowsync("plan", "-v", root=tmp_path, env=environment(server.url))
    assert planned.code == 0
    assert "warning[targeting-unknown-flow] There is no flow `flow_b`" in planned.err


@pytest.mark.parametrize(
    ("rules", "place", "said"),
    [
        ("{targeting-syntax: off}", "1:9", "cannot be lowered"),
        ("{nonsense: off}", "1:9", "There is no rule `nonsense`"),
        ("{targeting-months: no}", "1:27", "error, warning, off"),
        ("[targeting-months]", "1:8", "must map rules to levels"),
    ],
)
def test_a_level_that_cannot_be_set_is_refused_at_its_place(tmp_path: Path, rules: str, place: str, said: str) -> None:
    write_flows(tmp_path, {"flow_a": "name: a\n"})
    (tmp_path / "flowsync.yaml").write_text(f"rules: {rules}\n")
    refused = flowsync("validate", root=tmp_path)
    assert refused.code == 3
    assert f"flowsync.yaml:{place}: error[" in refused.err
    assert said in refused.err


def test_an_ignore_holds_for_what_only_the_live_flows_tell(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": WAITING.replace("\n", " # flowsync: ignore[targeting-unknown-flow]\n")})
    assert flowsync("validate", "--strict", root=tmp_path).code == 0
    with fake_frigade(rows=[row(1, "flow_a")]) as server:
        assert flowsync("plan", root=tmp_path, env=environment(server.url)).code == 0


FAILING = """\
targetingLogic: user.property('plan') == 'pro' && user.isGuest() == false
tests:
  - name: guests do not | see it
    user: {properties: {plan: pro}, guest: true}
    sees: true
"""


def test_a_failing_test_is_an_error_at_its_line_with_the_explained_tree(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FAILING})
    shown = flowsync("validate", root=tmp_path)
    assert shown.code == 3
    assert "flows/flow_a.yaml:3:5: error[test-fails]" in shown.out
    assert "  |   - user.isGuest() == false   (user.isGuest() is true)\n" in shown.out
    as_json = flowsync("validate", "--format", "json", root=tmp_path).json["problems"][0]
    assert as_json["message"].endswith("\n  - user.isGuest() == false   (user.isGuest() is true)")
    annotated = flowsync("validate", "--format", "github", root=tmp_path).out.splitlines()[0]
    assert annotated.startswith("::error file=flows/flow_a.yaml,line=3,col=5,title=test-fails::The test ")
    assert "%0A- all of%0A  + user.property('plan') == 'pro'" in annotated
    sarif = flowsync("validate", "--format", "sarif", root=tmp_path).json["runs"][0]["results"][0]
    assert "\n- all of\n" in sarif["message"]["text"]
    assert r"guests do not \| see it" in flowsync("validate", "--format", "markdown", root=tmp_path).out
    refused = flowsync("plan", "--sandbox", root=tmp_path)
    assert (refused.code, refused.out) == (3, "")
    assert "error[test-fails]" in refused.err


def test_a_narrowed_validate_judges_all_and_tells_of_the_named_ones(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": WAITING, "flow_b": WAITING.replace("flow_b", "flow_a")})
    told = flowsync("validate", "flow_b", "--format", "json", root=tmp_path).json["problems"]
    assert [(each["file"], each["code"]) for each in told] == [("flows/flow_b.yaml", "targeting-cycle")]
