"""What guards have against a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowsync import document
from flowsync.config import Guards, Policy
from flowsync.model import Flow, JsonValue, LiveFlow, Origin, Plan, Refusal
from flowsync.plan.document import to_document
from flowsync.plan.guards import Kept, judged
from flowsync.plan.saved import from_document
from flowsync.report import plans
from flowsync.report.comment import plan_markdown
from tests.plan.builders import flow, flow_of, plan_of, row, row_of

OPEN = Guards(max_changes=None, max_changed_percent=None)


def many(changed: int, unchanged: int = 0, missing: int = 0) -> Plan:
    flows = [flow(f"flow_{number:03}", name="New") for number in range(changed + unchanged + missing)]
    rows = [row(each.slug, number=index, name="Old") for index, each in enumerate(flows[:changed])]
    rows += [
        row(each.slug, number=changed + index, name="New")
        for index, each in enumerate(flows[changed : changed + unchanged])
    ]
    return plan_of(flows, rows)


def one(stated: Flow, live: LiveFlow) -> Plan:
    return plan_of([stated], [live])


def codes(plan: Plan, guards: Guards = Guards(), kept: Kept = Kept.NEW) -> list[str]:  # noqa: B008 - a frozen value
    return [refusal.code for refusal in judged(plan, guards, kept).refusals]


@pytest.mark.parametrize(
    ("changed", "unchanged", "expected"),
    [
        (20, 20, []),
        (21, 100, ["too-many-changes"]),
        (21, 20, ["too-many-changes", "too-large-a-part"]),
        (5, 5, []),
        (6, 4, ["too-large-a-part"]),
        (9, 0, []),
        (10, 0, ["too-large-a-part"]),
        (0, 0, []),
    ],
)
def test_many_changes_are_refused_by_number_and_by_part(changed: int, unchanged: int, expected: list[str]) -> None:
    assert codes(many(changed, unchanged)) == expected
    assert codes(many(changed, unchanged), OPEN) == []


def test_blocked_flows_count_among_the_planned_ones() -> None:
    assert codes(many(6, 4, missing=2)) == []
    assert codes(many(6, 0, missing=4)) == ["too-large-a-part"]


def test_limits_are_those_of_the_guards() -> None:
    assert codes(many(2), Guards(max_changes=1)) == ["too-many-changes"]
    assert codes(many(1), Guards(max_changes=0)) == ["too-many-changes"]
    assert codes(many(1, 10), Guards(max_changed_percent=9)) == ["too-large-a-part"]


LIVE: dict[str, JsonValue] = {"name": "a", "type": "CARD", "active": True, "targetingLogic": "user.isGuest()"}


@pytest.mark.parametrize(
    ("stated", "live", "expected"),
    [
        ({"targetingLogic": ""}, LIVE, ["clears-targeting"]),
        ({"targetingLogic": None}, LIVE, ["clears-targeting"]),
        ({"targetingLogic": " "}, LIVE, ["clears-targeting"]),
        ({"targetingLogic": "1"}, LIVE, ["clears-targeting"]),
        ({"targetingLogic": "10"}, LIVE, []),
        ({"targetingLogic": "!user.isGuest()"}, LIVE, []),
        ({"targetingLogic": ""}, {**LIVE, "active": False}, []),
        ({"targetingLogic": "", "active": True}, {**LIVE, "active": False}, ["clears-targeting"]),
        ({"targetingLogic": "", "name": "b"}, {**LIVE, "targetingLogic": ""}, []),
        ({"targetingLogic": "", "name": "b"}, {"name": "a"}, ["clears-targeting"]),
        ({"type": "TOUR"}, LIVE, ["changes-type"]),
        ({"type": "TOUR", "targetingLogic": ""}, LIVE, ["clears-targeting", "changes-type"]),
    ],
)
def test_what_costs_most_is_refused(stated: JsonValue, live: dict[str, JsonValue], expected: list[str]) -> None:
    plan = one(flow_of(document.dump(stated)), row_of(live))
    assert codes(plan) == expected
    allowing = replace(OPEN, allow_clear_targeting=True, allow_type_change=True)
    assert codes(plan, allowing) == []
    assert codes(from_document(to_document(plan))) == expected


def test_clearing_the_targeting_of_a_draft_is_for_nobody_to_see() -> None:
    assert codes(one(flow(targetingLogic=""), row(status="DRAFT", targetingLogic="user.isGuest()"))) == []


def test_a_protected_flow_is_refused_also_from_a_saved_plan() -> None:
    plan = one(replace(flow(name="b", protected=True), protected=True), row(name="a"))
    assert judged(plan, Guards()).refusals == (
        Refusal("protected", "A flow marked as protected would be written.", "--allow-protected", ("flow_a",)),
    )
    assert codes(from_document(to_document(plan))) == ["protected"]
    assert codes(plan, Guards(allow_protected=True)) == []


@pytest.mark.parametrize(
    ("origin", "policy", "expected"),
    [
        (Origin.BRANCH, Policy.REFUSE, []),
        (Origin.DRIFT, Policy.OVERWRITE, []),
        (Origin.DRIFT, Policy.REFUSE, ["overwrites-drift"]),
        (Origin.DRIFT, Policy.KEEP, ["overwrites-drift"]),
        (Origin.CONFLICT, Policy.OVERWRITE, []),
        (Origin.CONFLICT, Policy.REFUSE, ["overwrites-conflict"]),
        (None, Policy.REFUSE, []),
    ],
)
def test_edits_in_the_dashboard_go_by_policy(origin: Origin | None, policy: Policy, expected: list[str]) -> None:
    plan = one(flow(name="b"), row(name="a"))
    (change,) = plan.changes
    fields = tuple(replace(each, origin=origin) for each in change.fields)
    attributed = replace(plan, changes=(replace(change, fields=fields),))
    assert codes(attributed, Guards(on_drift=policy, on_conflict=policy)) == expected


@pytest.mark.parametrize(
    ("origin", "policy", "message", "flag"),
    [
        (Origin.DRIFT, Policy.REFUSE, "An edit in the dashboard would be undone.", "--on-drift overwrite"),
        (
            Origin.DRIFT,
            Policy.KEEP,
            "An edit in the dashboard would be undone, because this plan cannot leave the edited values out.",
            "--on-drift overwrite",
        ),
        (
            Origin.CONFLICT,
            Policy.REFUSE,
            "An edit in the dashboard to what this branch changed too would be undone.",
            "--on-conflict overwrite",
        ),
    ],
)
def test_a_refused_edit_says_what_would_be_undone_and_what_allows_it(
    origin: Origin, policy: Policy, message: str, flag: str
) -> None:
    plan = one(flow(name="b"), row(name="a"))
    (change,) = plan.changes
    attributed = replace(plan, changes=(replace(change, fields=(replace(change.fields[0], origin=origin),)),))
    (refusal,) = judged(attributed, Guards(on_drift=policy, on_conflict=policy)).refusals
    assert (refusal.message, refusal.flag, refusal.slugs) == (message, flag, ("flow_a",))


def test_by_default_conflicts_are_refused_and_drift_is_not() -> None:
    assert (Guards().on_drift, Guards().on_conflict) == (Policy.OVERWRITE, Policy.REFUSE)


def test_a_saved_plan_may_be_required() -> None:
    guards = Guards(require_saved_plan=True)
    plan = one(flow(name="b"), row(name="a"))
    assert codes(plan, guards) == ["plan-not-saved"]
    assert codes(plan, guards, Kept.SAVED) == []
    assert codes(one(flow(name="a"), row(name="a")), guards) == []


def test_every_format_tells_what_apply_would_refuse() -> None:
    plan = judged(many(21, 100), Guards())
    stated, live = flow(type="TOUR", targetingLogic=""), row_of(LIVE)
    other = judged(one(stated, live), Guards())
    text = plans.text(plan) + plans.text(other)
    assert "  - 21 flows would be written, more than max_changes, 20. --allow-many allows it.\n" in text
    assert "  - flow_a: The type of a flow would change. --allow-type-change allows it.\n" in text
    assert "Next: flowsync apply" not in text
    assert "refuse" not in plans.preview(plan)
    markdown = plan_markdown(plan) + plan_markdown(other)
    assert "> [!CAUTION]\n> **Resolve this first:**\n>\n> - 21 flows would" in markdown
    assert "more than `max_changes`, 20. `--allow-many` allows it." in markdown
    assert "`flow_a`</sub>: The type of a flow would change. `--allow-type-change` allows it." in markdown
    told = to_document(other)
    assert told["changes"][0]["warnings"][-1] == {  # type: ignore[index,call-overload] # a JSON document
        "code": "apply-refuses",
        "message": "The type of a flow would change. --allow-type-change allows it.",
        "line": None,
    }
    again = judged(from_document(told), Guards())
    assert to_document(again) == told


def test_refusals_are_not_in_the_digest() -> None:
    plan = many(21, 100)
    assert to_document(judged(plan, Guards()))["digest"] == plan.digest
