"""The lines of a record as they are written. Every line is ASCII and ends in a line feed.

Each line about a write goes to the disk before the request is sent. A field that holds a key is left out, and named
among `withheld`: it cannot be restored.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.model import AlreadyApplied, Applied, Failed, NotAttempted, Refused
from flowsync.record.values import FORMAT
from flowsync.secrets import private_key_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flowsync.model import Create, FieldName, JsonValue, LiveFlow, NewDraft, Outcome, Update
    from flowsync.record.values import Run

Fields: TypeAlias = "Mapping[FieldName, JsonValue] | Mapping[str, JsonValue]"

_IDENTITY: Final = frozenset({"id", "slug"})
"""The fields that say which row it is: never left out."""


def run_line(run: Run) -> bytes:
    """The header of a run."""
    return _line(
        {
            "format": FORMAT,
            "command": run.purpose.value,
            "environment": run.environment,
            "api_url": run.api_url,
            "digest": run.digest,
            "tool": run.tool,
            "time": run.time,
            "changes": run.changes,
            **({} if run.undoes is None else {"undoes": run.undoes}),
        }
    )


def write_line(change: Update, row: LiveFlow, time: str) -> bytes:
    """A row about to be written, with its old and new content."""
    # What only the plan's own read showed; `data` is always shown [doc].
    names = [name for name in change.body if name in change.old and name not in row.fields and name != "data"]
    earlier: Mapping[FieldName, JsonValue] = {name: change.old[name] for name in names}
    withheld = _withheld(row.raw, earlier, change.body)
    return _line(
        {
            "event": "write",
            "slug": change.slug,
            "file": change.file,
            "id": change.id,
            "version": change.version,
            "status": change.status,
            "target": change.target.value,
            "verified": change.is_verified,
            "time": time,
            "before": _kept(row.raw, withheld),
            "earlier": _kept(earlier, withheld),
            "body": _kept(change.body, withheld),
            "withheld": withheld,
        }
    )


def create_line(change: Create, time: str) -> bytes:
    """A flow about to be created."""
    withheld = _withheld(change.body)
    event: dict[str, JsonValue] = {"event": "create", "slug": change.slug, "file": change.file, "time": time}
    return _line({**event, "before": None, "body": _kept(change.body, withheld), "withheld": withheld})


def draft_line(change: NewDraft, time: str) -> bytes:
    """A draft about to be created, as a copy of the row with this id."""
    withheld = _withheld(change.body)
    return _line(
        {
            "event": "draft",
            "slug": change.slug,
            "file": change.file,
            "id": change.id,
            "version": change.version,
            "status": change.status,
            "time": time,
            "body": _kept(change.body, withheld),
            "withheld": withheld,
        }
    )


def made_line(change: Create | NewDraft, row: LiveFlow, time: str) -> bytes:
    """The created row, which may be about to be written to; its slug may differ from that of the change."""
    withheld = _withheld(row.raw, change.body)
    return _line(
        {
            "event": "made",
            "slug": change.slug,
            "file": change.file,
            "id": row.id,
            "made": row.slug,
            "time": time,
            "row": _kept(row.raw, withheld),
            "body": _kept(change.body, withheld),
            "withheld": withheld,
        }
    )


def outcome_line(outcome: Outcome, row: LiveFlow | None, time: str, seconds: float | None) -> bytes:
    """The result of a change; `row` is the flow as a read showed it last. `seconds` since its write began."""
    change = outcome.change
    made = outcome.made if isinstance(outcome, Applied | Failed) else None
    untaken: tuple[str, ...] = ()
    uncertain, code, message = False, None, None
    match outcome:
        case Applied():
            word, untaken = "applied", outcome.untaken
        case AlreadyApplied():
            word = "unchanged"
        case Refused():
            word, code, message, uncertain = "refused", outcome.code, outcome.message, outcome.uncertain
        case Failed():
            word, code, message, uncertain = "failed", outcome.code, outcome.message, outcome.uncertain
        case NotAttempted():
            word, message = "not-attempted", outcome.message
    after: dict[str, JsonValue] = {}
    if row is not None:
        after = {name: row.fields[name] for name in change.body if name in row.fields}
    has_key = _holds_key(message) or any(map(_holds_key, after.values()))
    return _line(
        {
            "event": "outcome",
            "slug": change.slug,
            "id": change.id if made is None else made.id,
            "time": time,
            "seconds": seconds,
            "outcome": word,
            "uncertain": uncertain,
            "untaken": [*untaken],
            "code": code,
            "message": None if has_key else message,
            "after": None if row is None or has_key else after,
        }
    )


def publish_line(file: str, draft: LiveFlow, published: LiveFlow | None, users: str, time: str) -> bytes:
    """A draft about to be published, and the version it replaces. `users`: what happens to users in the flow."""
    withheld = _withheld(draft.raw, published.raw if published else {})
    return _line(
        {
            "event": "publish",
            "slug": draft.slug,
            "file": file,
            "id": draft.id,
            "users": users,
            "time": time,
            "draft": _kept(draft.raw, withheld),
            "live": _kept(published.raw, withheld) if published else None,
            "withheld": withheld,
        }
    )


def delete_line(slug: str, rows: Sequence[LiveFlow], time: str) -> bytes:
    """All versions that are about to be deleted, with their content."""
    withheld = _withheld(*(row.raw for row in rows))
    kept: list[JsonValue] = [_kept(row.raw, withheld) for row in rows]
    return _line({"event": "delete", "slug": slug, "time": time, "rows": kept, "withheld": withheld})


def deleted_line(slug: str, ending: str, left: Iterable[int], message: str | None, time: str) -> bytes:
    """The result of deleting a flow; `left` are the ids of the versions that still existed."""
    return _line(
        {
            "event": "deleted",
            "slug": slug,
            "outcome": ending,
            "left": [*left],
            "message": None if _holds_key(message) else message,
            "time": time,
        }
    )


def end_line(time: str) -> bytes:
    """The end of a run."""
    return _line({"event": "end", "time": time})


def _line(value: Mapping[str, JsonValue]) -> bytes:
    """One line of JSON, ASCII only, so that nothing in a record can trick a reader."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("\x7f", r"\u007f").encode("ascii") + b"\n"


def _withheld(*parts: Fields) -> list[JsonValue]:
    items = (item for part in parts for item in part.items())
    return [*sorted({name for name, value in items if name not in _IDENTITY and _holds_key(value)})]


def _kept(part: Fields, withheld: Sequence[JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in part.items() if name not in withheld}


def _holds_key(value: JsonValue) -> bool:
    """Whether a value holds a key. A text is searched as it is, because JSON's escapes take time to decode."""
    if isinstance(value, list | dict):
        value = json.dumps(value)
    return isinstance(value, str) and private_key_at(value) is not None
