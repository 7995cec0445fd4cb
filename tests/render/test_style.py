from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.escape import columns
from flowsync.render.style import (
    MARKED,
    Colour,
    Screen,
    Span,
    Style,
    draw,
    inert,
    line,
    paint,
    progress_line,
    pulling_line,
    reading_line,
    table,
    wrapped,
)
from tests.render.hostile import hostile, log_commands, unseen_characters

lines_of_spans = st.lists(st.lists(st.builds(Span, hostile, st.sampled_from(Style)), max_size=4).map(tuple), max_size=4)


def test_plain_text_marks_words_by_carets_under_them() -> None:
    spans = line("- ", Span("日本 ", Style.REMOVED), Span("old", Style.REMOVED_WORD), " rest")
    assert paint([spans], Colour.NEVER) == "- 日本 old rest\n       ^^^\n"


def test_colour_marks_words_by_underlining_them() -> None:
    assert paint([line("a ", Span("b", Style.ADDED_WORD))], Colour.ALWAYS) == "a \x1b[1;4;32mb\x1b[0m\n"


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (("::error::x",), r"\u003a:error::x"),
        (("  ", "::error::x"), r"  \u003a:error::x"),
        ((" ", ":", ":warning::"), r" \u003a:warning::"),
        (("a ::error::",), "a ::error::"),
        (("x ##[error]y",), r"x ##\u005berror]y"),
        (("##", "[group]"), r"##\u005bgroup]"),
        (("#", "#vso", "[x"), r"##vso\u005bx"),
        (("key api_priv", "ate_abcd", " end"), "key api_private_**** end"),
    ],
)
def test_a_line_is_no_command_and_shows_no_key_across_its_spans(parts: tuple[str, ...], shown: str) -> None:
    assert paint([line(*parts)], Colour.NEVER) == f"{shown}\n"


def test_what_is_made_inert_keeps_its_styles() -> None:
    assert inert(line("##", Span("[x]", Style.ERROR))) == (Span("##"), Span(r"\u005bx]", Style.ERROR))


@given(lines_of_spans)
def test_nothing_unseen_is_painted_and_every_line_stays_one(lines: list[tuple[Span, ...]]) -> None:
    text = paint(lines, Colour.NEVER)
    marked = sum(any(span.style in MARKED for span in spans) for spans in lines)
    assert unseen_characters(text) == []
    assert log_commands(text) == []
    assert text.count("\n") == len(lines) + marked


@given(lines_of_spans)
def test_colour_adds_nothing_but_its_own_codes(lines: list[tuple[Span, ...]]) -> None:
    known = {paint([line(Span("|", style))], Colour.ALWAYS).removesuffix("\n") for style in Style}
    codes = sorted({code for each in known for code in each.split("|")} - {""}, key=len, reverse=True)
    text = paint(lines, Colour.ALWAYS)
    for code in codes:
        text = text.replace(code, "")
    assert unseen_characters(text) == []
    assert text == "".join("".join(span.text for span in inert(spans)) + "\n" for spans in lines)


def test_plain_text_does_without_rich() -> None:
    program = (
        "import sys; from flowsync.render import ledger; from flowsync.report import plans; "
        "from tests.render.samples import FULL_PLAN; plans.text(FULL_PLAN); "
        "assert not {'rich', 'httpx', 'click', 'jsonschema'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


WHOLE = line("  ", Span("warning[x]", Style.WARNING), ": a sentence ", Span("of several", Style.HEADING), " styles")


def text(lines: object) -> list[str]:
    assert isinstance(lines, list)
    return ["".join(span.text for span in each) for each in lines]


def test_a_line_is_whole_where_it_fits_and_where_nobody_sees_it() -> None:
    assert list(wrapped(WHOLE, Screen())) == [WHOLE]
    assert list(wrapped(WHOLE, Screen(width=20))) == [WHOLE]
    assert list(wrapped(WHOLE, Screen(width=50, wrap=50))) == [WHOLE]


def test_a_longer_one_is_broken_between_words_and_set_off() -> None:
    rows = list(wrapped(WHOLE, Screen(width=26, wrap=26)))
    assert text(rows) == ["  warning[x]: a sentence", "    of several styles"]
    assert Span("several", Style.HEADING) in rows[1]


def test_a_number_stays_with_what_it_numbers() -> None:
    whole = line("~ flow_setup", Span("  flows/x.yaml · id 7891 · version 1 · paid 1", Style.MUTED))
    rows = text(list(wrapped(whole, Screen(wrap=23))))
    assert rows == ["~ flow_setup", "  flows/x.yaml ·", "  id 7891 · version 1 ·", "  paid 1"]


def test_a_mark_is_whole_in_a_line_that_is_broken() -> None:
    whole = line("- old: ", Span("two words and more (id 7)", Style.REMOVED_WORD))
    drawn = draw([whole], Screen(wrap=22))
    assert drawn == "- old: two words and\n       ^^^^^^^^^^^^^\n    more (id 7)\n    ^^^^^^^^^^^\n"


@given(st.lists(st.text("ab |\u6f22\u0301", max_size=30), max_size=6), st.integers(10, 60), st.integers(0, 9))
def test_no_word_is_lost_or_broken_and_no_row_is_too_wide(parts: list[str], wrap: int, indent: int) -> None:
    whole = line(*parts)
    rows = text(list(wrapped(whole, Screen(wrap=wrap), indent)))
    assert " ".join(rows).split() == "".join(parts).split()
    for row in rows[1:]:
        assert row.startswith(" " * indent)
    for row in rows:
        assert columns(row.rstrip(" ")) <= wrap or len(row.split()) == 1 or row == "".join(parts)


@given(st.text(st.characters() | st.sampled_from("a\u6f22\u0301\u200b")))
def test_a_text_takes_as_many_columns_as_its_characters(text: str) -> None:
    assert columns(text) == sum(map(columns, text))


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (progress_line("Applying", 0, 40), "Applying [....................] 0/40, 40 left"),
        (
            progress_line("Applying", 10, 40, 8),
            "Applying [#####...............] 10/40, 30 left, 8 waiting for the rate limit",
        ),
        (progress_line("Applying", 40, 40), "Applying [####################] 40/40"),
        (progress_line("Applying", 0, 0), "Applying [####################] 0/0"),
        (progress_line("Applying", 1_000, 10_000), "Applying [##..................] 1,000/10,000, 9,000 left"),
        (reading_line(0), "Reading the live flows ..."),
        (reading_line(3), "Reading the live flows, 3 requests waiting for the rate limit ..."),
        (pulling_line(0), "Pulling, 0 flows done ..."),
        (pulling_line(1), "Pulling, 1 flow done ..."),
        (pulling_line(1200), "Pulling, 1,200 flows done ..."),
    ],
)
def test_progress_is_one_line_that_counts_what_is_done_and_who_waits(shown: str, line: str) -> None:
    assert shown == line


TITLES = ("VERSION", "CREATED", "CHANGED")
ROWS = [[Span("12"), Span("2026-01-02"), Span("3 changes: name, targetingLogic, steps[first].title")]]
ALL = ["VERSION  CREATED     CHANGED", "12       2026-01-02  3 changes: name, targetingLogic, steps[first].title"]
CUT = "12       2026-01-02  3 changes: name, target…"
BLOCK = ["VERSION 12", "  CREATED  2026-01-02", "  CHANGED  3 changes: name, targetingLogic, steps[first].title"]


@pytest.mark.parametrize(("wrap", "expected"), [(None, ALL), (80, ALL), (45, [ALL[0], CUT]), (44, BLOCK)])
def test_a_table_is_never_wider_than_a_terminal_and_loses_nothing_off_it(wrap: int | None, expected: list[str]) -> None:
    screen = Screen(width=45, wrap=wrap)
    assert paint(table(TITLES, ROWS, screen), Colour.NEVER).splitlines() == expected
