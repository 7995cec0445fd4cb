"""The texts that a first state is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.sandbox.edits import (
    earlier_targeting,
    earlier_wording,
    longer_wording,
    name_of,
    other_ending,
    other_wording,
)


@pytest.mark.parametrize(
    ("today", "earlier"),
    [
        ("Welcome to Acorn, ${firstName}!", "Welcome to Acorn!"),
        ("One place for all. Let us show you around.", "One place for all."),
        ("Invite your teammates", "Add your teammates"),
        ("Plan sprints with the board", "Plan sprints"),
        ("Good morning ${firstName}", "Good morning"),
        ("Read <b>all</b>. Of it.\n", "Read <b>all</b>.\n"),
        ("Read <b>all. Of it</b>.", "Read <b>all. Of it</b>."),
        ("${daysLeft} days left", "${daysLeft} days left"),
        ("Ready", "Ready"),
    ],
)
def test_an_earlier_wording_is_made_of_the_texts_own_words(today: str, earlier: str) -> None:
    assert earlier_wording(today) == earlier


@pytest.mark.parametrize(("today", "other"), [("Get started", "Begin"), ("Got it", "OK"), ("Upgrade", "Upgrade now")])
def test_a_button_is_reworded(today: str, other: str) -> None:
    assert other_wording(today) == other


@pytest.mark.parametrize(
    ("expression", "earlier"),
    [
        ("user.isGuest() && user.property('plan') == 'pro'", "user.isGuest()"),
        ("a == 1 AND b == 2 AND c == 3", "a == 1 AND b == 2"),
        ("a == 1 && (b == 2 && c == 3)", "a == 1"),
        ("(b == 2 && c == 3)", ""),
        ("a == 'x && y'", ""),
        ("a == 1", ""),
    ],
)
def test_earlier_targeting_lacks_the_last_condition_and_stays_whole(expression: str, earlier: str) -> None:
    assert earlier_targeting(expression) == earlier


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        ("All set!", "All set! Questions? Write to us any time."),
        ("All of it set\n", "All of it set. Questions? Write to us any time.\n"),
    ],
)
def test_a_sentence_is_added_after_a_full_stop(text: str, longer: str) -> None:
    assert longer_wording(text) == longer


@pytest.mark.parametrize(
    ("slug", "name"),
    [("flow_welcome_tour", "Welcome tour"), ("nps-2026", "Nps 2026"), ("flow_", "flow_"), ("_", "_")],
)
def test_a_slug_becomes_a_name(slug: str, name: str) -> None:
    assert name_of(slug) == name


@pytest.mark.parametrize(
    ("text", "otherwise"), [("Ready", "Ready."), ("Ready!", "Ready"), ("!", "!."), ("準備完了", "準備完了.")]
)
def test_any_text_can_end_otherwise(text: str, otherwise: str) -> None:
    assert other_ending(text) == otherwise


def test_what_is_too_long_for_a_sentence_is_left_alone() -> None:
    assert earlier_wording("Done. " * 1_000) == "Done. " * 1_000
    assert earlier_targeting("a && " * 1_000 + "b") == ""


@given(text=st.text(min_size=1))
def test_whatever_the_text_a_forced_rewording_differs_from_it_and_none_is_empty(text: str) -> None:
    assert earlier_wording(text)
    assert other_ending(text) not in {text, ""}
    assert other_wording(text) != text
    assert longer_wording(text) != text


@given(text=st.text(alphabet="ab&()'\" ", min_size=1))
def test_earlier_targeting_always_has_balanced_parentheses(text: str) -> None:
    earlier = earlier_targeting(text)

    assert earlier.count("(") == earlier.count(")")
    assert earlier != text
