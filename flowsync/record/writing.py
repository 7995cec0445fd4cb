"""Values to lines. Every line is ASCII and ends in a line feed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flowsync.model import AlreadyApplied, Applied, Failed, NotAttempted, Refused
from flowsync.record.values import FORMAT
from flowsync.secrets import private_key_at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.model import Change, FieldName, JsonValue, LiveFlow, Outcome
    from flowsync.record.values import Run

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_KEYS: Final = frozenset({"id", "slug"})
"""What tells which row it is: never left out."""


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
        }
    )


def write_line(change: Change, row: LiveFlow, time: str) -> bytes:
    """What is about to be written over what; goes to the disk before the write is sent.

    A field that holds a key is left out, and named: it cannot be restored.
    """
    earlier = {name: change.old[name] for name in change.body if _only_planned(name, change, row)}
    parts = {"before": _plain(row.raw), "earlier": _plain(earlier), "body": _plain(change.body)}
    text = _ENCODER.encode({**_heading(change, time), **parts, "withheld": []})
    if private_key_at(text) is None:
        return _ended(text)
    withheld = {
        name
        for part in parts.values()
        for name in part
        if name not in _KEYS and private_key_at(_text(part, name)) is not None
    }
    kept: dict[str, JsonValue] = {title: _without(part, withheld) for title, part in parts.items()}
    return _line({**_heading(change, time), **kept, "withheld": [*sorted(withheld)]})


def outcome_line(outcome: Outcome, row: LiveFlow | None, time: str, seconds: float | None) -> bytes:
    """What became of a change; `row` is the flow as it was shown last. `seconds` since its write began."""
    change = outcome.change
    after = None if row is None else _plain({name: row.fields[name] for name in change.body if name in row.fields})
    told: dict[str, JsonValue] = {
        "event": "outcome",
        "slug": change.slug,
        "id": change.id,
        "time": time,
        "seconds": seconds,
        **_told(outcome),
    }
    text = _ENCODER.encode({**told, "after": after})
    return _line({**told, "message": None, "after": None}) if private_key_at(text) is not None else _ended(text)


def end_line(time: str) -> bytes:
    """The run came to its end."""
    return _line({"event": "end", "time": time})


def _only_planned(name: FieldName, change: Change, row: LiveFlow) -> bool:
    """Whether a field was shown when the plan was made and is not now; `data` always is [doc]."""
    return name in change.old and name not in row.fields and name != "data"


def _heading(change: Change, time: str) -> dict[str, JsonValue]:
    return {
        "event": "write",
        "slug": change.slug,
        "file": change.file,
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "target": change.target.value,
        "verified": change.is_verified,
        "time": time,
    }


def _plain(fields: Mapping[FieldName, JsonValue] | Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return dict(fields.items())


def _text(part: Mapping[str, JsonValue], name: str) -> str:
    return json.dumps(part[name])


def _without(part: Mapping[str, JsonValue], names: Collection[str]) -> dict[str, JsonValue]:
    return {name: value for name, value in part.items() if name not in names}


def _told(outcome: Outcome) -> dict[str, JsonValue]:
    match outcome:
        case Applied(_, untaken):
            return _words("applied", untaken=[*untaken])
        case AlreadyApplied():
            return _words("unchanged")
        case Refused(_, code, message, _, uncertain):
            return _words("refused", code, message, uncertain=uncertain)
        case Failed(_, code, message, _, uncertain):
            return _words("failed", code, message, uncertain=uncertain)
        case NotAttempted(_, message):
            return _words("not-attempted", None, message)


def _words(
    outcome: str,
    code: str | None = None,
    message: str | None = None,
    *,
    uncertain: bool = False,
    untaken: list[JsonValue] | None = None,
) -> dict[str, JsonValue]:
    return {
        "outcome": outcome,
        "uncertain": uncertain,
        "untaken": untaken or [],
        "code": code,
        "message": message,
    }


def _line(value: Mapping[str, JsonValue]) -> bytes:
    return _ended(_ENCODER.encode(value))


def _ended(text: str) -> bytes:
    """ASCII only, so that nothing in a record can trick whoever looks at it."""
    return text.replace("\x7f", r"\u007f").encode("ascii") + b"\n"
