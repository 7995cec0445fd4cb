"""The command as a user runs it: in a process of its own, or, where only its output counts, in this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from unittest import mock

from flowsync.cli import run
from flowsync.doctor.ci import SYSTEMS
from flowsync.doctor.machine import PROXIES
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, FakeConfig, FakeFrigade, Row, fake_frigade

STATE = tempfile.TemporaryDirectory(prefix="flowsync-state-")
"""Where the locks of these tests lie, not among those of whoever runs them; gone when the tests are over."""
FOREIGN = ("FRIGADE_", "FLOWSYNC_", "GITHUB_", "GIT_", "CI_", *SYSTEMS, *PROXIES, "NO_COLOR", "FORCE_COLOR", "COLUMNS")
"""How variables begin that a developer's shell, a hook of git or a CI may hold, and that change what flowsync does."""


def is_foreign(name: str) -> bool:
    return name.upper().startswith(FOREIGN)


CLEAN = {name: value for name, value in os.environ.items() if not is_foreign(name)}
"""The environment without them."""
CLEAN["XDG_STATE_HOME"] = STATE.name
UNMEASURED = {name: value for name, value in CLEAN.items() if not name.startswith("COVERAGE_")}
"""The same for a process that is to be killed, or may not write: what it measured would be left as half a file."""


@dataclass(frozen=True)
class Completed:
    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:  # noqa: ANN401 - a JSON document, looked into by tests
        return json.loads(self.out)


def environment(url: str | None = None, key: str | None = PRIVATE_KEY, public_key: str | None = None) -> dict[str, str]:
    """Variables that point to a server, with a key of the fake one."""
    chosen = {"FRIGADE_API_URL": url, "FRIGADE_API_KEY": key, "FRIGADE_PUBLIC_API_KEY": public_key}
    return {name: value for name, value in chosen.items() if value is not None}


def flowsync(*arguments: str, root: Path, env: Mapping[str, str] | None = None) -> Completed:
    """Run the command in this process, for the folder `root`."""
    return _run(["-C", str(root), *arguments], env)


def flowsync_in(root: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
    """Run the command in this process, started in the folder `root`."""
    before = Path.cwd()
    os.chdir(root)
    try:
        return _run(arguments, env)
    finally:
        os.chdir(before)


def _run(arguments: Sequence[str], env: Mapping[str, str] | None) -> Completed:
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**CLEAN, **(env or {})}, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(arguments)
    return checked(Completed(code, out.getvalue(), err.getvalue()))


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flowsync", *arguments]


def process(*arguments: str, root: Path, env: Mapping[str, str] | None = None, stdin: str = "") -> Completed:
    """Run the command in a process of its own, its streams being pipes."""
    return checked(execute(command_line(*arguments), root, env, input=stdin.encode()))


def execute(
    command: Sequence[str | Path],
    root: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    is_measured: bool = True,
    **how: Any,  # noqa: ANN401 - what subprocess.run takes
) -> Completed:
    """Run any program, in the environment without what a developer's shell may hold."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 150, **how}
    around = CLEAN if is_measured else UNMEASURED
    done = subprocess.run(command, cwd=root, env={**around, **(env or {})}, check=False, **streams)
    return Completed(done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())


def checked(completed: Completed) -> Completed:
    """What holds for every run there is: no key in any output, no traceback."""
    for key in (PRIVATE_KEY, PUBLIC_KEY):
        assert key not in completed.both
    assert "Traceback" not in completed.both
    return completed


def write_flows(root: Path, flows: Mapping[str, str]) -> None:
    """Write `flows/<slug>.yaml` for each slug."""
    folder = root / "flows"
    folder.mkdir(parents=True, exist_ok=True)
    for slug, text in flows.items():
        (folder / f"{slug}.yaml").write_text(text, encoding="utf-8")


class Run(Protocol):
    """Runs the command in this process, in one project and against one server."""

    def __call__(self, *arguments: str) -> Completed: ...


@contextmanager
def served(
    root: Path,
    flows: Mapping[str, str],
    rows: Iterable[Row],
    **behaviour: Any,  # noqa: ANN401 - fields of FakeConfig
) -> Iterator[tuple[FakeFrigade, Run]]:
    """A project with these flow files, the server with these rows that it talks to, and a way to run commands there."""
    write_flows(root, flows)
    with fake_frigade(FakeConfig(**behaviour), rows) as server:
        yield server, lambda *arguments: flowsync(*arguments, root=root, env=environment(server.url))


class Running(subprocess.Popen[str]):
    """A process whose streams are pipes."""

    stdout: IO[str]
    stderr: IO[str]


def start(*arguments: str, root: Path, env: Mapping[str, str] | None = None, pipe_bytes: int = -1) -> Running:
    """Begin to run the command in a process of its own. It may be killed."""
    return Running(
        command_line(*arguments),
        cwd=root,
        env={**UNMEASURED, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pipesize=pipe_bytes,
    )


def git(root: Path, *arguments: str) -> str:
    """What git answers there, whatever the configuration of this machine."""
    identity = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**CLEAN, **identity, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    settings = ("core.autocrlf=false", "core.fsync=none", "maintenance.auto=false")
    command = ["git", "-C", str(root), *(word for each in settings for word in ("-c", each)), *arguments]
    done = subprocess.run(command, env=env, check=True, capture_output=True, timeout=60)
    return done.stdout.decode().removesuffix("\n")


def commit(root: Path) -> str:
    """Commit all there is in a repository, a new one on `main` where there is none; the commit."""
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "All")
    return git(root, "rev-parse", "HEAD")
