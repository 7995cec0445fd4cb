"""One question to git, answered in bytes or with a GitError."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT: Final = 60.0
"""Seconds that one answer may take; reading objects of a large repository stays far below."""
_SETTINGS: Final = ("-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-c", "color.ui=false")
"""Names come as they are, no hook of the repository runs, and no colour codes stand in the answer."""
_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}


def ask(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What `git ARGUMENTS` prints in `directory`, with `given` on its stdin.

    Raises GitError when git is missing, takes too long, or refuses; its own words are in the message.
    """
    import subprocess  # noqa: PLC0415 - most commands ask git nothing

    command = ["git", *_SETTINGS, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; what is asked comes from flowsync
            command,
            cwd=directory,
            input=given,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env={**os.environ, **_ENVIRONMENT},
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH.", hint="Install git.") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took longer than {TIMEOUT:.0f} s.") from None
    if done.returncode != 0:
        raise GitError(f"git {arguments[0]} failed: {_last_line(done.stderr)}")
    return done.stdout


def _last_line(complaint: bytes) -> str:
    lines = complaint.decode("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason."
