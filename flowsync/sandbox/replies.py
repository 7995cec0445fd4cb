"""Rows and refusals as the API words them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flowsync.sandbox.values import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import JsonValue
    from flowsync.sandbox.values import Handler, Request, Row

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
