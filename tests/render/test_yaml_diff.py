from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.document import UNFOLDED, dump
from flowsync.model import FieldChange, Op
from flowsync.render.escape import mask_keys
from flowsync.render.style import Colour, Span, Style, paint
from flowsync.render.yaml_diff import LINES_PER_FLOW, capped, flow_diff
from tests.render import plain
from tests.render.samples import data_update, update
from tests.support.strategies import flow_data

if TYPE_CHECKING:
    from flowsync.model import JsonValue, Update


def told(change: Update) -> list[str]:
    return paint(flow_diff(change), Colour.NEVER).splitlines()


def steps(*items: JsonValue) -> JsonValue:
    return {"steps": list(items)}


KEY_ONLY = "Only an API key differs, which is never shown."
A: dict[str, JsonValue] = {"id": "a", "title": "Apples"}
B: dict[str, JsonValue] = {"id": "b", "title": "Bananas"}
C: dict[str, JsonValue] = {"id": "c", "title": "Cherries"}


def test_plain_fields_are_told_in_the_order_of_files() -> None:
    change = update({"active": True, "name": "Old"}, {"active": False, "name": "New"})
    assert told(change) == ["- name: Old", "+ name: New", "- active: true", "+ active: false"]


def test_a_changed_step_is_told_under_its_name() -> None:
    change = data_update(steps(A, B), steps(A, {**B, "title": "Berries"}))
    assert told(change) == ["@@ steps[b] @@", "  id: b", "- title: Bananas", "+ title: Berries"]


def test_a_moved_step_is_compared_with_itself() -> None:
    change = data_update(steps(A, B, C), steps(C, A, {**B, "title": "Berries"}))
    assert told(change) == ["@@ steps[b] @@", "  id: b", "- title: Bananas", "+ title: Berries"]


def test_a_step_under_a_new_id_is_compared_with_what_it_was() -> None:
    change = data_update(steps(A, B), steps(A, {**B, "id": "fruit"}))
    assert told(change) == ["@@ steps[fruit] @@", "- id: b", "+ id: fruit", "  title: Bananas"]


def test_new_and_removed_steps_are_told_where_they_are_or_were() -> None:
    change = data_update(steps(A, B, {"id": "x"}), steps(B, C))
    headers = [row for row in told(change) if row.startswith("@@")]
    assert headers == ["@@ steps[a] @@", "@@ steps[x] @@", "@@ steps[c] @@"]


def test_steps_without_ids_are_told_by_their_places() -> None:
    change = data_update(steps("one", "two"), steps("one", "three"))
    assert told(change)[0] == "@@ steps[1] @@"


def test_what_is_beside_the_steps_is_told_first() -> None:
    change = data_update({"title": "T", "steps": [A]}, {"sequential": True, "title": "T", "steps": [B, A]})
    assert told(change)[:3] == ["@@ data @@", "+ sequential: true", "  title: T"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"title": "One", "id": 1}, {"title": "Two", "id": 1.0}),
        ({"gone": 0, "title": "One", "x": {"a": 1, "b": 2}}, {"x": {"b": 2.0, "a": 1}, "title": "Two"}),
        ({"a": [{"id": "p", "k": 1, "l": 2}, 5]}, {"a": [{"l": 2, "k": 1.0, "id": "p"}, 6]}),
    ],
)
def test_order_of_keys_and_ways_of_writing_numbers_are_no_differences(old: JsonValue, new: JsonValue) -> None:
    changed = [row for row in told(data_update(old, new)) if row[0] in "+-"]
    assert not {"x", "a", "b", "id", "k", "l"} & {row.strip("+- ").partition(":")[0] for row in changed}
    assert changed


def test_a_character_that_one_side_holds_in_halves_is_no_difference() -> None:
    change = data_update({"title": "\ud83d\ude00", "x": "One"}, {"title": "\U0001f600", "x": "Two"})
    assert told(change) == ["@@ data @@", "  title: \U0001f600", "- x: One", "+ x: Two"]


def test_a_new_step_without_anything_in_it_is_told() -> None:
    assert told(data_update(steps(A), steps(A, {}))) == ["@@ steps[1] @@", "+ {}"]


def test_data_that_becomes_a_mapping_is_told_as_a_field() -> None:
    assert told(data_update("not a mapping", {"steps": []}))[0].startswith("- data: ")


def test_true_is_not_one() -> None:
    assert told(data_update({"a": True}, {"a": 1})) == ["@@ data @@", "- a: true", "+ a: 1"]


def test_keys_are_never_shown_and_still_told_to_differ() -> None:
    shown = told(data_update({"props": {"key": "api_private_abc"}}, {"props": {"key": "api_private_xyz"}}))
    assert shown == ["@@ data @@", KEY_ONLY]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("one\n\n", "one\n\n\n", ["  title: |+", "    one", "  ", "+ "]),
        ("one\n\n\n\n", "one\n\n", ["  title: |+", "    one", "  ", "- ", "- "]),
    ],
)
def test_line_ends_at_the_very_end_are_told(old: str, new: str, expected: list[str]) -> None:
    change = data_update(steps({"id": "a", "title": old}), steps({"id": "a", "title": new}))
    assert told(change) == ["@@ steps[a] @@", *expected]


def test_without_the_values_around_them_changes_are_told_by_their_labels() -> None:
    changes = (
        FieldChange("data", "/title", "title", Op.REPLACE, "Old", "New"),
        FieldChange("data", "/steps/0", "steps[a]", Op.ADD, None, {"id": "a"}),
        FieldChange("data", "/steps/1", "steps[b]", Op.REMOVE, {"id": "b"}, None),
        FieldChange("data", "/steps/2", "steps[c]", Op.MOVE, 1, 2),
        FieldChange("name", "", "name", Op.REPLACE, "x" * 900, "y"),
    )
    change = replace(data_update({}, {}), fields=changes, old={}, new={})
    rows = told(change)
    assert rows[0].startswith('- name: "xxx')
    assert rows[0].endswith("x…")
    assert rows[1:3] == ['+ name: "y"', '- title: "Old"']
    assert rows[3:] == ['+ title: "New"', '+ steps[a]: {"id": "a"}', '- steps[b]: {"id": "b"}']


def test_what_is_too_much_is_counted() -> None:
    change = data_update({}, {f"key{number}": number for number in range(1_000)})
    lines = capped(flow_diff(change))
    assert len(lines) == LINES_PER_FLOW + 1
    assert paint(lines[-1:], Colour.NEVER) == "… 601 more lines\n"
    assert capped(lines[:5]) == lines[:5]


@given(flow_data, flow_data)
def test_a_diff_is_empty_exactly_when_nothing_changed(old: dict[str, JsonValue], new: dict[str, JsonValue]) -> None:
    change = data_update(old, new)
    moves = all(each.op is Op.MOVE for each in change.fields)
    assert bool(flow_diff(change)) is not moves


values: st.SearchStrategy[JsonValue] = st.sampled_from(
    [
        True,
        1,
        2.5,
        None,
        "",
        "text",
        "two\n\nlines",
        "end\n\n",
        "end\n\n\n",
        "api_private_abc",
        "api_private_xyz",
        {"a": 1, "b": {"c": "d"}},
    ]
)
sides = st.dictionaries(st.sampled_from("abcdefghijkl"), values, min_size=1)


@given(sides, sides, sides)
def test_what_both_sides_share_is_told_as_if_all_of_it_were_compared(
    shared: dict[str, JsonValue], old: dict[str, JsonValue], new: dict[str, JsonValue]
) -> None:
    old, new = dict(sorted({**old, **shared}.items())), dict(sorted({**new, **shared}.items()))
    change = data_update({"steps": [{"id": "x", **old}]}, {"steps": [{"id": "x", **new}]})
    was, now = (mask_keys(dump({"id": "x", **side}, UNFOLDED)).removesuffix("\n").split("\n") for side in (old, new))
    if any(each.path.startswith("/steps/0") for each in change.fields):
        assert flow_diff(change)[1:] == (plain.hunks(was, now) or [(Span(KEY_ONLY, Style.MUTED),)])
    else:
        assert flow_diff(change) == []
