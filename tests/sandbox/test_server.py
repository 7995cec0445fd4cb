"""The same over real HTTP: keep-alive, limits, malformed requests, clients that go away."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Final

import httpx
import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.server import MAX_BODY_BYTES, PRIVATE_KEY, Request, Response, Server, serve, with_latency
from tests.sandbox.account import ACTIVE, ask

DELAYED_ACKNOWLEDGEMENT: Final = 0.04
"""Seconds that a system waits before it acknowledges a packet by itself."""

AUTHORIZED: Final = {"Authorization": f"Bearer {PRIVATE_KEY}"}


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    with serve(emulator.handle) as server:
        yield server


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is printed, whatever happens to a connection."""
    yield
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")


@contextmanager
def connection(server: Server) -> Iterator[socket.socket]:
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        yield sock


def answer_to(server: Server, raw: bytes) -> bytes:
    """Everything that comes back until the server closes the connection."""
    with connection(server) as sock:
        sock.sendall(raw)
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def test_what_comes_over_the_wire_is_what_the_handler_answers(server: Server, emulator: Emulator) -> None:
    response = httpx.get(f"{server.url}/v1/flows?limit=2", headers=AUTHORIZED)
    assert response.json() == ask(emulator.handle, "GET", "/v1/flows?limit=2").body
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_one_connection_is_kept_alive_for_every_kind_of_request(server: Server) -> None:
    with closing(http.client.HTTPConnection(*_address(server), timeout=10)) as client:
        seen = set()
        for method, path, body, status in (
            ("GET", "/v1/flows", None, 200),
            ("PUT", f"/v1/flows/{ACTIVE}", {"name": "Grüße"}, 200),
            ("GET", "/v1/flows/", None, 404),
            ("PATCH", f"/v1/flows/{ACTIVE}", {}, 404),
            ("DELETE", f"/v1/flows/{ACTIVE}", None, 204),
            ("HEAD", "/v1/flows", None, 404),
            ("POST", "/v1/flows", {"name": "New", "data": "steps: []"}, 201),
        ):
            headers = AUTHORIZED | ({"Content-Type": "application/json"} if body is not None else {})
            client.request(method, path, None if body is None else json.dumps(body), headers)
            response = client.getresponse()
            response.read()
            assert response.status == status
            assert client.sock is not None
            seen.add(client.sock.getsockname())
    assert len(seen) == 1


def test_many_connections_are_served_at_once(server: Server) -> None:
    def put(number: int) -> int:
        body = {"description": str(number)}
        return client.put(f"{server.url}/v1/flows/{ACTIVE}", json=body, headers=AUTHORIZED).status_code

    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(20) as pool:
        assert set(pool.map(put, range(200))) == {200}


def test_a_kept_alive_connection_does_not_wait_for_acknowledgements(server: Server) -> None:
    seconds = []
    with httpx.Client(headers=AUTHORIZED) as client:
        for _ in range(25):
            started = time.perf_counter()
            client.get(f"{server.url}/v1/flows/{ACTIVE}")
            seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < DELAYED_ACKNOWLEDGEMENT


def test_a_body_over_the_limit_is_a_413_that_the_client_gets_to_read(server: Server) -> None:
    response = httpx.put(f"{server.url}/v1/flows/{ACTIVE}", content=b"x" * (MAX_BODY_BYTES + 1), headers=AUTHORIZED)
    assert response.status_code == 413
    assert response.json()["statusCode"] == 413
    assert response.headers["connection"] == "close"


def test_a_body_of_exactly_the_limit_reaches_the_handler() -> None:
    with serve(lambda request: Response(200, {}, str(len(request.body)).encode())) as server:
        assert httpx.put(server.url, content=b"x" * MAX_BODY_BYTES, timeout=30).text == str(MAX_BODY_BYTES)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"PUT / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", 413),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET /v1/flows HTTP/1.0\r\n\r\n", 403),
        (b"GET /\xff\x00\x1b[31m HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
    ],
)
def test_a_malformed_request_is_answered_in_json_and_ends_its_connection(
    raw: bytes, status: int, server: Server
) -> None:
    head, _, body = answer_to(server, raw).partition(b"\r\n\r\n")
    assert head.split()[:2] == [b"HTTP/1.1", str(status).encode()]
    assert json.loads(body)["statusCode"] == status


@pytest.mark.parametrize("raw", [b"", b"GET", b"PUT / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf of it"])
def test_a_client_that_goes_away_leaves_the_server_well(raw: bytes, server: Server) -> None:
    with connection(server) as sock:
        sock.sendall(raw)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert httpx.get(f"{server.url}/v1/flows", headers=AUTHORIZED).status_code == 200


def test_a_body_that_ends_early_reaches_no_handler() -> None:
    requests: list[Request] = []

    def remember(request: Request) -> Response:
        requests.append(request)
        return Response(200, {}, b"")

    with serve(remember) as server, connection(server) as sock:
        sock.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf of it")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""
    assert requests == []


def test_a_handler_that_raises_is_a_500() -> None:
    def broken(_: Request) -> Response:
        raise LookupError("api_private_secret")

    with serve(broken) as server:
        response = httpx.get(server.url)
    assert (response.status_code, b"secret" in response.content) == (500, False)


def test_a_status_that_http_does_not_know_is_passed_on() -> None:
    with serve(lambda _: Response(599, {"x-note": "made up"}, b"")) as server:
        response = httpx.get(server.url)
    assert (response.status_code, response.reason_phrase, response.headers["x-note"]) == (599, "Unknown", "made up")


def test_what_an_answer_takes_by_itself_counts_as_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    def answering(_: Request) -> Response:
        now[0] += 0.01
        return Response(200, {}, b"")

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with_latency(answering, 0.05)(Request("GET", "/", {}, b""))
    with_latency(answering, 0.008)(Request("GET", "/", {}, b""))
    with_latency(answering, 0.05)(Request("GET", "/", {}, b"", arrived=now[0] - 0.002))
    assert slept == [0.025, 0.015, 0.004, 0.0, 0.025, 0.013]


def test_a_request_tells_when_it_came() -> None:
    seen: list[Request] = []

    def answering(request: Request) -> Response:
        seen.append(request)
        return Response(200, {}, b"")

    started = time.monotonic()
    with serve(answering) as server:
        httpx.get(server.url)
    (request,) = seen
    assert request.arrived is not None
    assert started <= request.arrived <= time.monotonic()


def test_shutting_down_cuts_open_connections_and_lets_wait_return(emulator: Emulator) -> None:
    with serve(emulator.handle) as server, connection(server) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(65_536).startswith(b"HTTP/1.1 404")
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        server.shutdown()
        server.shutdown()
        waiting.join(10)
        assert not waiting.is_alive()
        assert sock.recv(1) == b""


def test_a_port_that_is_taken_is_an_error_at_once(server: Server, emulator: Emulator) -> None:
    with pytest.raises(OSError, match="in use"), serve(emulator.handle, port=_address(server)[1]):
        pass


def _address(server: Server) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    return host, int(port)
