"""Lines to values. What a crash leaves behind is read; what somebody has tampered with is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeGuard

from flowsync.errors import RecordError, UnreadableResponseError
from flowsync.live.rows import live_flow
from flowsync.model import SENT_FIELDS, Target
from flowsync.record.chain import together
from flowsync.record.values import FORMAT, Purpose, Record, Result, Run, Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import FieldName, JsonValue
    from flowsync.record.values import Place

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
        environment=None if environment is None else _text(environment),
        api_url=_text(value["api_url"]),
        digest=_text(value["digest"]),
        tool=_text(value["tool"]),
        time=_text(value["time"]),
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
        file=_text(value["file"]),
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
        outcome=_text(value["outcome"]),
        uncertain=value["uncertain"] is True,
        after=None if after is None else _fields(after),
    )


def _fields(value: JsonValue) -> Mapping[FieldName, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return {name: value[name] for name in SENT_FIELDS if name in value}


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no number")
    return value


def _is_texts(value: JsonValue) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
