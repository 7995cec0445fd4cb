"""The files of a repository on disk. No link is followed, and only regular files are opened.

Whoever writes a pull request decides what the names in it lead to: a link to a file of secrets, a folder elsewhere, an
endless pipe. So a file of the repository is opened folder by folder from the top, without following a link, and what
was opened is checked, not the name. OSError says in `strerror` why a file cannot be used.

A file outside of the repository was named on the command line by the operator: it may be anywhere and be a link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWNER_ONLY: Final = 0o600
MOST_READ: Final = 2 * 1024 * 1024
"""Bytes of a text: more than `document` accepts, so that it refuses a file that was not read to its end."""
_CHUNK: Final = 64 * 1024
_CAN_WALK: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether names can be looked up in an open folder; on Windows each name is checked before it is used instead."""
_PLAIN: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_UNFOLLOWED: Final = _PLAIN | getattr(os, "O_NOFOLLOW", 0)
_UNBLOCKED: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Opening a pipe does not wait for its other end."""
_AS_FOLDER: Final = os.O_RDONLY | _UNFOLLOWED | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class _Folder:
    """An open folder, or on Windows the path of one that was checked."""

    descriptor: int | None
    path: str

    def name(self, name: str) -> str:
        """What to call a file in it, together with `dir_fd=folder.descriptor`."""
        return os.path.join(self.path, name) if self.descriptor is None else name  # noqa: PTH118 - for os.open

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def status(self, name: str) -> os.stat_result:
        """Status of the entry of this name, even if it is a link."""
        return os.stat(self.name(name), dir_fd=self.descriptor, follow_symlinks=False)

    def refuse_link(self, name: str) -> None:
        with suppress(FileNotFoundError):
            _refuse_link(self.status(name))

    def open(self, name: str, flags: int, mode: int = OWNER_ONLY) -> int:
        """A descriptor of the file. Raises an OSError that names the reason if it is a link."""
        if not _CAN_WALK:
            self.refuse_link(name)
        try:
            return os.open(self.name(name), flags | _UNFOLLOWED, mode, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
                self.refuse_link(name)
            raise

    def read(self, name: str, most: int) -> bytes:
        """The first `most` bytes of a regular file in it."""
        descriptor = _regular(self.open(name, os.O_RDONLY | _UNBLOCKED))
        try:
            return _content(descriptor, most)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The repository that a folder is in; without a repository, that folder and everything below it.

    `start` is the folder as it was named, `folder` its real path, `root` the real top of the repository. Links on the
    way to the top are no part of the repository, and may be followed.
    """

    start: Path
    folder: Path
    root: Path

    def holds(self, path: Path | str) -> bool:
        """Whether a path is in the repository, by its name."""
        return self._relative(path) is not None

    def resolved(self, path: Path) -> Path:
        """The path that an operator's link in the repository leads to. Raises OSError."""
        target = Path(os.path.realpath(path))
        if not self.holds(target) or ".git" in target.parts:
            raise OSError(errno.ELOOP, "It is a link that leads out of the repository")
        return target

    def read(self, path: Path | str, most: int) -> bytes:
        """The first `most` bytes of a file of the repository."""
        *folders, name = self._file_parts(path)
        with self._entered(folders) as folder:
            return folder.read(name, most)

    def read_each(self, paths: Iterable[Path], most: int) -> Iterator[bytes | OSError]:
        """As `read`, for many files: files in a row that are in one folder are read without entering it again."""
        for folder, files in groupby(paths, lambda path: path.parent):
            with ExitStack() as stack:
                try:
                    entered = stack.enter_context(self._entered(self._parts(folder)))
                except OSError as error:
                    yield from (error for _ in files)
                    continue
                for path in files:
                    try:
                        content: bytes | OSError = entered.read(path.name, most)
                    except OSError as error:
                        content = error
                    yield content

    def read_named(self, path: Path | str, most: int) -> bytes:
        """As `read`; a file outside, which the operator named, may be a link, a pipe or a device."""
        if self.holds(path):
            return self.read(path, most)
        descriptor = os.open(path, os.O_RDONLY | _PLAIN | _UNBLOCKED)
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            if is_pipe and _UNBLOCKED:
                os.set_blocking(descriptor, True)  # now a pipe without a writer is at its end
            content = _content(descriptor, most)
            if is_pipe and not content:
                raise OSError(errno.ENODATA, "Nothing came from this pipe")
            return content
        finally:
            os.close(descriptor)

    def open_named(self, path: Path | str, flags: int) -> int:
        """A descriptor of a regular file, of the repository or one that the operator named."""
        if self.holds(path):
            return self.open(path, flags)
        return _regular(os.open(path, flags | _PLAIN | _UNBLOCKED, OWNER_ONLY))

    def open(self, path: Path | str, flags: int) -> int:
        """A descriptor of a regular file of the repository."""
        *folders, name = self._file_parts(path)
        with self._entered(folders) as folder:
            return _regular(folder.open(name, flags | _UNBLOCKED))

    def require_folder(self, path: Path | str) -> None:
        """Raise OSError unless the path is a folder of the repository, not reached by a link."""
        with self._entered(self._parts(path)):
            pass

    def make_folder(self, path: Path | str) -> None:
        """Make a folder of the repository, and the missing ones above it."""
        with self._entered(self._parts(path), make=True):
            pass

    def create(self, path: Path | str, content: bytes) -> bool:
        """Write a new file and the folders it needs; False if the name exists, which stays."""
        *folders, name = self._file_parts(path)
        with self._entered(folders, make=True) as folder:
            try:
                descriptor = folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                return False
            with _unlinked_on_failure(folder, name), open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                stream.write(content)
        return True

    def replace(self, path: Path | str, content: bytes, mode: int | None = None) -> None:
        """Write a file so that a reader sees all of the old content or all of the new.

        Its mode becomes `mode`, else it stays; a new file is for its owner only.
        """
        *folders, name = self._file_parts(path)
        with self._entered(folders) as folder:
            kept = OWNER_ONLY
            with suppress(FileNotFoundError):
                status = folder.status(name)
                _refuse_link(status)
                _refuse_special(status)
                kept = stat.S_IMODE(status.st_mode)
            temporary = f".{name}.{os.urandom(4).hex()}.tmp"
            descriptor = folder.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with _unlinked_on_failure(folder, temporary):
                with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                old, new, place = folder.name(temporary), folder.name(name), folder.descriptor
                os.chmod(old, kept if mode is None else mode, dir_fd=place)
                os.replace(old, new, src_dir_fd=place, dst_dir_fd=place)

    def _relative(self, path: Path | str) -> Path | None:
        """The path from the top of the repository; None for one outside."""
        given = Path(path).absolute()
        if given.is_relative_to(self.start):
            given = self.folder / given.relative_to(self.start)
        elif not given.is_relative_to(self.root):
            given = self.folder / os.path.relpath(given, os.path.normpath(self.start))
        real = Path(os.path.normpath(given))
        return real.relative_to(self.root) if real.is_relative_to(self.root) else None

    def _file_parts(self, path: Path | str) -> list[str]:
        parts = self._parts(path)
        if not parts:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return parts

    def _parts(self, path: Path | str) -> list[str]:
        if "\0" in str(path):
            raise OSError(errno.EINVAL, "No file has such a name")
        relative = self._relative(path)
        if relative is None:
            raise OSError(errno.EPERM, "It is outside of the repository")
        return list(relative.parts)

    @contextmanager
    def _entered(self, parts: list[str], *, make: bool = False) -> Iterator[_Folder]:
        """The open folder that the names lead to from the top; missing ones are made if `make`."""
        folder = _Folder(os.open(self.root, os.O_RDONLY | _PLAIN) if _CAN_WALK else None, str(self.root))
        try:
            for part in parts:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(folder.name(part), dir_fd=folder.descriptor)
                below = _step(folder, part)
                folder.close()
                folder = below
            yield folder
        finally:
            folder.close()


def workspace(folder: Path) -> Workspace:
    """The repository that `folder` is in."""
    real = Path(os.path.realpath(folder))
    above = (real, *real.parents)
    root = next((each for each in above if os.path.lexists(each / ".git")), None)
    root = root or next(each for each in above if each.is_dir())
    return Workspace(folder.absolute(), real, root)


def _step(folder: _Folder, name: str) -> _Folder:
    path = os.path.join(folder.path, name)  # noqa: PTH118 - many short names
    if folder.descriptor is not None:
        return _Folder(folder.open(name, _AS_FOLDER), path)
    status = folder.status(name)
    _refuse_link(status)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return _Folder(None, path)


@contextmanager
def _unlinked_on_failure(folder: _Folder, name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.unlink(folder.name(name), dir_fd=folder.descriptor)
        raise


def _refuse_link(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", None):  # on Windows
        raise OSError(errno.ELOOP, "It is a link, or a folder on the way to it is one")


def _refuse_special(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "It is not a regular file")


def _regular(descriptor: int) -> int:
    """The descriptor, if it is a regular file's; otherwise it is closed."""
    try:
        _refuse_special(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _content(descriptor: int, most: int) -> bytes:
    content = b""
    # Until nothing comes: some file systems give less than what is there.
    while len(content) < most and (more := os.read(descriptor, min(most - len(content), _CHUNK))):
        content += more
    return content
