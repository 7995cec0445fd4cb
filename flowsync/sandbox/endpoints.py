"""What each call of the API does: one function per row of the endpoint table.

Where the vendor's sources contradict each other, `conflicts.Reading` says what is done. Where they say nothing, this
emulator decides: a slug is answered with its published row, else its newest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.model import JsonValue
from flowsync.sandbox import audience
from flowsync.sandbox.bodies import (
    ACTIVATE_CHECKS,
    ARCHIVE_BEHAVIORS,
    CREATE_CHECKS,
    UPDATE_CHECKS,
    Body,
    checked,
    new_slug,
    written,
)
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.store import Row, Status, Store
from flowsync.sandbox.values import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Refusal,
    timestamp,
    timestamp_after,
)

if TYPE_CHECKING:
    from datetime import datetime

    from flowsync.sandbox.values import Response
    from flowsync.sandbox.views import Shown, Views

_SDK_VERSION_HEADER: Final = "x-frigade-sdk-version"
"""What the vendor's SDKs send along."""
_PAGE_SIZE: Final = 100
_MOST_DIGITS: Final = 18
_LEADING_NUMBER: Final = re.compile(r"\s*\+?([0-9]+)")
_SLUG_PREFIX: Final = "flow"
ARCHIVES_AFTER: Final = timedelta(seconds=2)
"""How much later than it was replaced a version is archived, where that is late."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that found its endpoint. `flow` is the slug or id in the path, "" where there is none."""

    store: Store
    now: datetime
    views: Views
    flow: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body

    def reads(self, reading: Reading) -> bool:
        """Whether that is the reading of its conflict."""
        return reading in self.views.readings

    def number(self, name: str, default: int) -> int:
        """The parameter of that name as a number. Raises a Refusal (400) where it is none."""
        text = self.query.get(name, str(default))
        if not _is_number(text):
            problems = [f"{name} must be an integer number", f"{name} must not be less than 0"]
            raise Refusal(HTTPStatus.BAD_REQUEST, problems)
        return int(text)

    def window(self) -> tuple[int, int]:
        """Offset and limit of the rows to list; no page is larger than the documented default [doc]."""
        if self.reads(Reading.PAGING_ALL):
            return 0, -1
        return self.number("offset", 0), min(self.number("limit", _PAGE_SIZE), _PAGE_SIZE)

    def named_rows(self) -> list[Row]:
        """The rows of the slug, or the one of the id, that the path names; `?version=N` picks one of a slug's [obs]."""
        is_slug = self.flow.startswith(_SLUG_PREFIX)
        if self.reads(Reading.LOOKUP_BY_SLUG):
            is_slug = not _is_number(self.flow)
        if not is_slug:
            row = self.store.find(_leading_number(self.flow))
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
        """What a write with a slug in place of the id is answered with [obs]."""
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


def _envelope(rows: Sequence[Row], view: Callable[[Row], Shown], offset: int = 0, limit: int = -1) -> JsonValue:
    """`{"data": [Flow], "offset": 0, "limit": 100}` [doc]."""
    return {"data": [view(row) for row in rows], "offset": offset, "limit": _PAGE_SIZE if limit < 0 else limit}


def _list_public(call: Call) -> JsonValue:
    """Published rows; perhaps only those that are switched on [obs]."""
    offset, limit = call.window()
    on = call.reads(Reading.PUBLIC_LIST_ON) and _SDK_VERSION_HEADER not in call.headers
    rows = call.store.page(offset, limit, statuses=[Status.ACTIVE], on=on)
    return _envelope(rows, call.views.public, offset, limit)


def _show_public(call: Call) -> JsonValue:
    """One flow by slug [doc] or id [obs]: a published row, whether switched on or off."""
    return call.views.public(_first([row for row in call.named_rows() if row.status is Status.ACTIVE]))


def _list_private(call: Call) -> JsonValue:
    """Every row of every status, with private fields [obs]; perhaps no drafts."""
    offset, limit = call.window()
    hides = {Status.DRAFT} if call.reads(Reading.PRIVATE_LIST_HIDES_DRAFTS) else set()
    rows = call.store.page(offset, limit, statuses=[status for status in Status if status not in hides])
    return _envelope(rows, call.views.private, offset, limit)


def _show_private(call: Call) -> JsonValue:
    """One flow by slug or id [obs]."""
    rows = call.named_rows()
    published = [row for row in rows if row.status is Status.ACTIVE]
    return call.views.private(_first([*published, *rows]))


def _list_versions(call: Call) -> JsonValue:
    """Every row of a slug, the one that was created last first; none for an unknown slug, or an id [obs]."""
    return _envelope(call.store.versions(call.flow), call.views.private)


def _create(call: Call) -> JsonValue:
    """A new flow; name and data are required, a slug is made up where there is none [obs]."""
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


def _update(call: Call) -> JsonValue:
    """Write the fields that the body holds and leave the others alone [doc]; archived rows are read-only [doc]."""
    body = checked(call.body, UPDATE_CHECKS)
    if not call.flow.isdigit():
        return call.nothing_written()
    with call.store.writing():
        row = call.row()
        if row.status is Status.ARCHIVED:
            raise Refusal(HTTPStatus.BAD_REQUEST, "An archived version is read-only")
        return call.stored(written(row, body, call.views.readings))


def _create_version(call: Call) -> JsonValue:
    """A draft that starts as a copy of the given row; there is at most one per slug [doc]."""
    if not call.flow.isdigit():
        return call.nothing_written()
    with call.store.writing():
        row = call.row()
        versions = call.store.versions(row.slug)
        if any(other.status is Status.DRAFT for other in versions):
            is_opaque = call.reads(Reading.SECOND_DRAFT_500)
            status = HTTPStatus.INTERNAL_SERVER_ERROR if is_opaque else HTTPStatus.BAD_REQUEST
            raise Refusal(status, "Draft already exists")
        version = max(other.version for other in versions) + 1
        return call.created(replace(row, version=version, status=Status.DRAFT, published_at=None))


def _activate(call: Call) -> JsonValue:
    """Publish a draft; the version that was published becomes ARCHIVED. What is no draft is a 500 [obs]."""
    now = timestamp(call.now)
    is_late = call.reads(Reading.ARCHIVED_LATE)
    behavior = checked(call.body, ACTIVATE_CHECKS).get("archiveBehavior", ARCHIVE_BEHAVIORS[0])
    with call.store.writing():
        row = call.row()
        if row.status is not Status.DRAFT:
            raise _failure()
        for other in call.store.versions(row.slug):
            if other.status is Status.ACTIVE:
                replaced = replace(other, archive_behavior=str(behavior))
                if is_late:
                    call.store.replace(replace(replaced, archived_at=timestamp(call.now + ARCHIVES_AFTER)))
                else:
                    call.stored(replace(replaced, status=Status.ARCHIVED, archived_at=now))
        return call.stored(replace(row, status=Status.ACTIVE, published_at=now))


def _delete(call: Call) -> JsonValue:
    """Delete that version's row only [obs]; there is no way back [doc]."""
    with call.store.writing():
        try:
            call.store.remove(call.row().id)
        except Refusal:
            if call.reads(Reading.DELETED_500):
                raise _failure() from None
            raise
    return None


def _is_number(text: str) -> bool:
    """Whether SQLite can hold it as an integer."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _leading_number(text: str) -> int:
    """What the vendor's parseInt makes of a text; 0, the id of nothing, where it makes nothing of it."""
    found = _LEADING_NUMBER.match(text)
    return int(found[1]) if found and _is_number(found[1]) else 0


def _first(rows: Sequence[Row]) -> Row:
    if not rows:
        raise Refusal(HTTPStatus.NOT_FOUND, "Flow not found")
    return rows[0]


def _failure() -> Refusal:
    """A failure that does not say why [obs]."""
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")


def _graphql(call: Call) -> Response:
    """The estimate of users, and errors for everything else [obs]."""
    expressions = (row.targeting_logic for row in call.store.page() if row.targeting_logic)
    return audience.answer(call.body, expressions, call.now)


ANY_KEY: Final = frozenset({PRIVATE_KEY, PUBLIC_KEY})
_PRIVATE: Final = frozenset({PRIVATE_KEY})
Endpoint: TypeAlias = "Callable[[Call], JsonValue | Response]"
ROUTES: Final[tuple[tuple[str, str, frozenset[str], Endpoint], ...]] = (
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
    ("POST", "/graphql", _PRIVATE, _graphql),
)
"""Method, path with the slug or id of a flow in it, the keys that open it, and what answers."""
