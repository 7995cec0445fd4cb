from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import TargetingError
from flowsync.targeting.parser import parse
from flowsync.targeting.tokens import TokenKind, canonical, on_one_line, tokenize
from tests.targeting.tables import EVERY_VALID, INVALID, VALID


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user.property('a')=='b'", " user.property( 'a' )\n== 'b' "),
        ("user.property('a') == 'b'", 'user.property("a") == "b"'),
        ("true && true", "true AND true"),
        ("true || true", "true OR true"),
        ("user.property('a') === 'b'", "user.property('a') == 'b'"),
        ("user.property('a') !== 'b'", "user.property('a') != 'b'"),
        ("a\t<=\r\n5", "a <= 5"),
        ("", "   \n"),
        ("user.property('a') > 1", "user.property('a') > 1.0"),
        ("user.property('a') > -1.50", "user.property('a') > -1.5"),
    ],
)
def test_what_does_not_count_is_equal(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("true && false", "false && true"),
        ("(true)", "true"),
        ("user.property('a') == 'b'", "user.property('a') == 'B'"),
        ("user.property('a') == 'b'", "user.property('a') == ' b'"),
        ("user.property('a') == 'b  c'", "user.property('a') == 'b c'"),
        ("user.property('a') == 'x AND y'", "user.property('a') == 'x && y'"),
        ("user.property('a') == '==='", "user.property('a') == '=='"),
        ("true and true", "true AND true"),
        ("user.property('a') == 10", "user.property('a') == 1"),
        ("user.property('a') == '1'", "user.property('a') == '1.0'"),
        ("user.property('a') == 1", "user.property('a') == '1'"),
        ("user. property('a')", "user.property('a')"),
        ("a ! contains 'b'", "a !contains 'b'"),
        ("a within 7d", "a within 7 d"),
        ("a within 7d", "a within 7D"),
        ("", "x"),
        ("'a' 'b'", "'a\" \"b'"),
        ("5 == '", "5  == '"),
        ("a & & b", "a && b"),
        ("a = = b", "a == b"),
    ],
)
def test_what_counts_is_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_an_expression_that_is_too_long_is_not_the_one_that_its_spaces_made_so() -> None:
    """The server takes the long one for false for every user, so bringing it in length is a change."""
    tight = " || ".join(f"user.property('a')=={number}" for number in range(100, 173))
    assert len(tight) < 2_000 < len(canonical(tight))
    assert canonical(canonical(tight)) != canonical(tight)
    assert canonical(f"{tight}{' ' * 2_000}") != canonical(tight)


@pytest.mark.parametrize(
    "text", ["'unclosed", "user.property(\u2018a\u2019)", "a\u00a0== 5", "a [ 5", "  'x", "'a\\'b'"]
)
def test_a_text_without_tokens_is_its_own_canonical_form(text: str) -> None:
    assert canonical(text) == text


def test_the_canonical_text_parses_to_the_same_tree() -> None:
    for text in EVERY_VALID:
        assert parse(canonical(text)) == parse(text)


@given(st.one_of(st.text(), st.sampled_from([*VALID, *(case.text for case in INVALID)])))
def test_the_canonical_form_is_its_own_and_never_raises(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(st.lists(st.sampled_from(tokenize(" ".join(VALID[:40]))[:-1]), max_size=12), st.data())
def test_white_space_between_tokens_does_not_count(tokens: list[object], data: st.DataObject) -> None:
    texts = [token.text for token in tokens]  # type: ignore[attr-defined] # sampled_from over a tuple of tokens
    gaps = data.draw(st.lists(st.text(" \t\r\n", min_size=1, max_size=3), min_size=len(texts), max_size=len(texts)))
    spaced = "".join(gap + text for gap, text in zip(gaps, texts, strict=True))
    assert canonical(spaced) == canonical(" ".join(texts))


@given(st.text(st.sampled_from("ab.'\" ()=!<>&|-+*/,7d\n\\")))
def test_tokens_lie_side_by_side_with_only_white_space_between(text: str) -> None:
    try:
        tokens = tokenize(text)
    except TargetingError:
        return
    end = 0
    for token in tokens:
        assert text[end : token.start].strip(" \t\r\n") == ""
        assert text[token.start : token.end] == token.text
        end = token.end
    assert tokens[-1].kind is TokenKind.END
    assert end == len(text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a  &&  b", "a  &&  b"),
        ("a\n&& b\n", "a && b"),
        ("\r\n  a \r\n\r\n\t|| b", "a || b"),
        ("(\n (a)\n && (\n b\n )\n) && c", "((a) && (b)) && c"),
        (" a\n", " a"),
    ],
)
def test_an_expression_is_sent_on_one_line_without_blanks_inside_of_parentheses(text: str, sent: str) -> None:
    assert on_one_line(text) == sent


@given(st.sampled_from(VALID), st.sampled_from(["\n", " \r\n  ", "\n\n"]))
def test_what_is_sent_is_the_same_expression(text: str, line_break: str) -> None:
    spread = text.replace("user.", f"{line_break}user.") + line_break
    assert "\n" not in on_one_line(spread)
    assert canonical(on_one_line(spread)) == canonical(spread)
