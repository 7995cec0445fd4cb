"""The first state: what each scenario looks like from outside, for few flows and for many."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import document
from flowsync.model import FieldName, JsonValue, Target
from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.seeds import Scenario, SeedFlow, seed
from tests.sandbox.account import SteppingClock, ask

DATA: Final = """# The first thing that people see
steps:
  - id: welcome
    title: Welcome to Acorn, ${firstName}!
    subtitle: All of your projects in one place. Let us show you around.
    primaryButton: {title: Take the tour, action: step.complete}
  - id: invite
    title: Invite your teammates
    subtitle: Work is better together
    primaryButton: {title: Invite, action: step.complete}
  - id: done
    title: Done
    primaryButton: {title: Got it, action: flow.complete}
"""
FIELDS: Final[Mapping[FieldName, JsonValue]] = {
    "name": "Welcome tour for new people",
    "type": "TOUR",
    "description": "Shown once",
    "active": True,
    "targetingLogic": "user.property('plan') == 'pro' && user.flow('flow_setup') != 'COMPLETED_FLOW'",
    "data": DATA,
}
Ten: TypeAlias = "tuple[dict[Scenario, str], list[dict[str, Any]]]"
COLUMNS: Final = ("name", "type", "description", "active", "targetingLogic", "data")


def flows(count: int, fields: Mapping[FieldName, JsonValue] = FIELDS) -> list[SeedFlow]:
    return [SeedFlow(f"flow_{number:04}", fields) for number in range(count)]


def account(given_flows: Sequence[SeedFlow], number: int = 0) -> tuple[dict[str, Scenario], list[dict[str, Any]]]:
    """What was made of each flow, and every row as the private list shows it."""
    with Emulator(None, clock=SteppingClock()) as emulator:
        made = seed(emulator, given_flows, number=number)
        rows: list[dict[str, Any]] = ask(emulator.handle, "GET", "/v1/flows").body["data"]
    return made, rows


def latest(rows: list[dict[str, Any]], slug: str) -> dict[str, Any]:
    """What a plan would compare with: the newest row that is not archived."""
    writable = [row for row in rows if row["slug"] == slug and row["status"] != "ARCHIVED"]
    return max(writable, key=lambda row: row["version"])


def differences(row: dict[str, Any], fields: Mapping[FieldName, JsonValue]) -> set[str]:
    def comparable(name: str, value: object) -> object:
        return document.parse_data(str(value)).value if name == "data" else value or None

    return {name for name, value in fields.items() if comparable(name, row[name]) != comparable(name, value)}


def statuses(rows: list[dict[str, Any]], slug: str) -> list[str]:
    return [row["status"] for row in sorted(rows, key=lambda row: row["version"]) if row["slug"] == slug]


@pytest.fixture(scope="module")
def ten() -> Ten:
    """The last slug of each scenario among ten flows, and all rows."""
    made, rows = account(flows(10))
    return {scenario: slug for slug, scenario in made.items()}, rows


def test_ten_flows_make_four_updates_of_different_kinds_and_the_rest_is_unchanged() -> None:
    made, rows = account(flows(10))
    changed = (differences(latest(rows, flow.slug), FIELDS) for flow in flows(10))
    assert sorted(map(sorted, filter(None, changed))) == [
        ["data"],
        ["data"],
        ["data", "name"],
        ["data", "targetingLogic"],
    ]
    assert set(made.values()) == set(Scenario)


def test_an_equal_flow_holds_the_text_that_the_file_would_send(ten: Ten) -> None:
    slugs, rows = ten
    row = latest(rows, slugs[Scenario.EQUAL])
    assert {name: row[name] for name in COLUMNS} == FIELDS
    assert statuses(rows, slugs[Scenario.EQUAL]) == ["ACTIVE"]


def test_an_older_flow_lacks_what_the_file_has_since_gained_and_has_archived_versions(ten: Ten) -> None:
    slugs, rows = ten
    row = latest(rows, slugs[Scenario.OLDER])
    assert row["status"] == "ACTIVE"
    assert row["targetingLogic"] == "user.property('plan') == 'pro'"
    assert "title: Welcome to Acorn!\n" in row["data"]
    assert "id: invite" in row["data"]
    assert "id: done" not in row["data"]
    assert statuses(rows, slugs[Scenario.OLDER]) == ["ARCHIVED", "ACTIVE"]


def test_a_flow_with_a_history_is_equal_on_top(ten: Ten) -> None:
    slugs, rows = ten
    assert statuses(rows, slugs[Scenario.HISTORY]) == ["ARCHIVED", "ARCHIVED", "ARCHIVED", "ACTIVE"]
    assert not differences(latest(rows, slugs[Scenario.HISTORY]), FIELDS)


def test_a_draft_is_newer_than_what_is_live_and_differs_in_one_text(ten: Ten) -> None:
    slugs, rows = ten
    assert statuses(rows, slugs[Scenario.DRAFT]) == ["ACTIVE", "DRAFT"]
    active, draft = sorted((row for row in rows if row["slug"] == slugs[Scenario.DRAFT]), key=lambda row: row["id"])
    assert not differences(active, FIELDS)
    assert draft["data"].count("All of your projects in one place.") == 1
    assert "Let us show you around" not in draft["data"]


def test_a_dashboard_edit_reads_like_one(ten: Ten) -> None:
    slugs, rows = ten
    data = latest(rows, slugs[Scenario.DASHBOARD])["data"]
    assert re.findall(r"id: (\w+)", data) == ["welcome", "done", "invite"]
    assert re.search(r"Let us show you around\. [A-Z][\w ,?]+", data)


def test_an_unmanaged_flow_is_live_under_a_slug_that_no_file_has() -> None:
    made, rows = account([SeedFlow("flow_summer_sale", FIELDS), SeedFlow("flow_summer_sale_2", FIELDS)])
    assert list(made.items())[-1] == ("flow_summer_sale_3", Scenario.UNMANAGED)
    assert latest(rows, "flow_summer_sale_3")["name"] == "Summer sale"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 40])
@pytest.mark.parametrize("number", [0, 1, 7, -3])
def test_every_flow_can_be_written_and_has_data_that_can_be_read(count: int, number: int) -> None:
    made, rows = account(flows(count), number)
    assert list(made)[:-1] == [flow.slug for flow in flows(count)]
    assert count < 2 or Scenario.EQUAL in made.values()
    assert count == 0 or any(differences(latest(rows, flow.slug), FIELDS) for flow in flows(count))
    for row in rows:
        assert isinstance(document.parse_data(row["data"]).value, dict)


def test_ids_look_like_the_vendors_and_grow_with_versions() -> None:
    _, rows = account(flows(40))
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert all(4 <= len(str(number)) <= 6 for number in ids)
    assert ids != list(range(ids[0], ids[0] + len(ids)))
    assert sorted(rows, key=lambda row: (row["slug"], row["id"])) == sorted(
        rows, key=lambda row: (row["slug"], row["version"])
    )


def test_an_archived_version_was_archived_when_its_successor_came() -> None:
    _, rows = account(flows(10))
    created = {(row["slug"], row["version"]): row["createdAt"] for row in rows}
    archived = [row for row in rows if row["status"] == "ARCHIVED"]
    assert archived
    assert all(row["archivedAt"] == created[row["slug"], row["version"] + 1] for row in archived)


def test_the_same_flows_and_number_give_the_same_account() -> None:
    assert account(flows(12), 5) == account(flows(12)[::-1], 5)


def test_another_number_gives_another_account() -> None:
    assert account(flows(12), 1)[1] != account(flows(12), 2)[1]


def test_an_account_that_holds_flows_is_left_as_it_is(emulator: Emulator) -> None:
    before = emulator.store.page(0, 100)
    assert seed(emulator, flows(3)) == {}
    assert emulator.store.page(0, 100) == before


def test_a_file_that_asks_for_a_draft_gets_one() -> None:
    given_flows = [SeedFlow(flow.slug, flow.fields, Target.DRAFT) for flow in flows(4)]
    _, rows = account(given_flows)
    assert all(statuses(rows, flow.slug) == ["ACTIVE", "DRAFT"] for flow in given_flows)


def test_a_flow_that_states_nothing_gets_something_plausible_and_stays_equal() -> None:
    made, rows = account([SeedFlow("flow_quiet_hours", {})])
    row = latest(rows, "flow_quiet_hours")
    assert made["flow_quiet_hours"] is Scenario.EQUAL
    assert (row["name"], row["type"], row["active"], row["targetingLogic"]) == (
        "Quiet hours",
        "ANNOUNCEMENT",
        True,
        None,
    )
    assert document.parse_data(row["data"]).value == {
        "steps": [
            {"id": "welcome", "title": "Quiet hours", "primaryButton": {"title": "Got it", "action": "flow.complete"}}
        ]
    }


CHANGED: Final = {Scenario.OLDER, Scenario.DASHBOARD}
SPARSE: Final[tuple[Mapping[FieldName, JsonValue], ...]] = (
    {"name": "Only a name"},
    {"active": False},
    {"description": "Only a description"},
    {"targetingLogic": "user.isGuest()"},
    {"data": "title: Only a heading\n"},
    {"data": "steps:\n- id: a\n  title: Only a step\n"},
    {"data": '{"steps": [{"id": "a", "title": "JSON text"}]}'},
)


@pytest.mark.parametrize("fields", SPARSE)
@pytest.mark.parametrize("number", range(3))
def test_a_flow_that_states_little_differs_in_what_it_states(
    fields: Mapping[FieldName, JsonValue], number: int
) -> None:
    made, rows = account([SeedFlow("flow_a", fields)], number)
    assert made["flow_a"] is Scenario.OLDER
    assert differences(latest(rows, "flow_a"), fields) == set(fields)


ODD: Final[tuple[Mapping[FieldName, JsonValue], ...]] = (
    {"data": "steps: [", "name": None},
    {"data": "steps: 7\n", "active": None},
    {"data": "steps: [7]\n", "type": 7},
    {"data": "- just\n- a list\n", "targetingLogic": ""},
    {"data": "title: ''\nsteps: []\n", "description": ""},
    {"data": "steps:\n- id: a\n  primaryButton: 7\n  title: ''\n", "name": "  "},
    {"data": None, "type": "POPUP"},
)


@pytest.mark.parametrize("fields", ODD)
@pytest.mark.parametrize("number", range(5))
def test_odd_fields_do_no_harm(fields: Mapping[FieldName, JsonValue], number: int) -> None:
    given_flows = [SeedFlow(f"flow_{name}", fields) for name in "abcde"]
    _, rows = account(given_flows, number)
    assert {row["slug"] for row in rows} >= {flow.slug for flow in given_flows}


@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z", "S"]), max_size=20), min_size=6
    ),
    number=st.integers(0, 20),
)
def test_whatever_the_texts_each_flow_is_as_its_scenario_says(texts: list[str], number: int) -> None:
    step: JsonValue = {"id": "a", "title": texts[0], "subtitle": texts[1], "primaryButton": {"title": texts[2]}}
    fields: dict[FieldName, JsonValue] = {
        "name": texts[3],
        "description": texts[4],
        "targetingLogic": texts[5],
        "data": document.dump({"steps": [step, {"id": "b", "title": texts[0]}]}),
    }
    made, rows = account(flows(9, fields), number)
    for flow in flows(9):
        stated = {name: value for name, value in fields.items() if name != "name" or value}
        differs = bool(differences(latest(rows, flow.slug), stated))
        assert made[flow.slug] is Scenario.DRAFT or differs == (made[flow.slug] in CHANGED)


def test_a_thousand_flows_are_listed_without_a_visible_pause() -> None:
    with Emulator(None, clock=SteppingClock(), readings=[Reading.PAGING_WINDOWS]) as emulator:
        seed(emulator, flows(1_000))
        fastest = min(_seconds_to_list(emulator) for _ in range(3))
    assert fastest < 0.25


def _seconds_to_list(emulator: Emulator) -> float:
    """Of this thread's own work: what else the machine does at the time does not count."""
    started = time.thread_time()
    for offset in range(0, 1_000, 100):
        assert len(ask(emulator.handle, "GET", f"/v1/public/flows?offset={offset}").body["data"]) > 90
    return time.thread_time() - started
