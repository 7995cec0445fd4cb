"""What set a run off, as far as a plan depends on it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import git
from flowsync.errors import ConfigError, GitError

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.model import JsonValue

WITH_SECRETS: Final = "pull_request_target"
"""The event of pull requests that also those from forks get secrets with."""
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NO_COMMIT: Final = re.compile(r"0+")
"""What GitHub says for "before" a branch was there."""


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A pull request was opened or changed. `head` and `base` are commits; `is_fork`: its head is elsewhere."""

    number: int
    head: str
    base: str
    is_fork: bool


@dataclass(frozen=True, slots=True)
class MergeGroupEvent:
    """A merge queue tries what a merge would give."""

    base: str


@dataclass(frozen=True, slots=True)
class PushEvent:
    """Commits came to a branch; `before` is its former head, None for a new branch. `commits`: newest last."""

    before: str | None
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """A schedule, somebody's click, or anything else that says nothing of a change."""

    name: str


Event: TypeAlias = "PullRequestEvent | MergeGroupEvent | PushEvent | OtherEvent"


def read_event(name: str, path: Path) -> Event:
    """Read the event's document. Raises ConfigError when it is not what GitHub documents, or is one to be kept off."""
    if name == WITH_SECRETS:
        raise ConfigError(
            f"flowsync does not run on {name}: it has the repository's secrets, and its token may write.",
            hint="With a checkout of the pull request both are in the hands of whoever opened it. Use pull_request.",
        )
    try:
        payload: JsonValue = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"The event's document ({path.name}, from GITHUB_EVENT_PATH) cannot be read.") from None
    event = parse_event(name, payload)
    if event is None:
        raise ConfigError(f"The event's document does not describe a {name} as GitHub documents it.")
    return event


def parse_event(name: str, payload: JsonValue) -> Event | None:
    """Return the event of this name; None when the payload does not fit it."""
    match name:
        case "pull_request":
            return _pull_request(payload)
        case "merge_group":
            base = _sha(_at(payload, "merge_group", "base_sha"))
            return MergeGroupEvent(base) if base else None
        case "push":
            return PushEvent(_sha(_at(payload, "before")), _commits(_at(payload, "commits")))
        case _:
            return OtherEvent(name)


def _pull_request(payload: JsonValue) -> PullRequestEvent | None:
    number = _at(payload, "pull_request", "number")
    head, base = (_sha(_at(payload, "pull_request", side, "sha")) for side in ("head", "base"))
    if not isinstance(number, int) or not head or not base:
        return None
    home, theirs = (_at(payload, "pull_request", side, "repo", "full_name") for side in ("base", "head"))
    return PullRequestEvent(number, head, base, is_fork=theirs != home)


def _commits(value: JsonValue) -> tuple[str, ...]:
    found = (_sha(_at(commit, "id")) for commit in value) if isinstance(value, list) else ()
    return tuple(sha for sha in found if sha)


def _sha(value: JsonValue) -> str | None:
    is_commit = isinstance(value, str) and _SHA.fullmatch(value) and not _NO_COMMIT.fullmatch(value)
    return str(value) if is_commit else None


def _at(value: JsonValue, *keys: str) -> JsonValue:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def base_of(event: Event, checkout: Path, shown: str | None = None) -> str | None:
    """The revision that a plan for `event` is to be compared with; None where there is none.

    For a pull request, what it would be merged into. For a push, what the plan shown in its pull request was
    compared with (`shown`): live is as it was then, whether or not applies in between were superseded.
    """
    match event:
        case PullRequestEvent(head=head, base=base):
            return _merged_into(checkout, head) or _fork_point(checkout, base) or base
        case MergeGroupEvent(base=base):
            return base
        case PushEvent(before=before):
            return shown or before
        case OtherEvent():
            return shown


def _merged_into(checkout: Path, head: str) -> str | None:
    """The first parent, where what is checked out is the merge that GitHub tries for a pull request."""
    parents = _answer(checkout, "rev-list", "--parents", "--max-count=1", "HEAD").split()[1:]
    return parents[0] if parents[1:] == [head] else None


def _fork_point(checkout: Path, base: str) -> str | None:
    return _answer(checkout, "merge-base", "HEAD", base).strip() or None


def _answer(checkout: Path, *question: str) -> str:
    """What git answers; nothing where it cannot."""
    try:
        return git.ask(checkout, *question).decode("ascii", "replace")
    except GitError:
        return ""
