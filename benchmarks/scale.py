"""Plan and apply many flows over real HTTP: seconds and peak memory, and what a rate limit makes of it.

    python benchmarks/scale.py [FLOWS] [--parallelism N] [--rate REQUESTS_PER_SECOND]

The server is the sandbox in this process; each command is a process of its own, whose peak memory the system tells.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.server import PRIVATE_KEY, Response, serve
from flowsync.sandbox.store import Row, Status

if TYPE_CHECKING:
    from flowsync.sandbox.server import Handler, Request

STEPS = 5


def flow(number: int, edition: str) -> str:
    """A flow file of about 2 kB."""
    steps = "\n".join(
        f"    - id: step-{step}\n"
        f"      title: Step {step} of flow {number}, {edition}\n"
        f"      subtitle: >\n        {'What there is to know about it, and why it is worth a minute. ' * 4}\n"
        f"      primaryButton:\n        title: Next\n        action: step.complete"
        for step in range(STEPS)
    )
    return f"name: Flow {number}\ntype: CHECKLIST\nactive: true\ndata:\n  steps:\n{steps}\n"


@dataclass
class Limiter:
    """So many requests a second; the others are told to come back in one."""

    handler: Handler
    rate: int
    second: int = 0
    taken: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.turn = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Answer, or put off."""
        with self.turn:
            if int(time.monotonic()) != self.second:
                self.second, self.taken = int(time.monotonic()), 0
            self.taken += 1
            if self.taken > self.rate:
                self.refused += 1
                return Response(429, {"retry-after": "1"}, b'{"message": "Too many requests"}')
        return self.handler(request)


def main() -> None:
    """Measure, and tell a line per command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flows", nargs="?", type=int, default=10_000)
    parser.add_argument("--parallelism", default="16")
    parser.add_argument("--rate", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Emulator(None, readings=[Reading.PAGING_WINDOWS]) as emulator:
        root = Path(folder)
        (root / "flows").mkdir()
        fill(emulator, root, given.flows)
        limiter = Limiter(emulator.handle, given.rate or sys.maxsize)
        with serve(limiter.handle) as server:
            env = {**os.environ, "FRIGADE_API_URL": server.url, "FRIGADE_API_KEY": PRIVATE_KEY}
            measure("plan, all differ", ["plan", "--format", "json"], root, env)
            apply = ["apply", "--allow-many", "--format", "json", "--parallelism", given.parallelism]
            measure("apply", apply, root, env)
            measure("plan, none differs", ["plan", "--format", "json"], root, env)
            kept = next((root / ".flowsync" / "applies").iterdir())
            print(f"{'record':24} {kept.stat().st_size / 2**20:8.1f} MB on disk")
            measure("rollback --dry-run", ["rollback", kept.name, "--dry-run", "--format", "json"], root, env)
        if given.rate:
            print(f"{limiter.refused:,} requests were refused by the rate limit")


def fill(emulator: Emulator, root: Path, count: int) -> None:
    """Files, and live flows that differ from them in one title per step."""
    with emulator.store.writing():
        for number in range(count):
            (root / "flows" / f"flow_{number:05}.yaml").write_text(flow(number, "new"))
            row = Row(
                id=number + 1,
                slug=f"flow_{number:05}",
                version=1,
                status=Status.ACTIVE,
                name=f"Flow {number}",
                type="CHECKLIST",
                description=None,
                active=True,
                targeting_logic=None,
                data=flow(number, "old").partition("data:\n")[2].replace("\n  ", "\n").removeprefix("  "),
                created_at="2026-01-01T00:00:00.000Z",
                modified_at="2026-01-01T00:00:00.000Z",
                published_at="2026-01-01T00:00:00.000Z",
                archived_at=None,
            )
            emulator.store.add(row)


def measure(title: str, arguments: list[str], root: Path, env: dict[str, str]) -> None:
    """Run one command; its seconds, its peak memory, and what it counted."""
    started = time.monotonic()
    with (root / "out").open("w+b") as out:
        process = subprocess.Popen([sys.executable, "-m", "flowsync", "-q", *arguments], cwd=root, env=env, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        document = json.load(out)
    counts = document.get("summary") or document.get("counts")
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    seconds = time.monotonic() - started
    print(f"{title:24} {seconds:8.1f} s {usage.ru_maxrss / 1024:8.0f} MB  exit {process.returncode}  {told}")


if __name__ == "__main__":
    main()
