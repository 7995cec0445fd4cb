"""What each call of the API does: one function per row of the endpoint table.

Where the vendor says nothing, this emulator decides: a slug is answered with its published row, else its
newest; a new flow is version 1, published and switched off; only a draft can be activated.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, final
from urllib.parse import parse_qsl, unquote

from flowsync.model import JsonValue
from flowsync.sandbox.store import (
    ACTIVATE_CHECKS,
    CREATE_CHECKS,
    UPDATE_CHECKS,
    Body,
    Row,
    Status,
    Store,
    check,
    derived_slug,
    stored_text,
    written,
)
from flowsync.sandbox.values import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Refusal,
    Response,
    answered,
    refused,
    timestamp,
    timestamp_after,
    utc_now,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from flowsync.sandbox.values import Clock, Handler, Request

_SDK_VERSION_HEADER: Final = "x-frigade-sdk-version"
"""What the vendor's SDKs send along; without it the public list may hold only active flows [obs]."""
_PAGE_SIZE: Final = 100
_MOST_DIGITS: Final = 18
_COMPONENTS: Final = {
    "ANNOUNCEMENT": "Announcement",
    "BANNER": "Banner",
    "CARD": "Card",
    "CHECKLIST": "Checklist.Collapsible",
    "FORM": "Form",
    "SURVEY": "Survey.NPS",
    "TOUR": "Tour",
}


@final
class Emulator:
    """An account at Frigade, emulated. Safe to use from many threads, and by several processes on one file.

    `database` is where the account is kept; it is made, parents included, when it does not exist. None
    keeps it in memory. `clock` tells when rows are made and changed. A `documented` one answers with the fields of
    the reference alone [doc]: no `active`, no `description`, nothing else. Raises FlowsyncError when the file cannot
    be used.
    """

    def __init__(self, database: Path | None, *, clock: Clock = utc_now, documented: bool = False) -> None:
        self.store = Store(database)
        self.clock = clock
        self.documented = documented

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def handle(self, request: Request) -> Response:
        """Answer one request. Nothing is raised: whatever goes wrong is an answer too."""
        path, _, query = request.target.partition("?")
        try:
            endpoint, keys, flow = _find_route(request.method, path)
            body = _read_body(request)
            _check_key(request, keys)
            parameters = dict(parse_qsl(query, keep_blank_values=True))
            view = _public if self.documented else _private
            value = endpoint(_Call(self.store, self.clock(), view, flow, parameters, request.headers, body))
        except Refusal as refusal:
            return refusal.response
        except sqlite3.Error as error:
            return refused(HTTPStatus.INTERNAL_SERVER_ERROR, f"The sandbox's database failed: {error}")
        if request.method == "DELETE":
            return Response(HTTPStatus.NO_CONTENT.value, {}, b"")
        return answered(HTTPStatus.CREATED if request.method == "POST" else HTTPStatus.OK, value)

    def as_of_now(self) -> Handler:
        """What answers as this account does now, whatever becomes of it."""
        rows = self.store.page()

        def handle(request: Request) -> Response:
            with Emulator(None, clock=self.clock, documented=self.documented) as copy:
                for row in rows:
                    copy.store.add(row)
                return copy.handle(request)

        return handle

    def is_empty(self) -> bool:
        """Whether the account holds no flow at all, as a new one does."""
        return not self.store.page(limit=1)

    def reset(self) -> None:
        """Delete every flow, so that the account can be seeded again. Ids are not given twice."""
        with self.store.writing():
            self.store.clear()


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that found its endpoint. `flow` is the slug or id in the path, "" where there is none.

    `view` makes of a row what a private key is shown of it.
    """

    store: Store
    now: datetime
    view: Callable[[Row], dict[str, JsonValue]]
    flow: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body

    def number(self, name: str, default: int) -> int:
        text = self.query.get(name, str(default))
        if not _is_number(text):
            problems = [f"{name} must be an integer number", f"{name} must not be less than 0"]
            raise Refusal(HTTPStatus.BAD_REQUEST, problems)
        return int(text)

    def window(self) -> tuple[int, int]:
        """Offset and limit; no page is larger than the documented default [doc]."""
        return self.number("offset", 0), min(self.number("limit", _PAGE_SIZE), _PAGE_SIZE)

    def row(self) -> Row:
        """The row whose numeric id the path holds; a slug there does not work [obs]."""
        if not _is_number(self.flow):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Validation failed (numeric string is expected)")
        row = self.store.find(int(self.flow))
        return _first([row] if row else [])

    def created(self, row: Row) -> JsonValue:
        now = timestamp(self.now)
        row = replace(row, id=0, created_at=now, modified_at=now, archived_at=None)
        return self.view(replace(row, id=self.store.add(row)))

    def stored(self, row: Row) -> JsonValue:
        row = replace(row, modified_at=timestamp_after(self.now, row.modified_at))
        self.store.replace(row)
        return self.view(row)


def _list_public(call: _Call) -> JsonValue:
    """`{"data": [Flow], "offset": 0, "limit": 100}` [doc]; only active flows without an SDK version header [obs]."""
    offset, limit = call.window()
    rows = call.store.page(offset, limit, published=True, on=_SDK_VERSION_HEADER not in call.headers)
    return {"data": [_public(row) for row in rows], "offset": offset, "limit": limit}


def _show_public(call: _Call) -> JsonValue:
    """One flow by slug [doc]: its published row, whether switched on or off."""
    rows = call.store.versions(call.flow)
    return _public(_first([row for row in rows if row.status is Status.ACTIVE]))


def _list_private(call: _Call) -> JsonValue:
    """Every row of every status, with private fields [obs]."""
    offset, limit = call.window()
    rows = call.store.page(offset, limit)
    return {"data": [call.view(row) for row in rows], "offset": offset, "limit": limit}


def _show_private(call: _Call) -> JsonValue:
    """One flow by slug or id; `?version=N` picks another version of it [obs]."""
    named = call.store.find(int(call.flow)) if _is_number(call.flow) else None
    rows = call.store.versions(named.slug if named else call.flow)
    if "version" in call.query:
        version = call.number("version", 0)
        rows = [row for row in rows if row.version == version]
    elif named:
        rows = [named]
    published = [row for row in rows if row.status is Status.ACTIVE]
    return call.view(_first([*published, *rows]))


def _list_versions(call: _Call) -> JsonValue:
    """Every version of a slug, newest first [obs], as a plain list."""
    rows = call.store.versions(call.flow)
    _first(rows)
    return [call.view(row) for row in rows]


def _create(call: _Call) -> JsonValue:
    """A new flow; name and data are required, the slug is made from the name where there is none [obs]."""
    check(call.body, CREATE_CHECKS, required=("name", "data"))
    name = str(call.body["name"])
    blank = Row(0, derived_slug(name), 1, Status.ACTIVE, name, published_at=timestamp(call.now))
    with call.store.writing():
        row = written(blank, call.body)
        if call.store.versions(row.slug):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"A flow with the slug {row.slug} already exists")
        return call.created(row)


def _update(call: _Call) -> JsonValue:
    """Write the fields that the body holds and leave the others alone [doc]; archived rows are read-only [doc]."""
    with call.store.writing():
        row = call.row()
        check(call.body, UPDATE_CHECKS)
        if row.status is Status.ARCHIVED:
            raise Refusal(HTTPStatus.BAD_REQUEST, "An archived version is read-only")
        return call.stored(written(row, call.body))


def _create_version(call: _Call) -> JsonValue:
    """A draft that starts as a copy of the given row; there is at most one per slug [doc]."""
    with call.store.writing():
        row = call.row()
        check(call.body, {})
        versions = call.store.versions(row.slug)
        if any(other.status is Status.DRAFT for other in versions):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"The flow {row.slug} already has a draft version")
        return call.created(replace(row, version=versions[0].version + 1, status=Status.DRAFT, published_at=None))


def _activate(call: _Call) -> JsonValue:
    """Publish a draft; the version that was published becomes ARCHIVED [obs]."""
    now = timestamp(call.now)
    with call.store.writing():
        row = call.row()
        check(call.body, ACTIVATE_CHECKS, required=("archiveBehavior",))
        if row.status is not Status.DRAFT:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Only a draft version can be activated")
        for other in call.store.versions(row.slug):
            if other.status is Status.ACTIVE:
                call.stored(replace(other, status=Status.ARCHIVED, archived_at=now))
        return call.stored(replace(row, status=Status.ACTIVE, published_at=now))


def _delete(call: _Call) -> JsonValue:
    """Delete that version's row only [obs]; there is no way back [doc]."""
    with call.store.writing():
        call.store.remove(call.row().id)
    return None


_ANY_KEY: Final = frozenset({PRIVATE_KEY, PUBLIC_KEY})
_PRIVATE: Final = frozenset({PRIVATE_KEY})
_ROUTES: Final = (
    ("GET", "/v1/public/flows", _ANY_KEY, _list_public),
    ("GET", "/v1/public/flows/([^/]+)", _ANY_KEY, _show_public),
    ("GET", "/v1/flows", _PRIVATE, _list_private),
    ("GET", "/v1/flows/([^/]+)", _PRIVATE, _show_private),
    ("GET", "/v1/flows/([^/]+)/versions", _PRIVATE, _list_versions),
    ("POST", "/v1/flows", _PRIVATE, _create),
    ("POST", "/v1/flows/([^/]+)/versions", _PRIVATE, _create_version),
    ("PUT", "/v1/flows/([^/]+)", _PRIVATE, _update),
    ("PUT", "/v1/flows/([^/]+)/activate", _PRIVATE, _activate),
    ("DELETE", "/v1/flows/([^/]+)", _PRIVATE, _delete),
)
"""Method, path with the slug or id of a flow in it, the keys that open it, and what answers."""


def _find_route(method: str, path: str) -> tuple[Callable[[_Call], JsonValue], frozenset[str], str]:
    """What answers, the keys that open it, and the slug or id in the path.

    A trailing slash is another path, which is not there [obs].
    """
    for its_method, pattern, keys, endpoint in _ROUTES:
        found = re.fullmatch(pattern, path) if its_method == method else None
        if found:
            return endpoint, keys, stored_text(unquote("".join(found.groups())))
    raise Refusal(HTTPStatus.NOT_FOUND, f"Cannot {method} {path}")


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
    try:
        value: JsonValue = json.loads(request.body.decode())
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, ["the body must be an object"])
    return value


def _check_key(request: Request, keys: frozenset[str]) -> None:
    """403 for a missing or unknown key, and for a public key on a private path [obs]."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or key.strip() not in keys:
        raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden resource")


def _is_number(text: str) -> bool:
    """Whether SQLite can hold it as an integer."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _first(rows: Sequence[Row]) -> Row:
    if not rows:
        raise Refusal(HTTPStatus.NOT_FOUND, "Flow not found")
    return rows[0]


def _public(row: Row) -> dict[str, JsonValue]:
    """The fields of the documented response [doc]; `description` and `active` are not among them."""
    return {
        "id": row.id,
        "slug": row.slug,
        "version": row.version,
        "status": row.status.value,
        "name": row.name,
        "type": row.type,
        "targetingLogic": row.targeting_logic,
        "data": row.data,
        "codeSnippet": f'<Frigade.{_COMPONENTS.get(row.type, "Flow")} flowId="{row.slug}" />',
        "createdAt": row.created_at,
        "modifiedAt": row.modified_at,
    }


def _private(row: Row) -> dict[str, JsonValue]:
    """What a private key sees besides [obs]: the switch, the description, and fields the server fills in."""
    return {
        **_public(row),
        "active": row.active,
        "description": row.description,
        "triggerType": "MANUAL",
        "completionBehavior": None,
        "publishedAt": row.published_at,
        "archivedAt": row.archived_at,
        "internalData": None,
    }
