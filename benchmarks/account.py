"""A project of generated files, and an account that stands as they say, served by the sandbox's own server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from corpus import write_flows
from processes import Command, environment

from flowsync.load import load_flows
from flowsync.sandbox import PRIVATE_KEY, Emulator, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOWSYNC: Final = (str(Path(sys.executable).with_name("flowsync")),)
_ALLOWED: Final = ("--yes", "--allow-many", "--allow-clear-targeting", "--allow-type-change", "--allow-protected")


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
    return Command((*FLOWSYNC, "apply", *_ALLOWED, *more), project, where)


def fill(project: Path) -> None:
    """Give the project's sandbox one published flow for each file, as the file says."""
    database = project / ".flowsync" / "sandbox.db"
    database.parent.mkdir(exist_ok=True)
    headers = {"authorization": f"Bearer {PRIVATE_KEY}", "content-type": "application/json"}
    with Emulator(database) as emulator:
        for flow in load_flows(project, "flows").flows:
            stated: dict[str, object] = {str(name): value for name, value in flow.fields.items()}
            body = {"slug": flow.slug, **stated, "data": flow.data_text}
            answer = emulator.handle(Request("POST", "/v1/flows", headers, json.dumps(body).encode()))
            assert answer.status == HTTPStatus.CREATED, answer.body


@contextmanager
def served(project: Path, latency: int) -> Iterator[dict[str, str]]:
    """Serve the project's sandbox with so many milliseconds before each answer; gives the environment to reach it."""
    command = [*FLOWSYNC, "sandbox", "serve", "--latency", f"{latency}ms"]
    with subprocess.Popen(
        command, cwd=project, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        told = [server.stdout.readline().removeprefix("export ").strip() for _ in range(3)]
        try:
            yield dict(line.split("=", 1) for line in told)
        finally:
            server.terminate()
