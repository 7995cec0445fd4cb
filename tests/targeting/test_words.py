from __future__ import annotations

import pytest
from hypothesis import given

from flowsync.targeting.words import in_words
from tests.render.hostile import hostile


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "everyone"),
        ("x", "everyone"),
        ("user.property('plan') == 'pro'", "plan is pro"),
        ("user.properties.plan != 'pro'", "plan is not pro"),
        ("group.property('plan') == 'pro'", "the group's plan is pro"),
        (
            "user.property('a') == 1 && (user.property('b') > 2 || user.isGuest())",
            "a is 1 and (b is over 2 or is a guest)",
        ),
        (
            "user.property('a') == 1 || user.property('b') == 2 && user.isGuest() == false",
            "a is 1 or (b is 2 and is no guest)",
        ),
        ("user.property('country') isIn 'de,at, ch'", "country is one of de, at, ch"),
        ("user.property('role') isNotSet true", "role is not set"),
        ("user.event('budget_created').count >= 1", "the count of budget_created is at least 1"),
        ("user.currentUrl() startsWith 'https://a.example/x'", "the page's address starts with https://a.example/x"),
        ("user.flowStep('flow_a', 'b') == 'COMPLETED_STEP'", "the state of step b of flow_a is COMPLETED_STEP"),
        ("user.property('a') == 'b and c is d'", "a is 'b and c is d'"),
        ("user.property('a') == 'everyone'", "a is 'everyone'"),
        ("user.property('a') matches '^x'", None),
        ("user.property('a') within 7d", None),
        ("user.memberOfGroup('a')", None),
        ("user.property(", None),
        ("user.property('" + "a" * 20_000 + "') == 1", None),
    ],
)
def test_an_expression_is_said_in_words_or_not_at_all(expression: str, words: str | None) -> None:
    assert in_words(expression) == words


@given(hostile)
def test_a_name_that_could_be_taken_for_our_words_is_in_quotes(text: str) -> None:
    said = in_words(f"user.property('{text}') == 1")
    assert said is None or said == "everyone" or " is 1" in said
