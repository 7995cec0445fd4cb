from __future__ import annotations

from hypothesis import given

from flowsync.targeting.context import Context
from flowsync.targeting.evaluation import BranchTrace, TermTrace, coverage, evaluate, outline, trace, trace_lines
from flowsync.targeting.nodes import And, formatted, terms
from flowsync.targeting.parser import parse
from tests.targeting import strategies

ANNA = Context(
    at=strategies.NOW,
    properties={"plan": "pro", "seats": 7, "tags": ["a"], "odd": "\x1b[31mred\u202e"},
    events={"login": 2},
)


def explanation(text: str) -> list[str]:
    return trace_lines(trace(parse(text), ANNA))


def test_an_explanation_shows_every_term_with_its_values_and_truth() -> None:
    text = (
        "(user.property('plan') == 'pro' && user.property('gone') == 1)"
        " || user.daysSinceFlowDone('flow_x') > 7 || user.currentUrl() contains 'a' || false"
    )
    assert explanation(text) == [
        "- at least one of",
        "  - all of",
        "    + user.property('plan') == 'pro'   (user.property('plan') is `pro`)",
        "    - user.property('gone') == 1   (user.property('gone') is not set; comparing null is false)",
        (
            "  - user.daysSinceFlowDone('flow_x') > 7   (user.daysSinceFlowDone('flow_x') is unknown:"
            " the flow was not done, or it is not known when;"
            " the flow was not done, or it is not known when, so this is false)"
        ),
        (
            "  - user.currentUrl() contains 'a'   (user.currentUrl() is unknown: no page address was reported;"
            " no page address was reported, so this is false)"
        ),
        "  - false",
    ]


def test_an_explanation_of_everyone_is_one_line() -> None:
    assert explanation("") == ["+ everyone"]


def test_notes_say_what_is_remarkable() -> None:
    assert explanation("user.property('plan') > 5") == [
        (
            "- user.property('plan') > 5   (user.property('plan') is `pro`;"
            " only numbers and dates have an order, so this is false)"
        )
    ]
    assert "not a date, so this is false" in explanation("user.property('plan') within 7d")[0]
    assert "RE2 has no look-ahead, so this is false" in explanation("user.property('plan') matches '(?=a)'")[0]
    assert "is 7)" in explanation("user.property('seats') == 7")[0]
    assert 'is ["a"])' in explanation("user.property('tags') contains 'a'")[0]
    assert "is false)" in explanation("user.isGuest()")[0]


def test_nothing_of_the_data_reaches_the_terminal_raw() -> None:
    (text,) = explanation("user.property('odd') == 'x\x1b[0m'")
    assert text.isprintable()
    assert "\\u001b" in text


def test_a_trace_holds_every_term_even_where_the_rest_no_longer_matters() -> None:
    found = trace(parse("true || user.isGuest()"), ANNA)
    assert isinstance(found, BranchTrace)
    assert [part.truth for part in found.parts] == [True, False]


@given(strategies.expressions, strategies.contexts)
def test_a_trace_comes_to_the_same_truth_and_has_a_line_for_each_term(tree: And, context: Context) -> None:
    found = trace(tree, context)
    assert found.truth is evaluate(tree, context)
    lines = outline(found)
    assert lines[0].truth is found.truth
    assert [line.text for line in lines if line.text not in ("all of", "at least one of")] == [
        formatted(term) for term in terms(tree)
    ]


def test_one_term_is_its_own_trace() -> None:
    found = trace(parse("user.isGuest()"), ANNA)
    assert isinstance(found, TermTrace)
    assert found.values[0][1] is False


def test_coverage_says_for_each_term_which_truths_were_seen() -> None:
    expression = parse("user.property('plan') == 'pro' && (user.isGuest() || user.property('seats') > 5)")
    guest = Context(at=0, guest=True, properties={"plan": "pro"})
    seen = coverage(expression, (ANNA, guest))
    assert [(part.seen_true, part.seen_false) for part in seen] == [(True, False), (True, True), (True, True)]
    assert [part.term for part in seen] == list(terms(expression))


def test_without_tests_nothing_is_covered() -> None:
    assert [(part.seen_true, part.seen_false) for part in coverage(parse("true"), ())] == [(False, False)]
    assert coverage(parse(""), (ANNA,)) == ()
