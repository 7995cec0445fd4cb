"""The client: one wire for all threads, retries around each request, one way out for errors."""

from __future__ import annotations

import json
import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from flowsync import __version__
from flowsync.errors import ApiError, RateLimitedError, UnreadableResponseError
from flowsync.http.answer import Answer, parse_json
from flowsync.http.call import Call, Method, get, origin_of
from flowsync.http.direct import DirectWire, is_direct
from flowsync.http.failures import Answered, Scene, failure, unreadable
from flowsync.http.pace import MOST_REFUSALS, Pace
from flowsync.http.redact import Redactor
from flowsync.http.retry import Tried, delay_before_retry, told_to_wait
from flowsync.http.timing import Timing
from flowsync.http.wire import Terms
from flowsync.live import FlowReader, FlowWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.config import Key, Timeouts
    from flowsync.http.embedded import Handler
    from flowsync.http.wire import Wire
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"
MOST_REDIRECTS: Final = 5
_LONGEST_LOCATION: Final = 2_000


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
    terms = Terms(api_url, key, agent, timeouts, parallelism, timing or Timing())
    with closing(open_wire(terms, handler)) as wire:
        yield client_over(wire, terms)


def open_wire(terms: Terms, handler: Handler | None) -> Wire:
    """The thinnest wire that will do."""
    if handler is None and is_direct(terms.url, os.environ):
        return DirectWire(terms)
    from flowsync.http.pooled import PooledWire  # noqa: PLC0415 - httpx is slow to import

    return PooledWire(terms, handler)


def client_over(wire: Wire, terms: Terms) -> Client:
    """A client whose requests go over `wire`."""
    scene = Scene(terms.key, terms.user_agent, Redactor(terms.key.value))
    return Client(_Courier(wire, terms.url, scene, Pace(terms.timing, terms.parallelism)))


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

    def __init__(self, wire: Wire, api_url: str, scene: Scene, pace: Pace) -> None:
        self._wire = wire
        self._api_url = api_url.rstrip("/")
        self._scene = scene
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
        if not answer.is_success:
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
            if not answered.answer.is_redirect:
                return answered
            call = _redirected(answered)
        raise UnreadableResponseError(f"{answered.headline}: more than {MOST_REDIRECTS} redirects in a row.")

    def _answered(self, call: Call) -> Answered:
        """The final answer to one URL, after as many attempts as it takes."""
        started = self._timing.monotonic()
        attempts = refusals = 0
        while True:
            outcome = self._attempt_in_turn(call)
            if isinstance(outcome, Answer) and outcome.is_success:
                return Answered(call, outcome, attempts + refusals + 1, self._scene)
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
        if not self.pace.enter():
            return RateLimitedError(f"{call.shown}: not sent: the run stopped while it waited for the rate limit.")
        try:
            return self._attempt(call)
        finally:
            self.pace.leave()

    def _attempt(self, call: Call) -> Answer | ApiError:
        """One request. A failure is a value here: what led to it, and holds the key, ends here."""
        try:
            answer = self._wire.send(call)
        except ApiError as error:
            return error
        if told_to_wait(answer) is None:
            self.pace.went_through()
        return answer


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
