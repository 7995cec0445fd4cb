"""A project of generated files, and an account that stands as they say, served by the sandbox's own server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from corpus import write_flows
from processes import Command, environment

from flowsync.flows.files import load_flows
from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.server import PRIVATE_KEY, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from budgets import Size

FLOWSYNC: Final = (str(Path(sys.executable).with_name("flowsync")),)
ALLOWED: Final = ("--yes", "--allow-many", "--allow-clear-targeting", "--allow-type-change", "--allow-protected")


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a run keeps its projects, and how much it measures. A project is made when it is first asked for."""

    scratch: Path
    size: Size

    def project(self, flows: int) -> Path:
        """So many flow files."""
        directory = self.scratch / f"flows-{flows}"
        return directory if directory.exists() else make_project(directory, flows)

    def filled(self, flows: int) -> Path:
        """The same, with an account that stands as they say."""
        project = self.project(flows)
        if not (project / ".flowsync").exists():
            fill(project)
        return project

    def to_write(self, flows: int) -> tuple[Path, Path]:
        """A project with an account of its own, for applies, and the same files with a word changed in each."""
        directory, other = self.scratch / f"writes-{flows}", self.scratch / f"writes-{flows}-other"
        if not directory.exists():
            fill(make_project(directory, flows))
            changed(directory, other, flows)
        return directory, other


def make_project(directory: Path, count: int) -> Path:
    """`count` flow files."""
    write_flows(directory / "flows", count)
    return directory


def changed(project: Path, directory: Path, count: int) -> Path:
    """The same files with a word of the first `count` changed, in the middle of their data."""
    shutil.copytree(project, directory, ignore=shutil.ignore_patterns(".flowsync"))
    for path in sorted((directory / "flows").iterdir())[:count]:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("      title: ", "      title: Soon, ", 1), encoding="utf-8")
    return directory


def applying(project: Path, where: dict[str, str], *more: str) -> Command:
    """An apply that asks nothing and is refused nothing."""
    return Command((*FLOWSYNC, "apply", *ALLOWED, *more), project, where)


def fill(project: Path) -> None:
    """Give the project's sandbox one published flow for each file, as the file says."""
    database = project / ".flowsync" / "sandbox.db"
    database.parent.mkdir(exist_ok=True)
    headers = {"authorization": f"Bearer {PRIVATE_KEY}", "content-type": "application/json"}
    with Emulator(database, readings=[Reading.DESCRIPTION_KEPT]) as emulator:
        for flow in load_flows(project, "flows").flows:
            stated: dict[str, object] = {str(name): value for name, value in flow.fields.items()}
            body = {"slug": flow.slug, **stated, "data": flow.data_text}
            answer = emulator.handle(Request("POST", "/v1/flows", headers, json.dumps(body).encode()))
            assert answer.status == HTTPStatus.CREATED, answer.body


@contextmanager
def served(project: Path, latency: int) -> Iterator[dict[str, str]]:
    """Serve the project's sandbox with so many milliseconds before each answer; gives the environment to reach it."""
    command = Command(
        (*FLOWSYNC, "sandbox", "serve", "--conflict", Reading.PAGING_WINDOWS.value, "--latency", f"{latency}ms"),
        project,
        {},
    )
    with serving(command, lines=3) as told:
        yield dict(line.removeprefix("export ").split("=", 1) for line in told)


@contextmanager
def serving(command: Command, lines: int) -> Iterator[list[str]]:
    """Run a server until the block ends; gives its first lines, which it says once it listens."""
    with subprocess.Popen(
        command.arguments,
        cwd=command.directory,
        env=environment(command.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield [server.stdout.readline().strip() for _ in range(lines)]
        finally:
            server.terminate()
