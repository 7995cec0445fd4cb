"""The lines of a record: written for each event, and read back. Every line is ASCII and ends in a line feed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flowsync.api.rows import live_flow
from flowsync.errors import RecordError, UnreadableResponseError
from flowsync.model import SENT_FIELDS, AlreadyApplied, Applied, Failed, NotAttempted, Refused, Target
from flowsync.record.creating import create_event, created, creating, draft_event, made_event, with_result
from flowsync.record.publishing import (
    delete_event,
    deleted_event,
    holds_key,
    note_deleted,
    publish_event,
    publish_write,
)
from flowsync.record.values import FORMAT, Deleted, Purpose, Record, Result, Run, Write, combined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Create, FieldName, JsonValue, LiveFlow, NewDraft, Outcome, Update
    from flowsync.record.values import Creating, Place

_FAMILY: Final = FORMAT.partition("/")[0]
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
    """What is about to be written, and over what; goes to the disk before the write is sent.

    A field that holds a key is left out, and named: it cannot be restored.
    """
    # What only the plan's own read showed; `data` is always shown [doc].
    earlier = [name for name in change.body if name in change.old and name not in row.fields and name != "data"]
    parts: dict[str, dict[str, JsonValue]] = {
        "before": {**row.raw},
        "earlier": {name: change.old[name] for name in earlier},
        "body": dict(change.body.items()),
    }
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
            **_without_keys(parts),
        }
    )


def create_line(change: Create, time: str) -> bytes:
    """What is about to be created; goes to the disk before the request is sent."""
    return _line({**create_event(change, time), **_without_keys({"body": dict(change.body.items())})})


def draft_line(change: NewDraft, time: str) -> bytes:
    """What is about to be drafted, and from what; goes to the disk before the request is sent."""
    return _line({**draft_event(change, time), **_without_keys({"body": dict(change.body.items())})})


def made_line(change: Create | NewDraft, row: LiveFlow, time: str) -> bytes:
    """The row that was made; goes to the disk before it is written to."""
    parts: dict[str, dict[str, JsonValue]] = {"row": {**row.raw}, "body": dict(change.body.items())}
    return _line({**made_event(change, row, time), **_without_keys(parts)})


def _without_keys(parts: Mapping[str, Mapping[str, JsonValue]]) -> dict[str, JsonValue]:
    """The parts without each field that holds a key in any of them, and the names of these fields."""
    withheld = {
        name for part in parts.values() for name, value in part.items() if name not in _IDENTITY and holds_key(value)
    }
    kept = {title: {name: part[name] for name in part if name not in withheld} for title, part in parts.items()}
    return {**kept, "withheld": [*sorted(withheld)]}


def outcome_line(outcome: Outcome, row: LiveFlow | None, time: str, seconds: float | None) -> bytes:
    """What became of a change; `row` is the flow as it was last shown. `seconds` since its write began."""
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
    has_key = holds_key(message) or any(map(holds_key, after.values()))
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
    """The draft to publish and the version it replaces; written to disk before the request is sent."""
    return _line(publish_event(file, draft, published, users, time))


def delete_line(slug: str, rows: Sequence[LiveFlow], time: str) -> bytes:
    """Every version that is about to be deleted, whole; goes to the disk before the first request is sent."""
    return _line(delete_event(slug, rows, time))


def deleted_line(slug: str, ending: str, left: Iterable[int], message: str | None, time: str) -> bytes:
    """What became of a flow that was to be deleted."""
    return _line(deleted_event(slug, ending, left, message, time))


def end_line(time: str) -> bytes:
    """The run came to its end."""
    return _line({"event": "end", "time": time})


def _line(value: Mapping[str, JsonValue]) -> bytes:
    """ASCII only, so that nothing in a record can trick whoever looks at it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("\x7f", r"\u007f").encode("ascii") + b"\n"


def read(lines: Iterable[bytes], name: str) -> Record:
    """Read a record from its lines; `name` is what messages call it.

    A line that was cut off, by a crash or a full disk, is passed over where a crash can leave one: at the
    end, and before the header of a later run. Raises RecordError for anything else that is no record.
    """
    reading = _Reading(name)
    number = 0
    try:
        for number, value in _objects(lines, name):  # noqa: B007 - the message names it
            reading.take(value)
    except (KeyError, TypeError, ValueError, UnreadableResponseError):
        raise _damaged(name, number) from None
    if not reading.runs:
        raise _no_record(name)
    return reading.record()


class _Reading:
    """What the lines that were taken so far say."""

    def __init__(self, name: str) -> None:
        self.runs: list[Run] = []
        self._name = name
        self._writes: dict[tuple[Place, int], list[Write]] = {}  # the same id is another flow in another place
        self._begun: dict[tuple[Place, str], Creating] = {}
        self._deletions: list[Deleted] = []
        self._unfinished: set[int] = set()
        self._is_complete = False

    def take(self, value: Mapping[str, JsonValue]) -> None:
        """Take the next line. Raises an error for what is no line of a record."""
        match value:
            case {"format": str() as format_}:
                _check_format(format_, self._name)
                self.runs.append(_run(value))
                self._unfinished.clear()
                self._is_complete = False
            case {"event": "write"}:
                self._note_write(_write(value, self._place))
            case {"event": "publish"}:
                self._note_write(publish_write(value, self._place))
            case {"event": "delete" | "deleted"}:
                note_deleted(self._deletions, value, self._place)
            case {"event": "create"}:
                self._begun[self._place, _text(value["slug"])] = creating(value, self._place)
            case {"event": "made", "slug": str() as slug} if (self._place, slug) in self._begun:
                self._note_write(created(self._begun.pop((self._place, slug)), value))
            case {"event": "outcome"}:
                self._note_outcome(value)
            case {"event": "end"}:
                self._is_complete = True
            case _:  # an event of a later version, if it is one
                _text(value["event"])

    def record(self) -> Record:
        """Everything."""
        together = sorted(map(combined, self._writes.values()), key=lambda write: (write.slug, write.id))
        unknown = tuple(self._begun.values())
        return Record(tuple(self.runs), tuple(together), self._is_complete, tuple(self._deletions), unknown)

    @property
    def _place(self) -> Place:
        return self.runs[-1].place

    def _note_write(self, write: Write) -> None:
        self._writes.setdefault((write.place, write.id), []).append(write)
        self._unfinished.add(write.id)

    def _note_outcome(self, value: Mapping[str, JsonValue]) -> None:
        match value:
            case {"id": int() as row_id} if row_id in self._unfinished:
                self._unfinished.remove(row_id)
                written = self._writes[self._place, row_id]
                written[-1] = with_result(written[-1], _result(value))
            case {"id": None, "slug": str() as slug, "uncertain": False}:
                self._begun.pop((self._place, slug), None)
            case _:  # of what was not begun
                pass


def _objects(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """The object of each line with the line's number, without lines that were cut off where a crash can leave one."""
    has_begun, broken = False, None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value: JsonValue = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            broken = broken or number
            continue
        if "format" in value:
            has_begun, broken = True, None
        elif not has_begun:
            raise _no_record(name)
        elif broken is not None:
            raise _damaged(name, broken)
        yield number, value


def _no_record(name: str) -> RecordError:
    return RecordError(f"{name} is no record of an apply.", hint="`flowsync rollback --list` shows those there are.")


def _damaged(name: str, number: int) -> RecordError:
    return RecordError(
        f"{name}: line {number} is damaged, and not in the way a crash leaves it.",
        hint="What the other lines hold can be read by eye: each is one JSON document.",
    )


def _check_format(format_: str, name: str) -> None:
    if format_.partition("/")[0] != _FAMILY:
        raise _no_record(name)
    if format_ != FORMAT:
        raise RecordError(
            f"{name} has the format {format_[:40]!r}; this flowsync reads {FORMAT}.",
            hint="Use the version of flowsync that wrote it.",
        )


def _run(value: Mapping[str, JsonValue]) -> Run:
    environment, changes = value["environment"], value["changes"]
    if not isinstance(changes, int) or isinstance(changes, bool):
        raise TypeError("no number")
    return Run(
        purpose=Purpose(value["command"]),
        environment=None if environment is None else _text(environment),
        api_url=_text(value["api_url"]),
        digest=_text(value["digest"]),
        tool=_text(value["tool"]),
        time=_text(value["time"]),
        changes=changes,
        undoes=_text(value["undoes"]) if "undoes" in value else None,
    )


def _write(value: Mapping[str, JsonValue], place: Place) -> Write:
    withheld = value["withheld"]
    row = live_flow(value["before"])
    if not isinstance(withheld, list) or (row.id, row.slug) != (value["id"], value["slug"]):
        raise ValueError("no list, or another row")
    return Write(
        slug=row.slug,
        file=_text(value["file"]),
        target=Target(value["target"]),
        before=row,
        earlier=_fields(value["earlier"]),
        body=_fields(value["body"]),
        withheld=tuple(map(_text, withheld)),
        result=None,
        place=place,
        is_verified=value.get("verified") is not False,
    )


def _result(value: Mapping[str, JsonValue]) -> Result:
    after = value["after"]
    return Result(_text(value["outcome"]), value["uncertain"] is True, None if after is None else _fields(after))


def _fields(value: JsonValue) -> Mapping[FieldName, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return {name: value[name] for name in SENT_FIELDS if name in value}


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
