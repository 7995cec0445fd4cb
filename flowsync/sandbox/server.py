"""HTTP for the sandbox: requests and responses as plain values, and a threading server for any handler of them.

The server is the standard library's: one thread per connection, connections kept alive. A request that is malformed,
too large or cut off ends its own connection and nothing else.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, TypeAlias

from flowsync.model import JsonValue

PRIVATE_KEY: Final = "api_private_sandbox"
"""Reads and writes everything [obs: private keys start so]. It opens nothing but sandboxes."""
PUBLIC_KEY: Final = "api_public_sandbox"
"""Reads /v1/public/... [obs: public keys start so]."""
ANY_KEY: Final = frozenset({PRIVATE_KEY, PUBLIC_KEY})
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""Larger bodies are answered with 413."""

_WITHOUT_ERROR: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR})
_SLICE_SECONDS: Final = 0.2
_FAREWELL_SECONDS: Final = 2.0
_CHUNK_BYTES: Final = 65_536
_DRIPS: Final = 20
_DRIP_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: `target` is the path with its query, header names are in lower case.

    `arrived` is when its first line was read, by the monotonic clock; None for a request inside this process.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def key(self) -> str:
        """The API key that the request was sent with; "" without one."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""


class Delivery(Enum):
    """How a response reaches the client."""

    WHOLE = "whole"
    SLOW = "a little at a time"
    TRUNCATED = "only the first half"
    RESET = "not at all: the connection is reset"
    NEVER = "not at all: the connection stays open"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delivery: Delivery = Delivery.WHOLE


Handler: TypeAlias = Callable[[Request], Response]
"""Answers requests. Latency and faults wrap one handler in another."""


class Refusal(Exception):  # noqa: N818 - it is an answer of the API; nothing is wrong with the sandbox
    """The API refuses a request. Refusals by validation carry a list of messages [doc]."""

    def __init__(self, status: HTTPStatus, message: str | list[str]) -> None:
        super().__init__(message)
        self.response = refused(status, message)


def refused(status: HTTPStatus, message: str | list[str]) -> Response:
    """`{"statusCode": N, "message": "..." or ["...", ...], "error": "..."}` [doc]; 429, 500 without `error` [obs]."""
    messages: JsonValue = message if isinstance(message, str) else [*message]
    error: dict[str, JsonValue] = {} if status in _WITHOUT_ERROR else {"error": status.phrase}
    return answered(status, {"statusCode": status.value, "message": messages, **error})


def answered(status: HTTPStatus, body: JsonValue) -> Response:
    """A response with a JSON body."""
    try:
        text = _json(body)
    except ValueError:  # like JavaScript, write null for a number that JSON cannot hold
        text = _json(json.loads(json.dumps(body), parse_constant=lambda _: None))
    headers = {"content-type": "application/json; charset=utf-8"}
    return Response(status.value, headers, text.encode(errors="replace"))


def _json(body: JsonValue) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def with_latency(handler: Handler, seconds: float) -> Handler:
    """Return `handler` with a round trip of `seconds`: half before the answer is made, the rest after it."""

    def delayed(request: Request) -> Response:
        due = (time.monotonic() if request.arrived is None else request.arrived) + seconds
        time.sleep(seconds / 2)
        response = handler(request)
        time.sleep(max(0.0, due - time.monotonic()))
        return response

    return delayed


def embedded(handler: Handler) -> Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]:
    """Return `handler` for a client in the same process, with plain values.

    A broken connection raises ConnectionResetError; an answer that never comes raises TimeoutError at once.
    """

    def handle(
        method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        response = handler(Request(method, target, headers, body))
        match response.delivery:
            case Delivery.WHOLE | Delivery.SLOW:
                return response.status, response.headers, response.body
            case Delivery.TRUNCATED | Delivery.RESET:
                raise ConnectionResetError
            case Delivery.NEVER:
                raise TimeoutError

    return handle


@contextmanager
def serve(handler: Handler, *, port: int = 0) -> Iterator[Server]:
    """Serve `handler` on loopback until the block ends; port 0 picks a free one.

    Raises OSError when the port cannot be used.
    """
    server = Server(handler, port)
    try:
        yield server
    finally:
        server.shutdown()


class Server(ThreadingHTTPServer):
    """A running server; `url` is where it listens, without a trailing slash."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: Handler, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.handler = handler
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._acceptor = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._acceptor.start()

    def wait(self) -> None:
        """Wait until the server is stopped or Ctrl-C is pressed.

        Waits in slices: an endless wait may miss Ctrl-C when the signal reaches another thread.
        """
        while not self._stopped.wait(_SLICE_SECONDS):
            pass

    def shutdown(self) -> None:
        """Accept no more connections, cut the open ones and give their handlers a moment. May be called twice."""
        if self._stopped.is_set():
            return
        super().shutdown()
        self._acceptor.join()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, _FAREWELL_SECONDS)
        self._stopped.set()

    def server_bind(self) -> None:
        """As the base class, without asking a name server for the host's name."""
        super(ThreadingHTTPServer, self).server_bind()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, so that `shutdown` can cut it."""
        if isinstance(request, socket.socket):
            with self._changed:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close the connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """Print no traceback for a connection that broke."""


class _Connection(BaseHTTPRequestHandler):
    """One connection, request after request. Answers are buffered, so that a small one leaves in one packet."""

    protocol_version = default_request_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75.0
    wbufsize = -1
    server: Server

    def parse_request(self) -> bool:
        """As the base class; note when the request arrived."""
        self._arrived = time.monotonic()
        return super().parse_request()

    def handle_expect_100(self) -> bool:
        """As the base class; the client waits for this before it sends its body."""
        is_expected = super().handle_expect_100()
        self.wfile.flush()
        return is_expected

    def _answer(self) -> None:
        size = self._body_size()
        if isinstance(size, HTTPStatus):
            self.send_error(size)
            self.wfile.flush()
            self._drain()
            return
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.handler(Request(self.command, self.path, headers, body, self._arrived))
        except Exception:  # noqa: BLE001 - whatever a handler raises must not end the server
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
        else:
            self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the base class asks for these

    def _body_size(self) -> int | HTTPStatus:
        if "transfer-encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        length = self.headers.get("content-length", "0").strip()
        if not (length.isascii() and length.isdigit()) or len(self.headers.get_all("content-length", [])) > 1:
            return HTTPStatus.BAD_REQUEST
        digits = length.lstrip("0") or "0"
        is_too_large = len(digits) > len(str(MAX_BODY_BYTES)) or int(digits) > MAX_BODY_BYTES
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_too_large else int(digits)

    def _send(self, response: Response) -> None:
        if response.delivery in {Delivery.RESET, Delivery.NEVER}:
            self._break_off(response.delivery)
            return
        has_body = response.status != HTTPStatus.NO_CONTENT
        self.send_response_only(response.status, None if response.status in self.responses else "Unknown")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if has_body:
            self.send_header("content-length", str(len(response.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self._send_body(response.body if has_body and self.command != "HEAD" else b"", response.delivery)

    def _send_body(self, body: bytes, delivery: Delivery) -> None:
        if delivery is Delivery.TRUNCATED:
            self.close_connection = True
            body = body[: len(body) // 2]
        parts = _DRIPS if delivery is Delivery.SLOW else 1
        size = len(body) // parts + 1
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if delivery is Delivery.SLOW:
                self.wfile.flush()
                time.sleep(_DRIP_SECONDS)

    def _break_off(self, delivery: Delivery) -> None:
        self.close_connection = True
        if delivery is Delivery.RESET:  # closed without lingering, so that the client's system sees a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        else:  # wait until the client goes away or the server stops
            self.connection.settimeout(None)
            self.rfile.read(1)

    def _drain(self) -> None:
        """Read what the client still sends: closing at once would reset the connection before it reads the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_FAREWELL_SECONDS)
        for _ in range(4 * MAX_BODY_BYTES // _CHUNK_BYTES):
            if not self.rfile.read1(_CHUNK_BYTES):
                return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer in the API's own format and end the connection."""
        del message, explain
        status = HTTPStatus(code)
        self.close_connection = True
        self._send(refused(status, status.description or status.phrase))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing."""
