"""A live flow without a file gets one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flowsync import diff, document, load
from flowsync.errors import DocumentError
from flowsync.model import SENT_FIELDS
from flowsync.pull.embedding import data_lines
from flowsync.pull.judging import complaint
from flowsync.pull.results import LeftOut, NewFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowsync.load import FlowFile
    from flowsync.model import FieldName, JsonValue, LiveFlow
    from flowsync.pull.judging import Judge


class _Part(NamedTuple):
    """One field and its lines in the file."""

    field: FieldName
    lines: str


def new_file(row: LiveFlow, file: FlowFile, modeline: str, judge: Judge, note: str | None = None) -> NewFile:
    """The file for a live row: its fields that say something, those left out that `judge` would refuse in a file."""
    parts, left_out = _parts(row)
    kept: list[_Part] = parts
    if _complaint(parts, row, file, judge) is not None:
        kept = []
        for part in parts:
            reason = _complaint([*kept, part], row, file, judge)
            if reason is None:
                kept.append(part)
            else:
                left_out.append(LeftOut(part.field, reason))
    fields = tuple(part.field for part in kept)
    return NewFile(row.slug, file, modeline + _text(kept), fields, tuple(left_out), note)


def says_something(field: FieldName, value: JsonValue) -> bool:
    """Whether a live value is worth a line: no text, and what was never set, are not."""
    return isinstance(value, bool) if field == "active" else value is not None and value != ""


def _parts(row: LiveFlow) -> tuple[list[_Part], list[LeftOut]]:
    parts: list[_Part] = []
    left_out: list[LeftOut] = []
    observed = diff.observe(row.fields, SENT_FIELDS)
    for field, value in observed.values.items():
        if not says_something(field, value):
            continue
        if field == "data" and observed.data_is_unreadable:
            left_out.append(LeftOut("data", unreadable(row)))
            continue
        try:
            parts.append(_Part(field, _lines(field, value, row)))
        except DocumentError as error:
            left_out.append(LeftOut(field, error.message))
    return parts, left_out


def _lines(field: FieldName, value: JsonValue, row: LiveFlow) -> str:
    return data_lines(row.fields["data"], value) if field == "data" else document.dump({field: value})


def unreadable(row: LiveFlow) -> str:
    """Why the live `data` of a row cannot be read."""
    try:
        document.parse_data(str(row.fields["data"]), "data")
    except DocumentError as error:
        return f"It cannot be read (line {error.location.line}): {error.message}"
    return "It cannot be read."


def _text(parts: Iterable[_Part]) -> str:
    return "".join(part.lines for part in parts) or "{}\n"


def _complaint(parts: Sequence[_Part], row: LiveFlow, file: FlowFile, judge: Judge) -> str | None:
    try:
        parsed = document.parse(_text(parts), file.name)
    except DocumentError as error:
        return error.message
    flow = load.flow_from(parsed, file, None)
    return complaint(flow, row, judge, [part.field for part in parts])
