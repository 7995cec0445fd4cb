"""Sentences on a terminal: broken between words, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.escape import columns
from flowsync.render.style import Screen, Span, Style, line, sentences

WHOLE = line("  ", Span("warning[x]", Style.WARNING), ": a sentence ", Span("of several", Style.HEADING), " styles")


def text(lines: object) -> list[str]:
    assert isinstance(lines, list)
    return ["".join(span.text for span in each) for each in lines]


def test_a_line_is_whole_where_it_fits_and_where_nobody_sees_it() -> None:
    assert list(sentences(WHOLE, Screen())) == [WHOLE]
    assert list(sentences(WHOLE, Screen(width=20))) == [WHOLE]
    assert list(sentences(WHOLE, Screen(width=50, wrap=50))) == [WHOLE]


def test_a_longer_one_is_broken_between_words_and_set_off() -> None:
    rows = list(sentences(WHOLE, Screen(width=26, wrap=26)))
    assert text(rows) == ["  warning[x]: a sentence", "    of several styles"]
    assert Span("several", Style.HEADING) in rows[1]


@given(st.lists(st.text("ab |\u6f22\u0301", max_size=30), max_size=6), st.integers(10, 60), st.integers(0, 9))
def test_no_word_is_lost_or_broken_and_no_row_is_too_wide(parts: list[str], wrap: int, indent: int) -> None:
    whole = line(*parts)
    rows = text(list(sentences(whole, Screen(wrap=wrap), indent)))
    assert " ".join(rows).split() == "".join(parts).split()
    for row in rows[1:]:
        assert row.startswith(" " * indent)
    for row in rows:
        assert columns(row.rstrip(" ")) <= wrap or len(row.split()) == 1 or row == "".join(parts)


@given(st.text(st.characters() | st.sampled_from("a\u6f22\u0301\u200b")))
def test_a_text_takes_as_many_columns_as_its_characters(text: str) -> None:
    assert columns(text) == sum(map(columns, text))
