"""The emulator: answers a request with what the API would answer, out of a database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, final
from urllib.parse import parse_qsl, unquote

from flowsync.sandbox.bodies import read_body, stored_text
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.endpoints import ANY_KEY, ROUTES, Call, Endpoint
from flowsync.sandbox.store import Status, Store
from flowsync.sandbox.values import Refusal, Response, answered, refused, timestamp, utc_now
from flowsync.sandbox.views import ORGANIZATION_ID, Views

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.sandbox.values import Clock, Handler, Request


@final
class Emulator:
    """An account at Frigade, emulated. Safe to use from many threads, and by several processes on one file.

    `database` is where the account is kept; it is made, parents included, when it does not exist. None
    keeps it in memory. `clock` tells when rows are made and changed. A `documented` one answers with the fields of
    the reference alone [doc]: no `active`, no `description`, nothing else. `readings` say what to do where sources
    contradict each other. The rows are of `organization`. Raises FlowsyncError when the file cannot be used.
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
        """Answer one request. Nothing is raised: whatever goes wrong is an answer too."""
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
            value = endpoint(Call(self.store, self.clock(), views, flow, parameters, request.headers, body))
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
        """403 for a public key on a private path, and for a missing or unknown one, where that is not a 401 [obs]."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        sent = key.strip() if scheme.lower() == "bearer" else ""
        if sent not in ANY_KEY and Reading.UNKNOWN_KEY_401 in self.readings:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        if sent not in keys:
            raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden resource")

    def _archive_due(self) -> None:
        """Archive what a published version has replaced, where its time has come."""
        with self.store.writing():
            for row in self.store.due(timestamp(self.clock())):
                archived = str(row.archived_at)
                self.store.replace(replace(row, status=Status.ARCHIVED, modified_at=max(archived, row.modified_at)))

    def as_of_now(self) -> Handler:
        """What answers as this account does now, whatever becomes of it."""
        rows = self.store.page()

        def handle(request: Request) -> Response:
            with Emulator(None, clock=self.clock, documented=self.documented, readings=self.readings) as copy:
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


def _find_route(method: str, path: str) -> tuple[Endpoint, frozenset[str], str]:
    """What answers, the keys that open it, and the slug or id in the path.

    A trailing slash is another path, which is not there [obs].
    """
    for its_method, pattern, keys, endpoint in ROUTES:
        found = re.fullmatch(pattern, path) if its_method == method else None
        if found:
            return endpoint, keys, stored_text(unquote("".join(found.groups())))
    raise Refusal(HTTPStatus.NOT_FOUND, f"Cannot {method} {path}")
