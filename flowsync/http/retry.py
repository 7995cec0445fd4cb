"""When a request is made again, and how long to wait before: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.errors import ApiError
from flowsync.http.call import Method
from flowsync.http.translate import Repeat, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.http.answer import Answer

MOST_ATTEMPTS: Final = 4
"""Requests in all when something transient is in the way."""
MOST_TOLD_ATTEMPTS: Final = 10
"""Requests in all when the server itself says when to come back."""
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 8.0
"""Seconds: upper bounds of the jittered waits, which double from the first to the longest."""
LONGEST_WAIT: Final = 60.0
"""Seconds: a Retry-After beyond this is not waited for; coming back earlier would be no use."""
PATIENCE: Final = 120.0
"""Seconds from the first attempt after which no further one is started."""
_TRANSIENT: Final = frozenset({500, 502, 503, 504})
_TOLD_TO_WAIT: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Tried:
    """How often a request was made so far, and the seconds since the first time."""

    attempts: int
    elapsed: float


def delay_before_retry(
    method: Method, outcome: Answer | ApiError, tried: Tried, random: Callable[[], float]
) -> float | None:
    """Seconds to wait before the next attempt; None when `outcome` is final.

    A GET is repeated after anything transient; a PUT only when it surely had no effect, or when the
    server said when to come back.
    """
    delay = _delay(method, outcome, tried.attempts, random)
    return None if delay is None or tried.elapsed + delay > PATIENCE else delay


def _delay(method: Method, outcome: Answer | ApiError, attempts: int, random: Callable[[], float]) -> float | None:
    told = _told(outcome)
    if told is not None:
        return told if told <= LONGEST_WAIT and attempts < MOST_TOLD_ATTEMPTS else None
    if attempts >= MOST_ATTEMPTS or not _is_repeatable(method, outcome):
        return None
    return random() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (attempts - 1))


def _told(outcome: Answer | ApiError) -> float | None:
    """The wait that the server asks for."""
    return None if isinstance(outcome, ApiError) or outcome.status not in _TOLD_TO_WAIT else outcome.wait


def _is_repeatable(method: Method, outcome: Answer | ApiError) -> bool:
    if not isinstance(outcome, ApiError):
        return method is Method.GET and outcome.status in _TRANSIENT
    if not isinstance(outcome, UnansweredError):
        return False
    match outcome.repeat:
        case Repeat.NEVER:
            return False
        case Repeat.READS_ONLY:
            return method is Method.GET
        case Repeat.ALWAYS:
            return True
