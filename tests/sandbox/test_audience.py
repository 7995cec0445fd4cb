"""What the emulator says of its made-up users, what it refuses, and what can go wrong on the way."""

from __future__ import annotations

from typing import Any

import pytest

from flowsync.api.audience import QUERY
from flowsync.sandbox import Emulator
from flowsync.sandbox.faults import Faulty, parse_fault
from flowsync.sandbox.server import PUBLIC_KEY
from tests.sandbox.account import DATA, Answer, ask

TARGETING = (
    "user.property('plan') == 'pro' || user.property('seats') > 5 || group.property('since') within 30d"
    " || user.daysSinceNow('joined') >= 7 || user.memberOfGroup() isIn 'north,south' || user.event('sale').count >= 3"
)


def users(emulator: Emulator, expression: str, **changed: object) -> Any:  # noqa: ANN401 - a JSON document
    body = {"query": QUERY, "variables": {"query": f"targeting: {expression}"}} | changed
    found = ask(emulator.handle, "POST", "/graphql", body)
    assert found.status == 200
    return found.body


def count(emulator: Emulator, expression: str) -> int:
    (element,) = users(emulator, expression)["data"]["getTotalUsers"]
    assert element["name"] == "Total"
    return int(element["count"])


def test_the_users_are_made_of_what_the_flows_ask_about(empty: Emulator) -> None:
    assert count(empty, "") == 1_000
    assert count(empty, "user.isGuest() == true || user.isGuest() == false") == 1_000
    new = {"slug": "flow_a", "name": "A", "data": DATA, "targetingLogic": TARGETING}
    assert ask(empty.handle, "POST", "/v1/flows", new).status == 201
    terms = [
        *TARGETING.split(" || "),
        *("user.property('plan') isNotSet true", "user.property('plan') != 'pro'", "user.property('seats') <= 5"),
        *(
            "user.propertyContains('plan', 'pro')",
            "group.property('since') !within 30d",
            "group.property('on') == true",
        ),
        *("user.memberOfGroup('north')", "user.event('sale').count == 0", "user.daysSinceNow('joined') < 7"),
        *("user.flow('flow_a') == 'COMPLETED_FLOW'", "user.flow('flow_a') == 'NOT_STARTED_FLOW'"),
        *("user.daysSinceFlowDone('flow_a') > 30", "user.flowStep('flow_a', 'welcome') == 'COMPLETED_STEP'"),
        *("user.flowStepData('flow_a', 'welcome', 'team') == 'ops'", "group.event('paid').count > 1"),
        "user.flowStep('flow_a', 'b') != 'COMPLETED_STEP' && user.flowStepData('flow_a', 'b', 'x') isSet true",
        "user.property('vip')",
    ]
    some = {term: count(empty, term) for term in terms}
    assert {term: number for term, number in some.items() if not 0 < number < 1_000} == {}
    assert some == {term: count(empty, term) for term in terms}
    assert some[terms[0]] < count(empty, TARGETING) < 1_000
    for nobody in ("user.property('plan') ==", "true == ", "user.currentUrl() contains 'a'"):
        assert count(empty, nobody) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"query": "{ rules { id } }"},
        {"query": "mutation { deleteRule(id: 1) { id } }"},
        {"query": QUERY.replace("getTotalUsers", "users")},
        {"query": QUERY.replace("take: 1", "take: 51")},
        {"query": QUERY.replace("take: 1,", "")},
        {"query": QUERY.replace("skip: 0,", "")},
        {"query": QUERY.replace("name count", "name email")},
        {"query": QUERY + " { flow(id: 1) { id } }"},
        {"query": 'query { getTotalUsers(skip: 0, take: 1, query: "plan: pro") { name count } }'},
        {"query": 'query { getTotalUsers(skip: 0, take: 1, query: "\\q") { name count } }'},
        {"query": 7},
        {"variables": None},
        {"variables": {"query": 1}},
    ],
)
def test_everything_else_is_refused_as_the_vendor_does_it(emulator: Emulator, changed: dict[str, object]) -> None:
    assert users(emulator, "", **changed) == {
        "errors": [{"message": "Internal server error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}],
        "data": None,
    }


def test_literals_and_the_order_of_arguments_do_not_matter_and_only_a_private_key_asks(emulator: Emulator) -> None:
    query = '{ getTotalUsers(query: "targeting: user.isGuest() == true", take: 50, skip: 0) { count } }'
    assert users(emulator, "", query=query, variables={})["data"] == {"getTotalUsers": [{"count": 100}]}
    assert ask(emulator.handle, "POST", "/graphql", {"query": query}, key=PUBLIC_KEY).status == 403
    assert ask(emulator.handle, "GET", "/graphql").status == 404


def test_errors_can_be_had_at_will(emulator: Emulator) -> None:
    faulty = Faulty(emulator.handle, [parse_fault("graphql-errors:POST /graphql:1")], lambda *_: None)
    body = {"query": QUERY, "variables": {"query": "targeting: "}}
    answers: list[Answer] = [ask(faulty, "POST", "/graphql", body) for _ in range(2)]
    assert [each.status for each in answers] == [200, 200]
    assert ["errors" in each.body for each in answers] == [True, False]


def test_nobody_has_a_browser_open(emulator: Emulator) -> None:
    for term in ("user.currentUrl() != '/a'", "user.currentUrl() !contains 'a'", "user.currentUrl() == '/a'"):
        assert count(emulator, term) == 0
