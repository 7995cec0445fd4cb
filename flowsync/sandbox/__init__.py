"""An emulator of the Frigade API: all documented and observed behaviour, on SQLite, with the standard library.

`Emulator.handle` answers a `server.Request`; `server.serve` puts it, or a handler wrapped around it, on a port;
`seeds.seed` makes a first state that fits a repo's files; `apps` answers the vendor's browser SDK. The package knows
the API's facts and nothing of the planner. If the vendor's sources contradict each other, `conflicts.Reading` says
what is done. If they say nothing, the emulator decides: it answers a slug with its published row, else its newest.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, final
from urllib.parse import parse_qsl, unquote

from flowsync.model import JsonValue
from flowsync.sandbox import audience
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.rows import (
    ACTIVATE_CHECKS,
    ARCHIVE_BEHAVIORS,
    CREATE_CHECKS,
    ORGANIZATION_ID,
    UPDATE_CHECKS,
    Body,
    Shown,
    Views,
    checked,
    new_slug,
    read_body,
    written,
)
from flowsync.sandbox.server import ANY_KEY, PRIVATE_KEY, Refusal, Response, answered, refused
from flowsync.sandbox.store import Row, Status, Store, timestamp, timestamp_after, utc_now

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from flowsync.sandbox.server import Handler, Request
    from flowsync.sandbox.store import Clock

_PAGE_SIZE: Final = 100
_MOST_DIGITS: Final = 18
ARCHIVES_AFTER: Final = timedelta(seconds=2)
"""How long after it was replaced a version is archived, if that is late."""


@final
class Emulator:
    """An account at Frigade, emulated. Safe to use from many threads, and by several processes on one file.

    `database` is the file that keeps the account, made with its folders if it does not exist; None keeps the account in
    memory. `clock` gives the times of rows. With `documented` it answers with the fields of the reference alone [doc]:
    no `active`, no `description`. `readings` say what to do where sources contradict each other. The rows belong to
    `organization`. Raises FlowsyncError when the file cannot be used.
    """

    def __init__(
        self,
        database: Path | None,
        *,
        clock: Clock = utc_now,
        documented: bool = False,
        readings: Collection[Reading] = (),
        organization: int = ORGANIZATION_ID,
    ) -> None:
        self.store = Store(database)
        self.clock = clock
        self.documented = documented
        self.readings = settled(readings)
        self.organization = organization

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def handle(self, request: Request) -> Response:
        """Answer one request. Raises nothing: whatever goes wrong becomes an answer too."""
        path, _, query = request.target.partition("?")
        try:
            if Reading.SLASH_IGNORED in self.readings:
                path = path.removesuffix("/")
            if Reading.ARCHIVED_LATE in self.readings:
                self._archive_due()
            endpoint, keys, flow = _find_route(request.method, path)
            body = read_body(request)
            self._check_key(request, keys)
            views = Views(self.readings, self.documented, self.organization)
            parameters = dict(parse_qsl(query, keep_blank_values=True))
            value = endpoint(_Call(self.store, self.clock(), views, flow, parameters, request.headers, body))
        except Refusal as refusal:
            return refusal.response
        except sqlite3.Error as error:
            return refused(HTTPStatus.INTERNAL_SERVER_ERROR, f"The sandbox's database failed: {error}")
        if isinstance(value, Response):
            return value
        if request.method == "DELETE":
            return Response(HTTPStatus.NO_CONTENT.value, {}, b"")
        return answered(HTTPStatus.CREATED if request.method == "POST" else HTTPStatus.OK, value)

    def _check_key(self, request: Request, keys: frozenset[str]) -> None:
        """Refuse a public key on a private path, and a missing or unknown one, with 403 (or 401 [obs])."""
        if request.key not in ANY_KEY and Reading.UNKNOWN_KEY_401 in self.readings:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        if request.key not in keys:
            raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden resource")

    def _archive_due(self) -> None:
        """Archive the versions that were replaced long enough ago."""
        with self.store.writing():
            for row in self.store.due(timestamp(self.clock())):
                modified = max(str(row.archived_at), row.modified_at)
                self.store.replace(replace(row, status=Status.ARCHIVED, modified_at=modified))

    def snapshot(self) -> Handler:
        """Return a handler that keeps answering from the present state."""
        rows = self.store.page()

        def handle(request: Request) -> Response:
            with Emulator(None, clock=self.clock, documented=self.documented, readings=self.readings) as copy:
                for row in rows:
                    copy.store.add(row)
                return copy.handle(request)

        return handle

    def is_empty(self) -> bool:
        """Whether the account holds no flow, as a new one does."""
        return not self.store.page(limit=1)

    def reset(self) -> None:
        """Delete everything, so that the account can be seeded again. Ids are not given twice."""
        with self.store.writing():
            self.store.clear()


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that found its endpoint. `flow` is the slug or id in the path, "" if there is none."""

    store: Store
    now: datetime
    views: Views
    flow: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body

    def reads(self, reading: Reading) -> bool:
        """Whether this is the chosen reading of its conflict."""
        return reading in self.views.readings

    def number(self, name: str, default: int) -> int:
        """The parameter of that name as a number. Raises a Refusal (400) if it is not one."""
        text = self.query.get(name, str(default))
        if not _is_number(text):
            problems = [f"{name} must be an integer number", f"{name} must not be less than 0"]
            raise Refusal(HTTPStatus.BAD_REQUEST, problems)
        return int(text)

    def listed(self, view: Callable[[Row], Shown], statuses: Collection[Status], *, on: bool = False) -> JsonValue:
        """A page of rows; none is larger than the documented default [doc]."""
        offset, limit = 0, -1
        if not self.reads(Reading.PAGING_ALL):
            offset, limit = self.number("offset", 0), min(self.number("limit", _PAGE_SIZE), _PAGE_SIZE)
        return _envelope(map(view, self.store.page(offset, limit, statuses=statuses, on=on)), offset, limit)

    def named_rows(self) -> list[Row]:
        """The rows of the slug, or the one of the id, that the path names; `?version=N` picks one of a slug's [obs]."""
        by_slug = not _is_number(self.flow) if self.reads(Reading.LOOKUP_BY_SLUG) else self.flow.startswith("flow")
        if not by_slug:  # as JavaScript's parseInt reads it
            found = re.match(r"\s*\+?([0-9]+)", self.flow)
            row = self.store.find(int(found[1])) if found and _is_number(found[1]) else None
            return [row] if row else []
        rows = self.store.versions(self.flow)
        if "version" not in self.query:
            return rows
        version = self.number("version", 0)
        return [row for row in rows if row.version == version]

    def row(self) -> Row:
        """The row whose numeric id the path holds."""
        row = self.store.find(int(self.flow)) if _is_number(self.flow) else None
        return _first([row] if row else [])

    def nothing_written(self) -> JsonValue:
        """The answer to a write with a slug instead of the id [obs]."""
        if self.reads(Reading.WRITE_BY_SLUG_404):
            raise Refusal(HTTPStatus.NOT_FOUND, "Flow not found")
        return None

    def created(self, row: Row) -> JsonValue:
        """Insert a row, and answer with it."""
        now = timestamp(self.now)
        row = replace(row, id=0, created_at=now, modified_at=now, archived_at=None, archive_behavior=None)
        return self.views.written(replace(row, id=self.store.add(row)))

    def stored(self, row: Row) -> JsonValue:
        """Store a changed row, and answer with it."""
        row = replace(row, modified_at=timestamp_after(self.now, row.modified_at))
        self.store.replace(row)
        return self.views.written(row)


def _envelope(rows: Iterable[Shown], offset: int = 0, limit: int = -1) -> JsonValue:
    """`{"data": [Flow], "offset": 0, "limit": 100}` [doc]."""
    return {"data": [*rows], "offset": offset, "limit": _PAGE_SIZE if limit < 0 else limit}


def _list_public(call: _Call) -> JsonValue:
    """Published rows; perhaps only those that are switched on [obs]."""
    on = call.reads(Reading.PUBLIC_LIST_ON) and "x-frigade-sdk-version" not in call.headers
    return call.listed(call.views.public, [Status.ACTIVE], on=on)


def _show_public(call: _Call) -> JsonValue:
    """One flow by slug [doc] or id [obs]: a published row, whether switched on or off."""
    return call.views.public(_first([row for row in call.named_rows() if row.status is Status.ACTIVE]))


def _list_private(call: _Call) -> JsonValue:
    """Every row of every status, with private fields [obs]; perhaps no drafts."""
    hidden = {Status.DRAFT} if call.reads(Reading.PRIVATE_LIST_HIDES_DRAFTS) else set()
    return call.listed(call.views.private, [status for status in Status if status not in hidden])


def _show_private(call: _Call) -> JsonValue:
    """One flow by slug or id [obs]."""
    rows = call.named_rows()
    published = [row for row in rows if row.status is Status.ACTIVE]
    return call.views.private(_first([*published, *rows]))


def _list_versions(call: _Call) -> JsonValue:
    """Every row of a slug, the one that was created last first; none for an unknown slug, or an id [obs]."""
    return _envelope(map(call.views.private, call.store.versions(call.flow)))


def _create(call: _Call) -> JsonValue:
    """Create a flow; name and data are required, a missing slug is made up [obs]."""
    body = checked(call.body, CREATE_CHECKS, required=("name", "data"))
    if call.reads(Reading.DESCRIPTION_IGNORED):
        body.pop("description", None)
    slug = new_slug(str(body.pop("slug", "")), call.views.readings)
    new = Row(0, slug, 1, Status.ACTIVE, str(body["name"]), published_at=timestamp(call.now))
    if call.reads(Reading.CREATED_DRAFT):
        new = replace(new, status=Status.DRAFT, published_at=None)
    with call.store.writing():
        if call.store.versions(slug):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"A flow with the slug {slug} already exists")
        return call.created(written(new, body, call.views.readings))


def _update(call: _Call) -> JsonValue:
    """Write the fields that the body holds and leave the others alone [doc]; archived rows are read-only [doc]."""
    body = checked(call.body, UPDATE_CHECKS)
    if not call.flow.isdigit():
        return call.nothing_written()
    with call.store.writing():
        row = call.row()
        if row.status is Status.ARCHIVED:
            raise Refusal(HTTPStatus.BAD_REQUEST, "An archived version is read-only")
        return call.stored(written(row, body, call.views.readings))


def _create_version(call: _Call) -> JsonValue:
    """Create a draft that starts as a copy of the given row; there is at most one per slug [doc]."""
    if not call.flow.isdigit():
        return call.nothing_written()
    with call.store.writing():
        row = call.row()
        versions = call.store.versions(row.slug)
        if any(other.status is Status.DRAFT for other in versions):
            is_500 = call.reads(Reading.SECOND_DRAFT_500)
            status = HTTPStatus.INTERNAL_SERVER_ERROR if is_500 else HTTPStatus.BAD_REQUEST
            raise Refusal(status, "Draft already exists")
        version = max(other.version for other in versions) + 1
        return call.created(replace(row, version=version, status=Status.DRAFT, published_at=None))


def _activate(call: _Call) -> JsonValue:
    """Publish a draft; the version that was published becomes ARCHIVED. A row that is no draft is a 500 [obs]."""
    now = timestamp(call.now)
    behavior = checked(call.body, ACTIVATE_CHECKS).get("archiveBehavior", ARCHIVE_BEHAVIORS[0])
    with call.store.writing():
        row = call.row()
        if row.status is not Status.DRAFT:
            raise _failure()
        for other in call.store.versions(row.slug):
            if other.status is Status.ACTIVE:
                replaced = replace(other, archive_behavior=str(behavior))
                if call.reads(Reading.ARCHIVED_LATE):
                    call.store.replace(replace(replaced, archived_at=timestamp(call.now + ARCHIVES_AFTER)))
                else:
                    call.stored(replace(replaced, status=Status.ARCHIVED, archived_at=now))
        return call.stored(replace(row, status=Status.ACTIVE, published_at=now))


def _delete(call: _Call) -> JsonValue:
    """Delete that version's row only [obs]; it cannot be undone [doc]."""
    with call.store.writing():
        try:
            call.store.remove(call.row().id)
        except Refusal:
            if call.reads(Reading.DELETED_500):
                raise _failure() from None
            raise
    return None


def _is_number(text: str) -> bool:
    """Whether SQLite can hold the text as an integer."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _first(rows: Sequence[Row]) -> Row:
    if not rows:
        raise Refusal(HTTPStatus.NOT_FOUND, "Flow not found")
    return rows[0]


def _failure() -> Refusal:
    """The answer for a failure without a reason [obs]."""
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")


_PRIVATE: Final = frozenset({PRIVATE_KEY})
_Endpoint: TypeAlias = "Callable[[_Call], JsonValue | Response]"
_ROUTES: Final[tuple[tuple[str, str, frozenset[str], _Endpoint], ...]] = (
    ("GET", "/v1/public/flows", ANY_KEY, _list_public),
    ("GET", "/v1/public/flows/([^/]+)", ANY_KEY, _show_public),
    ("GET", "/v1/flows", _PRIVATE, _list_private),
    ("GET", "/v1/flows/([^/]+)", _PRIVATE, _show_private),
    ("GET", "/v1/flows/([^/]+)/versions", _PRIVATE, _list_versions),
    ("POST", "/v1/flows", _PRIVATE, _create),
    ("POST", "/v1/flows/([^/]+)/versions", _PRIVATE, _create_version),
    ("PUT", "/v1/flows/([^/]+)", _PRIVATE, _update),
    ("PUT", "/v1/flows/([^/]+)/activate", _PRIVATE, _activate),
    ("DELETE", "/v1/flows/([^/]+)", _PRIVATE, _delete),
    ("POST", "/graphql", _PRIVATE, lambda call: audience.answer(call.body)),
)
"""Method, path with the slug or id of a flow in it, the keys that open it, and what answers."""


def _find_route(method: str, path: str) -> tuple[_Endpoint, frozenset[str], str]:
    """The endpoint, the keys that open it, and the slug or id in the path. A trailing slash is another path [obs]."""
    for its_method, pattern, keys, endpoint in _ROUTES:
        if its_method == method and (found := re.fullmatch(pattern, path)):
            return endpoint, keys, unquote("".join(found.groups()))
    raise Refusal(HTTPStatus.NOT_FOUND, f"Cannot {method} {path}")
