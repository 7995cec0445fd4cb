from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.style import Colour, paint
from flowsync.render.text_diff import hunks
from tests.render import plain


def told(old: str, new: str) -> list[str]:
    lines = hunks(old.split("\n"), new.split("\n"))
    return paint(lines, Colour.NEVER).removesuffix("\n").split("\n")


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


def test_nothing_is_told_of_equal_texts() -> None:
    assert hunks(["a: 1"], ["a: 1"]) == []


def test_every_line_keeps_its_parents() -> None:
    assert told(DEEP, DEEP.replace("label: Operations", "label: On call")) == [
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


def test_a_gap_of_one_line_is_shown() -> None:
    old = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1"
    new = old.replace("a: 1", "a: 2").replace("g: 1", "g: 2")
    assert told(old, new) == [
        "- a: 1", "+ a: 2", "  b: 1", "  c: 1", "  d: 1", "  e: 1", "  f: 1", "- g: 1", "+ g: 2",
    ]  # fmt: skip


def test_lines_of_the_same_keys_alternate() -> None:
    assert told("a: 1\nb: 1", "a: 2\nb: 2") == ["- a: 1", "+ a: 2", "- b: 1", "+ b: 2"]


def test_prose_goes_as_a_whole_and_comes_as_a_whole() -> None:
    old = "text: |\n  The first line of it.\n  And the second one.\n\n  End."
    new = "text: |\n  The first row of it.\n  And the second row.\n\n  End."
    assert told(old, new) == [
        "  text: |",
        "-   The first line of it.",
        "              ^^^^",
        "-   And the second one.",
        "                   ^^^",
        "+   The first row of it.",
        "              ^^^",
        "+   And the second row.",
        "                   ^^^",
        "  ",
        "    End.",
    ]


def test_removed_lines_without_a_successor_are_just_removed() -> None:
    assert told("a: 1\nb: x\nc: y", "a: 1\nc: z") == ["  a: 1", "- b: x", "- c: y", "+ c: z"]


@given(st.lists(st.sampled_from(["a: 1", "b: 2", "  c: 3", "", "- d"]), max_size=12), st.data())
def test_both_texts_can_be_read_from_what_is_told(new: list[str], data: st.DataObject) -> None:
    old = data.draw(st.permutations(new).map(lambda lines: lines[: len(lines) // 2 + 1]))
    rows = ["".join(span.text for span in row) for row in hunks(old, new)]
    removed = [row[2:] for row in rows if row.startswith("- ")]
    added = [row[2:] for row in rows if row.startswith("+ ")]
    kept = len(old) - len(removed)
    assert kept == len(new) - len(added)
    assert sorted(added) == sorted(_without(new, _without(old, removed)))


some_lines = st.lists(
    st.sampled_from(
        ["a: 1", "a: 2", "  b: a word", "  b: some word", "  - c: 3", "    d: |", "    prose so", "    prose", "", " "]
    ),
    max_size=25,
)


@given(some_lines, some_lines, some_lines, some_lines)
def test_what_is_told_is_what_the_plain_way_tells(
    head: list[str], old: list[str], new: list[str], tail: list[str]
) -> None:
    old, new = [*head, *old, *tail], [*head, *new, *tail]
    assert hunks(old, new) == plain.hunks(old, new)


def _without(lines: list[str], some: list[str]) -> list[str]:
    left = list(lines)
    for each in some:
        left.remove(each)
    return left


def test_tens_of_thousands_of_lines_are_told_at_once() -> None:
    old = [f"key{number}: same" for number in range(20_000)]
    new = [*old[:500], "new: line", *old[500:19_000], *old[19_010:]]
    assert len(hunks(["x: 1", *old, "y: 1"], ["x: 2", *new, "y: 2"])) < 50
