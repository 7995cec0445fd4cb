"""One writer at a time: a lock that the operating system releases when its process ends, however it ends.

The locked file says who holds the lock, for whoever has to wait. A file that is left over proves nothing: only the
lock of the system counts, so a crash, a reboot or a reused process number leaves nothing to clean up.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from filelock import lock_descriptor

from flowsync.errors import FlowsyncError, RefusedError

_LOCKED: Final = b" "
"""The first byte of the file: the one that Windows locks, so that others cannot read it. The owner follows."""
_MOST_READ: Final = 4096
ELSEWHERE: Final = "XDG_STATE_HOME names a directory of this machine that may be written to."
"""What to do where a lock that is shared by all projects cannot be used."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a lock, or held it last, its host, start and command."""

    pid: int
    host: str
    started: str
    command: str

    def __str__(self) -> str:
        """In words."""
        return f"process {self.pid} on {self.host}, `{self.command}`, started {self.started}"


class LockedError(RefusedError):
    """Another run holds the lock."""

    code = "locked"


def directory(environ: Mapping[str, str], home: Path, otherwise: Path) -> Path:
    """Return the folder of locks, the same for every project of one user on one machine.

    `otherwise` where there can be none: a container's user may have no home (then `home` is no absolute path),
    or none to write to.
    """
    named = (environ.get(variable) for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"))
    places = (*(Path(state) for state in named if state), home / ".local" / "state")
    return next(filter(_is_fit, (place / "flowsync" / "locks" for place in places)), otherwise)


def _is_fit(place: Path) -> bool:
    """Whether the folder exists or could be created, is writable, and has an absolute path."""
    with suppress(OSError):
        if place.is_absolute():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.access(place, os.W_OK)
    return False


def name(*what: str) -> str:
    """Return the name of the lock file for one address and environment."""
    return sha256("\0".join(what).encode("utf-8", "surrogatepass")).hexdigest()[:16] + ".lock"


@contextmanager
def held(path: Path, command: str, hint: str = ELSEWHERE) -> Iterator[Owner | None]:
    """Hold the lock at `path` while the context lasts.

    Gives the owner that ended without releasing it, None if the last one did. Raises LockedError, which names
    the owner, while another process holds it, and FlowsyncError, with `hint`, when no lock can be had at `path` at all.
    """
    descriptor = _open(path, hint)
    try:
        _lock(descriptor, path, hint)
        left = _read_owner(descriptor)
        started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        owner = Owner(os.getpid(), socket.gethostname(), started, command)
        _write(descriptor, _LOCKED + json.dumps(asdict(owner)).encode())
        try:
            yield left
        finally:
            _write(descriptor, b"")
    finally:
        os.close(descriptor)


def take(descriptor: int) -> bool:
    """Lock an open file until it is closed or the process ends; False while another process holds the lock.

    Raises OSError if there can be no lock.
    """
    return lock_descriptor(descriptor, blocking=False)


def _open(path: Path, hint: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _unusable(path, error, hint) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unusable(path, OSError(errno.EINVAL, "It is no regular file"), hint)
    return descriptor


def _lock(descriptor: int, path: Path, hint: str) -> None:
    try:
        is_mine = take(descriptor)
    except OSError as error:
        raise _unusable(path, error, hint) from None
    if not is_mine:
        owner = _read_owner(descriptor)
        who = f" by {owner}" if owner else ""
        raise LockedError(
            f"Another run is writing to the same environment: its lock is held{who}.",
            hint="Wait until it has ended. The end of its process releases the lock.",
        )


def _read_owner(descriptor: int) -> Owner | None:
    with suppress(ValueError, TypeError, RecursionError):
        os.lseek(descriptor, len(_LOCKED), os.SEEK_SET)
        owner = Owner(**json.loads(os.read(descriptor, _MOST_READ)))
        return owner if str(owner).isprintable() else None
    return None


def _write(descriptor: int, content: bytes) -> None:
    """Write the owner to the file, if the disk has room: the lock itself does not depend on it."""
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, content)


def _unusable(path: Path, error: OSError, hint: str) -> FlowsyncError:
    return FlowsyncError(f"The lock {path} cannot be used: {error.strerror}.", hint=hint)
