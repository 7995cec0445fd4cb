"""The files of a repository on the disk. No link is followed, and nothing but regular files is opened.

Whoever writes a pull request decides what the names in it lead to: a link to a file of secrets, a folder elsewhere, a
pipe without an end. So a file of the repository is opened folder by folder from the top, each without following a
link, and what was opened is looked at, not the name. What cannot be used raises OSError with the reason in `strerror`.

A file outside of the repository is one that the operator named on the command line: it may be anywhere and be a link.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWNER_ONLY: Final = 0o600
MOST_READ: Final = 2 * 1024 * 1024
"""Bytes of a text; more than `document` accepts, so that a file over its limit is seen to be, and not read whole."""
_CHUNK: Final = 64 * 1024
_CAN_WALK: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether names can be looked up in an open folder; Windows cannot, and checks each name before it is used."""
_PLAIN: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_UNFOLLOWED: Final = _PLAIN | getattr(os, "O_NOFOLLOW", 0)
_UNBLOCKED: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Opening a pipe waits for nobody."""
_AS_FOLDER: Final = os.O_RDONLY | _UNFOLLOWED | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class _Folder:
    """An open folder, or on Windows the path of one that was checked."""

    descriptor: int | None
    path: str

    def name(self, name: str) -> str:
        """What to call a file in it, beside `dir_fd=folder.descriptor`."""
        return os.path.join(self.path, name) if self.descriptor is None else name  # noqa: PTH118 - for os.open

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def status(self, name: str) -> os.stat_result:
        """The status of what has this name, be it a link."""
        return os.stat(self.name(name), dir_fd=self.descriptor, follow_symlinks=False)

    def open(self, name: str, flags: int, mode: int = OWNER_ONLY) -> int:
        """A descriptor of the file. Raises OSError that says so where it is a link."""
        if not _CAN_WALK:
            with suppress(FileNotFoundError):
                _refuse_link(self.status(name))
        try:
            return os.open(self.name(name), flags | _UNFOLLOWED, mode, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
                with suppress(FileNotFoundError):
                    _refuse_link(self.status(name))
            raise


@dataclass(frozen=True, slots=True)
class Workspace:
    """The repository that a folder is in; without a repository, that folder and what is below it.

    `start` is the folder as it was named, `folder` where that really is, `root` the real top of the repository. A link
    on the way to the top is nobody's trap: it is not part of the repository.
    """

    start: str
    folder: str
    root: str

    def holds(self, path: Path | str) -> bool:
        """Whether a path leads into the repository, by its name."""
        return self._relative(path) is not None

    def resolved(self, path: Path) -> Path:
        """What a path of the repository leads to, for an operator who keeps links there. Raises OSError."""
        target = Path(os.path.realpath(path))
        if not self.holds(target) or ".git" in target.parts:
            raise OSError(errno.ELOOP, "It is a link that leads out of the repository")
        return target

    def read(self, path: Path | str, most: int) -> bytes:
        """The first `most` bytes of a file of the repository."""
        descriptor = self.open(path, os.O_RDONLY)
        try:
            return _content(descriptor, most)
        finally:
            os.close(descriptor)

    def read_named(self, path: Path | str, most: int) -> bytes:
        """As `read`; a file elsewhere, which the operator named, may be reached by links and be a pipe or a device."""
        if self.holds(path):
            return self.read(path, most)
        descriptor = os.open(path, os.O_RDONLY | _PLAIN | _UNBLOCKED)
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            if is_pipe and _UNBLOCKED:
                os.set_blocking(descriptor, True)  # from here on a pipe that nobody writes to is at its end
            content = _content(descriptor, most)
            if is_pipe and not content:
                raise OSError(errno.ENODATA, "Nothing came from this pipe")
            return content
        finally:
            os.close(descriptor)

    def open_named(self, path: Path | str, flags: int) -> int:
        """A descriptor of a regular file, of the repository or of the operator's choice."""
        if self.holds(path):
            return self.open(path, flags)
        return _regular(os.open(path, flags | _PLAIN | _UNBLOCKED, OWNER_ONLY))

    def open(self, path: Path | str, flags: int) -> int:
        """A descriptor of a regular file of the repository."""
        *folders, name = self._parts(path)
        with self._entered(folders, _step) as folder:
            return _regular(folder.open(name, flags | _UNBLOCKED))

    def require_folder(self, path: Path | str) -> None:
        """Raise OSError unless the path is a folder of the repository, not reached by a link."""
        with self._entered(self._parts(path), _step):
            pass

    def make_folder(self, path: Path | str) -> None:
        """Make a folder of the repository, and those above it, where they are missing."""
        with self._entered(self._parts(path), _made_step):
            pass

    def create(self, path: Path | str, content: bytes) -> bool:
        """Write a file that is new, and the folders it needs; False where something has its name, which stays."""
        *folders, name = self._parts(path)
        with self._entered(folders, _made_step) as folder:
            try:
                descriptor = folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                return False
            try:
                with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                    stream.write(content)
            except BaseException:
                os.unlink(folder.name(name), dir_fd=folder.descriptor)
                raise
        return True

    def replace(self, path: Path | str, content: bytes, mode: int | None = None) -> None:
        """Put `content` in place of a file: whoever reads it sees all of the old or all of the new.

        Its mode becomes `mode`, or stays. A file that is new is for its owner's eyes.
        """
        *folders, name = self._parts(path)
        with self._entered(folders, _step) as folder:
            try:
                status = folder.status(name)
            except FileNotFoundError:
                kept = OWNER_ONLY
            else:
                _refuse_link(status)
                _refuse_special(status)
                kept = stat.S_IMODE(status.st_mode)
            _replace(folder, name, content, kept if mode is None else mode)

    def _relative(self, path: Path | str) -> str | None:
        """The path from the top of the repository, None where it leads out of it."""
        given = str(Path(path).absolute())
        if given == self.start or given.startswith(_ending(self.start)):
            real = os.path.normpath(_ending(self.folder) + given[len(self.start) :])
        elif given.startswith(_ending(self.root)):
            real = os.path.normpath(given)
        else:
            below = os.path.relpath(os.path.normpath(given), os.path.normpath(self.start))
            real = os.path.normpath(_ending(self.folder) + below)
        if real == self.root:
            return ""
        return real[len(_ending(self.root)) :] if real.startswith(_ending(self.root)) else None

    def _parts(self, path: Path | str) -> list[str]:
        relative = self._relative(path)
        if relative is None:
            raise OSError(errno.EPERM, "It is outside of the repository")
        if "\0" in relative:
            raise OSError(errno.EINVAL, "No file has such a name")
        return list(Path(relative).parts)

    @contextmanager
    def _entered(self, parts: list[str], step: Callable[[_Folder, str], _Folder]) -> Iterator[_Folder]:
        folder = self._enter(parts, step)
        try:
            yield folder
        finally:
            folder.close()

    def _enter(self, parts: list[str], step: Callable[[_Folder, str], _Folder]) -> _Folder:
        """The open folder that the names lead to from the top, one after the other."""
        folder = _Folder(os.open(self.root, os.O_RDONLY | _PLAIN) if _CAN_WALK else None, self.root)
        for part in parts:
            above = folder
            try:
                folder = step(above, part)
            finally:
                above.close()
        return folder

    @contextmanager
    def reading(self) -> Iterator[Callable[[Path | str, int], bytes]]:
        """What reads files as `read` does, faster: a folder stays open for as long as files in it are asked for."""
        place: str | None = None
        folder: _Folder | None = None

        def read(path: Path | str, most: int) -> bytes:
            nonlocal place, folder
            above, name = os.path.split(path)
            if folder is None or above != place:
                if folder is not None:
                    folder.close()
                    folder = None
                place, folder = above, self._enter(self._parts(above), _step)
            descriptor = _regular(folder.open(name, os.O_RDONLY | _UNBLOCKED))
            try:
                return _content(descriptor, most)
            finally:
                os.close(descriptor)

        try:
            yield read
        finally:
            if folder is not None:
                folder.close()


def workspace(folder: Path) -> Workspace:
    """The repository that `folder` is in."""
    real = Path(os.path.realpath(folder))
    above = (real, *real.parents)
    root = next((each for each in above if os.path.lexists(each / ".git")), None)
    root = root or next(each for each in above if each.is_dir())
    return Workspace(str(folder.absolute()), str(real), str(root))


def _ending(path: str) -> str:
    return path if path.endswith(os.sep) else path + os.sep


def _step(folder: _Folder, name: str) -> _Folder:
    path = os.path.join(folder.path, name)  # noqa: PTH118 - many short names
    if folder.descriptor is not None:
        return _Folder(folder.open(name, _AS_FOLDER), path)
    status = folder.status(name)
    _refuse_link(status)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return _Folder(None, path)


def _made_step(folder: _Folder, name: str) -> _Folder:
    with suppress(FileExistsError):
        os.mkdir(folder.name(name), dir_fd=folder.descriptor)
    return _step(folder, name)


def _refuse_link(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", None):  # on Windows
        raise OSError(errno.ELOOP, "It is a link, or a folder on the way to it is one")


def _refuse_special(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "It is not a regular file")


def _regular(descriptor: int) -> int:
    """The descriptor, where it is a regular file's; it is closed else."""
    try:
        _refuse_special(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _content(descriptor: int, most: int) -> bytes:
    # Without a file object, which takes as long as all the rest.
    content = os.read(descriptor, min(most, _CHUNK))
    # Until nothing comes: some file systems give less than what is there.
    while len(content) < most and (more := os.read(descriptor, min(most - len(content), _CHUNK))):
        content += more
    return content


def _replace(folder: _Folder, name: str, content: bytes, mode: int) -> None:
    temporary = f".{name}.{secrets.token_hex(4)}.tmp"
    descriptor = folder.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(folder.name(temporary), mode, dir_fd=folder.descriptor)
        os.replace(
            folder.name(temporary),
            folder.name(name),
            src_dir_fd=folder.descriptor,
            dst_dir_fd=folder.descriptor,
        )
    except BaseException:
        os.unlink(folder.name(temporary), dir_fd=folder.descriptor)
        raise
