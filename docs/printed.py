"""What the commands in the docs print: `python docs/generate.py` runs each `<!-- printed: N … -->` block again.

A block is a ```text fence. Its lines that begin with `$ ` are commands; they run in order, all blocks of a page in one
copy of this repository's flows, on the sandbox. N is how many lines of each command's output are shown: the first ones,
or with a minus the last ones.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

from flowsync.cli import run
from flowsync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).parent.parent
BLOCK: Final = re.compile(r"(<!-- printed: ([-\d ]+) -->\n\n```text\n)(.*?)(```\n\n<!-- end -->)", re.DOTALL)
WIDTH: Final = 140
"""Columns that the commands may use, and where longer lines are cut."""
_COMMAND: Final = re.compile(r"^\$ (.+)$", re.MULTILINE)
_TIMES: Final = (
    (re.compile(r"\b\d{8}T\d{6}Z\b"), "20260302T091500Z"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "2026-03-02 09:15"),
)
"""What differs from run to run, and what the docs show in its place."""
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b(?![ T]\d\d:)")
_FIRST_DAY: Final = date(2026, 2, 20)
_APART: Final = timedelta(days=45)
"""Days differ too, for the sandbox's account is made today. Each that is shown is this much before the one above it."""
_DATES: Final = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-03-02T09:00:00Z")
"""So that the only commit has the same hash in every run."""


def refreshed(text: str) -> str:
    """The page with every printed block as the commands print it today."""
    if not BLOCK.search(text):
        return text
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "flows", Path(folder) / "flows")
        _run(
            "git init -q . && git add . && git -c user.name=Acorn -c user.email=dev@acorn.example commit -qm Flows",
            folder,
        )
        return BLOCK.sub(lambda block: f"{block[1]}{_session(block[3], block[2], folder)}{block[4]}", text)


def _session(text: str, limits: str, folder: str) -> str:
    commands = zip(_COMMAND.findall(text), map(int, limits.split()), strict=True)
    return "\n".join(f"$ {command}\n{_shortened(_run(command, folder), lines)}" for command, lines in commands)


def _run(command: str, folder: str) -> str:
    """What a command prints. flowsync runs in this process, which saves its start; everything else in a shell."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("FRIGADE_", "FLOWSYNC_", "GIT"))}
    environment = {**ours, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "XDG_STATE_HOME": f"{folder}/.flowsync", **_DATES}
    words = shlex.split(command)
    if words[0] == "flowsync":
        printed = _run_here(words[1:], folder, environment)
    else:
        printed = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, text=True
        ).stdout
    for pattern, example in _TIMES:
        printed = pattern.sub(example, printed)
    days = list(dict.fromkeys(_DAY.findall(printed)))
    return _DAY.sub(lambda day: str(_FIRST_DAY - _APART * days.index(day[0])), printed)


def _run_here(words: Sequence[str], folder: str, environment: Mapping[str, str]) -> str:
    out = io.StringIO()
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code = run(words)
    finally:
        os.chdir(before)
    if code in {ExitCode.ERROR, ExitCode.USAGE}:
        raise RuntimeError(f"flowsync {shlex.join(words)}: {out.getvalue()}")
    return out.getvalue()


def _shortened(printed: str, lines: int) -> str:
    if not printed.strip():
        return ""
    every = [f"{line[:WIDTH]}…" if len(line) > WIDTH else line.rstrip() for line in printed.strip("\n").split("\n")]
    if len(every) > abs(lines):
        every = [*every[:lines], "…"] if lines > 0 else ["…", *every[lines:]]
    return "".join(f"{line}\n" for line in every)
