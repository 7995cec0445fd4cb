"""A wire over the standard library: one connection for each request in flight, kept for the next one.

It does what nearly everybody needs: HTTP/1.1 to one host that is reached without a proxy. httpx does the
rest (`pooled`). A request takes a fraction of httpx's time: docs/architecture.md tells it.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from flowsync.http import unanswered
from flowsync.http.answer import Arriving, receive
from flowsync.http.call import origin_of
from flowsync.http.incoming import Incoming
from flowsync.http.wire import unusable_environment

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from flowsync.http.answer import Answer
    from flowsync.http.call import Call
    from flowsync.http.timing import Timing
    from flowsync.http.wire import Terms

LONGEST_IDLE: Final = 30.0
"""Seconds that a connection is kept without use: longer than any pause between two waves of requests."""
_CAN_HAVE_SYSTEM_PROXIES: Final = frozenset({"darwin", "win32"})


def is_direct(url: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether the host of `url` is reached without anything in between, so that this wire will do.

    Unencrypted requests go to this machine only, and not by way of a proxy: it would see the key. For others
    httpx decides wherever a proxy is named at all, also by NO_PROXY alone.
    """
    parts = urlsplit(url)
    if not (parts.hostname or "").isascii():
        return False
    if parts.scheme == "http":
        return True
    named = any(value and name.lower().endswith("_proxy") for name, value in environ.items())
    return not named and not _has_system_proxies(platform)


def _has_system_proxies(platform: str) -> bool:
    """Whether the system's own settings, where there are such, name proxies."""
    if platform not in _CAN_HAVE_SYSTEM_PROXIES:
        return False
    from urllib.request import getproxies  # noqa: PLC0415 - slow to import, and httpx asks the same

    return bool(getproxies())


class DirectWire:
    """Connections to one host. Idle ones wait in a stack: the one used last is the likeliest to be alive."""

    def __init__(self, terms: Terms) -> None:
        parts = urlsplit(terms.url)
        self._host = parts.hostname or ""
        self._port = parts.port or (80 if parts.scheme == "http" else 443)
        self._timeouts = terms.timeouts
        self._timing = terms.timing
        self._trust = None if parts.scheme == "http" else _trust()
        self._requests = _Requests(terms)
        self._idle: list[_Connection] = []
        self._is_closed = False

    def send(self, call: Call) -> Answer:
        """See Wire."""
        if self._is_closed:
            raise unanswered.closed(call)
        request = self._requests.request(call)
        if request is None:
            raise unanswered.unsendable(call)
        connection = self._idle_connection() or self._new_connection(call)
        try:
            answer = self._exchanged(connection, request, call)
        finally:
            if connection.is_reusable and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    def close(self) -> None:
        """See Wire."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _idle_connection(self) -> _Connection | None:
        """A connection from before that the server has not closed meanwhile."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.is_alive(self._timing.monotonic()):
                return connection
            connection.close()

    def _new_connection(self, call: Call) -> _Connection:
        """A connection whose server, if TLS is spoken, has proved who it is. Nothing is sent before."""
        try:
            raw = socket.create_connection((self._host, self._port), self._timeouts.connect)
            try:
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ready = self._trust.wrap_socket(raw, server_hostname=self._host) if self._trust else raw
            except BaseException:
                raw.close()
                raise
        except (OSError, ValueError) as error:
            raise unanswered.unreachable(error, call, self._timeouts) from None
        ready.settimeout(self._timeouts.read)
        return _Connection(ready)

    def _exchanged(self, connection: _Connection, request: bytes, call: Call) -> Answer:
        """The answer on this connection. From the first byte that is sent nobody knows what the server made of it."""
        try:
            return connection.exchange(request, call, self._timing)
        except TimeoutError:
            raise unanswered.no_answer_in_time(call, self._timeouts) from None
        except (OSError, EOFError, ValueError):
            raise unanswered.broken(call) from None


class _Requests:
    """Puts requests into bytes; the headers that all of them share only once."""

    def __init__(self, terms: Terms) -> None:
        self._origin = origin_of(terms.url)
        headers = {
            "Host": self._origin.partition("://")[2],
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": terms.user_agent,
            "Authorization": f"Bearer {terms.key.value}",
        }
        self._is_sound = all(value.isascii() and value.isprintable() for value in headers.values())
        self._shared = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def request(self, call: Call) -> bytes | None:
        """The bytes of a request; None where a header holds what would end it early, or the host is another one."""
        path = self._path(call)
        if path is None or not self._is_sound:
            return None
        query = f"?{_quoted(call.query)}" if call.query else ""
        head = f"{call.method.value} {_quoted(path)}{query} HTTP/1.1\r\n{self._shared}"
        if call.content is None:
            return f"{head}\r\n".encode("ascii")
        head += f"Content-Type: application/json\r\nContent-Length: {len(call.content)}\r\n"
        return f"{head}\r\n".encode("ascii") + call.content

    def _path(self, call: Call) -> str | None:
        """The path of a call to this host."""
        if call.url.startswith(f"{self._origin}/"):
            return call.url[len(self._origin) :]
        return urlsplit(call.url).path or "/" if call.origin == self._origin else None


def _quoted(text: str) -> str:
    """A part of an address without spaces, control characters and whatever is not ASCII; else as it is."""
    return quote(text, safe="/%:@!$&'()*+,;=?~")


class _Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._used = 0.0
        self.is_reusable = False

    def is_alive(self, now: float) -> bool:
        """Whether it may be used again: not idle for long, and nothing came that nobody asked for, not even an end."""
        return now - self._used <= LONGEST_IDLE and not _has_something(self._socket)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def exchange(self, request: bytes, call: Call, timing: Timing) -> Answer:
        """Send a request and read its answer to the end. Raises as Incoming does, and ApiError."""
        self.is_reusable = False
        is_whole = self._sent(request)
        incoming = Incoming(self._socket, call, timing)
        head = incoming.head()
        answer = receive(Arriving(head.status, head.reason, head.headers, incoming.body(head)), call, timing)
        self.is_reusable = is_whole and head.keeps_connection and incoming.is_empty
        self._used = timing.monotonic()
        return answer

    def _sent(self, request: bytes) -> bool:
        """Send it; False where the server hung up meanwhile, perhaps after an answer that says why."""
        try:
            self._socket.sendall(request)
        except ConnectionError:
            return False
        return True


def _has_something(sock: socket.socket) -> bool:
    """Whether something could be read at once: bytes, the end, or an error."""
    if not hasattr(select, "poll"):  # on Windows, where select takes any number of a socket
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _trust() -> ssl.SSLContext:
    """TLS as httpx sets it up: the authorities of SSL_CERT_FILE or SSL_CERT_DIR, else those of certifi."""
    import ssl  # noqa: PLC0415 - where TLS is spoken only

    import certifi  # noqa: PLC0415 - as above

    try:
        file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        if file:
            context = ssl.create_default_context(cafile=file)
        elif directory:
            context = ssl.create_default_context(capath=directory)
        else:
            context = ssl.create_default_context(cafile=certifi.where())
    except (OSError, ValueError) as error:
        raise unusable_environment(error) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
