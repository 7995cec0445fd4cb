"""The lines of a record for what is made: flows, and drafts. A create is kept as a write that switched the flow on.

So the way back of a create is to switch the flow off: no endpoint takes a flow back without its data [doc].
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowsync.api.rows import live_flow
from flowsync.model import LiveFlow, Target
from flowsync.record.values import Creating, Place, Result, Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import Create, JsonValue, NewDraft


def create_event(change: Create, time: str) -> dict[str, JsonValue]:
    """A flow is about to be created: there is nothing before it."""
    return {"event": "create", "slug": change.slug, "file": change.file, "time": time, "before": None}


def draft_event(change: NewDraft, time: str) -> dict[str, JsonValue]:
    """A draft is about to be begun, as a copy of the row with this id."""
    return {
        "event": "draft",
        "slug": change.slug,
        "file": change.file,
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "time": time,
    }


def made_event(change: Create | NewDraft, row: LiveFlow, time: str) -> dict[str, JsonValue]:
    """A row is there that was not before; its slug may be another than that of the change."""
    return {"event": "made", "slug": change.slug, "file": change.file, "id": row.id, "made": row.slug, "time": time}


def creating(value: Mapping[str, JsonValue], place: Place) -> Creating:
    """A create whose row is not known yet."""
    return Creating(_text(value["slug"]), _text(value["file"]), place)


def created(begun: Creating, value: Mapping[str, JsonValue]) -> Write:
    """A create whose row is known, as a write over the row: as if it had been switched off before."""
    row, body, withheld = live_flow(value["row"]), value["body"], value["withheld"]
    if not isinstance(body, dict) or not isinstance(withheld, list) or row.id != value["id"]:
        raise TypeError("no object, no list, or another row")
    target = Target.ACTIVE if row.is_published else Target.DRAFT if row.status == "DRAFT" else Target.LATEST
    return Write(
        slug=row.slug,
        file=begun.file,
        target=target,
        before=LiveFlow(row.id, row.slug, row.version, row.status, {"active": False}, row.raw),
        earlier={},
        body={"active": body.get("active") is not False},
        withheld=(),
        result=None,
        place=begun.place,
        is_created=True,
    )


def with_result(write: Write, result: Result) -> Write:
    """A write with what became of it. Whatever failed after a row was made, it was made."""
    if write.is_created:
        result = Result("applied", uncertain=False, after=result.after)
    return replace(write, result=result)


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
