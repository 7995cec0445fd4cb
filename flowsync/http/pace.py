"""How fast a run may ask: one pace for all threads, slowed down when the server says so.

A server that answers 429 or 503 with Retry-After is left alone by every thread until then. After the
pause one read goes first, and each one that gets through lets one more into flight, up to half of what
was too much; beyond that, more come only little by little. So a run finds the pace that the server bears.
Writes do not wait here: each follows at once on a read that did, so that nothing comes between the two.
"""

from __future__ import annotations

from threading import Condition, Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowsync.http.call import Timing

PATIENCE: Final = 300.0
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

    def __init__(self, timing: Timing, most: int, patience: float = PATIENCE) -> None:
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
