"""Targeting rules in files: the exact place in every way YAML writes a text, and references between files."""

from __future__ import annotations

import pytest

from flowsync.targeting.references import KnownFlow
from flowsync.validate import check, check_all, check_live
from tests.validate.building import flow_of, flows_of

WRITTEN = {
    "plain": "targetingLogic: user.property('plan') @ 'pro'\n",
    "plain over two lines": "targetingLogic: user.property('plan')\n  @ 'pro'\n",
    "single quotes": "targetingLogic: 'user.property(''plan'') @ ''pro'''\n",
    "single quotes over lines": "targetingLogic: 'user.property(''plan'')\n\n\n   @ ''pro'''\n",
    "double quotes": "targetingLogic: \"user.\\x70roperty('plan') @ 'pro'\"\n",
    "double quotes over lines": "targetingLogic: \"user.property('plan') \\\n   @ 'pro'\"\n",
    "folded": "targetingLogic: >-\n  user.property('plan')\n  @ 'pro'\n",
    "folded with indicator": "targetingLogic: >2\n   user.property('plan')\n\n   @ 'pro'\n",
    "literal": "targetingLogic: |\n    user.property('plan')\n    @ 'pro'\n",
    "alias": "x-pro: &pro user.property('plan') @ 'pro'\ntargetingLogic: *pro\n",
    "flow style": "{name: Welcome, targetingLogic: user.property('plan') @ 'pro'}\n",
    "wide characters": "targetingLogic: user.property('😀 plän') @ 'pro'\n",
    "criteria": "data:\n  steps:\n    - {id: a, startCriteria: \"user.property('plan') @ 'pro'\"}\n",
    "data as text": "data: |\n  steps:\n    - id: a\n      startCriteria: >\n        user.isGuest()\n        @ true\n",
    "data as JSON text": 'data: \'{"steps": [{"id": "a", "startCriteria": "user.isGuest() @ true"}]}\'\n',
    "overlay": "name: a\nenvironments:\n  staging:\n    targetingLogic: >\n      user.isGuest()\n      @ true\n",
    "carriage returns": "name: Welcome\r\ntargetingLogic: >-\r\n  user.property('plan')\r\n  @ 'pro'\r\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_problem_stands_where_its_character_is_written(text: str) -> None:
    (problem,) = check(flow_of(text, environment="staging"))
    offset = text.index("@")
    line_start = text.rfind("\n", 0, offset) + 1
    place = (text.count("\n", 0, offset) + 1, offset - line_start + 1)
    assert (problem.code, problem.location.line, problem.location.column) == ("targeting-syntax", *place)


def test_what_is_wrong_inside_of_data_given_as_text_is_told_where_it_is() -> None:
    (problem,) = check(flow_of("type: CARD\ndata: |\n  steps:\n    - id: a\n      tittle: Go\n"))
    assert (problem.code, problem.location.line, problem.location.column) == ("unknown-data-key", 5, 7)


SETUP = (
    "# flows/flow_setup.yaml\ntype: FORM\n"
    "data:\n  steps:\n    - id: profile\n      fields: [{id: role, type: text}]\n    - id: own\n"
    "# flows/flow_name.yaml\nname: Only a name\n# flows/flow_other.yaml\ntargetingLogic: "
)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("user.flowStepData('flow_setup', 'profile', 'role') == 'admin'", []),
        ("user.flowStepData('flow_setup', 'own', 'anything') == 'admin'", []),
        ("user.flowStep('flow_name', 'whatever') == 'COMPLETED_STEP'", []),
        ("user.flowStepData('flow_setup', 'profile', 'rolle') == 'admin'", ["targeting-unknown-field"]),
        ("user.flowStep('flow_setup', 'role') == 'COMPLETED_STEP'", ["targeting-unknown-step"]),
        ("user.daysSinceFlowDone('flow_away') > 3", ["targeting-dashboard", "targeting-unknown-flow"]),
    ],
)
def test_a_flow_in_the_files_is_known_and_its_steps_and_fields_too(expression: str, found: list[str]) -> None:
    assert [problem.code for problem in check_all(flows_of(f"{SETUP}{expression}\n"))] == found


def test_a_step_may_ask_about_its_own_flow() -> None:
    waits = "user.flowStep('flow_example', 'a') == 'COMPLETED_STEP'"
    text = f"data:\n  steps:\n    - id: a\n    - id: b\n      startCriteria: {waits}\n"
    assert check_all([flow_of(text)]) == ()


def test_each_flow_of_a_circle_is_told_at_its_own_condition() -> None:
    waits = (
        "# flows/flow_{0}.yaml\ntargetingLogic: user.isGuest() == false && user.flow('flow_{1}') == 'COMPLETED_FLOW'\n"
    )
    problems = check_all(flows_of("".join(waits.format(*pair) for pair in ("ab", "bc", "ca"))))
    assert [(problem.code, problem.location.column) for problem in problems] == [("targeting-cycle", 44)] * 3
    assert "`flow_b` → `flow_c` → `flow_a` → `flow_b`" in problems[1].message


def test_every_circle_of_a_flow_is_told_at_once() -> None:
    both = "user.flow('flow_b') == 'COMPLETED_FLOW' && user.flow('flow_c') == 'COMPLETED_FLOW'"
    back = "user.flow('flow_a') == 'COMPLETED_FLOW'"
    text = "".join(
        f"# flows/flow_{slug}.yaml\ntargetingLogic: {waits}\n"
        for slug, waits in zip("abc", (both, back, back), strict=True)
    )
    problems = check_all(flows_of(text))
    found = [(each.location.file[-6], each.location.column) for each in problems if each.code == "targeting-cycle"]
    assert found == [("a", 17), ("a", 60), ("b", 17), ("c", 17)]


@pytest.mark.parametrize(
    ("field", "told"), [("visibilityCriteria", 1), ("startCriteria", 1), ("completionCriteria", 0)]
)
def test_a_step_that_is_shown_or_started_only_after_itself_is_told(field: str, told: int) -> None:
    text = f"data:\n  steps:\n    - id: a\n      {field}: user.flowStep('flow_example', 'a') == 'COMPLETED_STEP'\n"
    assert [each.code for each in check_all([flow_of(text)])] == ["targeting-self-step"] * told


LIVE = {"flow_live": KnownFlow({"one": frozenset({"role"})}), "flow_b": KnownFlow({"old": None})}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("user.flow('flow_live') == 'COMPLETED_FLOW'", []),
        ("user.flow('flow_b') == 'COMPLETED_FLOW'", []),
        ("user.flow('flow_c') == 'COMPLETED_FLOW'", []),
        ("user.flow('flow_d') == 'COMPLETED_FLOW'", ["targeting-unknown-flow"]),
        ("user.flowStep('flow_live', 'two') == 'COMPLETED_STEP'", ["targeting-unknown-step"]),
        ("user.flowStepData('flow_live', 'one', 'team') == 'a'", ["targeting-unknown-field"]),
        # A file's steps are what will be live; where the file states no data, the live ones stay.
        ("user.flowStep('flow_b', 'new') == 'COMPLETED_STEP'", []),
        ("user.flowStep('flow_b', 'old') == 'COMPLETED_STEP'", ["targeting-unknown-step"]),
        ("user.flowStep('flow_c', 'any') == 'COMPLETED_STEP'", []),
    ],
)
def test_with_the_live_flows_known_a_reference_that_leads_nowhere_is_an_error(
    expression: str, found: list[str]
) -> None:
    flow = flow_of(f"targetingLogic: {expression}\n", "flows/flow_a.yaml")
    others = flows_of("# flows/flow_b.yaml\ndata: {steps: [{id: new}]}\n# flows/flow_c.yaml\nname: c\n")
    problems = check_live([flow], LIVE, [flow, *others])
    assert [problem.code for problem in problems] == found
    assert all(problem.severity.value == "error" for problem in problems)


def test_a_failing_test_shows_the_tree_of_its_expression() -> None:
    text = (
        "targetingLogic: user.isGuest() == false && group.property('a') == 1\ntests:\n  - name: all\n    sees: true\n"
    )
    (problem,) = check(flow_of(text))
    assert (problem.location.line, problem.location.column) == (3, 5)
    assert "'all'" in problem.message
    assert problem.detail == (
        "- all of",
        "  + user.isGuest() == false   (user.isGuest() is false)",
        "  - group.property('a') == 1   (group.property('a') is not set; comparing null is false)",
    )


def test_tests_are_about_the_file_itself_not_about_what_an_overlay_makes_of_it() -> None:
    text = (
        "targetingLogic: user.property('plan') == 'pro'\n"
        "data: {steps: [{id: a, startCriteria: user.isGuest() == false}]}\n"
        "environments: {staging: {targetingLogic: user.property('employee') == true, data: {steps: [{id: a}]}}}\n"
        "tests:\n  - {user: {properties: {plan: pro}}, sees: true}\n  - {step: a, starts: true}\n"
    )
    assert check(flow_of(text, environment="staging")) == check(flow_of(text)) == ()


def test_an_expression_that_only_an_overlay_states_is_tested_there() -> None:
    text = "name: a\nenvironments: {staging: {targetingLogic: user.isGuest() == true}}\ntests:\n  - {sees: true}\n"
    assert [problem.code for problem in check(flow_of(text, environment="staging"))] == ["test-fails"]
    assert [problem.code for problem in check(flow_of(text))] == ["test-undecided"]
