"""What the API answers when asked: lists, pages, versions, and which fields whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.rows import ORGANIZATION_ID
from flowsync.sandbox.server import PRIVATE_KEY, PUBLIC_KEY
from tests.sandbox.account import ACTIVE, ARCHIVED, DATA, DRAFT, SWITCHED_OFF, SteppingClock, ask

PUBLIC: Final = {
    *("id", "slug", "version", "status", "name", "type", "targetingLogic", "data", "createdAt", "modifiedAt"),
    *("active", "description", "triggerType", "completionBehavior"),
}
PRIVATE: Final = {
    *PUBLIC,
    *("codeSnippet", "organizationId", "customerId", "publishedAt", "publishedById", "archivedAt", "archivedById"),
    *("modifiedById", "archiveBehavior", "lastSeenAt", "internalData"),
}
SDK: Final = {"x-frigade-sdk-version": "2.7.0"}
MANY: Final = 250


@pytest.fixture(scope="module")
def crowded() -> Iterator[Emulator]:
    """An account with more flows than two pages hold, and lists that have pages."""
    with Emulator(None, clock=SteppingClock(), readings=[Reading.PAGING_WINDOWS]) as emulator:
        for number in range(MANY):
            body = {"name": f"Flow {number}", "slug": f"flow_{number}", "data": DATA, "active": True}
            assert ask(emulator.handle, "POST", "/v1/flows", body).status == 201
        yield emulator


@pytest.mark.parametrize("key", [PUBLIC_KEY, PRIVATE_KEY])
def test_the_public_list_opens_to_both_keys_and_holds_public_fields_only(key: str, emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", "/v1/public/flows", key=key)
    assert (answer.status, answer.body["offset"], answer.body["limit"]) == (200, 0, 100)
    assert [set(flow) for flow in answer.body["data"]] == [PUBLIC]


@pytest.mark.parametrize(("headers", "listed"), [({}, [ACTIVE]), (SDK, [ACTIVE, SWITCHED_OFF])])
def test_the_public_list_holds_flows_that_are_switched_off_only_with_an_sdk_version(
    headers: dict[str, str], listed: list[int], emulator: Emulator
) -> None:
    assert _ids(emulator, "/v1/public/flows", headers) == listed


def test_the_private_list_holds_all_rows_and_statuses_with_private_fields(emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", "/v1/flows")
    flows = answer.body["data"]
    assert [(flow["id"], flow["status"]) for flow in flows] == [
        (ARCHIVED, "ARCHIVED"),
        (ACTIVE, "ACTIVE"),
        (DRAFT, "DRAFT"),
        (SWITCHED_OFF, "ACTIVE"),
    ]
    assert {*flows[0]} == PRIVATE
    assert {flow["organizationId"] for flow in flows} == {ORGANIZATION_ID}
    assert flows[0]["internalData"]["flowStats"]["numberOfUsersStartedFlow"] == 0
    assert [flow["active"] for flow in flows] == [True, True, True, False]


@pytest.mark.parametrize("path", ["/v1/flows", "/v1/public/flows"])
def test_pages_hold_a_hundred_and_follow_the_offset(path: str, crowded: Emulator) -> None:
    pages = [_ids(crowded, f"{path}?offset={offset}") for offset in (0, 100, 200, 300)]
    assert [len(page) for page in pages] == [100, 100, 50, 0]
    assert len({number for page in pages for number in page}) == MANY


@pytest.mark.parametrize(
    ("query", "offset", "limit", "count"),
    [("?limit=7", 0, 7, 7), ("?limit=1000", 0, 100, 100), ("?limit=20&offset=240", 240, 20, 10), ("?limit=0", 0, 0, 0)],
)
def test_the_envelope_says_which_window_it_is(
    query: str, offset: int, limit: int, count: int, crowded: Emulator
) -> None:
    body = ask(crowded.handle, "GET", f"/v1/flows{query}").body
    assert (body["offset"], body["limit"], len(body["data"])) == (offset, limit, count)


@pytest.mark.parametrize("query", ["offset=-1", "limit=many"])
def test_a_window_is_checked(query: str, crowded: Emulator) -> None:
    assert ask(crowded.handle, "GET", f"/v1/flows?{query}").status == 400


@pytest.mark.parametrize(
    ("slug", "found"), [("flow_welcome", ACTIVE), ("flow_off", SWITCHED_OFF), (str(ACTIVE), ACTIVE), ("4-days", 4)]
)
def test_a_slug_is_answered_publicly_with_its_published_row_on_or_off(
    slug: str, found: int, emulator: Emulator
) -> None:
    answer = ask(emulator.handle, "GET", f"/v1/public/flows/{slug}", key=PUBLIC_KEY)
    assert (answer.status, answer.body["id"], set(answer.body)) == (200, found, PUBLIC)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("flow_welcome", ACTIVE),
        (str(DRAFT), DRAFT),
        (str(ARCHIVED), ARCHIVED),
        ("flow_welcome?version=1", ARCHIVED),
        ("flow_welcome?version=3", DRAFT),
        (f"{DRAFT}-days", DRAFT),
        (f"%20{DRAFT}", DRAFT),
        ("flow%5Fwelcome", ACTIVE),
    ],
)
def test_a_flow_is_read_by_slug_or_id_and_version(target: str, found: int, emulator: Emulator) -> None:
    assert ask(emulator.handle, "GET", f"/v1/flows/{target}").body["id"] == found


def test_a_slug_without_a_published_row_is_answered_with_its_newest(emulator: Emulator) -> None:
    ask(emulator.handle, "DELETE", f"/v1/flows/{ACTIVE}")
    assert ask(emulator.handle, "GET", "/v1/flows/flow_welcome").body["id"] == DRAFT
    assert ask(emulator.handle, "GET", "/v1/public/flows/flow_welcome").status == 404


def test_versions_come_newest_first_with_every_status_and_ids_of_their_own(emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", "/v1/flows/flow_welcome/versions").body
    assert (answer["offset"], answer["limit"]) == (0, 100)
    rows = answer["data"]
    assert [(row["id"], row["slug"], row["version"], row["status"]) for row in rows] == [
        (DRAFT, "flow_welcome", 3, "DRAFT"),
        (ACTIVE, "flow_welcome", 2, "ACTIVE"),
        (ARCHIVED, "flow_welcome", 1, "ARCHIVED"),
    ]


@pytest.mark.parametrize("flow", ["flow_none", str(ACTIVE), f"{ACTIVE}-days"])
def test_an_unknown_slug_and_an_id_have_no_versions(flow: str, emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", f"/v1/flows/{flow}/versions")
    assert (answer.status, answer.body) == (200, {"data": [], "offset": 0, "limit": 100})


def test_a_list_holds_every_row_whatever_it_is_asked_for(emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", "/v1/flows?offset=2&limit=1").body
    assert (answer["offset"], answer["limit"], len(answer["data"])) == (0, 100, 4)


def test_times_are_iso_8601_in_utc(emulator: Emulator) -> None:
    flow = ask(emulator.handle, "GET", f"/v1/flows/{SWITCHED_OFF}").body
    assert flow["createdAt"] == "2026-01-31T12:00:05.000Z"


@pytest.mark.parametrize(
    ("kind", "snippet"),
    [("TOUR", '<Frigade.Tour flowId="flow_welcome" />'), ("CUSTOM", '<Frigade.Flow flowId="flow_welcome" />')],
)
def test_a_code_snippet_is_filled_in_by_the_server(kind: str, snippet: str, emulator: Emulator) -> None:
    assert ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"type": kind}).body["codeSnippet"] == snippet


def _ids(emulator: Emulator, target: str, headers: dict[str, str] | None = None) -> list[int]:
    return [flow["id"] for flow in ask(emulator.handle, "GET", target, headers=headers).body["data"]]
