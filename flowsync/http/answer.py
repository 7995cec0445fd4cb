"""An answer as plain values: its headers, its body unpacked within bounds, and its JSON."""

from __future__ import annotations

import json
import re
import zlib
from codecs import BOM_UTF8
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from flowsync.errors import UnreadableResponseError
from flowsync.http.unanswered import UnansweredError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.http.call import Call
    from flowsync.model import JsonValue

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
