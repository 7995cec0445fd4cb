"""A server that says exactly what it is told to, byte by byte, right or wrong."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class End(Enum):
    """What becomes of the connection instead of further bytes."""

    CLOSE = "close"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True)
class Hasty:
    """An answer to the head of a request alone."""

    answer: bytes


Step: TypeAlias = bytes | Hasty | End
"""Bytes answer a request; an End follows at once on the bytes before it."""


@dataclass
class Scripted:
    """The running server: `requests` as they came, and how many `connections` there were."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def scripted(*scripts: tuple[Step, ...], tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Each connection gets the next script, the last one over and over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Scripted(listening.getsockname()[1])
        accepting = threading.Thread(target=_accept, args=(listening, server, scripts, tls))
        accepting.start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5):
                accepting.join()


def _accept(
    listening: socket.socket, server: Scripted, scripts: tuple[tuple[Step, ...], ...], tls: ssl.SSLContext | None
) -> None:
    threads: list[threading.Thread] = []
    while True:
        accepted, _ = listening.accept()
        if server.over.is_set():
            accepted.close()
            break
        script = scripts[min(server.connections, len(scripts) - 1)]
        server.connections += 1
        threads.append(threading.Thread(target=_converse, args=(accepted, server, script, tls)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _converse(accepted: socket.socket, server: Scripted, script: tuple[Step, ...], tls: ssl.SSLContext | None) -> None:
    accepted.settimeout(5)
    with accepted, suppress(OSError):
        connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
        with connection:
            _follow(connection, server, script)
            server.over.wait(5 if End.SILENCE in script else 0)


def _follow(connection: socket.socket, server: Scripted, script: tuple[Step, ...]) -> None:
    for step in script:
        match step:
            case bytes():
                request = _read(connection)
                if not request:
                    return
                server.requests.append(request)
                connection.sendall(step)
            case Hasty(answer):
                server.requests.append(connection.recv(1_024))
                connection.sendall(answer)
            case End.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            case End.CLOSE | End.SILENCE:
                return
    _read(connection)


def _read(connection: socket.socket) -> bytes:
    """One request; nothing where the client has gone."""
    request = b""
    while b"\r\n\r\n" not in request:
        more = connection.recv(65_536)
        if not more:
            return b""
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    while found and len(body) < int(found[1]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
