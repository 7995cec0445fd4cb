"""One policy of sending again, for the API and for GitHub: when, how long to wait before, and where redirects lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin

from flowsync.errors import ApiError, RateLimitedError, UnreadableResponseError
from flowsync.http.answer import Answer
from flowsync.http.call import Method, origin_of
from flowsync.http.failures import Answered
from flowsync.http.pace import MOST_REFUSALS
from flowsync.http.unanswered import Repeat, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.http.call import Call, Timing
    from flowsync.http.failures import Scene
    from flowsync.http.pace import Pace
    from flowsync.http.transport import Transport

    T = TypeVar("T")

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
