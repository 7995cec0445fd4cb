"""What is right at a glance is right: neither the schema nor a rule that is then not asked has anything to report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowsync.validate import glance
from flowsync.validate.groups import links, patterns, texts
from flowsync.validate.schema import schema_problems
from flowsync.validate.view import view
from tests.validate.building import FLOWS, HERE, flow_of, flow_with, flows_of
from tests.validate.test_acceptor import changed

if TYPE_CHECKING:
    from flowsync.validate import Rule

RULES = [rule for group in glance.GROUPS for rule in group.RULES]


def is_right(text: str) -> bool:
    return all(glance.is_right(view(flow).value) for flow in flows_of(text))


def test_ordinary_flows_are_right_at_a_glance() -> None:
    files = [*FLOWS.iterdir(), *(HERE / "positive").iterdir()]
    seen = [
        glance.is_right(view(flow_of(file.read_text(encoding="utf-8"), f"flows/{file.name}")).value) for file in files
    ]
    assert seen.count(True) > len(seen) * 0.7


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_a_rule_reports_is_not_right_at_a_glance(rule: Rule) -> None:
    assert not is_right(rule.example)


def assert_silent(value: dict[str, Any]) -> None:
    looked_at = view(flow_with(value))
    if glance.is_right(looked_at.value):
        assert [*schema_problems(looked_at)] == []
        assert [problem for group in glance.GROUPS for problem in group.check(looked_at)] == []


@settings(max_examples=200, deadline=None)
@given(changed())
def test_the_rest_is_silent_of_what_is_right_at_a_glance(value: Any) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        assert_silent(value)


hostile = st.text(st.sampled_from(list("<>/{}$ ab_.1-\n:,?#hw\\^[")), max_size=20)
pieces = st.lists(
    st.sampled_from(["<b>", "</b>", "<a href='/'>", "<h1>", "<", ">", "${name}", "${", "}", "{{", "}}", "$", "{a}"])
    | st.sampled_from(
        ["https://", "http://", "a", "www.", "/", " ", "javascript:", "data:", "é", "[", "(?<n>", "/^", "$/"]
    )
    | hostile
).map("".join)


@settings(max_examples=200, deadline=None)
@example("https://a{{b}}", "<B>", "/^a$/")
@given(pieces, pieces, pieces)
def test_hostile_texts_are_not_passed(title: str, address: str, pattern: str) -> None:
    button = {"title": title, "uri": address}
    field = {"id": "f", "label": title, "required": title, "pattern": {"value": pattern, "message": title}}
    for step in (
        {"id": "s", "title": title},
        {"id": "s", "imageUri": address, "primaryButton": button},
        {"id": "s", "fields": [field]},
        {"id": "s", "fields": [{**field, "required": True}]},
    ):
        assert_silent({"type": "FORM" if "fields" in step else "CARD", "data": {"steps": [step]}})


def test_the_fine_is_fine() -> None:
    assert texts.is_fine("<b>Hello</b>, ${user.name}, 3 > 2<br/>")
    assert links.is_fine("/settings?from=flow")
    assert links.is_fine_media("https://cdn.acorn.example/a.png")
    assert patterns.is_fine("^[0-9]+$")
