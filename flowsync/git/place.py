"""Where a directory lies in its repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flowsync.errors import GitError
from flowsync.git.asking import ask, top_of

if TYPE_CHECKING:
    from pathlib import Path


def prefix(directory: Path) -> str:
    """What leads from the top of the repository to `directory`: "" or a path that ends in "/".

    "" too where there is no repository or no git: files are then named from `directory` itself.
    """
    try:
        return path_from_top(directory)
    except GitError:
        return ""


def path_from_top(directory: Path) -> str:
    """As `prefix`. Raises GitError where there is no repository or no git."""
    above = ask(directory, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
    below = os.path.relpath(os.path.realpath(directory), top_of(directory)).replace(os.sep, "/")
    return above if below == "." else f"{above}{below}/"
