"""An answer as plain values: read whole but bounded, and its JSON."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from flowsync.errors import UnreadableResponseError
from flowsync.http.translate import Repeat, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpx

    from flowsync.http.call import Call
    from flowsync.http.timing import Timing
    from flowsync.model import JsonValue

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, unpacked. A page of 100 flows is far below one hundredth of this."""
LONGEST_BODY: Final = 120.0
"""Seconds for a whole body: a server that sends a byte now and then is not waited for."""
_CHUNK: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


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
    def is_html(self) -> bool:
        """Whether a page for people came: the API itself never sends one."""
        return "html" in self.content_type.lower() or self.body[:64].lstrip()[:1] == b"<"

    @property
    def text(self) -> str:
        """The body as text, for excerpts only: what is not UTF-8 is replaced."""
        return self.body[:_CHUNK].decode("utf-8", errors="replace")


def receive(response: httpx.Response, call: Call, timing: Timing) -> Answer:
    """Read the streamed answer to `call` to its end.

    Raises UnreadableResponseError when it is too large or packed oddly, TransportError when it does not end.
    """
    headers = response.headers
    return Answer(
        status=response.status_code,
        reason=response.reason_phrase,
        content_type=headers.get("content-type", ""),
        location=headers.get("location"),
        wait=retry_after(headers.get("retry-after"), timing.now),
        body=_body(response, call, timing.monotonic),
    )


def retry_after(header: str | None, now: Callable[[], float]) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as a number or an HTTP date (RFC 9110)."""
    value = (header or "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
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
        value: JsonValue = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _without_lone_surrogates(value) if _SURROGATE_ESCAPE.search(body) else value


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


def _without_lone_surrogates(value: JsonValue) -> JsonValue:
    text = json.dumps(value, ensure_ascii=False)
    whole: JsonValue = json.loads(
        text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
    )
    return whole


def _body(response: httpx.Response, call: Call, monotonic: Callable[[], float]) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return _gathered(response.iter_raw(), call, monotonic)
    if encoding in {"gzip", "x-gzip"}:
        return _gathered(_unpacked(response.iter_raw(), call), call, monotonic)
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
            raise UnansweredError(
                f"{call.shown}: the answer did not end within {LONGEST_BODY:.0f} seconds.", repeat=Repeat.NEVER
            )
    return bytes(gathered)


def _unpacked(chunks: Iterable[bytes], call: Call) -> Iterator[bytes]:
    """Unzip piece by piece: a small answer that unpacks to gigabytes is never held whole."""
    unzip = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                yield unzip.decompress(rest, _CHUNK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise UnreadableResponseError(f"{call.shown}: the answer cannot be unzipped.") from None
    if not unzip.eof:
        raise UnansweredError(f"{call.shown}: the answer broke off.")
