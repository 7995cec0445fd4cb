"""A Frigade made from its API reference alone, over real HTTP on loopback.

    with fake_frigade(FakeConfig(endpoints=Endpoints.DOCUMENTED), rows) as server:
        ...  # server.url, server.requests, server.rows, server.requests_to("PUT", "/v1/flows/*")

Rows are dicts as the API shows them; `row(...)` makes one. What the server does is a frozen `FakeConfig`;
what goes wrong, and when, is a tuple of `Fault`s in it.

It shares no line with flowsync, so that a mistake of flowsync's (in reading YAML, say) is not made twice, and it can
be each server that the reference leaves possible. flowsync's own emulator (`flowsync.sandbox`) is one server, with
versions, times and a database; tests of faults and of flows over time use that. Here is only what flowsync asks
for: any other request is answered with a 404, and is among `server.writes` unless it is a GET.
`Listener`, the server below the API, is what the fake GitHub is made of, too.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from flowsync.model import JsonValue

Row = dict[str, Any]
PRIVATE_KEY = "api_private_T3stOnlyKeyOfTheFake"
PUBLIC_KEY = "api_public_T3stOnlyKeyOfTheFake"
NOW = "2026-01-02T03:04:05.000Z"


class Endpoints(Enum):
    """Which paths exist."""

    DOCUMENTED = "documented"
    ALL = "all"


class DataFormat(Enum):
    """How `data` comes back: JSON text [doc], YAML text [obs], or the very text that was stored."""

    JSON = "json"
    YAML = "yaml"
    STORED = "stored"


class Offset(Enum):
    """What becomes of `offset`."""

    HONOURED = "honoured"
    IGNORED = "ignored"


class BySlug(Enum):
    """Which version GET by slug shows."""

    PUBLISHED = "published"
    LATEST = "latest"


class Effect(Enum):
    """Whether a fault strikes before the request is carried out or after."""

    BEFORE = "before"
    AFTER = "after"


class Kind(Enum):
    """What a fault does to the connection."""

    REPLY = "reply"
    RESET = "reset"
    HANG = "hang"
    TRUNCATED = "truncated"


@dataclass(frozen=True)
class Fault:
    """One thing going wrong for `times` requests that match, after `skip` that do not suffer it."""

    kind: Kind = Kind.REPLY
    status: int = 500
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    effect: Effect = Effect.BEFORE
    method: str = "*"
    path: str = "*"
    times: int = 1
    skip: int = 0

    def on(self, method: str = "*", path: str = "*", *, times: int = 1, skip: int = 0) -> Fault:
        """The same fault for requests that match these patterns."""
        return replace(self, method=method, path=path, times=times, skip=skip)

    def strikes(self, method: str, path: str) -> bool:
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


ALWAYS = 1_000_000
"""As `times`: every request."""


def error_body(status: int, message: str | list[str]) -> bytes:
    return json.dumps({"statusCode": status, "message": message, "error": "Error"}).encode()


def reply(status: int, message: str | list[str] = "Something") -> Fault:
    """An error as the API itself words it."""
    return Fault(status=status, body=error_body(status, message))


def html(status: int) -> Fault:
    """A page of a proxy or firewall."""
    page = b"<!DOCTYPE html><html><head><title>Blocked</title></head><body><h1>No\x1b[31m entry</h1></body></html>"
    return Fault(status=status, body=page, content_type="text/html; charset=utf-8")


def rate_limited(retry_after: str | None = None) -> Fault:
    return replace(reply(429, "Too many"), headers=() if retry_after is None else (("Retry-After", retry_after),))


def unavailable(retry_after: str | None = None) -> Fault:
    """A 503 as a proxy's HTML page."""
    return replace(html(503), headers=() if retry_after is None else (("Retry-After", retry_after),))


def server_error(effect: Effect = Effect.BEFORE) -> Fault:
    return replace(reply(500, "Internal server error"), effect=effect)


def reset(effect: Effect = Effect.BEFORE) -> Fault:
    """The connection is reset instead of an answer."""
    return Fault(kind=Kind.RESET, effect=effect)


def hang(effect: Effect = Effect.BEFORE) -> Fault:
    """No answer comes until the server closes."""
    return Fault(kind=Kind.HANG, effect=effect)


def truncated(effect: Effect = Effect.BEFORE) -> Fault:
    """Half of the body that was announced."""
    return Fault(kind=Kind.TRUNCATED, status=200, body=b'{"data": [', effect=effect)


def success(body: bytes, content_type: str = "application/json", effect: Effect = Effect.BEFORE) -> Fault:
    """A 200 with any body at all: not JSON, JSON of the wrong shape, a login page."""
    return Fault(status=200, body=body, content_type=content_type, effect=effect)


def redirect(location: str, status: int = 302) -> Fault:
    return Fault(status=status, headers=(("Location", location),))


def key_echo(echo: str, status: int = 400) -> Fault:
    """An error that repeats the key, as `echo` says: raw text of a JSON string."""
    body = f'{{"statusCode": {status}, "message": "Invalid token {echo}", "error": "Bad Request"}}'
    return Fault(status=status, body=body.encode())


@dataclass(frozen=True)
class FakeConfig:
    """What the server does, within what the reference leaves open."""

    endpoints: Endpoints = Endpoints.ALL
    data: DataFormat = DataFormat.YAML
    hidden: frozenset[str] = frozenset()
    offset: Offset = Offset.HONOURED
    page_size: int = 100
    by_slug: BySlug = BySlug.PUBLISHED
    unlisted: frozenset[str] = frozenset()
    absent_paths: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    latency: float = 0.0
    """Seconds before each answer."""
    created: str = "DRAFT"
    """The status of a new flow."""
    new_slug: str | None = None
    """What every new flow is called, whatever its slug was to be."""
    archives_after: int = 0
    """How many requests later than it was replaced a version becomes ARCHIVED."""
    unlisted_statuses: frozenset[str] = frozenset()
    """Rows of these statuses are left out of the lists; …/versions and GET by slug show them."""
    keeps_deleted: bool = False
    """A deleted row stays, with the status DELETED."""
    estimate: int | None = None
    """How many users qualify, whatever the expression; None: GraphQL answers with errors."""


UNOBSERVABLE = frozenset({"description", "active"})
"""In the PUT body, not in the documented response [doc]: use as `FakeConfig.hidden`."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names are in lower case, `path` is without its query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Row:
        value: Row = json.loads(self.body)
        return value


@dataclass(frozen=True)
class FakeFrigade:
    """A running server. `rows` is its state; `requests` what it was asked, in order of arrival."""

    url: str
    rows: list[Row]
    requests: list[Seen]
    _account: _Account
    _listener: Listener

    def behave(self, config: FakeConfig) -> None:
        """From now on the server does this, and nothing goes wrong."""
        self._account.config = config
        self.suffer()

    def suffer(self, *faults: Fault) -> None:
        """From now on these things go wrong, and no others."""
        self._listener.suffer(*faults)

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._listener.connections

    def requests_to(self, method: str = "*", path: str = "*") -> list[Seen]:
        return [seen for seen in self.requests if fnmatchcase(seen.method, method) and fnmatchcase(seen.path, path)]

    @property
    def writes(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.method != "GET"]

    def row(self, row_id: int) -> Row:
        return next(each for each in self.rows if each["id"] == row_id)


def row(row_id: int, slug: str, **fields: object) -> Row:
    """A row with every documented field; `data` may be a value, and is stored as YAML text then."""
    whole: Row = {
        "id": row_id,
        "slug": slug,
        "version": 1,
        "status": "ACTIVE",
        "name": slug.replace("_", " ").capitalize(),
        "type": "ANNOUNCEMENT",
        "description": "",
        "active": True,
        "targetingLogic": None,
        "data": _DATA,
        "codeSnippet": f'<Frigade.Announcement flowId="{slug}" />',
        "createdAt": NOW,
        "modifiedAt": NOW,
        **fields,
    }
    if not isinstance(whole["data"], str):
        whole["data"] = dump(whole["data"])
    return whole


@contextmanager
def fake_frigade(config: FakeConfig | None = None, rows: Iterable[Row] = (), *, port: int = 0) -> Iterator[FakeFrigade]:
    """A server on a port of loopback (0: any that is free), stopped with all its connections at the end."""
    config = config or FakeConfig()
    account = _Account(config, [dict(each) for each in rows])
    with listening(account.answer, config.faults, config.latency, port=port) as listener:
        yield FakeFrigade(listener.url, account.rows, listener.requests, account, listener)


class _Refused(Exception):  # noqa: N818 - an answer, not an error of this program
    def __init__(self, status: int, message: str | list[str]) -> None:
        super().__init__(status)
        self.status = status
        self.body = error_body(status, message)


class _Account:
    def __init__(self, config: FakeConfig, rows: list[Row]) -> None:
        self.config = config
        self.rows = rows
        self.to_archive: list[tuple[int, Row]] = []

    def answer(self, seen: Seen) -> Answer:
        """Carry out a request as the reference describes it."""
        self._archive_due()
        try:
            value = self._carried_out(seen)
        except _Refused as refused:
            return refused.status, refused.body, ()
        if value is None and seen.method == "DELETE":
            return 204, b"", ()
        is_new = seen.method == "POST" and seen.path != "/graphql"
        return 201 if is_new else 200, json.dumps(value).encode(), ()

    def _archive_due(self) -> None:
        due = [stored for left, stored in self.to_archive if left <= 0]
        self.to_archive = [(left - 1, stored) for left, stored in self.to_archive if left > 0]
        for stored in due:
            stored["status"] = "ARCHIVED"

    def _carried_out(self, seen: Seen) -> object:
        if not seen.body and "content-type" in seen.headers:
            raise _Refused(400, "Body cannot be empty when content-type is set to 'application/json'")
        for endpoint in _ENDPOINTS:
            found = re.fullmatch(endpoint.pattern, seen.path)
            if seen.method == endpoint.method and found and self._has(endpoint, seen.path):
                keys = {PRIVATE_KEY, *([PUBLIC_KEY] if endpoint.public else [])}
                if seen.headers.get("authorization") not in {f"Bearer {key}" for key in keys}:
                    raise _Refused(403, "Forbidden resource")
                return endpoint.carry_out(self, seen, *(unquote(group) for group in found.groups()))
        raise _Refused(404, f"Cannot {seen.method} {seen.path}")

    def _has(self, endpoint: _Endpoint, path: str) -> bool:
        offered = endpoint.documented or self.config.endpoints is Endpoints.ALL
        return offered and not any(fnmatchcase(path, absent) for absent in self.config.absent_paths)

    def show(self, stored: Row) -> Row:
        shown = {name: value for name, value in stored.items() if name not in self.config.hidden}
        match self.config.data:
            case DataFormat.JSON:
                shown["data"] = _as_json(stored["data"])
            case DataFormat.YAML if _is_json(stored["data"]):
                shown["data"] = dump(json.loads(stored["data"]))
            case _:
                pass
        return shown

    def list_rows(self, seen: Seen) -> object:
        start = int(seen.query.get("offset", "0")) if self.config.offset is Offset.HONOURED else 0
        limit = min(int(seen.query.get("limit", "100")), self.config.page_size)
        listed = [
            each
            for each in self.rows
            if each["slug"] not in self.config.unlisted and each["status"] not in self.config.unlisted_statuses
        ]
        shown = [self.show(each) for each in listed[start : start + limit]]
        return {"data": shown, "offset": start, "limit": limit}

    def one(self, seen: Seen, slug: str) -> object:
        rows = self._of_slug(slug) or [each for each in self.rows if str(each["id"]) == slug]
        if version := seen.query.get("version"):
            rows = [each for each in rows if str(each["version"]) == version]
        if not rows:
            raise _Refused(404, f"Flow {slug} not found")
        published = [each for each in rows if each["status"] == "ACTIVE"]
        return self.show(published[0] if published and self.config.by_slug is BySlug.PUBLISHED else rows[0])

    def public_one(self, seen: Seen, slug: str) -> object:
        if not self._of_slug(slug):
            raise _Refused(404, f"Flow {slug} not found")
        return self.one(seen, slug)

    def versions(self, _: Seen, slug: str) -> object:
        if not (rows := self._of_slug(slug)):
            raise _Refused(404, f"Flow {slug} not found")
        return [self.show(each) for each in rows]

    def update(self, seen: Seen, row_id: str) -> object:
        stored = self._by_id(row_id)
        body = _checked_body(seen)
        if stored["status"] == "ARCHIVED":
            raise _Refused(400, "Archived versions are read-only")
        stored.update(body)
        stored["modifiedAt"] = "2026-01-02T04:00:00.000Z"
        return self.show(stored)

    def create(self, seen: Seen) -> object:
        body = _checked_body(seen, _CREATED_FIELDS)
        if wrong := [f"{name} should not be empty" for name in ("name", "data") if not body.get(name)]:
            raise _Refused(400, wrong)
        slug = self.config.new_slug or body.get("slug") or f"flow_made{self._next_id()}"
        if self._of_slug(slug):
            raise _Refused(400, f"Flow with slug {slug} already exists")
        body = {name: value for name, value in body.items() if name not in {"description", "version", "slug"}}
        status = self.config.created
        made = row(self._next_id(), slug, **{"type": "CHECKLIST", "status": status, "description": None, **body})
        self.rows.append(made)
        return self.show(made)

    def create_version(self, _: Seen, row_id: str) -> object:
        if not row_id.isdigit():
            return None
        source = self._by_id(row_id)
        versions = self._of_slug(source["slug"])
        if any(each["status"] == "DRAFT" for each in versions):
            raise _Refused(400, "Draft already exists")
        number = max(each["version"] for each in versions) + 1
        made = {**source, "id": self._next_id(), "version": number, "status": "DRAFT"}
        self.rows.append(made)
        return self.show(made)

    def activate(self, seen: Seen, row_id: str) -> object:
        behavior = dict(seen.json.items()).get("archiveBehavior", "EXIT_EXISTING_USERS")
        draft = self._by_id(row_id)
        if draft["status"] != "DRAFT" or behavior not in _ARCHIVE_BEHAVIORS:
            raise _Refused(500, "Internal server error")
        for each in self._of_slug(draft["slug"]):
            if each["status"] == "ACTIVE" and self.config.archives_after:
                self.to_archive.append((self.config.archives_after, each))
            elif each["status"] == "ACTIVE":
                each["status"] = "ARCHIVED"
        draft["status"] = "ACTIVE"
        return self.show(draft)

    def delete(self, _: Seen, row_id: str) -> object:
        stored = self._by_id(row_id)
        if stored["status"] == "DELETED":
            raise _Refused(404, f"Flow {row_id} not found")
        if self.config.keeps_deleted:
            stored["status"] = "DELETED"
        else:
            self.rows.remove(stored)
        return None

    def graphql(self, seen: Seen) -> object:
        if self.config.estimate is None or "getTotalUsers" not in str(seen.json.get("query")):
            return {"errors": [{"message": "Something went wrong"}], "data": None}
        return {"data": {"getTotalUsers": [{"name": "Total", "count": self.config.estimate}]}}

    def _next_id(self) -> int:
        return max((int(each["id"]) for each in self.rows), default=0) + 1

    def _of_slug(self, slug: str) -> list[Row]:
        found = [each for each in self.rows if each["slug"] == slug]
        return sorted(found, key=lambda each: (each["version"], each["id"]), reverse=True)

    def _by_id(self, row_id: str) -> Row:
        if not row_id.isdigit():
            raise _Refused(400, "Validation failed (numeric string is expected)")
        for each in self.rows:
            if str(each["id"]) == row_id:
                return each
        raise _Refused(404, f"Flow {row_id} not found")


_FIELD_TYPES: Mapping[str, type] = {
    "name": str,
    "type": str,
    "description": str,
    "active": bool,
    "targetingLogic": str,
    "data": str,
}


_CREATED_FIELDS: Mapping[str, type] = {
    **_FIELD_TYPES,
    "slug": str,
    "codeSnippet": str,
    "completionBehavior": str,
    "version": int,
}
_ARCHIVE_BEHAVIORS = {"EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS"}


def _checked_body(seen: Seen, field_types: Mapping[str, type] = _FIELD_TYPES) -> dict[str, Any]:
    """The body of a write, if the server would take it."""
    if seen.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _Refused(400, "Content-Type must be application/json")
    try:
        body = dict(seen.json.items())
        load(str(body.get("data", "")))
    except (ValueError, AttributeError):
        raise _Refused(400, "The body, or its data, cannot be parsed") from None
    wrong = [f"property {name} should not exist" for name in body if name not in field_types]
    wrong += [
        f"{name} is of the wrong type"
        for name, kind in field_types.items()
        if name in body and type(body[name]) is not kind
    ]
    if wrong:
        raise _Refused(400, wrong)
    depth = 0
    for character in body.get("targetingLogic", ""):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    if depth:
        raise _Refused(400, "Unbalanced parentheses in targetingLogic")
    return body


@dataclass(frozen=True)
class _Endpoint:
    method: str
    pattern: str
    carry_out: Any
    documented: bool = False
    public: bool = False


_ENDPOINTS = (
    _Endpoint("GET", "/v1/public/flows", _Account.list_rows, documented=True, public=True),
    _Endpoint("GET", "/v1/public/flows/([^/]+)", _Account.public_one, documented=True, public=True),
    _Endpoint("PUT", "/v1/flows/([^/]+)", _Account.update, documented=True),
    _Endpoint("DELETE", "/v1/flows/([^/]+)", _Account.delete, documented=True),
    _Endpoint("POST", "/v1/flows", _Account.create),
    _Endpoint("POST", "/v1/flows/([^/]+)/versions", _Account.create_version),
    _Endpoint("PUT", "/v1/flows/([^/]+)/activate", _Account.activate),
    _Endpoint("POST", "/graphql", _Account.graphql),
    _Endpoint("GET", "/v1/flows", _Account.list_rows),
    _Endpoint("GET", "/v1/flows/([^/]+)", _Account.one),
    _Endpoint("GET", "/v1/flows/([^/]+)/versions", _Account.versions),
)


Answer = tuple[int, bytes, tuple[tuple[str, str], ...]]
"""Status, body and headers."""


@contextmanager
def listening(
    answer: Callable[[Seen], Answer], faults: Sequence[Fault] = (), latency: float = 0.0, *, port: int = 0
) -> Iterator[Listener]:
    """A server on a port of loopback (0: any that is free), stopped with all its connections at the end.

    `answer` is asked for one answer at a time, `latency` seconds after the request came, unless a fault strikes.
    """
    with Listener(answer, faults, latency, port) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.closing.set()
            listener.shutdown()
            thread.join()
            listener.hang_up()


class Listener(ThreadingHTTPServer):
    """The sockets, what came over them, and how often each fault has struck."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, answer: Callable[[Seen], Answer], faults: Sequence[Fault], latency: float, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answer = answer
        self.latency = latency
        self.requests: list[Seen] = []
        self.connections = 0
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        self.suffer(*faults)

    def suffer(self, *faults: Fault) -> None:
        with self.lock:
            self.faults = faults
            self._matches = [0] * len(faults)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""

    def hang_up(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def fault_for(self, seen: Seen) -> Fault | None:
        with self.lock:
            self.requests.append(seen)
            for number, fault in enumerate(self.faults):
                if fault.strikes(seen.method, seen.path):
                    self._matches[number] += 1
                    if fault.skip < self._matches[number] <= fault.skip + fault.times:
                        return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1
        self.server.open.add(self.connection)
        if self.server.closing.is_set():
            self.server.hang_up()

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def handle_one_request(self) -> None:
        """One request of a kept-alive connection, whatever its method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        self._serve(Seen(self.command, parts.path, query, headers, body))
        self.wfile.flush()

    def _serve(self, seen: Seen) -> None:
        fault = self.server.fault_for(seen)
        self.server.closing.wait(self.server.latency)
        if fault is None or fault.effect is Effect.AFTER:
            with self.server.lock:
                status, answered, headers = self.server.answer(seen)
        if fault is None:
            self._send(status, answered, headers)
            return
        self.close_connection = self.close_connection or fault.kind is not Kind.REPLY
        match fault.kind:
            case Kind.REPLY:
                self._send(fault.status, fault.body, fault.headers, fault.content_type)
            case Kind.TRUNCATED:
                self._send(fault.status, fault.body, (("Content-Length", str(len(fault.body) * 2)),))
            case Kind.HANG:
                self.server.closing.wait()
            case Kind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())

    def _send(
        self,
        status: int,
        body: bytes,
        headers: tuple[tuple[str, str], ...],
        content_type: str = "application/json; charset=utf-8",
    ) -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204 and "Content-Length" not in dict(headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Nothing: the tests look at `requests`."""


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2 core, as the vendor's JavaScript reads it: `no` and dates are texts."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the base class has it so


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


class _CoreDumper(yaml.SafeDumper):
    """Quotes what either version of YAML would not read back as text."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class asks per value
        return True


def _add_core(tag: str, pattern: str) -> None:
    for each in (_CoreLoader, _CoreDumper):
        each.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), None)


_add_core("null", "~|null|Null|NULL|")
_add_core("bool", "true|True|TRUE|false|False|FALSE")
_add_core("int", "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_add_core(
    "float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_CoreLoader.add_constructor("tag:yaml.org,2002:int", _int)


def load(text: str) -> JsonValue:
    """The value of YAML 1.2 (or JSON) text. Raises ValueError."""
    try:
        value: JsonValue = yaml.load(text, _CoreLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    return value


def dump(value: object) -> str:
    """YAML text that both versions of the language read back to `value`."""
    text: str = yaml.dump(value, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


_DATA = dump({"steps": [{"id": "first", "title": "Hello"}]})
"""The `data` of a row that a test says nothing about."""


@cache
def _as_json(text: str) -> str:
    """The same value as JSON text. Reading YAML is slow, and an account has the same texts in many rows."""
    return json.dumps(load(text))


def _is_json(text: str) -> bool:
    with suppress(ValueError):
        json.loads(text)
        return True
    return False
