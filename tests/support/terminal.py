"""A command on a real (pseudo) terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.command import CLEAN

PATIENCE = 30.0
"""Seconds that a test waits at most for what a terminal should show."""


@dataclass(frozen=True)
class Shown:
    """How a command ended, and everything that it wrote to its terminal."""

    code: int
    screen: str


def on_terminal(
    command: list[str], root: Path, env: Mapping[str, str] | None = None, *, question: str = "", answer: str = ""
) -> Shown:
    """Run a command to its end. As soon as `question` is on the screen, `answer` is typed."""
    own, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**CLEAN, **(env or {}), "TERM": "xterm-256color", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_own_terminal,  # noqa: PLW1509 - between fork and exec is where a terminal is taken
    )
    os.close(theirs)
    deadline = time.monotonic() + PATIENCE
    written, is_asked = bytearray(), False
    try:
        while more := _read(own, deadline - time.monotonic()):
            written += more
            if question and not is_asked and question.encode() in written:
                is_asked = True
                os.write(own, answer.encode())
        screen = written.decode(errors="replace")
        assert time.monotonic() < deadline, screen
        assert question in screen
        return Shown(process.wait(timeout=PATIENCE), screen)
    finally:
        process.kill()
        process.wait()
        os.close(own)


def _read(terminal: int, seconds: float) -> bytes:
    """What comes next; nothing at the end, and where nothing comes in time."""
    ready, _, _ = select.select([terminal], [], [], max(seconds, 0))
    try:
        return os.read(terminal, 65536) if ready else b""
    except OSError:  # what Linux says once the other side is closed
        return b""


def _own_terminal() -> None:
    """Make the terminal the controlling one, so that Ctrl-C typed into it is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
