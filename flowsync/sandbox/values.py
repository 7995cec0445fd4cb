"""What the sandbox's files hand each other: requests, responses, the keys it knows, and how it writes times."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from http import HTTPStatus
from typing import Final, TypeAlias

from flowsync.model import JsonValue

PRIVATE_KEY: Final = "api_private_sandbox"
"""Reads and writes everything [obs: private keys start so]. It opens nothing but sandboxes."""
PUBLIC_KEY: Final = "api_public_sandbox"
"""Reads /v1/public/... [obs: public keys start so]."""
_WITHOUT_ERROR: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR})
_JSON_HEADERS: Final = {"content-type": "application/json; charset=utf-8"}


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
"""Returns the time, with its time zone."""


class Refusal(Exception):  # noqa: N818 - it is an answer of the API; nothing is wrong with the sandbox
    """The request will not be done. Refusals by validation carry a list of messages [doc]."""

    def __init__(self, status: HTTPStatus, message: str | list[str]) -> None:
        super().__init__(message)
        self.response = refused(status, message)


def refused(status: HTTPStatus, message: str | list[str]) -> Response:
    """`{"statusCode": N, "message": "..." or ["...", ...], "error": "..."}` [doc]; 429, 500 without `error` [obs]."""
    said: JsonValue = message if isinstance(message, str) else [*message]
    error: dict[str, JsonValue] = {} if status in _WITHOUT_ERROR else {"error": status.phrase}
    return answered(status, {"statusCode": status.value, "message": said, **error})


def answered(status: HTTPStatus, body: JsonValue) -> Response:
    """A JSON answer."""
    try:
        text = _json(body)
    except ValueError:
        text = _json(_finite(body))
    return Response(status.value, _JSON_HEADERS, text.encode(errors="replace"))


def _json(body: JsonValue) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(value: JsonValue) -> JsonValue:
    """The value with null for each number that JSON has no way to write, as JavaScript writes it."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_finite(item) for item in value]
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case _:
            return value


def graphql_errors() -> Response:
    """What GraphQL answers whatever is wrong: 200, and one text for everything [obs]."""
    error: JsonValue = {"message": "Internal server error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    return answered(HTTPStatus.OK, {"errors": [error], "data": None})


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


def utc_now() -> datetime:
    """The real time, the default clock."""
    return datetime.now(timezone.utc)


def timestamp(moment: datetime) -> str:
    """`moment` as the API writes times: `2026-01-31T12:00:00.000Z`."""
    in_utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return in_utc.isoformat(timespec="milliseconds") + "Z"


def timestamp_after(moment: datetime, previous: str) -> str:
    """`moment`, or a millisecond after `previous` where the clock has not moved on: a write moves modifiedAt."""
    now = timestamp(moment)
    if now > previous:
        return now
    before = datetime.fromisoformat(previous.removesuffix("Z")).replace(tzinfo=timezone.utc)
    return timestamp(before + timedelta(milliseconds=1))
