"""The quick way reads what `reader` reads, without a warning, or leaves it to `reader`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.document.lines import normalised
from flowsync.document.ordinary import NotOrdinary, ordinary_value
from flowsync.document.pieces import fits_utf8
from flowsync.document.reader import read_document
from flowsync.document.reading import Reading
from flowsync.errors import DocumentError
from tests.document.test_corpus import CASES
from tests.support.strategies import scalars, trees

REPOSITORY = Path(__file__).parents[2]
FLOWS = [path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "flows").rglob("*.yaml"))]
TEXTS = [case.text for case in CASES] + FLOWS
LINES = sorted({line for text in TEXTS for line in text.split("\n") if len(line) < 120})
MARKS = [*" \n\t#:-?,[]{}&*!|>'\"%@`~a01.eE_+=\\é\u2028\ufeff\ud83d🎉"]
BREAKS = ["\n  ", "\n    ", "\n\n", "\n \n"]
PIECES = [*BREAKS, ": ", "- ", " #", "''", '\\"', "\\u00e9", "k: ", "|\n", ">-\n", "[a, b]", "{a: b}"]


def is_ordinary(text: str) -> bool:
    """Whether the quick way reads it; raises where the two ways differ."""
    try:
        lines = normalised(text, "flow.yaml")
        value = ordinary_value(lines)
    except (DocumentError, NotOrdinary):
        return False
    reading = Reading("flow.yaml", lines)
    # Equal in order, too, and 1 is neither 1.0 nor true.
    assert repr(read_document(reading).value) == repr(value), text
    assert reading.warnings == [], text
    if fits_utf8(lines):
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return True


def test_both_ways_agree_on_the_corpus() -> None:
    assert sum(map(is_ordinary, TEXTS)) > len(TEXTS) // 3


@pytest.mark.parametrize(
    "text",
    [
        "name: Welcome\nactive: true\nsize: -1.5\nnothing:\nempty: ''\n",
        "# yaml-language-server: $schema=x\n---\n# about\nname: x # why\n\n# end",
        "name: x\r\ndata:\r\n  steps: []\r\n",
        "data:\n  steps:\n    - id: a\n      title: A\n    - id: b\n  columns:\n  - one\n  - two: 2\n",
        "steps:\n  -   id: a\n      title: wide\n  -\n    id: b\n  - plain\n",
        "a: |\n  two\n    lines\n\n  end\nb: >-\n  folded\n  text\n\n  more\nc: |-\n  x\n# after\n",
        "a: >\n  <ul>\n    <li>deeper\n  </ul>\n",
        "a: it's 50 %, one-off, http://x.y/#z\nb: 'it''s'\nc: \"a \\\"b\\\" \\u00e9\\n\\x41\"\nd: 🎉 é\n",
        "a: long text\n  goes on\n\n  here\nb:\n  below its\n  key\nc: \"also\n  here\"\nd: 'and\n\n  here'\n",
        "a: {title: x, action: flow.next}\nb: [one, 'two', \"three\", 4, -5, true]\nc: {d: {e: [], f: {}}}\n",
        "a: {title: x, more: 'y',\n    end: z}\nb:\n  [\n    one,\n    two,\n  ]\nc: {\n  d: 1\n}\n",
        "a: {b, 'c d': e}\nf: [g: h]\n",
        "'quoted key': 1\n\"other\": 2\nwith spaces: 3\nx.y/z-w: 4\n$ref: 5\n",
        "- one\n- two: 2\n  three: 3\n- [4]\n",
    ],
)
def test_what_real_files_hold_is_read_the_quick_way(text: str) -> None:
    assert is_ordinary(text)


def test_the_example_flows_are_read_the_quick_way() -> None:
    assert sum(map(is_ordinary, FLOWS)) >= len(FLOWS) - 1


@pytest.mark.parametrize(
    "text",
    [
        "a: .inf\n",
        "a: [.nan, 1]\n",
        f"a: {'9' * 400}\n",
        'a: "\\ud83d"\n',
        'a: "\\U0000d83d"\n',
        'a: {b: "\\ud83d", c: {}}\n',
        'a: [ "\\U0000d83d"\n ]\n',
        "a: 2026-01-01\n",
        "a: 1_000\n",
        "<<: {a: 1}\n",
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: {{name}}\n",
        "a: b\n  c: d\n",
        "a:\n  - 1\n b: 2\n",
        "a: [1, 2\n",
        "a: [*b]\n",
        "a: !!str 1\n",
        "a: 1\n---\nb: 2\n",
        "a:\tb\n",
        'a: "\\q"\n',
        "a: |\n  x\n \n",
        "a: |\n  x # y\n  # z\n \nb: 1\n",
        "a: |\n  x\n  # y\n\n \nb: 1\n",
        "null: 1\n",
        "- a\n-\n- b\n",
        "a: " + "[" * 50 + "]" * 50 + "\n",
        "\n".join(" " * depth + "a:" for depth in range(90)) + " 1\n",
        "",
    ],
)
def test_the_rest_is_left_to_the_reader(text: str) -> None:
    assert not is_ordinary(text)


def test_blank_lines_below_a_block_are_passed_over_once() -> None:
    text = "a: |\n  x" + "\n" * 300_000 + " \nb: 1\n"
    start = time.thread_time()
    assert not is_ordinary(text)
    assert time.thread_time() - start < 5, "linear code needs a tenth of it, a quadratic one a minute"


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A text of the corpus or of a flow after a few slips of the keyboard."""
    lines = draw(st.sampled_from(TEXTS)).split("\n")
    start = draw(st.integers(0, max(len(lines) - 12, 0)))
    lines = lines[start : start + draw(st.integers(1, 12))]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        column = draw(st.integers(0, len(line)))
        lines[at] = draw(
            st.sampled_from(
                [" " + line, "  " + line, "- " + line, line.lstrip(" "), line[:column], line[:column] + line]
            )
            | st.sampled_from(MARKS + PIECES).map(lambda piece: line[:column] + piece + line[column:])  # noqa: B023 - drawn at once
            | st.sampled_from(LINES).map(lambda other: f"{line}\n{other}")  # noqa: B023 - drawn at once
        )
    return "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n"]))


@settings(max_examples=500, deadline=None)
@given(edited())
def test_both_ways_agree_on_edited_texts(text: str) -> None:
    is_ordinary(text)


@settings(max_examples=200, deadline=None)
@given(trees(scalars))
def test_both_ways_agree_on_what_is_written(value: object) -> None:
    is_ordinary(document.dump(json.loads(json.dumps(value))))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*LINES, "  a: b", "    c", "  - d", "- e: |", "  f: >", "", '    "g', '  h"', "  }"]),
        max_size=8,
    )
)
def test_both_ways_agree_on_any_lines(lines: list[str]) -> None:
    is_ordinary("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        'a: "' + "x\\\n        y" * 200,
        "a: 'b\n" + "    c d\n" * 400,
        "a: [b\n" + "   c,   d\n" * 400,
        "a:\n" + "  b c\n" * 800 + ": ",
    ],
)
def test_a_text_that_is_never_closed_is_given_up_without_trying_all_ways(text: str) -> None:
    with pytest.raises(NotOrdinary):
        ordinary_value(text + "\n")


def test_mappings_that_are_written_alike_are_not_one_and_the_same() -> None:
    value = ordinary_value("a: {b: c}\nd: {b: c}\n")
    assert isinstance(value, dict)
    assert value["a"] == value["d"] == {"b": "c"}
    assert value["a"] is not value["d"]
