"""The endpoints that write: update, create, a new version, publish, delete. Each sends one request, once.

All but the update are only observed [obs]. None is repeated here: POST is not idempotent, and after an ambiguous answer
the flow has to be read again first. Each raises the ApiError family, see `FlowWriter.send`.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from flowsync.api.endpoints import LIST_PATHS, Access, Method
from flowsync.api.rows import live_flow
from flowsync.errors import UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.api.endpoints import FlowWriter
    from flowsync.errors import ApiError
    from flowsync.model import JsonValue, LiveFlow


class ArchiveBehavior(Enum):
    """What becomes of users who are in the version that a published draft replaces [doc]."""

    EXIT = "EXIT_EXISTING_USERS"
    RESTART_EXISTING = "RESTART_EXISTING_USERS"
    RESTART_ALL = "RESTART_ALL_USERS"


def write(writer: FlowWriter, row_id: int, body: Mapping[str, JsonValue]) -> LiveFlow | None:
    """PUT `body` to the row with the numeric `row_id` [doc]; the row as the server then has it.

    None when the answer is empty, `null` or no flow, as it is for all of these functions: most likely nothing was
    written [obs], and only a fresh read can tell.
    """
    return _shown(writer.send(Method.PUT, f"/v1/flows/{row_id}", body))


def create(writer: FlowWriter, body: Mapping[str, JsonValue]) -> LiveFlow | None:
    """POST a new flow; its row as the server made it, perhaps with another slug than `body` asks for."""
    return _shown(writer.send(Method.POST, LIST_PATHS[Access.PRIVATE], body))


def new_version(writer: FlowWriter, row_id: int) -> LiveFlow | None:
    """POST a new draft that starts as a copy of the row with the numeric `row_id`; the draft's row."""
    return _shown(writer.send(Method.POST, f"/v1/flows/{row_id}/versions", {}))


def activate(writer: FlowWriter, row_id: int, behavior: ArchiveBehavior) -> LiveFlow | None:
    """Publish the draft with the numeric `row_id`; its row. The row that was published becomes ARCHIVED."""
    return _shown(writer.send(Method.PUT, f"/v1/flows/{row_id}/activate", {"archiveBehavior": behavior.value}))


def delete(writer: FlowWriter, row_id: int) -> None:
    """Delete the row with the numeric `row_id`, for good; other versions of its slug stay."""
    writer.send(Method.DELETE, f"/v1/flows/{row_id}")


def is_taken(error: ApiError) -> bool:
    """Whether `create` was refused because there is a flow with this slug; always a 400 [obs]."""
    return error.status == HTTPStatus.BAD_REQUEST and "already exists" in error.message.lower()


def has_draft(error: ApiError) -> bool:
    """Whether `new_version` was refused because the slug has a draft; the status is not documented."""
    return error.status is not None and "draft already exists" in error.message.lower()


def _shown(answer: JsonValue) -> LiveFlow | None:
    try:
        return live_flow(answer)
    except UnreadableResponseError:
        return None
