"""Sends requests: retries, the rate limit shared by all threads, redirects.

After a 429 or 503 with Retry-After no thread sends anything until then. After the pause one read goes first, and each
success allows one more request in flight, up to half of what was too much; beyond that, more are allowed slowly. So a
run finds the rate that the server accepts. Writes to the API do not wait here: each follows at once on a read that did,
so that nothing comes between the two.
"""

from __future__ import annotations

from threading import Condition, Lock
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin

from flowsync.api.messages import Attempt, Exchange, NoResponseError, origin_of
from flowsync.errors import ApiError, RateLimitedError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.api.messages import Identity, Request, Response, Timing
    from flowsync.api.transport import Transport

    T = TypeVar("T")

MOST_ATTEMPTS: Final = 4
"""Requests in all after failures that may pass."""
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 8.0
"""Seconds: upper bounds of the random waits, which double from the first to the longest."""
PATIENCE: Final = 120.0
"""Seconds from the first attempt after which no further one is started, the server's own pauses aside."""
RATE_LIMIT_PATIENCE: Final = 300.0
"""Seconds: if nothing succeeded for so long, or would for so long, flowsync gives up."""
MOST_REFUSALS: Final = 20
"""How often the server may ask one request to wait before it counts as failed."""
MOST_REDIRECTS: Final = 5
_FIRST_PAUSE: Final = 0.25
_LONGEST_OWN_PAUSE: Final = 8.0
"""Seconds: the shortest wait when pauses follow each other; it doubles from the first to the longest."""
_SLICE: Final = 0.5
"""Seconds: how soon a waiting thread notices that the wait is over."""
_LONGEST_LOCATION: Final = 2_000
_TRANSIENT: Final = frozenset({500, 502, 503, 504})
_ASKING_TO_WAIT: Final = frozenset({403, 429, 503})
"""GitHub's secondary rate limits answer 403 [doc]."""
_KEEPING_METHOD: Final = frozenset({307, 308})


class Throttle:
    """Decides which thread may send now: at most `most` requests in flight, fewer after the server asked to wait."""

    def __init__(self, timing: Timing, most: int, patience: float = RATE_LIMIT_PATIENCE) -> None:
        self.timing = timing
        self._patience = patience
        self._most = most
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._allowed = most
        self._ceiling = most
        self._successes = 0
        self._in_flight = 0
        self._waiting = 0
        self._opens_at = 0.0
        self._refused_since: float | None = None
        self._pauses = 0
        self._is_abandoned = False

    @property
    def waiting(self) -> int:
        """How many requests wait now for the server's rate limit."""
        is_slowed = self._refused_since is not None or self._allowed < self._most
        return self._waiting if is_slowed else 0

    def acquire(self) -> bool:
        """Wait until a request may be sent; the caller then calls `release`. False after `abandon`."""
        with self._lock:
            self._waiting += 1
        try:
            while (delay := self._try_to_acquire()) > 0:
                self.timing.sleep(min(delay, _SLICE))
        finally:
            with self._lock:
                self._waiting -= 1
        return delay == 0

    def release(self) -> None:
        """Note that a request is over."""
        with self._lock:
            self._in_flight -= 1
            if self._waiting:
                self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Note that the server asked to wait `seconds`; return whether that is worth waiting for."""
        with self._lock:
            now = self.timing.monotonic()
            if now >= self._opens_at:
                self._pauses += 1
                self._ceiling = max(1, self._allowed // 2)
            since = now if self._refused_since is None else self._refused_since
            pause = max(seconds, min(_LONGEST_OWN_PAUSE, _FIRST_PAUSE * 2.0 ** (self._pauses - 1)))
            if self._is_abandoned or now + pause - since > self._patience:
                return False
            self._refused_since = since
            self._opens_at = max(self._opens_at, now + pause)
            self._allowed = 1
            return True

    def succeed(self) -> None:
        """Note that the server did not ask to wait, and allow more requests in flight."""
        with self._lock:
            self._refused_since = None
            self._pauses = 0
            self._successes += 1
            if self._allowed < self._most and (self._allowed < self._ceiling or self._successes >= self._allowed):
                self._allowed += 1
                self._successes = 0
                self._changed.notify_all()

    def abandon(self) -> None:
        """Release all waiting threads: requests that wait, or would have to, are not sent."""
        with self._lock:
            self._is_abandoned = True
            self._changed.notify_all()

    def _try_to_acquire(self) -> float:
        """Return 0 if admitted, the seconds to sleep before another try, or -1 after `abandon`."""
        with self._lock:
            while True:
                delay = self._opens_at - self.timing.monotonic()
                if delay <= 0 and self._in_flight < self._allowed:
                    self._in_flight += 1
                    return 0
                if self._is_abandoned:
                    return -1
                if delay > 0:
                    return delay
                self._changed.wait()


class Sender:
    """Sends requests, one at a time per thread, and sends them again if that is safe.

    A GET is safe. A write is not, unless `resends_writes`: then it is sent again after a refusal and, unless it is a
    POST, after a failure. A write to the API is never sent again: somebody may have edited the flow meanwhile, so it
    has to be read first.
    """

    def __init__(
        self,
        transport: Transport,
        throttle: Throttle,
        identity: Identity,
        *,
        resends_writes: bool = False,
        observe: Callable[[Attempt], object] | None = None,
    ) -> None:
        """`observe` is called after each request, in the thread that sent it."""
        self._transport = transport
        self._identity = identity
        self._resends_writes = resends_writes
        self._observe = observe
        self.throttle = throttle

    def send(self, request: Request, read: Callable[[Exchange], T]) -> T:
        """Call `read` with the final response and return its result.

        Errors are raised without keys and without the exceptions that led to them.
        """
        try:
            return read(self._follow_redirects(request))
        except ApiError as error:
            clean = self._identity.redactor.error(error)
        raise clean

    def send_once(self, request: Request, read: Callable[[Exchange], T]) -> T:
        """As `send`, but returns the first response: no retry, no redirect, no waiting."""
        try:
            return read(Exchange(request, self._transmit(request, 1), 1, self._identity))
        except ApiError as error:
            clean = self._identity.redactor.error(error)
        raise clean

    def _follow_redirects(self, request: Request) -> Exchange:
        for _ in range(MOST_REDIRECTS + 1):
            exchange = self._exchange(request)
            if not exchange.response.is_redirect:
                return exchange
            request = self._redirected(exchange)
        raise UnreadableResponseError(f"{exchange.headline}: more than {MOST_REDIRECTS} redirects in a row.")

    def _exchange(self, request: Request) -> Exchange:
        timing = self.throttle.timing
        started = timing.monotonic()
        failures = refusals = 0
        while True:
            outcome = self._attempt(request, failures + refusals + 1)
            wait = requested_wait_of(outcome)
            worthwhile = False
            if wait is None:
                delay = delay_before_retry(outcome, failures + 1, timing.monotonic() - started, timing)
                if delay is not None and self._may_resend(request, refused=False):
                    failures += 1
                    timing.sleep(delay)
                    continue
            else:
                worthwhile = refusals < MOST_REFUSALS and self.throttle.pause(wait)
                if worthwhile and self._may_resend(request, refused=True):
                    refusals += 1
                    started = timing.monotonic()
                    continue
            if isinstance(outcome, ApiError):
                raise outcome
            return Exchange(request, outcome, failures + refusals + 1, self._identity, wait if worthwhile else None)

    def _may_resend(self, request: Request, *, refused: bool) -> bool:
        """Whether it is safe to send a request again; `refused` means that the server said it did nothing."""
        return not request.is_write or (self._resends_writes and (refused or request.method != "POST"))

    def _attempt(self, request: Request, number: int) -> Response | ApiError:
        """Send one request: at once if it must not be sent again, else when the throttle allows it.

        A failure is returned, not raised, so that the exceptions that led to it, which hold the key, are dropped.
        """
        is_throttled = self._may_resend(request, refused=True)
        if is_throttled and not self.throttle.acquire():
            return RateLimitedError(f"{request.shown}: not sent: the run stopped while it waited for the rate limit.")
        try:
            response = self._transmit(request, number)
        except ApiError as error:
            return error
        finally:
            if is_throttled:
                self.throttle.release()
        if requested_wait_of(response) is None:
            self.throttle.succeed()
        return response

    def _transmit(self, request: Request, number: int) -> Response:
        """The response to one request. Raises as `Transport.send`."""
        started = self.throttle.timing.monotonic()
        outcome: int | str = "interrupted"
        try:
            response = self._transport.send(request)
            outcome = response.status
        except ApiError as error:
            outcome = self._identity.redactor.text(error.message.removeprefix(f"{request.shown}: "))
            raise
        finally:
            if self._observe is not None:
                seconds = self.throttle.timing.monotonic() - started
                url = self._identity.redactor.text(request.traced)
                self._observe(Attempt(request.method, url, outcome, seconds, number))
        return response

    def _redirected(self, exchange: Exchange) -> Request:
        request, response = exchange.request, exchange.response
        try:
            url = _location(exchange)
            origin = origin_of(url)
        except ValueError:
            raise _redirect_refused(exchange, "without a usable address") from None
        if not self._transport.may_reach(url):
            raise _redirect_refused(exchange, f"to {origin}, which must not get the key")
        keeps_method = not request.is_write or response.status in _KEEPING_METHOD
        if not keeps_method or not self._may_resend(request, refused=True):
            raise _redirect_refused(exchange, "a write")
        return request.redirected(url)


def delay_before_retry(outcome: Response | ApiError, attempts: int, elapsed: float, timing: Timing) -> float | None:
    """Seconds to wait before the next attempt; None when `outcome` is final.

    `attempts` is how many there were, the first of them `elapsed` seconds ago.
    """
    if attempts >= MOST_ATTEMPTS or not _is_transient(outcome):
        return None
    delay = timing.random() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (attempts - 1))
    return None if elapsed + delay > PATIENCE else delay


def requested_wait_of(outcome: Response | ApiError) -> float | None:
    """Seconds that the server asks to wait; None when it does not ask."""
    return None if isinstance(outcome, ApiError) or outcome.status not in _ASKING_TO_WAIT else outcome.wait


def _is_transient(outcome: Response | ApiError) -> bool:
    if isinstance(outcome, ApiError):
        return isinstance(outcome, NoResponseError) and outcome.is_temporary
    return outcome.status in _TRANSIENT


def _location(exchange: Exchange) -> str:
    """The target of a redirect. Raises ValueError if there is none, or it is not safe to print."""
    location = exchange.response.headers.get("location", "")
    if not location or len(location) > _LONGEST_LOCATION or not location.isascii() or not location.isprintable():
        raise ValueError("no usable Location")
    return urljoin(exchange.request.target, location)


def _redirect_refused(exchange: Exchange, complaint: str) -> ApiError:
    return UnreadableResponseError(
        f"{exchange.headline} redirects {complaint}, so it was not followed.",
        status=exchange.response.status,
        hint="If the service has moved, set its new address (for the API: FRIGADE_API_URL).",
    )
