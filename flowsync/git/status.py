"""Which files hold work that git does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError
from flowsync.git.asking import ask
from flowsync.git.revision import content_id, entries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flowsync.git.revision import Entry

_NOTHING_TO_ASK: Final = ("not a git repository", "git is not installed")
"""What is said where there is no repository, and by `ask` where there is no git."""


def uncommitted(directory: Path, contents: Mapping[str, bytes]) -> frozenset[str] | None:
    """Those of the files in `directory`, given by name with what they hold, that are not so in the last commit.

    Contents are compared, not what the index says of files: one that is marked as skip-worktree or assume-unchanged
    counts as any other. Line ends may differ as a checkout makes them differ; what a filter of git makes of a file
    (git-lfs) counts as uncommitted, for no filter is run.

    None where there is no repository, or no git to ask. Raises GitError when git refuses to answer, as it does for a
    repository that belongs to somebody else: what it holds is not known then.
    """
    try:
        ask(directory, "rev-parse", "--git-dir")
    except GitError as error:
        if any(words in error.message for words in _NOTHING_TO_ASK):
            return None
        raise
    committed = _last_commit(directory)
    return frozenset(name for name, content in contents.items() if not _is_held(content, committed.get(name)))


def _last_commit(directory: Path) -> Mapping[str, Entry]:
    """What the last commit has in the directory; nothing before the first one."""
    try:
        ask(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitError:
        return {}
    return entries(directory, "HEAD", ".")


def _is_held(content: bytes, entry: Entry | None) -> bool:
    if entry is None or not entry.is_file:
        return False
    texts = {content, content.replace(b"\r\n", b"\n")}
    return any(content_id(text, entry.id) == entry.id for text in texts)
