"""Values to lines. Every line is ASCII and ends in a line feed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeGuard

from flowsync.api.rows import live_flow
from flowsync.errors import RecordError, UnreadableResponseError
from flowsync.model import SENT_FIELDS, AlreadyApplied, Applied, Failed, NotAttempted, Refused, Target
from flowsync.record.values import FORMAT, Purpose, Record, Result, Run, Write, together
from flowsync.secrets import private_key_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.model import Change, FieldName, JsonValue, LiveFlow, Outcome
    from flowsync.record.values import Place

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
        if name not in _KEYS and private_key_at(_writing_text(part, name)) is not None
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


def _writing_text(part: Mapping[str, JsonValue], name: str) -> str:
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


_FAMILY: Final = FORMAT.partition("/")[0]


def read(lines: Iterable[bytes], name: str) -> Record:
    """Read a record from its lines; `name` is what messages call it.

    A line that was cut off, by a crash or a full disk, is passed over where a crash can leave one: at the
    end, and before the header of a later run. Raises RecordError for anything else that is no record.
    """
    reading = _Reading(name)
    for number, line in enumerate(lines, start=1):
        reading.take(number, line)
    return reading.record()


class _Reading:
    """A record, as far as it is read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._runs: list[Run] = []
        self._writes: dict[tuple[Place, int], list[Write]] = {}
        self._open: set[int] = set()
        self._is_complete = False
        self._broken: int | None = None

    def record(self) -> Record:
        """All of it. Raises RecordError when there is nothing."""
        if not self._runs:
            raise self._no_record()
        writes = sorted(map(together, self._writes.values()), key=lambda write: (write.slug, write.id))
        return Record(tuple(self._runs), tuple(writes), self._is_complete)

    def take(self, number: int, line: bytes) -> None:
        if not line.strip():
            return
        value = _parsed(line)
        if value is None:
            self._broken = self._broken or number
            return
        if "format" in value:
            self._broken = None
        elif not self._runs:
            raise self._no_record()
        elif self._broken is not None:
            raise self._damaged(self._broken)
        try:
            self._note(value)
        except (KeyError, TypeError, ValueError, UnreadableResponseError):
            raise self._damaged(number) from None

    def _note(self, value: Mapping[str, JsonValue]) -> None:
        match value:
            case {"format": str() as format_}:
                if format_ != FORMAT:
                    raise self._other_format(format_)
                self._runs.append(_run(value))
                self._open.clear()
                self._is_complete = False
            case {"event": "write"}:
                self._note_write(_write(value, self._place))
            case {"event": "outcome", "id": int() as row_id} if row_id in self._open:
                self._open.remove(row_id)
                self._note_result(row_id, _result(value))
            case {"event": "end"}:
                self._is_complete = True
            case {"event": str()}:
                pass
            case _:
                raise ValueError("no event")

    def _note_write(self, write: Write) -> None:
        # The same id is another flow elsewhere: one record may hold runs to several places.
        self._writes.setdefault((write.place, write.id), []).append(write)
        self._open.add(write.id)

    def _note_result(self, row_id: int, result: Result) -> None:
        writes = self._writes[self._place, row_id]
        writes[-1] = replace(writes[-1], result=result)

    @property
    def _place(self) -> Place:
        return self._runs[-1].place

    def _no_record(self) -> RecordError:
        return RecordError(
            f"{self._name} is no record of an apply.", hint="`flowsync rollback --list` shows those there are."
        )

    def _damaged(self, number: int) -> RecordError:
        return RecordError(
            f"{self._name}: line {number} is damaged, and not in the way a crash leaves it.",
            hint="What the other lines hold can be read by eye: each is one JSON document.",
        )

    def _other_format(self, format_: str) -> RecordError:
        if format_.partition("/")[0] != _FAMILY:
            return self._no_record()
        return RecordError(
            f"{self._name} has the format {format_[:40]!r}; this flowsync reads {FORMAT}.",
            hint="Use the version of flowsync that wrote it.",
        )


def _parsed(line: bytes) -> Mapping[str, JsonValue] | None:
    """The object of a line; None when there is none, or only a part of one."""
    try:
        value: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _run(value: Mapping[str, JsonValue]) -> Run:
    environment = value["environment"]
    return Run(
        purpose=Purpose(value["command"]),
        environment=None if environment is None else _reading_text(environment),
        api_url=_reading_text(value["api_url"]),
        digest=_reading_text(value["digest"]),
        tool=_reading_text(value["tool"]),
        time=_reading_text(value["time"]),
        changes=_number(value["changes"]),
    )


def _write(value: Mapping[str, JsonValue], place: Place) -> Write:
    withheld = value["withheld"]
    if not _is_texts(withheld):
        raise TypeError("withheld")
    row = live_flow(value["before"])
    if (row.id, row.slug) != (value["id"], value["slug"]):
        raise ValueError("another row")
    return Write(
        slug=row.slug,
        file=_reading_text(value["file"]),
        target=Target(value["target"]),
        before=row,
        earlier=_fields(value["earlier"]),
        body=_fields(value["body"]),
        withheld=tuple(withheld),
        result=None,
        place=place,
        is_verified=value.get("verified") is not False,
    )


def _result(value: Mapping[str, JsonValue]) -> Result:
    after = value["after"]
    return Result(
        outcome=_reading_text(value["outcome"]),
        uncertain=value["uncertain"] is True,
        after=None if after is None else _fields(after),
    )


def _fields(value: JsonValue) -> Mapping[FieldName, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return {name: value[name] for name in SENT_FIELDS if name in value}


def _reading_text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no number")
    return value


def _is_texts(value: JsonValue) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
