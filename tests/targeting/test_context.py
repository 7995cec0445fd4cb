from __future__ import annotations

from datetime import datetime, timezone

import pytest

from flowsync.errors import ExitCode
from flowsync.model import JsonValue, ValuePath
from flowsync.targeting.context import (
    CaseError,
    Context,
    FlowProgress,
    FlowState,
    StepProgress,
    StepState,
    Verdict,
    case_from,
    persona_from,
)
from flowsync.text import printable

NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
MILLISECONDS = 1_769_904_000_000.0
DAY = 86_400_000.0


def test_every_key_of_a_test_is_read() -> None:
    value: JsonValue = {
        "name": "pro users who finished setup",
        "user": {
            "properties": {"plan": "pro", "signup": "2026-01-20", "tags": ["a", {"b": 1}]},
            "groups": ["acme"],
            "url": "https://app.example/settings",
            "guest": False,
            "events": {"login": 12},
            "flows": {
                "flow_setup": {
                    "state": "COMPLETED_FLOW",
                    "done": "2026-01-25T00:00:00Z",
                    "steps": {"profile": {"state": "COMPLETED_STEP", "data": {"role": "admin"}}},
                }
            },
        },
        "group": {"properties": {"seats": 40}, "events": {"invited": 3}},
        "at": "2026-02-02T00:00:00Z",
        "sees": True,
    }
    case = case_from(value, NOW)
    assert (case.name, case.verdict, case.step, case.expected) == (
        "pro users who finished setup",
        Verdict.SEES,
        None,
        True,
    )
    profile = StepProgress(StepState.COMPLETED, {"role": "admin"})
    assert case.context == Context(
        at=MILLISECONDS + DAY,
        properties={"plan": "pro", "signup": "2026-01-20", "tags": ["a", {"b": 1}]},
        groups=("acme",),
        url="https://app.example/settings",
        guest=False,
        events={"login": 12},
        flows={"flow_setup": FlowProgress(FlowState.COMPLETED, MILLISECONDS - 7 * DAY, {"profile": profile})},
        group_properties={"seats": 40},
        group_events={"invited": 3},
    )


@pytest.mark.parametrize(
    ("verdict", "field"),
    [("shows", "visibilityCriteria"), ("starts", "startCriteria"), ("completes", "completionCriteria")],
)
def test_a_step_is_tested_by_its_own_verdicts(verdict: str, field: str) -> None:
    case = case_from({"user": None, "step": "upgrade", verdict: False}, NOW)
    assert (case.name, case.step, case.expected, case.verdict.field) == (None, "upgrade", False, field)


def test_everything_but_the_verdict_may_be_left_out() -> None:
    assert case_from({"sees": False}, NOW).context == Context(at=MILLISECONDS)
    assert (
        persona_from(None, NOW).context
        == persona_from({"user": {}, "group": None}, NOW).context
        == Context(at=MILLISECONDS)
    )
    assert Verdict.SEES.field == "targetingLogic"


def test_flows_and_steps_may_say_nothing() -> None:
    context = persona_from({"user": {"flows": {"a": None, "b": {"steps": {"c": None}}}, "url": None}}, NOW).context
    assert context.flows == {"a": FlowProgress(), "b": FlowProgress(steps={"c": StepProgress()})}


WRONG: list[tuple[JsonValue, ValuePath, str]] = [
    ([], (), "Expected a mapping, found a list."),
    ("x", (), "Expected a mapping, found `x`."),
    ({}, (), "has no expected result"),
    ({"sees": True, "shows": True}, ("shows",), "one verdict"),
    ({"sees": "yes"}, ("sees",), "Expected true or false, found `yes`."),
    ({"sees": None}, ("sees",), "found nothing"),
    ({"sees": 1}, ("sees",), "found a number"),
    ({"sees": True, "step": "a"}, ("step",), "not about a step"),
    ({"shows": True}, ("shows",), "which one"),
    ({"shows": True, "step": 5}, ("step",), "Expected a text, found a number."),
    ({"sees": True, "name": True}, ("name",), "Expected a text, found true."),
    ({"sees": True, "usr": {}}, ("usr",), "Did you mean user?"),
    ({"sees": True, "zzz": {}}, ("zzz",), "Known are name, user, group, at"),
    ({"sees": True, "\x1b[0m": {}}, ("\x1b[0m",), "\\u001b"),
    ({"sees": True, "at": "noon"}, ("at",), "Expected a date"),
    ({"sees": True, "at": 5}, ("at",), "Expected a date"),
    ({"sees": True, "user": []}, ("user",), "Expected a mapping"),
    ({"sees": True, "user": {"property": {}}}, ("user", "property"), "Did you mean properties?"),
    ({"sees": True, "user": {"properties": 5}}, ("user", "properties"), "found a number"),
    ({"sees": True, "user": {"properties": {"a": 10**400}}}, ("user", "properties", "a"), "too large"),
    ({"sees": True, "user": {"properties": {"a": [{"b": float("inf")}]}}}, ("user", "properties", "a"), "too large"),
    ({"sees": True, "user": {"groups": "acme"}}, ("user", "groups"), "a list of group ids"),
    ({"sees": True, "user": {"groups": ["a", 5]}}, ("user", "groups", 1), "Expected a text"),
    ({"sees": True, "user": {"url": {}}}, ("user", "url"), "found a mapping"),
    ({"sees": True, "user": {"guest": "no"}}, ("user", "guest"), "true or false"),
    ({"sees": True, "user": {"events": {"login": -1}}}, ("user", "events", "login"), "0 or more"),
    ({"sees": True, "user": {"events": {"login": 1.5}}}, ("user", "events", "login"), "0 or more"),
    ({"sees": True, "user": {"events": {"login": True}}}, ("user", "events", "login"), "found true"),
    ({"sees": True, "user": {"events": {"login": 10**400}}}, ("user", "events", "login"), "0 or more"),
    ({"sees": True, "user": {"flows": {"f": "COMPLETED_FLOW"}}}, ("user", "flows", "f"), "Expected a mapping"),
    ({"sees": True, "user": {"flows": {"f": {"status": 1}}}}, ("user", "flows", "f", "status"), "Did you mean state?"),
    ({"sees": True, "user": {"flows": {"f": {"state": "DONE"}}}}, ("user", "flows", "f", "state"), "It is one of NOT"),
    ({"sees": True, "user": {"flows": {"f": {"state": 1}}}}, ("user", "flows", "f", "state"), "Expected a text"),
    ({"sees": True, "user": {"flows": {"f": {"done": "2026-01-01"}}}}, ("user", "flows", "f", "done"), "is not done"),
    (
        {"sees": True, "user": {"flows": {"f": {"state": "SKIPPED_FLOW", "done": "x"}}}},
        ("user", "flows", "f", "done"),
        "Expected a date",
    ),
    (
        {"sees": True, "user": {"flows": {"f": {"steps": {"s": {"state": "COMPLETED_FLOW"}}}}}},
        ("user", "flows", "f", "steps", "s", "state"),
        "NOT_STARTED_STEP",
    ),
    (
        {"sees": True, "user": {"flows": {"f": {"steps": {"s": {"data": {"d": 10**400}}}}}}},
        ("user", "flows", "f", "steps", "s", "data", "d"),
        "too large",
    ),
    ({"sees": True, "group": {"seats": 5}}, ("group", "seats"), "Known are properties, events"),
    ({"sees": True, "group": {"events": []}}, ("group", "events"), "Expected a mapping"),
]


@pytest.mark.parametrize(("value", "path", "says"), WRONG, ids=[str(case[1]) + case[2][:12] for case in WRONG])
def test_what_is_wrong_is_reported_with_its_path(value: JsonValue, path: ValuePath, says: str) -> None:
    with pytest.raises(CaseError) as caught:
        case_from(value, NOW)
    error = caught.value
    assert error.path == path
    assert says in f"{error.message} {error.hint}"
    assert printable(error.message) == error.message
    assert error.exit_code is ExitCode.INVALID


def test_a_user_for_explain_has_no_verdict() -> None:
    with pytest.raises(CaseError, match="sees is a verdict, and a user has none"):
        persona_from({"sees": True}, NOW)
