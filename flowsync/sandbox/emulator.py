"""The emulator's front: the route, the body and the key are checked, in that order, then the endpoint is called."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, final
from urllib.parse import parse_qsl, unquote

from flowsync.sandbox import endpoints, rules
from flowsync.sandbox.endpoints import Call
from flowsync.sandbox.replies import Refusal, refused
from flowsync.sandbox.store import Store
from flowsync.sandbox.values import PRIVATE_KEY, PUBLIC_KEY, Response, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.model import JsonValue
    from flowsync.sandbox.values import Clock, Handler, Request

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
    _Route("GET", "/v1/public/flows", _ANY_KEY, endpoints.list_public),
    _Route("GET", "/v1/public/flows/{flow}", _ANY_KEY, endpoints.show_public),
    _Route("GET", "/v1/flows", _PRIVATE, endpoints.list_private),
    _Route("GET", "/v1/flows/{flow}", _PRIVATE, endpoints.show_private),
    _Route("GET", "/v1/flows/{flow}/versions", _PRIVATE, endpoints.list_versions),
    _Route("POST", "/v1/flows", _PRIVATE, endpoints.create),
    _Route("POST", "/v1/flows/{flow}/versions", _PRIVATE, endpoints.create_version),
    _Route("PUT", "/v1/flows/{flow}", _PRIVATE, endpoints.update),
    _Route("PUT", "/v1/flows/{flow}/activate", _PRIVATE, endpoints.activate),
    _Route("DELETE", "/v1/flows/{flow}", _PRIVATE, endpoints.delete),
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
    return rules.stored_text(unquote(flow)) if matches else None


def _check_key(request: Request, route: _Route) -> None:
    """403 for a missing or unknown key, and for a public key on a private path [obs]."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or key.strip() not in route.keys:
        raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden resource")


def _read_body(request: Request) -> rules.Body:
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


def _parse_body(body: bytes) -> rules.Body:
    try:
        value: JsonValue = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, ["the body must be an object"])
    return value
