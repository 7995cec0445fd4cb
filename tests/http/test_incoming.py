"""Reading an answer, held to http.client: whatever is accepted here is read the same there."""

from __future__ import annotations

import gzip
import io
import itertools
import tracemalloc
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.http.answer import Arriving, parse_json, receive
from flowsync.http.call import Call, Method
from flowsync.http.incoming import LARGEST_HEAD, Incoming
from flowsync.http.unanswered import UnansweredError
from tests.http.support import FakeTime

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

CALL = Call(Method.GET, "https://api.example/v1/flows")
Read = tuple[int, bytes, bool, bool]
"""The status, the body, whether the connection may be used again, and whether nothing is left."""


class Pieces:
    """A socket that gives bytes in pieces and then ends."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def recv(self, most: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > most:
            self.pieces.insert(0, piece[most:])
        return piece[:most]


def read(*pieces: bytes) -> Read:
    incoming = Incoming(cast("socket.socket", Pieces(pieces)), CALL, FakeTime().timing)
    head = incoming.head()
    body = b"".join(incoming.body(head))
    return head.status, body, head.keeps_connection, incoming.is_empty


def outcome(*pieces: bytes) -> Read | type[Exception]:
    try:
        return read(*pieces)
    except (EOFError, ValueError) as error:
        return type(error)


class Stream:
    """What HTTPResponse wants of a socket."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def by_http_client(data: bytes) -> tuple[int, bytes] | None:
    with suppress(HTTPException, ValueError, OSError):
        response = HTTPResponse(cast("socket.socket", Stream(data)), method="GET")
        response.begin()
        return response.status, response.read()
    return None


LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"content-length:5",
        b"Content-Length: 05",
        b"Content-Length: 3",
        b"Content-Length: 9",
        b"Content-Length: -1",
        b"Content-Length: 5, 5",
        b"Content-Length : 5",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: Chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: Keep-Alive, Close",
        b"Connection: keep-alive",
        b"X-Folded: a\r\n b",
        b"X: \xc3\xa9",
        b"X:",
        b" X: y",
        b"no colon",
        b"",
    ]
)
STATUS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 404 Not  Found",
        b"HTTP/1.1 200",
        b"HTTP/1.1 099 x",
        b"HTTP/2 200",
        b"http/1.1 200 OK",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    ]
)
BODIES = st.sampled_from(
    [
        b"",
        b"hello",
        b"hello again",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5;x=y\r\nhello\r\n00\r\nT: t\r\n\r\n",
        b"2\r\nhe\r\n3 \r\nllo\r\n0\r\n\r\nmore",
        b"5\r\nhello\r\n",
        b"5\r\nhell",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"0\r\n\r\n",
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    lines = [draw(STATUS), *draw(st.lists(LINES, max_size=3))]
    end = draw(ENDS)
    data = end.join([*lines, b"", draw(BODIES)])
    place, change = draw(st.integers(0, len(data))), draw(st.sampled_from([b"", b"", b"", b"\x00", b"\r", b"\n", b"5"]))
    return data[:place] + change + data[place:]


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    for start, end in itertools.pairwise(bounds):
        yield data[start:end]


@given(answers(), st.lists(st.integers(0, 300), max_size=6))
def test_it_does_not_matter_how_an_answer_is_cut(data: bytes, places: list[int]) -> None:
    whole = outcome(data)
    for pieces in (list(cut(data, places)), [bytes([byte]) for byte in data]):
        found = outcome(*pieces)
        assert found == whole or (isinstance(found, tuple) and isinstance(whole, tuple) and found[:3] == whole[:3])


@given(answers())
def test_what_is_accepted_is_read_as_http_client_reads_it(data: bytes) -> None:
    found = outcome(data)
    if isinstance(found, tuple) and found[0] in {204, 304}:
        assert found[1] == b"", "it reads chunks there, where there is no body"
    elif isinstance(found, tuple):
        assert by_http_client(data) == found[:2]


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close\r\n\r\nhello", False),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False),
    ],
)
def test_a_connection_is_kept_where_both_sides_know_the_end(data: bytes, *, kept: bool) -> None:
    assert read(data)[2:] == (kept, True)


def test_what_is_left_is_noticed() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more")[1:] == (b"hello", True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * (LARGEST_HEAD + 70_000) + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 200_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 90_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 19 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_lines_and_numbers_are_bounded(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(*(data[start : start + 4_096] for start in range(0, len(data), 4_096)))


def test_announcements_without_end_are_given_up() -> None:
    time = FakeTime()
    time_passing = Pieces([b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 1_000)

    class Slow(Pieces):
        def recv(self, most: int) -> bytes:
            time.clock += 1
            return time_passing.recv(most)

    with pytest.raises(UnansweredError, match="did not end within 120 seconds"):
        Incoming(cast("socket.socket", Slow([])), CALL, time.timing).head()


def test_no_depth_of_json_is_a_crash() -> None:
    for depth in range(700, 1_100):
        with suppress(ValueError):
            parse_json(b"[" * depth + b'"\\ud800"' + b"]" * depth)


def test_what_follows_on_a_packed_answer_is_passed_over_and_not_kept() -> None:
    pieces = itertools.chain([gzip.compress(b"[]")], itertools.repeat(b"x" * 65_536, 400))
    tracemalloc.start()
    try:
        answer = receive(Arriving(200, "OK", {"content-encoding": "gzip"}, pieces), CALL, FakeTime().timing)
        assert (answer.body, tracemalloc.get_traced_memory()[1] < 2**20) == (b"[]", True)
    finally:
        tracemalloc.stop()
