"""One request as plain values, and the clocks that requests are made by."""

from __future__ import annotations

import json
import random
import re
import time
import zlib
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from flowsync.errors import TransportError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowsync.model import JsonValue


class Method(Enum):
    """What flowsync does to a URL."""

    GET = "GET"
    PUT = "PUT"
    POST = "POST"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to `url`, which holds no query; `query` is encoded, "" when there is none."""

    method: Method
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
        return f"{self.method.value} {self.url}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: whom the key is shown to. Raises ValueError for a URL that has none."""
        return origin_of(self.url)

    @property
    def is_public(self) -> bool:
        """Whether a public key is enough for this path [doc]."""
        return "/v1/public/" in self.url

    def redirected(self, url: str) -> Call:
        """The same request to another URL."""
        path, _, query = url.partition("#")[0].partition("?")
        return replace(self, url=path, query=query)


def get(url: str, query: Mapping[str, str]) -> Call:
    """A GET request with `query` encoded."""
    return Call(Method.GET, url, urlencode(query) if query else "")


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling. Raises ValueError when it has none."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("not an address of the web")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORTS[scheme]
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the sleep and the dice; tests bring their own. `sleep` may return early to hurry up."""

    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."


class Repeat(Enum):
    """Whether it makes sense to make a failed request again."""

    NEVER = "never"
    LATER = "later"


class UnansweredError(TransportError):
    """A TransportError that knows whether the request may be made again."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = CHECK_NETWORK,
        repeat: Repeat = Repeat.LATER,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, unsent=unsent)
        self.repeat = repeat


LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, unpacked. A page of 100 flows is far below one hundredth of this."""
_SUCCESS: Final = 2
_REDIRECT: Final = 3
_CHUNK: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_FIRST_EPOCH: Final = 1_000_000_000
"""A smaller number in X-RateLimit-Reset is no time of day: some services send the seconds that are left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end. `headers` are in lower case; `wait` is how many seconds the server asks to wait."""

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
        """Whether a page for people came: the API itself never sends one."""
        return "html" in self.headers.get("content-type", "").lower() or self.body[:64].lstrip()[:1] == b"<"

    @property
    def text(self) -> str:
        """The body as text, for excerpts only: what is not UTF-8 is replaced."""
        return self.body[:_CHUNK].decode("utf-8", errors="replace")


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks to wait: Retry-After, or until the time at which a used-up rate limit is renewed."""
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
        date = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, date - now)


def read_body(pieces: Iterable[bytes], encoding: str, call: Call) -> bytes:
    """A body, unpacked, from the pieces that come over the network.

    httpx could unpack it, but without a bound, and would not notice that a packed body broke off. Raises
    UnreadableResponseError when it is too large or packed oddly.
    """
    match encoding.strip().lower():
        case "" | "identity":
            unpacked = pieces
        case "gzip" | "x-gzip":
            unpacked = _unpacked(pieces, call)
        case other:
            raise UnreadableResponseError(f"{call.shown}: the answer is packed as {other[:40]!a}, not as asked for.")
    body = bytearray()
    for piece in unpacked:
        body += piece
        if len(body) > LARGEST_BODY:
            raise UnreadableResponseError(f"{call.shown}: the answer is larger than {LARGEST_BODY >> 20} MiB.")
    return bytes(body)


def _unpacked(pieces: Iterable[bytes], call: Call) -> Iterator[bytes]:
    """Unzip piece by piece: a small answer that unpacks to gigabytes is never held whole. Nothing stays nothing."""
    unzip = zlib.decompressobj(wbits=_GZIP_WINDOW)
    is_empty = True
    try:
        for piece in pieces:
            is_empty = is_empty and not piece
            rest = b"" if unzip.eof else piece  # it would keep all that follows on the end, however much that is
            while rest:
                yield unzip.decompress(rest, _CHUNK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise UnreadableResponseError(f"{call.shown}: the answer cannot be unzipped.") from None
    if not unzip.eof and not is_empty:
        raise UnansweredError(f"{call.shown}: the answer broke off.")


def parse_json(body: bytes) -> JsonValue:
    """The JSON value of a body. Raises ValueError for anything else, however strange.

    A lone half of a surrogate pair, which JSON can escape but no text can hold, becomes U+FFFD.
    """
    try:
        value: JsonValue = _DECODER.decode(body.removeprefix(BOM_UTF8).decode())
        return _without_lone_surrogates(value) if _SURROGATE_ESCAPE.search(body) else value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _without_lone_surrogates(value: JsonValue) -> JsonValue:
    text = json.dumps(value, ensure_ascii=False)
    whole: JsonValue = json.loads(
        text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
    )
    return whole
