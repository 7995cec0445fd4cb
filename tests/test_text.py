"""How foreign texts are shown, and what somebody meant by a word that is not known."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.text import closest, excerpt, printable
from tests.render.hostile import hostile, unseen_characters


def test_case_and_separators_do_not_count() -> None:
    assert closest("Is-Not SET", ["isSet", "isNotSet"]) == "isNotSet"
    assert closest("flow-welcome", ["flow_welcomed", "flow_welcome"]) == "flow_welcome"


def test_a_slip_is_found_whatever_its_case_and_refuses_the_far_fetched() -> None:
    assert closest("STARTSWITH", ["contains", "startsWith"]) == "startsWith"
    assert closest("zzz", ["contains"]) is None
    assert closest("x" * 100_000, ["contains"]) is None


def test_a_slip_is_found_among_many_names_at_its_start_and_at_its_end() -> None:
    known = [f"flow_{place}_{number:05d}_{place}" for number in range(300) for place in ("left", "right")]
    assert closest("flwo_left_00123_left", known) == "flow_left_00123_left"
    assert closest("FLOW_right_00299_rihgt", known) == "flow_right_00299_right"
    assert closest("nothing like it at all", known) is None


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
    assert printable(text) == shown


def test_no_character_that_python_calls_unseen_is_missed() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert unseen_characters(printable(everything)) == []


def test_letters_marks_numbers_and_symbols_stay_as_they_are() -> None:
    escaped = {chr(code) for code in range(sys.maxunicode + 1) if printable(chr(code)) != chr(code)}
    visible = {character for character in escaped if unicodedata.category(character)[0] in "LNPS"}
    assert visible == set("\u115f\u1160\u2800\u3164\uffa0")
    assert set("\ue000\ufdd0\U0001ffff\U0010fffd") <= escaped, "private use, and what is no character"
    assert not set("\u0378\U0001fc00") & escaped, "what a newer Unicode has"


@given(hostile)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_an_excerpt_is_short_and_printable(text: str) -> None:
    assert unseen_characters(excerpt(text)) == []
    assert len(excerpt(text)) <= 60 * len("\\U000e0041")


def test_an_excerpt_says_that_something_was_cut_off() -> None:
    assert excerpt("x" * 60) == "x" * 60
    assert excerpt("x" * 61) == "x" * 59 + "…"
    assert excerpt("a\x1bbc", 3) == r"a\u001b…"
