from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowsync.render.text_diff import SEARCHED_AT_MOST, runs
from tests.render import plain

words = st.lists(st.sampled_from("abcdef"), max_size=30)


def matches(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    return [(was + offset, now + offset) for was, now, size in runs(old, new) for offset in range(size)]


@given(words, words)
def test_what_stayed_is_equal_and_in_order_on_both_sides(old: list[str], new: list[str]) -> None:
    pairs = matches(old, new)
    assert all(old[was] == new[now] for was, now in pairs)
    assert [was for was, _ in pairs] == sorted({was for was, _ in pairs})
    assert [now for _, now in pairs] == sorted({now for _, now in pairs})


@given(words)
def test_equal_sequences_stay_whole(items: list[str]) -> None:
    assert matches(items, items) == [(index, index) for index in range(len(items))]


def test_equal_ends_are_found_around_a_change() -> None:
    assert matches(["a", "x", "b"], ["a", "y", "z", "b"]) == [(0, 0), (2, 3)]


def test_long_sequences_are_divided_at_items_that_occur_once() -> None:
    old = [f"line {number}" for number in range(2 * SEARCHED_AT_MOST)]
    new = ["first", *old[:50], "new", *old[50:300], *old[320:], "last"]
    kept = [old[was] for was, _ in matches(old, new)]
    assert kept == old[:300] + old[320:]


def test_long_stretches_in_which_all_repeats_count_as_replaced() -> None:
    old = ["start", *("ab" * SEARCHED_AT_MOST), "end"]
    new = ["start", *("ba" * SEARCHED_AT_MOST), "end"]
    assert matches(["x", *old], ["y", *new]) == [(1, 1), (len(old), len(new))]


@given(words, words)
def test_what_stayed_is_what_a_search_between_equal_ends_finds(old: list[str], new: list[str]) -> None:
    assert matches(old, new) == plain.matches(old, new)


@given(words, words, st.integers(0, 2))
def test_runs_are_as_long_as_they_can_be(old: list[str], new: list[str], long: int) -> None:
    middle = [f"line {number}" for number in range(long * SEARCHED_AT_MOST)]
    found = runs([*old, *middle, *old], [*new, *middle, *new])
    ends = {(was + size, now + size) for was, now, size in found}
    assert not ends & {(was, now) for was, now, _ in found}
    assert all(size > 0 for _, _, size in found)
