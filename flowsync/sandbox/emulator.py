"""What each call of the API does: one function per row of the endpoint table.

Where the vendor says nothing, this emulator decides: a slug is answered with its published row, else its
newest; a new flow is version 1, published and switched off; only a draft can be activated.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, final
from urllib.parse import parse_qsl, unquote

from flowsync.sandbox.store import (
    ACTIVATE_CHECKS,
    CREATE_CHECKS,
    NEW_VERSION_CHECKS,
    UPDATE_CHECKS,
    Store,
    check,
    derived_slug,
    stored_data,
    stored_targeting,
    stored_text,
)
from flowsync.sandbox.values import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    SDK_VERSION_HEADER,
    Refusal,
    Response,
    Row,
    Status,
    answered,
    no_content,
    private_view,
    public_view,
    refused,
    timestamp,
    timestamp_after,
    utc_now,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from flowsync.model import JsonValue
    from flowsync.sandbox.store import Body
    from flowsync.sandbox.values import Clock, Handler, Request

_PAGE_SIZE: Final = 100
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Call:
    """A request that found its endpoint. `flow` is the slug or id in the path, "" where there is none."""

    store: Store
    now: datetime
    flow: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body


def list_public(call: Call) -> Response:
    """`{"data": [Flow], "offset": 0, "limit": 100}` [doc]; only active flows without an SDK version header [obs]."""
    offset, limit = _window(call.query)
    fetch = call.store.published_page if SDK_VERSION_HEADER in call.headers else call.store.shown_page
    return _page((public_view(row) for row in fetch(offset, limit)), offset, limit)


def show_public(call: Call) -> Response:
    """One flow by slug [doc]: its published row, whether switched on or off."""
    published = [row for row in call.store.versions(call.flow) if row.status is Status.ACTIVE]
    if not published:
        raise _not_found()
    return answered(HTTPStatus.OK, {**public_view(published[0])})


def list_private(call: Call) -> Response:
    """Every row of every status, with private fields [obs]."""
    offset, limit = _window(call.query)
    return _page((private_view(row) for row in call.store.page(offset, limit)), offset, limit)


def show_private(call: Call) -> Response:
    """One flow by slug or id; `?version=N` picks another version of it [obs]."""
    rows = call.store.versions(_slug(call))
    if "version" in call.query:
        version = _number(call.query, "version", 0)
        return _shown([row for row in rows if row.version == version])
    if _is_number(call.flow):
        return _shown([row for row in rows if row.id == int(call.flow)])
    return _shown([*(row for row in rows if row.status is Status.ACTIVE), *rows])


def list_versions(call: Call) -> Response:
    """Every version of a slug, newest first [obs], as a plain list."""
    rows = call.store.versions(call.flow)
    if not rows:
        raise _not_found()
    return answered(HTTPStatus.OK, [{**private_view(row)} for row in rows])


def create(call: Call) -> Response:
    """A new flow; name and data are required, the slug is made from the name where there is none [obs]."""
    check(call.body, CREATE_CHECKS, required=("name", "data"))
    with call.store.writing():
        row = _written(_blank_row(call), call.body)
        if call.store.versions(row.slug):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"A flow with the slug {row.slug} already exists")
        return _created(call, row)


def update(call: Call) -> Response:
    """Write the fields that the body holds and leave the others alone [doc]; archived rows are read-only [doc]."""
    with call.store.writing():
        row = _row(call)
        check(call.body, UPDATE_CHECKS)
        if row.status is Status.ARCHIVED:
            raise Refusal(HTTPStatus.BAD_REQUEST, "An archived version is read-only")
        return _stored(call, _written(row, call.body))


def create_version(call: Call) -> Response:
    """A draft that starts as a copy of the given row; there is at most one per slug [doc]."""
    with call.store.writing():
        row = _row(call)
        check(call.body, NEW_VERSION_CHECKS)
        versions = call.store.versions(row.slug)
        if any(other.status is Status.DRAFT for other in versions):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"The flow {row.slug} already has a draft version")
        return _created(call, replace(row, version=versions[0].version + 1, status=Status.DRAFT, published_at=None))


def activate(call: Call) -> Response:
    """Publish a draft; the version that was published becomes ARCHIVED [obs]."""
    with call.store.writing():
        row = _row(call)
        check(call.body, ACTIVATE_CHECKS, required=("archiveBehavior",))
        if row.status is not Status.DRAFT:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Only a draft version can be activated")
        for other in call.store.versions(row.slug):
            _archive(call, other)
        return _stored(call, replace(row, status=Status.ACTIVE, published_at=timestamp(call.now)))


def delete(call: Call) -> Response:
    """Delete that version's row only [obs]; there is no way back [doc]."""
    with call.store.writing():
        call.store.remove(_row(call).id)
    return no_content()


def _archive(call: Call, row: Row) -> None:
    if row.status is Status.ACTIVE:
        modified = timestamp_after(call.now, row.modified_at)
        archived = replace(row, status=Status.ARCHIVED, archived_at=timestamp(call.now), modified_at=modified)
        call.store.replace(archived)


def _blank_row(call: Call) -> Row:
    """What a new flow is before the body is written into it."""
    slug = call.body.get("slug") or derived_slug(str(call.body["name"]))
    return Row(
        id=0,
        slug=stored_text(str(slug)),
        version=1,
        status=Status.ACTIVE,
        name="",
        type="CUSTOM",
        description=None,
        active=False,
        targeting_logic=None,
        data="",
        created_at="",
        modified_at="",
        published_at=timestamp(call.now),
        archived_at=None,
    )


def _written(row: Row, body: Body) -> Row:
    """`row` with the fields of a checked body in it."""
    for name, value in body.items():
        row = _with_field(row, name, value)
    return row


def _with_field(row: Row, name: str, value: JsonValue) -> Row:
    match name, value:
        case "active", bool():
            row = replace(row, active=value)
        case "data", str():
            row = replace(row, data=stored_data(value))
        case "description", str():
            row = replace(row, description=stored_text(value))
        case "name", str():
            row = replace(row, name=stored_text(value))
        case "targetingLogic", str():
            row = replace(row, targeting_logic=stored_targeting(value))
        case "type", str():
            row = replace(row, type=value)
        case _:  # the slug of a new flow, which it has already
            pass
    return row


def _created(call: Call, row: Row) -> Response:
    now = timestamp(call.now)
    fresh = replace(row, id=0, created_at=now, modified_at=now, archived_at=None)
    return answered(HTTPStatus.CREATED, {**private_view(replace(fresh, id=call.store.add(fresh)))})


def _stored(call: Call, row: Row) -> Response:
    stored = replace(row, modified_at=timestamp_after(call.now, row.modified_at))
    call.store.replace(stored)
    return answered(HTTPStatus.OK, {**private_view(stored)})


def _shown(candidates: list[Row]) -> Response:
    """The first candidate."""
    if not candidates:
        raise _not_found()
    return answered(HTTPStatus.OK, {**private_view(candidates[0])})


def _page(views: Iterable[Mapping[str, JsonValue]], offset: int, limit: int) -> Response:
    return answered(HTTPStatus.OK, {"data": [{**view} for view in views], "offset": offset, "limit": limit})


def _row(call: Call) -> Row:
    """The row whose numeric id the path holds; a slug there does not work [obs]."""
    if not _is_number(call.flow):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Validation failed (numeric string is expected)")
    row = call.store.find(int(call.flow))
    if row is None:
        raise _not_found()
    return row


def _slug(call: Call) -> str:
    """The slug that the path names by slug or by id."""
    row = call.store.find(int(call.flow)) if _is_number(call.flow) else None
    return row.slug if row else call.flow


def _window(query: Mapping[str, str]) -> tuple[int, int]:
    """Offset and limit; no page is larger than the documented default [doc]."""
    return _number(query, "offset", 0), min(_number(query, "limit", _PAGE_SIZE), _PAGE_SIZE)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not _is_number(text):
        raise Refusal(HTTPStatus.BAD_REQUEST, [f"{name} must be an integer number", f"{name} must not be less than 0"])
    return int(text)


def _is_number(text: str) -> bool:
    """Whether SQLite can hold it as an integer."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _not_found() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, "Flow not found")


_Endpoint: TypeAlias = Callable[[Call], Response]
_ANY_KEY: Final = frozenset({PRIVATE_KEY, PUBLIC_KEY})
_PRIVATE: Final = frozenset({PRIVATE_KEY})
_FLOW: Final = "{flow}"


@dataclass(frozen=True, slots=True)
class _Route:
    """One row of the endpoint table: `keys` are those it opens to."""

    method: str
    path: str
    keys: frozenset[str]
    endpoint: _Endpoint


_ROUTES: Final = (
    _Route("GET", "/v1/public/flows", _ANY_KEY, list_public),
    _Route("GET", "/v1/public/flows/{flow}", _ANY_KEY, show_public),
    _Route("GET", "/v1/flows", _PRIVATE, list_private),
    _Route("GET", "/v1/flows/{flow}", _PRIVATE, show_private),
    _Route("GET", "/v1/flows/{flow}/versions", _PRIVATE, list_versions),
    _Route("POST", "/v1/flows", _PRIVATE, create),
    _Route("POST", "/v1/flows/{flow}/versions", _PRIVATE, create_version),
    _Route("PUT", "/v1/flows/{flow}", _PRIVATE, update),
    _Route("PUT", "/v1/flows/{flow}/activate", _PRIVATE, activate),
    _Route("DELETE", "/v1/flows/{flow}", _PRIVATE, delete),
)


@final
class Emulator:
    """An account at Frigade, emulated. Safe to use from many threads, and by several processes on one file.

    `database` is where the account is kept; it is made, parents included, when it does not exist. None
    keeps it in memory. `clock` tells when rows are made and changed. Raises FlowsyncError when the file
    cannot be used.
    """

    def __init__(self, database: Path | None, *, clock: Clock = utc_now) -> None:
        self.store = Store(database)
        self.clock = clock

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handle(self, request: Request) -> Response:
        """Answer one request. Nothing is raised: whatever goes wrong is an answer too."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            return refused(refusal)
        except sqlite3.Error as error:
            failure = f"The sandbox's database failed: {error}"
            return refused(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, failure))

    def as_of_now(self) -> Handler:
        """Return what answers as this account does now, whatever becomes of it."""
        rows = self.store.every_row()

        def handle(request: Request) -> Response:
            with Emulator(None, clock=self.clock) as copy:
                for row in rows:
                    copy.store.add(row)
                return copy.handle(request)

        return handle

    def is_empty(self) -> bool:
        """Whether the account holds no flow at all, as a new one does."""
        return self.store.is_empty()

    def reset(self) -> None:
        """Delete every flow, so that the account can be seeded anew. Ids are not given twice."""
        with self.store.writing():
            self.store.clear()

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def _answer(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        route, flow = _find_route(request.method, path)
        body = _read_body(request)
        _check_key(request, route)
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        return route.endpoint(Call(self.store, self.clock(), flow, parameters, request.headers, body))


def _find_route(method: str, path: str) -> tuple[_Route, str]:
    """The route, and the slug or id in its path. A trailing slash is another path, which is not there [obs]."""
    for route in _ROUTES:
        flow = _match(route.path, path)
        if route.method == method and flow is not None:
            return route, flow
    raise Refusal(HTTPStatus.NOT_FOUND, f"Cannot {method} {path}")


def _match(pattern: str, path: str) -> str | None:
    """What stands in the place of `{flow}`, "" where the pattern has none; None when the path is another."""
    before, placeholder, after = pattern.partition(_FLOW)
    if not placeholder:
        return "" if path == pattern else None
    flow = path[len(before) : len(path) - len(after)]
    matches = path == before + flow + after and flow and "/" not in flow
    return stored_text(unquote(flow)) if matches else None


def _check_key(request: Request, route: _Route) -> None:
    """403 for a missing or unknown key, and for a public key on a private path [obs]."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or key.strip() not in route.keys:
        raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden resource")


def _read_body(request: Request) -> Body:
    """The JSON object in the body; a request without a body must not announce JSON (400) [obs]."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json"
    if not request.body and is_json:
        problem = "Body cannot be empty when content-type is set to 'application/json'"
        raise Refusal(HTTPStatus.BAD_REQUEST, problem)
    if not request.body:
        return {}
    if not is_json:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Unsupported Media Type: {media_type or 'none'}")
    return _parse_body(request.body)


def _parse_body(body: bytes) -> Body:
    try:
        value: JsonValue = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, ["the body must be an object"])
    return value
