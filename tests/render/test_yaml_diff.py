from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.model import FieldChange, JsonValue, Op, Update
from flowsync.render.diffs.flows import LINES_PER_FLOW, capped, expression_diff, flow_diff, remark
from flowsync.render.style import Colour, paint
from tests.render.hostile import hostile, log_commands, unseen_characters
from tests.render.samples import data_update, update
from tests.support.strategies import flow_data


def diff(change: Update) -> list[str]:
    return paint(flow_diff(change), Colour.NEVER).splitlines()


def steps(*items: JsonValue) -> JsonValue:
    return {"steps": list(items)}


A: dict[str, JsonValue] = {"id": "a", "title": "Apples"}
B: dict[str, JsonValue] = {"id": "b", "title": "Bananas"}
C: dict[str, JsonValue] = {"id": "c", "title": "Cherries"}


def test_plain_fields_are_told_in_the_order_of_files() -> None:
    change = update({"active": True, "name": "Old"}, {"active": False, "name": "New"})
    assert diff(change) == ["- name: Old", "+ name: New", "- active: true", "+ active: false"]


DIFFS: dict[str, tuple[JsonValue, JsonValue, list[str]]] = {
    "a changed step, compared with itself under its name": (
        steps(A, B, C),
        steps(A, {**B, "title": "Berries"}, C),
        ["@@ steps[b] @@", "  id: b", "- title: Bananas", "+ title: Berries"],
    ),
    "the same, moved": (
        steps(A, B, C),
        steps(C, A, {**B, "title": "Berries"}),
        ["@@ steps[b] @@", "  id: b", "- title: Bananas", "+ title: Berries"],
    ),
    "a step under a new id, compared with what it was": (
        steps(A, B),
        steps(A, {**B, "id": "fruit"}),
        ["@@ steps[fruit] @@", "- id: b", "+ id: fruit", "  title: Bananas"],
    ),
    "a new step without anything in it": (steps(A), steps(A, {}), ["@@ steps[1] @@", "+ {}"]),
    "no difference in a character that one side holds in halves": (
        {"title": "\ud83d\ude00", "x": "One"},
        {"title": "\U0001f600", "x": "Two"},
        ["@@ data @@", "  title: \U0001f600", "- x: One", "+ x: Two"],
    ),
    "true is not one": ({"a": True}, {"a": 1}, ["@@ data @@", "- a: true", "+ a: 1"]),
    "keys are never shown and still told to differ": (
        {"props": {"key": "api_private_abc"}},
        {"props": {"key": "api_private_xyz"}},
        ["@@ data @@", "Only an API key differs, which is never shown."],
    ),
    "a line end more": (
        steps({"id": "a", "title": "one\n\n"}),
        steps({"id": "a", "title": "one\n\n\n"}),
        ["@@ steps[a] @@", "  title: |+", "    one", "  ", "+ "],
    ),
    "line ends less": (
        steps({"id": "a", "title": "one\n\n\n\n"}),
        steps({"id": "a", "title": "one\n\n"}),
        ["@@ steps[a] @@", "  title: |+", "    one", "  ", "- ", "- "],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), DIFFS.values(), ids=DIFFS)
def test_a_diff_of_data(old: JsonValue, new: JsonValue, expected: list[str]) -> None:
    assert diff(data_update(old, new)) == expected


def test_new_and_removed_steps_are_told_where_they_are_or_were() -> None:
    change = data_update(steps(A, B, {"id": "x"}), steps(B, C))
    headers = [row for row in diff(change) if row.startswith("@@")]
    assert headers == ["@@ steps[a] @@", "@@ steps[x] @@", "@@ steps[c] @@"]


def test_steps_without_ids_are_told_by_their_places() -> None:
    change = data_update(steps("one", "two"), steps("one", "three"))
    assert diff(change)[0] == "@@ steps[1] @@"


def test_what_is_beside_the_steps_is_told_first() -> None:
    change = data_update({"title": "T", "steps": [A]}, {"sequential": True, "title": "T", "steps": [B, A]})
    assert diff(change)[:3] == ["@@ data @@", "+ sequential: true", "  title: T"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"title": "One", "id": 1}, {"title": "Two", "id": 1.0}),
        ({"gone": 0, "title": "One", "x": {"a": 1, "b": 2}}, {"x": {"b": 2.0, "a": 1}, "title": "Two"}),
        ({"a": [{"id": "p", "k": 1, "l": 2}, 5]}, {"a": [{"l": 2, "k": 1.0, "id": "p"}, 6]}),
    ],
)
def test_order_of_keys_and_ways_of_writing_numbers_are_no_differences(old: JsonValue, new: JsonValue) -> None:
    changed = [row for row in diff(data_update(old, new)) if row[0] in "+-"]
    assert not {"x", "a", "b", "id", "k", "l"} & {row.strip("+- ").partition(":")[0] for row in changed}
    assert changed


def test_data_that_becomes_a_mapping_is_told_as_a_field() -> None:
    assert diff(data_update("not a mapping", {"steps": []}))[0].startswith("- data: ")


def test_without_the_values_around_them_changes_are_told_by_their_labels() -> None:
    changes = (
        FieldChange("data", "/title", "title", Op.REPLACE, "Old", "New"),
        FieldChange("data", "/steps/0", "steps[a]", Op.ADD, None, {"id": "a"}),
        FieldChange("data", "/steps/1", "steps[b]", Op.REMOVE, {"id": "b"}, None),
        FieldChange("data", "/steps/2", "steps[c]", Op.MOVE, 1, 2),
        FieldChange("name", "", "name", Op.REPLACE, "x" * 900, "y"),
    )
    change = replace(data_update({}, {}), fields=changes, old={}, new={})
    rows = diff(change)
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


PRO = "user.property('plan') == 'pro'"
GUEST = "user.isGuest() == false"
SEATS = "user.property('seats') > {}"


def tree(old: str, new: str) -> str:
    """The lines, without those of carets under the words that changed."""
    lines = paint(expression_diff("targetingLogic", old, new), Colour.NEVER).splitlines(keepends=True)
    return "".join(line for line in lines if line.strip(" ^\n"))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            PRO,
            f"{PRO} && {GUEST}",
            f"  targetingLogic: adds a condition: fewer users qualify\n    all of\n      {PRO}\n+     {GUEST}\n",
        ),
        (
            f"{PRO} && {GUEST}",
            GUEST,
            f"  targetingLogic: drops a condition: more users qualify\n    all of\n      {GUEST}\n-     {PRO}\n",
        ),
        (PRO, "", f"  targetingLogic: now everyone\n-   {PRO}\n+   everyone\n"),
        ("", PRO, f"  targetingLogic: no longer everyone: fewer users qualify\n-   everyone\n+   {PRO}\n"),
        (
            SEATS.format(3),
            SEATS.format(5),
            "  targetingLogic: changes a condition: fewer users qualify\n-   {}\n+   {}\n".format(
                *map(SEATS.format, (3, 5))
            ),
        ),
        (PRO, GUEST, f"  targetingLogic: changes a condition\n-   {PRO}\n+   {GUEST}\n"),
        # Where no condition came or went, the texts stand whole.
        (
            f"{PRO} && {GUEST}",
            f"{GUEST} && {PRO}",
            f"  targetingLogic: same meaning\n-   {PRO} && {GUEST}\n+   {GUEST} && {PRO}\n",
        ),
        (
            "true && (",
            GUEST,
            f"  targetingLogic: was malformed, so no user qualified; now it can be read\n-   true && (\n+   {GUEST}\n",
        ),
    ],
)
def test_a_change_is_told_as_a_tree(old: str, new: str, text: str | None) -> None:
    assert tree(old, new) == text


def criterion(name: str, op: Op, old: str | None, new: str | None) -> FieldChange:
    return FieldChange("data", f"/steps/0/{name}", f"steps[a].{name}", op, old, new)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            criterion("startCriteria", Op.REPLACE, PRO, f"{PRO} && {GUEST}"),
            "steps[a].startCriteria: adds a condition: fewer users qualify",
        ),
        (
            criterion("visibilityCriteria", Op.ADD, None, PRO),
            "steps[a].visibilityCriteria: no longer everyone: fewer users qualify",
        ),
        (criterion("visibilityCriteria", Op.REMOVE, PRO, None), "steps[a].visibilityCriteria: now everyone"),
        (
            criterion("completionCriteria", Op.REMOVE, PRO, None),
            "steps[a].completionCriteria is removed: the step no longer completes by itself",
        ),
        (
            criterion("startCriteria", Op.REMOVE, PRO, None),
            "steps[a].startCriteria is removed: nothing prevents the step from starting any more",
        ),
        (criterion("startCriteria", Op.REPLACE, "((", "))"), "steps[a].startCriteria: was malformed and still is"),
        (criterion("title", Op.REPLACE, PRO, GUEST), ""),
    ],
)
def test_a_changed_criterion_is_told_in_a_sentence(change: FieldChange, sentence: str) -> None:
    assert remark(change).partition(": no user")[0] == sentence


@given(hostile.filter(lambda text: "'" not in text), st.sampled_from([PRO, ""]))
def test_hostile_values_stay_on_their_lines(value: str, old: str) -> None:
    text = tree(old, f"user.property('{value}') == '{value}'")
    assert unseen_characters(text) == []
    assert log_commands(text) == []
