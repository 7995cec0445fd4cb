"""Faults at will: in this process, over HTTP, and as the command line names them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.faults import ALWAYS, LATENESS, PEOPLE, Fault, FaultKind, Faulty, dashboard, parse_fault
from flowsync.sandbox.seeds import SeedFlow, seed
from flowsync.sandbox.server import PRIVATE_KEY, Delivery, Handler, Request, embedded, serve

DATA = "steps:\n  - {id: a, title: Get started, subtitle: Now, primaryButton: {title: Next}}\n"
AUTH = {"authorization": f"Bearer {PRIVATE_KEY}"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(None) as account:
        seed(
            account, [SeedFlow("flow_a", {"name": "A", "data": DATA}), SeedFlow("flow_b", {"name": "B", "data": DATA})]
        )
        yield account


def only_row(emulator: Emulator, slug: str = "flow_a") -> int:
    return emulator.store.versions(slug)[0].id


def put(handler: Handler, row_id: int, name: str = "Written") -> object:
    body = json.dumps({"name": name}).encode()
    headers = {**AUTH, "content-type": "application/json"}
    return handler(Request("PUT", f"/v1/flows/{row_id}", headers, body))


def get(path: str) -> Request:
    return Request("GET", path, AUTH, b"")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("500-after", Fault(FaultKind.SERVER_ERROR_AFTER)),
        ("500", Fault(FaultKind.SERVER_ERROR_BEFORE)),
        ("429:3", Fault(FaultKind.RATE_LIMITED, times=3)),
        ("429:always", Fault(FaultKind.RATE_LIMITED, times=ALWAYS)),
        ("reset:/v1/flows/*", Fault(FaultKind.RESET_BEFORE, path="/v1/flows/*")),
        ("hang:/v1/flows/12:always", Fault(FaultKind.HANG_BEFORE, path="/v1/flows/12", times=ALWAYS)),
        ("edit:GET *versions:2", Fault(FaultKind.EDIT, "GET", "*versions", 2)),
        ("slow::4", Fault(FaultKind.SLOW, times=4)),
        ("truncated:PUT", Fault(FaultKind.TRUNCATED, "PUT")),
    ],
)
def test_the_command_line_names_a_fault(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "501", "500-After", ":/v1/flows"])
def test_what_is_no_fault_is_told_with_every_kind(text: str) -> None:
    with pytest.raises(ValueError, match="is not KIND") as caught:
        parse_fault(text)
    assert all(kind.value in str(caught.value) for kind in FaultKind)


LANDS = {kind for kind in FaultKind if kind.value.endswith("-after")} | {
    FaultKind.TRUNCATED,
    FaultKind.WRONG_JSON,
    FaultKind.SLOW,
    FaultKind.STALE,
    *PEOPLE,
}


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.DELETE])
def test_a_fault_strikes_as_often_as_it_says_and_before_or_after_the_effect(
    emulator: Emulator, kind: FaultKind
) -> None:
    row_id = only_row(emulator)
    told: list[str] = []
    handler = Faulty(emulator.handle, [Fault(kind, "PUT", times=2)], dashboard(emulator), told.append)
    handler(get("/v1/flows"))
    for number in range(3):
        before = emulator.store.find(row_id)
        answer = put(handler, row_id, f"Written {number}")
        after = emulator.store.find(row_id)
        assert before is not None
        assert after is not None
        struck = number < 2
        plain = getattr(answer, "status", 0) == 200 and getattr(answer, "delivery", None) is Delivery.WHOLE
        assert plain == (
            not struck or kind in {FaultKind.WRONG_JSON, FaultKind.GRAPHQL_ERRORS, FaultKind.STALE, *PEOPLE}
        )
        assert (after.name == f"Written {number}") == (not struck or kind in LANDS)
        assert (after.data != before.data) == (struck and kind is FaultKind.EDIT)
    assert told == [f"{kind.value} strikes PUT /v1/flows/{row_id}"] * 2


def test_a_late_write_is_carried_out_after_a_few_requests_and_a_stale_answer_is_an_earlier_one(
    emulator: Emulator,
) -> None:
    row_id, late = only_row(emulator), LATENESS[0]
    faults = [Fault(FaultKind.SERVER_ERROR_LATE, "PUT"), Fault(FaultKind.STALE, "GET", after=late)]
    handler = Faulty(emulator.handle, faults, dashboard(emulator), now=emulator.snapshot)
    assert getattr(put(handler, row_id, "Late"), "status", 0) == 500
    answers = [handler(get("/v1/flows/flow_a")).body for _ in range(late + 2)]
    assert [b"Late" in answer for answer in answers] == [False] * (late - 1) + [True, False, True]


def test_a_draft_is_begun_by_somebody_else_and_only_once(emulator: Emulator) -> None:
    handler = Faulty(emulator.handle, [Fault(FaultKind.DRAFT, times=2)], dashboard(emulator))
    for _ in range(2):
        handler(get("/v1/flows/flow_a/versions"))
    assert [row.status.value for row in emulator.store.versions("flow_a")] == ["DRAFT", "ACTIVE"]


def statuses(emulator: Emulator, slug: str) -> list[str]:
    return [row.status.value for row in emulator.store.versions(slug)]


def new_flow(slug: str) -> Request:
    body = json.dumps({"slug": slug, "name": "Mine", "data": DATA}).encode()
    return Request("POST", "/v1/flows", {**AUTH, "content-type": "application/json"}, body)


def test_somebody_creates_a_flow_right_before_it_is_asked_for_or_created(emulator: Emulator) -> None:
    handler = Faulty(emulator.handle, [Fault(FaultKind.CREATE, times=4)], dashboard(emulator))
    assert b"already exists" in handler(new_flow("flow_new")).body
    assert handler(get("/v1/flows/flow_newer")).status == 200
    before = emulator.store.page()
    assert [handler(get(path)).status for path in ("/v1/flows/flow_a", "/v1/flows")] == [200, 200]
    assert emulator.store.page() == before
    assert [row.name for slug in ("flow_new", "flow_newer") for row in emulator.store.versions(slug)] == [
        "New",
        "Newer",
    ]


def test_somebody_publishes_the_draft_if_there_is_one(emulator: Emulator) -> None:
    handler = Faulty(emulator.handle, [Fault(FaultKind.PUBLISH, times=3)], dashboard(emulator))
    handler(get("/v1/flows/flow_a"))
    assert statuses(emulator, "flow_a") == ["ACTIVE"]
    dashboard(emulator)(get("/v1/flows/flow_a"), FaultKind.DRAFT)
    handler(get(f"/v1/flows/{only_row(emulator)}"))
    handler(get("/v1/flows"))
    assert statuses(emulator, "flow_a") == ["ACTIVE", "ARCHIVED"]


def test_somebody_deletes_every_version_of_a_flow(emulator: Emulator) -> None:
    dashboard(emulator)(get("/v1/flows/flow_a"), FaultKind.DRAFT)
    row_id = only_row(emulator)
    handler = Faulty(emulator.handle, [Fault(FaultKind.DELETE, "PUT")], dashboard(emulator))
    assert getattr(put(handler, row_id), "status", 0) == 404
    assert statuses(emulator, "flow_a") == []
    assert statuses(emulator, "flow_b") != []


def test_a_fault_can_spare_the_first_requests_and_faults_take_turns(emulator: Emulator) -> None:
    faults = [Fault(FaultKind.HTML_403, times=1), Fault(FaultKind.RATE_LIMITED, times=1, after=1)]
    handler = Faulty(emulator.handle, faults, dashboard(emulator))
    assert [handler(get("/v1/flows")).status for _ in range(4)] == [403, 200, 429, 200]


def test_an_edit_and_a_failure_strike_together(emulator: Emulator) -> None:
    row_id = only_row(emulator)
    before = emulator.store.find(row_id)
    faults = [Fault(FaultKind.SERVER_ERROR_BEFORE), Fault(FaultKind.EDIT)]
    answer = put(Faulty(emulator.handle, faults, dashboard(emulator)), row_id)
    assert getattr(answer, "status", 0) == 500
    assert emulator.store.find(row_id) != before


@pytest.mark.parametrize(
    "target", ["/v1/flows?limit=1", "/v1/flows/flow_a", "/v1/public/flows/flow_a", "/v1/flows/flow_a/versions", "id"]
)
def test_an_edit_changes_the_flow_that_a_request_is_about(emulator: Emulator, target: str) -> None:
    row_id = only_row(emulator)
    path = f"/v1/flows/{row_id}" if target == "id" else target
    edit = dashboard(emulator)
    seen = [emulator.store.versions("flow_a")]
    for _ in range(4):
        edit(get(path), FaultKind.EDIT)
        seen.append(emulator.store.versions("flow_a"))
    assert all(before != after for before, after in pairwise(seen))


def test_an_edit_of_nothing_changes_nothing(emulator: Emulator) -> None:
    before = emulator.store.page(0, 100)
    for path in ("/v1/flows/nothing", "/v1/flows/99999999"):
        dashboard(emulator)(get(path), FaultKind.EDIT)
    assert emulator.store.page(0, 100) == before


def test_a_flow_with_nothing_to_reword_gets_another_name() -> None:
    with Emulator(None) as emulator:
        seed(emulator, [SeedFlow("flow_a", {"name": "", "data": "steps: []\n"})])
        before = emulator.store.versions("flow_a")
        dashboard(emulator)(get("/v1/flows/flow_a"), FaultKind.EDIT)
        assert emulator.store.versions("flow_a") != before


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RESET_AFTER, ConnectionResetError),
        (FaultKind.TRUNCATED, ConnectionResetError),
        (FaultKind.HANG_BEFORE, TimeoutError),
    ],
)
def test_in_this_process_a_broken_connection_is_raised(
    emulator: Emulator, kind: FaultKind, error: type[OSError]
) -> None:
    handle = embedded(Faulty(emulator.handle, [Fault(kind)], dashboard(emulator)))
    with pytest.raises(error):
        handle("GET", "/v1/flows", AUTH, b"")
    status, _, body = handle("GET", "/v1/flows", AUTH, b"")
    assert (status, b"flow_a" in body) == (200, True)


@contextmanager
def connected(emulator: Emulator, fault: Fault) -> Iterator[http.client.HTTPConnection]:
    with serve(Faulty(emulator.handle, [fault], dashboard(emulator))) as server:
        address = urlsplit(server.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=0.3)
        try:
            yield connection
        finally:
            connection.close()


def fetched(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/v1/flows", headers={"Authorization": f"Bearer {PRIVATE_KEY}"})
    return connection.getresponse().read()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RESET_BEFORE, ConnectionError),
        (FaultKind.RESET_AFTER, ConnectionError),
        (FaultKind.HANG_BEFORE, TimeoutError),
        (FaultKind.HANG_AFTER, TimeoutError),
        (FaultKind.TRUNCATED, http.client.IncompleteRead),
    ],
)
def test_over_http_a_broken_connection_is_broken(emulator: Emulator, kind: FaultKind, error: type[Exception]) -> None:
    with connected(emulator, Fault(kind)) as connection:
        with pytest.raises(error):
            fetched(connection)
        connection.close()
        assert b"flow_a" in fetched(connection)


def test_over_http_slow_bytes_come_whole_in_the_end(emulator: Emulator) -> None:
    with connected(emulator, Fault(FaultKind.SLOW)) as connection:
        slow = fetched(connection)
        assert slow == fetched(connection)


def test_a_reset_is_a_reset_and_not_an_end(emulator: Emulator) -> None:
    with serve(Faulty(emulator.handle, [Fault(FaultKind.RESET_BEFORE)], dashboard(emulator))) as server:
        address = urlsplit(server.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as raw:
            raw.sendall(b"GET /v1/flows HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                raw.recv(1)
