"""Faults on the way to an API: one handler wrapped in another; and edits in the dashboard at a bad time.

A fault strikes the first requests that match it. Most replace the answer; with PEOPLE somebody changes the flow right
before the request is carried out.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import count, cycle
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from flowsync.model import JsonValue
from flowsync.sandbox.audience import graphql_errors
from flowsync.sandbox.seeds import DASHBOARD, edited, name_of
from flowsync.sandbox.server import PRIVATE_KEY, Delivery, Handler, Request, Response, refused
from flowsync.sandbox.store import Row, Status, timestamp_after
from flowsync.text import printable

if TYPE_CHECKING:
    from flowsync.sandbox import Emulator

LATENESS: Final = (4, 1, 2, 7)
"""How many requests later a late write is carried out: the first, the second and so on, then from the start."""
ALWAYS: Final = 0
"""As `times`: every request that matches."""

_Reply: TypeAlias = "Response | Delivery"
"""What the client gets: a response in place of the API's, or how the API's is delivered."""


def _error(status: HTTPStatus, headers: Mapping[str, str] = {}) -> Response:
    response = refused(status, f"{status.phrase}, as asked for with --fault")
    return replace(response, headers={**response.headers, **headers})


_SERVER_ERROR: Final = _error(HTTPStatus.INTERNAL_SERVER_ERROR)
_NOT_FOUND: Final = _error(HTTPStatus.NOT_FOUND)
_CAPPED: Final = _error(HTTPStatus.TOO_MANY_REQUESTS)
_RATE_LIMITED: Final = _error(HTTPStatus.TOO_MANY_REQUESTS, {"retry-after": "1"})
_UNAVAILABLE: Final = _error(HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "1"})
_WRONG: Final = Response(HTTPStatus.OK.value, {"content-type": "application/json"}, b'{"status":"ok"}')
_FIREWALL: Final = Response(
    HTTPStatus.FORBIDDEN.value,
    {"content-type": "text/html"},
    b"<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>",
)
_PLAIN: Final = Delivery.WHOLE
_LATER: Final = "carried out later, after a few others"
_THOUGH: Final = "though the request was carried out"
_SOMEBODY: Final = "in the dashboard right before the request is carried out"


class FaultKind(Enum):
    """What goes wrong. The value is what `--fault` takes.

    `is_carried_out` is whether the request takes effect before the client gets `reply`; `meaning` says both in words.
    """

    SERVER_ERROR_BEFORE = "500-before", False, _SERVER_ERROR, "500; the request is not carried out"
    SERVER_ERROR_AFTER = "500-after", True, _SERVER_ERROR, f"500, {_THOUGH}"
    SERVER_ERROR_LATE = "500-late", False, _SERVER_ERROR, f"500; the request is {_LATER}"
    RESET_BEFORE = "reset-before", False, Delivery.RESET, "the connection is reset; the request is not carried out"
    RESET_AFTER = "reset-after", True, Delivery.RESET, "the connection is reset after the request was carried out"
    HANG_BEFORE = "hang-before", False, Delivery.NEVER, "no answer comes; the request is not carried out"
    HANG_AFTER = "hang-after", True, Delivery.NEVER, f"no answer comes, {_THOUGH}"
    HANG_LATE = "hang-late", False, Delivery.NEVER, f"no answer comes; the request is {_LATER}"
    TRUNCATED = "truncated", True, Delivery.TRUNCATED, "the request is carried out, and the answer ends half way"
    WRONG_JSON = "wrong-json", True, _WRONG, "the request is carried out, and the answer is JSON about something else"
    GRAPHQL_ERRORS = (
        "graphql-errors",
        False,
        graphql_errors(),
        "200 with `errors`, as GraphQL reports whatever is wrong; the request is not carried out",
    )
    HTML_403 = "html-403", False, _FIREWALL, "a firewall's HTML page with 403; the request is not carried out"
    HTML_403_AFTER = "html-403-after", True, _FIREWALL, f"a firewall's HTML page with 403, {_THOUGH}"
    NOT_FOUND = "404", False, _NOT_FOUND, "404; the request is not carried out"
    RATE_LIMITED = "429", False, _RATE_LIMITED, "429 with Retry-After: 1; the request is not carried out"
    CAPPED = (
        "429-cap",
        False,
        _CAPPED,
        "429 without Retry-After: the cap of monthly users; the request is not carried out",
    )
    UNAVAILABLE_BEFORE = "503-before", False, _UNAVAILABLE, "503 with Retry-After: 1; the request is not carried out"
    UNAVAILABLE_AFTER = "503-after", True, _UNAVAILABLE, f"503 with Retry-After: 1, {_THOUGH}"
    SLOW = "slow", True, Delivery.SLOW, "the answer comes slowly, in about a second"
    STALE = "stale", True, _PLAIN, "reads show the state before the last change, as from a copy that lags behind"
    EDIT = "edit", True, _PLAIN, f"somebody edits the flow {_SOMEBODY}"
    DRAFT = "draft", True, _PLAIN, f"somebody begins a draft of the flow {_SOMEBODY}"
    CREATE = "create", True, _PLAIN, f"somebody creates the flow, if there is none, {_SOMEBODY}"
    PUBLISH = "publish", True, _PLAIN, f"somebody publishes the draft of the flow, if there is one, {_SOMEBODY}"
    DELETE = "delete", True, _PLAIN, f"somebody deletes every version of the flow {_SOMEBODY}"

    _value_: str
    is_carried_out: bool
    reply: _Reply
    meaning: str

    def __new__(cls, name: str, is_carried_out: bool, reply: _Reply, meaning: str) -> FaultKind:  # noqa: FBT001, PYI034
        """A member whose value is only its name on the command line."""
        kind = object.__new__(cls)
        kind._value_ = name
        kind.is_carried_out, kind.reply, kind.meaning = is_carried_out, reply, meaning
        return kind


PEOPLE: Final = frozenset({FaultKind.EDIT, FaultKind.DRAFT, FaultKind.CREATE, FaultKind.PUBLISH, FaultKind.DELETE})
"""Changes in the dashboard; one can strike together with a fault of the connection."""
_LATE: Final = frozenset({FaultKind.SERVER_ERROR_LATE, FaultKind.HANG_LATE})
"""A write takes effect after its answer."""
_ALIASES: Final = {
    "500": FaultKind.SERVER_ERROR_BEFORE,
    "503": FaultKind.UNAVAILABLE_BEFORE,
    "reset": FaultKind.RESET_BEFORE,
    "hang": FaultKind.HANG_BEFORE,
}
_KINDS: Final = {**_ALIASES, **{kind.value: kind for kind in FaultKind}}

Act: TypeAlias = Callable[["Request", FaultKind], None]
"""Does one of PEOPLE to the flow that a request names."""

_TIMES: Final = re.compile(r"\d+|always")
_SPECIFICATION: Final = re.compile(rf"(?P<kind>[^:]+)(?::(?P<where>.*?))?(?::(?P<times>{_TIMES.pattern}))?")
_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for the first `times` requests of `method` (`*` any) whose path matches the glob `path`.

    The first `after` requests that match are spared.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0

    def matches(self, request: Request) -> bool:
        """Whether it applies to this request."""
        return fnmatchcase(request.method, self.method) and fnmatchcase(request.path, self.path)


def parse_fault(text: str) -> Fault:
    """Parse `KIND[:path][:times]`; `path` is a glob, a method may precede it. Raises ValueError with the reason."""
    match = _SPECIFICATION.fullmatch(text)
    kind = _KINDS.get(match["kind"]) if match else None
    if match is None or kind is None:
        raise ValueError(f"{text!r} is not KIND[:path][:times]; kinds: {', '.join(kind.value for kind in FaultKind)}.")
    where, times = match["where"] or "", match["times"]
    if times is None and _TIMES.fullmatch(where):
        where, times = "", where
    method, _, path = where.partition(" ") if where.partition(" ")[0] in _METHODS else ("*", "", where)
    return Fault(kind, method, path.strip() or "*", ALWAYS if times == "always" else int(times or 1))


class Faulty:
    """A handler with faults: of those that match a request, the first that is not used up strikes.

    One of PEOPLE can strike in addition; `act` carries it out. `report` gets one line for each strike. Late writes go
    to `late`, by default `handler`; `now` returns a handler that goes on answering as of now, for stale answers.
    """

    def __init__(
        self,
        handler: Handler,
        faults: Sequence[Fault],
        act: Act,
        report: Callable[[str], object] = str,
        *,
        late: Handler | None = None,
        now: Callable[[], Handler] | None = None,
    ) -> None:
        self._handler = handler
        self._faults = tuple(faults)
        self._matches = [0] * len(faults)
        self._act = act
        self._now = now or (lambda: handler)
        self._report = report
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
        failure: FaultKind | None = None
        for kind in self._strike(request):
            self._report(f"{kind.value} strikes {printable(request.method)} {printable(request.target)}")
            if kind in PEOPLE:
                self._remember()
                self._act(request, kind)
            else:
                failure = kind
        if request.method == "GET" and failure is FaultKind.STALE:
            return self._before(request)
        if request.method != "GET" and failure in _LATE:
            with self._lock:
                self._waiting.append((next(self._lateness), request))
        if request.method != "GET" and (failure is None or failure.is_carried_out):
            self._remember()
        if failure is None:
            return self._handler(request)
        response = self._handler(request) if failure.is_carried_out else Response(0, {}, b"")
        return replace(response, delivery=failure.reply) if isinstance(failure.reply, Delivery) else failure.reply

    def settle(self) -> None:
        """Carry out every late write now."""
        self._carry_out_late(max(LATENESS))

    def _strike(self, request: Request) -> list[FaultKind]:
        struck: list[FaultKind] = []
        with self._lock:
            for position, fault in enumerate(self._faults):
                by_people = fault.kind in PEOPLE
                if fault.matches(request) and not any((kind in PEOPLE) == by_people for kind in struck):
                    self._matches[position] += 1
                    number = self._matches[position] - fault.after
                    if number > 0 and (fault.times == ALWAYS or number <= fault.times):
                        struck.append(fault.kind)
        return struck

    def _carry_out_late(self, steps: int) -> None:
        with self._lock:
            waiting = [(left - steps, request) for left, request in self._waiting]
            self._waiting = [(left, request) for left, request in waiting if left > 0]
        for left, request in waiting:
            if left <= 0:
                self._remember()
                self._late(request)

    def _remember(self) -> None:
        """Save the state before a change, for stale answers."""
        if self._lags:
            self._before = self._now()


def faulty(emulator: Emulator, handler: Handler, faults: Sequence[Fault], report: Callable[[str], None]) -> Faulty:
    """Return `handler`, which leads to `emulator`, with these faults."""
    return Faulty(handler, faults, dashboard(emulator), report, now=emulator.snapshot)


def dashboard(emulator: Emulator) -> Act:
    """Return a function that does one of PEOPLE to the flow of a request, or to the first flow for the list.

    Each edit changes something else: the order of the steps, a subtitle, a button.
    """
    turns = count()

    def act(request: Request, kind: FaultKind) -> None:
        slug = _named(request)
        rows = _rows_in_question(emulator, slug)
        row = next((row for row in rows if row.status is not Status.ARCHIVED), None)
        match kind:
            case FaultKind.CREATE if slug and not rows:
                _create(emulator, slug)
            case FaultKind.DRAFT if row:
                _send(emulator, "POST", f"/v1/flows/{row.id}/versions")
            case FaultKind.PUBLISH:
                for draft in [row for row in rows if row.status is Status.DRAFT][:1]:
                    _send(emulator, "PUT", f"/v1/flows/{draft.id}/activate")
            case FaultKind.DELETE if row:
                for version in emulator.store.versions(row.slug):
                    _send(emulator, "DELETE", f"/v1/flows/{version.id}")
            case FaultKind.EDIT if row:
                _edit(emulator, row, next(turns))
            case _:
                pass

    return act


def _named(request: Request) -> str:
    """The slug or id in the path of a request, or in the body of a POST; empty for the list."""
    parts = [part for part in request.path.split("/") if part not in {"", "public"}]
    if parts[:2] != ["v1", "flows"]:
        return ""
    if len(parts) > 2:  # noqa: PLR2004
        return unquote(parts[2])
    with suppress(ValueError):
        body: JsonValue = json.loads(request.body)
        return str(body.get("slug", "")) if isinstance(body, dict) else ""
    return ""


def _rows_in_question(emulator: Emulator, named: str) -> list[Row]:
    """The rows of the flow, the one with that id first; every row for the list."""
    if not named:
        return sorted(emulator.store.page(0, 100), key=lambda row: row.slug)
    found = emulator.store.find(int(named)) if named.isdigit() else None
    return [found, *emulator.store.versions(found.slug)] if found else emulator.store.versions(named)


def _create(emulator: Emulator, slug: str) -> None:
    data = "steps:\n  - id: welcome\n    title: Made in the dashboard\n"
    _send(emulator, "POST", "/v1/flows", {"slug": slug, "name": name_of(slug), "data": data})


def _edit(emulator: Emulator, row: Row, turn: int) -> None:
    with emulator.store.writing():
        new = edited({"name": row.name, "data": row.data}, DASHBOARD, start=turn, count=1)
        name, data = str(new["name"]), str(new["data"])
        if (name, data) == (row.name, row.data):
            name = f"{row.name} (edited)"
        modified = timestamp_after(emulator.clock(), row.modified_at)
        emulator.store.replace(replace(row, name=name, data=data, modified_at=modified))


def _send(emulator: Emulator, method: str, target: str, body: JsonValue = None) -> None:
    """Send a request as the dashboard does; a refusal changes nothing."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {PRIVATE_KEY}", **({"content-type": "application/json"} if content else {})}
    emulator.handle(Request(method, target, headers, content))
