"""The one httpx.Client: its connections, proxies and certificates, and the bounds of each exchange.

One request out, one answer in, for any number of threads at once. Nothing here follows a redirect or repeats a request.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx

from flowsync.errors import ConfigError, UnreadableResponseError
from flowsync.http import unanswered
from flowsync.http.answer import Answer, asked_wait, read_body
from flowsync.http.call import origin_of
from flowsync.http.redact import printable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from flowsync.config import Key, Timeouts
    from flowsync.http.call import Call, Timing

Handler: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""(method, target with its query, headers, body) to (status, headers, body); called from many threads.

A ConnectionError or TimeoutError that it raises is one of the connection.
"""
LONGEST_EXCHANGE: Final = 120.0
"""Seconds from the first byte of a request to the last of its answer: a server that sends a byte now and then is
not waited for. `timeouts.read` may be longer and then takes its place."""
_KEEP_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept: longer than any pause between two waves of requests."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How requests are made: to the hosts of `urls` and no other, with `key`, over so many `connections`."""

    urls: tuple[str, ...]
    key: Key
    user_agent: str
    timeouts: Timeouts
    connections: int
    timing: Timing
    headers: Mapping[str, str]


class Transport:
    """Sends requests over one httpx.Client that all threads share; with a handler, every request goes to that."""

    def __init__(self, terms: Terms, handler: Handler | None = None) -> None:
        """Raises ConfigError where the key, or proxies or certificates in the environment, cannot be used."""
        self._timeouts = terms.timeouts
        self._timing = terms.timing
        self._origins = frozenset(map(origin_of, terms.urls))
        self._client = _client(terms, handler)
        self._connected: list[Any] = []
        self._deadline = Deadline(terms.timing, max(LONGEST_EXCHANGE, terms.timeouts.read), self._keep)

    def send(self, call: Call) -> Answer:
        """The answer to `call`, read whole.

        Raises UnansweredError, `unsent` only where the server cannot have seen any of the request, or
        UnreadableResponseError for an answer that is too large or packed oddly.
        """
        if self._client.is_closed:
            raise unanswered.closed(call)
        if not self.may_reach(call.url):
            raise UnreadableResponseError(
                f"{call.method.value}: not sent: the address of the request is on another host, where the key must not "
                "go.",
                unsent=True,
            )
        with unanswered.translated(call, self._timeouts), self._stream(call) as response:
            body = read_body(response.iter_raw(), response.headers.get("content-encoding", ""), call)
            wait = asked_wait(response.headers, self._timing.now())
            return Answer(response.status_code, printable(response.reason_phrase), response.headers, body, wait)

    def may_reach(self, url: str) -> bool:
        """Whether the key may go to the host of `url`."""
        try:
            return origin_of(url) in self._origins
        except ValueError:
            return False

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        for stream in self._connected:
            stream.close()

    def _keep(self, stream: Any) -> None:  # noqa: ANN401 - httpx's traces have no types
        """Note a connection: one that another thread was making while the client was closed would stay open."""
        self._connected.append(stream)
        if self._client.is_closed:
            stream.close()

    def _stream(self, call: Call) -> AbstractContextManager[httpx.Response]:
        return self._client.stream(
            call.method.value,
            call.target,
            content=call.content,
            headers={} if call.content is None else {"Content-Type": "application/json"},
            extensions={"trace": self._deadline.of(call)},
        )


class Deadline(threading.local):
    """Bounds each exchange as a whole; the timeouts of httpx bound the wait for the next bytes only.

    httpx's trace extension shows each new connection, whose `read` and `write` are then made to keep the deadline of
    the exchange that their thread is in.
    """

    def __init__(self, timing: Timing, seconds: float, keep: Callable[[Any], None]) -> None:
        self._keep = keep
        self._timing = timing
        self._seconds = seconds
        self._ends = inf
        self._has_read = False
        self._call: Call | None = None

    def of(self, call: Call) -> Callable[[str, Mapping[str, Any]], None]:
        """What httpx calls at each step of an exchange that this thread is about to begin."""
        self._call = call
        self._ends = inf
        return self._follow

    def _follow(self, step: str, info: Mapping[str, Any]) -> None:
        name = step.partition(".")[2]
        if name in {"connect_tcp.complete", "start_tls.complete"}:
            stream = info["return_value"]
            stream.read = self._bounded(stream.read)
            stream.write = self._bounded(stream.write)
            self._keep(stream)
        elif name == "send_request_headers.started":
            self._ends = self._timing.monotonic() + self._seconds
        elif name == "receive_response_headers.started":
            self._has_read = False
        elif name == "receive_response_headers.complete" and not self._has_read:
            # It came along with the answer before it, so it answers nothing that was asked.
            raise httpx.RemoteProtocolError("an answer before its request")

    def _bounded(self, plain: Callable[[Any, float | None], Any]) -> Callable[[Any, float | None], Any]:
        def bounded(data: Any, timeout: float | None = None) -> Any:  # noqa: ANN401 - bytes or how many
            left = self._ends - self._timing.monotonic()
            if left <= 0 and self._call is not None:
                raise unanswered.without_end(self._call, self._seconds)
            self._has_read = True
            return plain(data, left if timeout is None else min(timeout, left))

        return bounded


class HandlerTransport(httpx.BaseTransport):
    """A server inside this process: answers every request by calling a handler. No socket is opened."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request over as plain values, and wrap what comes back."""
        target = request.url.raw_path.decode("ascii")
        try:
            status, headers, body = self._handler(request.method, target, dict(request.headers), request.read())
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer", request=request) from error
        except ConnectionError as error:
            raise httpx.ReadError("the connection broke", request=request) from error
        return httpx.Response(status, headers=dict(headers), stream=httpx.ByteStream(body))


def _client(terms: Terms, handler: Handler | None) -> httpx.Client:
    is_local = terms.urls[0].lower().startswith("http:")
    try:
        return httpx.Client(
            headers=_headers(terms),
            # What a server sets is not kept: no answer may change the requests after it.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(terms.timeouts.read, connect=terms.timeouts.connect, pool=None),
            limits=httpx.Limits(
                max_connections=terms.connections,
                max_keepalive_connections=terms.connections,
                keepalive_expiry=_KEEP_ALIVE,
            ),
            transport=None if handler is None else HandlerTransport(handler),
            verify=_nobody() if is_local or handler else _trusted(*map(os.environ.get, _AUTHORITIES)),
            # Unencrypted requests go to this machine only, and not by way of a proxy: it would see the key.
            trust_env=not is_local,
            follow_redirects=False,
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:  # what it says may hold a password
        raise ConfigError(
            f"The proxies or certificates named in the environment cannot be used ({type(error).__name__}).",
            hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


def _headers(terms: Terms) -> Mapping[str, str]:
    headers = {
        "User-Agent": terms.user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        **terms.headers,
        "Authorization": f"Bearer {terms.key.value}",
    }
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise ConfigError(
            f"The key from {terms.key.variable}, or user_agent, cannot be sent: it holds characters that HTTP does not "
            "allow.",
            hint="Check both for line breaks and for characters other than letters, digits and signs.",
        )
    return headers


_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@lru_cache(maxsize=1)
def _trusted(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """TLS as httpx sets it up, once for all clients: loading the authorities takes 17 ms."""
    return httpx.create_ssl_context()


def _nobody() -> ssl.SSLContext:
    """TLS that trusts no one, for where none is spoken."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
