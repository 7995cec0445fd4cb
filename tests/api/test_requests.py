"""What goes over the wire when all is well."""

from __future__ import annotations

import gzip
import inspect
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from flowsync import __version__
from flowsync.api.client import open_client
from flowsync.api.endpoints import Access, Method, find_missing, list_flows, reread, write
from flowsync.api.messages import parse_json
from flowsync.config import SANDBOX_URL, Key, Timeouts
from flowsync.errors import ForbiddenError, NotFoundError, RejectedError
from flowsync.model import JsonValue
from tests.api.support import KEY, client_of, troubled
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    BySlug,
    DataFormat,
    Endpoints,
    FakeConfig,
    Offset,
    fake_frigade,
    row,
    success,
)


def test_a_get_carries_the_key_no_body_and_no_content_type() -> None:
    with troubled() as (server, client):
        client.reader().get("/v1/flows", {"offset": "0", "limit": "100"})
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.query, seen.body) == ("GET", "/v1/flows", {"offset": "0", "limit": "100"}, b"")
    assert seen.headers["authorization"] == f"Bearer {PRIVATE_KEY}"
    assert seen.headers["user-agent"] == f"flowsync/{__version__}"
    assert seen.headers["accept"] == "application/json"
    assert "content-type" not in seen.headers


def test_a_put_is_json_and_gives_the_row_that_came_back() -> None:
    with troubled() as (server, client):
        written = write(client.writer(), 1, {"name": "Grüße \ud83d\ude00", "active": False})
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.headers["content-type"]) == ("PUT", "/v1/flows/1", "application/json")
    assert seen.json == {"name": "Grüße \U0001f600", "active": False}
    assert written is not None
    assert written.fields["name"] == "Grüße \U0001f600"


def test_the_user_agent_can_be_another() -> None:
    with (
        fake_frigade() as server,
        open_client(api_url=server.url, key=KEY, timeouts=Timeouts(), user_agent="Mozilla/5.0") as client,
    ):
        client.reader().get("/v1/flows", {})
    assert server.requests[0].headers["user-agent"] == "Mozilla/5.0"


def test_a_path_below_the_root_of_the_host_is_kept() -> None:
    with fake_frigade() as server, client_of(f"{server.url}/base/") as client, pytest.raises(NotFoundError):
        client.reader().get("/v1/flows", {})
    assert server.requests[0].path == "/base/v1/flows"


def test_a_reader_offers_nothing_that_writes() -> None:
    with fake_frigade() as server, client_of(server.url) as client:
        methods = [name for name, _ in inspect.getmembers(client.reader()) if not name.startswith("_")]
    assert methods == ["get"]


def test_a_writer_can_read_too() -> None:
    with troubled() as (_, client):
        assert client.writer().get("/v1/flows/flow_a", {}) == client.reader().get("/v1/flows/flow_a", {})


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_write_answered_with_nothing_is_told_as_none(body: bytes) -> None:
    with troubled(success(body)) as (_, client):
        assert write(client.writer(), 1, {"name": "B"}) is None


def test_many_threads_share_one_client_and_its_connections() -> None:
    rows = [row(number, f"flow_{number}") for number in range(1, 251)]
    with fake_frigade(FakeConfig(), rows) as server, client_of(server.url) as client, ThreadPoolExecutor(8) as pool:
        listing = list_flows(client.reader(), Access.PRIVATE, pool.map)
        written = list(pool.map(lambda flow: write(client.writer(), flow.id, {"name": flow.slug}), listing.rows))
    assert [flow.id for flow in listing.rows] == list(range(1, 251))
    assert [each and each.fields["name"] for each in written] == [flow.slug for flow in listing.rows]
    assert server.connections <= 8


@pytest.mark.parametrize("endpoints", Endpoints)
@pytest.mark.parametrize("offset", Offset)
@pytest.mark.parametrize("data", DataFormat)
def test_every_flow_is_found_and_reread_on_every_kind_of_server(
    endpoints: Endpoints, offset: Offset, data: DataFormat
) -> None:
    slugs = [f"flow_{number}" for number in range(1, 121)]
    rows = [row(number, slug) for number, slug in enumerate(slugs, start=1)]
    config = FakeConfig(endpoints=endpoints, offset=offset, data=data, unlisted=frozenset({"flow_3"}))
    with fake_frigade(config, rows) as server, client_of(server.url) as client:
        reader = client.reader()
        found = find_missing(reader, list_flows(reader, Access.PRIVATE), [*slugs, "flow_gone"])
        fresh = reread(reader, "flow_3", 3, access=Access.PRIVATE)
    assert {flow.slug for flow in found.rows} == set(slugs)
    assert [flow.id for flow in fresh] == [3]
    assert server.writes == []


@pytest.mark.parametrize("by_slug", BySlug)
def test_a_draft_is_reread_on_a_server_with_documented_endpoints_only(by_slug: BySlug) -> None:
    rows = [row(1, "flow_a"), row(2, "flow_a", version=2, status="DRAFT")]
    config = FakeConfig(endpoints=Endpoints.DOCUMENTED, by_slug=by_slug)
    with fake_frigade(config, rows) as server, client_of(server.url) as client:
        fresh = reread(client.reader(), "flow_a", 2, access=Access.PRIVATE)
    assert 2 in {flow.id for flow in fresh}


def test_a_public_key_reads_and_does_not_write() -> None:
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        with client_of(server.url, key=Key(PUBLIC_KEY, "FRIGADE_PUBLIC_API_KEY")) as client:
            assert len(list_flows(client.reader(), Access.PUBLIC).rows) == 1
            with pytest.raises(ForbiddenError):
                write(client.writer(), 1, {"name": "B"})
        assert server.row(1)["name"] == "Flow a"


def test_a_packed_answer_is_unpacked() -> None:
    def handler(_: str, __: str, headers: Mapping[str, str], ___: bytes) -> tuple[int, dict[str, str], bytes]:
        assert headers["accept-encoding"] == "gzip"
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"data": []}')

    with client_of(SANDBOX_URL, handler=handler) as client:
        assert client.reader().get("/v1/flows", {}) == {"data": []}


def test_a_handler_takes_the_place_of_the_network() -> None:
    seen: list[tuple[str, str, str, bytes]] = []

    def handler(method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        seen.append((method, target, headers["authorization"], body))
        return 200, {"Content-Type": "application/json"}, json.dumps({"method": method}).encode()

    with client_of(SANDBOX_URL, handler=handler) as client:
        assert client.reader().get("/v1/flows/a%2Fb", {"version": "1"}) == {"method": "GET"}
        assert client.writer().send(Method.PUT, "/v1/flows/1", {"name": "B"}) == {"method": "PUT"}
    bearer = f"Bearer {PRIVATE_KEY}"
    assert seen == [("GET", "/v1/flows/a%2Fb?version=1", bearer, b""), ("PUT", "/v1/flows/1", bearer, b'{"name": "B"}')]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'["\\ud83d", "\\udE00x", {"\\udc00": 1}]', ["\ufffd", "\ufffdx", {"\ufffd": 1}]),
        (b"null", None),
    ],
)
def test_json_is_read_into_text_that_can_always_be_written_again(body: bytes, value: JsonValue) -> None:
    with troubled(success(body)) as (_, client):
        assert client.reader().get("/v1/flows", {}) == value


def test_no_depth_of_json_is_a_crash() -> None:
    for depth in range(700, 1_100):
        with suppress(ValueError):
            parse_json(b"[" * depth + b'"\\ud800"' + b"]" * depth)


def test_netrc_does_not_take_the_place_of_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with troubled() as (server, client):
        client.reader().get("/v1/flows", {})
    assert server.requests[0].headers["authorization"] == f"Bearer {PRIVATE_KEY}"


def test_unencrypted_requests_never_go_by_way_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_frigade() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with troubled() as (server, client):
            client.reader().get("/v1/flows", {})
    assert (len(server.requests), proxy.requests) == (1, [])


def test_a_refused_write_changes_nothing_and_says_what_the_server_said() -> None:
    with troubled() as (server, client):
        with pytest.raises(RejectedError, match=r'It said: "Unbalanced parentheses in targetingLogic"'):
            write(client.writer(), 1, {"targetingLogic": "(("})
        assert server.row(1)["targetingLogic"] is None
