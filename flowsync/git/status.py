"""Which files hold work that git does not have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError
from flowsync.git.asking import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTHING_TO_ASK: Final = ("not a git repository", "git is not installed")
"""What is said where there is no repository, and by `ask` where there is no git."""
_CODES: Final = 3
"""Characters before the name in one entry of git status: two codes and a space."""


def uncommitted(directory: Path) -> frozenset[Path] | None:
    """The files below `directory` that are not, as they are, in the last commit: changed, staged, untracked, ignored.

    None where there is no repository, or no git to ask. Raises GitError when git refuses to answer, as it does for a
    repository that belongs to somebody else: what it holds is not known then.
    """
    try:
        top = Path(ask(directory, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
    except GitError as error:
        if any(words in error.message for words in _NOTHING_TO_ASK):
            return None
        raise
    told = ask(
        directory, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching", "."
    )
    return frozenset(_files(top, told))


def _files(top: Path, told: bytes) -> Iterator[Path]:
    for entry in told.split(b"\0")[:-1]:
        path = top / entry[_CODES:].decode("utf-8", "surrogateescape")
        if entry.endswith(b"/"):
            yield from (each for each in path.rglob("*") if each.is_file())
        else:
            yield path
