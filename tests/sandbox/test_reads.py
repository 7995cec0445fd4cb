"""What the API answers when asked: lists, pages, versions, and which fields whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from flowsync.sandbox.emulator import Emulator
from flowsync.sandbox.values import PRIVATE_KEY, PUBLIC_KEY
from tests.sandbox.account import ACTIVE, ARCHIVED, DATA, DRAFT, SWITCHED_OFF, SteppingClock, ask

DOCUMENTED: Final = {
    *("id", "slug", "version", "status", "name", "type"),
    *("targetingLogic", "data", "codeSnippet", "createdAt", "modifiedAt"),
}
SDK: Final = {"x-frigade-sdk-version": "2.7.0"}
MANY: Final = 250


@pytest.fixture(scope="module")
def crowded() -> Iterator[Emulator]:
    """An account with more flows than two pages hold."""
    with Emulator(None, clock=SteppingClock()) as emulator:
        for number in range(MANY):
            body = {"name": f"Flow {number}", "slug": f"flow_{number}", "data": DATA, "active": True}
            assert ask(emulator.handle, "POST", "/v1/flows", body).status == 201
        yield emulator


@pytest.mark.parametrize("key", [PUBLIC_KEY, PRIVATE_KEY])
def test_the_public_list_opens_to_both_keys_and_holds_documented_fields_only(key: str, emulator: Emulator) -> None:
    answer = ask(emulator.handle, "GET", "/v1/public/flows", key=key)
    assert (answer.status, answer.body["offset"], answer.body["limit"]) == (200, 0, 100)
    assert [set(flow) for flow in answer.body["data"]] == [DOCUMENTED]


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
    private = {"active", "description", "triggerType", "completionBehavior", "publishedAt", "archivedAt"}
    assert set(flows[0]) == DOCUMENTED | private | {"internalData"}
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


@pytest.mark.parametrize(("slug", "found"), [("flow_welcome", ACTIVE), ("flow_off", SWITCHED_OFF)])
def test_a_slug_is_answered_publicly_with_its_published_row_on_or_off(
    slug: str, found: int, emulator: Emulator
) -> None:
    answer = ask(emulator.handle, "GET", f"/v1/public/flows/{slug}", key=PUBLIC_KEY)
    assert (answer.status, answer.body["id"], set(answer.body)) == (200, found, DOCUMENTED)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("flow_welcome", ACTIVE),
        (str(DRAFT), DRAFT),
        (str(ARCHIVED), ARCHIVED),
        ("flow_welcome?version=1", ARCHIVED),
        ("flow_welcome?version=3", DRAFT),
        (f"{DRAFT}?version=2", ACTIVE),
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
    rows = ask(emulator.handle, "GET", "/v1/flows/flow_welcome/versions").body
    assert [(row["id"], row["slug"], row["version"], row["status"]) for row in rows] == [
        (DRAFT, "flow_welcome", 3, "DRAFT"),
        (ACTIVE, "flow_welcome", 2, "ACTIVE"),
        (ARCHIVED, "flow_welcome", 1, "ARCHIVED"),
    ]


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
