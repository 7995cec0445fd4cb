"""Somebody at work in the dashboard while flowsync runs."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flowsync.sandbox import edits
from flowsync.sandbox.faults import FaultKind
from flowsync.sandbox.values import PRIVATE_KEY, Request, Status, timestamp_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.sandbox.emulator import Emulator
    from flowsync.sandbox.faults import Act
    from flowsync.sandbox.values import Row

_FLOWS = ("v1", "flows")
_KEY = {"authorization": f"Bearer {PRIVATE_KEY}"}


def dashboard_edit(emulator: Emulator) -> Act:
    """Somebody who edits the flow that a request is about, or begins a draft of it; the first of all for the list.

    What is edited goes on from one edit to the next: a title, a button, the order of the steps.
    """
    turns = count()

    def act(request: Request, kind: FaultKind) -> None:
        row = next(_concerned(emulator, request), None)
        if row is None:
            return
        if kind is FaultKind.DRAFT:
            emulator.handle(Request("POST", f"/v1/flows/{row.id}/versions", _KEY, b""))
            return
        with emulator.store.writing():
            emulator.store.replace(_edited(row, next(turns), emulator))

    return act


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
