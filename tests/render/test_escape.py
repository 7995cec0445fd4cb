from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.render import escape
from flowsync.text import printable
from tests.render.hostile import hostile
from tests.render.parsers import pages


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
        ("user.property('plan') == 'pro' is odd.", "`user.property('plan') == 'pro'` is odd."),
        ("see steps[a]. It moves", "see `steps[a]`. It moves"),
        ("30 % of it, 45% more", "30 % of it, 45% more"),
        ('a name "x \\"y\\" `z`" here', 'a name ``"x \\"y\\" `z`"`` here'),
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
    body = "\n".join(f"- {printable(line)}" for line in lines)
    for page in pages(f"{escape.fenced(body, 'diff')}\n\nafter"):
        assert page.tags == ["pre", "code", "p"]
        assert page.preformatted == [body + "\n"] if body else page.preformatted
        assert page.prose.strip() == "after"
