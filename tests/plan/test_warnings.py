"""What a plan warns of, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from flowsync.model import Flow, JsonValue, LiveFlow, PlanWarning, Target, View
from tests.plan.builders import flow_of, plan_of, row_of

FILE = """\
name: Welcome
type: CARD
active: true
targetingLogic: ""
data:
  steps:
    - title: A
      id: first
"""
DATA = "steps: [{id: first, title: A}]"
EVERYTHING: dict[str, JsonValue] = {
    "name": "Welcome",
    "type": "CARD",
    "active": True,
    "targetingLogic": "",
    "data": DATA,
}


def warned(stated: Flow, rows: Sequence[LiveFlow]) -> list[PlanWarning]:
    plan = plan_of([stated], rows)
    warnings = [each.warnings for each in plan.changes] + [each.warnings for each in plan.unchanged]
    return [warning for group in warnings for warning in group]


def live(status: str = "ACTIVE", version: int = 2, **fields: str | bool | None) -> LiveFlow:
    told: dict[str, JsonValue] = {**EVERYTHING, **fields}
    return row_of(told, number=version, version=version, status=status)


CASES: list[tuple[str, str, list[LiveFlow], list[tuple[str, int | None]]]] = [
    ("nothing of what is in step", FILE, [live()], []),
    ("a change that users see", FILE, [live(name="Hi")], [("goes-live", None)]),
    ("a change to a draft", FILE, [live("DRAFT", name="Hi")], [("draft-unseen", None)]),
    ("a draft that is in step", FILE, [live("DRAFT")], [("draft-unseen", None)]),
    ("nothing of a status nobody knows", FILE, [live("PAUSED", name="Hi")], []),
    ("a flow turned off", FILE.replace("active: true", "active: false"), [live()], [("turned-off", 3)]),
    ("a flow turned on", FILE, [live(active=False)], [("goes-live", None), ("turned-on", 3)]),
    (
        "nothing of a change to what is and stays off",
        FILE.replace("active: true", "active: false"),
        [live(name="Hi", active=False)],
        [],
    ),
    ("nothing of turning on what may be on", FILE, [live(name="Hi", active=None)], [("goes-live", None)]),
    ("a live flow of another type", FILE, [live(type="TOUR")], [("goes-live", None), ("type-changed", 2)]),
    ("not the type of a draft", FILE, [live("DRAFT", type="TOUR")], [("draft-unseen", None)]),
    (
        "cleared targeting",
        FILE,
        [live(targetingLogic="user.isGuest()")],
        [("goes-live", None), ("targeting-cleared", 4)],
    ),
    (
        "cleared targeting of a draft",
        FILE,
        [live("DRAFT", targetingLogic="user.isGuest()")],
        [("draft-unseen", None), ("targeting-cleared", 4)],
    ),
    ("not targeting that was for everyone already", FILE, [live(targetingLogic="x")], [("goes-live", None)]),
    ("not targeting that is narrowed", FILE.replace('""', "user.isGuest()"), [live()], [("goes-live", None)]),
    (
        "a renamed step id",
        FILE,
        [live(data="steps: [{id: one, title: A}]")],
        [("goes-live", None), ("step-id-renamed", 8)],
    ),
    (
        "a renamed step id in the former format",
        "data:\n  data:\n    - {id: b, title: A}\n",
        [live(data="data: [{id: a, title: A}]")],
        [("goes-live", None), ("step-id-renamed", 3)],
    ),
    (
        "not a renamed id in a list of the app's own",
        "data:\n  steps: [{id: x}]\n  data:\n    - {id: b, title: A}\n",
        [live(data="steps: [{id: x}]\ndata: [{id: a, title: A}]")],
        [("goes-live", None)],
    ),
    (
        "a renamed field id, which flowStepData refers to",
        "data:\n  steps:\n    - id: a\n      fields:\n        - {id: q, label: Q}\n",
        [live(data="steps: [{id: a, fields: [{id: p, label: Q}]}]")],
        [("goes-live", None), ("field-id-renamed", 5)],
    ),
    (
        "not the renamed id of anything else",
        "data: {steps: [], props: {x: [{id: q, label: Q}]}}",
        [live(data="{steps: [], props: {x: [{id: p, label: Q}]}}")],
        [("goes-live", None)],
    ),
    (
        "live targeting that nobody can meet, where the file states none",
        "name: New",
        [live(targetingLogic="user.isGuest(")],
        [("goes-live", None), ("live-targeting-broken", None)],
    ),
    ("live data that cannot be read", FILE, [live(data="a: [")], [("goes-live", None), ("live-data-unreadable", 5)]),
]


@pytest.mark.parametrize(("text", "rows", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_plan_warns_of(text: str, rows: list[LiveFlow], expected: list[tuple[str, int | None]]) -> None:
    assert [(each.code, each.line) for each in warned(flow_of(text), rows)] == expected


DRAFT = live("DRAFT", version=3)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([DRAFT], "No version of this flow is live."),
        ([DRAFT, live()], "Version 2, which is live, already has the planned content."),
        (
            [DRAFT, live(name="Hi", data="{}")],
            "Version 2, which is live, differs from the planned content in name, data.",
        ),
    ],
)
def test_a_draft_is_told_beside_what_users_see(rows: list[LiveFlow], told: str) -> None:
    (warning,) = warned(flow_of(FILE), rows)
    assert warning.message == f"Version 3 is a draft: nobody sees it until it is published. {told}"


@pytest.mark.parametrize(
    ("rows", "is_on", "message"),
    [
        ([live()], False, "The flow is switched off: nobody sees it any more."),
        ([live(active=False)], True, "The flow is switched on: whoever it targets can see it."),
        ([DRAFT, live()], False, "The draft is switched off: nobody sees it when it is published."),
        (
            [live("DRAFT", 3, active=False), live()],
            True,
            "The draft is switched on: users see it once it is published.",
        ),
    ],
)
def test_a_switch_of_a_draft_changes_nothing_for_users_yet(rows: list[LiveFlow], message: str, *, is_on: bool) -> None:
    text = FILE if is_on else FILE.replace("active: true", "active: false")
    (switched,) = (each.message for each in warned(flow_of(text), rows) if each.code.startswith("turned-"))
    assert switched == message


def test_messages_name_both_sides() -> None:
    messages = [
        each.message for each in warned(flow_of(FILE), [live(type=None, data="steps: [{id: '1\\e', title: A}]")])
    ]
    assert messages == [
        "Version 2 is live: users see the change at once.",
        'The type of a live version changes from null to "CARD": the app must show it as such.',
        'The step id "1\\\\e" becomes "first": users on this step lose their progress.',
        "The live type is not of the type that the API takes: a rollback cannot put it back.",
    ]


@pytest.mark.parametrize(
    ("status", "was", "will_be", "felt"),
    [
        ("ACTIVE", True, True, True),
        ("ACTIVE", True, False, True),
        ("ACTIVE", False, True, True),
        ("ACTIVE", False, False, False),
        ("ACTIVE", None, True, True),
        ("DRAFT", True, True, False),
    ],
)
def test_a_change_is_live_when_users_notice_it(status: str, was: bool | None, will_be: bool, felt: bool) -> None:  # noqa: FBT001 - cases as data
    text = FILE.replace("active: true", f"active: {str(will_be).lower()}")
    (change,) = plan_of([flow_of(text)], [live(status, name="Hi", active=was)]).changes
    assert change.live is felt


@pytest.mark.parametrize(
    ("view", "target", "is_warned"),
    [
        (View.WHOLE, Target.LATEST, False),
        (View.PUBLIC_KEY, Target.LATEST, True),
        (View.FALLBACK, Target.LATEST, True),
        (View.PUBLIC_KEY, Target.ACTIVE, False),
    ],
)
def test_a_newer_draft_may_be_hidden_where_the_latest_version_is_asked_for(
    view: View, target: Target, *, is_warned: bool
) -> None:
    plan = plan_of([flow_of("name: B")], [row_of({"name": "A"})], target=target, view=view)
    assert ("drafts-hidden" in [each.code for each in plan.changes[0].warnings]) is is_warned
