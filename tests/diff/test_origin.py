"""Whose each difference is, told by a base."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowsync import document
from flowsync.diff.data import differences
from flowsync.diff.fields import compare
from flowsync.diff.origin import attributed, differing
from flowsync.model import FieldChange, FieldName, JsonValue, Op, Origin
from tests.diff.test_properties import Pair, pairs

Fields = dict[FieldName, JsonValue]


def changes_of(base: Fields, live: Fields, file: Fields) -> tuple[FieldChange, ...]:
    sent: Fields = {name: json.dumps(value) if name == "data" else value for name, value in live.items()}
    comparison = compare(file, sent)
    return attributed(comparison.changes, base, comparison.old, comparison.new)


def told(base: Fields, live: Fields, file: Fields) -> list[str]:
    """Each change as `origin op label`."""
    return [f"{each.origin.value} {each.op.value} {each.label}" for each in changes_of(base, live, file) if each.origin]


@pytest.mark.parametrize(
    ("base", "live", "file", "expected"),
    [
        ("a", "a", "b", ["branch replace name"]),
        ("a", "b", "a", ["drift replace name"]),
        ("a", "b", "c", ["conflict replace name"]),
        ("a", "b", "b", []),
    ],
)
def test_a_field_has_three_values(base: str, live: str, file: str, expected: list[str]) -> None:
    assert told({"name": base}, {"name": live}, {"name": file}) == expected


def test_a_field_that_the_base_does_not_state_is_the_branchs() -> None:
    assert told({}, {"name": "a", "data": {"x": 1}}, {"name": "b", "data": {"x": 2}}) == [
        "branch replace name",
        "branch replace x",
    ]


def test_texts_that_mean_the_same_are_the_same() -> None:
    base: Fields = {"targetingLogic": 'user.property("a")  == 1', "description": None}
    live: Fields = {"targetingLogic": "user.property('a') === 1", "description": ""}
    file: Fields = {"targetingLogic": "user.property('a') == 2", "description": "x"}
    assert told(base, live, file) == ["branch replace description", "branch replace targetingLogic"]


def test_criteria_that_mean_the_same_are_the_same() -> None:
    def data(text: str, title: str) -> Fields:
        return {"data": {"steps": [{"id": "a", "title": title, "startCriteria": text}]}}

    base, live = data("user.isGuest()\n&& 1 < 2", "A"), data("user.isGuest() AND 1<2", "A")
    assert told(base, live, data("user.isGuest() && 1 < 2", "B")) == ["branch replace steps[a].title"]
    assert told(base, live, data("user.isGuest() && 1 < 3", "A")) == ["branch replace steps[a].startCriteria"]


CASES = {
    "each step is compared with its own, wherever it went": (
        "[{id: a, t: 1}, {id: b, t: 1}, {id: c, t: 1}]",
        "[{id: new, t: 0}, {id: a, t: 2}, {id: b, t: 1}, {id: c, t: 2}]",
        "[{id: a, t: 1}, {id: b, t: 2}, {id: c, t: 3}]",
        [
            "drift remove steps[new]",
            "drift replace steps[a].t",
            "branch replace steps[b].t",
            "conflict replace steps[c].t",
        ],
    ),
    "keys that came and went": (
        "[{id: a, both: 1, gone: 1, dropped: 1, edited: 1}]",
        "[{id: a, both: 1, dropped: 1, edited: 2, new: 1}]",
        "[{id: a, both: 1, gone: 1, added: 1}]",
        [
            "branch remove steps[a].dropped",
            "conflict remove steps[a].edited",
            "drift remove steps[a].new",
            "drift add steps[a].gone",
            "branch add steps[a].added",
        ],
    ),
    "a key that the dashboard removed and the branch edited": (
        "[{id: a, t: 1}]",
        "[{id: a}]",
        "[{id: a, t: 2}]",
        ["conflict add steps[a].t"],
    ),
    "steps that came and went": (
        "[{id: a, t: x}, {id: b, t: y}, {id: c, t: z}, {id: d, t: w}]",
        "[{id: a, t: x}, {id: c, t: edited}, {id: d, t: w}]",
        "[{id: b, t: y}, {id: d, t: w}, {id: e, t: v, more: 1, things: 2}]",
        [
            "branch remove steps[a]",
            "conflict remove steps[c]",
            "drift add steps[b]",
            "branch add steps[e]",
        ],
    ),
    "a step moved by the branch, another in the dashboard": (
        "[{id: a}, {id: b}, {id: c}, {id: d}]",
        "[{id: a}, {id: c}, {id: d}, {id: b}]",
        "[{id: b}, {id: c}, {id: d}, {id: a}]",
        ["drift move steps[b]", "branch move steps[a]"],
    ),
    "a step moved by both": (
        "[{id: a}, {id: b}, {id: c}, {id: d}]",
        "[{id: b}, {id: c}, {id: d}, {id: a}]",
        "[{id: b}, {id: a}, {id: c}, {id: d}]",
        ["conflict move steps[a]"],
    ),
    "a moved step that the base does not have": (
        "[{id: a}, {id: b}]",
        "[{id: new}, {id: a}, {id: b}]",
        "[{id: a}, {id: b}, {id: new}]",
        ["conflict move steps[new]"],
    ),
    "an id renamed by the branch": (
        "[{id: a, title: Some title}]",
        "[{id: a, title: Some title}]",
        "[{id: b, title: Some title}]",
        ["branch rename steps[b].id"],
    ),
    "an id renamed in the dashboard, the title edited by the branch": (
        "[{id: a, title: Some title, sub: S}]",
        "[{id: z, title: Some title, sub: S}]",
        "[{id: a, title: Other title, sub: S}]",
        ["drift rename steps[a].id", "branch replace steps[a].title"],
    ),
    "lists without identities": (
        "[{id: a, tags: [x, y, z]}]",
        "[{id: a, tags: [x, y, z, w]}]",
        "[{id: a, tags: [y, z]}]",
        ["branch remove steps[a].tags[0]", "drift remove steps[a].tags[3]"],
    ),
    "options go by their value": (
        "[{id: a, options: [{value: 1, label: x}, {value: 2, label: y}]}]",
        "[{id: a, options: [{value: 2, label: y}, {value: 1, label: edited}]}]",
        "[{id: a, options: [{value: 2, label: mine}, {value: 1, label: x}]}]",
        ["branch replace steps[a].options[value=2].label", "drift replace steps[a].options[value=1].label"],
    ),
    "the base had another kind of thing there": (
        "[{id: a, props: none, list: none, deep: {x: none}}]",
        "[{id: a, props: {x: 1}, list: [1, 2], deep: {x: {y: {z: 1}}}}]",
        "[{id: a, props: {x: 2}, list: [1, 3], deep: {x: {y: {z: 2}}}}]",
        [
            "conflict replace steps[a].props.x",
            "conflict replace steps[a].list[1]",
            "conflict replace steps[a].deep.x.y.z",
        ],
    ),
    "the base had nothing there": (
        "[{id: a}]",
        "[{id: a, props: {x: 1, y: 1}, list: [1, 2]}]",
        "[{id: a, props: {x: 2, y: 1, z: 1}, list: [1, 3]}]",
        ["conflict replace steps[a].props.x", "branch add steps[a].props.z", "conflict replace steps[a].list[1]"],
    ),
    "the kind of thing changed": (
        "[{id: a, props: {x: 1}}]",
        "[{id: a, props: [1]}]",
        "[{id: a, props: {x: 1}}]",
        ["drift replace steps[a].props"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "live", "file", "expected"), CASES.values(), ids=CASES)
def test_places_inside_data_have_origins_of_their_own(base: str, live: str, file: str, expected: list[str]) -> None:
    fields: list[Fields] = [{"data": {"steps": document.parse_data(text).value}} for text in (base, live, file)]
    assert told(*fields) == expected


def test_a_partner_that_both_sides_find_elsewhere_is_no_partner() -> None:
    base = "[{id: x, t: first text}, {id: y, t: second text}]"
    live, file = "[{id: x, t: same words here}]", "[{id: y, t: same words here}]"
    fields: list[Fields] = [{"data": {"steps": document.parse_data(text).value}} for text in (base, live, file)]
    assert told(*fields) == ["conflict rename steps[y].id"]


def test_live_data_that_cannot_be_read_is_drift_or_a_conflict() -> None:
    file: Fields = {"data": {"steps": []}}
    broken: Fields = {"data": "steps: ["}
    for base, origin in ((file, Origin.DRIFT), ({"data": {}}, Origin.CONFLICT)):
        comparison = compare(file, broken)
        (change,) = attributed(comparison.changes, base, comparison.old, comparison.new)  # type: ignore[arg-type]
        assert change.origin is origin


def origins(base: JsonValue, live: JsonValue, file: JsonValue) -> list[Origin | None]:
    """Those of the differences between two values of `data`."""
    changes = attributed(differences("data", live, file), {"data": base}, {"data": live}, {"data": file})
    return [change.origin for change in changes]


@given(pairs)
@example(([0, 0, True, 1], [1, True]))
def test_when_only_one_side_moved_everything_is_its_own(pair: Pair) -> None:
    old, new = pair
    assert set(origins(old, old, new)) <= {Origin.BRANCH}
    assert set(origins(new, old, new)) <= {Origin.DRIFT}


@given(pairs, pairs)
def test_any_base_gives_every_change_an_origin(pair: Pair, other: Pair) -> None:
    assert all(origins(other[0], *pair))


@given(st.sampled_from(["a", "b", None]), st.sampled_from(["a", "b", ""]))
def test_fields_differ_by_their_meaning(one: JsonValue, other: JsonValue) -> None:
    fields: Fields = {"description": one, "name": "x"}
    found = differing(fields, {"description": other}, ("name", "description"))
    assert found == (("name",) if (one or "") == other else ("name", "description"))


def test_a_list_that_an_alias_puts_under_two_keys_is_no_other_than_two_lists() -> None:
    """Its items are told apart by `id` under the one key, by `value` under the other."""
    base, live, file = (
        document.parse(
            f"list: &l\n  - {{id: a, value: {one}, n: {n}}}\n  - {{id: b, value: {two}}}\noptions: *l\n"
        ).value
        for one, two, n in ((1, 2, 0), (2, 1, 0), (1, 2, 5))
    )
    changes = differences("data", live, file)
    apart: list[Fields] = [{"data": json.loads(json.dumps(value))} for value in (base, live, file)]
    expected = attributed(changes, *apart)
    assert {each.origin for each in expected} == {Origin.BRANCH, Origin.DRIFT, Origin.CONFLICT}
    assert attributed(changes, {"data": base}, {"data": live}, {"data": file}) == expected


def steps_of(order: list[int], titles: dict[int, str]) -> Fields:
    steps: list[JsonValue] = [{"id": f"s{each}", "title": titles.get(each, f"Title {each}")} for each in order]
    return {"data": {"steps": steps}}


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_order_and_titles_are_told_apart_step_by_step(order: list[int], mine: set[int], theirs: set[int]) -> None:
    """The dashboard reorders and edits some titles, the branch edits some: each step has an origin of its own."""
    base = steps_of([*range(6)], {})
    live = steps_of(order, dict.fromkeys(theirs, "Edited"))
    file = steps_of([*range(6)], dict.fromkeys(mine, "Mine"))
    for change in changes_of(base, live, file):
        step = int(change.label.partition("s[s")[2].partition("]")[0])
        if change.op is Op.MOVE:
            assert change.origin is Origin.DRIFT
        elif step in mine and step in theirs:
            assert change.origin is Origin.CONFLICT
        else:
            assert change.origin is (Origin.BRANCH if step in mine else Origin.DRIFT)
    turned = [change.origin for change in changes_of(base, file, live) if change.op is Op.MOVE]
    assert set(turned) <= {Origin.BRANCH}
