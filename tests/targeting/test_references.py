from __future__ import annotations

import pytest
from hypothesis import given

from flowsync.model import Severity
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import Expression
from flowsync.targeting.parser import parse
from flowsync.targeting.references import (
    KnownFlow,
    check_cycle,
    check_references,
    check_self,
    check_self_step,
    references,
    waits_for,
)
from tests.targeting import strategies

KNOWN = {"flow_setup": KnownFlow({"profile": frozenset({"role", "team"}), "custom": None}), "flow_opaque": KnownFlow()}


def test_references_name_flow_step_and_field_with_their_places() -> None:
    text = "user.flow('a') == 'x' && (user.flowStepData('b', 's', 'f') == user.flowStep('c', 't') || user.isGuest())"
    names = [reference.names for reference in references(parse(text))]
    assert [[name.value for name in each] for each in names] == [["a"], ["b", "s", "f"], ["c", "t"]]
    assert [text[slice(*name.span)] for name in names[1]] == ["'b'", "'s'", "'f'"]


@pytest.mark.parametrize(
    ("text", "code", "about", "hint"),
    [
        ("user.flow('flow_setpu') == 'x'", "targeting-unknown-flow", "'flow_setpu'", "Did you mean `flow_setup`?"),
        ("user.daysSinceFlowDone('zzz') > 1", "targeting-unknown-flow", "'zzz'", None),
        (
            "user.flowStep('flow_setup', 'profil') == 'x'",
            "targeting-unknown-step",
            "'profil'",
            "Did you mean `profile`?",
        ),
        ("user.flowStepData('flow_setup', 'x', 'y') == 'x'", "targeting-unknown-step", "'x'", None),
        (
            "user.flowStepData('flow_setup', 'profile', 'rolle') == 'x'",
            "targeting-unknown-field",
            "'rolle'",
            "Did you mean `role`?",
        ),
    ],
)
def test_a_reference_to_nothing_is_an_error(text: str, code: str, about: str, hint: str | None) -> None:
    (found,) = check_references(references(parse(text)), KNOWN, is_live=True)
    assert (found.code, found.severity, text[slice(*found.span)], found.hint) == (code, Severity.ERROR, about, hint)


def test_a_flow_without_a_file_is_only_a_warning_offline() -> None:
    (found,) = check_references(references(parse("user.flow('x') == 'y'")), KNOWN, is_live=False)
    assert found.severity is Severity.WARNING
    assert "not known offline" in found.message


@pytest.mark.parametrize(
    "text",
    [
        "user.flow('flow_setup') == 'x'",
        "user.flowStepData('flow_setup', 'profile', 'role') == 'x'",
        "user.flowStepData('flow_setup', 'custom', 'anything') == 'x'",
        "user.flowStepData('flow_opaque', 'any', 'thing') == 'x'",
        "user.isGuest()",
        "",
    ],
)
def test_references_to_what_exists_or_cannot_be_known_are_fine(text: str) -> None:
    assert check_references(references(parse(text)), KNOWN, is_live=True) == ()


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("user.flow('a') == 'COMPLETED_FLOW'", "a"),
        ("user.flow('a') == 'NOT_STARTED_FLOW'", ""),
        ("user.flow('a') != 'NOT_STARTED_FLOW'", "a"),
        ("user.flow('a') != 'COMPLETED_FLOW'", ""),
        ("user.flow('a') isIn 'STARTED_FLOW,COMPLETED_FLOW'", "a"),
        ("user.flow('a') isIn 'NOT_STARTED_FLOW,COMPLETED_FLOW'", ""),
        ("user.flow('a') !isIn 'NOT_STARTED_FLOW'", "a"),
        ("user.flow('a') within 7d", "a"),
        ("user.flow('a') !within 7d", ""),
        ("user.flow('a') contains 'COMPLETED'", "a"),
        ("user.daysSinceFlowDone('a') > 3", "a"),
        ("user.flowStep('a', 's') == 'COMPLETED_STEP'", "a"),
        ("user.flowStep('a', 's') != 'COMPLETED_STEP'", ""),
        ("user.flowStepData('a', 's', 'f') == 'x'", "a"),
        ("user.flowStepData('a', 's', 'f') isNotSet true", ""),
        ("user.flow('a') == user.property('p')", ""),
        ("user.flow('a') == user.flow('b')", ""),
        ("user.flow('a') == 'STARTED_FLOW' && user.flow('b') == 'STARTED_FLOW'", "a b"),
        ("user.flow('a') == 'STARTED_FLOW' || user.flow('b') == 'STARTED_FLOW'", ""),
        ("user.flow('a') == 'STARTED_FLOW' || user.flow('a') == 'SKIPPED_FLOW'", "a"),
        ("(user.flow('a') within 7d && user.isGuest()) || (user.flow('a') within 9d)", "a"),
        ("user.isGuest() && user.property('p') == 1", ""),
        ("true", ""),
        ("", ""),
    ],
)
def test_an_expression_waits_for_flows_without_which_it_cannot_hold(text: str, slugs: str) -> None:
    assert waits_for(parse(text)) == frozenset(slugs.split())


@given(strategies.expressions, strategies.contexts)
def test_whoever_has_not_started_an_awaited_flow_does_not_qualify(expression: Expression, context: Context) -> None:
    if waits_for(expression) - context.flows.keys():
        assert not evaluate(expression, context)


def test_a_flow_that_waits_for_itself_is_reported_at_the_condition() -> None:
    text = "user.isGuest() && user.flow('me') == 'STARTED_FLOW'"
    (found,) = check_self(parse(text), "me")
    assert (found.code, found.severity) == ("targeting-self", Severity.ERROR)
    assert text[slice(*found.span)] == "user.flow('me') == 'STARTED_FLOW'"
    assert check_self(parse(text), "other") == ()
    assert check_self(parse("user.isGuest() || user.flow('me') == 'STARTED_FLOW'"), "me") == ()
    assert check_self(parse("user.flow('me') != 'COMPLETED_FLOW'"), "me") == ()


def test_a_circle_is_reported_in_each_of_its_flows_from_its_own_side() -> None:
    text = "user.flow('c') == 'COMPLETED_FLOW'"
    (found,) = check_cycle(parse(text), "b", ("a", "b", "c"))
    assert (found.code, found.severity) == ("targeting-cycle", Severity.WARNING)
    assert "`b` → `c` → `a` → `b`" in found.message
    assert text[slice(*found.span)] == text
    assert check_cycle(parse(text), "x", ("a", "b")) == ()
    assert check_cycle(parse(text), "c", ("c",)) == ()


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("user.flowStep('me', 's') == 'COMPLETED_STEP'", True),
        ("user.isGuest() && (user.flowStep('me', 's') == 'STARTED_STEP')", True),
        ("user.flowStep('me', 's') == 'STARTED_STEP' || user.flowStep('me', 's') == 'COMPLETED_STEP'", True),
        ("user.flowStepData('me', 's', 'f') == 'x'", True),
        ("user.flowStep('me', 's') == 'STARTED_STEP' || user.isGuest()", False),
        ("user.flowStep('me', 's') != 'COMPLETED_STEP'", False),
        ("user.flowStep('me', 't') == 'COMPLETED_STEP'", False),
        ("user.flowStep('other', 's') == 'COMPLETED_STEP'", False),
        ("user.flow('me') == 'STARTED_FLOW'", False),
        ("", False),
    ],
)
def test_a_step_that_waits_for_itself_is_reported(text: str, *, waits: bool) -> None:
    found = check_self_step(parse(text), "me", "s")
    assert [(each.code, each.severity) for each in found] == [("targeting-self-step", Severity.WARNING)] * waits
