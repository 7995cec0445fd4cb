"""An answer as plain values: read whole but bounded, and its JSON."""

from __future__ import annotations

import json
import re
import zlib
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final, Protocol

from flowsync.errors import UnreadableResponseError
from flowsync.frozen import dataclass
from flowsync.http.redact import printable
from flowsync.http.unanswered import UnansweredError, without_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flowsync.http.call import Call
    from flowsync.http.timing import Timing
    from flowsync.model import JsonValue

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, unpacked. A page of 100 flows is far below one hundredth of this."""
LONGEST_BODY: Final = 120.0
"""Seconds for a whole body: a server that sends a byte now and then is not waited for."""
_SUCCESS: Final = 2
_REDIRECT: Final = 3
_CHUNK: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Headers(Protocol):
    """The headers of an answer, by names in lower case."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, `default` without one."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """An answer whose head is there; `pieces` are what comes of its body, still packed."""

    status: int
    reason: str
    headers: Headers
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `wait` is Retry-After in seconds from now, None without a usable one."""

    status: int
    reason: str
    content_type: str
    location: str | None
    wait: float | None
    body: bytes

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
        return "html" in self.content_type.lower() or self.body[:64].lstrip()[:1] == b"<"

    @property
    def text(self) -> str:
        """The body as text, for excerpts only: what is not UTF-8 is replaced."""
        return self.body[:_CHUNK].decode("utf-8", errors="replace")


def receive(arriving: Arriving, call: Call, timing: Timing) -> Answer:
    """Read the answer to `call` to its end.

    Raises UnreadableResponseError when it is too large or packed oddly, TransportError when it does not end.
    """
    headers = arriving.headers
    return Answer(
        status=arriving.status,
        reason=printable(arriving.reason),
        content_type=headers.get("content-type", ""),
        location=headers.get("location", "") or None,
        wait=retry_after(headers.get("retry-after", ""), timing.now),
        body=_body(arriving, call, timing.monotonic),
    )


def retry_after(header: str, now: Callable[[], float]) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as a number or an HTTP date (RFC 9110)."""
    if not header or not (value := header.strip()):
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, and dates are rare

    try:
        date = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, date - now())


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


def _body(arriving: Arriving, call: Call, monotonic: Callable[[], float]) -> bytes:
    encoding = arriving.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return _gathered(arriving.pieces, call, monotonic)
    if encoding in {"gzip", "x-gzip"}:
        return _gathered(_unpacked(arriving.pieces, call), call, monotonic)
    raise UnreadableResponseError(f"{call.shown}: the answer is packed as {encoding[:40]!a}, not as asked for.")


def _gathered(chunks: Iterable[bytes], call: Call, monotonic: Callable[[], float]) -> bytes:
    """All chunks in one, within the bounds of size and time."""
    deadline = monotonic() + LONGEST_BODY
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) > LARGEST_BODY:
            raise UnreadableResponseError(f"{call.shown}: the answer is larger than {LARGEST_BODY >> 20} MiB.")
        if monotonic() > deadline:
            raise without_end(call, LONGEST_BODY)
    return bytes(gathered)


def _unpacked(chunks: Iterable[bytes], call: Call) -> Iterator[bytes]:
    """Unzip piece by piece: a small answer that unpacks to gigabytes is never held whole. Nothing stays nothing."""
    unzip = zlib.decompressobj(wbits=_GZIP_WINDOW)
    is_empty = True
    try:
        for chunk in chunks:
            is_empty = is_empty and not chunk
            if unzip.eof:  # it would keep all that follows, however much that is
                yield b""
                continue
            rest = chunk
            while rest:
                yield unzip.decompress(rest, _CHUNK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise UnreadableResponseError(f"{call.shown}: the answer cannot be unzipped.") from None
    if not unzip.eof and not is_empty:
        raise UnansweredError(f"{call.shown}: the answer broke off.")
