"""explain, test and graph, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import command_line, execute, flowsync, process, write_flows
from tests.support.terminal import on_terminal

FLOW = """\
name: Upgrade
active: true
targetingLogic: >-
  user.property('plan') == 'pro' &&
  (user.property('signup') within 2w || user.flow('flow_setup') == 'COMPLETED_FLOW')
data:
  steps:
    - id: upgrade
      visibilityCriteria: user.isGuest() == false
      completionCriteria: user.event('upgraded').count > 0
    - id: plain
tests:
  - name: pro users who are new
    user: {properties: {plan: pro, signup: 2026-01-20}}
    at: 2026-02-01
    sees: true
  - {step: upgrade, shows: true}
"""
USER = """\
name: Ann
user:
  properties: {plan: pro, signup: 2026-01-20}
at: 2026-02-01
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_flows(tmp_path, {"flow_upgrade": FLOW, "flow_setup": "name: Setup\ntargetingLogic: ''\n"})
    (tmp_path / "ann.yaml").write_text(USER)
    return tmp_path


def test_explain_shows_every_condition_with_its_value_and_its_truth(project: Path) -> None:
    shown = flowsync("explain", "flow_upgrade", "--user", "ann.yaml", root=project)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "flow_upgrade  flows/flow_upgrade.yaml\n"
        "for Ann, at 2026-02-01T00:00:00Z\n"
        "\n"
        "targetingLogic is true: this user sees the flow\n"
        "  true   all of\n"
        "  true     user.property('plan') == 'pro'                 is `pro`\n"
        "  true     at least one of\n"
        "  true       user.property('signup') within 2w            is `2026-01-20`\n"
        "  false      user.flow('flow_setup') == 'COMPLETED_FLOW'  is `NOT_STARTED_FLOW`\n"
    )


def test_explain_at_another_time(project: Path) -> None:
    shown = flowsync("explain", "flow_upgrade", "--user", "ann.yaml", "--at", "2026-03-01T12:00:00Z", root=project)
    assert "at 2026-03-01T12:00:00Z" in shown.out
    assert "targetingLogic is false: this user does not see the flow\n" in shown.out


def test_explain_without_a_user_says_so(project: Path) -> None:
    shown = flowsync("explain", "flow_upgrade", root=project)
    assert "for a user with no known properties, at 20" in shown.out
    assert "is not set; comparing null is false" in shown.out


def test_explain_everyone(project: Path) -> None:
    assert (
        "targetingLogic is true: this user sees the flow\n  true   everyone\n"
        in flowsync("explain", "flow_setup", root=project).out
    )


def test_explain_a_step_by_option_or_by_the_users_file(project: Path) -> None:
    by_option = flowsync("explain", "flow_upgrade", "--step", "upgrade", root=project)
    assert "steps[upgrade].visibilityCriteria is true: the step is shown\n" in by_option.out
    assert "steps[upgrade].completionCriteria is false: the step is not completed\n" in by_option.out
    asked = process(
        "explain", "flow_upgrade", "--user", "-", root=project, stdin="{step: upgrade, user: {guest: true}}"
    )
    assert "steps[upgrade].visibilityCriteria is false: the step is not shown\n" in asked.out


def test_explain_an_expression_of_no_flow_outside_of_any_project(tmp_path: Path) -> None:
    shown = flowsync("explain", "--expression", "user.property('seen') within 30m", root=tmp_path)
    assert shown.code == 0
    assert "the expression is false\n" in shown.out
    assert "warning[targeting-months] 30m is 30 months" in shown.out


def test_explain_tells_when_the_flow_is_off_and_when_a_reference_leads_nowhere(project: Path) -> None:
    write_flows(project, {"flow_off": "active: false\ntargetingLogic: user.flow('flow_setpu') != 'COMPLETED_FLOW'\n"})
    shown = flowsync("explain", "flow_off", root=project)
    assert "The file turns the flow off (active: false)" in shown.out
    assert "warning[targeting-unknown-flow]" in shown.out
    assert "Did you mean `flow_setup`?" in shown.out
    marked = flowsync("explain", "flow_off", "--format", "markdown", root=project)
    assert "The file turns the flow off" in marked.out


def test_explain_as_markdown_and_as_json(project: Path) -> None:
    arguments = ("explain", "flow_upgrade", "--user", "ann.yaml", "--format")
    marked = flowsync(*arguments, "markdown", root=project).out
    assert marked.startswith("### flowsync explain: `flow_upgrade`\n\nFor Ann, at `2026-02-01T00:00:00Z`\n\n")
    assert "`targetingLogic` is **true: this user sees the flow**\n\n```text\ntrue   all of\n" in marked
    document = flowsync(*arguments, "json", root=project).json
    assert document["format"] == "flowsync-explanation/1"
    (part,) = document["expressions"]
    assert part["tree"]["chain"] == "all of"
    assert part["tree"]["parts"][0] == {
        "term": "user.property('plan') == 'pro'",
        "truth": True,
        "values": [{"source": "user.property('plan')", "value": "pro"}],
        "note": None,
    }
    unknown = flowsync("explain", "--expression", "user.currentUrl() == 'a'", "--format", "json", root=project).json
    assert unknown["expressions"][0]["tree"]["values"][0]["unknown"] == "no page address was reported"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["flow_upgrad"], 64, "Did you mean flow_upgrade?"),
        (["flow_*"], 64, "takes one flow"),
        ([], 64, "takes a SLUG"),
        (["flow_setup", "--expression", "true"], 64, "takes a SLUG"),
        (["--expression", "true", "--step", "a"], 64, "takes a SLUG"),
        (["flow_upgrade", "--step", "upgrad"], 64, "Steps with criteria: upgrade."),
        (["flow_setup", "--step", "a"], 64, "No step of this flow has criteria."),
        (["flow_nothing"], 64, "does not set targetingLogic"),
        (["flow_upgrade", "--at", "noon"], 64, "Write 2026-02-01"),
        (["flow_upgrade", "--user", "bob.yaml"], 1, "bob.yaml cannot be read"),
        (["flow_upgrade", "--user", "wrong.yaml"], 3, "wrong.yaml:2:3: error[targeting-test]"),
        (["flow_upgrade", "--user", "verdict.yaml"], 3, "Leave sees out"),
        (["flow_upgrade", "--user", "broken.yaml"], 3, "broken.yaml:1:"),
        (["flow_broken"], 3, "flows/flow_broken.yaml:1:"),
        (["flow_malformed"], 3, "flows/flow_malformed.yaml:1:32: error[targeting-syntax]"),
        (["--expression", "true &&\nuser.isGuest( == 1"], 3, "  | user.isGuest( == 1\n  |               ^\n"),
    ],
)
def test_explain_says_what_stands_in_its_way(project: Path, arguments: list[str], code: int, said: str) -> None:
    write_flows(
        project,
        {
            "flow_nothing": "name: a\n",
            "flow_broken": "name: [\n",
            "flow_malformed": "targetingLogic: user.isGuest() = 1\n",
        },
    )
    for name, text in {"wrong": "user:\n  propertys: {}\n", "verdict": "sees: true\n", "broken": "user: [\n"}.items():
        (project / f"{name}.yaml").write_text(text)
    refused = flowsync("explain", *arguments, root=project)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err


def test_test_runs_the_tests_of_all_files_and_says_which_fail_and_why(project: Path) -> None:
    passing = flowsync("test", root=project)
    assert passing.code == 0
    assert passing.out == (
        "flow_upgrade  flows/flow_upgrade.yaml\n"
        "  pass  pro users who are new  line 13\n"
        "  pass  shows: true of step upgrade  line 17\n"
        "\n"
        "2 tests of 1 flow: 2 passed\n"
    )
    wrong = "  - {user: {guest: true}, step: upgrade, shows: true}\n  - {step: plain, shows: true}\n  - {sees: 3}\n"
    malformed = "targetingLogic: user.isGuest( == true\ntests: [{sees: true}]\n"
    write_flows(project, {"flow_upgrade": FLOW + wrong, "flow_malformed": malformed})
    failing = flowsync("test", root=project)
    assert failing.code == 3
    assert "  FAIL  shows: true of step upgrade  line 18\n" in failing.out
    assert "expects shows: true of step upgrade, and steps[upgrade].visibilityCriteria is false\n" in failing.out
    assert "        false  user.isGuest() == false  is true\n" in failing.out
    assert "the file sets no visibilityCriteria for step plain, so there is nothing to test\n" in failing.out
    assert "  FAIL  test 5  line 20\n        Expected true or false, found a number.\n" in failing.out
    assert "targetingLogic cannot be read: run flowsync validate to see why\n" in failing.out
    assert "6 tests of 2 flows: 2 passed, 1 failed, 1 undecided, 1 unreadable, 1 unusable\n" in failing.out
    quiet = flowsync("-q", "test", "flow_upgrade", root=project)
    assert quiet.code == 3
    assert "pass" not in quiet.out.replace("passed", "")


def test_test_narrowed_to_a_flow(project: Path) -> None:
    assert flowsync("test", "flow_setup", root=project).out.startswith("No tests.")
    assert flowsync("test", "flow_s*p", "--format", "markdown", root=project).out.startswith("### flowsync test\n")
    assert flowsync("test", "flow_x", root=project).code == 64


def test_test_cannot_run_where_a_file_cannot_be_read(project: Path) -> None:
    write_flows(project, {"flow_broken": "name: [\n"})
    refused = flowsync("test", root=project)
    assert (refused.code, refused.out) == (3, "")
    assert "flows/flow_broken.yaml:1:" in refused.err


def test_coverage_lists_terms_and_the_flows_whose_audience_no_test_decides(project: Path) -> None:
    write_flows(project, {"flow_guests": "targetingLogic: user.isGuest()\n"})
    shown = flowsync("test", "--coverage", root=project).out
    assert "    true  -      user.property('plan') == 'pro'\n" in shown
    assert "    -     false  user.flow('flow_setup') == 'COMPLETED_FLOW'\n" in shown
    assert "  flow_upgrade  steps[upgrade].completionCriteria: 0 tests\n    -     -      " in shown
    assert "No test covers who sees:\n  flow_guests\n" in shown
    assert "0 of 6 conditions seen both true and false\n" in shown
    assert (
        "No test covers who sees:\n  flow_guests\n"
        in flowsync("test", "--coverage", "--format", "markdown", root=project).out
    )


def test_what_sources_conflict_about_is_unknown_and_no_failure(tmp_path: Path) -> None:
    text = "targetingLogic: user.flow('flow_setup') !within 7d && user.isGuest() == false\ntests: [{sees: true}]\n"
    write_flows(tmp_path, {"flow_again": text})
    shown = flowsync("test", root=tmp_path)
    assert shown.code == 0
    assert "  unknown  sees: true  line 2\n" in shown.out
    assert (
        "expects sees: true, and targetingLogic is unknown: sources conflict; one takes !within of a flow" in shown.out
    )
    assert "1 test of 1 flow: 1 unknown" in shown.out
    (test,) = flowsync("test", "--format", "json", root=tmp_path).json["flows"][0]["tests"]
    assert (test["outcome"], test["tree"]["truth"]) == ("unknown", None)
    assert "Passing" not in flowsync("test", "--format", "markdown", root=tmp_path).out
    explained = process("explain", "flow_again", "--user", "-", root=tmp_path, stdin="user: {guest: false}\n")
    assert explained.code == 0
    assert "targetingLogic is unknown: sources conflict\n" in explained.out


def test_test_as_markdown_and_as_json(project: Path) -> None:
    write_flows(project, {"flow_guests": "targetingLogic: user.isGuest()\ntests: [{sees: true}, {sees: 3}]\n"})
    marked = flowsync("test", "--format", "markdown", root=project).out
    assert marked.startswith("### flowsync test: 4 tests of 2 flows: 2 passed, 1 failed, 1 unusable\n")
    assert "`flows/flow_guests.yaml`\n\n```text\n  FAIL  sees: true  line 2\n" in marked
    assert "Passing: `flow_upgrade` (2)\n" in marked
    document = flowsync("test", "--format", "json", root=project).json
    assert document["format"] == "flowsync-tests/1"
    assert document["summary"]["failed"] == 1
    assert document["undecided"] == []
    guests, _, upgrade = document["flows"]
    assert [test["outcome"] for test in guests["tests"]] == ["failed", "unusable"]
    assert guests["tests"][0]["tree"]["truth"] is False
    assert upgrade["coverage"][0]["terms"][0] == {
        "term": "user.property('plan') == 'pro'",
        "seen_true": True,
        "seen_false": False,
    }


CIRCLE = "targetingLogic: user.flow('{}') == 'COMPLETED_FLOW'\n"


def test_graph_draws_waits_and_marks_circles(project: Path) -> None:
    write_flows(
        project,
        {"flow_hen": CIRCLE.format("flow_egg"), "flow_egg": CIRCLE.format("flow_hen"), "flow_x": CIRCLE.format("away")},
    )
    assert flowsync("graph", root=project).out == (
        "flowchart LR\n"
        '  f0["away (no file)"]\n'
        '  f1["flow_egg"]\n'
        '  f2["flow_hen"]\n'
        '  f3["flow_setup"]\n'
        '  f4["flow_upgrade"]\n'
        '  f5["flow_x"]\n'
        '  f1 -->|"waits in a circle for"| f2\n'
        '  f2 -->|"waits in a circle for"| f1\n'
        '  f4 -.->|"may wait for"| f3\n'
        '  f5 -->|"waits for"| f0\n'
        "  classDef foreign stroke-dasharray: 4 3\n"
        "  class f0 foreign\n"
        "  classDef circle stroke:#d1242f,stroke-width:3px\n"
        "  class f1,f2 circle\n"
        "  linkStyle 0,1 stroke:#d1242f,stroke-width:3px\n"
    )
    dot = flowsync("graph", "--format", "dot", root=project).out
    assert '  "flow_egg" [label="flow_egg", color=red, penwidth=2];\n' in dot
    assert '  "away" [label="away (no file)", style=dashed];\n' in dot
    assert '  "flow_upgrade" -> "flow_setup" [label="may wait for", style=dashed];\n' in dot
    document = flowsync("graph", "--format", "json", root=project).json
    assert document["circles"] == [["flow_egg", "flow_hen"]]
    assert {"waiting": "flow_x", "awaited": "away", "bond": "must", "steps": [], "circular": False} in document["waits"]


def test_graph_of_steps_and_narrowed(project: Path) -> None:
    step = "data: {steps: [{id: \"a b\", startCriteria: \"user.flow('flow_setup') == 'COMPLETED_FLOW'\"}]}\n"
    write_flows(project, {"flow_step": step})
    assert '-.->|"step a b"|' in flowsync("graph", "flow_step", root=project).out
    assert "flow_upgrade" not in flowsync("graph", "flow_step", root=project).out
    assert 'none["No flow waits for another."]' in flowsync("graph", "--format", "mermaid", root=alone(project)).out


def alone(project: Path) -> Path:
    for name in ("flow_upgrade", "flow_step"):
        (project / "flows" / f"{name}.yaml").unlink()
    return project


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "Line 2: `targetinglogic` is not a key of a flow file. Did you mean `targetingLogic`?"),
        (["--step", "a"], "Line 6: `visibilitycriteria` is not a key of a step;"),
    ],
)
def test_explain_names_the_misspelt_key_that_it_looked_for_in_vain(
    tmp_path: Path, arguments: list[str], hint: str
) -> None:
    steps = "data:\n  steps:\n    - id: a\n      visibilitycriteria: user.isGuest()\n"
    write_flows(tmp_path, {"flow_a": f"name: A\ntargetinglogic: user.isGuest()\n{steps}"})
    refused = flowsync("explain", "flow_a", *arguments, root=tmp_path)
    assert refused.code == 64
    assert f"hint: {hint}" in " ".join(refused.err.split())


def test_explain_shows_of_a_long_expression_only_what_is_about_the_error(tmp_path: Path) -> None:
    long = " || ".join(f"user.property('plan_{number}') == 'pro'" for number in range(50))
    refused = flowsync("explain", "--expression", f"{long} ||", root=tmp_path)
    assert refused.code == 3
    assert "\n  | …" in refused.err
    assert max(map(len, refused.err.splitlines()[1:3])) <= 100
    several = flowsync("explain", "--expression", "user.isGuest() ==\nfasle", root=tmp_path)
    assert "--expression:2:1: error" in several.err
    assert "  | fasle\n  | ^\n" in several.err


def test_a_user_from_stdin_is_shown_where_it_is_wrong(tmp_path: Path) -> None:
    refused = process("explain", "--expression", "user.isGuest()", "--user", "-", root=tmp_path, stdin="\nusr: {}\r\n")
    assert refused.code == 3
    assert "stdin:2:1: error[targeting-test] `usr` is not known here.\n  | usr: {}\n  | ^\n" in refused.err


@pytest.mark.parametrize("user", ["/dev/zero", "-"])
def test_a_user_without_end_is_too_large(tmp_path: Path, user: str) -> None:
    asked = command_line("explain", "--expression", "user.isGuest()", "--user", user)
    with Path("/dev/zero").open("rb") as endless:
        done = execute(asked, tmp_path, stdin=endless, timeout=20)
    assert (done.code, done.out) == (3, "")
    assert "error[too-large]" in done.err


def test_a_terminal_breaks_sentences_and_terms_between_words(tmp_path: Path) -> None:
    words = " ".join(["word"] * 40)
    write_flows(tmp_path, {"flow_a": f"name: A\ntargetingLogic: user.property('plan') == '{words}'\nzzz: 1\n"})
    for command in ("validate", "explain"):
        terminal = on_terminal(command_line(command, "flow_a"), tmp_path, {"NO_COLOR": "1"})
        told = terminal.screen.replace("\r\n", "\n").splitlines()
        assert all(len(row) <= 100 for row in told), told
    assert words in flowsync("explain", "flow_a", root=tmp_path).out


def test_explain_tells_a_step_without_criteria_from_one_that_is_not_there(project: Path) -> None:
    plain = flowsync("explain", "flow_upgrade", "--step", "plain", root=project)
    assert "has no step 'plain' with criteria.\n  hint: Steps with criteria: upgrade.\n" in plain.err
    missing = flowsync("explain", "flow_upgrade", "--step", "upgrad", root=project)
    assert missing.code == 64
    assert (
        "flows/flow_upgrade.yaml has no step 'upgrad'.\n  hint: Did you mean upgrade? Steps with criteria: upgrade.\n"
        in missing.err
    )
