"""The equal ends of two sequences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.document.texts import equal_ends


@pytest.mark.parametrize(
    ("old", "new", "ends"),
    [("", "", (0, 0)), ("abc", "abc", (3, 0)), ("abxc", "abyyc", (2, 1)), ("aa", "a", (1, 0)), ("b", "ab", (0, 1))],
)
def test_the_end_begins_behind_the_beginning(old: str, new: str, ends: tuple[int, int]) -> None:
    assert equal_ends(old, new) == ends


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_both_are_equal_and_as_long_as_can_be(old: list[int], new: list[int]) -> None:
    head, tail = equal_ends(old, new)
    assert old[:head] == new[:head]
    rest, other = old[head:], new[head:]
    assert not (rest and other) or rest[0] != other[0]
    assert rest[len(rest) - tail :] == other[len(other) - tail :]
    left, right = rest[: len(rest) - tail], other[: len(other) - tail]
    assert not (left and right) or left[-1] != right[-1]
