"""The texts that a first state is made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.sandbox.seeds import (
    earlier_targeting,
    earlier_wording,
    longer_wording,
    name_of,
    other_ending,
    other_wording,
)


@pytest.mark.parametrize(
    ("edit", "text", "edited"),
    [
        (earlier_wording, "Welcome to Acorn, ${firstName}!", "Welcome to Acorn!"),
        (earlier_wording, "One place for all. Let us show you around.", "One place for all."),
        (earlier_wording, "Invite your teammates", "Add your teammates"),
        (earlier_wording, "Plan sprints with the board", "Plan sprints"),
        (earlier_wording, "Good morning ${firstName}", "Good morning"),
        (earlier_wording, "Read <b>all</b>. Of it.\n", "Read <b>all</b>.\n"),
        (earlier_wording, "Read <b>all. Of it</b>.", "Read <b>all. Of it</b>."),
        (earlier_wording, "${daysLeft} days left", "${daysLeft} days left"),
        (earlier_wording, "Ready", "Ready"),
        (earlier_wording, "Done. " * 1_000, "Done. " * 1_000),
        (other_wording, "Get started", "Begin"),
        (other_wording, "Got it", "OK"),
        (other_wording, "Upgrade", "Upgrade now"),
        (earlier_targeting, "user.isGuest() && user.property('plan') == 'pro'", "user.isGuest()"),
        (earlier_targeting, "a == 1 AND b == 2 AND c == 3", "a == 1 AND b == 2"),
        (earlier_targeting, "a == 1 && (b == 2 && c == 3)", "a == 1"),
        (earlier_targeting, "(b == 2 && c == 3)", ""),
        (earlier_targeting, "a == 'x && y'", ""),
        (earlier_targeting, "a == 1", ""),
        (earlier_targeting, "a && " * 1_000 + "b", ""),
        (longer_wording, "All set!", "All set! Questions? Write to us any time."),
        (longer_wording, "All of it set\n", "All of it set. Questions? Write to us any time.\n"),
        (name_of, "flow_welcome_tour", "Welcome tour"),
        (name_of, "nps-2026", "Nps 2026"),
        (name_of, "flow_", "flow_"),
        (name_of, "_", "_"),
        (other_ending, "Ready", "Ready."),
        (other_ending, "Ready!", "Ready"),
        (other_ending, "!", "!."),
        (other_ending, "準備完了", "準備完了."),
    ],
)
def test_an_edit_is_made_of_the_texts_own_words(edit: Callable[[str], str], text: str, edited: str) -> None:
    assert edit(text) == edited


@given(text=st.text(min_size=1))
def test_whatever_the_text_a_forced_rewording_differs_from_it_and_none_is_empty(text: str) -> None:
    assert earlier_wording(text)
    assert other_ending(text) not in {text, ""}
    assert text not in {other_wording(text), longer_wording(text)}


@given(text=st.text(alphabet="ab&()'\" ", min_size=1))
def test_earlier_targeting_always_has_balanced_parentheses(text: str) -> None:
    earlier = earlier_targeting(text)
    assert earlier.count("(") == earlier.count(")")
    assert earlier != text
