"""One writer at a time: a lock that the operating system lets go when its process ends, however it ends.

The file beside it tells whoever waits who holds it. A file that is left over proves nothing: only the
lock of the system counts, so a crash, a reboot or a reused process number leaves nothing to clean up.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.errors import FlowsyncError, RefusedError

if sys.platform == "win32":  # pragma: no cover - the same on another system
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FAR: Final = 1 << 30
"""Where the byte is that Windows locks: beyond the owner's text, which others read."""
_MOST_READ: Final = 4096


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock, or held it last: a process, its host, when it began, and which command it runs."""

    pid: int
    host: str
    started: str
    command: str

    def __str__(self) -> str:
        """Tell it in words."""
        return f"process {self.pid} on {self.host}, `{self.command}`, started {self.started}"


class LockedError(RefusedError):
    """Another run holds the lock."""

    code = "locked"


def directory(environ: Mapping[str, str], home: Path, otherwise: Path) -> Path:
    """Return the place of locks, the same for every project of one user on one machine.

    `otherwise` where there can be none: a container's user may have no home (then `home` is no absolute path),
    or none to write to.
    """
    named = (environ.get(variable) for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"))
    places = (*(Path(state) for state in named if state), home / ".local" / "state")
    return next(filter(_is_fit, (place / "flowsync" / "locks" for place in places)), otherwise)


def _is_fit(place: Path) -> bool:
    """Whether it is there, or could be made, to be written to, and is the same place whatever directory one is in."""
    with suppress(OSError):
        if place.is_absolute():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.access(place, os.W_OK)
    return False


def name(*what: str) -> str:
    """Return the name of the lock file for one thing that is written to."""
    return sha256("\0".join(what).encode("utf-8", "surrogatepass")).hexdigest()[:16] + ".lock"


@contextmanager
def held(path: Path, command: str) -> Iterator[Owner | None]:
    """Hold the lock at `path` for as long as the context lasts.

    Gives the owner that ended without letting go, None where the last one did. Raises LockedError, which tells
    the owner, while another process holds it, and FlowsyncError when no lock can be had at `path` at all.
    """
    handle = _opened(path)
    try:
        _lock(handle, path)
        left = _read(handle)
        _note(handle, json.dumps(asdict(_this(command))))
        try:
            yield left
        finally:
            _note(handle, "")
    finally:
        os.close(handle)


def take(handle: int) -> None:
    """Lock an open file for as long as it stays open, or its process lives.

    Raises BlockingIOError or PermissionError while somebody else holds it, OSError where there can be no lock.
    """
    if sys.platform == "win32":  # pragma: no cover - the same on another system
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _this(command: str) -> Owner:
    started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return Owner(os.getpid(), socket.gethostname(), started, command)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _unusable(path, error) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _unusable(path, OSError(errno.EINVAL, "It is no regular file"))
    return handle


def _lock(handle: int, path: Path) -> None:
    try:
        take(handle)
    except (BlockingIOError, PermissionError):
        owner = _read(handle)
        who = f" by {owner}" if owner else ""
        raise LockedError(
            f"Another run that writes to the same place is under way: its lock is held{who}.",
            hint="Wait until it has ended. The lock goes with its process, however that ends.",
        ) from None
    except OSError as error:
        raise _unusable(path, error) from None


def _read(handle: int) -> Owner | None:
    os.lseek(handle, 0, os.SEEK_SET)
    with suppress(ValueError, TypeError, RecursionError):
        owner = Owner(**json.loads(os.read(handle, _MOST_READ)))
        return owner if str(owner).isprintable() else None
    return None


def _note(handle: int, text: str) -> None:
    """Say who holds the lock, where the disk has room for it: the lock is the system's, whatever the file says."""
    with suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, 0)
        os.write(handle, text.encode())


def _unusable(path: Path, error: OSError) -> FlowsyncError:
    return FlowsyncError(
        f"The lock {path} cannot be used: {error.strerror}.",
        hint="XDG_STATE_HOME names a directory of this machine that may be written to.",
    )
