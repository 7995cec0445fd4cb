"""Any handler over real HTTP/1.1, on the standard library's threading server.

One thread per connection, connections kept alive, each answer in one send. Requests that are malformed,
too large or cut off end their own connection and nothing else.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from flowsync.sandbox.values import Delivery, Handler, Request, Response, refused

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""Larger bodies are answered with 413."""

_MAX_LINE_BYTES: Final = 65_536
_IDLE_SECONDS: Final = 75.0
_POLL_SECONDS: Final = 0.05
_FAREWELL_SECONDS: Final = 2.0
_DRAINED_BYTES: Final = 4 * MAX_BODY_BYTES
_CHUNK_BYTES: Final = 65_536
_DRIPS: Final = 20
_DRIP_SECONDS: Final = 0.05


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
        self._acceptor = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._acceptor.start()

    def wait(self) -> None:
        """Return once the server was stopped; Ctrl-C gets through."""
        self._stopped.wait()

    def shutdown(self) -> None:
        """Accept nothing more, cut what is open, and give the handlers a moment to notice. Twice does no harm."""
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
        """Remember the connection, so that stopping can cut it."""
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
        """A connection that ended badly concerns nobody else: no traceback."""


class _Connection(BaseHTTPRequestHandler):
    """One connection, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Server

    def handle_one_request(self) -> None:
        """Read one request and answer it; a client that is gone or silent ends the connection."""
        self.close_connection = True
        try:
            self.requestline = self.request_version = self.command = self.path = ""
            self.raw_requestline = self.rfile.readline(_MAX_LINE_BYTES + 1)
            self._arrived = time.monotonic()
            if len(self.raw_requestline) > _MAX_LINE_BYTES:
                self._send(_failure(HTTPStatus.REQUEST_URI_TOO_LONG))
            elif self.raw_requestline and self.parse_request():
                self._answer()
        except OSError:
            self.close_connection = True

    def _answer(self) -> None:
        size = self._body_size()
        if isinstance(size, HTTPStatus):
            self.close_connection = True
            self._send(_failure(size))
            self._drain()
            return
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        self._send(self._respond(body))

    def _body_size(self) -> int | HTTPStatus:
        if "transfer-encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        length = self.headers.get("content-length", "0").strip()
        if not (length.isascii() and length.isdigit()) or len(self.headers.get_all("content-length", [])) > 1:
            return HTTPStatus.BAD_REQUEST
        digits = length.lstrip("0")
        too_large = len(digits) > len(str(MAX_BODY_BYTES)) or int(digits or "0") > MAX_BODY_BYTES
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else int(digits or "0")

    def _respond(self, body: bytes) -> Response:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            return self.server.handler(Request(self.command, self.path, headers, body, self._arrived))
        except Exception:  # noqa: BLE001 - whatever a handler raises must not end the server
            self.close_connection = True
            return _failure(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _send(self, response: Response) -> None:
        """Status, headers and body in one send, so that no packet waits for another's acknowledgement."""
        has_body = response.status != HTTPStatus.NO_CONTENT
        headers = dict(response.headers)
        if has_body:
            headers["content-length"] = str(len(response.body))
        if self.close_connection:
            headers["connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self._deliver(head, response.body if has_body and self.command != "HEAD" else b"", response.delivery)

    def _deliver(self, head: bytes, body: bytes, delivery: Delivery) -> None:
        match delivery:
            case Delivery.WHOLE:
                self.wfile.write(head + body)
            case Delivery.SLOW:
                message = head + body
                size = len(message) // _DRIPS + 1
                for start in range(0, len(message), size):
                    self.wfile.write(message[start : start + size])
                    time.sleep(_DRIP_SECONDS)
            case Delivery.TRUNCATED:
                self.close_connection = True
                self.wfile.write(head + body[: len(body) // 2])
            case Delivery.RESET:
                # Closed at once, so that the client's system sees a reset instead of an end.
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
            case Delivery.NEVER:
                # Until the client goes away, or the server stops.
                self.close_connection = True
                self.connection.settimeout(None)
                self.rfile.read(1)

    def _drain(self) -> None:
        """Take in what the client still sends: closing at once would reset the connection before it reads."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_FAREWELL_SECONDS)
        for _ in range(_DRAINED_BYTES // _CHUNK_BYTES):
            if not self.rfile.read1(_CHUNK_BYTES):
                return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class finds malformed, in the API's own shape."""
        del message, explain
        self.close_connection = True
        self._send(_failure(HTTPStatus(code)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing."""


def _failure(status: HTTPStatus) -> Response:
    return refused(status, status.description or status.phrase)
