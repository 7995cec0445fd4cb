"""The example flows: their tests are right, and what they say about each other is true."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.flows.expressions import expressions
from flowsync.flows.files import load_flows
from flowsync.model import Flow, JsonValue, Severity
from flowsync.targeting import checks
from flowsync.targeting.context import case_from
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.parser import parse
from flowsync.validate import check
from tests.validate.building import FLOWS, flow_of, problems_of

ALL = load_flows(FLOWS.parent, FLOWS.name).flows
NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
TESTS = [
    pytest.param(flow, entry, id=f"{flow.slug}-{index}")
    for flow in ALL
    for index, entry in enumerate(flow.tests if isinstance(flow.tests, list) else [])
]


@pytest.mark.parametrize(("flow", "entry"), TESTS)
def test_a_targeting_test_of_the_examples_comes_out_as_it_says(flow: Flow, entry: JsonValue) -> None:
    case = case_from(entry, NOW)
    texts = {(each.step, each.verdict): each.text for each in expressions(flow.fields)}
    assert evaluate(parse(texts[case.step, case.verdict]), case.context) is case.expected


@pytest.mark.parametrize("flow", ALL, ids=lambda flow: flow.slug)
def test_nothing_can_be_said_against_the_expressions_of_the_examples(flow: Flow) -> None:
    texts = [each.text for each in expressions(flow.fields) if each.text]
    assert [finding for text in texts for finding in checks.check(text, parse(text))] == []


@pytest.mark.parametrize("flow", ALL, ids=lambda flow: flow.slug)
def test_an_example_names_the_schema_and_its_data_stands_for_itself(flow: Flow) -> None:
    first = flow.source.text.partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../.flowsync/flow.schema.json"
    assert flow.data_text


def test_some_examples_show_what_only_flowsync_reads() -> None:
    assert any(flow.protected for flow in ALL)
    assert any(flow.target for flow in ALL)
    assert load_flows(FLOWS.parent, FLOWS.name, "staging").flows != ALL
    assert len(TESTS) >= 20


def test_the_work_for_one_hostile_file_is_bounded_and_the_bound_is_said() -> None:
    keys = "data:\n  steps:\n    - id: a\n" + "".join(f"      titel{number}: x\n" for number in range(1001))
    found = check(flow_of(f"type: CARD\n{keys}"))
    assert len(found) == 1001
    assert [each.severity for each in found if each.code == "too-many-problems"] == [Severity.ERROR]
    tests = "tests:\n" + "  - {step: a, shows: true}\n" * 1000
    codes = [each.code for each in check(flow_of(f"name: N\n{tests}data: {{steps: [{{id: b}}]}}\n"))]
    assert codes.count("too-many-tests") == 1
    assert codes.count("test-step") == 500


def test_a_file_of_many_anchors_is_refused() -> None:
    with pytest.raises(DocumentError, match="more than 1,000 anchors"):
        document.parse("x:\n" + "".join(f"  - &a{number} x\n" for number in range(1001)), "x")


@pytest.mark.parametrize(("missing", "suggestions"), [(100, 100), (101, 0)])
def test_the_work_for_many_missing_flows_is_bounded(missing: int, suggestions: int) -> None:
    targeting = "targetingLogic: user.flow('flow_numbr{}') == 'COMPLETED_FLOW'\n"
    files = [f"# flows/flow_number{number}.yaml\n{targeting.format(number)}" for number in range(missing)]
    found = [each for each in problems_of("".join(files)) if "No file describes" in each.message]
    assert len(found) == missing
    assert sum("Did you mean" in (each.hint or "") for each in found) == suggestions


@pytest.mark.parametrize(("missing", "suggestions"), [(100, 100), (101, 0)])
def test_the_work_for_many_missing_steps_of_a_flow_is_bounded(missing: int, suggestions: int) -> None:
    steps = "".join(f"    - id: number{number}\n" for number in range(missing))
    files = [f"# flows/flow_large.yaml\ndata:\n  steps:\n{steps}"]
    targeting = "targetingLogic: user.flowStep('flow_large', 'numbr{}') == 'COMPLETED_STEP'\n"
    files += [f"# flows/flow_number{number}.yaml\n{targeting.format(number)}" for number in range(missing)]
    found = [each for each in problems_of("".join(files)) if "has no step" in each.message]
    assert len(found) == missing
    assert sum("Did you mean" in (each.hint or "") for each in found) == suggestions


def test_the_work_for_tests_of_many_missing_steps_is_bounded() -> None:
    tests = "tests:\n" + "  - {step: numbr1, shows: true}\n" * 100
    found = check(flow_of(f"name: N\n{tests}data: {{steps: [{{id: number1}}]}}\n"))
    hints = [each.hint for each in found if each.code == "test-step"]
    assert len(hints) == 100
    assert sum("Did you mean" in (hint or "") for hint in hints) == 10
