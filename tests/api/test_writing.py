"""The endpoints that write: against the emulator over HTTP, and what is made of answers that show nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from flowsync.api.client import Client
from flowsync.api.endpoints import (
    Access,
    ArchiveBehavior,
    FlowWriter,
    Method,
    activate,
    create,
    delete,
    has_draft,
    is_taken,
    new_version,
    versions,
    write,
)
from flowsync.config import Key
from flowsync.errors import ApiError, NotFoundError, RejectedError, ServerError
from flowsync.model import JsonValue, LiveFlow
from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.server import PRIVATE_KEY, Request, Response, serve
from tests.api.readers import CannedWriter, raw
from tests.api.support import client_of

NEW: dict[str, JsonValue] = {"slug": "flow_new", "name": "New", "data": "steps: []\n", "type": "CARD", "active": False}


@contextmanager
def served(*readings: Reading) -> Iterator[tuple[Client, list[Request]]]:
    """A client of an empty account, and the requests that reach it."""
    seen: list[Request] = []
    with Emulator(None, readings=readings) as emulator:

        def handle(request: Request) -> Response:
            seen.append(request)
            return emulator.handle(request)

        with serve(handle) as server, client_of(server.url, key=Key(PRIVATE_KEY, "the sandbox")) as client:
            yield client, seen


def statuses(client: Client) -> dict[int, str]:
    return {row.version: row.status for row in versions(client.reader(), "flow_new", Access.PRIVATE).rows}


def test_a_flow_is_created_copied_published_and_deleted() -> None:
    with served() as (client, seen):
        writer = client.writer()
        made = create(writer, NEW)
        assert made is not None
        assert (made.slug, made.version, made.status, made.fields["active"]) == ("flow_new", 1, "ACTIVE", False)
        draft = new_version(writer, made.id)
        assert draft is not None
        assert (draft.slug, draft.version, draft.status) == ("flow_new", 2, "DRAFT")
        assert draft.id != made.id
        published = activate(writer, draft.id, ArchiveBehavior.RESTART_ALL)
        assert published is not None
        assert (published.id, published.status) == (draft.id, "ACTIVE")
        assert statuses(client) == {1: "ARCHIVED", 2: "ACTIVE"}
        delete(writer, made.id)
        assert statuses(client) == {2: "ACTIVE"}
    without_body = [request for request in seen if not request.body]
    assert {request.method for request in without_body} == {"GET", "DELETE"}
    assert all("content-type" not in request.headers for request in without_body)
    assert [request.body for request in seen if request.target.endswith("/versions") and request.body] == [b"{}"]


def test_what_the_server_does_not_do_is_an_error_that_says_which() -> None:
    with served() as (client, _):
        writer = client.writer()
        made = create(writer, NEW)
        assert made is not None
        with pytest.raises(RejectedError) as taken:
            create(writer, NEW)
        new_version(writer, made.id)
        with pytest.raises(RejectedError) as drafted:
            new_version(writer, made.id)
        with pytest.raises(ServerError) as not_a_draft:
            activate(writer, made.id, ArchiveBehavior.EXIT)
        with pytest.raises(NotFoundError) as gone:
            delete(writer, 999)
        errors: list[ApiError] = [taken.value, drafted.value, not_a_draft.value, gone.value]
        assert [is_taken(error) for error in errors if error is not drafted.value] == [True, False, False]
        assert [has_draft(error) for error in errors] == [False, True, False, False]
        assert [error.may_have_effect for error in errors] == [False, False, True, False]


@pytest.mark.parametrize("reading", [Reading.WRITE_BY_SLUG_NULL, Reading.WRITE_BY_SLUG_404])
def test_a_null_in_place_of_the_row_shows_nothing(reading: Reading) -> None:
    with served(*settled([reading])) as (client, _):
        create(client.writer(), NEW)
        if reading is Reading.WRITE_BY_SLUG_NULL:
            assert client.writer().send(Method.POST, "/v1/flows/flow_new/versions", {}) is None
            assert client.writer().send(Method.PUT, "/v1/flows/flow_new", {"name": "B"}) is None
        else:
            with pytest.raises(NotFoundError):
                client.writer().send(Method.POST, "/v1/flows/flow_new/versions", {})
        assert statuses(client) == {1: "ACTIVE"}


def test_a_write_goes_to_the_numeric_id_and_gives_the_row_that_came_back() -> None:
    writer = CannedWriter(raw(5))
    row = write(writer, 5, {"name": "B"})
    assert writer.written == [(Method.PUT, "/v1/flows/5", {"name": "B"})]
    assert row is not None
    assert (row.id, row.slug) == (5, "flow_a")


WRITES: dict[str, Callable[[FlowWriter], LiveFlow | None]] = {
    "write": lambda writer: write(writer, 5, {"name": "B"}),
    "create": lambda writer: create(writer, NEW),
    "new version": lambda writer: new_version(writer, 5),
    "activate": lambda writer: activate(writer, 5, ArchiveBehavior.EXIT),
}


@pytest.mark.parametrize("name", WRITES)
def test_an_answer_that_is_no_flow_shows_nothing(name: str) -> None:
    answers: list[JsonValue] = [None, {}, [], "OK", {"success": True}, {"id": 5}]
    for answer in answers:
        writer = CannedWriter(answer)
        assert WRITES[name](writer) is None
        assert len(writer.written) == 1
