"""What a plan makes of the file at a base revision: origins, edits that are kept, and fields that nobody can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowsync.model import Origin
from flowsync.plan.base import Base
from tests.plan.builders import flow, flow_of, plan_of, row

if TYPE_CHECKING:
    from flowsync.model import Flow, JsonValue


def base_of(*flows: Flow, unreadable: frozenset[str] = frozenset()) -> Base:
    return Base("abc", {each.slug: each for each in flows}, unreadable)


def codes(change: object) -> list[str]:
    return [each.code for each in getattr(change, "warnings", ())]


def test_each_difference_has_its_origin() -> None:
    before = flow(name="A", description="A", type="CARD")
    live = row(name="A", description="B", type="TOUR")
    (change,) = plan_of([flow(name="B", description="A", type="FORM")], [live], base=base_of(before)).changes
    assert {each.field: each.origin for each in change.fields} == {
        "name": Origin.BRANCH,
        "description": Origin.DRIFT,
        "type": Origin.CONFLICT,
    }


def test_a_file_that_was_not_at_the_base_is_all_of_this_branch() -> None:
    plan = plan_of([flow(name="B")], [row(name="A")], base=base_of())
    assert [each.origin for each in plan.changes[0].fields] == [Origin.BRANCH]
    assert plan.base == "abc"


def test_a_file_that_cannot_be_read_at_the_base_tells_nothing() -> None:
    base = base_of(flow(name="A"), unreadable=frozenset({"flow_a"}))
    (change,) = plan_of([flow(name="B")], [row(name="A")], base=base).changes
    assert [each.origin for each in change.fields] == [None]
    assert "origin-unknown" in codes(change)


def test_without_a_base_no_origin_is_missed() -> None:
    (change,) = plan_of([flow(name="B")], [row(name="A")]).changes
    assert [each.origin for each in change.fields] == [None]
    assert "origin-unknown" not in codes(change)


def test_a_field_that_only_the_dashboard_changed_can_be_kept() -> None:
    before = flow(name="A", description="A", type="CARD")
    live = row(name="A", description="B", type="CARD")
    stated = flow(name="B", description="A", type="CARD")
    (change,) = plan_of([stated], [live], base=base_of(before), keep={Origin.DRIFT}).changes
    assert [each.field for each in change.fields] == ["name"]
    assert change.body == {"name": "B"}
    assert change.old == {"name": "A", "type": "CARD"}
    assert change.new == {"name": "B", "type": "CARD"}
    assert [each.message for each in change.warnings if each.code == "edit-kept"] == [
        "description was edited in the dashboard and is left as it is there."
    ]


def test_a_field_that_this_branch_changed_as_well_is_sent_as_a_whole() -> None:
    live: JsonValue = {"a": 2, "b": 1}
    base = base_of(flow_of("data: {a: 1, b: 1}"))
    plan = plan_of([flow_of("data: {a: 1, b: 2}")], [row(data=live)], base=base, keep={Origin.DRIFT})
    (change,) = plan.changes
    assert {each.label: each.origin for each in change.fields} == {"a": Origin.DRIFT, "b": Origin.BRANCH}
    assert change.new == {"data": {"a": 1, "b": 2}}
    assert "edit-kept" not in codes(change)


def test_a_flow_of_which_every_edit_is_kept_is_unchanged_and_says_so() -> None:
    base = base_of(flow(name="A"))
    plan = plan_of([flow(name="A")], [row(name="B")], base=base, keep={Origin.DRIFT})
    assert plan.changes == ()
    assert codes(plan.unchanged[0]) == ["edit-kept"]
    assert [each.slug for each in plan_of([flow(name="A")], [row(name="B")], base=base).changes] == ["flow_a"]


def test_an_unseen_field_is_sent_by_itself_if_the_file_changed_it_since_the_base() -> None:
    before = flow(name="A", description="A")
    plan = plan_of([flow(name="A", description="B")], [row(name="A")], base=base_of(before))
    (change,) = plan.changes
    assert change.fields == ()
    assert change.body == {"description": "B"}
    assert "unseen-sent" in codes(change)
    same = plan_of([before], [row(name="A")], base=base_of(before))
    assert same.changes == same.unverified == ()
    assert same.unchanged[0].unseen == ("description",)


@pytest.mark.parametrize(
    ("base", "is_verified"),
    [
        (None, False),
        (base_of(flow(active=False)), True),
        (base_of(unreadable=frozenset({"flow_a"})), False),
    ],
)
def test_switching_off_unseen_is_sent_unless_a_base_shows_that_it_was(base: Base | None, *, is_verified: bool) -> None:
    plan = plan_of([flow(active=False)], [row(name="A")], base=base)
    assert plan.changes == ()
    assert [each.body for each in plan.unverified] == ([] if is_verified else [{"active": False}])
    assert len(plan.unchanged) == is_verified


def test_switching_off_unseen_is_warned_of_whenever_it_is_sent() -> None:
    base = base_of(flow(name="A", active=False))
    (alone,) = plan_of([flow(active=False)], [row(name="A")]).unverified
    (along,) = plan_of([flow(name="B", active=False)], [row(name="A")], base=base).changes
    (seen,) = plan_of([flow(name="B", active=False)], [row(name="A", active=False)], base=base).changes
    assert ["turned-off" in codes(each) for each in (alone, along, seen)] == [True, True, False]


def test_switching_on_unseen_is_not_sent_unless_the_file_changed_it() -> None:
    assert not plan_of([flow(active=True)], [row(name="A")]).writes
    (change,) = plan_of([flow(active=True)], [row(name="A")], base=base_of(flow(active=False))).changes
    assert change.body == {"active": True}


@pytest.mark.parametrize(
    ("status", "was", "stated", "expected"),
    [
        ("ACTIVE", True, "name: B", True),
        ("ACTIVE", None, "name: B", True),
        ("ACTIVE", False, "name: B", False),
        ("ACTIVE", False, "active: true", True),
        ("ACTIVE", True, "active: false", True),
        ("DRAFT", True, "name: B", False),
    ],
)
def test_users_see_a_write_at_once_where_the_row_is_published_and_on(
    status: str, was: JsonValue, stated: str, *, expected: bool
) -> None:
    (change,) = plan_of([flow_of(stated)], [row(name="A", status=status, active=was)]).changes
    assert change.live is expected
