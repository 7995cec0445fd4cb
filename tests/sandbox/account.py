"""A small account to ask questions of, and a way to ask them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from flowsync.sandbox import Emulator
from flowsync.sandbox.server import PRIVATE_KEY, Handler, Request

ARCHIVED: Final = 1
ACTIVE: Final = 2
DRAFT: Final = 3
SWITCHED_OFF: Final = 4
NOWHERE: Final = 999_999

DATA: Final = "# the first thing people see\nsteps:\n  - id: welcome\n    title: Welcome\n"
PUBLISH: Final = {"archiveBehavior": "EXIT_EXISTING_USERS"}


@dataclass
class SteppingClock:
    """Moves on by `step` each time it is asked."""

    now: datetime = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    step: timedelta = field(default=timedelta(seconds=1))

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


def ask(
    handler: Handler,
    method: str,
    target: str,
    body: object = None,
    *,
    key: str | None = PRIVATE_KEY,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request with a JSON body, or none, as a well-behaved client sends it."""
    content = b"" if body is None else json.dumps(body).encode()
    sent = {"authorization": f"Bearer {key}"} if key is not None else {}
    sent |= {"content-type": "application/json"} if body is not None else {}
    response = handler(Request(method, target, {**sent, **(headers or {})}, content))
    return Answer(response.status, json.loads(response.body) if response.body else None)


def populate(emulator: Emulator) -> None:
    """Two slugs: one with an archived, an active and a draft version, and one that is switched off."""
    new = {"slug": "flow_welcome", "name": "Welcome", "type": "ANNOUNCEMENT", "data": DATA, "active": True}
    for method, target, body in (
        ("POST", "/v1/flows", new),
        ("POST", f"/v1/flows/{ARCHIVED}/versions", {}),
        ("PUT", f"/v1/flows/{ACTIVE}/activate", PUBLISH),
        ("POST", f"/v1/flows/{ACTIVE}/versions", {}),
        ("POST", "/v1/flows", {"slug": "flow_off", "name": "Off", "data": DATA, "active": False}),
    ):
        assert ask(emulator.handle, method, target, body).status < 300
