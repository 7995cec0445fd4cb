"""When a request is made again, and how long to wait before: pure decisions.

A write is never made again here: the flow has to be read again before, for somebody may have edited it
while this waited. That is `apply`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import ApiError
from flowsync.frozen import dataclass
from flowsync.http.call import Method
from flowsync.http.unanswered import Repeat, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.http.answer import Answer

MOST_ATTEMPTS: Final = 4
"""Requests in all when something transient is in the way."""
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 8.0
"""Seconds: upper bounds of the jittered waits, which double from the first to the longest."""
PATIENCE: Final = 120.0
"""Seconds from the first attempt after which no further one is started, the server's own pauses aside."""
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

    Only a GET is repeated, after anything transient.
    """
    if method is not Method.GET or tried.attempts >= MOST_ATTEMPTS or not _is_transient(outcome):
        return None
    delay = random() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (tried.attempts - 1))
    return None if tried.elapsed + delay > PATIENCE else delay


def told_to_wait(outcome: Answer | ApiError) -> float | None:
    """Seconds that the server asks to be left alone; None when it does not ask."""
    return None if isinstance(outcome, ApiError) or outcome.status not in _TOLD_TO_WAIT else outcome.wait


def _is_transient(outcome: Answer | ApiError) -> bool:
    if not isinstance(outcome, ApiError):
        return outcome.status in _TRANSIENT
    return isinstance(outcome, UnansweredError) and outcome.repeat is not Repeat.NEVER
