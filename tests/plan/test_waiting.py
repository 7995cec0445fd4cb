"""What is merged and not applied yet is no edit: found in the history of a file, place by place."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from flowsync import document
from flowsync.config import Guards, Policy
from flowsync.model import Origin
from flowsync.plan.base import Base, GoneFile, Past, Version
from flowsync.plan.document import to_document
from flowsync.plan.guards import judged
from flowsync.plan.saved import from_document
from flowsync.render import wording
from tests.plan.builders import flow, flow_of, plan_of, row, row_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.model import FieldName, JsonValue, Plan

    Fields = Mapping[FieldName, JsonValue]


@dataclass
class Told:
    """A history that remembers what it was asked about."""

    pasts: Mapping[str, Past]
    asked: list[Collection[str]]

    def before_base(self, slugs: Collection[str]) -> Mapping[str, Past]:
        self.asked.append([*slugs])
        return {slug: past for slug, past in self.pasts.items() if slug in slugs}


def history(*versions: Fields | None, gap: str = "") -> Told:
    """Of `flow_a`, the newest version first: commits c9, c8 and so on, of pull requests 9, 8 …"""
    found = (Version(f"c{9 - index}", 9 - index, fields) for index, fields in enumerate(versions))
    return Told({"flow_a": Past(found, gap)}, [])


def plan_with(told: Told, before: Fields, file: Fields, live: Fields, keep: Collection[Origin] = ()) -> Plan:
    stated = [flow_of(document.dump({str(name): value for name, value in fields.items()})) for fields in (before, file)]
    base = Base("abc", {"flow_a": stated[0]}, history=told)
    return plan_of(stated[1:], [row_of({str(name): value for name, value in live.items()})], base=base, keep=keep)


def origins(plan: Plan) -> dict[str, str]:
    (change,) = plan.changes
    return {each.label: each.origin.value for each in change.fields if each.origin}


def test_what_an_earlier_version_said_waits_and_anything_else_is_an_edit() -> None:
    told = history({"name": "C", "type": "FORM"}, {"name": "B", "type": "FORM"}, {"name": "A", "type": "CARD"})
    plan = plan_with(told, {"name": "C", "type": "FORM"}, {"name": "C", "type": "FORM"}, {"name": "A", "type": "TOUR"})
    assert origins(plan) == {"name": "waiting", "type": "drift"}
    (warning,) = (each for each in plan.changes[0].warnings if each.code == "waiting")
    assert "Waiting from commit c9 (#9), which is not applied yet: name." in warning.message


def test_what_the_branch_changes_too_waits_all_the_same_and_is_no_conflict() -> None:
    told = history({"name": "C"}, {"name": "B"}, {"name": "A"})
    plan = plan_with(told, {"name": "C"}, {"name": "D"}, {"name": "A"})
    assert origins(plan) == {"name": "waiting"}
    assert "commit c8 (#8)" in plan.changes[0].warnings[-1].message


def test_the_commit_is_the_one_that_brought_the_value() -> None:
    told = history({"name": "C", "type": "FORM"}, {"name": "C", "type": "CARD"}, {"name": "A", "type": "CARD"})
    plan = plan_with(told, {"name": "C", "type": "FORM"}, {"name": "C", "type": "FORM"}, {"name": "A", "type": "CARD"})
    messages = [each.message for each in plan.changes[0].warnings if each.code == "waiting"]
    assert [message.partition(", which")[0] for message in messages] == [
        "Waiting from commit c9 (#9)",
        "Waiting from commit c8 (#8)",
    ]


def test_a_version_without_the_field_or_without_a_file_says_nothing() -> None:
    plan = plan_with(history({"name": "B"}, {}, None), {"name": "B"}, {"name": "B"}, {"name": "A"})
    assert origins(plan) == {"name": "drift"}
    plan = plan_with(history({"name": "B"}, {}, None, {"name": "A"}), {"name": "B"}, {"name": "B"}, {"name": "A"})
    assert origins(plan) == {"name": "waiting"}
    assert "commit c9 (#9)" in plan.changes[0].warnings[-1].message


def test_history_is_asked_once_and_only_about_flows_with_edits() -> None:
    told = Told({}, [])
    flows = [flow(slug, name="B") for slug in ("flow_a", "flow_b", "flow_c")]
    rows = [row("flow_a", name="A"), row("flow_b", name="B"), row("flow_c", name="A")]
    base = Base("abc", {"flow_a": flows[0], "flow_b": flows[1], "flow_c": flow("flow_c", name="A")}, history=told)
    plan_of(flows, rows, base=base)
    assert told.asked == [["flow_a"]]
    plan_of(flows[1:], rows[1:], base=base)
    assert told.asked == [["flow_a"]]


def test_history_is_read_no_further_than_needed() -> None:
    def versions() -> object:
        yield Version("c2", None, {"name": "B"})
        yield Version("c1", None, {"name": "A"})
        raise AssertionError("read on")

    told = Told({"flow_a": Past(versions())}, [])  # type: ignore[arg-type]
    assert origins(plan_with(told, {"name": "B"}, {"name": "B"}, {"name": "A"})) == {"name": "waiting"}


def test_where_the_history_ends_early_that_is_said_unless_it_did_not_matter() -> None:
    told = history({"name": "B"}, gap="The clone is shallow.")
    plan = plan_with(told, {"name": "B"}, {"name": "B"}, {"name": "A"})
    assert origins(plan) == {"name": "drift"}
    assert [each.message for each in plan.changes[0].warnings if each.code == "history-cut"] == [
        "An edit in the dashboard, or a merge that is not applied yet: name. The clone is shallow."
    ]
    told = history({"name": "B"}, {"name": "A"}, gap="The clone is shallow.")
    plan = plan_with(told, {"name": "B"}, {"name": "B"}, {"name": "A"})
    assert [each.code for each in plan.changes[0].warnings] == ["goes-live", "waiting"]


def test_what_waits_is_never_kept_and_never_refused() -> None:
    told = history({"name": "B"}, {"name": "A"})
    plan = plan_with(told, {"name": "B"}, {"name": "B"}, {"name": "A"}, keep={Origin.DRIFT, Origin.CONFLICT})
    assert plan.changes[0].body == {"name": "B"}
    for policy in Policy:
        assert judged(plan, Guards(on_drift=policy, on_conflict=policy)).refusals == ()


def test_a_saved_plan_says_so_too() -> None:
    plan = plan_with(history({"name": "B"}, {"name": "A"}), {"name": "B"}, {"name": "B"}, {"name": "A"})
    again = from_document(json.loads(json.dumps(to_document(plan))))
    assert again.changes[0].fields == plan.changes[0].fields
    assert again.changes[0].warnings == plan.changes[0].warnings


# Every origin is what a search by hand gives

STEPS = ("one", "two", "three")
titles = st.fixed_dictionaries(dict.fromkeys(STEPS, st.sampled_from("abcd")))
States = list[dict[str, str]]


def data_of(state: Mapping[str, str]) -> dict[FieldName, JsonValue]:
    return {"data": {"steps": [{"id": step, "title": state[step]} for step in STEPS]}}


@given(st.lists(titles, min_size=1, max_size=6), st.integers(0, 5), titles, st.sets(st.sampled_from(STEPS)), titles)
def test_any_history_any_applied_commit_and_any_edit(
    states: States, applied: int, edits: dict[str, str], edited: set[str], file: dict[str, str]
) -> None:
    """`states` are the file's versions, newest first: one of them was applied, then somebody edited some steps."""
    live = {**states[applied % len(states)], **{step: edits[step] for step in edited}}
    base = states[0]
    plan = plan_with(history(*map(data_of, states)), data_of(base), data_of(file), data_of(live))
    expected = {}
    for step in STEPS:
        if live[step] == file[step]:
            continue
        if base[step] == live[step]:
            origin = "branch"
        elif any(state[step] == live[step] for state in states):
            origin = "waiting"
        else:
            origin = "drift" if base[step] == file[step] else "conflict"
        expected[f"steps[{step}].title"] = origin
    found = {each.label: each.origin.value for change in plan.changes for each in change.fields if each.origin}
    assert found == expected


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.sampled_from("abc"))
def test_the_commit_named_is_the_last_one_that_changed_the_value(states: list[str], live: str) -> None:
    versions: list[Fields] = [{"name": state} for state in states]
    told = history(*versions)
    plan = plan_with(told, {"name": states[0]}, {"name": states[0]}, {"name": live})
    if live == states[0]:
        assert plan.changes == ()
    elif live in states:
        brought = next(index for index, state in enumerate(states) if states[index + 1] != state)
        assert f"Waiting from commit c{9 - brought} (" in plan.changes[0].warnings[-1].message


# Files that are gone


def gone(**files: Fields | None) -> Base:
    return Base("abc", {}, gone={slug: GoneFile(f"flows/{slug}.yaml", fields) for slug, fields in files.items()})


def test_a_live_flow_whose_file_is_gone_is_removed_and_not_unmanaged() -> None:
    rows = [row("old", name="Old", number=1), row("old", name="Old", number=2, version=2), row("other", number=3)]
    plan = plan_of([], rows, base=gone(old={"name": "Old"}, dead={}))
    missing, removed = plan.removed
    assert (missing.slug, missing.id, missing.version, missing.status, missing.is_there) == ("dead", *[None] * 3, False)
    assert (removed.slug, removed.file, removed.id, removed.version) == ("old", "flows/old.yaml", 2, 2)
    assert (removed.name, removed.status, removed.renamed_to) == ("Old", "ACTIVE", None)
    assert [each.slug for each in plan.unmanaged] == ["other"]
    assert plan_of([], rows, base=gone()).digest != plan.digest
    again = from_document(json.loads(json.dumps(to_document(plan))))
    assert again.removed == plan.removed
    assert replace(again, unchanged=plan.unchanged) == plan
    assert "removed" not in to_document(plan_of([], rows, base=gone()))


def test_a_removed_file_of_which_only_archived_versions_are_left_is_told_as_that() -> None:
    rows = [row("old", status="ARCHIVED"), row("old", status="ARCHIVED", number=2, version=2)]
    (removed,) = plan_of([], rows, base=gone(old={"name": "Old"})).removed
    assert (removed.id, removed.status, removed.is_there) == (2, "ARCHIVED", False)
    assert wording.removed(removed) == "no longer managed; only archived versions are left, up to version 2"


def test_a_renamed_file_is_said_to_be_one_with_the_two_ways_out() -> None:
    new = flow("flow_new", name="Same", targetingLogic="user.isGuest()")
    base = gone(flow_old={"name": "Same", "targetingLogic": "user.isGuest( )"}, another={"name": "Other"})
    rows = [row("flow_old", name="Same"), row("another", number=2)]
    plan = plan_of([new], rows, base=base)
    assert {each.slug: each.renamed_to for each in plan.removed} == {"another": None, "flow_old": "flow_new"}
    (blocked,) = plan.blocked
    assert blocked.code == "renamed"
    assert "Frigade has no rename" in blocked.message
    assert "Give the file its old name back" in blocked.message
    assert 'create "flow_new" as a new flow (--allow-create)' in blocked.message
    assert "Did you mean" not in blocked.message


def test_each_new_file_is_the_rename_of_one_and_a_file_that_was_there_of_none() -> None:
    rows = [row("old_a", number=1), row("old_b", number=2)]
    base = gone(old_a={"name": "Same"}, old_b={"name": "Same"})
    plan = plan_of([flow("new", name="Same")], rows, base=base)
    assert [each.renamed_to for each in plan.removed] == ["new", None]
    stayed = flow("new", name="Same")
    plan = plan_of([stayed], rows, base=replace(base, flows={"new": stayed}))
    assert [each.renamed_to for each in plan.removed] == [None, None]


def test_a_gone_file_that_cannot_be_read_or_states_nothing_has_no_heir() -> None:
    rows = [row("old_a", number=1), row("old_b", number=2)]
    plan = plan_of([flow("new", name="Same")], rows, base=gone(old_a=None, old_b={}))
    assert [each.renamed_to for each in plan.removed] == [None, None]


def test_a_flow_that_was_made_under_its_new_name_is_updated_and_the_old_one_still_removed() -> None:
    rows = [row("flow_old", name="Same"), row("flow_new", number=2, name="Draft")]
    plan = plan_of([flow("flow_new", name="Same")], rows, base=gone(flow_old={"name": "Same"}))
    assert [each.slug for each in plan.changes] == ["flow_new"]
    assert [each.renamed_to for each in plan.removed] == ["flow_new"]
