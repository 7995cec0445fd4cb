"""Writing files of the project: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.errors import FlowsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator


def replace_text(path: Path, text: str, name: str) -> None:
    """Put a text in place of a file's: whoever reads it sees the old or the new one, never a part.

    A symlink stays one, and so do the file's permissions. Raises FlowsyncError when it cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _telling(name):
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            shutil.copymode(target, temporary)
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
