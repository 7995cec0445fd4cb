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
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

PATIENCE = 30.0
"""Seconds that a test waits at most for what a terminal should show."""


class Terminal:
    """Everything the command writes to its terminal gathers in `screen`."""

    def __init__(self, command: list[str], root: Path, env: Mapping[str, str]) -> None:
        self.screen = ""
        self._own, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=root,
            env={**env, "TERM": "xterm-256color", "COLUMNS": "100"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - between fork and exec is where a terminal is taken
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._own)

    def expect(self, text: str) -> None:
        """Read until `text` is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            assert self._read(0.1), self.screen

    def send(self, text: str) -> None:
        os.write(self._own, text.encode())

    def wait(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(0.1):
            assert time.monotonic() < deadline, self.screen
        return self._process.wait(timeout=PATIENCE)

    def _read(self, seconds: float) -> bool:
        """Take in what there is; False at the end."""
        ready, _, _ = select.select([self._own], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._own, 65536)
        except OSError:  # what Linux says once the other side is closed
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)


def _own_terminal() -> None:
    """Make the terminal the controlling one, so that Ctrl-C typed into it is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
