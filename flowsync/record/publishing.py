"""The lines of a record for what is published and deleted. Both keep whole rows; a delete cannot be rolled back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.api.rows import live_flow
from flowsync.model import SENT_FIELDS, LiveFlow, Target
from flowsync.record.values import Deleted, Place, Write
from flowsync.secrets import private_key_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue

_IDENTITY: Final = frozenset({"id", "slug", "version", "status"})


def holds_key(value: JsonValue) -> bool:
    """Whether a key is in a value. A text is searched as it is: its JSON has escapes, which take time to decode."""
    if isinstance(value, list | dict):
        value = json.dumps(value)
    return isinstance(value, str) and private_key_at(value) is not None


def publish_event(
    file: str, draft: LiveFlow, published: LiveFlow | None, users: str, time: str
) -> dict[str, JsonValue]:
    """A draft about to be published, and the version it replaces. `users`: what happens to users in the flow."""
    rows = [draft] if published is None else [draft, published]
    withheld = _withheld(rows)
    return {
        "event": "publish",
        "slug": draft.slug,
        "file": file,
        "id": draft.id,
        "users": users,
        "time": time,
        "draft": _kept(draft, withheld),
        "live": None if published is None else _kept(published, withheld),
        "withheld": [*withheld],
    }


def delete_event(slug: str, rows: Sequence[LiveFlow], time: str) -> dict[str, JsonValue]:
    """What is about to be deleted: every version, whole."""
    withheld = _withheld(rows)
    kept: list[JsonValue] = [_kept(row, withheld) for row in rows]
    return {"event": "delete", "slug": slug, "time": time, "rows": kept, "withheld": [*withheld]}


def deleted_event(slug: str, ending: str, left: Iterable[int], message: str | None, time: str) -> dict[str, JsonValue]:
    """What became of a flow that was to be deleted; `left` are the ids of the versions that were still there."""
    return {
        "event": "deleted",
        "slug": slug,
        "outcome": ending,
        "left": [*left],
        "message": None if holds_key(message) else message,
        "time": time,
    }


def _withheld(rows: Iterable[LiveFlow]) -> list[str]:
    """The fields that hold a key: they are left out."""
    return sorted(
        {name for row in rows for name, value in row.raw.items() if name not in _IDENTITY and holds_key(value)}
    )


def _kept(row: LiveFlow, withheld: Sequence[str]) -> dict[str, JsonValue]:
    return {name: value for name, value in row.raw.items() if name not in withheld}


def publish_write(value: Mapping[str, JsonValue], place: Place) -> Write:
    """A publish as a write over the row that is live after it: before, that row was to say what the former one did.

    Where no version was live before, the row was not to be seen: it is as if it had been switched off.
    """
    draft = live_flow(value["draft"])
    file, withheld = value["file"], value["withheld"]
    if not isinstance(file, str) or not isinstance(withheld, list) or draft.id != value["id"]:
        raise TypeError("no text, no list, or another row")
    before: Mapping[FieldName, JsonValue] = {"active": False}
    body: Mapping[FieldName, JsonValue] = {"active": draft.fields.get("active") is not False}
    if value["live"] is not None:
        before, body = live_flow(value["live"]).fields, draft.fields
    row = LiveFlow(draft.id, draft.slug, draft.version, "ACTIVE", before, draft.raw)
    return Write(
        slug=draft.slug,
        file=file,
        target=Target.ACTIVE,
        before=row,
        earlier={},
        body={name: body[name] for name in SENT_FIELDS if name in body},
        withheld=tuple(str(name) for name in withheld),
        result=None,
        place=place,
        replaced=0 if value["live"] is None else live_flow(value["live"]).version,
    )


def note_deleted(found: list[Deleted], value: Mapping[str, JsonValue], place: Place) -> None:
    """Add what a line says was about to be deleted to what was `found`, or that the last one is gone."""
    slug = value["slug"]
    if value["event"] == "deleted":
        if found and (found[-1].slug, found[-1].place) == (slug, place):  # else nothing was sent
            found[-1] = replace(found[-1], is_done=value["outcome"] == "deleted")
        return
    rows = value["rows"]
    if not isinstance(slug, str) or not isinstance(rows, list):
        raise TypeError("no text, or no list")
    found.append(Deleted(slug, tuple(live_flow(row).version for row in rows), place))
