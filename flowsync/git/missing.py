"""Why a revision is not to be had, told apart as far as the repository knows: mistyped, never fetched, or no commit."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError
from flowsync.git.asking import ask

if TYPE_CHECKING:
    from pathlib import Path

_STEP: Final = re.compile(r"[~^:]|@\{")
"""Where the way from a name to something else begins, as in main~3."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_ALL_OF_IT: Final = "On GitHub give actions/checkout fetch-depth: 0."


def no_commit(directory: Path, revision: str) -> GitError:
    """What to say when `revision` names no commit of the repository `directory` is in, and what to do about it."""
    try:
        is_shallow = ask(directory, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except GitError as error:
        return GitError(f"--base needs a git repository with history. {error.message}", hint=error.hint)
    if (other := _id(directory, revision)) and (kind := _answer(directory, "cat-file", "-t", other)):
        return GitError(f"{revision!r} is a {kind}, and --base needs a commit.", hint="Name a branch, tag or commit.")
    if is_shallow:
        return GitError(f"This clone is shallow, and {revision!r} is not in it.", hint=_unfetched(directory, revision))
    return GitError(f"There is no revision {revision!r} here.", hint=_unknown(directory, revision))


def _unknown(directory: Path, revision: str) -> str:
    if not revision.strip():
        return "It is empty: the variable it comes from may not be set."
    if ".." in revision:
        return "A range is no revision: name one commit, such as that of git merge-base A B."
    return f"{_question(directory, revision)}git fetch, or name another branch, tag or commit."


def _unfetched(directory: Path, revision: str) -> str:
    """A commit before the history that was fetched, or a name that was not fetched, or that there is not at all."""
    name = _STEP.split(revision, maxsplit=1)[0]
    if name != revision and _id(directory, name):
        return f"{_ALL_OF_IT} Elsewhere: git fetch --unshallow. {name} is here; what comes before was not fetched."
    if _HASH.fullmatch(name):
        return (
            f"{_ALL_OF_IT} Elsewhere: git fetch --unshallow, or git fetch --depth=1 origin and the commit's whole hash."
        )
    if not name.strip() or ".." in name:
        return _unknown(directory, revision)
    return (
        f"{_ALL_OF_IT} Elsewhere: {_fetching(directory, name)}. "
        f"That is, if there is such a branch or tag; it may be mistyped. {_question(directory, name)}".rstrip()
    )


def _fetching(directory: Path, name: str) -> str:
    remotes = (_answer(directory, "remote") or "").split("\n")
    remote, _, branch = name.partition("/")
    if remote in remotes and branch:
        return shlex.join(["git", "fetch", "--depth=1", remote, f"{branch}:refs/remotes/{name}"])
    return shlex.join(["git", "fetch", "--depth=1", "origin", name]) + " and --base FETCH_HEAD"


def _question(directory: Path, name: str) -> str:
    known = (_answer(directory, "for-each-ref", "--format=%(refname:short)") or "").split("\n")
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}? " if close and close != [name] else ""


def _id(directory: Path, revision: str) -> str | None:
    """The id of whatever a revision names, a commit or not; of what a tag is for, not of the tag."""
    ways = (f"{revision}^{{}}", revision)
    asked = (_answer(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", way) for way in ways)
    return next(filter(None, asked), None)


def _answer(directory: Path, *arguments: str) -> str | None:
    """What git answers; None where it has no answer."""
    try:
        return ask(directory, *arguments).decode("utf-8", "replace").strip()
    except GitError:
        return None
