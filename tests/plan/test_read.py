"""A saved plan read back: the same plan, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from flowsync.diff.canonical import canonical_text
from flowsync.errors import PlanFileError
from flowsync.model import JsonValue, Origin, Plan, Target, View
from flowsync.plan.document import digest, to_document
from flowsync.plan.saved import from_document, from_text
from flowsync.render import escape
from flowsync.report import plans
from flowsync.report.comment import plan_json, plan_markdown
from tests.plan.builders import flow, flow_of, plan_of, row
from tests.plan.pairs import Pairs, plan_from, stated_and_live

LIVE_DATA = "steps: [{id: a, title: Old}, {id: b, title: B}, {id: c, title: C}]\n"
FILE = """\
name: Hello
description: For the team
targetingLogic: user.isGuest()
data:
  steps:
    - {id: c, title: C}
    - {id: a, title: New}
    - {id: d, title: D}
"""


def example() -> Plan:
    live = row("flow_x", number=123, version=2, name="Hi", targetingLogic="user.isGuest()", data=LIVE_DATA)
    others = [row("flow_same", number=4, name="S"), row("flow_z", number=9, name="Z"), row("flow_off", number=5)]
    files = [
        flow_of(FILE, "flow_x"),
        flow("flow_same", name="S"),
        flow("flow_y", name="Y"),
        flow("flow_off", active=False),
    ]
    plan = replace(plan_of(files, [live, *others]), view=View.FALLBACK)
    return replace(plan, digest=digest(plan))


def saved(plan: Plan) -> Any:  # noqa: ANN401 - a JSON document, looked into by tests
    return json.loads(escape.json_text(to_document(plan)))


def test_a_plan_comes_back_with_what_changes() -> None:
    plan = example()
    read = from_text(escape.json_text(to_document(plan)))
    (was,), (now,) = plan.changes, read.changes
    assert (now.slug, now.id, now.fields, now.body, now.unseen) == (was.slug, was.id, was.fields, was.body, was.unseen)
    assert (now.before, now.after, now.warnings, now.target) == (was.before, was.after, was.warnings, Target.LATEST)
    assert now.old == {name: was.old[name] for name in ("name", "data")}
    assert now.new == {name: was.new[name] for name in ("name", "data")}
    assert (read.blocked, read.unmanaged, read.digest) == (plan.blocked, plan.unmanaged, plan.digest)
    assert (read.unchanged, read.unnamed_unchanged) == ((), 1)


def test_a_plan_that_was_read_looks_as_it_did() -> None:
    plan = example()
    read = from_document(to_document(plan))
    for show in (plans.text, plan_markdown, plan_json):
        assert show(read) == show(plan)


@given(stated_and_live)
def test_every_plan_comes_back_as_the_same_document(pairs: Pairs) -> None:
    plan = plan_from(pairs)
    read = from_text(escape.json_text(to_document(plan)))
    assert escape.json_text(to_document(read)) == escape.json_text(to_document(plan))
    for was, now in zip(plan.changes, read.changes, strict=True):
        changed = {change.field for change in was.fields}
        assert [*map(canonical_text, now.old.values())] == [canonical_text(was.old[name]) for name in now.old]
        assert set(now.old) == changed


def test_numbers_that_json_lacks_survive_a_file() -> None:
    plan = plan_of([flow_of("data: {props: {n: [.nan, .inf, 1.0, 2]}}")], [row(data="props: {n: [1, 3]}")])
    read = from_document(saved(plan))
    assert read.changes[0].after == plan.changes[0].after


@pytest.mark.parametrize("target", [Target.ACTIVE, Target.DRAFT])
def test_the_rule_that_passed_over_a_newer_row_is_told(target: Target) -> None:
    status, other = target.value.upper(), {"ACTIVE": "DRAFT", "DRAFT": "ACTIVE"}[target.value.upper()]
    rows = [row(number=1, version=1, status=status, name="a"), row(number=2, version=2, status=other, name="b")]
    plan = plan_of([flow(name="c")], rows, target=target)
    assert f"Version 2 ({other}) is newer" in str(plan.changes[0].warnings)
    assert from_document(saved(plan)).changes[0].target is target


def test_whose_a_difference_is_comes_back() -> None:
    plan = example()
    first, *others = plan.changes
    fields = tuple(replace(each, origin=Origin.DRIFT) for each in first.fields)
    attributed = replace(plan, changes=(replace(first, fields=fields), *others))
    told = saved(replace(attributed, digest=digest(attributed)))
    assert from_document(told).changes[0].fields[0].origin is Origin.DRIFT


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def with_value(value: Any, path: tuple[str | int, ...], new: JsonValue) -> Any:  # noqa: ANN401 - as above
    if not path:
        return new
    changed = deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return changed


EXAMPLE = saved(example())
ALL_PLACES = list(places(EXAMPLE))


@pytest.mark.parametrize("junk", [None, 7, "x", True, [], {}, {"x": 1}, 0.5])
def test_whatever_is_replaced_is_refused(junk: JsonValue) -> None:
    for path in ALL_PLACES:
        tampered = with_value(EXAMPLE, path, junk)
        if canonical_text(tampered) == canonical_text(EXAMPLE):
            continue
        with pytest.raises(PlanFileError):
            from_document(tampered)


def test_every_item_of_a_list_is_needed() -> None:
    lists = [(path, items) for path in ALL_PLACES if isinstance(items := value_at(path), list)]
    assert {path[-1] for path, _ in lists} >= {"changes", "unverified", "warnings", "fields", "unseen", "blocked"}
    for path, items in lists:
        for index in range(len(items)):
            with pytest.raises(PlanFileError):
                from_document(with_value(EXAMPLE, path, items[:index] + items[index + 1 :]))


def value_at(path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - as above
    value = EXAMPLE
    for key in path:
        value = value[key]
    return value


def test_every_key_is_needed_and_no_other_is_taken() -> None:
    for path in ALL_PLACES:
        holder = value_at(path)
        if not isinstance(holder, dict):
            continue
        with pytest.raises(PlanFileError):
            from_document(with_value(EXAMPLE, path, {**holder, "extra": 1}))
        for key in holder:
            with pytest.raises(PlanFileError):
                from_document(with_value(EXAMPLE, path, {name: holder[name] for name in holder if name != key}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        (json.dumps(EXAMPLE)[:-1], "cut off"),
        ('{"format": NaN}', "not JSON"),
        ('{"format": "flowsync-plan/1", "format": "flowsync-plan/1"}', "not JSON"),
        ("[" * 100_000 + "]" * 100_000, "deeply"),
        ("[]", "not a flowsync plan"),
        ('{"format": "flowsync-list/1"}', "not a flowsync plan"),
        ('{"format": "flowsync-plan/2"}', "has the format flowsync-plan/2; this flowsync reads flowsync-plan/1"),
        ('{"format": 1}', "not a flowsync plan"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, said: str) -> None:
    with pytest.raises(PlanFileError, match=said):
        from_text(text)


def test_deep_values_are_refused_not_fatal() -> None:
    deep: JsonValue = 1
    for _ in range(900):
        deep = [deep]
    with pytest.raises(PlanFileError):
        from_text(json.dumps(with_value(EXAMPLE, ("changes", 0, "fields", 1, "old"), deep)))


def test_data_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(PlanFileError, match="data that cannot be read"):
        from_document(with_value(EXAMPLE, ("changes", 0, "body", "data"), "{"))


@pytest.mark.parametrize(("field", "value"), [("name", {"a": 1}), ("name", None), ("active", "true"), ("active", 1)])
def test_a_field_of_the_wrong_kind_is_not_sent(field: str, value: JsonValue) -> None:
    body = {**EXAMPLE["changes"][0]["body"], field: value}
    with pytest.raises(PlanFileError, match=f"wrong kind of {field}"):
        from_document(with_value(EXAMPLE, ("changes", 0, "body"), body))


def test_two_changes_of_one_flow_are_refused() -> None:
    with pytest.raises(PlanFileError, match="twice"):
        from_document(with_value(EXAMPLE, ("changes",), EXAMPLE["changes"] * 2))


@pytest.mark.parametrize(
    ("index", "key", "value"),
    [
        (1, "path", "/steps/7"),
        (1, "old", 9),
        (1, "op", "add"),
        (2, "path", "/elsewhere"),
        (4, "path", "/steps/x"),
        (4, "path", "/steps/9"),
    ],
)
def test_changes_that_do_not_lead_to_what_is_sent_are_refused(index: int, key: str, value: JsonValue) -> None:
    with pytest.raises(PlanFileError):
        from_document(with_value(EXAMPLE, ("changes", 0, "fields", index, key), value))
