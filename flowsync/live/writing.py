"""Changing one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.errors import UnreadableResponseError
from flowsync.live.rows import live_flow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.live.protocols import FlowWriter
    from flowsync.model import JsonValue, LiveFlow


def write(writer: FlowWriter, row_id: int, body: Mapping[str, JsonValue]) -> LiveFlow | None:
    """PUT `body` to the row with the numeric `row_id` [doc]; the row as the server then has it.

    None when the answer is empty or no flow: the write was accepted, but only a fresh read shows
    what became of it. Raises the ApiError family, see FlowWriter.put.
    """
    answer = writer.put(f"/v1/flows/{row_id}", body)
    try:
        return live_flow(answer)
    except UnreadableResponseError:
        return None
