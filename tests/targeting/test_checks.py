from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.flows.expressions import parse_result
from flowsync.model import Severity
from flowsync.targeting.checks import check
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import Condition, Expression, formatted
from flowsync.targeting.parser import parse
from flowsync.targeting.rules import Finding
from flowsync.text import printable
from tests.support.counting import calls_during
from tests.targeting import strategies
from tests.targeting.tables import CLEAN, EVERY_VALID, FOUND, INVALID, Found


def found_in(text: str) -> tuple[Finding, ...]:
    return check(text, parse_result(text))


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[ascii(text) for text, _ in FOUND])
def test_a_finding_is_where_it_should_be_and_says_what_to_do(text: str, expected: tuple[Found, ...]) -> None:
    found = [Found(each.code, text[slice(*each.span)], f"{each.message} {each.hint}") for each in found_in(text)]
    assert sorted(each[:2] for each in found) == sorted(each[:2] for each in expected)
    for wanted in expected:
        assert any(wanted.says in each.says for each in found if each[:2] == wanted[:2])


@pytest.mark.parametrize("text", CLEAN)
def test_nothing_is_found_where_nothing_is_wrong(text: str) -> None:
    assert found_in(text) == ()


@given(st.one_of(st.sampled_from([*EVERY_VALID, *(case.text for case in INVALID)]), st.text()))
def test_checking_never_raises_and_findings_are_sorted_and_inside(text: str) -> None:
    found = found_in(text)
    assert [finding.span for finding in found] == sorted(finding.span for finding in found)
    for finding in found:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert printable(finding.message) == finding.message
        assert finding.hint is None or printable(finding.hint) == finding.hint
        assert finding.severity in Severity


@given(strategies.expressions)
def test_any_tree_can_be_checked(tree: Expression) -> None:
    text = formatted(tree)
    assert len(found_in(text)) == len(check(text, tree))


@settings(max_examples=100)
@given(strategies.conditions, strategies.contexts)
def test_what_is_said_to_be_never_true_is_never_true(condition: Condition, context: Context) -> None:
    found = found_in(formatted(condition))
    if any("never true" in finding.message or finding.code == "targeting-pattern" for finding in found):
        assert not evaluate(condition, context)


def test_null_is_no_subject_that_conditions_could_contradict_each_other_about() -> None:
    text = "null isNotSet true && null == user.property('k')"
    assert evaluate(parse(text), Context(at=0))
    assert "targeting-contradiction" not in [finding.code for finding in found_in(text)]


@settings(max_examples=100)
@given(strategies.conditions, strategies.conditions, strategies.contexts)
def test_a_contradiction_holds_for_nobody(first: Condition, second: Condition, context: Context) -> None:
    text = f"{formatted(first)} && {formatted(replace(second, left=first.left))}"
    if any(finding.code == "targeting-contradiction" for finding in found_in(text)):
        assert not evaluate(parse(text), context)


@settings(max_examples=100)
@given(strategies.conditions, strategies.conditions, strategies.contexts)
def test_a_constant_is_the_same_for_everyone(first: Condition, second: Condition, context: Context) -> None:
    """Where a value is set: constants and tautologies leave out users who never had it set."""
    text = f"{formatted(first)} || {formatted(replace(second, left=first.left))}"
    messages = [finding.message for finding in found_in(text) if "for every user." in finding.message]
    if any(message.startswith("One of") or " is true for" in message for message in messages):
        assert evaluate(parse(text), context)


def test_many_terms_take_work_in_proportion() -> None:
    def work(size: int) -> int:
        text = " && ".join(f"user.property('p{number % 7}') != 'v{number}'" for number in range(size))
        return calls_during(lambda: found_in(text))

    assert work(200) <= 2.4 * work(100)


@pytest.mark.parametrize(
    ("character", "count", "is_too_long"),
    [("x", 2000, False), ("x", 2001, True), ("😀", 1001, True), ("é", 2000, False)],
)
def test_an_expression_is_as_long_as_javascript_finds_it(character: str, count: int, *, is_too_long: bool) -> None:
    text = character * count
    findings = [finding for finding in found_in(text) if finding.code == "targeting-too-long"]
    assert bool(findings) is is_too_long
    assert all(0 <= finding.span.start < len(text) for finding in findings)


@pytest.mark.parametrize(
    ("count", "codes"),
    [(1699, []), (1700, ["targeting-long"]), (2000, ["targeting-long"]), (2001, ["targeting-too-long"])],
)
@pytest.mark.parametrize("line_break", ["", "\n" + " " * 400])
def test_the_limit_is_near_from_1700_characters_of_what_is_sent(count: int, codes: list[str], line_break: str) -> None:
    text = f"user.property('p') =={line_break or ' '}'{'x' * (count - 24)}'"
    assert [finding.code for finding in found_in(text)] == codes


@pytest.mark.parametrize("text", ["(\n  (user.isGuest())\n)\n", "\n(user.isGuest())\r\n"])
def test_line_breaks_beside_parentheses_are_not_sent_so_nothing_is_wrong_with_them(text: str) -> None:
    assert "targeting-parentheses" not in [finding.code for finding in found_in(text)]


SEVERAL = {
    "user.property('a') = 1 && user.url() == 'x' || user.property('b') > 1,000": ["=", "u", ","],
    "user.property('a') notIn 'x' && (user.property('b') == 10k || true) && user.property('c') == +1": ["n", "1", "+"],
    "user.property('a') = 1 and user.property('b') == 2 or today() > 1": ["=", "a", "o", "t"],
    "user.property(\u2018a\u2019) == 1 && user.property('b') == \u201cx && y\u201d && x": ["\u2018", "\u201c", "x"],
    "(user.property('a') = 1": ["=", ""],
    "user.isGuest()) && user.property('a') = 1)": [")", "=", ")"],
    "user.property('a')) == 'b' && x": [")", "x"],
    "user.property('a' == 1 && user.property('b') = 2": ["=", "="],
    "(user.property('a' == 1) && user.property('b') = 2": ["=", "="],
    "true && && true && ()": ["&", ")"],
    "!(user.isGuest() && true) && not true && user.plan": ["!", "n", "u"],
    "(Date.now() - 5) < user.property('a') && x == 1": ["D", "x"],
    "user.property('a') isIn 'a', 'b' && x == 1": [",", "x"],
    "user.property('a') in ['a', 'b'] && x == 1": ["[", "x"],
    "user.property('a') == 'b && x == 1 && user.c = 'd'": ["'"],
}


@pytest.mark.parametrize("text", SEVERAL)
def test_every_condition_with_a_mistake_is_reported_and_nothing_that_only_follows_from_one(text: str) -> None:
    found = [finding for finding in found_in(text) if finding.code == "targeting-syntax"]
    assert [text[slice(*finding.span)] for finding in found] == SEVERAL[text]


def test_the_mistakes_that_are_reported_of_one_expression_are_limited() -> None:
    text = " && ".join(["x == 1"] * 500)
    assert 40 < len(found_in(text)) < 60


@pytest.mark.parametrize("source", ["user.currentUrl()", "user.daysSinceFlowDone('f')"])
def test_what_there_may_be_no_value_of_is_neither_set_nor_unset_for_every_user(source: str) -> None:
    text = f"{source} isSet true || {source} isNotSet true"
    assert not evaluate(parse(text), Context(at=0))
    (message,) = [finding.message for finding in found_in(text) if finding.code == "targeting-tautology"]
    assert message.endswith(f"is true for every user who has {source} set.")
