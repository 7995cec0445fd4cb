from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.targeting.comparison import Effect, TermChange, compare
from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import Condition, Expression, Operator, Source, formatted
from flowsync.targeting.parser import parse
from tests.targeting import strategies
from tests.targeting.tables import INVALID, VALID

A, B, C = "user.property('a') == 1", "user.isGuest()", "user.flow('c') == 'COMPLETED_FLOW'"
LESS, MORE, SAME, OTHER = Effect.NARROWER, Effect.WIDER, Effect.NONE, Effect.UNKNOWN

SENTENCES = [
    (A, A, SAME, "same meaning"),
    (f"{A} && {B}", f"({B}) AND {A}", SAME, "same meaning"),
    (f"{A} && ({B} && {C})", f"{C} && {B} && {A} && {A}", SAME, "same meaning"),
    (A, f"{A}.0", SAME, "same meaning"),
    (A, f"{A}.0 && {B}", LESS, "adds a condition: fewer users qualify"),
    ("", "  ", SAME, "same meaning"),
    ("", "x", SAME, "same meaning"),
    (A, "", MORE, "now everyone"),
    (A, "x", MORE, "now everyone"),
    ("", A, LESS, "no longer everyone: fewer users qualify"),
    (A, f"{A} && {B}", LESS, "adds a condition: fewer users qualify"),
    (A, f"{A} && {B} && {C}", LESS, "adds 2 conditions: fewer users qualify"),
    (f"{A} && {B}", B, MORE, "drops a condition: more users qualify"),
    (f"{A} && {B} && {C}", f"{A} && {C}", MORE, "drops a condition: more users qualify"),
    (A, f"{A} || {B}", MORE, "adds an alternative: more users qualify"),
    (f"{A} || {B} || {C}", A, LESS, "drops 2 alternatives: fewer users qualify"),
    (f"{A} && {B}", f"{A} || {B}", MORE, "changes a condition: more users qualify"),
    (f"{A} || {B}", f"{A} && {B}", LESS, "changes a condition: fewer users qualify"),
    (f"{A} && {B}", f"{A} && {C}", OTHER, "adds a condition and drops a condition"),
    (f"{A} && {B}", f"{A} && ({B} || {C})", MORE, "adds an alternative: more users qualify"),
    (f"{A} && ({B} || {C})", f"{A} && {B}", LESS, "drops an alternative: fewer users qualify"),
    (f"{A} && {B}", f"({A} && {B}) || {C}", MORE, "adds an alternative: more users qualify"),
    (A, B, OTHER, "changes a condition"),
    (A, "user.property('a') == 2", OTHER, "changes a condition"),
    (A, "user.property('a') != 1", OTHER, "changes a condition"),
    (f"{A} && {B}", f"user.property('a') == 2 && {B}", OTHER, "changes a condition"),
    ("user.event('e').count > 5", "user.event('e').count > 3", MORE, "changes a condition: more users qualify"),
    ("user.event('e').count > 5", "user.event('e').count > 7", LESS, "changes a condition: fewer users qualify"),
    ("user.event('e').count <= 5", "user.event('e').count <= 7", MORE, "changes a condition: more users qualify"),
    ("user.property('a') < 5", "user.property('a') < '5'", SAME, "same meaning"),
    ("user.property('a') < 5", "user.property('a') < 'b'", OTHER, "changes a condition"),
    ("user.property('a') < 5", "user.property('a') < now()", OTHER, "changes a condition"),
    ("user.property('a') > '2026-01-01'", "user.property('a') > '2025-01-01'", MORE, "changes a condition: more users"),
    ("user.property('a') isIn 'x,y'", "user.property('a') isIn 'y,z,x'", MORE, "changes a condition: more users"),
    ("user.property('a') isIn 'x,y'", "user.property('a') isIn 'y,x'", SAME, "same meaning"),
    ("user.property('a') isIn 'x,y'", "user.property('a') isIn 'x,z'", OTHER, "changes a condition"),
    ("user.property('a') !isIn 'x,y'", "user.property('a') !isIn 'x'", MORE, "changes a condition: more users"),
    ("user.property('a') within 7d", "user.property('a') within 1w", SAME, "same meaning"),
    ("user.property('a') within 7d", "user.property('a') within 8d", MORE, "changes a condition: more users"),
    ("user.property('a') !within 7d", "user.property('a') !within 8d", LESS, "changes a condition: fewer users"),
    ("user.property('a') = 1", A, MORE, "was malformed, so no user qualified"),
    (A, "user.property('a') = 1", LESS, "is malformed now: no user qualifies"),
    ("user.property('a') = 1", "user.property('a')  =  1", SAME, "malformed before and after"),
    ("user.property('a') = 1", "user.property('a') = 2", OTHER, "was malformed and still is"),
]


LONG = f"user.property('a') isIn '{'x,' * 1_000}x'"
SENTENCES += [
    (LONG, A, MORE, "was too long, so no user qualified; now it can be read"),
    (A, f"{A} || {LONG}", LESS, "is too long now: no user qualifies"),
    (LONG, f" {LONG}", OTHER, "was too long and still is"),
    ("((", LONG, OTHER, "was malformed and is too long now"),
    (LONG, LONG, SAME, "too long before and after"),
]


@pytest.mark.parametrize(("old", "new", "effect", "sentence"), SENTENCES)
def test_a_change_is_reported_in_plain_words(old: str, new: str, effect: Effect, sentence: str) -> None:
    found = compare(old, new)
    assert found.effect is effect
    assert sentence in str(found.sentence)


def test_the_tree_shows_what_came_went_changed_and_stayed() -> None:
    found = compare(f"{A} && {B} && user.property('p') == 'x'", f"user.property('p') == 'y' && ({C} || {B}) && {A}")
    assert [(line.depth, line.change, line.text, line.old_text) for line in found.lines] == [
        (0, None, "all of", None),
        (1, TermChange.CHANGED, "user.property('p') == 'y'", "user.property('p') == 'x'"),
        (1, None, "at least one of", None),
        (2, TermChange.ADDED, C, None),
        (2, TermChange.KEPT, B, None),
        (1, TermChange.KEPT, A, None),
    ]
    assert found.sentence == "changes a condition and adds an alternative"


def test_removed_parts_come_last_and_everyone_has_a_name() -> None:
    lines = compare(f"{A} && {B}", A).lines
    assert [(line.change, line.text) for line in lines[1:]] == [(TermChange.KEPT, A), (TermChange.REMOVED, B)]
    assert [(line.text, line.old_text) for line in compare(A, "").lines] == [("everyone", A)]
    assert compare(A, "((").lines == ()


def test_repeated_conditions_are_matched_one_by_one() -> None:
    changed = compare(
        "user.property('a') == 1 && user.property('a') != 2 && user.isGuest()",
        "user.property('a') == 3 && user.property('a') != 4 && user.property('a') == 5",
    )
    assert [line.change for line in changed.lines] == [
        None,
        TermChange.CHANGED,
        TermChange.CHANGED,
        TermChange.ADDED,
        TermChange.REMOVED,
    ]


def assert_it_holds(old: Expression, new: Expression, context: Context) -> None:
    """What is said of the users at large is true of this one."""
    found = compare(formatted(old), formatted(new))
    before, after = evaluate(old, context), evaluate(new, context)
    match found.effect:
        case Effect.NONE:
            assert before is after
        case Effect.WIDER:
            assert after or not before
        case Effect.NARROWER:
            assert before or not after
        case Effect.UNKNOWN:
            assert found.lines


@given(strategies.expressions, strategies.expressions, strategies.contexts)
def test_what_is_said_of_the_users_holds_for_every_user(old: Expression, new: Expression, context: Context) -> None:
    assert_it_holds(old, new, context)


@given(strategies.expressions, strategies.terms, strategies.contexts, st.sampled_from((" && ", " || ")))
def test_what_is_said_of_a_longer_chain_holds(old: Expression, extra: Expression, context: Context, joint: str) -> None:
    new = parse(f"({formatted(old)}){joint}{formatted(extra)}")
    assert_it_holds(old, new, context)
    assert_it_holds(new, old, context)


@given(strategies.sources, st.data(), strategies.contexts)
def test_what_is_said_of_a_changed_condition_holds(source: Source, data: st.DataObject, context: Context) -> None:
    operator = data.draw(
        st.sampled_from([each for each in Operator if each.is_ordering or each.is_list or each.is_time])
    )
    rights = data.draw(st.lists(strategies.right_of(operator), min_size=2, max_size=2))
    assert_it_holds(Condition(source, operator, rights[0]), Condition(source, operator, rights[1]), context)


@given(st.sampled_from([*VALID, *(case.text for case in INVALID), "", " ", "x"]), st.text())
def test_comparing_never_raises_and_nothing_differs_from_itself(text: str, other: str) -> None:
    assert compare(text, text).effect is Effect.NONE
    compare(text, other)
