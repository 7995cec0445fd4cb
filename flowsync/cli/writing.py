"""Files that a command writes, the project's and those to keep: whole or not at all, and through no link of others."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.errors import FlowsyncError
from flowsync.secrets import private_key_at
from flowsync.workspace import OWNER_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.workspace import Workspace


def save(path: Path, text: str, within: Workspace) -> None:
    """Write `text` to the file that the command line names, for its owner's eyes: whole, or nothing where that fails.

    A symlink stays one; one in the repository `within` must not lead out of it. What is there and is no regular file
    (a pipe, /dev/stdout) is written to as it is. Raises FlowsyncError.
    """
    refuse_keys(text, str(path))
    content = text.encode()
    try:
        target = within.resolved(path) if within.holds(path) else path
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        elif within.holds(target):
            within.replace(target, content, OWNER_ONLY)
        else:
            _replace(Path(os.path.realpath(target)), content)
    except OSError as error:
        raise FlowsyncError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Name a file in a directory that exists, may be written to, and has room.",
        ) from None


def _replace(target: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str, name: str, within: Workspace) -> None:
    """Put a text in place of a file's: whoever reads it sees the old or the new one, never a part.

    The file's permissions stay. Raises FlowsyncError when it cannot be written.
    """
    refuse_keys(text, name)
    content = text.encode()
    with _telling(name):
        within.replace(path, content)


def still_holds(path: Path, text: str, within: Workspace) -> bool:
    """Whether the file holds exactly this text; not where it cannot be read, or is gone."""
    content = text.encode()
    try:
        return within.read(path, len(content) + 1) == content
    except OSError:
        return False


def create_text(path: Path, text: str, name: str, within: Workspace) -> bool:
    """Write a file that is new, and the folders it needs; False where something is there, which stays as it is.

    Raises FlowsyncError when it cannot be written; no part of it is left then.
    """
    refuse_keys(text, name)
    content = text.encode()
    with _telling(name):
        return within.create(path, content)


def refuse_keys(text: str, name: str) -> None:
    """Raise FlowsyncError where a file that is to be written, or its name, would hold a private API key."""
    if private_key_at(name) is not None:
        raise FlowsyncError("The name of a file would hold a private API key, so it is not written.", hint=_REVOKE)
    at = private_key_at(text)
    if at is not None:
        line = text.count("\n", 0, at) + 1
        raise FlowsyncError(f"{name}:{line} would hold a private API key, so it is not written.", hint=_REVOKE)


_REVOKE: Final = "Take the key out of the flow and revoke it in Frigade: whoever can read the flow has seen it."


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FlowsyncError(
            f"{name} cannot be written: {error.strerror or error}.", hint="It is as it was; so are the files after it."
        ) from None
