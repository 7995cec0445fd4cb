"""HTTP requests and responses as plain values, and the clocks that requests are timed by."""

from __future__ import annotations

import json
import random
import re
import time
import zlib
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from flowsync.errors import TransportError, UnreadableResponseError
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowsync.model import JsonValue

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, unpacked. A page of 100 flows is far below one hundredth of this."""
CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."
_SUCCESS: Final = 2
_REDIRECT: Final = 3
_CHUNK: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_FIRST_EPOCH: Final = 1_000_000_000
"""A smaller number in X-RateLimit-Reset is no time of day: some services send the seconds that are left."""
_PORTS: Final = {"http": 80, "https": 443}
_PARAMETER: Final = re.compile(r"[A-Za-z_]{1,30}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to `url`, which holds no query; `query` is encoded, "" when there is none."""

    method: str
    url: str
    query: str = ""
    content: bytes | None = None

    @property
    def target(self) -> str:
        """The URL to send to."""
        return f"{self.url}?{self.query}" if self.query else self.url

    @property
    def shown(self) -> str:
        """The request for messages: a query could hold what nobody should read, so it is left out."""
        return f"{self.method} {self.url}"

    @property
    def traced(self) -> str:
        """The URL for `-v`: of its query the names, and the values that are numbers."""
        shown = [
            f"{name}={value if _NUMBER.fullmatch(value) else '…'}"
            for name, value in parse_qsl(self.query, keep_blank_values=True)
            if _PARAMETER.fullmatch(name)
        ]
        return f"{self.url}?{'&'.join(shown)}" if shown else self.url

    @property
    def is_write(self) -> bool:
        """Whether the request may change something."""
        return self.method != "GET"

    @property
    def is_public(self) -> bool:
        """Whether a public key is enough for this path [doc]."""
        return "/v1/public/" in self.url

    def redirected(self, url: str) -> Request:
        """The same request to another URL."""
        path, _, query = url.partition("#")[0].partition("?")
        return replace(self, url=path, query=query)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling. Raises ValueError when it has none."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("not an address of the web")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORTS[scheme]
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class Response:
    """A response, read to its end. `headers` ignore case; `wait` is how many seconds the server asks to wait."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    wait: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == _SUCCESS

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return self.status // 100 == _REDIRECT

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people: the API itself never sends one."""
        return "html" in self.headers.get("content-type", "").lower() or self.body[:64].lstrip()[:1] == b"<"

    @property
    def text(self) -> str:
        """The body as text, for excerpts only: what is not UTF-8 is replaced."""
        return self.body[:_CHUNK].decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as it was sent, for the `number`th time, and its status, or why there is none. It holds no key."""

    method: str
    url: str
    outcome: int | str
    seconds: float
    number: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the sleep and the random numbers; tests bring their own. `sleep` may return early."""

    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


class NoResponseError(TransportError):
    """No response, or not all of one. `is_temporary`: the same request may well succeed later."""

    def __init__(
        self, message: str, *, hint: str | None = CHECK_NETWORK, is_temporary: bool = True, unsent: bool = False
    ) -> None:
        super().__init__(message, hint=hint, unsent=unsent)
        self.is_temporary = is_temporary


def requested_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a response asks to wait: Retry-After, or until the time at which a used-up rate limit is renewed."""
    wait = retry_after(headers.get("retry-after", ""), now)
    if wait is not None or headers.get("x-ratelimit-remaining") != "0":
        return wait
    reset = headers.get("x-ratelimit-reset", "")
    is_epoch = reset.isascii() and reset.isdigit() and float(reset) >= _FIRST_EPOCH
    return max(0.0, float(reset) - now) if is_epoch else None


def retry_after(header: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as a number or an HTTP date (RFC 9110)."""
    value = header.strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, date - now)


def read_body(chunks: Iterable[bytes], encoding: str, request: Request) -> bytes:
    """A body, unpacked, from the chunks that come over the network.

    httpx could unpack it, but without a bound, and would not notice that a packed body broke off. Raises
    UnreadableResponseError when it is too large or packed in another way than gzip.
    """
    match encoding.strip().lower():
        case "" | "identity":
            unpacked = chunks
        case "gzip" | "x-gzip":
            unpacked = _unzipped(chunks, request)
        case other:
            raise UnreadableResponseError(
                f"{request.shown}: the answer is packed as '{excerpt(other)}', not as asked for."
            )
    body = bytearray()
    for chunk in unpacked:
        body += chunk
        if len(body) > LARGEST_BODY:
            raise UnreadableResponseError(f"{request.shown}: the answer is larger than {LARGEST_BODY >> 20} MiB.")
    return bytes(body)


def _unzipped(chunks: Iterable[bytes], request: Request) -> Iterator[bytes]:
    """Unzip in bounded chunks: a small body that unpacks to gigabytes is never held whole. Nothing stays nothing."""
    unzip = zlib.decompressobj(wbits=_GZIP_WINDOW)
    is_empty = True
    try:
        for chunk in chunks:
            is_empty = is_empty and not chunk
            rest = b"" if unzip.eof else chunk  # zlib would keep all that follows on the end, however much that is
            while rest:
                yield unzip.decompress(rest, _CHUNK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise UnreadableResponseError(f"{request.shown}: the answer cannot be unzipped.") from None
    if not unzip.eof and not is_empty:
        raise NoResponseError(f"{request.shown}: the answer broke off.")


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_json(body: bytes) -> JsonValue:
    """The JSON value of a body. Raises ValueError for anything else, however strange.

    A lone half of a surrogate pair, which JSON can escape but no text can hold, becomes U+FFFD.
    """
    try:
        value: JsonValue = _DECODER.decode(body.removeprefix(BOM_UTF8).decode())
        return _without_lone_surrogates(value) if _SURROGATE_ESCAPE.search(body) else value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _without_lone_surrogates(value: JsonValue) -> JsonValue:
    text = json.dumps(value, ensure_ascii=False)
    whole: JsonValue = json.loads(
        text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
    )
    return whole
