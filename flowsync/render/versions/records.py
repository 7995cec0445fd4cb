"""The list of records, and which of them can be rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.record.values import Record, RecordList, Unreadable
from flowsync.render import wording
from flowsync.render.escape import cell_code, cell_prose, markdown_table, masked_json, plural
from flowsync.render.style import Line, Screen, Span, Style, draw, line, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue
    from flowsync.record.values import Kept

NO_RECORDS: Final = "No records yet: nothing was applied from here."
NOTHING_LEFT: Final = "There is nothing to roll back: no run from here wrote anything that is not already rolled back."
_TITLES: Final = ("RECORD", "COMMAND", "WHEN (UTC)", "WRITTEN", "STATE", "FLOWSYNC", "WHERE")


def text(listed: RecordList, screen: Screen, following: str) -> str:
    """Return an aligned table of records, and `following`, the command that rolls the newest back."""
    if not listed.kept:
        return draw([line(NO_RECORDS), *_elsewhere(listed)], screen)
    rows = [[Span(kept.stem, Style.HEADING), *map(Span, _cells(kept))] for kept in listed.kept]
    count = Span(plural(len(listed.kept), "record"), Style.HEADING)
    offers = listed.newest is not None and listed.newest.can_be_rolled_back
    closing = line(count, f". To roll the newest back: {following}") if offers else line(count, ".")
    parts = [*table(_TITLES, rows, screen), (), closing, *_elsewhere(listed)]
    return draw(parts, screen)


def markdown(listed: RecordList, screen: Screen, following: str) -> str:  # noqa: ARG001 - one signature
    """Return a table of records, nothing cut."""
    if not listed.kept:
        return f"{NO_RECORDS}\n"
    titles = [title if "(" in title else title.capitalize() for title in _TITLES]
    rows = ([cell_code(kept.stem), *map(cell_prose, _cells(kept))] for kept in listed.kept)
    return "\n".join([*markdown_table(titles, rows), ""])


def as_json(listed: RecordList, screen: Screen, following: str) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-records/1`."""
    return masked_json(
        {
            "format": "flowsync-records/1",
            "latest": listed.newest.name if listed.newest else None,
            "records": [_document(kept) for kept in listed.kept],
        }
    )


FORMATS: Final[Mapping[str, Callable[[RecordList, Screen, str], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `rollback --list --format` offers."""


def described(kept: Kept) -> str:
    """Return a short description of a record: `apply of 2026-01-02 03:04 UTC, 3 flows`."""
    if isinstance(kept.content, Unreadable):
        return kept.content.message
    last = kept.content.runs[-1]
    return f"{last.purpose.value} of {_moment(last.time)} UTC, {_written(kept.content)}"


def _elsewhere(listed: RecordList) -> Iterator[Line]:
    if listed.elsewhere:
        other = f"{plural(listed.elsewhere, 'record')} of other environments or accounts: flowsync rollback --list"
        yield line(Span(other, Style.MUTED))


def _cells(kept: Kept) -> list[str]:
    record = kept.content
    if isinstance(record, Unreadable):
        return ["-", "-", "-", "unreadable", "-", record.message]
    last = record.runs[-1]
    where = wording.place(last.environment, last.api_url)
    tool = last.tool.removeprefix("flowsync ")
    return [last.purpose.value, _moment(last.time), _written(record), _state(kept, record), tool, where]


def _moment(time: str) -> str:
    return time[:16].replace("T", " ")


def _written(record: Record) -> str:
    count = len(record.effective_rows) + len(record.unknown)
    if record.deleted:
        left = sum(not each.is_done for each in record.deleted)
        return f"{plural(len(record.deleted), 'flow')} deleted{f', {left:,} not completely' if left else ''}"
    unknown = f", {record.uncertain:,} uncertain" if record.uncertain else ""
    return f"{plural(count, 'flow')}{unknown}" if count else "nothing"


def _state(kept: Kept, record: Record) -> str:
    words = {"yes": "rolled back", "partly": "partly rolled back", "no": _completeness(record)}
    return words[_rolled_back(kept, record)]


def _completeness(record: Record) -> str:
    return "complete" if record.is_complete else "cut off"


def _rolled_back(kept: Kept, record: Record) -> str:
    rows = record.effective_rows
    if not rows & kept.undone:
        return "no"
    return "partly" if rows - kept.undone else "yes"


def _document(kept: Kept) -> JsonValue:
    record = kept.content
    if isinstance(record, Unreadable):
        return {"record": kept.name, "state": "unreadable", "message": record.message}
    last = record.runs[-1]
    return {
        "record": kept.name,
        "state": _completeness(record),
        "command": last.purpose.value,
        "time": last.time,
        "environment": last.environment,
        "api_url": last.api_url,
        "digest": last.digest,
        "tool": last.tool,
        "runs": len(record.runs),
        "writes": len(record.writes),
        "written": len(record.effective_rows) + len(record.unknown) + len(record.deleted),
        "rolled_back": _rolled_back(kept, record),
        "uncertain": record.uncertain,
        "slugs": [*(write.slug for write in record.writes), *(each.slug for each in record.deleted)],
    }
