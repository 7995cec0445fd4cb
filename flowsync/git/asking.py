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
_OF_A_HOOK: Final = frozenset({"GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"})
"""What git sets for its hooks. Without GIT_WORK_TREE it makes the current directory the top of the working tree."""
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
            env=_environment(),
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH.", hint="Install git.") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took longer than {TIMEOUT:.0f} s.") from None
    if done.returncode != 0:
        raise _refusal(arguments[0], done.stderr)
    return done.stdout


def _environment() -> dict[str, str]:
    unwanted = frozenset() if "GIT_WORK_TREE" in os.environ else _OF_A_HOOK
    return {**{name: value for name, value in os.environ.items() if name not in unwanted}, **_ENVIRONMENT}


def _refusal(command: str, complaint: bytes) -> GitError:
    """What git said, and the command that it advises to give, where the last line is one."""
    lines = complaint.decode("utf-8", errors="replace").strip().splitlines() or ["it gave no reason."]
    advice = lines[-1].strip()
    fatal = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
    return GitError(f"git {command} failed: {fatal}", hint=advice if advice.startswith("git ") else None)
