"""What is told of one pair of values of `data`."""

from __future__ import annotations

import subprocess
import sys
from typing import TypeAlias

import pytest

from flowsync.diff.data import differences
from flowsync.diff.lists import ALIGNED_AT_MOST
from flowsync.diff.renames import COMPARED_AT_MOST
from flowsync.model import JsonValue, Op
from tests.diff.patch import patch

Told: TypeAlias = "tuple[str, str, str, JsonValue, JsonValue]"

A: JsonValue = {"id": "a", "title": "Apples", "primaryButton": {"title": "Eat", "action": "flow.forward"}}
B: JsonValue = {"id": "b", "title": "Bread", "primaryButton": {"title": "Bake", "action": "flow.forward"}}
C: JsonValue = {"id": "c", "title": "Cheese", "selector": "#cheese"}
D: JsonValue = {"id": "d", "title": "Dates", "subtitle": "Sweet", "imageUri": "https://acorn.example/d.png"}


def told(old: JsonValue, new: JsonValue) -> list[Told]:
    changes = differences("data", old, new)
    assert patch(old, changes) == new
    return [(each.op.value, each.path, each.label, each.old, each.new) for each in changes]


def steps(*items: JsonValue) -> JsonValue:
    return {"steps": [*items]}


def changed(item: JsonValue, **values: JsonValue) -> JsonValue:
    assert isinstance(item, dict)
    return {**item, **values}


CASES: list[tuple[str, JsonValue, JsonValue, list[Told]]] = [
    ("equal values", steps(A, B), steps(A, B), []),
    ("whole numbers as floats", {"n": 1, "z": 0}, {"z": -0.0, "n": 1.0}, []),
    ("true is not 1", {"n": 1}, {"n": True}, [("replace", "/n", "n", 1, True)]),
    (
        "a scalar of a step",
        steps(A, B),
        steps(A, changed(B, title="Buns")),
        [("replace", "/steps/1/title", "steps[b].title", "Bread", "Buns")],
    ),
    (
        "keys that came and went, in the order of the new value",
        {"gone": 1, "kept": 1, "gone too": 2},
        {"kept": 2, "new": 3},
        [
            ("remove", "/gone", "gone", 1, None),
            ("replace", "/kept", "kept", 1, 2),
            ("remove", "/gone too", '["gone too"]', 2, None),
            ("add", "/new", "new", None, 3),
        ],
    ),
    ("an inserted step", steps(A, B), steps(A, C, B), [("add", "/steps/1", "steps[c]", None, C)]),
    ("a removed step", steps(A, C, B), steps(A, B), [("remove", "/steps/1", "steps[c]", C, None)]),
    ("the first step removed", steps(C, A), steps(A), [("remove", "/steps/0", "steps[c]", C, None)]),
    ("a moved step", steps(A, B, C, D), steps(B, C, A, D), [("move", "/steps/2", "steps[a]", 0, 2)]),
    (
        "a step that is moved and changed",
        steps(A, B, C, D),
        steps(D, A, B, changed(C, title="Cheddar")),
        [("move", "/steps/0", "steps[d]", 3, 0), ("replace", "/steps/3/title", "steps[c].title", "Cheese", "Cheddar")],
    ),
    (
        "a renamed step id",
        steps(A, B, C),
        steps(A, changed(B, id="bread"), C),
        [("rename", "/steps/1/id", "steps[bread].id", "b", "bread")],
    ),
    (
        "a renamed step id with changes of its own",
        steps(A, B, C),
        steps(A, changed(B, id="bread", title="Buns"), C),
        [
            ("rename", "/steps/1/id", "steps[bread].id", "b", "bread"),
            ("replace", "/steps/1/title", "steps[bread].title", "Bread", "Buns"),
        ],
    ),
    (
        "a renamed form with another question",
        steps({"id": "f", "fields": [{"id": "q", "label": "Why?"}]}, C),
        steps({"id": "g", "fields": [{"id": "q", "label": "How?"}]}, C),
        [
            ("rename", "/steps/0/id", "steps[g].id", "f", "g"),
            ("replace", "/steps/0/fields/0/label", "steps[g].fields[q].label", "Why?", "How?"),
        ],
    ),
    (
        "a step that is renamed and moved",
        steps(A, B, C, D),
        steps(changed(D, id="date"), A, B, C),
        [("move", "/steps/0", "steps[date]", 3, 0), ("rename", "/steps/0/id", "steps[date].id", "d", "date")],
    ),
    (
        "a step that is renamed, moved and slightly changed",
        steps(A, changed(D, props={"x": 1, "y": 2, "z": 3})),
        steps(changed(D, id="date", title="Figs", props={"x": 1, "y": 2, "z": 3}), A),
        [
            ("move", "/steps/0", "steps[date]", 1, 0),
            ("rename", "/steps/0/id", "steps[date].id", "d", "date"),
            ("replace", "/steps/0/title", "steps[date].title", "Dates", "Figs"),
        ],
    ),
    (
        "two steps that change places and ids",
        steps(A, D),
        steps(changed(D, id="e"), changed(A, id="f")),
        [
            ("move", "/steps/0", "steps[e]", 1, 0),
            ("rename", "/steps/0/id", "steps[e].id", "d", "e"),
            ("rename", "/steps/1/id", "steps[f].id", "a", "f"),
        ],
    ),
    (
        "another step in the same place",
        steps(A, C, B),
        steps(A, D, B),
        [("remove", "/steps/1", "steps[c]", C, None), ("add", "/steps/1", "steps[d]", None, D)],
    ),
    (
        "a step in another's place that has a third in common with it",
        steps({"id": "a", "t": 1, "u": 2, "v": 3}),
        steps({"id": "b", "t": 1, "w": 4, "x": 5}),
        [
            ("remove", "/steps/0", "steps[a]", {"id": "a", "t": 1, "u": 2, "v": 3}, None),
            ("add", "/steps/0", "steps[b]", None, {"id": "b", "t": 1, "w": 4, "x": 5}),
        ],
    ),
    (
        "a step elsewhere that has two thirds in common with one that is gone",
        steps({"id": "a", "t": 1, "u": 2, "v": 3}, B),
        steps(B, {"id": "b2", "t": 1, "u": 2, "v": 4}),
        [
            ("remove", "/steps/0", "steps[a]", {"id": "a", "t": 1, "u": 2, "v": 3}, None),
            ("add", "/steps/1", "steps[b2]", None, {"id": "b2", "t": 1, "u": 2, "v": 4}),
        ],
    ),
    (
        "the more similar one of two",
        steps(changed(D, flag=1, props={"x": 1, "y": 2, "z": 3}), A),
        steps(
            A,
            changed(D, id="e", flag=2, title="Figs", props={"x": 1, "y": 2, "z": 3, "new": 0}),
            changed(D, id="f", flag=3, props={"x": 1, "y": 2, "z": 3}),
        ),
        [
            ("move", "/steps/0", "steps[a]", 1, 0),
            (
                "add",
                "/steps/1",
                "steps[e]",
                None,
                changed(D, id="e", flag=2, title="Figs", props={"x": 1, "y": 2, "z": 3, "new": 0}),
            ),
            ("rename", "/steps/2/id", "steps[f].id", "d", "f"),
            ("replace", "/steps/2/flag", "steps[f].flag", 1, 3),
        ],
    ),
    (
        "a step with nothing but an id, renamed in its place",
        steps({"id": "a"}),
        steps({"id": "b"}),
        [("rename", "/steps/0/id", "steps[b].id", "a", "b")],
    ),
    (
        "a step with nothing but an id, and another elsewhere",
        steps({"id": "a"}, B),
        steps(B, {"id": "c"}),
        [("remove", "/steps/0", "steps[a]", {"id": "a"}, None), ("add", "/steps/1", "steps[c]", None, {"id": "c"})],
    ),
    (
        "twins: the one in the same place is the renamed one",
        steps({"id": "a", "title": "X"}, B, {"id": "c", "title": "X"}),
        steps(B, {"id": "d", "title": "X"}),
        [
            ("remove", "/steps/0", "steps[a]", {"id": "a", "title": "X"}, None),
            ("rename", "/steps/1/id", "steps[d].id", "c", "d"),
        ],
    ),
    (
        "a form's options, by value",
        steps({"id": "f", "fields": [{"id": "q", "options": [{"value": "y", "label": "Yes"}]}]}),
        steps(
            {"id": "f", "fields": [{"id": "q", "options": [{"value": 1, "label": "I"}, {"value": "y", "label": "Y"}]}]}
        ),
        [
            (
                "add",
                "/steps/0/fields/0/options/0",
                "steps[f].fields[q].options[value=1]",
                None,
                {"value": 1, "label": "I"},
            ),
            ("replace", "/steps/0/fields/0/options/1/label", "steps[f].fields[q].options[y].label", "Yes", "Y"),
        ],
    ),
    (
        "items whose ids repeat, by their places",
        {"items": [{"id": 1, "n": 1}, {"id": 1, "n": 2}]},
        {"items": [{"id": 1, "n": 1}, {"id": 1, "n": 3}]},
        [("replace", "/items/1/n", "items[1].n", 2, 3)],
    ),
    (
        "items whose ids are null, by their places",
        {"items": [{"id": None, "n": 1}]},
        {"items": [{"id": None, "n": 3}]},
        [("replace", "/items/0/n", "items[0].n", 1, 3)],
    ),
    (
        "a list of scalars",
        {"tags": ["a", "b", "c", "d", "e"]},
        {"tags": ["a", "c", "d", "x", "e"]},
        [("remove", "/tags/1", "tags[1]", "b", None), ("add", "/tags/3", "tags[3]", None, "x")],
    ),
    (
        "a list that only grew",
        {"tags": ["a", "c"]},
        {"tags": ["a", "b", "c"]},
        [("add", "/tags/1", "tags[1]", None, "b")],
    ),
    ("a list with nothing in common", [1, 2], [3], [("replace", "/0", "[0]", 1, 3), ("remove", "/1", "[1]", 2, None)]),
    (
        "values of another kind",
        {"a": {"b": 1}, "c": [1]},
        {"a": [1], "c": None},
        [("replace", "/a", "a", {"b": 1}, [1]), ("replace", "/c", "c", [1], None)],
    ),
    ("a null that came", {}, {"a": None}, [("add", "/a", "a", None, None)]),
    ("the whole value", None, {"steps": []}, [("replace", "", "data", None, {"steps": []})]),
    (
        "keys that pointers and labels escape",
        {"props": {"a.b": 1, "a/b": 1, "~": 1, "[x]": 1, "": 1, "\x1b[1m": 1, "\u202e": 1, "ü": 1, "\ud800": 1}},
        {"props": {"a.b": 2, "a/b": 2, "~": 2, "[x]": 2, "": 2, "\x1b[1m": 2, "\u202e": 2, "ü": 2, "\ud800": 2}},
        [
            ("replace", "/props/a.b", 'props["a.b"]', 1, 2),
            ("replace", "/props/a~1b", 'props["a/b"]', 1, 2),
            ("replace", "/props/~0", 'props["~"]', 1, 2),
            ("replace", "/props/[x]", 'props["[x]"]', 1, 2),
            ("replace", "/props/", 'props[""]', 1, 2),
            ("replace", "/props/\x1b[1m", 'props["\\u001b[1m"]', 1, 2),
            ("replace", "/props/\u202e", 'props["\\u202e"]', 1, 2),
            ("replace", "/props/ü", "props.ü", 1, 2),
            ("replace", "/props/\ud800", 'props["\\ud800"]', 1, 2),
        ],
    ),
    (
        "ids that look like places, or break lines",
        steps({"id": "2", "n": 1}, {"id": "a\nb", "n": 1}, {"id": True, "n": 1}),
        steps({"id": "2", "n": 2}, {"id": "a\nb", "n": 2}, {"id": True, "n": 2}),
        [
            ("replace", "/steps/0/n", 'steps["2"].n', 1, 2),
            ("replace", "/steps/1/n", 'steps["a\\nb"].n', 1, 2),
            ("replace", "/steps/2/n", "steps[id=true].n", 1, 2),
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_told_of(old: JsonValue, new: JsonValue, expected: list[Told]) -> None:
    assert told(old, new) == expected


def test_a_reversed_list_of_two_thousand_steps_is_told_in_moves() -> None:
    items: list[JsonValue] = [{"id": f"s{number}", "title": f"Title {number}"} for number in range(2_000)]
    changes = differences("data", {"steps": items}, {"steps": items[::-1]})
    assert {change.op for change in changes} == {Op.MOVE}
    assert len(changes) == 1_999


def test_two_thousand_renamed_steps_are_told_as_renamed() -> None:
    old: list[JsonValue] = [{"id": f"s{number}", "title": f"Title {number}"} for number in range(2_000)]
    new: list[JsonValue] = [{"id": f"t{number}", "title": f"Title {number}"} for number in range(2_000)]
    changes = differences("data", {"steps": old}, {"steps": new})
    assert [change.op for change in changes] == [Op.RENAME] * 2_000


def test_similar_steps_elsewhere_are_looked_for_only_among_few() -> None:
    def moved_renamed_and_retitled(count: int) -> set[Op]:
        old = [changed(D, id=f"o{number}", props=[number, 1, 2, 3], title="") for number in range(count)]
        new = [changed(D, id=f"n{number}", props=[number, 1, 2, 3], title="!") for number in range(count)]
        return {change.op for change in differences("data", steps(*old, A), steps(A, *new))}

    few = int(COMPARED_AT_MOST**0.5)
    assert moved_renamed_and_retitled(few) == {Op.MOVE, Op.RENAME, Op.REPLACE}
    assert moved_renamed_and_retitled(few + 1) == {Op.REMOVE, Op.ADD}


def test_long_lists_without_identities_are_compared_by_place() -> None:
    half = int(ALIGNED_AT_MOST**0.5)
    old: list[JsonValue] = [*range(half + 1)]
    new: list[JsonValue] = [*range(1, half + 1), 0]
    assert {change.op for change in differences("data", old, new)} == {Op.REPLACE}
    assert {change.op for change in differences("data", old[:-2], new[:-2])} == {Op.REMOVE, Op.ADD}


NEEDS_DEEPDIFF_ONCE_DATA_DIFFERS = """
import sys
from flowsync.diff.data import differences
step = {"id": "a", "title": "A", "tags": [1, 2.0, True]}
assert differences("data", {"steps": [step]}, {"steps": [{**step, "tags": [1.0, 2, True]}]}) == ()
assert "deepdiff" not in sys.modules
assert differences("data", {"steps": [step]}, {"steps": [{**step, "tags": [1, 2, 1]}]}) != ()
assert "deepdiff" in sys.modules
"""


def test_deepdiff_is_loaded_only_once_data_differs() -> None:
    subprocess.run([sys.executable, "-c", NEEDS_DEEPDIFF_ONCE_DATA_DIFFERS], check=True)
