"""Files whose slug is not live, and drafts that are still to be made: what becomes of them, and what a plan says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from flowsync.config import Creating, Guards
from flowsync.diff.fields import fingerprint
from flowsync.errors import PlanFileError
from flowsync.github.drift import edits, not_live, waiting
from flowsync.model import Create, FieldChange, Flow, JsonValue, LiveFlow, NewDraft, Op, Origin, Plan, Target, View
from flowsync.plan.base import Base, GoneFile
from flowsync.plan.build import build_plan
from flowsync.plan.creating import MOST_SUGGESTIONS, Creation
from flowsync.plan.document import digest_of, meaning, to_document
from flowsync.plan.guards import judged
from flowsync.plan.saved import AsPlanned, from_document, from_text, restored
from tests.plan.builders import API, complete, flow, plan_of, row

ACTIVE = row(number=2, version=2, name="A", data="steps: [{id: a}]")
ARCHIVED = row(number=1, version=1, status="ARCHIVED", name="A")
DRAFT = row(number=3, version=3, status="DRAFT", name="A")


def create_of(stated: Flow, *rows: LiveFlow, **how: object) -> Create:
    (change,) = plan_of([stated], rows, **how).changes  # type: ignore[arg-type] # the options of plan_of
    assert isinstance(change, Create)
    return change


def codes(change: Create | NewDraft) -> set[str]:
    return {each.code for each in change.warnings}


def test_a_file_whose_slug_is_not_live_becomes_a_flow() -> None:
    data: JsonValue = {"steps": [{"id": "a", "startCriteria": "user.isGuest()\n&& true"}]}
    create = create_of(complete(description=None, targetingLogic="true\n&& user.isGuest()", data=data, active=True))
    assert list(create.body) == ["name", "type", "description", "active", "targetingLogic", "data"]
    assert create.body["description"] == ""
    assert create.body["targetingLogic"] == "true && user.isGuest()"
    assert create.new["data"] == {"steps": [{"id": "a", "startCriteria": "user.isGuest() && true"}]}
    assert create.after == fingerprint(create.new)
    assert [(each.field, each.path, each.op, each.old) for each in create.fields] == [
        (name, "", Op.ADD, None) for name in create.body
    ]
    assert (create.id, create.version, create.status, create.before) == (None, None, None, None)
    assert create.live
    assert codes(create) == {"goes-live"}


@pytest.mark.parametrize("stated", [complete(), complete(active=False)])
def test_a_flow_that_its_file_does_not_switch_on_is_created_switched_off(stated: Flow) -> None:
    create = create_of(stated)
    assert create.body["active"] is False
    assert not create.live
    assert ("active" in {each.field for each in create.fields}) is ("active" in stated.fields)


@pytest.mark.parametrize(
    ("stated", "how", "expected"),
    [
        (complete("welcome"), {}, {"slug-form"}),
        (flow(name="A", data={"steps": []}), {}, {"type-default"}),
        (complete(description="D"), {}, {"description-later"}),
        (complete(), {"view": View.PUBLIC_KEY}, {"may-exist"}),
        (complete(), {"base": Base("abc", {"flow_a": complete()})}, {"not-live-yet"}),
        (complete(), {"base": Base("abc", {})}, set()),
    ],
)
def test_what_is_worth_knowing_of_a_new_flow_is_a_warning(
    stated: Flow, how: dict[str, object], expected: set[str]
) -> None:
    assert codes(create_of(stated, **how)) == expected


def test_what_the_base_had_already_waits_for_an_apply() -> None:
    create = create_of(complete(), base=Base("abc", {"flow_a": complete(name="Former")}))
    assert {each.field: each.origin for each in create.fields} == {
        "name": Origin.BRANCH,
        "type": Origin.WAITING,
        "data": Origin.WAITING,
    }
    unreadable = create_of(complete(), base=Base("abc", {}, frozenset({"flow_a"})))
    assert {each.origin for each in unreadable.fields} == {None}


@pytest.mark.parametrize(
    ("stated", "lacking"),
    [
        (flow(data={"steps": []}), "name"),
        (flow(name="A"), "data"),
        (flow(name=" "), "name and data"),
        (flow(), "name and data"),
    ],
)
def test_without_what_frigade_needs_nothing_is_created(stated: Flow, lacking: str) -> None:
    for create in Creating:
        (blocked,) = plan_of([stated], [], create=create).blocked
        assert blocked.code == "incomplete"
        assert f"set {lacking} in flows/flow_a.yaml" in blocked.message


@pytest.mark.parametrize(
    ("slug", "live", "question"),
    [
        ("flow_welcome", "flow_b", None),
        ("flow_welcome", "flow_welcom", 'Did you mean "flow_welcom"?'),
        ("flow_welcome", "flow-welcome", 'Did you mean "flow-welcome"?'),
        ("flow_welcome", "FLOW_welcome", 'Did you mean "FLOW_welcome", which differs in capital letters only?'),
        ("flow_welcome", "flow_welc\u043eme", "which looks the same? They differ in U+006F LATIN"),
        ("flow_tour_2", "flow_tour_1", None),
        ("flow_tour_b", "flow_tour", None),
        ("flow_tour-v2", "flow_tour", None),
    ],
)
def test_a_live_flow_of_nearly_that_slug_and_without_a_file_blocks_until_it_is_allowed(
    slug: str, live: str, question: str | None
) -> None:
    plan = plan_of([complete(slug)], [row(live, name="A")])
    assert {each.code for each in plan.blocked} == (set() if question is None else {"near-slug"})
    assert all((question or "") in each.message and "--allow-create" in each.message for each in plan.blocked)
    (create,) = plan_of([complete(slug)], [row(live, name="A")], create=Creating.ANYWAY).changes
    assert ("near-slug" in {each.code for each in create.warnings}) is (question is not None)
    assert len(plan_of([complete(slug)], [row(live, status="ARCHIVED")]).changes) == 1
    assert not plan_of([complete(slug), flow(live, name="A")], [row(live, name="A")]).blocked


def test_a_flow_that_a_narrowed_command_leaves_out_is_nearly_the_same_too() -> None:
    creation = Creation(others=["flow_welcom"])
    stated = complete("flow_welcome")
    plan = build_plan([stated], {}, environment=None, api_url=API, target=Target.LATEST, creation=creation)
    assert [each.code for each in plan.blocked] == ["near-slug"]


def test_a_file_renamed_and_changed_is_asked_about() -> None:
    base = Base("abc", {}, gone={"flow_welcom": GoneFile("flows/flow_welcom.yaml", {"name": "Other"})})
    (blocked,) = plan_of([complete("flow_welcome")], [row("flow_welcom")], base=base).blocked
    assert blocked.code == "near-slug"
    assert "its file is gone, and Frigade has no rename" in blocked.message


def test_a_renamed_file_creates_its_flow_where_that_is_allowed() -> None:
    stated = complete("flow_new")
    base = Base("abc", {}, gone={"flow_old": GoneFile("flows/flow_old.yaml", stated.fields)})
    create = create_of(stated, row("flow_old"), base=base, create=Creating.ANYWAY)
    assert codes(create) == {"renamed"}


@pytest.mark.parametrize(("live", "missing", "blocked"), [(0, 3, 0), (0, 4, 4), (2, 2, 0), (2, 3, 3)])
def test_where_most_files_are_not_live_none_is_created_until_it_is_allowed(
    live: int, missing: int, blocked: int
) -> None:
    rows = [row(f"flow_{'l' * number}", number=number, name="A") for number in range(1, live + 1)]
    stated = [flow(each.slug, name="A") for each in rows] + [complete(f"flow_{letter}") for letter in "abcd"[:missing]]
    plan = plan_of(stated, rows)
    assert [each.code for each in plan.blocked] == ["mostly-not-live"] * blocked
    assert len(plan_of(stated, rows, create=Creating.ANYWAY).changes) == missing


def test_nobody_is_asked_about_very_many_flows() -> None:
    def asked(count: int) -> int:
        stated = [complete(f"flow_{'x' * number}") for number in range(count)]
        rows = [row("flow_xx_xx", name="A")]
        return sum("Did you mean" in each.message for each in plan_of(stated, rows).blocked)

    assert asked(MOST_SUGGESTIONS) > 0
    assert asked(MOST_SUGGESTIONS + 1) == 0


def test_flowsync_yaml_may_refuse_to_create() -> None:
    plan = plan_of([complete()], [])
    assert judged(plan, Guards()).refusals == ()
    (refusal,) = judged(plan, Guards(create=Creating.REFUSE)).refusals
    assert (refusal.code, refusal.flag, refusal.slugs) == ("creates", "--allow-create", ("flow_a",))
    assert judged(plan, Guards(create=Creating.ANYWAY)).refusals == ()
    for_everyone = plan_of([complete(active=True, targetingLogic="")], [])
    assert judged(for_everyone, Guards()).refusals == ()


@pytest.mark.parametrize("rows", [[ACTIVE], [ARCHIVED, ACTIVE]])
@pytest.mark.parametrize(("own", "default"), [(Target.DRAFT, Target.LATEST), (None, Target.DRAFT)])
def test_a_draft_that_is_wanted_is_made_of_the_latest_version(
    rows: Sequence[LiveFlow], own: Target | None, default: Target
) -> None:
    (draft,) = plan_of([flow(name="B", target=own)], rows, target=default).changes
    assert isinstance(draft, NewDraft)
    assert (draft.id, draft.version, draft.status, draft.live) == (2, 2, "ACTIVE", False)
    assert draft.body == {"name": "B"}
    assert draft.fields == (FieldChange("name", "", "name", Op.REPLACE, "A", "B"),)
    assert draft.target is Target.DRAFT
    assert codes(draft) == set()


def test_a_draft_that_would_say_nothing_new_is_not_made() -> None:
    plan = plan_of([flow(name="A", active=False, target=Target.DRAFT)], [ACTIVE])
    assert [each.id for each in plan.unchanged] == [2]
    assert plan.writes == ()


def test_a_draft_that_may_be_hidden_is_said_to_be() -> None:
    (draft,) = plan_of([flow(name="B", target=Target.DRAFT)], [ACTIVE], view=View.FALLBACK).changes
    assert [each.code for each in draft.warnings] == ["may-exist"]
    (same,) = plan_of([flow(name="A", target=Target.DRAFT)], [ACTIVE], view=View.PUBLIC_KEY).unchanged
    assert [each.code for each in same.warnings] == ["may-exist"]
    odd = replace(ACTIVE, status="ODD")
    assert [each.code for each in plan_of([flow(name="B", target=Target.DRAFT)], [odd]).blocked] == ["unknown-status"]


def both() -> Plan:
    return plan_of(
        [complete(active=True), complete("flow_b"), flow("flow_c", name="B", target=Target.DRAFT)],
        [replace(ACTIVE, slug="flow_c")],
    )


def test_the_document_says_what_is_new_and_is_read_back() -> None:
    plan = both()
    document = to_document(plan)
    found = document["changes"]
    assert isinstance(found, list)
    assert [each["action"] for each in found if isinstance(each, dict)] == ["create", "create", "draft"]
    summary = document["summary"]
    assert isinstance(summary, dict)
    assert (summary["create"], summary["draft"], summary["update"]) == (2, 1, 0)
    read = from_text(json.dumps(document))
    assert to_document(read) == document
    assert meaning(read) == meaning(plan)
    assert read.changes[:2] == plan.changes[:2]
    draft = read.changes[2]
    assert isinstance(draft, NewDraft)
    assert isinstance(restored(draft, ACTIVE), AsPlanned)


@pytest.mark.parametrize(
    "edit",
    [
        {"id": 7},
        {"status": "ACTIVE"},
        {"before": "sha256:0"},
        {"after": "sha256:0"},
        {"live": False},
        {"unseen": ["name"]},
        {"fields": []},
        {"body": {"name": "New"}},
        {"action": "delete"},
        {"body": {"name": "X", "type": "CARD", "active": True, "data": "steps: [{id: a}]"}},
        {"body": {"name": "New", "type": "CARD", "active": True, "data": "steps: ["}},
    ],
)
def test_a_saved_create_that_does_not_hold_together_is_refused(edit: dict[str, JsonValue]) -> None:
    document = to_document(both())
    changes = document["changes"]
    assert isinstance(changes, list)
    assert isinstance(changes[0], dict)
    changes[0] |= edit
    document["digest"] = digest_of(document)
    with pytest.raises(PlanFileError):
        from_document(document)


def test_a_saved_plan_verifies_updates_only() -> None:
    document = to_document(both())
    changes = document["changes"]
    assert isinstance(changes, list)
    with pytest.raises(PlanFileError, match="is no update"):
        from_document({**document, "unverified": [changes[0]], "digest": ""})


def test_a_file_without_a_live_flow_is_no_edit() -> None:
    plan = plan_of([complete(), flow("flow_b")], [], base=Base("abc", {"flow_a": complete()}))
    assert (edits(plan).changes, edits(plan).blocked, waiting(plan)) == ((), (), [])
    assert not_live(plan) == ["flow_a", "flow_b"]
