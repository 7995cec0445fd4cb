"""A project that talks over HTTP to flowsync's own emulator, with faults, and with a server in between of any sort."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.faults import Fault, FaultKind, Faulty, parse_fault
from flowsync.sandbox.server import PRIVATE_KEY, Handler, Request, Response, serve
from flowsync.sandbox.store import Row, Status
from tests.support.command import Completed, environment, flowsync, write_flows

SHORT_WAITS = "timeouts: {connect: 2, read: 0.4}\n"
"""A configuration with which an answer that never comes is not waited for."""
OLD = "steps:\n  - id: one\n    title: Old\n"
NEW = "steps:\n  - id: one\n    title: New\n"


def version(slug: str, number: int, status: Status, data: str = OLD, **fields: object) -> Row:
    """One version of a flow; its targeting is for some users."""
    return Row(
        0,
        slug,
        number,
        status,
        **{  # type: ignore[arg-type]  # fields of Row
            "name": "A flow",
            "type": "ANNOUNCEMENT",
            "data": data,
            "targeting_logic": "user.property('plan') == 'pro'",
            "created_at": f"2026-01-0{number}T00:00:00.000Z",
            **fields,
        },
    )


@dataclass(frozen=True)
class Account:
    """An account of the emulator, and the requests that wrote to it."""

    root: Path
    emulator: Emulator
    url: str
    writes: list[Request]

    def run(self, *arguments: str, key: str = PRIVATE_KEY) -> Completed:
        """Run the command in this process, against this account."""
        return flowsync(*arguments, root=self.root, env=environment(self.url, key))

    @property
    def versions(self) -> list[tuple[str, int, str]]:
        """Every row there is: slug, version, status."""
        return sorted((row.slug, row.version, row.status.value) for row in self.emulator.store.page())

    def row(self, slug: str, number: int) -> Row:
        """One version."""
        return next(row for row in self.emulator.store.versions(slug) if row.version == number)


@contextmanager
def emulated(
    root: Path,
    rows: Sequence[Row],
    *faults: str,
    flows: Mapping[str, str] | None = None,
    between: Callable[[Emulator, Request], Response] = lambda emulator, request: emulator.handle(request),
    documented: bool = False,
    readings: Sequence[Reading] = (),
) -> Iterator[Account]:
    """An account with these versions, reached over HTTP with these faults (as of `sandbox serve --fault`)."""
    write_flows(root, flows or {})
    (root / "flowsync.yaml").write_text(SHORT_WAITS)
    writes: list[Request] = []
    with Emulator(None, documented=documented, readings=readings) as emulator:
        for row in rows:
            emulator.store.add(row)

        def handle(request: Request) -> Response:
            if request.method != "GET":
                writes.append(request)
            return faulty(request)

        faulty = Faulty(lambda request: between(emulator, request), [*map(parse_fault, faults)], _nobody)
        with serve(handle) as server:
            yield Account(root, emulator, server.url, writes)


def _nobody(request: Request, kind: FaultKind) -> None:
    raise AssertionError(f"{kind} of {request.target} needs somebody to act")


__all__ = ["NEW", "OLD", "Account", "Fault", "Handler", "Status", "emulated", "version"]
