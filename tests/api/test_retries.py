"""What is asked again, after how long, and what is not."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.api.endpoints import write
from flowsync.api.messages import NoResponseError, Response, Timing
from flowsync.api.retry import LONGEST_DELAY, MOST_ATTEMPTS, MOST_REFUSALS, PATIENCE, delay_before_retry
from flowsync.api.retry import RATE_LIMIT_PATIENCE as LONGEST_PAUSE
from flowsync.api.transport import retry_after
from flowsync.errors import ApiError, RateLimitedError, ServerError, TransportError
from tests.api.support import NOW, FakeTime, troubled
from tests.support.fake_frigade import (
    ALWAYS,
    Effect,
    Fault,
    hang,
    html,
    rate_limited,
    reply,
    reset,
    server_error,
    truncated,
    unavailable,
)

TRANSIENT = [server_error(), reply(502), html(503), reply(504), reset(), truncated(), reset(Effect.AFTER)]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_get_is_made_again_after_anything_transient(fault: Fault) -> None:
    time = FakeTime()
    with troubled(fault.on(times=3), time=time) as (server, client):
        assert client.reader().get("/v1/public/flows/flow_a", {})
    assert (len(server.requests), time.slept) == (4, [0.5, 1.0, 2.0])


def test_a_get_that_hangs_is_made_again() -> None:
    with troubled(hang(), read=0.1) as (server, client):
        assert client.reader().get("/v1/public/flows/flow_a", {})
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", [server_error(), reset(), truncated()])
def test_patience_with_a_get_ends(fault: Fault) -> None:
    time = FakeTime()
    with troubled(fault.on(times=ALWAYS), time=time) as (server, client):
        with pytest.raises((ServerError, TransportError)):
            client.reader().get("/v1/flows", {})
        assert len(server.requests) == MOST_ATTEMPTS
    assert len(time.slept) == MOST_ATTEMPTS - 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 501])
def test_what_is_not_transient_is_not_asked_again(status: int) -> None:
    time = FakeTime()
    with troubled(reply(status), time=time) as (server, client):
        with pytest.raises(ApiError):
            client.reader().get("/v1/flows", {})
        assert len(server.requests) == 1
    assert time.slept == []


@pytest.mark.parametrize(
    "fault", [rate_limited("7"), unavailable("7"), replace(reply(403), headers=(("Retry-After", "7"),))]
)
def test_a_read_waits_as_long_as_it_is_told_to(fault: Fault) -> None:
    time = FakeTime()
    with troubled(fault.on("GET", times=2), time=time) as (_, client):
        assert client.reader().get("/v1/public/flows/flow_a", {})
    assert sum(time.slept) == 14.0


@pytest.mark.parametrize("fault", [rate_limited("7"), unavailable("7")])
def test_a_write_is_not_made_again_but_the_next_read_waits(fault: Fault) -> None:
    """Somebody may edit the flow while it waits: it has to be read before it is written."""
    time = FakeTime()
    with troubled(fault.on("PUT"), time=time) as (server, client):
        with pytest.raises((RateLimitedError, ServerError)) as caught:
            write(client.writer(), 1, {"name": "B"})
        assert (caught.value.retry_after, time.slept, len(server.requests)) == (7.0, [], 1)
        client.reader().get("/v1/public/flows/flow_a", {})
        assert sum(time.slept) == 7.0
        write(client.writer(), 1, {"name": "B"})
        assert server.row(1)["name"] == "B"


@pytest.mark.parametrize("fault", [server_error(), reset(), truncated(), rate_limited("0")])
def test_a_write_is_sent_once_whatever_happens(fault: Fault) -> None:
    with troubled(fault.on("PUT")) as (server, client):
        with pytest.raises(ApiError):
            write(client.writer(), 1, {"name": "B"})
        assert len(server.requests) == 1


def test_a_date_as_retry_after_is_waited_for() -> None:
    time = FakeTime()
    with troubled(rate_limited(formatdate(NOW + 9, usegmt=True)), time=time) as (_, client):
        client.reader().get("/v1/flows", {})
    assert sum(time.slept) == 9.0


@pytest.mark.parametrize(("header", "requests"), [("301", 1), ("300", 2), ("100", 4), ("soon", 1)])
def test_waiting_as_told_has_its_bounds(header: str, requests: int) -> None:
    with troubled(rate_limited(header).on(times=ALWAYS)) as (server, client):
        with pytest.raises(RateLimitedError) as caught:
            client.reader().get("/v1/flows", {})
        assert caught.value.retry_after is None
        assert len(server.requests) == requests


def test_a_server_that_puts_off_at_once_again_and_again_is_not_asked_without_end() -> None:
    time = FakeTime()
    with troubled(rate_limited("0").on(times=ALWAYS), time=time) as (server, client):
        with pytest.raises(RateLimitedError):
            client.reader().get("/v1/flows", {})
        assert len(server.requests) == MOST_REFUSALS + 1
    assert sum(time.slept) < LONGEST_PAUSE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("0", 0.0),
        (" 12 ", 12.0),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("Fri, 99 Dec 9999 99:99:99 GMT", None),
        ("never", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def outcome(status: int, wait: float | None = None) -> Response:
    return Response(status, "", {}, b"", wait)


OUTCOMES = st.one_of(
    st.builds(outcome, st.integers(200, 599), st.none() | st.floats(0, 1e9)),
    st.builds(lambda is_temporary: NoResponseError("", is_temporary=is_temporary), st.booleans()),
)


@given(OUTCOMES, st.integers(1, 20), st.floats(0, 1_000), st.floats(0, 1))
def test_every_wait_is_bounded_and_the_waiting_ends(
    met: Response | ApiError, attempts: int, elapsed: float, dice: float
) -> None:
    delay = delay_before_retry(met, attempts, elapsed, Timing(random=lambda: dice))
    if delay is not None:
        assert 0 <= delay <= LONGEST_DELAY
        assert elapsed + delay <= PATIENCE
        assert attempts < MOST_ATTEMPTS


def delay(met: Response | ApiError, attempts: int, dice: float) -> float | None:
    return delay_before_retry(met, attempts, 0.0, Timing(random=lambda: dice))


def test_an_error_that_is_no_lack_of_an_answer_is_final() -> None:
    assert delay(ServerError("", status=500), 1, 1.0) is None


def test_the_jitter_covers_the_whole_of_a_growing_interval() -> None:
    assert [delay(outcome(500), attempts, 0.0) for attempts in (1, 2, 3)] == [0.0, 0.0, 0.0]
    assert [delay(outcome(500), attempts, 1.0) for attempts in (1, 2, 3)] == [0.5, 1.0, 2.0]
