"""The client: one connection pool for all threads, retries around each request, one way out for errors."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import httpx

from flowsync import __version__
from flowsync.errors import ApiError, RateLimitedError, UnreadableResponseError
from flowsync.http.answer import parse_json, receive
from flowsync.http.call import Call, Method, get, origin_of
from flowsync.http.failures import Answered, Scene, failure, unreadable
from flowsync.http.pace import MOST_REFUSALS, Pace
from flowsync.http.pool import Bearer, open_pool
from flowsync.http.redact import Redactor
from flowsync.http.retry import Tried, delay_before_retry, told_to_wait
from flowsync.http.timing import Timing
from flowsync.http.translate import translated
from flowsync.live import FlowReader, FlowWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.config import Key, Timeouts
    from flowsync.http.answer import Answer
    from flowsync.http.embedded import Handler
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"
MOST_REDIRECTS: Final = 5
_LONGEST_LOCATION: Final = 2_000
_KEEP_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept: longer than any pause between two waves of requests."""


@contextmanager
def open_client(
    *,
    api_url: str,
    key: Key,
    timeouts: Timeouts,
    user_agent: str | None = None,
    parallelism: int = 8,
    handler: Handler | None = None,
    timing: Timing | None = None,
) -> Iterator[Client]:
    """A client for the API at `api_url` (trusted: config has checked it), closed at the end.

    `parallelism` connections are kept at most; with `handler` there are none, and every request goes to
    it. Raises ConfigError when proxies or certificates in the environment cannot be used.
    """
    agent = user_agent or DEFAULT_USER_AGENT
    limits = httpx.Limits(
        max_connections=parallelism, max_keepalive_connections=parallelism, keepalive_expiry=_KEEP_ALIVE
    )
    with open_pool(api_url, handler, auth=Bearer(key), user_agent=agent, timeouts=timeouts, limits=limits) as pool:
        scene = Scene(key, agent, Redactor(key.value))
        yield Client(_Courier(pool, api_url, scene, timeouts, Pace(timing or Timing(), parallelism)))


class Client:
    """Hands out the two ways to the API. Every thread may use both."""

    def __init__(self, courier: _Courier) -> None:
        self._courier = courier

    def reader(self) -> FlowReader:
        """A way to the API that can only GET."""
        return _Reader(self._courier)

    def writer(self) -> FlowWriter:
        """A way to the API that can write."""
        return _Writer(self._courier)

    @property
    def waiting(self) -> int:
        """How many requests hold off now because the server asked for it."""
        return self._courier.pace.waiting

    def stop_waiting(self) -> None:
        """Send nothing more that would have to wait for the server's rate limit; it fails instead."""
        self._courier.pace.abandon()


class _Reader(FlowReader):
    """GET and nothing else."""

    def __init__(self, courier: _Courier) -> None:
        self._get = courier.get

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        return self._get(path, query)


class _Writer(FlowWriter):
    """GET and PUT."""

    def __init__(self, courier: _Courier) -> None:
        self._courier = courier

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        return self._courier.get(path, query)

    def put(self, path: str, body: Mapping[str, JsonValue]) -> JsonValue:
        return self._courier.put(path, body)


class _Courier:
    """Carries one request at a time per thread: send, perhaps again, judge the answer."""

    def __init__(self, pool: httpx.Client, api_url: str, scene: Scene, timeouts: Timeouts, pace: Pace) -> None:
        self._pool = pool
        self._api_url = api_url.rstrip("/")
        self._scene = scene
        self._timeouts = timeouts
        self._timing = pace.timing
        self.pace = pace

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        return self._carry(get(self._api_url + path, query))

    def put(self, path: str, body: Mapping[str, JsonValue]) -> JsonValue:
        return self._carry(Call(Method.PUT, self._api_url + path, content=json.dumps(body, allow_nan=False).encode()))

    def _carry(self, call: Call) -> JsonValue:
        """The one way out: an error leaves without keys and without the exceptions that led to it."""
        try:
            return self._value(call)
        except ApiError as error:
            clean = self._scene.redactor.error(error)
        raise clean

    def _value(self, call: Call) -> JsonValue:
        """The JSON of a success; None for a PUT that was answered with nothing."""
        answered = self._followed(call)
        answer = answered.answer
        if not httpx.codes.is_success(answer.status):
            raise failure(answered)
        if not answer.body and call.method is Method.PUT:
            return None
        try:
            return parse_json(answer.body)
        except ValueError:
            raise unreadable(answered) from None

    def _followed(self, call: Call) -> Answered:
        """The answer, where redirects within the origin end."""
        for _ in range(MOST_REDIRECTS + 1):
            answered = self._answered(call)
            if not httpx.codes.is_redirect(answered.answer.status):
                return answered
            call = _redirected(answered)
        raise UnreadableResponseError(f"{answered.headline}: more than {MOST_REDIRECTS} redirects in a row.")

    def _answered(self, call: Call) -> Answered:
        """The final answer to one URL, after as many attempts as it takes."""
        started = self._timing.monotonic()
        attempts = refusals = 0
        while True:
            outcome = self._attempt_in_turn(call)
            wait = told_to_wait(outcome)
            if wait is None:
                attempts += 1
                delay = delay_before_retry(call.method, outcome, self._tried(attempts, started), self._timing.random)
                if delay is None:
                    return self._final(call, outcome, attempts + refusals)
                self._timing.sleep(delay)
            else:
                refusals += 1
                worthwhile = refusals <= MOST_REFUSALS and self.pace.refused(wait)
                if call.method is Method.PUT or not worthwhile:
                    return self._final(call, outcome, attempts + refusals, wait if worthwhile else None)
                started = self._timing.monotonic()

    def _tried(self, attempts: int, started: float) -> Tried:
        return Tried(attempts, self._timing.monotonic() - started)

    def _final(self, call: Call, outcome: Answer | ApiError, attempts: int, wait: float | None = None) -> Answered:
        if isinstance(outcome, ApiError):
            raise outcome
        return Answered(call, outcome, attempts, self._scene, wait)

    def _attempt_in_turn(self, call: Call) -> Answer | ApiError:
        """One request; a read when the server's pace allows it, a write at once: it follows a read."""
        if call.method is not Method.GET:
            return self._attempt(call)
        with self.pace.turn() as admitted:
            if not admitted:
                return RateLimitedError(f"{call.shown}: not sent: the run stopped while it waited for the rate limit.")
            return self._attempt(call)

    def _attempt(self, call: Call) -> Answer | ApiError:
        """One request. A failure is a value here: what led to it, and holds the key, ends here."""
        try:
            with translated(call, self._timeouts):
                answer = self._send(call)
        except ApiError as error:
            return error
        if told_to_wait(answer) is None:
            self.pace.went_through()
        return answer

    def _send(self, call: Call) -> Answer:
        headers = {} if call.content is None else {"Content-Type": "application/json"}
        with self._pool.stream(call.method.value, call.target, content=call.content, headers=headers) as response:
            return receive(response, call, self._timing)


def _redirected(answered: Answered) -> Call:
    """The request that a redirect asks for, if it is one that may be made."""
    call = answered.call
    try:
        url = _location(answered)
        origin = origin_of(url)
    except ValueError:
        raise _redirect_refused(answered, "to nowhere") from None
    if origin != call.origin:
        raise _redirect_refused(answered, f"to {origin}, where the key must not go")
    if call.method is Method.PUT:
        raise _redirect_refused(answered, "a write")
    return call.redirected(url)


def _location(answered: Answered) -> str:
    """Where a redirect leads. Raises ValueError when it leads nowhere that is fit to print."""
    location = answered.answer.location
    if not location or len(location) > _LONGEST_LOCATION or not location.isascii() or not location.isprintable():
        raise ValueError("no usable Location")
    return urljoin(answered.call.target, location)


def _redirect_refused(answered: Answered, complaint: str) -> ApiError:
    return UnreadableResponseError(
        f"{answered.headline} redirects {complaint}. It was not followed.",
        status=answered.answer.status,
        hint="If the API has moved, set FRIGADE_API_URL (or api_url in flowsync.yaml) to its new address.",
    )
