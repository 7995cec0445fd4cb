from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.model import Severity
from flowsync.targeting.checks import check, check_parsed
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import formatted, terms
from flowsync.targeting.parser import parse
from flowsync.targeting.rules import FLOW_RULES, RULES
from tests.targeting import strategies
from tests.targeting.counting import calls_during
from tests.targeting.tables import EVERY_VALID, INVALID

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Condition, Expression
    from flowsync.targeting.rules import Rule

ALONE = [rule for rule in RULES if rule not in FLOW_RULES]


@pytest.mark.parametrize("rule", ALONE, ids=lambda rule: rule.code)
def test_a_rule_finds_its_bad_example_and_nothing_in_the_good_one(rule: Rule) -> None:
    found = [finding for finding in check(rule.bad) if finding.code == rule.code]
    assert found
    assert all(finding.severity is rule.severity for finding in found)
    assert check(rule.good) == ()


@pytest.mark.parametrize("rule", FLOW_RULES, ids=lambda rule: rule.code)
def test_the_examples_of_rules_about_flows_are_otherwise_clean(rule: Rule) -> None:
    assert check(rule.bad) == check(rule.good) == ()


def test_rules_have_codes_of_their_own_and_a_paragraph_each() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.code.startswith("targeting-") for rule in RULES)
    assert all(rule.documentation.endswith((".", ")")) and "\n" not in rule.documentation for rule in RULES)


P = "user.property('p')"
FOUND: list[tuple[object, ...]] = [
    # (text, (code, the text it is about, a part of the message or hint)...)
    ("user.property('a') = 1", ("targeting-syntax", "=", "Write ==")),
    ("(true", ("targeting-syntax", "", "never closed")),
    ("x", ("targeting-syntax", "x", "everyone")),
    (" \n", ("targeting-blank", " \n", "white space")),
    ("user.flow('f') == 'completed_flow'", ("targeting-impossible-value", "'completed_flow'", "mean COMPLETED_FLOW?")),
    ("user.flow('f') != 'DONE'", ("targeting-impossible-value", "'DONE'", "COMPLETED_FLOW?")),
    ("user.flow('f') == 'finished'", ("targeting-impossible-value", "'finished'", "COMPLETED_FLOW?")),
    ("user.flow('f') == 'in progress'", ("targeting-impossible-value", "'in progress'", "STARTED_FLOW?")),
    ("user.flow('f') == 'COMPLETED_STEP'", ("targeting-impossible-value", "'COMPLETED_STEP'", "COMPLETED_FLOW?")),
    ("user.flow('f') == 'zzz'", ("targeting-impossible-value", "'zzz'", "It is one of NOT_STARTED_FLOW")),
    ("user.flow('f') == ' COMPLETED_FLOW'", ("targeting-impossible-value", "' COMPLETED_FLOW'", "COMPLETED_FLOW?")),
    (
        "user.flow('f') == 'STARTED_FLOW,SKIPPED_FLOW'",
        ("targeting-impossible-value", "'STARTED_FLOW,SKIPPED_FLOW'", ""),
    ),
    (
        "user.flow('f') isIn 'STARTED_FLOW,skipped'",
        ("targeting-impossible-value", "'STARTED_FLOW,skipped'", "SKIPPED_F"),
    ),
    ("user.flow('f') == true", ("targeting-impossible-value", "true", "quoted text")),
    ("user.flow('f') == 1", ("targeting-impossible-value", "1", "quoted text")),
    (
        "user.flowStep('f', 's') == 'COMPLETED_FLOW'",
        ("targeting-impossible-value", "'COMPLETED_FLOW'", "COMPLETED_STEP?"),
    ),
    ("user.isGuest() == 'true'", ("targeting-impossible-value", "'true'", "without quotes")),
    ("user.isGuest() == 1", ("targeting-impossible-value", "1", "without quotes")),
    ("user.memberOfGroup('a') == 'a'", ("targeting-impossible-value", "'a'", "true or false")),
    ("user.event('e').count == 'many'", ("targeting-impossible-value", "'many'", "whole number")),
    ("user.event('e').count == 1.5", ("targeting-impossible-value", "1.5", "whole number")),
    ("user.event('e').count == -1", ("targeting-impossible-value", "-1", "whole number")),
    ("user.event('e').count != true", ("targeting-impossible-value", "true", "whole number")),
    ("user.daysSinceNow('p') == 'x'", ("targeting-impossible-value", "'x'", "number of days")),
    ("user.currentUrl() == 5", ("targeting-impossible-value", "5", "quoted text")),
    ("user.memberOfGroup() == true", ("targeting-impossible-value", "true", "quoted text")),
    ("user.isGuest() within 7d", ("targeting-operator", "user.isGuest() within 7d", "needs a date")),
    ("user.currentUrl() !within 7d", ("targeting-operator", "user.currentUrl() !within 7d", "needs a date")),
    ("user.event('e').count contains '1'", ("targeting-operator", "user.event('e').count contains '1'", "== or !=")),
    ("user.memberOfGroup() contains 'a'", ("targeting-operator", "user.memberOfGroup() contains 'a'", "!isIn")),
    ("user.memberOfGroup() > 5", ("targeting-operator", "user.memberOfGroup() > 5", "!isIn")),
    ("user.flow('f') matches 'COMPLETED'", ("targeting-impossible-value", "'COMPLETED'", "COMPLETED_FLOW")),
    ("user.flow('f') !contains 'FINISHED'", ("targeting-impossible-value", "'FINISHED'", "COMPLETED_FLOW")),
    ("user.flowStep('f', 's') endsWith '_FLOW'", ("targeting-impossible-value", "'_FLOW'", "COMPLETED_STEP")),
    (f"{P} startsWith 'https://app/['", ("targeting-pattern", "'https://app/['", "contains")),
    (f"{P} !endsWith '+1'", ("targeting-pattern", "'+1'", "contains")),
    (
        "user.daysSinceNow('a') > '2023-03-01'",
        ("targeting-operator", "user.daysSinceNow('a') > '2023-03-01'", "Compare it with a number"),
    ),
    ("user.event('e').count < now()", ("targeting-operator", "user.event('e').count < now()", "with a number")),
    (f"{P} > 'ten'", ("targeting-order", "'ten'", "Only numbers and dates")),
    (f"{P} > '7 days'", ("targeting-order", "'7 days'", "2023-03-01T00:00:00Z")),
    (f"{P} > '2023-13-01'", ("targeting-order", "'2023-13-01'", "2023-03-01")),
    (f"{P} < true", ("targeting-order", "true", "== or !=")),
    (f"{P} <= null", ("targeting-order", "null", "isSet true")),
    ("user.currentUrl() > 5", ("targeting-order", "user.currentUrl()", "== or !=")),
    ("user.isGuest() > 0", ("targeting-order", "user.isGuest()", "== or !=")),
    ("user.flow('f') > 5", ("targeting-order", "user.flow('f')", "a flow state")),
    (
        "user.flow('f') > 'STARTED_FLOW'",
        ("targeting-order", "user.flow('f')", ""),
        ("targeting-order", "'STARTED_FLOW'", ""),
    ),
    ("user.event('e').count", ("targeting-alone", "user.event('e').count", "comparison")),
    ("user.memberOfGroup()", ("targeting-alone", "user.memberOfGroup()", "comparison")),
    ("user.currentUrl() && user.isGuest()", ("targeting-alone", "user.currentUrl()", "never true")),
    (f"{P} isIn ''", ("targeting-list", "''", "an empty value")),
    (f"{P} isIn 'a,,b'", ("targeting-list", "'a,,b'", "an empty value")),
    (f"{P} !isIn 'a, b'", ("targeting-list", "'a, b'", "spaces around `b`")),
    ("user.memberOfGroup() != 'a ,b'", ("targeting-list", "'a ,b'", "spaces around `a`")),
    ("user.memberOfGroup('a, b') == true", ("targeting-list", "'a, b'", "spaces around `b`")),
    (f"{P} within 30m", ("targeting-months", "30m", "write 30i; if months are meant, 900d")),
    (f"{P} !within 25m", ("targeting-months", "25m", "25 months of 30 days")),
    (f"{P} within 0d", ("targeting-zero-time", "0d", "now()")),
    (f"{P} matches 'a(?=b)'", ("targeting-pattern", "(?=b)'", "look-ahead")),
    (f"{P} !matches 'a('", ("targeting-pattern", "('", "never closed"), ("targeting-text", "'a('", "balance")),
    (f"{P} startsWith 'a+b'", ("targeting-affix", "'a+b'", "`+`")),
    (f"{P} !endsWith '?x'", ("targeting-affix", "'?x'", "contains")),
    (f'{P} == "it\'s"', ("targeting-quote", '"it\'s"', "holds a quote")),
    (f"{P} == 'say \"hi\"'", ("targeting-quote", "'say \"hi\"'", "holds a quote")),
    (f"{P} == 'R OR D'", ("targeting-text", "'R OR D'", "at OR inside")),
    (f"{P} == 'a && b'", ("targeting-text", "'a && b'", "at && inside")),
    ("user.property('a (b') == 1", ("targeting-text", "'a (b'", "do not balance")),
    (f"{P} == ')('", ("targeting-text", "')('", "do not balance")),
    ("true && user.isGuest()", ("targeting-constant", "true", "true for every user")),
    ("(false) || user.isGuest()", ("targeting-constant", "false", "false for every user")),
    ("1 == 2", ("targeting-constant", "1 == 2", "false for every user")),
    ("1 < (2 * 3) + 1", ("targeting-constant", "1 < (2 * 3) + 1", "true for every user")),
    (f"{P} contains ''", ("targeting-constant", f"{P} contains ''", "true for every user who has it set")),
    (f"{P} !startsWith ''", ("targeting-constant", f"{P} !startsWith ''", "false for every user who")),
    ("user.isGuest() isSet true", ("targeting-constant", "user.isGuest() isSet true", "true")),
    ("user.flow('f') == null", ("targeting-constant", "user.flow('f') == null", "false")),
    ("user.event('e').count != null", ("targeting-constant", "user.event('e').count != null", "true")),
    ("user.event('e').count >= 0", ("targeting-constant", "user.event('e').count >= 0", "true")),
    ("user.event('e').count > -1", ("targeting-constant", "user.event('e').count > -1", "true")),
    ("user.event('e').count < 0", ("targeting-constant", "user.event('e').count < 0", "false")),
    ("user.event('e').count <= -1", ("targeting-constant", "user.event('e').count <= -1", "false")),
    (f"{P} == 'a' && {P} == 'b'", ("targeting-contradiction", f"{P} == 'b'", "isIn 'a,b'")),
    (f"{P} == 'a' && ({P} == 'b')", ("targeting-contradiction", f"{P} == 'b'", "No user meets both")),
    (f"{P} == 'a' && {P} != 'a'", ("targeting-contradiction", f"{P} != 'a'", "change one of them")),
    (f"{P} && {P} == false", ("targeting-contradiction", f"{P} == false", "No user meets both")),
    (f"{P} > 10 && {P} < 5", ("targeting-contradiction", f"{P} < 5", "change one")),
    (f"{P} < 5 && {P} > 10", ("targeting-contradiction", f"{P} < 5", "change one")),
    (f"{P} > 5 && {P} <= 5", ("targeting-contradiction", f"{P} <= 5", "change one")),
    (f"{P} > '2026-02-01' && {P} < '2026-01-01'", ("targeting-contradiction", f"{P} < '2026-01-01'", "")),
    (f"{P} == 7 && {P} > 10", ("targeting-contradiction", f"{P} > 10", "")),
    (f"{P} == 'a' && {P} isIn 'b,c'", ("targeting-contradiction", f"{P} isIn 'b,c'", "")),
    (f"{P} == 'a' && {P} !isIn 'a,c'", ("targeting-contradiction", f"{P} !isIn 'a,c'", "")),
    (f"{P} isNotSet true && {P} == 'a'", ("targeting-contradiction", f"{P} == 'a'", "")),
    (f"{P} == null && {P} != 'a'", ("targeting-contradiction", f"{P} != 'a'", "")),
    (f"{P} isSet true && {P} isNotSet true", ("targeting-contradiction", f"{P} isNotSet true", "")),
    (f"{P} within 7d && {P} !within 7d", ("targeting-contradiction", f"{P} !within 7d", "")),
    (f"{P} == 1 || {P} != 1", ("targeting-tautology", f"{P} != 1", f"every user who has {P} set")),
    (f"{P} != 'a' || {P} != 'b'", ("targeting-tautology", f"{P} != 'b'", "!isIn 'a,b'")),
    (f"{P} > 5 || {P} < 8", ("targeting-tautology", f"{P} < 8", "change one")),
    (f"{P} >= 5 || {P} < 5", ("targeting-tautology", f"{P} < 5", "")),
    (f"{P} >= 5 || {P} <= 5", ("targeting-tautology", f"{P} <= 5", "")),
    (f"{P} isSet true || {P} isNotSet true", ("targeting-tautology", f"{P} isNotSet true", "true for every user.")),
    ("user.isGuest() || user.isGuest() != true", ("targeting-tautology", "user.isGuest() != true", "for every user.")),
    (f"{P} == 'a' || {P} == \"a\"", ("targeting-duplicate", f'{P} == "a"', "twice")),
    (f"({P} && user.isGuest()) || (user.isGuest() && {P})", ("targeting-duplicate", f"user.isGuest() && {P}", "")),
    (
        f"{P} || user.isGuest() && true",
        ("targeting-mixed-logic", "user.isGuest() && true", ""),
        ("targeting-constant", "true", ""),
    ),
    (f"(({P}))", ("targeting-dashboard", f"({P})", "Parentheses inside")),
    (f"({P} && (user.isGuest()))", ("targeting-dashboard", "(user.isGuest())", "Parentheses inside")),
    (
        "group.propertyContains('a', 'b')",
        ("targeting-dashboard", "group.propertyContains('a', 'b')", "contains 'part'"),
    ),
    ("user.daysSinceFlowDone('f') > 3", ("targeting-dashboard", "user.daysSinceFlowDone('f')", "within 7d")),
    (f"5 < {P}", ("targeting-backwards", f"5 < {P}", "Turn the comparison around")),
]


@pytest.mark.parametrize("case", FOUND, ids=lambda case: ascii(case[0]))
def test_a_finding_is_where_it_should_be_and_says_what_to_do(case: tuple[str, tuple[str, str, str]]) -> None:
    text, *expected = case
    found = check(text)
    assert sorted((each.code, text[slice(*each.span)]) for each in found) == sorted(
        (code, about) for code, about, _ in expected
    )
    for code, about, says in expected:
        assert any(
            says in f"{each.message} {each.hint}"
            for each in found
            if (each.code, text[slice(*each.span)]) == (code, about)
        )


CLEAN = [
    "",
    "true",
    "false",
    P,
    f"{P} == 'pro' && user.flow('flow_setup') != 'COMPLETED_FLOW'",
    f"({P} within 7d) && (user.flow('f') != 'COMPLETED_FLOW')",
    "user.memberOfGroup() == 'a' && user.memberOfGroup() == 'b'",
    "user.memberOfGroup() != 'a' || user.memberOfGroup() != 'b'",
    f"{P} > 5 && {P} < 10",
    f"{P} >= 5 && {P} <= 5",
    f"{P} < 5 || {P} > 10",
    f"{P} > 5 || {P} < 5",
    f"{P} != 'a' && {P} != 'b'",
    f"{P} == 'a' || {P} == 'b'",
    f"{P} == 7 && {P} == '7'",
    f"{P} == 'a' && {P} isSet true",
    f"{P} == 'a' && {P} contains 'a'",
    f"{P} > now() && {P} < 5",
    f"{P} == user.property('q') && {P} == 'a'",
    f"{P} within 7d && {P} !within 1d",
    "user.flow('f') == 'COMPLETED_FLOW' && user.flow('f') > '2026-01-01'",
    "user.flow('f') < Date.now() - 86400000",
    "user.flow('f') isIn 'COMPLETED_FLOW,SKIPPED_FLOW'",
    "user.flow('f') == user.flow('g')",
    "user.flowStepData('f', 's', 'd') >= '7'",
    "user.property('a') == null",
    "user.event('e').count >= 1",
    "user.event('e').count == 0",
    "user.event('e').count <= 0",
    "user.daysSinceNow('p') > 0",
    "user.daysSinceNow('p') == 7.5",
    "user.currentUrl() matches '.*/settings/[0-9]+'",
    "user.currentUrl() startsWith 'https://app.example/'",
    f"{P} within 3m",
    f"{P} matches ''",
    "now() > '2026-01-01'",
    "'2026-01-01' within 7d",
    "Date.now() - 5 > '2026-01-01'",
    "now() < 5 * (Date.now() - 3)",
]


@pytest.mark.parametrize("text", CLEAN)
def test_nothing_is_found_where_nothing_is_wrong(text: str) -> None:
    assert check(text) == ()


@given(st.one_of(st.sampled_from([*EVERY_VALID, *(case.text for case in INVALID)]), st.text()))
def test_checking_never_raises_and_findings_are_sorted_and_inside(text: str) -> None:
    found = check(text)
    assert [finding.span for finding in found] == sorted(finding.span for finding in found)
    for finding in found:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert finding.message.isprintable()
        assert finding.hint is None or finding.hint.isprintable()
        assert finding.severity in Severity


@given(strategies.expressions)
def test_any_tree_can_be_checked(tree: Expression) -> None:
    text = formatted(tree)
    assert len(check(text)) == len(check_parsed(text, tree))


@settings(max_examples=100)
@given(strategies.conditions, strategies.contexts)
def test_what_is_said_to_be_never_true_is_never_true(condition: Condition, context: Context) -> None:
    found = check(formatted(condition))
    if any("never true" in finding.message or finding.code == "targeting-pattern" for finding in found):
        assert not evaluate(condition, context)


def test_null_is_no_subject_that_conditions_could_contradict_each_other_about() -> None:
    text = "null isNotSet true && null == user.property('k')"
    assert evaluate(parse(text), Context(at=0))
    assert "targeting-contradiction" not in [finding.code for finding in check(text)]


@settings(max_examples=150)
@given(strategies.conditions, strategies.conditions, strategies.contexts)
def test_a_contradiction_holds_for_nobody(first: Condition, second: Condition, context: Context) -> None:
    text = f"{formatted(first)} && {formatted(replace(second, left=first.left))}"
    if any(finding.code == "targeting-contradiction" for finding in check(text)):
        assert not evaluate(parse(text), context)


@settings(max_examples=150)
@given(strategies.conditions, strategies.conditions, strategies.contexts)
def test_a_constant_is_the_same_for_everyone(first: Condition, second: Condition, context: Context) -> None:
    """Where a value is set: constants and tautologies leave out users who never had it set."""
    text = f"{formatted(first)} || {formatted(replace(second, left=first.left))}"
    told = [finding.message for finding in check(text) if "for every user." in finding.message]
    flows_known = replace(context, known_flows=None)
    if any(message.startswith("One of") or " is true for" in message for message in told):
        assert evaluate(parse(text), flows_known)


def test_many_terms_take_work_in_proportion() -> None:
    def work(size: int) -> int:
        text = " && ".join(f"user.property('p{number % 7}') != 'v{number}'" for number in range(size))
        return calls_during(lambda: check(text))

    assert work(200) <= 2.4 * work(100)


def test_terms_are_checked_inside_parentheses_too() -> None:
    text = "(user.isGuest() && (user.flow('f') == 'done'))"
    assert {finding.code for finding in check(text)} == {"targeting-dashboard", "targeting-impossible-value"}
    assert len(terms(parse(text))) == 2


@pytest.mark.parametrize(
    ("character", "count", "is_too_long"),
    [("x", 2000, False), ("x", 2001, True), ("😀", 1001, True), ("é", 2000, False)],
)
def test_an_expression_is_as_long_as_javascript_finds_it(character: str, count: int, *, is_too_long: bool) -> None:
    text = character * count
    findings = [finding for finding in check(text) if finding.code == "targeting-too-long"]
    assert bool(findings) is is_too_long
    assert all(0 <= finding.span.start < len(text) for finding in findings)


@pytest.mark.parametrize("source", ["user.currentUrl()", "user.daysSinceFlowDone('f')"])
def test_what_there_may_be_no_value_of_is_neither_set_nor_unset_for_every_user(source: str) -> None:
    text = f"{source} isSet true || {source} isNotSet true"
    assert not evaluate(parse(text), Context(at=0))
    (told,) = [finding.message for finding in check(text) if finding.code == "targeting-tautology"]
    assert told.endswith(f"is true for every user who has {source} set.")
