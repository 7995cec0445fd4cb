"""Run git and return its answer as bytes, or raise GitError. Whatever a repository holds, git runs no program for it.

A repository can name programs to run: hooks, a file-system monitor, filters, an ssh command, a pager. It can also hide
a second repository, with a configuration of its own, among its files. So git runs at the top of the repository, where
nothing below can pass for one; it takes over no configuration of the system or the user; it reaches no remote; and its
environment holds neither keys nor what another git or a hook has set. Commands that read files of the working tree
(status, diff) are not used at all, for they run filters.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT: Final = 60.0
"""Seconds that one answer may take; reading objects of a large repository stays far below."""
_SETTINGS: Final = {
    "safe.bareRepository": "explicit",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.sshCommand": "false",
    "core.askPass": "",
    "credential.helper": "",
    "protocol.allow": "never",
    "core.quotePath": "false",
    "color.ui": "false",
}
_OPTIONS: Final = ("--no-pager", *(word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")))
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # overrules every protocol.*.allow of the repository; there is no protocol "none"
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "HOME": os.devnull,  # git before 2.32 knows no GIT_CONFIG_GLOBAL
}
_PASSED_ON: Final = frozenset(
    {
        *("PATH", "TMPDIR", "TMP", "TEMP", "LD_LIBRARY_PATH", "USER", "LOGNAME", "SUDO_UID"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT"),
        *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_TEST_ASSUME_DIFFERENT_OWNER"),
    }
)
"""The only variables that git gets of ours."""
_PLACES_OF_CONFIGURATION: Final = ("HOME", "XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "PROGRAMDATA")
_OF_SOMEBODY_ELSE: Final = "safe.directory"
"""Part of the message that git prints for a repository that another user owns."""


def ask(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What `git ARGUMENTS` prints at the top of the repository that `directory` is in, with `given` on its stdin.

    Raises GitError when git is missing, takes too long, or refuses; its own words are in the message.
    """
    top = top_of(directory)
    try:
        return _run(top, arguments, given, _ENVIRONMENT)
    except GitError as error:
        trusted = _trusted_directories() if _OF_SOMEBODY_ELSE in f"{error.message} {error.hint}" else b""
        if not trusted:
            raise
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / ".gitconfig"
        config.write_bytes(b"[safe]\n" + trusted)
        return _run(top, arguments, given, {**_ENVIRONMENT, "HOME": home, "GIT_CONFIG_GLOBAL": str(config)})


def top_of(directory: Path) -> Path:
    """The nearest directory that holds `.git`, from `directory` upwards; `directory` itself where none does.

    Links are resolved: names below the top are then the names that git has.
    """
    here = Path(os.path.realpath(directory))
    return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), here)


def _trusted_directories() -> bytes:
    """What the user's and the system's configuration say of repositories that other users own, as lines of one.

    Containers of CI live by it: the checkout belongs to another user there, and `safe.directory` lets git read it.
    """
    known = {
        name: value
        for name, value in os.environ.items()
        if name in _PLACES_OF_CONFIGURATION or name.startswith("GIT_CONFIG")
    }
    question = ("config", "--null", "--type=path", "--get-all", "safe.directory")
    try:
        # No repository is read: at this place there is none.
        answer = _run(Path.cwd(), question, b"", {**known, "LC_ALL": "C", "GIT_DIR": os.devnull})
    except (GitError, OSError):
        return b""
    return b"".join(_setting(value) for value in answer.split(b"\0")[:-1])


def _setting(value: bytes) -> bytes:
    quoted = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'directory = "' + quoted + b'"\n'


def _run(directory: Path, arguments: tuple[str, ...], given: bytes, environment: Mapping[str, str]) -> bytes:
    import subprocess  # noqa: PLC0415 - most commands ask git nothing

    paths = [path for path in os.get_exec_path() if Path(path).is_absolute()]
    passed_on = {name: value for name, value in os.environ.items() if name.upper() in _PASSED_ON}
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; what is asked comes from flowsync
            [_program(paths), *_OPTIONS, *arguments],
            cwd=directory,
            input=given,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env={**passed_on, "PATH": os.pathsep.join(paths), **environment},
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took longer than {TIMEOUT:.0f} s.") from None
    except OSError as error:
        raise GitError(f"git {arguments[0]} cannot be run: {error.strerror}.") from None
    if done.returncode != 0:
        raise _refusal(arguments[0], done.stderr)
    return done.stdout


def _program(paths: list[str]) -> str:
    """The absolute path of git; never a program in the current directory, which may be the repository."""
    for path in _programs(paths):
        if shutil.which(path):
            return path
    raise GitError("git is not installed, or not on the PATH.", hint="Install git.")


def _programs(paths: list[str]) -> Iterator[str]:
    name = "git.exe" if os.name == "nt" else "git"
    return (os.path.join(path, name) for path in paths)  # noqa: PTH118 - a text for subprocess


def _refusal(command: str, complaint: bytes) -> GitError:
    """What git said, and the command that it advises to give, where the last line is one."""
    lines = complaint.decode("utf-8", errors="replace").strip().splitlines() or ["it gave no reason."]
    advice = lines[-1].strip()
    fatal = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
    hint = advice if advice.startswith("git ") else None
    if "promisor" in fatal:
        hint = "This clone lacks contents. Clone without --filter, or fetch them: git fetch --refetch --no-filter."
    return GitError(f"git {command} failed: {fatal}", hint=hint)
