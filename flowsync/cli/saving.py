"""Files that a command writes for people to keep: whole or not at all, and for their owner's eyes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from flowsync.errors import FlowsyncError


def save(path: Path, text: str) -> None:
    """Write `text` to the file at `path`, mode 0600: the whole of it, or nothing where that fails.

    A symlink stays one. What is there and is no regular file (a pipe, /dev/stdout) is written to as it is. Raises
    FlowsyncError.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        raise FlowsyncError(
            f"{path} cannot be written: {error.strerror}.", hint="Name a file in a directory that exists."
        ) from None


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
