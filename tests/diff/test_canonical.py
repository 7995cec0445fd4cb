"""Which values have the same canonical text, and what it is."""

from __future__ import annotations

import math

import pytest

from flowsync.diff.canonical import ValueNumbers, canonical_text
from flowsync.diff.data import quoted
from flowsync.model import JsonValue

TEXTS: list[tuple[JsonValue, str]] = [
    (None, "null"),
    (True, "true"),
    (1, "1"),
    (1.0, "1"),
    (-0.0, "0"),
    (1.5, "1.5"),
    (2**53, "9007199254740992"),
    (2**53 + 1, "9007199254740992.0"),
    (10**30, "1e+30"),
    (1e30, "1e+30"),
    (-(2**53), "-9007199254740992"),
    (2.0**53, "9007199254740992"),
    (2.0**60, "1.152921504606847e+18"),
    (5e-324, "5e-324"),
    (10**5000, "Infinity"),
    (-(10**5000), "-Infinity"),
    (math.nan, "NaN"),
    ("ü", '"\\u00fc"'),
    ("\ud83d\ude00", '"\\ud83d\\ude00"'),
    ("\U0001f600", '"\\ud83d\\ude00"'),
    ("\ude00\ud83d", '"\\ude00\\ud83d"'),
    ({"b": [1, {"d": 1, "c": 2}], "a": 0}, '{"a":0,"b":[1,{"c":2,"d":1}]}'),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=range(len(TEXTS)))
def test_the_canonical_text(value: JsonValue, text: str) -> None:
    assert canonical_text(value) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), ("1", 1), (None, ""), (None, False), ([1, 2], [2, 1]), ({}, []), ({}, None)],
)
def test_values_that_are_not_the_same(one: JsonValue, other: JsonValue) -> None:
    assert canonical_text(one) != canonical_text(other)


@pytest.mark.parametrize(
    ("text", "told"),
    [("a", '"a"'), ('"', '"\\""'), ("é\x1b[0m", '"é\\u001b[0m"'), ("\u202e\u200b\ud800", '"\\u202e\\u200b\\ud800"')],
)
def test_a_quoted_text_prints_on_one_line_and_moves_no_cursor(text: str, told: str) -> None:
    assert quoted(text) == told


def test_shapes_of_values_that_come_and_go_are_not_mixed_up() -> None:
    numbers = ValueNumbers()
    found = [numbers.of([number]) for number in range(100)]
    assert len(set(found)) == 100
    assert numbers.of([99.0]) == found[-1]
    assert numbers.of({"long": "x" * 100}) == numbers.of({"long": "x" * 100}) != numbers.of({"long": "x" * 101})
