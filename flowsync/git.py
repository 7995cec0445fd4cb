"""What git knows of the project, read only: nothing here writes to a repository, its index or its working tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha1, sha256
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


_STEP: Final = re.compile(r"[~^:]|@\{")
"""Where the way from a name to something else begins, as in main~3."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_ALL_OF_IT: Final = "On GitHub give actions/checkout fetch-depth: 0."


def no_commit(directory: Path, revision: str) -> GitError:
    """What to say when `revision` names no commit of the repository `directory` is in, and what to do about it."""
    try:
        is_shallow = ask(directory, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except GitError as error:
        return GitError(f"--base needs a git repository with history. {error.message}", hint=error.hint)
    if (other := _id(directory, revision)) and (kind := _answer(directory, "cat-file", "-t", other)):
        return GitError(f"{revision!r} is a {kind}, and --base needs a commit.", hint="Name a branch, tag or commit.")
    if is_shallow:
        return GitError(f"This clone is shallow, and {revision!r} is not in it.", hint=_unfetched(directory, revision))
    return GitError(f"There is no revision {revision!r} here.", hint=_unknown(directory, revision))


def _unknown(directory: Path, revision: str) -> str:
    if not revision.strip():
        return "It is empty: the variable it comes from may not be set."
    if ".." in revision:
        return "A range is no revision: name one commit, such as that of git merge-base A B."
    return f"{_question(directory, revision)}git fetch, or name another branch, tag or commit."


def _unfetched(directory: Path, revision: str) -> str:
    """A commit before the history that was fetched, or a name that was not fetched, or that there is not at all."""
    name = _STEP.split(revision, maxsplit=1)[0]
    if name != revision and _id(directory, name):
        return f"{_ALL_OF_IT} Elsewhere: git fetch --unshallow. {name} is here; what comes before was not fetched."
    if _HASH.fullmatch(name):
        return (
            f"{_ALL_OF_IT} Elsewhere: git fetch --unshallow, or git fetch --depth=1 origin and the commit's whole hash."
        )
    if not name.strip() or ".." in name:
        return _unknown(directory, revision)
    return (
        f"{_ALL_OF_IT} Elsewhere: {_fetching(directory, name)}. "
        f"That is, if there is such a branch or tag; it may be mistyped. {_question(directory, name)}".rstrip()
    )


def _fetching(directory: Path, name: str) -> str:
    remotes = (_answer(directory, "remote") or "").split("\n")
    remote, _, branch = name.partition("/")
    if remote in remotes and branch:
        return shlex.join(["git", "fetch", "--depth=1", remote, f"{branch}:refs/remotes/{name}"])
    return shlex.join(["git", "fetch", "--depth=1", "origin", name]) + " and --base FETCH_HEAD"


def _question(directory: Path, name: str) -> str:
    known = (_answer(directory, "for-each-ref", "--format=%(refname:short)") or "").split("\n")
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}? " if close and close != [name] else ""


def _id(directory: Path, revision: str) -> str | None:
    """The id of whatever a revision names, a commit or not; of what a tag is for, not of the tag."""
    ways = (f"{revision}^{{}}", revision)
    asked = (_answer(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", way) for way in ways)
    return next(filter(None, asked), None)


def _answer(directory: Path, *arguments: str) -> str | None:
    """What git answers; None where it has no answer."""
    try:
        return ask(directory, *arguments).decode("utf-8", "replace").strip()
    except GitError:
        return None


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository: the address of its remote `origin` (None without one), and its branch for what is done.

    The branch is the remote's default; where that is not known, the one that is checked out.
    """

    url: str | None
    branch: str | None


def origin(directory: Path) -> Origin | None:
    """The repository that `directory` is in; None where it is in none, or there is no git."""
    if _line(directory, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    default = _line(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    branch = default.removeprefix("origin/") if default else _line(directory, "symbolic-ref", "--short", "HEAD")
    return Origin(_line(directory, "config", "--get", "remote.origin.url"), branch)


def _line(directory: Path, *arguments: str) -> str | None:
    """The one line that git answers; None where it has no answer."""
    try:
        return ask(directory, *arguments).decode("utf-8", "replace").removesuffix("\n")
    except GitError:
        return None


def prefix(directory: Path) -> str:
    """What leads from the top of the repository to `directory`: "" or a path that ends in "/".

    "" too where there is no repository or no git: files are then named from `directory` itself.
    """
    try:
        return path_from_top(directory)
    except GitError:
        return ""


def path_from_top(directory: Path) -> str:
    """As `prefix`. Raises GitError where there is no repository or no git."""
    above = ask(directory, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
    below = os.path.relpath(os.path.realpath(directory), top_of(directory)).replace(os.sep, "/")
    return above if below == "." else f"{above}{below}/"


_NOTHING_TO_ASK: Final = ("not a git repository", "git is not installed")
"""What is said where there is no repository, and by `ask` where there is no git."""


def uncommitted(directory: Path, contents: Mapping[str, bytes]) -> frozenset[str] | None:
    """Those of the files in `directory`, given by name with what they hold, that are not so in the last commit.

    Contents are compared, not what the index says of files: one that is marked as skip-worktree or assume-unchanged
    counts as any other. Line ends may differ as a checkout makes them differ; what a filter of git makes of a file
    (git-lfs) counts as uncommitted, for no filter is run.

    None where there is no repository, or no git to ask. Raises GitError when git refuses to answer, as it does for a
    repository that belongs to somebody else: what it holds is not known then.
    """
    try:
        ask(directory, "rev-parse", "--git-dir")
    except GitError as error:
        if any(words in error.message for words in _NOTHING_TO_ASK):
            return None
        raise
    committed = _last_commit(directory)
    return frozenset(name for name, content in contents.items() if not _is_held(content, committed.get(name)))


def _last_commit(directory: Path) -> Mapping[str, Entry]:
    """What the last commit has in the directory; nothing before the first one."""
    try:
        ask(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitError:
        return {}
    return entries(directory, "HEAD", ".")


def _is_held(content: bytes, entry: Entry | None) -> bool:
    if entry is None or not entry.is_file:
        return False
    texts = {content, content.replace(b"\r\n", b"\n")}
    return any(content_id(text, entry.id) == entry.id for text in texts)


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
