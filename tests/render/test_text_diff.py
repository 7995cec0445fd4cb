"""Two texts compared: what stayed, the hunks around what differs, the words that differ in a line."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.document.rewriting import equal_ends
from flowsync.render.diffs.texts import (
    CONTEXT,
    SEARCHED_AT_MOST,
    UNCUT_LENGTH,
    changed_lines,
    hunks,
    runs,
    shortened_line,
    yaml_key,
)
from flowsync.render.style import MARKED, Colour, Line, Style, paint
from tests.render.hostile import hostile

letters = st.lists(st.sampled_from("abcdef"), max_size=30)


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def marked(line: Line) -> list[str]:
    return [span.text for span in line if span.style in MARKED]


def matches(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    return [(was + offset, now + offset) for was, now, size in runs(old, new) for offset in range(size)]


@given(letters, letters)
def test_what_stayed_is_what_a_search_between_equal_ends_finds(old: list[str], new: list[str]) -> None:
    head, tail = equal_ends(old, new)
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    assert matches(old, new) == [
        *((index, index) for index in range(head)),
        *((head + a + i, head + b + i) for a, b, size in middle.get_matching_blocks() for i in range(size)),
        *((len(old) - left, len(new) - left) for left in range(tail, 0, -1)),
    ]


def test_long_sequences_are_divided_at_items_that_occur_once() -> None:
    old = [f"line {number}" for number in range(2 * SEARCHED_AT_MOST)]
    new = ["first", *old[:50], "new", *old[50:300], *old[320:], "last"]
    assert [old[was] for was, _ in matches(old, new)] == old[:300] + old[320:]


def test_long_stretches_in_which_all_repeats_count_as_replaced() -> None:
    old = ["start", *("ab" * SEARCHED_AT_MOST), "end"]
    new = ["start", *("ba" * SEARCHED_AT_MOST), "end"]
    assert matches(["x", *old], ["y", *new]) == [(1, 1), (len(old), len(new))]


@given(letters, letters, st.integers(0, 2))
def test_runs_are_of_equal_items_in_order_and_as_long_as_they_can_be(old: list[str], new: list[str], long: int) -> None:
    middle = [f"line {number}" for number in range(long * SEARCHED_AT_MOST)]
    old, new = [*old, *middle, *old], [*new, *middle, *new]
    found = runs(old, new)
    assert all(old[was : was + size] == new[now : now + size] and size > 0 for was, now, size in found)
    ends = [(0, 0), *((was + size, now + size) for was, now, size in found)]
    assert all(was >= end[0] and now >= end[1] for (was, now, _), end in zip(found, ends, strict=False))
    assert not set(ends[1:]) & {(was, now) for was, now, _ in found}


def shown(old: str, new: str) -> list[str]:
    return paint(hunks(old.split("\n"), new.split("\n")), Colour.NEVER).removesuffix("\n").split("\n")


DEEP = """\
title: Hello
fields:
  - id: name
    type: text
    label: Name
    required: true
  - id: role
    type: select
    placeholder: Choose
    required: true
    options:
      - value: dev
        label: Developer
      - value: pm
        label: Product
      - value: ops
        label: Operations
      - value: qa
        label: Quality"""


def test_every_line_keeps_its_parents() -> None:
    assert shown(DEEP, DEEP.replace("label: Operations", "label: On call")) == [
        "  fields:",
        "  …",
        "    - id: role",
        "  …",
        "      options:",
        "  …",
        "        - value: pm",
        "          label: Product",
        "        - value: ops",
        "-         label: Operations",
        "+         label: On call",
        "        - value: qa",
        "          label: Quality",
    ]


PROSE = """\
  text: |
-   The first line of it.
              ^^^^
-   And the second one.
                   ^^^
+   The first row of it.
              ^^^
+   And the second row.
                   ^^^
  \n    End."""
SEVEN = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1"


@pytest.mark.parametrize(
    ("old", "new", "rows"),
    [
        ("a: 1", "a: 1", ""),
        (
            SEVEN,
            SEVEN.replace("a: 1", "a: 2").replace("g: 1", "g: 2"),
            "- a: 1\n+ a: 2\n  b: 1\n  c: 1\n  d: 1\n  e: 1\n  f: 1\n- g: 1\n+ g: 2",
        ),
        ("a: 1\nb: 1", "a: 2\nb: 2", "- a: 1\n+ a: 2\n- b: 1\n+ b: 2"),
        (
            "text: |\n  The first line of it.\n  And the second one.\n\n  End.",
            "text: |\n  The first row of it.\n  And the second row.\n\n  End.",
            PROSE,
        ),
        ("a: 1\nb: x\nc: y", "a: 1\nc: z", "  a: 1\n- b: x\n- c: y\n+ c: z"),
    ],
    ids=["equal texts", "a gap of one line", "the same keys alternate", "prose goes and comes whole", "no successor"],
)
def test_lines_that_differ_are_shown_with_their_surroundings(old: str, new: str, rows: str) -> None:
    assert "\n".join(shown(old, new)) == rows


def plain_hunks(old: list[str], new: list[str]) -> list[str]:
    """The texts of hunks, found line by line: every line of both sides, then those to show, then the gaps."""
    rows: list[tuple[str, str]] = []
    start_old = start_new = 0
    for was, now in [*matches(old, new), (len(old), len(new))]:
        removed, added = old[start_old:was], new[start_new:now]
        went, came = [("- ", line) for line in removed], [("+ ", line) for line in added]
        keys = [yaml_key(line) for line in removed]
        is_paired = keys == [yaml_key(line) for line in added] and all(keys)
        rows += [row for pair in zip(went, came, strict=True) for row in pair] if is_paired else [*went, *came]
        rows += [("  ", line) for line in old[was : was + 1]]
        start_old, start_new = was + 1, now + 1
    waiting = [
        near
        for index, (mark, _) in enumerate(rows)
        for near in range(index - CONTEXT, index + CONTEXT + 1)
        if mark != "  " and 0 <= near < len(rows)
    ]
    indices: set[int] = set()
    while waiting:
        index = waiting.pop()
        indices.add(index)
        line = rows[index][1]
        for before in range(index - 1, -1, -1):
            above = rows[before][1]
            if above.strip(" ") and (not line.strip(" ") or indent(above) < indent(line)):
                waiting.append(before)
                break
    lines = {index: "".join(rows[index]) for index in indices}
    for index in range(min(indices, default=0), max(indices, default=0)):
        if index not in indices:
            is_single = {index - 1, index + 1} <= indices
            lines[index] = "".join(rows[index]) if is_single else "  …" if index - 1 in indices else ""
    return [lines[index] for index in sorted(lines) if lines[index]]


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


some_lines = st.lists(
    st.sampled_from(
        ["a: 1", "a: 2", "  b: a word", "  b: some word", "  - c: 3", "    d: |", "    prose so", "    prose", "", " "]
    ),
    max_size=25,
)


@given(some_lines, some_lines, some_lines, some_lines)
def test_hunks_are_what_a_search_line_by_line_finds(
    head: list[str], old: list[str], new: list[str], tail: list[str]
) -> None:
    old, new = [*head, *old, *tail], [*head, *new, *tail]
    assert [text(line) for line in hunks(old, new)] == plain_hunks(old, new)


def test_tens_of_thousands_of_lines_are_compared_at_once() -> None:
    old = [f"key{number}: same" for number in range(20_000)]
    new = [*old[:500], "new: line", *old[500:19_000], *old[19_010:]]
    assert len(hunks(["x: 1", *old, "y: 1"], ["x: 2", *new, "y: 2"])) < 50


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


some_words = st.lists(st.sampled_from(["one ", "two", " ", "  ", ", ", "key: ", "世界"]), max_size=9).map("".join)


@given(some_words | hostile, some_words | hostile)
def test_short_lines_are_shown_whole_and_what_is_not_marked_is_the_same_in_both(old: str, new: str) -> None:
    was, now = changed_lines(old[:100], new[:100])
    assert (text(was), text(now)) == (old[:100], new[:100])
    if marked(was) or marked(now):
        unmarked = [[span.text for span in line if span.style not in MARKED] for line in (was, now)]
        assert "".join(unmarked[0]) == "".join(unmarked[1])


@pytest.mark.parametrize("letters", ["a", "abcdefg"])
@pytest.mark.parametrize("key", ["", "title: ", "title: some words "])
@pytest.mark.parametrize(
    ("at", "gone", "come"),
    [(3_000, 1, "Z"), (3_000, 0, "Z"), (3_000, 1, ""), (0, 1, "Z"), (6_000, 0, "ZZ"), (5_999, 1, "")],
)
def test_a_word_of_thousands_of_characters_is_marked_where_it_changes(
    letters: str, key: str, at: int, gone: int, come: str
) -> None:
    word = (letters * 6_000)[:6_000]
    was, now = changed_lines(f"{key}{word} end", f"{key}{word[:at]}{come}{word[at + gone :]} end")
    assert ("".join(marked(now)), len("".join(marked(was)))) == (come, gone)
    assert len(text(was)) < 300


def test_long_lines_are_shown_around_the_changed_words() -> None:
    words = [f"word{number}" for number in range(100)]
    old = f"title: {' '.join(words[:50])} old middle {' '.join(words[50:])} old end"
    was, now = changed_lines(old, old.replace("old ", "new "))
    assert text(now) == (
        "title: word0 word1 word2 word3 word4 wor … 267 characters … rd44 word45 word46 word47 word48 word49 "
        "new middle word50 word51 word52 word53 word … 278 characters … rd94 word95 word96 word97 word98 word99 new end"
    )
    assert (marked(was), marked(now)) == (["old", "old"], ["new", "new"])


def test_the_version_without_the_new_words_is_shown_around_their_place() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    was, now = changed_lines(f"title: {words}", f"title: {words} and more")
    around = "title: word0 word1 word2 word3 word4 wor … 196 characters … ord34 word35 word36 word37 word38 word39"
    assert (text(was), text(now)) == (around, f"{around} and more")
    assert (marked(was), marked(now)) == ([], [" and more"])


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


def test_a_long_line_is_cut_and_the_rest_counted_but_not_for_a_few_characters() -> None:
    assert text(shortened_line("x" * 5_000, Style.ADDED)) == "x" * UNCUT_LENGTH + " … 4,000 more characters"
    assert text(shortened_line("x" * 160)) == "x" * 160
    assert text(shortened_line("x" * 161)) == "x" * 120 + " … 41 more characters"
