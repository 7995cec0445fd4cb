"""The throttle that all requests of a run share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from flowsync.api.client import Client
from flowsync.api.retry import RATE_LIMIT_PATIENCE as PATIENCE
from flowsync.api.retry import Throttle
from flowsync.errors import RateLimitedError
from tests.api.support import FakeTime, client_of, troubled
from tests.support.fake_frigade import FakeConfig, fake_frigade, rate_limited, row


@contextmanager
def turn(throttle: Throttle) -> Iterator[bool]:
    admitted = throttle.acquire()
    try:
        yield admitted
    finally:
        if admitted:
            throttle.release()


def made(most: int = 8) -> tuple[Throttle, FakeTime]:
    time = FakeTime()
    return Throttle(time.timing, most), time


def test_one_refusal_holds_up_every_thread() -> None:
    time = FakeTime()
    with troubled(rate_limited("30"), time=time) as (server, client):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.reader().get("/v1/flows", {}), range(40)))
        assert len(server.requests) == 41
    assert time.clock >= 30


def test_after_a_pause_reads_go_one_by_one_at_first() -> None:
    throttle, time = made()
    assert throttle.pause(5.0)
    with turn(throttle) as admitted:
        assert admitted
        assert time.clock == 5.0
        second = threading.Thread(target=_take, args=(throttle,))
        second.start()
        second.join(0.05)
        assert second.is_alive()
        throttle.succeed()
        second.join(10)
        assert not second.is_alive()


def _take(throttle: Throttle) -> None:
    with turn(throttle):
        pass


def test_patience_starts_anew_when_something_gets_through() -> None:
    throttle, time = made()
    assert throttle.pause(PATIENCE - 10)
    _take(throttle)
    assert not throttle.pause(20)
    throttle.succeed()
    assert throttle.pause(20)
    time.clock += 10_000
    throttle.succeed()
    assert throttle.pause(PATIENCE)
    assert not throttle.pause(PATIENCE + 1)


def test_who_waits_is_counted_only_while_the_server_asked_for_it() -> None:
    throttle, _ = made(1)
    assert throttle.waiting == 0
    with turn(throttle):
        crowd = [threading.Thread(target=_take, args=(throttle,)) for _ in range(3)]
        for each in crowd:
            each.start()
        _wait_for(throttle, 0)
        throttle.pause(1.0)
        _wait_for(throttle, 3)
        throttle.succeed()
    for each in crowd:
        each.join(10)
    assert throttle.waiting == 0


def _wait_for(throttle: Throttle, count: int) -> None:
    for _ in range(2_000):
        if throttle.waiting == count:
            return
        threading.Event().wait(0.005)
    pytest.fail(f"{throttle.waiting} are waiting")


def test_when_waiting_is_abandoned_nothing_waits_any_more() -> None:
    time = FakeTime()
    with troubled(rate_limited("30"), time=time) as (server, client):
        assert client.waiting == 0
        client.stop_waiting()
        with pytest.raises(RateLimitedError):
            client.reader().get("/v1/flows", {})
        assert client.reader().get("/v1/flows", {})
        assert len(server.requests) == 2
    assert time.slept == []


def test_whoever_waits_already_is_woken() -> None:
    """Threads that wait for room, and one that sleeps."""
    throttle, _ = made(1)
    seen: list[bool] = []

    def ask() -> None:
        with turn(throttle) as admitted:
            seen.append(admitted)

    with turn(throttle):
        crowd = [threading.Thread(target=ask) for _ in range(3)]
        for each in crowd:
            each.start()
        throttle.abandon()
        for each in crowd:
            each.join(10)
    assert seen == [False] * 3


def test_a_request_that_was_waiting_says_that_it_was_not_sent() -> None:
    time = FakeTime()
    with fake_frigade(FakeConfig(faults=(rate_limited("30").on(times=2),)), [row(1, "flow_a")]) as server:
        with client_of(server.url, time=time) as client:
            time.on_sleep = client.stop_waiting
            with pytest.raises(RateLimitedError, match="not sent: the run stopped while it waited"):
                _get(client)
        assert len(server.requests) == 1


def _get(client: Client) -> None:
    client.reader().get("/v1/flows", {})


def test_a_crowd_gets_through_a_narrow_server() -> None:
    """A server that takes three requests a second from sixty-four threads refuses some, and none fails."""
    time = FakeTime()
    lock = threading.Lock()
    taken: dict[int, int] = {}

    def handler(*_: object) -> tuple[int, dict[str, str], bytes]:
        with lock:
            second = int(time.clock)
            taken[second] = taken.get(second, 0) + 1
            refused = taken[second] > 3
        return (429, {"retry-after": "1"}, b"{}") if refused else (200, {}, b"[]")

    with (
        client_of("https://sandbox.invalid", time=time, handler=handler, parallelism=64) as client,
        ThreadPoolExecutor(64) as pool,
    ):
        answers = list(pool.map(lambda _: client.reader().get("/v1/flows", {}), range(200)))
    assert answers == [[]] * 200
