"""Somebody at work in the dashboard while flowsync runs."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flowsync.frozen import replace
from flowsync.sandbox import edits
from flowsync.sandbox.values import Status, timestamp_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.sandbox.emulator import Emulator
    from flowsync.sandbox.faults import Edit
    from flowsync.sandbox.values import Request, Row

_FLOWS = ("v1", "flows")


def dashboard_edit(emulator: Emulator) -> Edit:
    """An edit of the flow that a request is about; of the first of all where it is about the list.

    What is edited goes on from one edit to the next: a title, a button, the order of the steps.
    """
    turns = count()

    def edit(request: Request) -> None:
        with emulator.store.writing():
            row = next(_concerned(emulator, request), None)
            if row is not None:
                emulator.store.replace(_edited(row, next(turns), emulator))

    return edit


def _concerned(emulator: Emulator, request: Request) -> Iterator[Row]:
    """The rows that a person could have edited, the one in question first."""
    named = _named(request)
    if named.isdigit():
        row = emulator.store.find(int(named))
        yield from [row] if row and row.status is not Status.ARCHIVED else []
    rows = emulator.store.versions(named) if named else sorted(emulator.store.page(0, 100), key=lambda row: row.slug)
    yield from (row for row in rows if row.status is not Status.ARCHIVED)


def _named(request: Request) -> str:
    """The slug or id in the path; empty where it is the list's."""
    parts = [part for part in request.target.partition("?")[0].split("/") if part not in {"", "public"}]
    return unquote(parts[2]) if tuple(parts[:2]) == _FLOWS and len(parts) > 2 else ""  # noqa: PLR2004 - v1, flows, name


def _edited(row: Row, turn: int, emulator: Emulator) -> Row:
    content = edits.content_of({"name": row.name, "data": row.data})
    edited = edits.fields_of(edits.apply_edits(content, edits.DASHBOARD, start=turn, count=1), content)
    name, data = str(edited["name"]), str(edited["data"])
    if (name, data) == (row.name, row.data):
        name = f"{row.name} (edited)"
    return replace(row, name=name, data=data, modified_at=timestamp_after(emulator.clock(), row.modified_at))
