"""The files of a directory as they were at a revision, from git's objects: nothing is checked out."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1, sha256
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError
from flowsync.git.asking import ask
from flowsync.git.missing import no_commit
from flowsync.git.place import path_from_top

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FILE_MODES: Final = frozenset({"100644", "100755"})
_SHA256_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a tree: the id of its content, and whether it is a regular file (not a link, not a module)."""

    id: str
    is_file: bool


def commit_of(directory: Path, revision: str) -> str:
    """The commit, as its full hash, that `revision` names in the repository `directory` is in.

    Raises GitError where there is none, with what to do about it in a clone that lacks history.
    """
    try:
        answer = ask(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitError:
        raise no_commit(directory, revision) from None
    return answer.decode("ascii").strip()


def entries(directory: Path, commit: str, path: str) -> Mapping[str, Entry]:
    """What a commit has at or below `path` (relative to `directory`), by the name below it; "" for `path` itself."""
    top = _from_top(directory, path)
    answer = ask(directory, "ls-tree", "-r", "-z", "--full-tree", commit, *(["--", top] if top else []))
    records = answer.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return dict(_entry(record, top) for record in records)


def _entry(record: str, top: str) -> tuple[str, Entry]:
    """One line of ls-tree: mode, kind and id, then a tab and the name from the top of the repository."""
    facts, _, name = record.partition("\t")
    mode, _, id_ = facts.split(" ")
    return (name.removeprefix(top).removeprefix("/") if top else name), Entry(id_, mode in _FILE_MODES)


def contents(directory: Path, ids: Sequence[str]) -> list[bytes]:
    """The contents with these ids, in their order. Raises GitError when one is not at hand."""
    if not ids:
        return []
    answer = ask(directory, "cat-file", "--batch", given="".join(f"{each}\n" for each in ids).encode())
    return list(_batch(answer, len(ids)))


def content_id(content: bytes, like: str) -> str:
    """The id that git gives this content, by the kind of hash that the id `like` is of."""
    kind = sha256 if len(like) == _SHA256_LENGTH else sha1
    return kind(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _batch(answer: bytes, count: int) -> Iterator[bytes]:
    start = 0
    for _ in range(count):
        end = answer.index(b"\n", start)
        _, kind, *size = answer[start:end].split(b" ")
        if kind != b"blob" or not size:
            raise GitError(
                "A file at the base cannot be read: this clone does not have it.",
                hint="Clone without --filter, or fetch it: git fetch --refetch --no-filter.",
            )
        start = end + 1 + int(size[0])
        yield answer[end + 1 : start]
        start += 1


def _from_top(directory: Path, path: str) -> str:
    """The name of `path` from the top of the repository; "" for the top itself."""
    name = normpath(f"{path_from_top(directory)}{path}")
    if name == ".." or name.startswith("../"):
        raise GitError(f"{path} is outside of the repository.")
    return "" if name == "." else name
