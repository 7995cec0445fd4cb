"""Clients of a fake server whose waits take no time."""

from __future__ import annotations

from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flowsync.config import Key, Timeouts
from flowsync.http import Timing
from flowsync.http.client import DEFAULT_USER_AGENT, client_over, open_wire
from flowsync.http.direct import DirectWire
from flowsync.http.pooled import PooledWire
from flowsync.http.wire import Terms
from tests.support.fake_frigade import PRIVATE_KEY, FakeConfig, fake_frigade, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.http import Client, Handler
    from flowsync.http.wire import Wire
    from tests.support.fake_frigade import FakeFrigade, Fault

KEY = Key(PRIVATE_KEY, "FRIGADE_API_KEY")
WIRES: dict[str, Callable[[Terms], Wire]] = {"direct": DirectWire, "httpx": PooledWire}
WIRE: ContextVar[Callable[[Terms], Wire] | None] = ContextVar("WIRE", default=None)
"""The kind of wire that a test runs over; None for the one that is chosen for the address."""
NOW = 1_767_323_045.0
"""2026-01-02T03:04:05Z"""


@dataclass
class FakeTime:
    """A clock that only sleeping moves; `slept` holds every wait."""

    clock: float = 0.0
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds
        self.on_sleep()

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, random=lambda: 1.0, monotonic=lambda: self.clock, now=lambda: NOW + self.clock)


@contextmanager
def client_of(
    url: str,
    *,
    key: Key = KEY,
    time: FakeTime | None = None,
    read: float = 5.0,
    handler: Handler | None = None,
    parallelism: int = 8,
) -> Iterator[Client]:
    terms = Terms(url, key, DEFAULT_USER_AGENT, Timeouts(2.0, read), parallelism, (time or FakeTime()).timing)
    chosen = WIRE.get() if handler is None else None
    with closing(chosen(terms) if chosen else open_wire(terms, handler)) as wire:
        yield client_over(wire, terms)


@contextmanager
def troubled(
    *faults: Fault, key: Key = KEY, time: FakeTime | None = None, read: float = 5.0
) -> Iterator[tuple[FakeFrigade, Client]]:
    """A server with one flow and these faults, and a client of it."""
    with (
        fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a")]) as server,
        client_of(server.url, key=key, time=time, read=read) as client,
    ):
        yield server, client
