"""Which row each file is planned for, and what would be sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flowsync import document
from flowsync.diff.fields import fingerprint
from flowsync.model import LiveFlow, Op, Target, Unchanged, Unmanaged
from flowsync.plan.build import build_plan
from tests.plan.builders import API, complete, flow, plan_of, row, update_of

DATA = {"steps": [{"id": "a", "title": "A"}]}
DATA_TEXT = document.dump({"steps": [{"id": "a", "title": "A"}]})


def test_an_update_holds_only_what_changes() -> None:
    stated = flow(name="New", type="CARD", description="D", active=True, targetingLogic="", data={"steps": []})
    live = row(number=7, version=3, name="Old", type="CARD", description="D", active=True, data=DATA_TEXT)
    update = update_of(stated, live)
    assert (update.slug, update.file, update.id, update.version, update.status, update.live) == (
        "flow_a",
        "flows/flow_a.yaml",
        7,
        3,
        "ACTIVE",
        True,
    )
    assert [(each.field, each.path, each.op) for each in update.fields] == [
        ("name", "", Op.REPLACE),
        ("data", "/steps/0", Op.REMOVE),
    ]
    assert update.body == {"name": "New", "targetingLogic": "", "data": "steps: []\n"}
    assert list(update.body) == ["name", "targetingLogic", "data"]
    assert update.unseen == ("targetingLogic",)
    assert update.old == {"name": "Old", "type": "CARD", "description": "D", "active": True, "data": DATA}
    assert update.before == fingerprint(update.old)
    assert update.after == fingerprint(update.new)


def test_unseen_fields_alone_are_no_change() -> None:
    plan = plan_of([flow(description="D", active=True, name="A")], [row(number=7, version=3, name="A")])
    assert plan.changes == ()
    assert plan.unchanged == (
        Unchanged("flow_a", "flows/flow_a.yaml", 7, 3, "ACTIVE", unseen=("description", "active")),
    )


def test_null_texts_are_sent_as_empty_ones() -> None:
    update = update_of(flow(description=None, targetingLogic=None), row(description="D", targetingLogic="1 == 1"))
    assert update.body == {"description": "", "targetingLogic": ""}


def test_line_breaks_of_an_expression_are_sent_as_blanks() -> None:
    update = update_of(flow(targetingLogic="(\n  true\n  && user.isGuest()\n)\n"), row(targetingLogic="true"))
    assert update.body == {"targetingLogic": "(true && user.isGuest())"}
    assert update.fields[0].new == "(true && user.isGuest())"


def test_line_breaks_of_an_expression_are_no_change() -> None:
    plan = plan_of([flow(targetingLogic="true\n&& user.isGuest()\n")], [row(targetingLogic="true && user.isGuest()")])
    assert plan.changes == ()


def test_what_is_not_stated_is_not_compared() -> None:
    plan = plan_of([flow(name="A")], [row(name="A", type="TOUR", data=DATA_TEXT)])
    assert [each.unseen for each in plan.unchanged] == [()]


ARCHIVED = row(number=1, version=1, status="ARCHIVED", name="A")
ACTIVE = row(number=2, version=2, name="A")
DRAFT = row(number=3, version=3, status="DRAFT", name="A")


@pytest.mark.parametrize(
    ("rows", "target", "number"),
    [
        ([ARCHIVED, ACTIVE, DRAFT], Target.LATEST, 3),
        ([ARCHIVED, ACTIVE, DRAFT], Target.ACTIVE, 2),
        ([ARCHIVED, ACTIVE, DRAFT], Target.DRAFT, 3),
        ([ARCHIVED, ACTIVE], Target.LATEST, 2),
    ],
)
def test_the_row_that_the_target_names_is_written(rows: Sequence[LiveFlow], target: Target, number: int) -> None:
    (by_default,) = plan_of([flow(name="B")], rows, target=target).changes
    by_file = update_of(flow(name="B", target=target), *rows)
    assert (by_default.id, by_file.id) == (number, number)
    assert (by_default.target, by_file.target) == (target, target)


@pytest.mark.parametrize(
    ("rows", "target", "code", "advice"),
    [
        ([], None, "incomplete", "set data in flows/flow_a.yaml"),
        ([ARCHIVED], None, "only-archived", "Make a new version in the dashboard"),
        ([ARCHIVED], Target.DRAFT, "only-archived", "give the file another slug"),
        ([DRAFT], Target.ACTIVE, "no-such-target", "flowsync publish flow_a"),
    ],
)
def test_a_flow_that_cannot_be_written_is_blocked(
    rows: Sequence[LiveFlow], target: Target | None, code: str, advice: str
) -> None:
    plan = plan_of([flow(name="B", target=target)], rows)
    (blocked,) = plan.blocked
    assert (blocked.slug, blocked.file, blocked.code) == ("flow_a", "flows/flow_a.yaml", code)
    assert advice in blocked.message
    assert '"flow_a"' in blocked.message
    assert (plan.changes, plan.unchanged, plan.unmanaged) == ((), (), ())


def test_a_status_that_is_not_known_is_named() -> None:
    (blocked,) = plan_of([flow(name="B")], [row(version=3, status="ODD", name="A")]).blocked
    assert blocked.code == "unknown-status"
    assert 'Version 3 of "flow_a" has the status "ODD"' in blocked.message


def test_live_flows_without_a_file_are_unmanaged() -> None:
    rows = [
        row("flow_z", number=9, version=2, name="Z"),
        row("flow_z", number=8, version=1, status="ARCHIVED", name="Old Z"),
        row("flow_gone", number=5, status="ARCHIVED"),
        row("flow_nameless", number=4, name=None),
        row("flow_a", number=1, name="A"),
    ]
    plan = plan_of([flow(name="A")], rows)
    assert plan.unmanaged == (Unmanaged("flow_nameless", 4, ""), Unmanaged("flow_z", 9, "Z"))


def test_flows_left_out_of_a_narrowed_command_are_not_unmanaged() -> None:
    live = {"flow_a": [row(name="A")], "flow_b": [row("flow_b")]}
    plan = build_plan(
        [flow(name="A")], live, environment=None, api_url=API, target=Target.LATEST, also_managed=["flow_b"]
    )
    assert plan.unmanaged == ()


def test_everything_is_in_the_order_of_slugs() -> None:
    slugs = ["flow_c", "flow_a", "flow_b"]
    rows = [row(slug, name="old") for slug in slugs]
    for name, kind in (("new", "changes"), ("old", "unchanged")):
        plan = plan_of([flow(slug, name=name) for slug in slugs], rows)
        assert [each.slug for each in getattr(plan, kind)] == sorted(slugs)
    assert [each.slug for each in plan_of([flow(slug) for slug in slugs], []).blocked] == sorted(slugs)
    assert [each.slug for each in plan_of([complete(slug) for slug in slugs], []).changes] == sorted(slugs)
    assert [each.slug for each in plan_of([], rows).unmanaged] == sorted(slugs)


def test_live_data_equal_to_what_would_be_sent_is_not_even_read() -> None:
    stated = replace(flow(data={"steps": []}), written="steps: [")
    assert plan_of([stated], [row(data="steps: [")]).changes == ()
