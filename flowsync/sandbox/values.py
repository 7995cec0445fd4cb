"""What the sandbox's rooms hand each other: requests, responses, rows, and the keys it knows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import JsonValue

PRIVATE_KEY: Final = "api_private_sandbox"
"""Reads and writes everything [obs: private keys start so]. It opens nothing but sandboxes."""

PUBLIC_KEY: Final = "api_public_sandbox"
"""Reads /v1/public/... [obs: public keys start so]."""

SDK_VERSION_HEADER: Final = "x-frigade-sdk-version"
"""What the vendor's SDKs send along; without it the public list may hold only active flows [obs]."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: `target` is the path with its query, header names are in lower case.

    `arrived` is when it began to come over a connection, by the monotonic clock; None where it came over none.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float | None = None


class Delivery(Enum):
    """How a response gets to the client."""

    WHOLE = "whole"
    SLOW = "in drips"
    TRUNCATED = "only the first half"
    RESET = "not at all: the connection is reset"
    NEVER = "not at all: the connection stays open"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delivery: Delivery = Delivery.WHOLE


Handler: TypeAlias = Callable[[Request], Response]
"""Answers requests. Latency, and whatever else may befall a request, wraps one handler in another."""

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time, with its time zone."""


class Status(str, Enum):
    """The status of a row [doc]."""

    ACTIVE = "ACTIVE"
    DRAFT = "DRAFT"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one flow, its fields in the order of the table's columns.

    `data` is YAML text. Times are ISO 8601 in UTC with milliseconds. `active` is the switch of the
    PUT body [doc], which is not the status.
    """

    id: int
    slug: str
    version: int
    status: Status
    name: str
    type: str
    description: str | None
    active: bool
    targeting_logic: str | None
    data: str
    created_at: str
    modified_at: str
    published_at: str | None
    archived_at: str | None


def utc_now() -> datetime:
    """The real time, the default clock."""
    return datetime.now(timezone.utc)


def timestamp(moment: datetime) -> str:
    """`moment` as the API writes times: `2026-01-31T12:00:00.000Z`."""
    in_utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return in_utc.isoformat(timespec="milliseconds") + "Z"


def timestamp_after(moment: datetime, previous: str) -> str:
    """`moment`, or a millisecond after `previous` where the clock stands still: a write moves modifiedAt."""
    now = timestamp(moment)
    return now if now > previous else timestamp(_read_timestamp(previous) + timedelta(milliseconds=1))


def _read_timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc)


def with_latency(handler: Handler, seconds: float) -> Handler:
    """`handler`, each of whose answers leaves `seconds` after its request came: half before it is made, half after.

    So this is the whole time of a round trip, as far as the making fits into it.
    """

    def delayed(request: Request) -> Response:
        due = (time.monotonic() if request.arrived is None else request.arrived) + seconds
        time.sleep(seconds / 2)
        response = handler(request)
        time.sleep(max(0.0, due - time.monotonic()))
        return response

    return delayed


def embedded(handler: Handler) -> Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]:
    """`handler` for a client in the same process, as plain values.

    What breaks a connection is raised: ConnectionResetError, and TimeoutError at once for what never comes.
    """

    def handle(
        method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        response = handler(Request(method, target, headers, body))
        match response.delivery:
            case Delivery.WHOLE | Delivery.SLOW:
                return response.status, response.headers, response.body
            case Delivery.TRUNCATED | Delivery.RESET:
                raise ConnectionResetError
            case Delivery.NEVER:
                raise TimeoutError

    return handle


_DOCUMENTED: Final = frozenset(
    {"id", "slug", "version", "status", "name", "type", "targetingLogic", "data"}
    | {"codeSnippet", "createdAt", "modifiedAt"}
)
_JSON_HEADERS: Final = {"content-type": "application/json; charset=utf-8"}
_COMPONENTS: Final = {
    "ANNOUNCEMENT": "Announcement",
    "BANNER": "Banner",
    "CARD": "Card",
    "CHECKLIST": "Checklist.Collapsible",
    "FORM": "Form",
    "SURVEY": "Survey.NPS",
    "TOUR": "Tour",
}


class Refusal(Exception):  # noqa: N818 - it is an answer of the API; nothing is wrong with the sandbox
    """The request will not be done. Validation refusals carry a list of messages [doc]."""

    def __init__(self, status: HTTPStatus, message: str | Sequence[str]) -> None:
        super().__init__(message)
        self.status = status
        self.message = message if isinstance(message, str) else list(message)


def refused(refusal: Refusal) -> Response:
    """`{"statusCode": N, "message": "..." or ["...", ...], "error": "..."}` [doc]."""
    message: JsonValue = refusal.message if isinstance(refusal.message, str) else [*refusal.message]
    body: JsonValue = {"statusCode": refusal.status.value, "message": message, "error": refusal.status.phrase}
    return answered(refusal.status, body)


def answered(status: HTTPStatus, body: JsonValue) -> Response:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status.value, _JSON_HEADERS, text.encode(errors="replace"))


def no_content() -> Response:
    """204, what a deletion answers [doc]."""
    return Response(HTTPStatus.NO_CONTENT.value, {}, b"")


def public_view(row: Row) -> Mapping[str, JsonValue]:
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
        "codeSnippet": _code_snippet(row),
        "createdAt": row.created_at,
        "modifiedAt": row.modified_at,
    }


def documented(handler: Handler) -> Handler:
    """`handler` with flows as the reference describes them [doc]: no `active`, no `description`, nothing else."""

    def handle(request: Request) -> Response:
        response = handler(request)
        if response.status not in {HTTPStatus.OK.value, HTTPStatus.CREATED.value}:
            return response
        return answered(HTTPStatus(response.status), _documented(json.loads(response.body)))

    return handle


def _documented(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_documented(row) for row in value]
    if not isinstance(value, dict):
        return value
    if "slug" in value:
        return {name: each for name, each in value.items() if name in _DOCUMENTED}
    return {name: _documented(each) for name, each in value.items()}


def private_view(row: Row) -> Mapping[str, JsonValue]:
    """What a private key sees besides [obs]: the switch, the description, and fields the server fills in."""
    return {
        **public_view(row),
        "active": row.active,
        "description": row.description,
        "triggerType": "MANUAL",
        "completionBehavior": None,
        "publishedAt": row.published_at,
        "archivedAt": row.archived_at,
        "internalData": None,
    }


def _code_snippet(row: Row) -> str:
    component = _COMPONENTS.get(row.type, "Flow")
    return f'<Frigade.{component} flowId="{row.slug}" />'
