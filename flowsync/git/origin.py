"""Where a repository comes from, and which of its branches is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.errors import GitError
from flowsync.git.asking import ask

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository: the address of its remote `origin` (None without one), and its branch for what is done.

    The branch is the remote's default; where that is not known, the one that is checked out.
    """

    url: str | None
    branch: str | None


def origin(directory: Path) -> Origin | None:
    """The repository that `directory` is in; None where it is in none, or there is no git."""
    if _line(directory, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    default = _line(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    branch = default.removeprefix("origin/") if default else _line(directory, "symbolic-ref", "--short", "HEAD")
    return Origin(_line(directory, "config", "--get", "remote.origin.url"), branch)


def _line(directory: Path, *arguments: str) -> str | None:
    """The one line that git answers; None where it has no answer."""
    try:
        return ask(directory, *arguments).decode("utf-8", "replace").removesuffix("\n")
    except GitError:
        return None
