"""Plans and outcomes made by hand, small enough to read and with every kind of thing in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path

from flowsync.diff.data import differences
from flowsync.model import (
    SENT_FIELDS,
    AlreadyApplied,
    Applied,
    Blocked,
    Change,
    Create,
    Failed,
    FieldChange,
    FieldName,
    JsonValue,
    LiveFlow,
    Location,
    NewDraft,
    NotAttempted,
    Op,
    Origin,
    Outcome,
    Plan,
    PlanWarning,
    Problem,
    Refused,
    Severity,
    Unchanged,
    Unmanaged,
    Update,
)
from flowsync.versions.status import EnvironmentStatus, FlowStatus, State, Survey, Trouble, Users

VALUES = Path(__file__).parent / "values"


def values(name: str) -> dict[FieldName, JsonValue]:
    read: dict[FieldName, JsonValue] = json.loads((VALUES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def update(
    old: Mapping[FieldName, JsonValue], new: Mapping[FieldName, JsonValue], slug: str = "flow_welcome"
) -> Update:
    """A change of a live row, its differences found by the real comparison."""
    fields = [
        change for name in SENT_FIELDS if name in new for change in differences(name, old.get(name), new.get(name))
    ]
    changed = {change.field for change in fields}
    return Update(
        slug=slug,
        file=f"flows/{slug}.yaml",
        id=123,
        version=3,
        status="ACTIVE",
        live=True,
        fields=tuple(fields),
        unseen=(),
        warnings=(),
        body={name: "…" for name in SENT_FIELDS if name in changed},
        before="sha256:" + "a" * 64,
        after="sha256:" + "b" * 64,
        old=old,
        new=new,
    )


def data_update(old: JsonValue, new: JsonValue) -> Update:
    return update({"data": old}, {"data": new})


WELCOME = replace(
    update(values("welcome.before"), values("welcome.after")),
    unseen=("description",),
    body={"description": "…", "targetingLogic": "", "data": "…"},
    warnings=(
        PlanWarning("goes-live", "Version 3 is live: users see the change at once."),
        PlanWarning("targeting-cleared", "Targeting is cleared: the flow is for everyone.", 6),
    ),
)
_DRAFT = update({"name": "Tour"}, {"name": "The Acorn tour"}, "flow_tour")
DRAFT = replace(
    _DRAFT,
    id=88,
    version=4,
    status="DRAFT",
    live=False,
    fields=tuple(replace(change, origin=Origin.DRIFT) for change in _DRAFT.fields),
    warnings=(PlanWarning("draft-unseen", "Version 4 is a draft: nobody sees it until it is published."),),
)
BLOCKED = Blocked("flow_gone", "flows/flow_gone.yaml", "no-such-flow", 'No live flow has the slug "flow_gone".')
UNMANAGED = Unmanaged("flow_sale", 9, "Spring sale")
UNCHANGED = Unchanged("flow_a", "flows/flow_a.yaml", 1, 1, "ACTIVE", ())
UNCHANGED_UNSEEN = Unchanged(
    "flow_b", "flows/flow_b.yaml", 2, 5, "DRAFT", ("description",), (PlanWarning("draft-unseen", "Nobody sees it."),)
)

EMPTY_PLAN = Plan(
    environment=None,
    api_url="https://api.frigade.com",
    base=None,
    changes=(),
    unchanged=(UNCHANGED,),
    blocked=(),
    unmanaged=(),
    digest="sha256:" + "c" * 64,
)
FULL_PLAN = replace(
    EMPTY_PLAN,
    environment="production",
    base="main",
    changes=(DRAFT, WELCOME),
    unchanged=(UNCHANGED, UNCHANGED_UNSEEN),
    blocked=(BLOCKED,),
    unmanaged=(UNMANAGED,),
)
"""Everything that a plan can hold."""


_NEW: dict[FieldName, JsonValue] = {
    "name": "Invite your team",
    "type": "TOUR",
    "targetingLogic": "user.property('role') == 'admin'",
    "data": {"steps": [{"id": "invite", "title": "Invite"}, {"id": "done", "title": "All set"}]},
}
CREATE = Create(
    slug="flow_invite",
    file="flows/flow_invite.yaml",
    fields=tuple(FieldChange(name, "", name, Op.ADD, None, value, Origin.BRANCH) for name, value in _NEW.items()),
    warnings=(PlanWarning("description-later", "Creating a flow takes no description.", 3),),
    body={**_NEW, "active": False, "data": "…"},
    after="sha256:" + "d" * 64,
    new={**_NEW, "active": False},
)
_UNSEEN = replace(_DRAFT, live=False)
NEW_DRAFT = NewDraft(**{each.name: getattr(_UNSEEN, each.name) for each in dataclass_fields(_UNSEEN)})
NEW_PLAN = replace(
    EMPTY_PLAN,
    changes=(
        CREATE,
        replace(
            CREATE,
            slug="flow_now",
            body={**CREATE.body, "active": True},
            warnings=(PlanWarning("goes-live", "The flow is created switched on: users may see it at once."),),
        ),
        NEW_DRAFT,
    ),
    blocked=(
        Blocked("flow_welcom", "flows/flow_welcom.yaml", "near-slug", "If this is new, --allow-create creates it."),
    ),
)
"""Everything that is not there yet."""


def plan_of(*changes: Change) -> Plan:
    return replace(EMPTY_PLAN, changes=changes)


OUTCOMES: tuple[Outcome, ...] = (
    NotAttempted(replace(WELCOME, slug="flow_6"), "Stopped before its turn."),
    Applied(replace(WELCOME, slug="flow_1")),
    Applied(
        replace(WELCOME, slug="flow_2"),
        ("description",),
        (FieldChange("description", "", "description", Op.REPLACE, "A long one", "A long"),),
    ),
    AlreadyApplied(replace(WELCOME, slug="flow_3")),
    Refused(replace(WELCOME, slug="flow_4"), "stale", "Version 4 of it came up since it was planned."),
    Refused(
        replace(WELCOME, slug="flow_4b"),
        "changed-while-writing",
        "The API answered 500. Read back, the flow is neither as it was nor as planned: steps[a].",
        (
            FieldChange("data", "/steps/0/title", "steps[a].title", Op.ADD, None, "Hi\x1b[1m"),
            FieldChange("data", "/steps/0/uri", "steps[a].uri", Op.REMOVE, "/a", None),
            FieldChange("data", "/steps/1", "steps[b]", Op.MOVE, 0, 1),
            *(FieldChange("data", f"/x{n}", f"x{n}", Op.REPLACE, n, float("inf")) for n in range(4)),
        ),
        uncertain=True,
    ),
    Failed(replace(WELCOME, slug="flow_5"), "api-server", "The API answered 500.", "Run apply again.", uncertain=True),
)


def live_row(row_id: int, version: int, status: str = "ACTIVE") -> LiveFlow:
    return LiveFlow(row_id, "flow", version, status, {}, {})


STATUSES = (
    FlowStatus("flow_a", State.IN_STEP, Users.ON, "flows/flow_a.yaml", "Welcome", live_row(1, 2), 2),
    FlowStatus("flow_café", State.EDITED, Users.OFF, "flows/flow_café.yaml", "日本語の案内", live_row(2, 2), 2, 3),
    FlowStatus("flow_gone", State.BLOCKED, Users.UNKNOWN, "flows/flow_gone.yaml", message="Its status is unknown."),
    FlowStatus("flow_sale", State.NOT_MANAGED, Users.DRAFT, None, "50 %", live_row(9, 1, "DRAFT"), None, 1),
)
SURVEY = Survey((EnvironmentStatus(None, "https://api.example", STATUSES),))
DIFFERENT = replace(STATUSES[0], state=State.DIFFERS)
WIDE_SURVEY = Survey(
    (
        EnvironmentStatus("dev", "https://api.example", STATUSES[:3]),
        EnvironmentStatus("production", "https://api.example", (DIFFERENT, *STATUSES[2:])),
        EnvironmentStatus(
            "staging", "https://x", trouble=Trouble("no-key", "no key: set STAGING_KEY.", is_no_key=True)
        ),
        EnvironmentStatus("old", "https://x", trouble=Trouble("api-forbidden", "403 Forbidden.", "Set OLD_KEY.")),
    ),
    "c0ffee",
)

SOURCE = {1: "titel: Hello", 2: "\tname: 日本語 x", 3: "description: " + "long words " * 40}
PROBLEMS = (
    Problem(Location("flows/b.yaml", 1, 1), Severity.ERROR, "unknown-key", '"titel" is no key.', 'Use "title".'),
    Problem(Location("flows/a.yaml", 3, 200), Severity.WARNING, "deprecated", "This is old.", "Write it anew. " * 9),
    Problem(Location("flows/a.yaml", 2, 12), Severity.ERROR, "tab", "A tab cannot indent."),
    Problem(Location("flows/a.yaml", 9, 1), Severity.ERROR, "end", "The file ends here."),
)


def source_line(where: Location) -> str | None:
    return SOURCE.get(where.line)
