"""One HTTP/1.1 answer as it comes in, taken strictly (RFC 9112).

Where its end is in doubt, or a line is not as it has to be, it is no answer: nothing is guessed. Python's
http.client guesses in places (two lengths, a negative one, a line without a colon, a body that ends early), and
reading each head as if it were an e-mail takes it four times as long. Numbers, lines and time are bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.frozen import dataclass
from flowsync.http.answer import LONGEST_BODY
from flowsync.http.unanswered import without_end

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from flowsync.http.call import Call
    from flowsync.http.timing import Timing

LARGEST_HEAD: Final = 256 * 1024
"""Bytes of a head, and of what may follow on the last chunk."""
_LONGEST_LINE: Final = 4_096
"""Bytes of a line that says how large a chunk is."""
_PIECE: Final = 64 * 1024
_LARGEST_PIECE: Final = 1024 * 1024
"""Bytes that are received at a time, the larger number where so many are to come."""
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: ([^\r\n]*))?")
_HEADERS: Final = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)$", re.MULTILINE)
"""All that are well-formed, at most one a line: found in one go, for line by line takes twice as long."""
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where an answer ends: two of a name must agree."""
_FIRST_FINAL_STATUS: Final = 200
_SWITCHING_PROTOCOLS: Final = 101
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and the headers, the first of each name, in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    is_modern: bool
    """Whether it speaks HTTP/1.1, in which connections are kept."""

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks that each tell how large they are."""
        return "transfer-encoding" in self.headers

    @property
    def length(self) -> int | None:
        """How many bytes the body has; None where only its end will tell."""
        if self.status in _WITHOUT_BODY:
            return 0
        length = self.headers.get("content-length")
        return None if length is None else int(length)

    @property
    def keeps_connection(self) -> bool:
        """Whether another request may follow on this connection."""
        if not self.is_modern or (self.length is None and not self.is_chunked):
            return False
        options = self.headers.get("connection")
        return options is None or "close" not in map(str.strip, options.lower().split(","))


class Incoming:
    """What comes over a connection in answer to one request.

    Everything raises EOFError where the connection ends too early, ValueError for what is no HTTP, OSError as the
    socket does, and UnansweredError for an answer that goes on and on.
    """

    def __init__(self, sock: socket.socket, call: Call, timing: Timing) -> None:
        self._socket = sock
        self._call = call
        self._timing = timing
        self._deadline: float | None = None
        self._buffer = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of what came."""
        return not self._buffer

    def head(self) -> Head:
        """The head of the answer; those that only announce it are passed over."""
        while True:
            head = _parsed(self._until(_END_OF_HEAD, LARGEST_HEAD).decode("latin-1"))
            if head.status >= _FIRST_FINAL_STATUS:
                return head
            if head.status == _SWITCHING_PROTOCOLS:
                raise ValueError("nobody asked for another protocol")

    def body(self, head: Head) -> Iterator[bytes]:
        """The body, piece by piece."""
        if head.is_chunked and head.status not in _WITHOUT_BODY:
            yield from self._chunks()
        elif (length := head.length) is not None:
            yield from self._exactly(length)
        else:
            yield from self._all()

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            if self._line():
                raise ValueError("a chunk is longer than it says")
        most = LARGEST_HEAD
        while line := self._line():
            most -= len(line)
            if most < 0:
                raise ValueError("headers without end")

    def _chunk_size(self) -> int:
        found = _CHUNK.fullmatch(self._line())
        if found is None:
            raise ValueError("no size of a chunk")
        return int(found[1], 16)

    def _line(self) -> bytes:
        return self._until(_END_OF_LINE, _LONGEST_LINE)

    def _exactly(self, count: int) -> Iterator[bytes]:
        while count:
            if not self._buffer:
                self._receive(min(max(count, _PIECE), _LARGEST_PIECE))
            piece = bytes(self._buffer[:count])
            del self._buffer[:count]
            count -= len(piece)
            yield piece

    def _all(self) -> Iterator[bytes]:
        while True:
            if self._buffer:
                yield bytes(self._buffer)
                self._buffer.clear()
            try:
                self._receive(_PIECE)
            except EOFError:
                return

    def _until(self, end: re.Pattern[bytes], most: int) -> bytes:
        """What comes before `end`, which is passed over."""
        searched = 0
        while (found := end.search(self._buffer, searched)) is None:
            if len(self._buffer) > most:
                raise ValueError("a line without end")
            searched = max(0, len(self._buffer) - _LONGEST_END)
            self._receive(_PIECE)
        before = bytes(self._buffer[: found.start()])
        del self._buffer[: found.end()]
        return before

    def _receive(self, most: int) -> None:
        if self._deadline is not None and self._timing.monotonic() > self._deadline:
            raise without_end(self._call, LONGEST_BODY)
        piece = self._socket.recv(most)
        if not piece:
            raise EOFError
        self._buffer += piece
        if self._deadline is None:
            self._deadline = self._timing.monotonic() + LONGEST_BODY


_END_OF_LINE: Final = re.compile(rb"\r?\n")
_LONGEST_END: Final = 3
"""Bytes of an end that may have come already, without its last."""


def _parsed(text: str) -> Head:
    """The head that stands in `text`. Raises ValueError where it leaves in doubt what it says."""
    first, end, rest = text.replace("\r\n", "\n").partition("\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise ValueError("no status line")
    found = _HEADERS.findall(rest)
    if len(found) != rest.count("\n") + len(end):
        raise ValueError("no header")
    headers: dict[str, str] = {}
    for given, padded in found:
        name, value = given.lower(), padded.strip(" \t")
        if headers.setdefault(name, value) != value and name in _FRAMING:
            raise ValueError("headers that contradict each other")
    if not _is_clear(headers):
        raise ValueError("an end in doubt")
    return Head(int(status[2]), status[3] or "", headers, status[1] == "1")


def _is_clear(headers: Mapping[str, str]) -> bool:
    """Whether it is beyond doubt where an answer with these headers ends."""
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        return length is None and coding.lower() == "chunked"
    return length is None or _LENGTH.fullmatch(length) is not None
