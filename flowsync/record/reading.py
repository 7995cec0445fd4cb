"""Reads the lines of a record.

What is published or created is read as a write, so that it can be rolled back as one.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.api.rows import live_flow
from flowsync.errors import RecordError, UnreadableResponseError
from flowsync.model import SENT_FIELDS, LiveFlow, Target
from flowsync.record.values import FORMAT, Creating, Deleted, Place, Purpose, Record, Result, Run, Write, combined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.model import FieldName, JsonValue

_FAMILY: Final = FORMAT.partition("/")[0]


def read(lines: Iterable[bytes], name: str) -> Record:
    """Read a record from its lines; `name` is what messages call it.

    A line that was cut off, by a crash or a full disk, is skipped where a crash can leave one: at the
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
    """The record, as far as its lines were read."""

    def __init__(self, name: str) -> None:
        self.runs: list[Run] = []
        self._name = name
        self._writes: dict[tuple[Place, int], list[Write]] = {}  # the same id is another flow in another place
        self._begun: dict[tuple[Place, str], Creating] = {}
        self._deletions: list[Deleted] = []
        self._unfinished: set[int] = set()
        self._is_complete = False

    def take(self, value: Mapping[str, JsonValue]) -> None:
        """Read the next line. Raises an error if it is no line of a record."""
        match value:
            case {"format": str() as format_}:
                _check_format(format_, self._name)
                self.runs.append(_run(value))
                self._unfinished.clear()
                self._is_complete = False
            case {"event": "write"}:
                self._note_write(_write(value, self._place))
            case {"event": "publish"}:
                self._note_write(_published(value, self._place))
            case {"event": "delete" | "deleted"}:
                _note_deleted(self._deletions, value, self._place)
            case {"event": "create"}:
                begun = Creating(_text(value["slug"]), _text(value["file"]), self._place)
                self._begun[self._place, begun.slug] = begun
            case {"event": "made", "slug": str() as slug} if (self._place, slug) in self._begun:
                self._note_write(_created(self._begun.pop((self._place, slug)), value))
            case {"event": "outcome"}:
                self._note_outcome(value)
            case {"event": "end"}:
                self._is_complete = True
            case _:  # an event of a later version, if it is one
                _text(value["event"])

    def record(self) -> Record:
        """The record of all lines."""
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
                written[-1] = _with_result(written[-1], _result(value))
            case {"id": None, "slug": str() as slug, "uncertain": False}:
                self._begun.pop((self._place, slug), None)
            case _:  # of what was not begun
                pass


def _objects(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """The object of each line with its number; skips lines that a crash cut off."""
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
    return RecordError(f"{name} is not a record of an apply.", hint="`flowsync rollback --list` lists the records.")


def _damaged(name: str, number: int) -> RecordError:
    return RecordError(
        f"{name}: line {number} is damaged, and not by a crash.",
        hint="The other lines can be read: each is one JSON document.",
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
    row = live_flow(value["before"])
    _check_row(value, row)
    if row.slug != value["slug"]:
        raise ValueError("another row")
    return Write(
        slug=row.slug,
        file=_text(value["file"]),
        target=Target(value["target"]),
        before=row,
        earlier=_fields(value["earlier"]),
        body=_fields(value["body"]),
        withheld=_texts(value["withheld"]),
        result=None,
        place=place,
        is_verified=value.get("verified") is not False,
    )


def _created(begun: Creating, value: Mapping[str, JsonValue]) -> Write:
    """A create whose row is known, as a write that switched the flow on.

    So the way back is to switch it off: no endpoint takes a flow back without its data [doc].
    """
    row = live_flow(value["row"])
    _check_row(value, row)
    target = Target.ACTIVE if row.is_published else Target.DRAFT if row.status == "DRAFT" else Target.LATEST
    return Write(
        slug=row.slug,
        file=begun.file,
        target=target,
        before=replace(row, fields={"active": False}),
        earlier={},
        body={"active": _fields(value["body"]).get("active") is not False},
        withheld=(),
        result=None,
        place=begun.place,
        is_created=True,
    )


def _published(value: Mapping[str, JsonValue], place: Place) -> Write:
    """A publish as a write over the row that is live afterwards, with the former live content as before.

    If no version was live before, nobody saw the row, as if it was switched off.
    """
    draft = live_flow(value["draft"])
    _check_row(value, draft)
    former = None if value["live"] is None else live_flow(value["live"])
    before: Mapping[FieldName, JsonValue] = {"active": False}
    body: Mapping[FieldName, JsonValue] = {"active": draft.fields.get("active") is not False}
    if former is not None:
        before, body = former.fields, draft.fields
    return Write(
        slug=draft.slug,
        file=_text(value["file"]),
        target=Target.ACTIVE,
        before=replace(draft, status="ACTIVE", fields=before),
        earlier={},
        body={name: body[name] for name in SENT_FIELDS if name in body},
        withheld=_texts(value["withheld"]),
        result=None,
        place=place,
        replaced=0 if former is None else former.version,
    )


def _check_row(value: Mapping[str, JsonValue], row: LiveFlow) -> None:
    if row.id != value["id"]:
        raise ValueError("another row")


def _texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return tuple(map(_text, value))


def _note_deleted(found: list[Deleted], value: Mapping[str, JsonValue], place: Place) -> None:
    """Add the rows of a delete line to `found`, or note that the last one is gone."""
    slug = value["slug"]
    if value["event"] == "deleted":
        if found and (found[-1].slug, found[-1].place) == (slug, place):  # else nothing was sent
            found[-1] = replace(found[-1], is_done=value["outcome"] == "deleted")
        return
    rows = value["rows"]
    if not isinstance(slug, str) or not isinstance(rows, list):
        raise TypeError("no text, or no list")
    found.append(Deleted(slug, tuple(live_flow(row).version for row in rows), place))


def _result(value: Mapping[str, JsonValue]) -> Result:
    after = value["after"]
    return Result(_text(value["outcome"]), value["uncertain"] is True, None if after is None else _fields(after))


def _with_result(write: Write, result: Result) -> Write:
    """A write with its result. If a row was created, it counts as written, whatever failed later."""
    if write.is_created:
        result = Result("applied", uncertain=False, after=result.after)
    return replace(write, result=result)


def _fields(value: JsonValue) -> Mapping[FieldName, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return {name: value[name] for name in SENT_FIELDS if name in value}


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
