"""Clients of a fake server whose waits take no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flowsync.api.client import Client, open_client
from flowsync.api.messages import Timing
from flowsync.api.transport import Handler
from flowsync.config import Key, Timeouts
from tests.support.fake_frigade import PRIVATE_KEY, FakeConfig, FakeFrigade, Fault, fake_frigade, row

KEY = Key(PRIVATE_KEY, "FRIGADE_API_KEY")
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
    agent: str | None = None,
    time: FakeTime | None = None,
    timing: Timing | None = None,
    connect: float = 2.0,
    read: float = 5.0,
    handler: Handler | None = None,
    parallelism: int = 8,
) -> Iterator[Client]:
    with open_client(
        api_url=url,
        key=key,
        timeouts=Timeouts(connect, read),
        user_agent=agent,
        parallelism=parallelism,
        handler=handler,
        timing=timing or (time or FakeTime()).timing,
    ) as client:
        yield client


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
