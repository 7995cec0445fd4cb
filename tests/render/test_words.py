from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.style import Style
from flowsync.render.text_diff import KEPT_WHOLE, changed_lines, shortened_line
from tests.render import plain
from tests.render.hostile import hostile

if TYPE_CHECKING:
    from flowsync.render.style import Line

some_words = st.lists(
    st.sampled_from(["one ", "two", " ", "  ", ", ", "key: ", "世界", "c" * 70, "d" * 130]), max_size=12
)
MARKS = {Style.ADDED_WORD, Style.REMOVED_WORD}


def marked(line: Line) -> list[str]:
    return [span.text for span in line if span.style in MARKS]


def text(line: Line) -> str:
    return "".join(span.text for span in line)


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("title: Welcome to you", "title: Welcome to Acorn", ["you"], ["Acorn"]),
        ("title: Invite your team", "title: Invite your whole team", [], ["whole "]),
        ("title: in one place here", "title: in a single place here", ["one"], ["a single"]),
        ("title: Hello", "title: Goodbye", [], []),
        ("active: true", "active: false", [], []),
        ("今日は世界です", "今日は世間です", ["界"], ["間"]),
        ("  some words of prose", "  other words of prose", ["some"], ["other"]),
        ("a: x ", "a: x  ", [" "], ["  "]),
        ("", "x", [], []),
    ],
)
def test_changed_words_are_marked_in_lines_that_are_alike(old: str, new: str, gone: list[str], come: list[str]) -> None:
    was, now = changed_lines(old, new)
    assert (marked(was), marked(now)) == (gone, come)
    assert (text(was), text(now)) == (old, new)


@given(hostile, hostile)
def test_short_lines_are_told_whole(old: str, new: str) -> None:
    was, now = changed_lines(old[:50], new[:50])
    assert (text(was), text(now)) == (old[:50], new[:50])


@given(hostile, hostile)
def test_hostile_lines_are_told_as_the_plain_way_tells_them(old: str, new: str) -> None:
    assert changed_lines(old, new) == plain.changed_lines(old, new)


@given(some_words, some_words, some_words, some_words)
def test_lines_of_words_are_told_as_the_plain_way_tells_them(
    head: list[str], old: list[str], new: list[str], tail: list[str]
) -> None:
    was, now = "".join([*head, *old, *tail]), "".join([*head, *new, *tail])
    assert changed_lines(was, now) == plain.changed_lines(was, now)


def test_long_lines_are_shown_around_the_changed_words() -> None:
    words = [f"word{number}" for number in range(100)]
    old = f"title: {' '.join(words[:50])} old middle {' '.join(words[50:])} old end"
    new = old.replace("old ", "new ")
    was, now = changed_lines(old, new)
    assert text(now) == (
        "title: word0 word1 word2 word3 word4 wor … 267 characters … rd44 word45 word46 word47 word48 word49 "
        "new middle word50 word51 word52 word53 word … 278 characters … rd94 word95 word96 word97 word98 word99 new end"
    )
    assert marked(was) == ["old", "old"]
    assert marked(now) == ["new", "new"]


def test_the_version_without_the_new_words_is_shown_around_their_place() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    was, now = changed_lines(f"title: {words}", f"title: {words} and more")
    assert (
        text(was)
        == "title: word0 word1 word2 word3 word4 wor … 196 characters … ord34 word35 word36 word37 word38 word39"
    )
    assert marked(was) == []
    assert text(now) == f"{text(was)} and more"
    assert marked(now) == [" and more"]


LETTERS = "x" * 1_500
LIST = "item, " * 300


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        (f"key: {LETTERS}a", f"key: {LETTERS}b", "a", "b"),
        (f"key: {LETTERS}a, {LIST}", f"key: {LETTERS}b, {LIST}", "a", "b"),
        (f"css: {LIST}{'old ' * 2_000}", f"css: {LIST}{'new ' * 2_000}", "old old", "new new"),
    ],
    ids=["a long word", "a long word in a line that is alike", "a line that goes on quite otherwise"],
)
def test_what_differs_far_behind_the_beginning_is_shown(old: str, new: str, gone: str, come: str) -> None:
    was, now = changed_lines(old, new)
    assert [each[: len(gone)] for each in marked(was)] == [gone]
    assert [each[: len(come)] for each in marked(now)] == [come]


def test_a_very_long_new_line_is_cut_and_the_rest_counted() -> None:
    assert text(shortened_line("x" * 5_000, Style.ADDED)) == "x" * KEPT_WHOLE + " … 4,000 more characters"


def test_a_line_is_not_cut_for_a_few_characters() -> None:
    assert text(shortened_line("x" * 160)) == "x" * 160
    assert text(shortened_line("x" * 161)) == "x" * 120 + " … 41 more characters"
