"""The records of former applies, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.record.values import Record, Unreadable
from flowsync.render import escape
from flowsync.render.escape import cell_code, cell_prose, masked, plural
from flowsync.render.style import Span, Style, line, paint, table
from flowsync.render.wording import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowsync.model import JsonValue
    from flowsync.record.values import Kept
    from flowsync.render.style import Screen

FORMAT: Final = "flowsync-records/1"
NO_RECORDS: Final = "No records: nothing was applied from here yet."
NOTHING_TO_PUT_BACK: Final = "Nothing to put back: every flow that was written is as it was before."
_TITLES: Final = ("RECORD", "COMMAND", "WRITTEN", "STATE", "WHERE")
_COMPLETE: Final = "complete"
_CUT_OFF: Final = "cut off"
_UNREADABLE: Final = "unreadable"


def text(records: Sequence[Kept], screen: Screen) -> str:
    """Return an aligned table, and how to go on."""
    if not records:
        return f"{NO_RECORDS}\n"
    rows = [_row(each) for each in records]
    closing = line(
        Span(plural(len(records), "record"), Style.HEADING), ": flowsync rollback RECORD plans the way back."
    )
    return paint([*table(_TITLES, rows, screen), (), closing], screen.colour)


def markdown(records: Sequence[Kept], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a table, nothing cut."""
    if not records:
        return f"{NO_RECORDS}\n"
    header = f"| {' | '.join(title.capitalize() for title in _TITLES)} |\n|{' --- |' * len(_TITLES)}\n"
    return header + "".join(f"| {_markdown_cells(each)} |\n" for each in records)


def as_json(records: Sequence[Kept], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-records/1`."""
    return escape.text({"format": FORMAT, "records": [_document(each) for each in records]})


FORMATS: Final[Mapping[str, Callable[[Sequence[Kept], Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `rollback --list --format` offers."""


def _row(kept: Kept) -> list[Span]:
    name, *others = _cells(kept)
    return [Span(name, Style.HEADING), *map(Span, others)]


def _cells(kept: Kept) -> list[str]:
    match kept.content:
        case Unreadable(message):
            return [kept.name, "-", "-", _UNREADABLE, message]
        case Record() as record:
            last = record.runs[-1]
            host = host_of(last.api_url)
            where = f"{last.environment} ({host})" if last.environment else host
            return [kept.name, last.purpose.value, _written(record), _state(record), where]


def _written(record: Record) -> str:
    unknown = f", {record.uncertain:,} uncertain" if record.uncertain else ""
    return f"{plural(len(record.writes), 'flow')}{unknown}"


def _state(record: Record) -> str:
    return _COMPLETE if record.is_complete else _CUT_OFF


def _markdown_cells(kept: Kept) -> str:
    name, *others = _cells(kept)
    return " | ".join([cell_code(name), *map(cell_prose, others)])


def _document(kept: Kept) -> JsonValue:
    match kept.content:
        case Unreadable(message):
            return {"record": kept.name, "state": _UNREADABLE, "message": message}
        case Record() as record:
            last = record.runs[-1]
            return masked(
                {
                    "record": kept.name,
                    "state": _state(record),
                    "command": last.purpose.value,
                    "time": last.time,
                    "environment": last.environment,
                    "api_url": last.api_url,
                    "digest": last.digest,
                    "tool": last.tool,
                    "runs": len(record.runs),
                    "writes": len(record.writes),
                    "uncertain": record.uncertain,
                    "slugs": [write.slug for write in record.writes],
                }
            )
