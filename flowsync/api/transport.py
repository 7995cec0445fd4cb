"""The one httpx.Client: connections, proxies and certificates, limits of each exchange, and its exceptions.

One request out, one response in, for any number of threads at once. Nothing here follows a redirect or repeats a
request. An httpx exception holds its request, and the request holds the key: none leaves this file.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx

from flowsync.api.messages import CHECK_NETWORK, NoResponseError, Response, origin_of
from flowsync.errors import ConfigError, UnreadableResponseError
from flowsync.text import excerpt, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.api.messages import Identity, Request, Timing
    from flowsync.config import Timeouts
    from flowsync.errors import ApiError

Handler: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""(method, target with its query, headers, body) to (status, headers, body); called from many threads.

A ConnectionError or TimeoutError that it raises is one of the connection.
"""
LONGEST_EXCHANGE: Final = 120.0
"""Seconds from the first byte of a request to the last of its response, however steadily the server sends bytes.
`timeouts.read` may be longer and then takes its place."""
LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, unpacked. A page of 100 flows is far below one hundredth of this."""
_CHUNK: Final = 64 * 1024
_FIRST_EPOCH: Final = 1_000_000_000
"""A smaller number in X-RateLimit-Reset is no time of day: some services send the seconds that are left."""
_KEEP_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept: longer than any pause between two waves of requests."""


class Transport:
    """Sends requests over one httpx.Client that all threads share, or to `handler` if there is one."""

    def __init__(
        self,
        urls: Sequence[str],
        identity: Identity,
        *,
        timeouts: Timeouts,
        connections: int,
        timing: Timing,
        headers: Mapping[str, str] | None = None,
        handler: Handler | None = None,
    ) -> None:
        """Requests go to the hosts of `urls` and no other.

        Raises ConfigError if the key, or proxies or certificates in the environment, cannot be used.
        """
        self._timeouts = timeouts
        self._timing = timing
        self._origins = frozenset(map(origin_of, urls))
        self._timeout = httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=None).as_dict()
        self._client = _client(
            _headers(identity, headers or {}), connections, handler, is_local=urls[0].lower().startswith("http:")
        )
        self._connections: list[Any] = []
        self._deadline = Deadline(timing, max(LONGEST_EXCHANGE, timeouts.read), self._keep)

    def send(self, request: Request) -> Response:
        """Send one request and return the whole response.

        Raises NoResponseError, `unsent` only if the server cannot have seen any of the request, or
        UnreadableResponseError for a response that is too large or packed in a way that was not asked for.
        """
        if self._client.is_closed:
            raise _run_is_over(request)
        if not self.may_reach(request.url):
            raise UnreadableResponseError(
                f"{request.method}: not sent: the address of the request is on another host, which must not "
                "get the key.",
                unsent=True,
            )
        with translated(request, self._timeouts):
            with closing(self._begin(request)) as found:
                body = read_body(found.iter_raw(), found.headers.get("content-encoding", ""), request)
            found.stream = httpx.ByteStream(b"")  # breaks a cycle of references, which would keep both in memory
            wait = requested_wait(found.headers, self._timing.now())
            return Response(found.status_code, printable(found.reason_phrase), found.headers, body, wait)

    def may_reach(self, url: str) -> bool:
        """Whether the key may go to the host of `url`."""
        try:
            return origin_of(url) in self._origins
        except ValueError:
            return False

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        for stream in self._connections:
            stream.close()

    def _keep(self, stream: Any) -> None:  # noqa: ANN401 - httpx's traces have no types
        """Remember a connection, so that it is closed even if a thread opened it during `close`."""
        self._connections.append(stream)
        if self._client.is_closed:
            stream.close()

    def _begin(self, request: Request) -> httpx.Response:
        headers = self._client.headers.copy()
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        extensions = {"timeout": self._timeout, "trace": self._deadline.start(request)}
        # Not built by the client, which would merge each request with all of its defaults.
        built = httpx.Request(
            request.method, request.target, headers=headers, content=request.content, extensions=extensions
        )
        try:
            return self._client.send(built, stream=True)
        except RuntimeError:  # another thread has closed the client in the meantime
            if not self._client.is_closed:
                raise
            raise _run_is_over(request) from None


def _run_is_over(request: Request) -> NoResponseError:
    return NoResponseError(f"{request.shown}: not sent: the run is over.", hint=None, is_temporary=False, unsent=True)


class Deadline(threading.local):
    """Limits each exchange as a whole; the timeouts of httpx limit the wait for the next bytes only.

    httpx has no option for that. Its trace extension passes each new connection, a `httpcore.NetworkStream`, whose
    public `read` and `write` are replaced by ones with the deadline of the exchange of their thread.
    """

    def __init__(self, timing: Timing, seconds: float, keep: Callable[[Any], None]) -> None:
        self._keep = keep
        self._timing = timing
        self._seconds = seconds
        self._ends = inf
        self._has_read = False
        self._request: Request | None = None

    def start(self, request: Request) -> Callable[[str, Mapping[str, Any]], None]:
        """Return the trace function for the exchange that this thread begins now."""
        self._request = request
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
            # It came together with the response before it, so it does not answer this request.
            raise httpx.RemoteProtocolError("a response before its request")

    def _bounded(self, plain: Callable[[Any, float | None], Any]) -> Callable[[Any, float | None], Any]:
        def bounded(data: Any, timeout: float | None = None) -> Any:  # noqa: ANN401 - bytes or how many
            left = self._ends - self._timing.monotonic()
            if left <= 0 and self._request is not None:
                raise NoResponseError(
                    f"{self._request.shown}: the answer did not end within {self._seconds:.0f} seconds.",
                    is_temporary=False,
                )
            self._has_read = True
            return plain(data, left if timeout is None else min(timeout, left))

        return bounded


def _client(headers: Mapping[str, str], connections: int, handler: Handler | None, *, is_local: bool) -> httpx.Client:
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_KEEP_ALIVE
    )
    try:
        return httpx.Client(
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no response may change later requests
            limits=limits,
            transport=None if handler is None else httpx.MockTransport(_answering(handler)),
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts no one: no TLS is spoken
            if is_local or handler
            else _authorities(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            # Unencrypted requests go to this machine only, and not by way of a proxy: it would see the key.
            trust_env=not is_local,
            follow_redirects=False,
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:  # what it says may hold a password
        raise ConfigError(
            f"The proxies or certificates named in the environment cannot be used ({type(error).__name__}).",
            hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


@lru_cache(maxsize=1)
def _authorities(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """TLS as httpx sets it up, shared by all clients: loading the authorities takes 17 ms."""
    return httpx.create_ssl_context()


def _answering(handler: Handler) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server inside this process that answers every request with `handler`. No socket is opened."""

    def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        try:
            status, headers, body = handler(request.method, target, dict(request.headers), request.content)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer", request=request) from error
        except ConnectionError as error:
            raise httpx.ReadError("the connection broke", request=request) from error
        return httpx.Response(status, headers=dict(headers), stream=httpx.ByteStream(body))

    return answer


def _headers(identity: Identity, more: Mapping[str, str]) -> Mapping[str, str]:
    headers = {
        "User-Agent": identity.user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        **more,
        **({"Authorization": f"Bearer {identity.key.value}"} if identity.key.value else {}),
    }
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise ConfigError(
            f"The key from {identity.key.variable}, or user_agent, cannot be sent: it holds characters that HTTP does "
            "not allow.",
            hint="Check both for line breaks and for characters other than letters, digits and signs.",
        )
    return headers


def requested_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a response asks to wait: by Retry-After, or until a used-up rate limit is renewed."""
    wait = retry_after(headers.get("retry-after", ""), now)
    if wait is not None or headers.get("x-ratelimit-remaining") != "0":
        return wait
    reset = headers.get("x-ratelimit-reset", "")
    is_epoch = reset.isascii() and reset.isdigit() and float(reset) >= _FIRST_EPOCH
    return max(0.0, float(reset) - now) if is_epoch else None


def retry_after(header: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as a number or an HTTP date (RFC 9110)."""
    value = header.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


def read_body(chunks: Iterable[bytes], encoding: str, request: Request) -> bytes:
    """The unpacked body, from the chunks that come over the network.

    httpx would unpack it without a bound, and would not notice that a packed body broke off. Raises
    UnreadableResponseError when it is too large or packed in another way than gzip.
    """
    packed = {"": False, "identity": False, "gzip": True, "x-gzip": True}.get(encoding.strip().lower())
    if packed is None:
        raise UnreadableResponseError(
            f"{request.shown}: the answer is packed as '{excerpt(encoding.strip().lower())}', not as asked for."
        )
    body = bytearray()
    for chunk in _unzipped(chunks, request) if packed else chunks:
        body += chunk
        if len(body) > LARGEST_BODY:
            raise UnreadableResponseError(f"{request.shown}: the answer is larger than {LARGEST_BODY >> 20} MiB.")
    return bytes(body)


def _unzipped(chunks: Iterable[bytes], request: Request) -> Iterator[bytes]:
    """Unzip in chunks, so that a small body never unpacks to gigabytes at once. Nothing stays nothing."""
    unzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # gzip
    is_empty = True
    try:
        for chunk in chunks:
            is_empty = is_empty and not chunk
            rest = b"" if unzip.eof else chunk  # zlib would keep everything after the end, however much that is
            while rest:
                yield unzip.decompress(rest, _CHUNK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise UnreadableResponseError(f"{request.shown}: the answer cannot be unzipped.") from None
    if not unzip.eof and not is_empty:
        raise NoResponseError(f"{request.shown}: the answer broke off.")


@contextmanager
def translated(request: Request, timeouts: Timeouts) -> Iterator[None]:
    """Translate whatever httpx raises inside the block into an ApiError that names the request."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, ValueError) as error:
        raise _translation(error, request, timeouts) from None


def _translation(error: Exception, request: Request, timeouts: Timeouts) -> ApiError:
    """The ApiError for an httpx exception; `unsent` only if httpx raises it before it sends the first byte."""
    hint = f"{CHECK_NETWORK} The write may have taken effect." if request.is_write else CHECK_NETWORK
    is_temporary, unsent = False, False
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return _unreachable(error, request, timeouts)
        case httpx.ProxyError():  # it answered CONNECT with a refusal
            reason = f"the proxy between here and {origin_of(request.url)} refused: {printable(str(error))[:200]}"
            hint, unsent = "Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.", True
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            reason, unsent = "this request cannot be sent", True
            hint = "Check the API's address for characters that do not belong there."
        case httpx.TimeoutException():
            reason, is_temporary = f"no answer within {timeouts.read:g} seconds", True
            hint += " timeouts.read in flowsync.yaml sets how long to wait."
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            reason, is_temporary = "the connection broke before the answer was complete", True
        case _:  # whatever else httpx raises, and a host name that Python cannot encode
            reason = f"no usable answer ({type(error).__name__})"
    return NoResponseError(f"{request.shown}: {reason}.", hint=hint, is_temporary=is_temporary, unsent=unsent)


def _unreachable(error: Exception, request: Request, timeouts: Timeouts) -> ApiError:
    """The error for a connection that failed, with the reason of the operating system or TLS. Nothing was sent."""
    host = origin_of(request.url)
    reason, hint, is_temporary = f"cannot reach {host}: ", CHECK_NETWORK, True
    match _root_cause(error):
        case httpx.ConnectTimeout() | TimeoutError():
            reason += f"no connection within {timeouts.connect:g} seconds"
        case ssl.SSLCertVerificationError() as cause:
            reason, is_temporary = f"{host} cannot prove its identity: {printable(cause.verify_message)}", False
            hint = "A company's proxy may use its own certificate authority: name that in SSL_CERT_FILE."
        case ssl.SSLError() as cause:
            detail = printable(getattr(cause, "reason", None) or "no reason given")
            reason, is_temporary = f"{host} offers no usable TLS ({detail})", False
            hint = "Check the API's address and port, and any proxy in between."
        case socket.gaierror() as cause:
            reason += "its name cannot be resolved"
            is_temporary = cause.errno == socket.EAI_AGAIN
            hint = "Check the network, and the spelling of the API's address."
        case ConnectionRefusedError():
            reason += "nothing listens there"
        case OSError() as cause:
            reason += printable(cause.strerror or "no connection")
        case _:
            reason += "no connection could be made"
    hint = f"{hint} If HTTPS_PROXY or ALL_PROXY names a proxy, check that too."
    return NoResponseError(f"{request.shown}: {reason}.", hint=hint, is_temporary=is_temporary, unsent=True)


def _root_cause(error: Exception) -> BaseException:
    cause: BaseException = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    return cause
