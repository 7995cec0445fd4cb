"""How fast a run may ask: one pace for all threads, slowed down when the server says so.

A server that answers 429 or 503 with Retry-After is left alone by every thread until then. After the
pause one read goes first, and each one that gets through lets one more into flight, up to half of what
was too much; beyond that, more come only little by little. So a run finds the pace that the server bears.
Writes do not wait here: each follows at once on a read that did, so that nothing comes between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition, Lock
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin

from flowsync.api.failures import Answered
from flowsync.api.messages import Answer, Method, Repeat, UnansweredError, origin_of
from flowsync.errors import ApiError, RateLimitedError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.api.failures import Scene
    from flowsync.api.messages import Call, Timing
    from flowsync.api.transport import Transport

    T = TypeVar("T")

RATE_LIMIT_PATIENCE: Final = 300.0
"""Seconds: when nothing got through for so long, or would for so long, the server is not waited for."""
MOST_REFUSALS: Final = 20
"""How often one read is put off before it counts as failed."""
_FIRST_PAUSE: Final = 0.25
_LONGEST_OWN_PAUSE: Final = 8.0
"""Seconds: the least that is waited when pause follows on pause; doubled from the first to the longest."""
_SLICE: Final = 0.5
"""Seconds: how soon somebody who waits notices that waiting is over."""


class Pace:
    """Who may send now. Every thread may use it; `most` reads are in flight at once."""

    def __init__(self, timing: Timing, most: int, patience: float = RATE_LIMIT_PATIENCE) -> None:
        self.timing = timing
        self._patience = patience
        self._most = most
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._room = most
        self._ceiling = most
        self._credit = 0
        self._in_flight = 0
        self._waiting = 0
        self._opens_at = 0.0
        self._refused_since: float | None = None
        self._pauses = 0
        self._is_abandoned = False

    @property
    def waiting(self) -> int:
        """How many reads hold off now because the server asked for it."""
        return self._waiting if self._is_slowed else 0

    @property
    def _is_slowed(self) -> bool:
        return self._refused_since is not None or self._room < self._most

    def enter(self) -> bool:
        """Wait until a read may be sent, which then has to `leave`; False when nothing is waited for any more."""
        with self._lock:
            if self._in_flight < self._room and self._opens_at <= self.timing.monotonic():
                self._in_flight += 1
                return True
        return self._enter_later()

    def leave(self) -> None:
        """Note that a read that was let in is over."""
        with self._lock:
            self._in_flight -= 1
            if self._waiting:
                self._changed.notify_all()

    def refused(self, seconds: float) -> bool:
        """Note that the server asked to be left alone for `seconds`; whether that is worth waiting for."""
        with self._lock:
            now = self.timing.monotonic()
            if now >= self._opens_at:
                self._pauses += 1
                self._ceiling = max(1, self._room // 2)
            since = now if self._refused_since is None else self._refused_since
            pause = max(seconds, min(_LONGEST_OWN_PAUSE, _FIRST_PAUSE * 2.0 ** (self._pauses - 1)))
            if self._is_abandoned or now + pause - since > self._patience:
                return False
            self._refused_since = since
            self._opens_at = max(self._opens_at, now + pause)
            self._room = 1
            return True

    def went_through(self) -> None:
        """Note that the server answered."""
        with self._lock:
            self._refused_since = None
            self._pauses = 0
            self._credit += 1
            if self._room < self._most and (self._room < self._ceiling or self._credit >= self._room):
                self._room += 1
                self._credit = 0
                self._changed.notify_all()

    def abandon(self) -> None:
        """Let nobody wait any more: what waits now, or would have to, is not sent."""
        with self._lock:
            self._is_abandoned = True
            self._changed.notify_all()

    def _enter_later(self) -> bool:
        with self._lock:
            self._waiting += 1
        try:
            while (delay := self._try_to_enter()) > 0:
                self.timing.sleep(min(delay, _SLICE))
        finally:
            with self._lock:
                self._waiting -= 1
        return delay == 0

    def _try_to_enter(self) -> float:
        """0 once admitted; seconds to sleep first; -1 when it is no use."""
        with self._lock:
            while True:
                delay = self._opens_at - self.timing.monotonic()
                if delay <= 0 and self._in_flight < self._room:
                    self._in_flight += 1
                    return 0
                if self._is_abandoned:
                    return -1
                if delay > 0:
                    return delay
                self._changed.wait()


MOST_ATTEMPTS: Final = 4
"""Requests in all when something transient is in the way."""
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 8.0
"""Seconds: upper bounds of the jittered waits, which double from the first to the longest."""
PATIENCE: Final = 120.0
"""Seconds from the first attempt after which no further one is started, the server's own pauses aside."""
MOST_REDIRECTS: Final = 5
_LONGEST_LOCATION: Final = 2_000
_TRANSIENT: Final = frozenset({500, 502, 503, 504})
_ASKING_TO_WAIT: Final = frozenset({403, 429, 503})
"""GitHub's secondary rate limits answer 403 [doc]."""
_KEEPING_METHOD: Final = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Policy:
    """Which requests may be sent again."""

    after_failure: frozenset[Method]
    """After a failure that may pass, though the server may have done what was asked."""
    after_refusal: frozenset[Method]
    """Where the server did nothing and said so: come back later, or ask at another address."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How often a request was made so far, and the seconds since the first time."""

    attempts: int
    elapsed: float


class Sender:
    """Sends one request at a time per thread, again where the policy allows it, and judges the answer."""

    def __init__(self, transport: Transport, policy: Policy, pace: Pace, scene: Scene) -> None:
        self._transport = transport
        self._policy = policy
        self._scene = scene
        self.pace = pace

    def send(self, call: Call, judge: Callable[[Answered], T]) -> T:
        """What `judge` makes of the final answer.

        The one way out: an error leaves without keys and without the exceptions that led to it.
        """
        try:
            return judge(self._followed(call))
        except ApiError as error:
            clean = self._scene.redactor.error(error)
        raise clean

    def _followed(self, call: Call) -> Answered:
        """The answer, where redirects within the known hosts end."""
        for _ in range(MOST_REDIRECTS + 1):
            answered = self._answered(call)
            if not answered.answer.is_redirect:
                return answered
            call = self._redirected(answered)
        raise UnreadableResponseError(f"{answered.headline}: more than {MOST_REDIRECTS} redirects in a row.")

    def _answered(self, call: Call) -> Answered:
        """The final answer to one URL, after as many attempts as it takes."""
        timing = self.pace.timing
        started = timing.monotonic()
        attempts = refusals = 0
        while True:
            outcome = self._attempt_in_turn(call)
            if isinstance(outcome, Answer) and outcome.is_success:
                return Answered(call, outcome, attempts + refusals + 1, self._scene)
            wait = asked_to_wait(outcome)
            if wait is None:
                attempts += 1
                tried = Tried(attempts, timing.monotonic() - started)
                delay = delay_before_retry(call.method, outcome, tried, self._policy, timing)
                if delay is None:
                    return self._final(call, outcome, attempts + refusals)
                timing.sleep(delay)
            else:
                refusals += 1
                worthwhile = refusals <= MOST_REFUSALS and self.pace.refused(wait)
                if call.method not in self._policy.after_refusal or not worthwhile:
                    return self._final(call, outcome, attempts + refusals, wait if worthwhile else None)
                started = timing.monotonic()

    def _final(self, call: Call, outcome: Answer | ApiError, attempts: int, wait: float | None = None) -> Answered:
        if isinstance(outcome, ApiError):
            raise outcome
        return Answered(call, outcome, attempts, self._scene, wait)

    def _attempt_in_turn(self, call: Call) -> Answer | ApiError:
        """One request, when the server's pace allows it; at once where it could not be sent again after a wait."""
        if call.method not in self._policy.after_refusal:
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
            answer = self._transport.send(call)
        except ApiError as error:
            return error
        if asked_to_wait(answer) is None:
            self.pace.went_through()
        return answer

    def _redirected(self, answered: Answered) -> Call:
        """The request that a redirect asks for, if it is one that may be made."""
        call, answer = answered.call, answered.answer
        try:
            url = _location(answered)
            origin = origin_of(url)
        except ValueError:
            raise _redirect_refused(answered, "to nowhere") from None
        if not self._transport.may_reach(url):
            raise _redirect_refused(answered, f"to {origin}, where the key must not go")
        keeps_method = call.method is Method.GET or answer.status in _KEEPING_METHOD
        if call.method not in self._policy.after_refusal or not keeps_method:
            raise _redirect_refused(answered, "a write")
        return call.redirected(url)


def delay_before_retry(
    method: Method, outcome: Answer | ApiError, tried: Tried, policy: Policy, timing: Timing
) -> float | None:
    """Seconds to wait before the next attempt; None when `outcome` is final."""
    if method not in policy.after_failure or tried.attempts >= MOST_ATTEMPTS or not _is_transient(outcome):
        return None
    delay = timing.random() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (tried.attempts - 1))
    return None if tried.elapsed + delay > PATIENCE else delay


def asked_to_wait(outcome: Answer | ApiError) -> float | None:
    """Seconds that the server asks to be left alone; None when it does not ask."""
    return None if isinstance(outcome, ApiError) or outcome.status not in _ASKING_TO_WAIT else outcome.wait


def _is_transient(outcome: Answer | ApiError) -> bool:
    if not isinstance(outcome, ApiError):
        return outcome.status in _TRANSIENT
    return isinstance(outcome, UnansweredError) and outcome.repeat is not Repeat.NEVER


def _location(answered: Answered) -> str:
    """Where a redirect leads. Raises ValueError when it leads nowhere that is fit to print."""
    location = answered.answer.headers.get("location", "")
    if not location or len(location) > _LONGEST_LOCATION or not location.isascii() or not location.isprintable():
        raise ValueError("no usable Location")
    return urljoin(answered.call.target, location)


def _redirect_refused(answered: Answered, complaint: str) -> ApiError:
    return UnreadableResponseError(
        f"{answered.headline} redirects {complaint}. It was not followed.",
        status=answered.answer.status,
        hint="If it has moved, set its new address (that of the API: FRIGADE_API_URL, or api_url in flowsync.yaml).",
    )
