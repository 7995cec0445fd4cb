"""Where a directory lies in its repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.errors import GitError
from flowsync.git.asking import ask

if TYPE_CHECKING:
    from pathlib import Path


def prefix(directory: Path) -> str:
    """What leads from the top of the repository to `directory`: "" or a path that ends in "/".

    "" too where there is no repository or no git: files are then named from `directory` itself.
    """
    try:
        return ask(directory, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
    except GitError:
        return ""
