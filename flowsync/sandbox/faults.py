"""What can go wrong on the way to an API, at will: one handler wrapped in another.

A fault strikes the first requests that match it. Most take the place of the answer; `edit` and `draft` are somebody
at work in the dashboard, right before the request is carried out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import cycle
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.sandbox.values import Delivery, Refusal, Response, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.sandbox.values import Handler, Request

LATENESS: Final = (4, 1, 2, 7)
"""How many requests later what comes late is carried out: the first, the second and so on, then from the start."""
ALWAYS: Final = 0
"""As `times`: every request that matches."""


class FaultKind(Enum):
    """What goes wrong; the values are what `--fault` takes."""

    SERVER_ERROR_BEFORE = "500-before"
    SERVER_ERROR_AFTER = "500-after"
    SERVER_ERROR_LATE = "500-late"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    HANG_BEFORE = "hang-before"
    HANG_AFTER = "hang-after"
    HANG_LATE = "hang-late"
    TRUNCATED = "truncated"
    WRONG_JSON = "wrong-json"
    HTML_403 = "html-403"
    HTML_403_AFTER = "html-403-after"
    NOT_FOUND = "404"
    RATE_LIMITED = "429"
    UNAVAILABLE_BEFORE = "503-before"
    UNAVAILABLE_AFTER = "503-after"
    SLOW = "slow"
    STALE = "stale"
    EDIT = "edit"
    DRAFT = "draft"


MEANINGS: Final = {
    FaultKind.SERVER_ERROR_BEFORE: "500; the request is not carried out",
    FaultKind.SERVER_ERROR_AFTER: "500, though the request was carried out",
    FaultKind.SERVER_ERROR_LATE: "500; the request is carried out later, after a few others",
    FaultKind.RESET_BEFORE: "the connection is reset; the request is not carried out",
    FaultKind.RESET_AFTER: "the connection is reset after the request was carried out",
    FaultKind.HANG_BEFORE: "no answer ever; the request is not carried out",
    FaultKind.HANG_AFTER: "no answer ever, though the request was carried out",
    FaultKind.HANG_LATE: "no answer ever; the request is carried out later, after a few others",
    FaultKind.TRUNCATED: "the request is carried out, and the answer breaks off half way",
    FaultKind.WRONG_JSON: "the request is carried out, and the answer is JSON of something else",
    FaultKind.HTML_403: "a firewall's HTML page with 403; the request is not carried out",
    FaultKind.HTML_403_AFTER: "a firewall's HTML page with 403, though the request was carried out",
    FaultKind.NOT_FOUND: "404; the request is not carried out",
    FaultKind.RATE_LIMITED: "429 with Retry-After: 1; the request is not carried out",
    FaultKind.UNAVAILABLE_BEFORE: "503 with Retry-After: 1; the request is not carried out",
    FaultKind.UNAVAILABLE_AFTER: "503 with Retry-After: 1, though the request was carried out",
    FaultKind.SLOW: "the answer comes in drips, for about a second",
    FaultKind.STALE: "what is read is from before the last change of any flow, as from a copy that lags",
    FaultKind.EDIT: "somebody edits the flow in the dashboard right before the request is carried out",
    FaultKind.DRAFT: "somebody begins a draft of the flow in the dashboard right before the request is carried out",
}
"""Every kind in words."""

ALIASES: Final = {
    "500": FaultKind.SERVER_ERROR_BEFORE,
    "503": FaultKind.UNAVAILABLE_BEFORE,
    "reset": FaultKind.RESET_BEFORE,
    "hang": FaultKind.HANG_BEFORE,
}
"""Shorter names."""

PEOPLE: Final = frozenset({FaultKind.EDIT, FaultKind.DRAFT})
"""What somebody does in the dashboard; it strikes in addition to what goes wrong."""
LATE: Final = frozenset({FaultKind.SERVER_ERROR_LATE, FaultKind.HANG_LATE})
"""What lets a write take effect after its answer."""

Act: TypeAlias = Callable[["Request", FaultKind], None]
"""Does one of PEOPLE to the flow that a request is about."""

_TIMES: Final = re.compile(r"\d+|always")
_SPECIFICATION: Final = re.compile(rf"(?P<kind>[^:]+)(?::(?P<where>.*?))?(?::(?P<times>{_TIMES.pattern}))?")
_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE"})
_SOON: Final = {"retry-after": "1"}
_WRONG: Final = Response(HTTPStatus.OK.value, {"content-type": "application/json"}, b'{"status":"ok"}')
_FIREWALL: Final = Response(
    HTTPStatus.FORBIDDEN.value,
    {"content-type": "text/html"},
    b"<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong for the first `times` requests of `method` (`*` any) whose path matches the glob `path`.

    `after` requests that match are spared first.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0

    def matches(self, request: Request) -> bool:
        """Whether it can strike this request."""
        path = request.target.partition("?")[0]
        return fnmatchcase(request.method, self.method) and fnmatchcase(path, self.path)


def parse_fault(text: str) -> Fault:
    """The fault that `KIND[:path][:times]` says; `path` is a glob, a method may stand before it.

    Raises ValueError, whose text says what is wrong.
    """
    match = _SPECIFICATION.fullmatch(text)
    kind = _kind(match["kind"]) if match else None
    if match is None or kind is None:
        raise ValueError(f"{text!r} is not KIND[:path][:times]; kinds: {', '.join(kind.value for kind in FaultKind)}.")
    where, times = match["where"] or "", match["times"]
    if times is None and _TIMES.fullmatch(where):
        where, times = "", where
    method, _, path = where.partition(" ") if where.partition(" ")[0] in _METHODS else ("*", "", where)
    return Fault(kind, method, path.strip() or "*", _times(times))


class Faulty:
    """A handler with these faults: of those that match a request, the first that is not used up strikes.

    What people do strikes as well, and in addition: `act` does it. `told` is given one line for each strike. What is to
    be carried out late goes to `late`, which is `handler` unless given; `now` gives a handler that goes on answering as
    of now; without it nothing is stale.
    """

    def __init__(
        self,
        handler: Handler,
        faults: Sequence[Fault],
        act: Act,
        told: Callable[[str], None] | None = None,
        *,
        late: Handler | None = None,
        now: Callable[[], Handler] | None = None,
    ) -> None:
        self._handler = handler
        self._schedule = _Schedule(faults)
        self._act = act
        self._now = now or (lambda: handler)
        self._told = told
        self._late = late or handler
        self._lateness = cycle(LATENESS)
        self._waiting: list[tuple[int, Request]] = []
        self._lags = any(fault.kind is FaultKind.STALE for fault in faults)
        self._before = handler
        self._lock = threading.Lock()
        self._remember()

    def __call__(self, request: Request) -> Response:
        """Answer a request, or fail to."""
        self._carry_out_late(1)
        struck = self._schedule.strike(request)
        for kind in struck:
            if self._told is not None:
                self._told(f"{kind.value} strikes {ascii(request.method)[1:-1]} {ascii(request.target)[1:-1]}")
            if kind in PEOPLE:
                self._remember()
                self._act(request, kind)
        return self._answer(next((kind for kind in struck if kind not in PEOPLE), None), request)

    def settle(self) -> None:
        """Carry out whatever waits."""
        self._carry_out_late(max(LATENESS))

    def _answer(self, kind: FaultKind | None, request: Request) -> Response:
        if request.method == "GET" and kind is FaultKind.STALE:
            return self._before(request)
        if request.method == "GET":
            return self._handler(request) if kind is None else _answer(kind, self._handler, request)
        if kind in LATE:
            with self._lock:
                self._waiting.append((next(self._lateness), request))
        if kind is None or _HOW[kind][0] is _Carried.OUT:
            self._remember()
        return self._handler(request) if kind is None else _answer(kind, self._handler, request)

    def _carry_out_late(self, steps: int) -> None:
        with self._lock:
            waiting = [(left - steps, request) for left, request in self._waiting]
            self._waiting = [(left, request) for left, request in waiting if left > 0]
        for left, request in waiting:
            if left <= 0:
                self._remember()
                self._late(request)

    def _remember(self) -> None:
        """Keep how everything is, for something is about to change."""
        if self._lags:
            self._before = self._now()


class _Schedule:
    """Which faults are left."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._seen = [0] * len(faults)
        self._turn = threading.Lock()

    def strike(self, request: Request) -> list[FaultKind]:
        """Use up what strikes this request: what people do, a failure, or both."""
        struck: list[FaultKind] = []
        with self._turn:
            for position, fault in enumerate(self._faults):
                by_people = fault.kind in PEOPLE
                if fault.matches(request) and not any((kind in PEOPLE) == by_people for kind in struck):
                    self._seen[position] += 1
                    if self._is_due(position):
                        struck.append(fault.kind)
        return struck

    def _is_due(self, position: int) -> bool:
        fault, number = self._faults[position], self._seen[position] - self._faults[position].after
        return number > 0 and (fault.times == ALWAYS or number <= fault.times)


def _kind(text: str) -> FaultKind | None:
    return ALIASES.get(text) or next((kind for kind in FaultKind if kind.value == text), None)


def _times(text: str | None) -> int:
    return ALWAYS if text == "always" else int(text or 1)


def _answer(kind: FaultKind, handler: Handler, request: Request) -> Response:
    """What comes instead of the plain answer."""
    carried, reply = _HOW[kind]
    return reply(handler(request) if carried is _Carried.OUT else _NOTHING)


class _Carried(Enum):
    """Whether the request takes effect."""

    OUT = "carried out"
    NOT = "not carried out"


_Reply: TypeAlias = Callable[[Response], Response]
_NOTHING: Final = Response(0, {}, b"")


def _instead(response: Response) -> _Reply:
    return lambda _: response


def _delivered(delivery: Delivery) -> _Reply:
    return lambda response: replace(response, delivery=delivery)


def _failure(status: HTTPStatus, headers: Mapping[str, str] = {}) -> _Reply:
    told = refused(Refusal(status, f"{status.phrase}, as asked for with --fault"))
    return _instead(replace(told, headers={**told.headers, **headers}))


_SERVER_ERROR: Final = _failure(HTTPStatus.INTERNAL_SERVER_ERROR)
_UNAVAILABLE: Final = _failure(HTTPStatus.SERVICE_UNAVAILABLE, _SOON)
_HOW: Final[Mapping[FaultKind, tuple[_Carried, _Reply]]] = {
    FaultKind.SERVER_ERROR_BEFORE: (_Carried.NOT, _SERVER_ERROR),
    FaultKind.SERVER_ERROR_AFTER: (_Carried.OUT, _SERVER_ERROR),
    FaultKind.SERVER_ERROR_LATE: (_Carried.NOT, _SERVER_ERROR),
    FaultKind.RESET_BEFORE: (_Carried.NOT, _delivered(Delivery.RESET)),
    FaultKind.RESET_AFTER: (_Carried.OUT, _delivered(Delivery.RESET)),
    FaultKind.HANG_BEFORE: (_Carried.NOT, _delivered(Delivery.NEVER)),
    FaultKind.HANG_AFTER: (_Carried.OUT, _delivered(Delivery.NEVER)),
    FaultKind.HANG_LATE: (_Carried.NOT, _delivered(Delivery.NEVER)),
    FaultKind.TRUNCATED: (_Carried.OUT, _delivered(Delivery.TRUNCATED)),
    FaultKind.WRONG_JSON: (_Carried.OUT, _instead(_WRONG)),
    FaultKind.HTML_403: (_Carried.NOT, _instead(_FIREWALL)),
    FaultKind.HTML_403_AFTER: (_Carried.OUT, _instead(_FIREWALL)),
    FaultKind.NOT_FOUND: (_Carried.NOT, _failure(HTTPStatus.NOT_FOUND)),
    FaultKind.RATE_LIMITED: (_Carried.NOT, _failure(HTTPStatus.TOO_MANY_REQUESTS, _SOON)),
    FaultKind.UNAVAILABLE_BEFORE: (_Carried.NOT, _UNAVAILABLE),
    FaultKind.UNAVAILABLE_AFTER: (_Carried.OUT, _UNAVAILABLE),
    FaultKind.SLOW: (_Carried.OUT, _delivered(Delivery.SLOW)),
    FaultKind.STALE: (_Carried.OUT, _delivered(Delivery.WHOLE)),
    FaultKind.EDIT: (_Carried.OUT, _delivered(Delivery.WHOLE)),
    FaultKind.DRAFT: (_Carried.OUT, _delivered(Delivery.WHOLE)),
}
"""Whether a fault comes before or after the effect, and what the client gets."""
