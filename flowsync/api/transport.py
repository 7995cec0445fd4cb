"""Why a request got no answer: httpx's exceptions into ours, all in one place.

An httpx exception holds its request, and the request holds the key: none may travel further than this.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx

from flowsync.api.failures import printable
from flowsync.api.messages import CHECK_NETWORK, Answer, Repeat, UnansweredError, asked_wait, origin_of, read_body
from flowsync.errors import ConfigError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from flowsync.api.messages import Call, Timing
    from flowsync.config import Key, Timeouts
    from flowsync.errors import ApiError

    _Translation: TypeAlias = Callable[[Exception, Call, Timeouts], ApiError]

_MAYBE: Final = "A write that ends so may have taken effect."
_PROXY: Final = "Where HTTPS_PROXY or ALL_PROXY names a proxy, that may be what is meant."


@contextmanager
def translated(call: Call, timeouts: Timeouts) -> Iterator[None]:
    """Turn whatever httpx raises inside into an ApiError that names the request."""
    try:
        yield
    except tuple(TRANSLATIONS) as error:
        translation = next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)
        raise translation(error, call, timeouts) from None


def without_end(call: Call, seconds: float) -> ApiError:
    """The error for a request that takes longer than any may."""
    return UnansweredError(f"{call.shown}: the answer did not end within {seconds:.0f} seconds.", repeat=Repeat.NEVER)


def closed(call: Call) -> ApiError:
    """The error for a request after the client was closed."""
    return UnansweredError(f"{call.shown}: not sent: the run is over.", hint=None, repeat=Repeat.NEVER, unsent=True)


def _unreachable(error: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    """No connection, for one of several reasons that the operating system or TLS gave. Nothing was sent."""
    match _root_cause(error):
        case httpx.ConnectTimeout() | TimeoutError():
            reason = f"no connection within {timeouts.connect:g} seconds"
        case ssl.SSLCertVerificationError() as cause:
            return _bad_certificate(cause, call)
        case ssl.SSLError() as cause:
            return _no_tls(cause, call)
        case socket.gaierror() as cause:
            return _unknown_host(cause, call)
        case ConnectionRefusedError():
            reason = "nothing listens there"
        case OSError() as cause:
            reason = printable(cause.strerror or "no connection")
        case _:
            reason = "no connection could be made"
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: {reason}.", hint=f"{CHECK_NETWORK} {_PROXY}", unsent=True
    )


def _bad_certificate(cause: ssl.SSLCertVerificationError, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: {call.origin} does not prove who it is: {printable(cause.verify_message)}.",
        hint=f"A company's proxy may sign with an authority of its own: name that in SSL_CERT_FILE. {_PROXY}",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _no_tls(cause: ssl.SSLError, call: Call) -> ApiError:
    reason = printable(getattr(cause, "reason", None) or "no reason given")
    return UnansweredError(
        f"{call.shown}: {call.origin} speaks no TLS that can be used ({reason}).",
        hint=f"Check that the API's address and port are right, and what stands in between. {_PROXY}",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _unknown_host(cause: socket.gaierror, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: its name cannot be resolved.",
        hint=f"Check the network, and the spelling of the API's address. {_PROXY}",
        repeat=Repeat.LATER if cause.errno == socket.EAI_AGAIN else Repeat.NEVER,
        unsent=True,
    )


def _root_cause(error: Exception) -> BaseException:
    """The operating system's or TLS's own error at the end of the chain."""
    cause: BaseException = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    return cause


def _proxy_refused(error: Exception, call: Call, _: Timeouts) -> ApiError:
    """The proxy answered CONNECT with a refusal, so that no connection to the host came to be."""
    return UnansweredError(
        f"{call.shown}: the proxy between here and {call.origin} refused: {printable(str(error))[:200]}.",
        hint="Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _no_address(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: this request cannot be sent.",
        hint="Check the API's address for characters that do not belong there.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _not_in_time(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: no answer within {timeouts.read:g} seconds.",
        hint=f"{CHECK_NETWORK} {_MAYBE} timeouts.read in flowsync.yaml sets how long to wait.",
    )


def _broken(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: the connection broke before the whole answer was there.", hint=f"{CHECK_NETWORK} {_MAYBE}"
    )


def _unexpected(error: Exception, call: Call, _: Timeouts) -> ApiError:
    return UnansweredError(f"{call.shown}: no usable answer ({type(error).__name__}).", repeat=Repeat.NEVER)


TRANSLATIONS: Final[Mapping[type[Exception], _Translation]] = {
    # Before a byte of the request went out. Only these are called unsent.
    httpx.ConnectError: _unreachable,
    httpx.ConnectTimeout: _unreachable,
    httpx.PoolTimeout: _unreachable,
    httpx.ProxyError: _proxy_refused,
    httpx.UnsupportedProtocol: _no_address,
    httpx.InvalidURL: _no_address,
    # From the first byte on, nobody knows what the server made of the request.
    httpx.TimeoutException: _not_in_time,
    httpx.NetworkError: _broken,
    httpx.RemoteProtocolError: _broken,
    # Whatever else httpx raises, and a host name that Python cannot encode.
    httpx.HTTPError: _unexpected,
    httpx.StreamError: _unexpected,
    httpx.CookieConflict: _unexpected,
    ValueError: _unexpected,
}
"""The nearest class that an exception inherits from decides. A test holds this to all that httpx has."""


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
            raise closed(call)
        if not self.may_reach(call.url):
            raise UnreadableResponseError(
                f"{call.method.value}: not sent: the address of the request is on another host, where the key must not "
                "go.",
                unsent=True,
            )
        with translated(call, self._timeouts), self._stream(call) as response:
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
                raise without_end(self._call, self._seconds)
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
