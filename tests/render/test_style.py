from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.style import Colour, Span, Style, inert, line, paint
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
    marked = sum(any(span.style in {Style.ADDED_WORD, Style.REMOVED_WORD} for span in spans) for spans in lines)
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
        "import sys; from flowsync.render import ledger, listing, plans, problems; "
        "from tests.render.samples import FULL_PLAN; plans.text(FULL_PLAN); "
        "assert not {'rich', 'httpx', 'click', 'jsonschema'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
