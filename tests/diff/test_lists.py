"""Which items of two lists are the same, and in what order both are told."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.diff.data import differences
from flowsync.diff.lists import longest_increasing, merged, survivors
from flowsync.model import JsonValue, Op


def steps(ids: str | list[str]) -> list[JsonValue]:
    """Steps that have nothing in common, so that none is another one renamed."""
    return [{"id": each, f"only {each}": each} for each in ids]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("abc", "abc", "abc"),
        ("abc", "cba", "cba"),
        ("xa", "a", "xa"),
        ("axyb", "ab", "axyb"),
        ("axb", "ba", "bax"),
        ("ax", "bac", "baxc"),
        ("xy", "ab", "xyab"),
    ],
)
def test_what_is_gone_is_told_after_what_came_before_it(old: str, new: str, expected: str) -> None:
    assert "".join(merged(old, new)) == expected


@given(st.lists(st.integers(0, 6), max_size=7))
def test_no_longer_run_increases(numbers: list[int]) -> None:
    found = longest_increasing(numbers)
    run = [numbers[index] for index in found]
    assert found == sorted(set(found))
    assert run == sorted(set(run))
    longer = combinations(numbers, len(run) + 1)
    assert not any(list(each) == sorted(set(each)) for each in longer)


@pytest.mark.parametrize("same", [["b", "c", "d"], [{"n": 1}, {"n": 2}, {"n": 3}]])
def test_equal_items_around_a_change_are_not_told(same: list[JsonValue]) -> None:
    assert [each.path for each in differences("data", ["a", *same], ["x", *same])] == ["/0"]
    assert [each.path for each in differences("data", [*same, "a"], [*same, "x"])] == ["/3"]
    assert [each.path for each in differences("data", [*same, "a", *same], [*same, "x", *same])] == ["/3"]


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_as_few_steps_move_as_possible(old: list[str], new: list[str]) -> None:
    moves = [each for each in differences("data", steps(old), steps(new)) if each.op is Op.MOVE]
    still = [[*old].index(each) for each in new]
    assert len(moves) == len(still) - len(longest_increasing(still))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [], {}),
        (["a"], ["a"], {0: 0}),
        (["a", 1, "b", 2, "c"], ["a", 3, "b", 4, "c"], {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        ([1, "a", 2], ["a", 3], {0: 1, 1: 2}),
        (["a", "b"], [1, "a", "b"], {1: 0, 2: 1}),
        (["a", "b", "c"], ["b", "c"], {0: 1, 1: 2}),
        ([1, 2], [3], {0: 0}),
        ([1, 3, 0, 0, 3], [0, 1, 1, 3, 2, 2, 2, 0], {2: 0, 3: 1, 4: 2, 5: 3, 7: 4}),
    ],
)
def test_an_item_between_two_that_stayed_was_changed(
    old: list[JsonValue], new: list[JsonValue], expected: dict[int, int]
) -> None:
    found = survivors(old, new, "tags")
    assert dict(found.pairs) == expected
    assert not found.moved


def test_items_with_an_id_survive_where_they_went() -> None:
    found = survivors(steps("abc"), steps("cxab"), "steps")
    assert dict(found.pairs) == {0: 2, 2: 0, 3: 1}
    assert found.moved == {0}


@pytest.mark.parametrize("ids", ["abc", "abcde", "abcdefg"])
def test_the_middle_of_a_reversed_list_does_not_move(ids: str) -> None:
    moves = [each for each in differences("data", steps(ids), steps(ids[::-1])) if each.op is Op.MOVE]
    assert len(moves) == len(ids) - 1
    assert all(each.old != each.new for each in moves)


@given(st.permutations(range(6)))
def test_of_the_longest_runs_the_one_with_most_preferred_places_is_taken(numbers: list[int]) -> None:
    same = {index for index, number in enumerate(numbers) if index == number}
    found = longest_increasing(numbers, same)
    runs = [
        each for each in combinations(range(6), len(found)) if all(numbers[a] < numbers[b] for a, b in pairwise(each))
    ]
    assert len(same & {*found}) == max(len(same & {*each}) for each in runs)
    assert tuple(found) in runs
