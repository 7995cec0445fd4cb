"""Read beside a text whose value is known, a text has the value that it has by itself, and the same faults."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.errors import DocumentError
from tests.document.styles import Styled, flow_value
from tests.document.test_ordinary import LINES, MARKS, PIECES
from tests.support import strategies as flows

if TYPE_CHECKING:
    from flowsync.model import JsonValue

Pair: TypeAlias = "tuple[str, str]"


def outcome(text: str) -> object:
    """What a text by itself is read as: in order, and 1 is neither 1.0 nor true; or what is wrong with it."""
    try:
        return repr(document.parse_data(text).value)
    except DocumentError as error:
        return error.problem


def outcome_beside(text: str, known_text: str, known: JsonValue) -> object:
    try:
        return repr(document.parse_beside(text, known_text, known))
    except DocumentError as error:
        return error.problem


def hold_alike(pair: Pair) -> None:
    known_text, text = pair
    try:
        known = document.parse_data(known_text).value
    except DocumentError:
        assume(False)  # noqa: FBT003 - what it says
        raise
    before = repr(known)
    assert outcome_beside(text, known_text, known) == outcome(text)
    assert repr(known) == before


def shared(known_text: str, text: str) -> list[bool]:
    """For each step of `text`, whether it is one of those that are known."""
    known = document.parse_data(known_text).value
    value = document.parse_beside(text, known_text, known)
    assert isinstance(known, dict)
    assert isinstance(value, dict)
    steps, known_steps = value["steps"], known["steps"]
    assert isinstance(steps, list)
    assert isinstance(known_steps, list)
    return [any(step is other for other in known_steps) for step in steps]


ABOVE = ["", "title: A\n", "a: |\n  x\n  - id: y\n\n", "'q': 1\n", "b: [c,\n  d]\n", "note: >+\n  folded\n\n\n"]
ABOVE += [
    "list:\n- id: x\n",
    "list:\n  - id: x\n  - id: y\n",
    "# about\n",
    "---\n",
    "{a: b}\n",
    "a: &x 1\n",
    "k: 'a\n  b'\n",
]
STEPS = ["steps:\n", "steps:\n", "steps:\n  # first\n\n", "steps: # why\n", '"steps":\n', "steps: |\n", "steps: &all\n"]
BELOW = [
    "",
    "end: 1\n",
    "\n\n",
    "# end\n",
    "  # end\n",
    "other:\n  - id: a\n",
    "...\n",
    "---\n",
    '"end": 1\n',
    "}\n",
    " \n",
]
BELOW += ["steps:\n  - id: b\n", "x: *x\n", "]\n", "text\n", "\n\nend: |+\n  - id: a\n\n"]
ITEMS = [
    "- id: a\n  title: A\n",
    "- id: b\n",
    "- id: c\n  text: |\n    one\n      two\n\n    - id: d\n",
    "- id: d\n  text: |+\n    one\n\n\n",
    "- id: e\n  text: >-\n    one\n    two\n\n\n",
    "- id: f\n  text: long\n    text\n\n    goes on\n",
    "- id: g\n  text: 'long\n\n    text'\n\n",
    '- id: h\n  text: "long\n    text\\n"\n  # why\n',
    "- id: i\n  action:\n",
    "- id: j\n  list:\n  - id: k\n  - id: l\n",
    "- id: m\n  list: [a,\n    b\n  ]\n",
    "- {id: n, n: 1}\n",
    "- {id: o,\n  n: 1.0\n  }\n",
    "- {id: o,\n  n: 1\n}\n",
    "- [a,\n  b\n]\n",
    "- plain\n  goes on\n",
    "- - one\n  - true\n",
    "-\n  id: p\n",
    "-\n",
    "- \n  id: p\n",
    "- |\n  text\n  - id: q\n",
    "- |+\n\n\n",
    "-  id: r\n   n: 1\n",
    "- id: s\n# at the margin\n",
    "- id: s\n  text: |\n    x\n # shallow\n",
    "- id: t\n  text: |\n\n   \n",
    "- &y id: u\n",
    "- &x\n  id: v\n",
    "- *x\n",
    "- id: w\n  n: *x\n",
    "- id: x\n  n: &x 2\n",
    "- id: y\n  n: 2026-01-01\n",
    "- id: y\n  <<: {n: 1}\n",
    "- id: z\n  text: !!str 1\n",
    "- id: z\n  id: z\n",
    "- id: z\n text: 1\n",
    "- ? id\n  : z\n",
    "- id:\tz\n",
    '- id: "open\n',
    "- [open,\n",
    "- id: |9\n",
    "- ---\n",
]
"""What can stand in a list, at its column; and what can not."""


def at_column(item: str, column: int) -> str:
    return "".join(f"{' ' * column}{line}" if line.strip() else line for line in item.splitlines(keepends=True))


@st.composite
def rough(draw: st.DrawFn) -> Pair:
    """Two texts put together from the same parts."""
    column = draw(st.sampled_from([0, 2, 2, 4]))
    parts = [at_column(item, column) for item in draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=5))]
    more = st.sampled_from(ITEMS).map(lambda item: at_column(item, column))
    above, name, below = (draw(st.just(kinds[0]) | st.sampled_from(kinds)) for kinds in (ABOVE, STEPS, BELOW))
    new = draw(st.lists(st.sampled_from(parts) | more, min_size=1, max_size=6) | st.permutations(parts))
    odd = draw(st.integers(0, 9))
    there = draw(st.sampled_from(ABOVE)) if odd == 0 else above
    under = draw(st.sampled_from(BELOW)) if odd == 1 else below
    return above + name + "".join(parts) + below, there + name + "".join(new) + under


@st.composite
def slipped(draw: st.DrawFn, text: str) -> str:
    """A text after a few slips of the keyboard, and with lines moved."""
    lines = text.split("\n")
    first = draw(st.sampled_from([0, *[lines.index("steps:") + 1] * 4])) if "steps:" in lines else 0
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(min(first, len(lines) - 1), len(lines) - 1))
        line = lines.pop(at)
        column = draw(st.integers(0, len(line)))
        changed = draw(
            st.sampled_from(
                [[], [line, line], [f" {line}"], [line.removeprefix(" ")], [line[:column]], [f"- {line}"], [""]]
            )
            | st.sampled_from(MARKS + PIECES).map(lambda piece: [line[:column] + piece + line[column:]])  # noqa: B023 - drawn at once
            | st.sampled_from([*LINES, *lines]).map(lambda other: [line, other])  # noqa: B023 - drawn at once
        )
        there = draw(st.sampled_from([at, at, at, draw(st.integers(0, len(lines)))]))
        lines[there:there] = changed
        lines = lines or [""]
    return "\n".join(lines)


@st.composite
def styled(draw: st.DrawFn) -> str:
    """`data` as some author writes it."""
    random = Random(draw(st.integers(0, 2**32)))
    data = flow_value(random)["data"]
    assert isinstance(data, dict)
    text = Styled(random).text(data)
    if draw(st.integers(0, 3)) == 0:
        return text
    return re.sub(
        "^steps:.*", "steps:", text.replace("*", "").replace("\r", "").removeprefix("\ufeff"), flags=re.MULTILINE
    )


@st.composite
def rearranged(draw: st.DrawFn, text: str) -> str:
    """A text with what begins at a dash in another order, some of it twice, some left out."""
    head, *items = text.split("\n  - ")
    if not items:
        return text
    return "\n  - ".join([head, *draw(st.lists(st.sampled_from(items), max_size=6) | st.permutations(items))])


def changed(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Pair]:
    """Each text with others that were made from it."""
    others = texts.flatmap(
        lambda text: st.tuples(st.just(text), slipped(text) | rearranged(text) | rearranged(text).flatmap(slipped))
    )
    return others | others.map(lambda pair: (pair[1], pair[0]))


@st.composite
def dumped(draw: st.DrawFn) -> Pair:
    """Two versions of `data`, of which mostly only the steps differ."""
    old, new = draw(flows.edits(flows.flow_data))
    if draw(st.integers(0, 3)) > 0 and isinstance(old, dict) and isinstance(old["steps"], list):
        new = {**old, "steps": draw(flows.edited_list(old["steps"]))}
    return document.dump(old), document.dump(new)


@settings(max_examples=80)
@given(dumped())
def test_what_is_dumped_is_read_alike(pair: Pair) -> None:
    hold_alike(pair)


@settings(max_examples=120)
@given(changed(styled()))
def test_what_authors_write_is_read_alike(pair: Pair) -> None:
    hold_alike(pair)


@settings(max_examples=200)
@given(rough() | rough().flatmap(lambda pair: st.tuples(st.just(pair[0]), slipped(pair[1]))))
def test_what_is_rough_is_read_alike(pair: Pair) -> None:
    hold_alike(pair)


KNOWN = """\
# about
title: Tour
steps:
  # the first
  - id: a
    text: |
      one

      - id: b

  - id: b
    text: "two\\n"

    # why
  - id: c
end: 1
"""
HEAD, A, B, C = KNOWN.removesuffix("\nend: 1\n").split("\n  - ")


def with_steps(*steps: str) -> str:
    return "\n  - ".join([HEAD, *steps]) + "\nend: 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (KNOWN.removesuffix("\n"), [True, True, True]),
        (KNOWN.replace("\n", "\r\n"), [True, True, True]),
        (f"\ufeff{KNOWN}", [True, True, True]),
        (with_steps(A, B.replace("two", "2"), C), [True, False, True]),
        (with_steps(C, A, B), [True, True, True]),
        (with_steps(A, A, "id: d", B, "id: d", "e"), [True, True, False, True, False, False]),
        (with_steps(B), [True]),
        (KNOWN.replace("Tour", "Way"), [False, False, False]),
        (KNOWN.replace("end: 1", "end: 2"), [False, False, False]),
        (KNOWN.replace("- id: c", "-   id: c"), [True, True, False]),
    ],
)
def test_steps_with_the_same_lines_are_the_known_ones(text: str, expected: list[bool]) -> None:
    assert shared(KNOWN, text) == expected
    hold_alike((KNOWN, text))


@pytest.mark.parametrize(
    ("known_text", "text"),
    [
        ("steps:\n- id: a\n- {b: 1,\n  c: 2\n}\n", "steps:\n- {b: 1,\n  c: 2\n- id: a\n}\n"),
        ("steps:\n  - &a 1\n  - &a 2\n  - *a\n", "steps:\n  - &a 2\n  - &a 1\n  - *a\n"),
        ("steps:\n  - &a 1\n  - 2\n  - *a\n", "steps:\n  - 2\n  - *a\n"),
        ("steps:\n  -\n    id: a\n  - id: b\nmore:\n  - c\n", "steps:\n  -\n    id: a\n  - c\nmore:\n  - id: b\n"),
        ("a: |\n  x\n  steps:\n  - b\nsteps:\n  - c\n", "a: |\n  x\n  steps:\n  - c\nsteps:\n  - b\n"),
        ("steps:\n  - a: |+\n      x\n\n\n  - b\n", "steps:\n  - b\n  - a: |+\n      x\n\n\n"),
        ("steps:\n  - a: |+\n      x\n  - b\n", "steps:\n  - a: |+\n      x\n  - b\n "),
        ("steps:\n  - a\n  - b\n", "steps:\n  - b\n...\n  - a\n"),
        ("steps:\n  - a\n  - b\n", "steps:\n  - b\n - a\n"),
        ("steps:\n  - a\n", "steps:\n  - [b,\n  - c]\n"),
        ("steps:\n  - a\n", f"steps:\n  - a\n  - {'x' * 2**20}\n"),
        ("steps:\n  - a\n", '{"steps": [1.0, true]}'),
        ("steps:\n  - a\n", '{"steps":\r["a"]}\r'),
        ("steps:\n  - a\n", '{"steps": ["b |+ c"]}\n '),
    ],
)
def test_what_looks_like_a_step_and_is_none_is_read_as_it_is(known_text: str, text: str) -> None:
    hold_alike((known_text, text))
    if isinstance(outcome(text), str):
        hold_alike((text, known_text))


def test_what_is_known_of_another_kind_of_value_does_not_matter() -> None:
    assert document.parse_beside("steps:\n  - a\n", "just text", "just text") == {"steps": ["a"]}
    assert document.parse_beside("steps:\n  - a\n", "steps: {}\n", {"steps": {}}) == {"steps": ["a"]}
