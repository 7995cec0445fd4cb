from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowsync.model import JsonValue
from flowsync.targeting.context import Context, FlowProgress, FlowState, persona_from
from flowsync.targeting.evaluation import conflicts, evaluate, trace
from flowsync.targeting.nodes import Expression
from flowsync.targeting.parser import parse
from tests.targeting import reference, strategies
from tests.targeting.tables import FALSE, TRUE, UNKNOWN

NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
USER: dict[str, JsonValue] = {
    "user": {
        "properties": {
            "plan": "Pro",
            "signup": "2026-01-20",
            "stamp": 1_769_860_800_000,
            "seats": 7,
            "score": "8",
            "beta": True,
            "off": False,
            "tags": ["Alpha", "beta"],
            "address": {"city": "Oslo"},
            "nothing": None,
            "future": "2027-01-01",
            "spaced": " CA",
            "lines": "a\nb",
            "pi": 3.5,
        },
        "groups": ["acme", "initech"],
        "url": "https://app.example/Settings?tab=1",
        "guest": False,
        "events": {"login": 12},
        "flows": {
            "flow_done": {
                "state": "COMPLETED_FLOW",
                "done": "2026-01-25T00:00:00Z",
                "steps": {"profile": {"state": "COMPLETED_STEP", "data": {"role": "admin", "nps": "9"}}},
            },
            "flow_begun": {"state": "STARTED_FLOW"},
            "flow_skipped": {"state": "SKIPPED_FLOW"},
            "flow_dismissed": {"state": "SKIPPED_FLOW", "done": "2026-01-25T00:00:00Z"},
        },
    },
    "group": {"properties": {"seats": 40}, "events": {"invited": 3}},
}
HER = persona_from(USER, NOW).context


@pytest.mark.parametrize("text", TRUE)
def test_it_is_true_for_her(text: str) -> None:
    assert evaluate(parse(text), HER)


@pytest.mark.parametrize("text", FALSE)
def test_it_is_false_for_her(text: str) -> None:
    assert evaluate(parse(text), HER) is False


@pytest.mark.parametrize("text", UNKNOWN)
def test_it_is_unknown_for_her(text: str) -> None:
    assert evaluate(parse(text), HER) is None
    (*reasons,) = conflicts(trace(parse(text), HER))
    assert all(reason.startswith("unknown: sources conflict; ") for reason in reasons)
    assert reasons


def test_an_empty_expression_is_true_for_everyone() -> None:
    assert evaluate(parse(""), Context(at=0))


@pytest.mark.parametrize("text", ["user.currentUrl() == 'x'", "user.currentUrl() != 'x'", "user.currentUrl() == null"])
def test_without_a_page_address_every_condition_on_it_is_false(text: str) -> None:
    assert not evaluate(parse(text), Context(at=0))


def test_every_flow_counts_as_existing() -> None:
    assert evaluate(parse("user.flow('anything') == 'NOT_STARTED_FLOW'"), Context(at=0))


@pytest.mark.parametrize("date", ["2026-13-01", "2026-02-30", "2026-02-01 25:00", "26-02-01", "2026-02-01T00:00+99:99"])
def test_a_date_that_does_not_exist_is_a_text(date: str) -> None:
    context = Context(at=0, properties={"a": date})
    assert evaluate(parse(f"user.property('a') == '{date}'"), context)
    assert not evaluate(parse("user.property('a') > 0"), context)


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e300, 2**70])
def test_numbers_beyond_a_double_do_not_stop_the_evaluation(number: float) -> None:
    context = Context(at=0, properties={"a": number})
    assert evaluate(parse("user.property('a') > 0 || user.property('a') < 0"), context)
    assert evaluate(parse("user.property('a') !contains 'x'"), context)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (0.00001, "0.00001"),
        (1e20, "100000000000000000000"),
        (1e21, "1e.21"),
        (-0.0, "0"),
    ],
)
def test_a_number_is_the_text_that_javascript_writes(number: float, text: str) -> None:
    context = Context(at=0, properties={"a": number})
    assert evaluate(parse(f"user.property('a') startsWith '{text}' && user.property('a') endsWith '{text}'"), context)


def test_a_flow_done_in_the_future_is_within() -> None:
    progress = FlowProgress(FlowState.COMPLETED, done=5_000.0)
    assert evaluate(parse("user.flow('a') within 1s"), Context(at=0, flows={"a": progress}))


DONE = Context(at=2.0, flows={"a": FlowProgress(FlowState.COMPLETED, 2.0)})


@settings(max_examples=150)
@given(st.one_of(strategies.expressions, strategies.conditions), strategies.contexts)
@example(parse("now() * now() contains '7'"), Context(at=1769904000000.0))
@example(parse("user.flow('a') > user.event('k').count"), DONE)
@example(parse("user.flow('a') > 1"), DONE)
@example(parse("now() * now() contains 'e+24'"), Context(at=1769904000000.0))
def test_it_agrees_with_an_evaluator_that_works_on_the_text(expression: Expression, context: Context) -> None:
    assert evaluate(expression, context) in (None, reference.holds(expression, context))
