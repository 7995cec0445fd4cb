from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.render import escape
from tests.render.hostile import hostile, unseen_characters
from tests.render.parsers import pages


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m", r"\u001b[31m"),
        ("\u202eevil", r"\u202eevil"),
        ("\ud800", r"\ud800"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("no\u00a0break", r"no\u00a0break"),
        ("👩\u200d💻", r"👩\u200d💻"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("Grüße, 日本", "Grüße, 日本"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_unseen_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


def test_no_character_that_python_calls_unseen_is_missed() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert unseen_characters(escape.visible(everything)) == []


def test_letters_marks_numbers_and_symbols_stay_as_they_are() -> None:
    escaped = {chr(code) for code in range(sys.maxunicode + 1) if escape.visible(chr(code)) != chr(code)}
    seen = {character for character in escaped if unicodedata.category(character)[0] in "LNPS"}
    assert seen == set("\u115f\u1160\u2800\u3164\uffa0")


@given(hostile)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert escape.visible(escape.visible(text)) == escape.visible(text)


@pytest.mark.parametrize("kind", ["public", "private"])
def test_keys_are_starred_out_at_their_length(kind: str) -> None:
    text = f"sent api_{kind}_AbC-123_x. to them"
    shown = escape.mask_keys(text)
    assert "AbC" not in shown
    assert len(shown) == len(text)
    assert shown.startswith(f"sent api_{kind}_***")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("flow_x", "`flow_x`"),
        ("", '`""`'),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        (" ", "` `"),
        (" a", "`  a `"),
        ("api_private_abc", "`api_private_***`"),
        ("a|b", "`a|b`"),
    ],
)
def test_a_code_span_holds_any_text(text: str, shown: str) -> None:
    assert escape.code_span(text) == shown


@given(hostile)
def test_a_code_span_is_read_back_as_what_is_visible(text: str) -> None:
    inside = escape.shown(text) or '""'
    for page in pages(f"see {escape.code_span(text)}."):
        assert page.tags == ["p", "code"]
        assert page.code == [inside]


@given(hostile)
def test_a_cell_is_read_back_as_what_is_visible(text: str) -> None:
    inside = escape.shown(text) or '""'
    table = f"| a | b |\n| --- | --- |\n| {escape.cell_code(text)} | end |\n"
    for page in pages(table):
        assert page.code == [inside]
        assert page.tags.count("td") == 2
        assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(hostile)
def test_a_code_element_is_read_back_as_what_is_visible(text: str) -> None:
    for page in pages(f"<details><summary>{escape.html_code(text)}</summary>\n\nx\n\n</details>"):
        assert "".join(page.code) == escape.shown(text)
        assert page.tags == ["details", "summary", "code", "p"]


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The flow is turned off.", "The flow is turned off."),
        ("It doesn't matter (at all).", "It doesn't matter (at all)."),
        ('No flow has the slug "flow_x".', 'No flow has the slug `"flow_x"`.'),
        ("Ask @team or see #12", "Ask `@team` or see `#12`"),
        ("steps[a b].title moves", "`steps[a b].title` moves"),
        ('the name ("x y") here', 'the name (`"x y"`) here'),
        ("see https://evil.example now", "see `https://evil.example` now"),
        ("fixed by deadbeef, GH-12", "fixed by `deadbeef, GH-12`"),
        ("*bold*", "`*bold*`"),
        ("1. step moves", "`1.` step moves"),
        ("2) is new, at position 1.", "`2)` is new, at position 1."),
        ("10 flows", "10 flows"),
        ("", ""),
    ],
)
def test_a_sentence_keeps_its_words_and_sets_the_rest_as_code(sentence: str, shown: str) -> None:
    assert escape.prose(sentence) == shown


@given(hostile)
def test_a_sentence_means_nothing_to_markdown(text: str) -> None:
    for page in pages(f"`x` {escape.prose(text)}"):
        assert set(page.tags) == {"p", "code"}
        assert not set(page.prose) & set("@#<>*_[]{}|\\`/&$~")


@given(st.lists(hostile, max_size=5))
def test_a_fence_ends_where_it_should(lines: list[str]) -> None:
    body = "\n".join(f"- {escape.visible(line)}" for line in lines)
    for page in pages(f"{escape.fenced(body, 'diff')}\n\nafter"):
        assert page.tags == ["pre", "code", "p"]
        assert page.preformatted == [body + "\n"] if body else page.preformatted
        assert page.prose.strip() == "after"
