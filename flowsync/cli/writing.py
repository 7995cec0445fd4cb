"""Files that a command writes, the project's and those to keep: whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.errors import FlowsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator


_OWNER_ONLY: Final = 0o600


def save(path: Path, text: str) -> None:
    """Write `text` to the file at `path`, for its owner's eyes: the whole of it, or nothing where that fails.

    A symlink stays one. What is there and is no regular file (a pipe, /dev/stdout) is written to as it is. Raises
    FlowsyncError.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(Path(os.path.realpath(path)), text.encode(), _OWNER_ONLY)
    except OSError as error:
        raise FlowsyncError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Name a file in a directory that exists, may be written to, and has room.",
        ) from None


def replace_text(path: Path, text: str, name: str) -> None:
    """Put a text in place of a file's: whoever reads it sees the old or the new one, never a part.

    A symlink stays one, and so do the file's permissions. Raises FlowsyncError when it cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _telling(name):
        _replace(target, text.encode(), stat.S_IMODE(target.stat().st_mode))


def _replace(target: Path, content: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def create_text(path: Path, text: str, name: str) -> bool:
    """Write a file that is new, and the folders it needs; False where something is there, which stays as it is.

    Raises FlowsyncError when it cannot be written; no part of it is left then.
    """
    with _telling(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            stream = path.open("x", encoding="utf-8", newline="")
        except FileExistsError:
            return False
        try:
            with stream:
                stream.write(text)
        except BaseException:
            path.unlink()
            raise
    return True


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FlowsyncError(
            f"{name} cannot be written: {error.strerror or error}.", hint="It is as it was; so are the files after it."
        ) from None
