from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings

from flowsync.targeting.context import Context, FlowProgress, FlowState, persona_from
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.parser import parse
from tests.targeting import reference, strategies

if TYPE_CHECKING:
    from flowsync.model import JsonValue
    from flowsync.targeting.nodes import Expression

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
        },
    },
    "group": {"properties": {"seats": 40}, "events": {"invited": 3}},
}
KNOWN = frozenset({"flow_done", "flow_begun", "flow_skipped", "flow_new"})

TRUE = """
user.property('plan') == 'Pro'
user.property('plan') != 'pro'
user.properties.plan == 'Pro'
user.property('plan') contains 'PRO'
user.property('plan') !contains 'team'
user.property('plan') startsWith 'P'
user.property('plan') !startsWith 'p'
user.property('plan') endsWith 'ro'
user.property('plan') !endsWith 'RO'
user.property('plan') matches 'P.o'
user.property('plan') matches '(?i)pro'
user.property('plan') !matches 'P'
user.property('plan') startsWith 'P[a-z]'
user.property('plan') isIn 'Free,Pro'
user.property('plan') !isIn 'Free,Team'
user.property('seats') isIn '6,7'
user.property('spaced') isIn 'US, CA'
user.property('plan') isSet true
user.property('plan') != null
user.property('off') isSet true
user.property('gone') isNotSet true
user.property('gone') == null
user.property('nothing') isNotSet true
null == user.property('gone')
user.property('seats') == 7
user.property('seats') == '7'
user.property('seats') == 7.0
user.property('seats') != 8
user.property('seats') != 'seven'
user.property('seats') > 6.5
user.property('seats') >= 7
user.property('seats') < 7.5
user.property('seats') <= '7'
user.property('score') > 7
user.property('score') == 8
user.property('pi') == 3.5
user.property('pi') contains '3.5'
user.property('beta') == true
user.property('beta')
user.property('beta') != false
user.property('off') == false
user.property('tags') contains 'ALPHA'
user.property('address') contains '"city":"oslo"'
user.propertyContains('plan', 'pr')
user.propertyContains('tags', 'BETA') == true
user.propertyContains('plan', 'x') == false
user.property('signup') > '2026-01-19'
user.property('signup') == '2026-01-20T00:00:00Z'
user.property('signup') == '2026-01-20T01:00:00+01:00'
user.property('signup') == '2026-01-19T22:30-0130'
user.property('signup') < now()
user.property('signup') < Date.now() - 86400000 * 11
user.property('signup') > new Date() - (86400000 * 13)
user.property('signup') within 13d
user.property('signup') within 2w
user.property('signup') !within 11d
user.property('signup') within 1m
user.property('stamp') within 13h
user.property('stamp') !within 600i
user.property('stamp') !within 43199s
user.property('future') within 1s
user.daysSinceNow('signup') == 12
user.daysSinceNow('signup') > 11.5
user.isGuest() == false
user.currentUrl() contains 'settings'
user.currentUrl() startsWith 'https://app.example/'
user.currentUrl() == 'https://app.example/Settings?tab=1'
user.memberOfGroup() == 'acme'
user.memberOfGroup() == 'x,acme'
user.memberOfGroup() isIn 'initech'
user.memberOfGroup() != 'x,y'
user.memberOfGroup() !isIn 'x'
user.memberOfGroup('x,acme')
user.memberOfGroup('x') == false
user.event('login').count == 12
user.eventCount('login') > 11
user.event('never').count == 0
user.flow('flow_done') == 'COMPLETED_FLOW'
user.flow('flow_new') == 'NOT_STARTED_FLOW'
user.flow('flow_begun') != 'COMPLETED_FLOW'
user.flow('flow_skipped') isIn 'COMPLETED_FLOW,SKIPPED_FLOW'
user.flow('flow_done') within 8d
user.flow('flow_done') !within 6d
user.flow('flow_done') < now()
user.flow('flow_done') > '2026-01-24'
user.daysSinceFlowDone('flow_done') == 7
user.flowStep('flow_done', 'profile') == 'COMPLETED_STEP'
user.flowStep('flow_done', 'other') == 'NOT_STARTED_STEP'
user.flowStep('flow_new', 'other') == 'NOT_STARTED_STEP'
user.flowStepData('flow_done', 'profile', 'role') == 'admin'
user.flowStepData('flow_done', 'profile', 'nps') >= '7'
user.flowStepData('flow_done', 'other', 'role') isNotSet true
user.flowStepData('flow_done', 'profile', 'x') == null
group.property('seats') == 40
group.propertyContains('seats', '4')
group.event('invited').count > 2
organization.property('seats') > 39
true
(true)
false || true
true && true || false
1 + 2 * 3 == 7
(true && (false || true))
6 - 2 - 1 == 3
7 == 1 + (2 * 3)
8 == 6 + 8 / 4
1 / 0 == null
"""
FALSE = """
user.property('plan') == 'pro'
user.property('plan') != 'Pro'
user.property('gone') == 'x'
user.property('gone') != 'x'
user.property('gone') contains 'x'
user.property('gone') !contains 'x'
user.property('gone') !matches 'x'
user.property('gone') !isIn 'x'
user.property('gone') !startsWith 'x'
user.property('gone') < 5
user.property('gone') within 7d
user.property('gone') !within 7d
user.property('gone') isSet true
user.property('gone') != null
user.property('gone') == user.property('gone')
user.property('gone')
user.property('off')
user.property('plan')
user.property('plan') == null
user.property('plan') isNotSet true
user.property('plan') < 5
user.property('plan') > 5
user.property('plan') > 'Alpha'
user.property('beta') > 0
user.property('beta') == 1
user.property('seats') == 'seven'
user.property('plan') within 7d
user.property('plan') matches 'r'
user.property('plan') matches '(?=P)Pro'
user.property('plan') !matches '(?=P)Pro'
user.property('plan') startsWith 'P('
user.property('lines') matches 'a.b'
user.property('spaced') isIn 'US,CA'
user.property('signup') within 12d
user.property('signup') !within 12d
user.property('signup') !within 1m
user.property('future') !within 1s
user.daysSinceNow('plan') > 0
user.daysSinceNow('gone') < 5
user.propertyContains('gone', 'x')
user.propertyContains('gone', 'x') == false
user.propertyContains('plan', 'x')
user.isGuest()
user.currentUrl() endsWith '/settings'
user.currentUrl() > 5
user.memberOfGroup() == 'x'
user.memberOfGroup() != 'x,acme'
user.memberOfGroup() contains 'acme'
user.memberOfGroup() > 5
user.memberOfGroup()
user.flow('flow_lost') == 'NOT_STARTED_FLOW'
user.flow('flow_lost') != 'COMPLETED_FLOW'
user.flow('flow_lost') isSet true
user.flow('flow_lost') isNotSet true
user.flow('flow_lost') == null
user.flow('flow_lost') within 7d
user.flow('flow_lost')
'COMPLETED_FLOW' != user.flow('flow_lost')
user.flow('flow_begun') within 7d
user.flow('flow_begun') !within 7d
user.flow('flow_skipped') < now()
user.flow('flow_done') > 5
user.flow('flow_done') > user.event('login').count
user.flow('flow_done') > user.property('seats')
user.flow('flow_done') !within 8d
user.daysSinceFlowDone('flow_begun') > 0
user.daysSinceFlowDone('flow_lost') > 0
user.daysSinceFlowDone('flow_begun') != 3
user.flowStep('flow_lost', 'a') == 'NOT_STARTED_STEP'
user.flowStepData('flow_lost', 'a', 'b') isNotSet true
user.flowStepData('flow_done', 'profile', 'x') != 'y'
user.property('signup') < 1 / 0
user.property('seats') < 5 + 1 / 0
user.property('seats') > 1 / 0 + 5
group.propertyContains('gone', 'x')
false
true && false
false || true && false
(false || true) && false
"""


def context_of(value: JsonValue) -> Context:
    return persona_from(value, NOW, KNOWN).context


@pytest.mark.parametrize("text", TRUE.strip().splitlines())
def test_it_is_true_for_her(text: str) -> None:
    assert evaluate(parse(text), context_of(USER))


@pytest.mark.parametrize("text", FALSE.strip().splitlines())
def test_it_is_false_for_her(text: str) -> None:
    assert not evaluate(parse(text), context_of(USER))


def test_an_empty_expression_is_true_for_everyone() -> None:
    assert evaluate(parse(""), context_of({}))


@pytest.mark.parametrize("text", ["user.currentUrl() == 'x'", "user.currentUrl() != 'x'", "user.currentUrl() == null"])
def test_without_a_page_address_every_condition_on_it_is_false(text: str) -> None:
    assert not evaluate(parse(text), context_of({}))


def test_every_flow_counts_as_existing_while_the_flows_are_not_known() -> None:
    context = persona_from({}, NOW).context
    assert evaluate(parse("user.flow('anything') == 'NOT_STARTED_FLOW'"), context)


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


@settings(max_examples=150)
@given(strategies.expressions, strategies.contexts)
@example(parse("now() * now() contains '7'"), Context(at=1769904000000.0))
@example(parse("now() * now() contains 'e+24'"), Context(at=1769904000000.0))
def test_it_agrees_with_an_evaluator_that_works_on_the_text(expression: Expression, context: Context) -> None:
    assert evaluate(expression, context) is reference.holds(expression, context)


@settings(max_examples=150)
@given(strategies.conditions, strategies.contexts)
def test_each_condition_agrees_with_the_evaluator_that_works_on_the_text(
    condition: Expression, context: Context
) -> None:
    assert evaluate(condition, context) is reference.holds(condition, context)
