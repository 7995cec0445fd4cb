"""Somebody at work in the dashboard, while a request is under way."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flowsync.model import JsonValue
from flowsync.sandbox.edits import DASHBOARD, edited, name_of
from flowsync.sandbox.faults import Act, Fault, FaultKind, Faulty
from flowsync.sandbox.store import Row, Status
from flowsync.sandbox.values import PRIVATE_KEY, Request, timestamp_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.sandbox.emulator import Emulator
    from flowsync.sandbox.values import Handler


def faulty(emulator: Emulator, handler: Handler, faults: Sequence[Fault], report: Callable[[str], None]) -> Faulty:
    """`handler`, which ends at `emulator`, with these faults, what people do in its dashboard included."""
    return Faulty(handler, faults, dashboard(emulator), report, now=emulator.as_of_now)


def dashboard(emulator: Emulator) -> Act:
    """Somebody who does one of `faults.PEOPLE` to the flow that a request is about; to the first of all for the list.

    What is edited goes on from one edit to the next: a title, a button, the order of the steps.
    """
    turns = count()

    def act(request: Request, kind: FaultKind) -> None:
        slug = _named(request)
        rows = _rows_in_question(emulator, slug)
        row = next((row for row in rows if row.status is not Status.ARCHIVED), None)
        match kind:
            case FaultKind.CREATE if slug and not rows:
                _create(emulator, slug)
            case FaultKind.DRAFT if row:
                _send(emulator, "POST", f"/v1/flows/{row.id}/versions")
            case FaultKind.PUBLISH:
                for draft in [row for row in rows if row.status is Status.DRAFT][:1]:
                    _send(emulator, "PUT", f"/v1/flows/{draft.id}/activate")
            case FaultKind.DELETE if row:
                for version in emulator.store.versions(row.slug):
                    _send(emulator, "DELETE", f"/v1/flows/{version.id}")
            case FaultKind.EDIT if row:
                _edit(emulator, row, next(turns))
            case _:
                pass

    return act


def _named(request: Request) -> str:
    """The slug or id that a request is about: in its path, or in the body of a POST; empty for the list."""
    parts = [part for part in request.target.partition("?")[0].split("/") if part not in {"", "public"}]
    if parts[:2] != ["v1", "flows"]:
        return ""
    if len(parts) > 2:  # noqa: PLR2004
        return unquote(parts[2])
    with suppress(ValueError):
        body: JsonValue = json.loads(request.body)
        return str(body.get("slug", "")) if isinstance(body, dict) else ""
    return ""


def _rows_in_question(emulator: Emulator, named: str) -> list[Row]:
    """The rows of the flow that a person could have worked on, the one with that id first; every row for the list."""
    if not named:
        return sorted(emulator.store.page(0, 100), key=lambda row: row.slug)
    found = emulator.store.find(int(named)) if named.isdigit() else None
    return [found, *emulator.store.versions(found.slug)] if found else emulator.store.versions(named)


def _create(emulator: Emulator, slug: str) -> None:
    data = "steps:\n  - id: welcome\n    title: Made in the dashboard\n"
    _send(emulator, "POST", "/v1/flows", {"slug": slug, "name": name_of(slug), "data": data})


def _edit(emulator: Emulator, row: Row, turn: int) -> None:
    with emulator.store.writing():
        new = edited({"name": row.name, "data": row.data}, DASHBOARD, start=turn, count=1)
        name, data = str(new["name"]), str(new["data"])
        if (name, data) == (row.name, row.data):
            name = f"{row.name} (edited)"
        modified = timestamp_after(emulator.clock(), row.modified_at)
        emulator.store.replace(replace(row, name=name, data=data, modified_at=modified))


def _send(emulator: Emulator, method: str, target: str, body: JsonValue = None) -> None:
    """What the dashboard sends; whatever it is answered."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {PRIVATE_KEY}", **({"content-type": "application/json"} if content else {})}
    emulator.handle(Request(method, target, headers, content))
