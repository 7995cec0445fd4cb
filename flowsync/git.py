"""Reads git: nothing here writes to a repository, its index or its working tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
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
    "log.showRoot": "true",
    "log.showSignature": "false",
    "log.diffMerges": "separate",
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


_NOTHING_TO_ASK: Final = ("not a git repository", "git is not installed")
"""What is said if there is no repository, and by `ask` if there is no git."""
_STEP: Final = re.compile(r"[~^:]|@\{")
"""Where in a revision its name ends, as in main~3."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_LOG: Final = (
    *("--first-parent", "-m", "--topo-order", "--raw", "-z", "--no-renames", "--no-abbrev"),
    *(
        "--no-relative",
        "--no-follow",
        "--no-show-signature",
        "--no-ext-diff",
        "--no-textconv",
        "--no-notes",
        "--no-decorate",
        "--encoding=UTF-8",
    ),
)
_FILE_MODES: Final = frozenset({"100644", "100755"})
_SHA256_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository: the address of its remote `origin` (None without one), and its branch for what is done.

    The branch is the remote's default; if that is not known, the one that is checked out.
    """

    url: str | None
    branch: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit of a branch did to one file: the ids of its content before and after.

    None if there was no regular file. `has_parent` is false for the first commit, and where a shallow clone ends.
    """

    commit: str
    subject: str
    has_parent: bool
    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a tree: the id of its content, and whether it is a regular file (not a link, not a module)."""

    id: str
    is_file: bool


def ask(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    """The output of `git ARGUMENTS` at the top of the repository of `directory`, with `given` on its stdin.

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


def answer(directory: Path, *arguments: str) -> str | None:
    """The output of git without the line feed at its end; None if git fails."""
    try:
        return ask(directory, *arguments).decode("utf-8", "replace").removesuffix("\n")
    except GitError:
        return None


def top_of(directory: Path) -> Path:
    """The nearest directory that holds `.git`, from `directory` upwards; `directory` itself if none does.

    Links are resolved: names below the top are then the names that git has.
    """
    here = Path(os.path.realpath(directory))
    return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), here)


def _trusted_directories() -> bytes:
    """The `safe.directory` settings of the user and the system, as lines of a configuration file.

    Containers of CI need them: the checkout belongs to another user there.
    """
    known = {
        name: value
        for name, value in os.environ.items()
        if name in _PLACES_OF_CONFIGURATION or name.startswith("GIT_CONFIG")
    }
    question = ("config", "--null", "--type=path", "--get-all", "safe.directory")
    try:
        # GIT_DIR names no repository, so none is read.
        output = _run(Path.cwd(), question, b"", {**known, "LC_ALL": "C", "GIT_DIR": os.devnull})
    except (GitError, OSError):
        return b""
    values = output.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").split(b"\0")[:-1]
    return b"".join(b'directory = "' + value + b'"\n' for value in values)


def _run(directory: Path, arguments: tuple[str, ...], given: bytes, environment: Mapping[str, str]) -> bytes:
    # Never a program in the current directory, which may be the repository: there, relative entries of PATH lead, and
    # on Windows shutil.which too, where it is given a bare name.
    paths = [path for path in os.get_exec_path() if Path(path).is_absolute()]
    name = "git.exe" if os.name == "nt" else "git"
    program = next(filter(shutil.which, (os.path.join(path, name) for path in paths)), None)  # noqa: PTH118 - text
    if program is None:
        raise GitError("git is not installed, or not on the PATH.", hint="Install git.")
    passed_on = {name: value for name, value in os.environ.items() if name.upper() in _PASSED_ON}
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; what is asked comes from flowsync
            [program, *_OPTIONS, *arguments],
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
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.decode("utf-8", errors="replace").strip().splitlines() or ["it gave no reason."]
    fatal = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
    advice = lines[-1].strip()  # git itself advises a command there for a repository of somebody else
    hint = advice if advice.startswith("git ") else None
    if "promisor" in fatal:
        hint = "This clone lacks contents. Clone without --filter, or fetch them: git fetch --refetch --no-filter."
    raise GitError(f"git {arguments[0]} failed: {fatal}", hint=hint)


def origin(directory: Path) -> Origin | None:
    """The repository that `directory` is in; None if it is in none, or there is no git."""
    if answer(directory, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    default = answer(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    branch = default.removeprefix("origin/") if default else answer(directory, "symbolic-ref", "--short", "HEAD")
    return Origin(answer(directory, "config", "--get", "remote.origin.url"), branch)


def prefix(directory: Path) -> str:
    """The path from the top of the repository to `directory`: "" or a path that ends in "/".

    "" too if there is no repository or no git: files are then named from `directory` itself.
    """
    try:
        return _path_from_top(directory)
    except GitError:
        return ""


def commit_of(directory: Path, revision: str) -> str:
    """The commit, as its full hash, that `revision` names in the repository `directory` is in.

    Raises GitError if there is none, with what to do about it in a clone that lacks history.
    """
    try:
        output = ask(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitError:
        raise _no_commit(directory, revision) from None
    return output.decode("ascii").strip()


def head(directory: Path) -> str | None:
    """The commit that is checked out; None if there is no repository, no commit yet, or no git to ask.

    Raises GitError when git refuses to answer: what the repository holds is not known then.
    """
    return _head(directory) if _has_repository(directory) else None


def _has_repository(directory: Path) -> bool:
    """Whether there is a repository, and git to ask. Raises GitError when git refuses to answer."""
    try:
        ask(directory, "rev-parse", "--git-dir")
    except GitError as error:
        if any(words in error.message for words in _NOTHING_TO_ASK):
            return False
        raise
    return True


def _head(directory: Path) -> str | None:
    return answer(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def branch_point(directory: Path) -> str | None:
    """The last commit that the branch has from the default branch of `origin`, else the one that is checked out.

    None if there is no repository, no commit yet, or no git. Raises GitError as `head`.
    """
    commit = head(directory)
    return commit and (answer(directory, "merge-base", "HEAD", "refs/remotes/origin/HEAD") or commit)


def entries(directory: Path, commit: str, path: str) -> Mapping[str, Entry]:
    """The content of a commit at or below `path` (relative to `directory`), by its name there; "" is `path`."""
    top = normpath(f"{_path_from_top(directory)}{path}")
    if top == ".." or top.startswith("../"):
        raise GitError(f"{path} is outside of the repository.")
    top = "" if top == "." else top
    output = ask(directory, "ls-tree", "-r", "-z", "--full-tree", commit, *(["--", top] if top else []))
    found: dict[str, Entry] = {}
    for record in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, name = record.partition("\t")
        mode, _, id_ = facts.split(" ")
        found[name.removeprefix(top).removeprefix("/") if top else name] = Entry(id_, mode in _FILE_MODES)
    return found


def contents(directory: Path, ids: Sequence[str]) -> list[bytes]:
    """The contents with these ids, in their order. Raises GitError when one is not at hand."""
    if not ids:
        return []
    output = ask(directory, "cat-file", "--batch", given="".join(f"{each}\n" for each in ids).encode())
    found: list[bytes] = []
    start = 0
    for _ in ids:
        end = output.index(b"\n", start)
        _, kind, *size = output[start:end].split(b" ")
        if kind != b"blob" or not size:
            raise GitError(
                "A file at that revision cannot be read: this clone does not have it.",
                hint="Clone without --filter, or fetch it: git fetch --refetch --no-filter.",
            )
        start = end + 1 + int(size[0])
        found.append(output[end + 1 : start])
        start += 1
    return found


def steps(directory: Path, commit: str) -> Iterator[Step]:
    """The changes that each commit from `commit` backwards made to files named *.yaml or *.yml, anywhere.

    The newest comes first. Of a merge only the first parent is followed, and the merge counts for all that it brought:
    these are the states that the branch itself was in. Paths are named from the top of the repository.
    """
    # Not the paths of certain files: git matches each pattern with each file of each commit.
    output = ask(directory, "log", *_LOG, "--format=%H%n%P%n%s", commit, "--", ":(top)*.yaml", ":(top)*.yml")
    parts = iter(output.decode("utf-8", "surrogateescape").split("\0")[:-1])
    hash_ = parents = subject = ""
    for part in parts:
        facts = part.removeprefix("\n")  # git ends the line of a commit before what that changed
        if not facts.startswith(":"):
            hash_, parents, subject = facts.split("\n", 2)
            continue
        old_mode, new_mode, old, new, _ = facts[1:].split(" ")
        before, after = old if old_mode in _FILE_MODES else None, new if new_mode in _FILE_MODES else None
        yield Step(hash_, subject, bool(parents), next(parts), before, after)


def is_shallow(directory: Path) -> bool:
    """Whether the clone lacks the beginning of the history. Raises GitError."""
    return ask(directory, "rev-parse", "--is-shallow-repository").strip() == b"true"


def content_id(content: bytes, like: str) -> str:
    """The id that git gives this content, by the same hash algorithm as the id `like`."""
    kind = sha256 if len(like) == _SHA256_LENGTH else sha1
    return kind(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def uncommitted(directory: Path, contents: Mapping[str, bytes]) -> frozenset[str] | None:
    """The names of those files in `directory` whose `contents` differ from the last commit.

    Contents are compared, not what the index says of files: one that is marked as skip-worktree or assume-unchanged
    counts as any other. Line ends may differ as a checkout makes them differ; what a filter of git makes of a file
    (git-lfs) counts as uncommitted, for no filter is run.

    None if there is no repository, or no git to ask. Raises GitError when git refuses to answer, as it does for a
    repository that belongs to somebody else: what it holds is not known then.
    """
    if not _has_repository(directory):
        return None
    committed = entries(directory, "HEAD", ".") if _head(directory) else {}

    def is_committed(name: str, content: bytes) -> bool:
        entry = committed.get(name)
        texts = {content, content.replace(b"\r\n", b"\n")}
        return bool(entry and entry.is_file and entry.id in {content_id(text, entry.id) for text in texts})

    return frozenset(name for name, content in contents.items() if not is_committed(name, content))


def _path_from_top(directory: Path) -> str:
    above = ask(directory, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
    below = os.path.relpath(os.path.realpath(directory), top_of(directory)).replace(os.sep, "/")
    return above if below == "." else f"{above}{below}/"


def _no_commit(directory: Path, revision: str) -> GitError:
    try:
        lacks_history = is_shallow(directory)
    except GitError as error:
        return GitError(f"A revision needs a git repository with history. {error.message}", hint=error.hint)
    if (other := _id(directory, revision)) and (kind := answer(directory, "cat-file", "-t", other)):
        return GitError(f"{revision!r} is a {kind}, and a commit is needed.", hint="Name a branch, tag or commit.")
    message = f"This clone is shallow, and {revision!r} is not in it."
    if not lacks_history:
        message = f"There is no revision {revision!r} here."
    return GitError(message, hint=_way_out(directory, revision, lacks_history=lacks_history))


def _way_out(directory: Path, revision: str, *, lacks_history: bool) -> str:
    name = _STEP.split(revision, maxsplit=1)[0]
    if lacks_history and name.strip() and ".." not in name:
        remote, _, branch = name.partition("/")
        if name != revision and _id(directory, name):
            fetch = f"git fetch --unshallow. {name} is here; what comes before was not fetched."
        elif _HASH.fullmatch(name):
            fetch = "git fetch --unshallow, or git fetch --depth=1 origin and the commit's whole hash."
        else:
            fetch = shlex.join(["git", "fetch", "--depth=1", "origin", name]) + " and FETCH_HEAD in its place"
            if branch and remote in (answer(directory, "remote") or "").split("\n"):
                fetch = shlex.join(["git", "fetch", "--depth=1", remote, f"{branch}:refs/remotes/{name}"])
            fetch += f". That is, if there is such a branch or tag; it may be mistyped. {_question(directory, name)}"
        return f"On GitHub give actions/checkout fetch-depth: 0. Elsewhere: {fetch.rstrip()}"
    if not revision.strip():
        return "It is empty: the variable it comes from may not be set."
    if ".." in revision:
        return "A range is no revision: name one commit, such as that of git merge-base A B."
    return f"{_question(directory, revision)}git fetch, or name another branch, tag or commit."


def _question(directory: Path, name: str) -> str:
    known = (answer(directory, "for-each-ref", "--format=%(refname:short)") or "").split("\n")
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}? " if close and close != [name] else ""


def _id(directory: Path, revision: str) -> str | None:
    """The id of the object that a revision names, a commit or not; for a tag, of its target."""
    for name in (f"{revision}^{{}}", revision):
        if found := answer(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", name):
            return found
    return None
