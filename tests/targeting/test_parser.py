from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import TargetingError
from flowsync.targeting.nodes import (
    And,
    Boolean,
    Condition,
    Everyone,
    Expression,
    Group,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Span,
    Text,
    formatted,
    terms,
    values,
)
from flowsync.targeting.parser import MAXIMUM_DEPTH, parse
from flowsync.text import printable
from tests.support.counting import calls_during
from tests.targeting import strategies
from tests.targeting.tables import CROSSED, EVERY_VALID, INVALID, VALID, Invalid


@pytest.mark.parametrize("text", VALID)
def test_a_valid_expression_prints_back_to_the_same_tree(text: str) -> None:
    tree = parse(text)
    assert parse(formatted(tree)) == tree
    assert formatted(parse(formatted(tree))) == formatted(tree)


@pytest.mark.parametrize("source", CROSSED)
def test_every_source_goes_with_every_operator(source: str) -> None:
    for text in CROSSED[source]:
        tree = parse(text)
        assert isinstance(tree, Condition)
        assert text[slice(*tree.left.span)] == source
        assert parse(formatted(tree)) == tree


@pytest.mark.parametrize("text", VALID)
def test_every_term_and_value_spans_its_own_text(text: str) -> None:
    for term in terms(parse(text)):
        assert parse(text[slice(*term.span)]) == term
        for value in values(term):
            if isinstance(value, Source):
                assert parse(text[slice(*value.span)]) == value
                for argument in value.arguments:
                    assert text[slice(*argument.span)].strip("'\"") == argument.value.strip("'\"")


@pytest.mark.parametrize("case", INVALID, ids=lambda case: ascii(case.text))
def test_an_invalid_expression_is_reported_at_its_offset_with_a_way_out(case: Invalid) -> None:
    with pytest.raises(TargetingError) as caught:
        parse(case.text)
    error = caught.value
    assert error.offset == case.offset
    assert case.says in f"{error.message} {error.hint}"
    assert printable(error.message) == error.message
    assert error.hint is None or printable(error.hint) == error.hint


def test_the_tables_hold_several_hundred_expressions() -> None:
    assert len(EVERY_VALID) > 600
    assert len(INVALID) > 250
    assert len({case.text for case in INVALID}) == len(INVALID)


def test_the_tree_of_an_expression_is_as_written() -> None:
    plan = Condition(Source(SourceKind.USER_PROPERTY, (Text("plan"),)), Operator.EQUAL, Text("pro"))
    seats = Condition(Source(SourceKind.GROUP_PROPERTY, (Text("seats"),)), Operator.AT_LEAST, Number("5"))
    guest = Source(SourceKind.USER_IS_GUEST)
    text = "user.properties.plan === \"pro\" AND (organization.property('seats') >= 5 || user.isGuest()) OR false"
    assert parse(text) == Or((And((plan, Group(Or((seats, guest))))), Boolean(value=False)))


def test_spans_run_from_the_first_to_the_last_character() -> None:
    tree = parse("  user.isGuest()  &&  ( true || user.property( 'a' ) <  5 )  ")
    assert tree.span == Span(2, 59)
    assert isinstance(tree, And)
    assert [part.span for part in tree.parts] == [Span(2, 16), Span(22, 59)]
    assert [term.span for term in terms(tree)] == [Span(2, 16), Span(24, 28), Span(32, 57)]


@pytest.mark.parametrize("text", ["", " ", "\n", " \t\r\n "])
def test_a_blank_expression_is_everyone(text: str) -> None:
    assert parse(text) == Everyone()
    assert formatted(parse(text)) == ""


def test_aliases_give_equal_trees() -> None:
    assert parse("user.eventCount('e') > 1") == parse("user.event('e').count > 1")
    assert parse("user.properties.k == 1") == parse("user.property('k') == 1")
    assert parse("organization.event('e').count > 1") == parse("group.eventCount('e') > 1")
    assert parse("true AND true OR true") == parse("true && true || true")


@given(strategies.expressions)
def test_any_tree_prints_to_text_that_parses_to_it(tree: object) -> None:
    assert parse(formatted(tree)) == tree  # type: ignore[arg-type] # hypothesis' recursive() loses the type


@given(st.lists(strategies.anything_quotable, min_size=2, max_size=2))
def test_any_text_without_a_line_break_survives_printing(texts: list[Text]) -> None:
    tree = Condition(Source(SourceKind.USER_PROPERTY, (texts[0],)), Operator.EQUAL, texts[1])
    assert parse(formatted(tree)) == tree


FRAGMENTS = st.sampled_from(
    [
        *" \n'\"()!=<>&|-+*/.,;`%[]{}\\\u201c\u00a0\ud800",
        *("user.property('a')", "== 'b'", "&&", "||", "AND", "within 7d", "isSet", "true", "new Date()", "now()"),
        *("5", "7d", "user.flow", "'a'", ".count", "!contains"),
    ]
)


@given(
    st.one_of(st.text(), st.lists(FRAGMENTS, max_size=25).map("".join), st.binary().map(lambda b: b.decode("latin1")))
)
def test_no_text_makes_the_parser_raise_anything_but_its_own_error(text: str) -> None:
    outcome = attempt(text)
    if isinstance(outcome, TargetingError):
        assert 0 <= outcome.offset <= len(text)
        assert printable(outcome.message) == outcome.message
    else:
        assert parse(formatted(outcome)) == outcome


@pytest.mark.parametrize("opening", ["(", "true && (", "1 < ("])
def test_nine_hundred_parentheses_are_a_clear_error(opening: str) -> None:
    text = opening * 900 + "true" + ")" * 900
    if opening == "1 < (":
        text = "1 < " + "(" * 900 + "1" + ")" * 900
    with pytest.raises(TargetingError, match=f"More than {MAXIMUM_DEPTH} parentheses are open here"):
        parse(text)


def test_parentheses_up_to_the_limit_are_read_and_printed() -> None:
    text = "(" * MAXIMUM_DEPTH + "true" + ")" * MAXIMUM_DEPTH
    assert formatted(parse(text)) == text
    chained = "(true || true && " * MAXIMUM_DEPTH + "true" + ")" * MAXIMUM_DEPTH
    assert formatted(parse(chained)) == chained
    side_by_side = " + ".join(["(1 + 1)"] * (MAXIMUM_DEPTH + 1))
    assert formatted(parse(f"1 < {side_by_side}")) == f"1 < {side_by_side}"


GROWING: dict[str, Callable[[int], str]] = {
    "terms": lambda size: " && ".join(["user.property('a') == 1"] * size),
    "arguments": lambda size: f"user.property({', '.join(['1'] * size)}) == 1",
    "arithmetic": lambda size: "1 < " + " - ".join(["1"] * size),
    "groups side by side": lambda size: " || ".join(["(true)"] * size),
    "open parentheses": lambda size: "(" * size,
    "unclosed quotes": lambda size: "user.property('a') == 'b' && " * size + "'",
    "names": lambda size: "a." * size + "a",
    "white space": lambda size: "true" + " " * size + "&& true",
    "digits": lambda size: "1 < " + "1" * size,
    "mistakes": lambda size: " && ".join(["user.property('a' == 1"] * size),
    "quotes and backslashes": lambda size: "'a' == '" + "\\" * size + "'",
}


@pytest.mark.parametrize("kind", GROWING)
def test_twice_the_text_is_at_most_about_twice_the_work(kind: str) -> None:
    def work(size: int) -> int:
        return calls_during(lambda: attempt(GROWING[kind](size)))

    assert work(2_000) <= 2.2 * work(1_000) + 500


def attempt(text: str) -> Expression | TargetingError:
    """The tree, or the error that stands in its way."""
    try:
        return parse(text)
    except TargetingError as error:
        return error
