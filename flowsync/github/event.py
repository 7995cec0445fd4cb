"""What set a run off, as far as a plan depends on it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import git
from flowsync.errors import ConfigError
from flowsync.github.api import at, text

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.model import JsonValue

WITH_SECRETS: Final = "pull_request_target"
"""The event by which pull requests from forks, too, get secrets."""
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NO_COMMIT: Final = re.compile(r"0+")
"""What GitHub says for "before" when a branch is new."""


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A pull request was opened or changed. `head` and `base` are commits, `into` is the branch it is for.

    `is_fork`: its head is elsewhere.
    """

    number: int
    head: str
    base: str
    is_fork: bool
    into: str = ""


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
    """Read the event's document.

    Raises ConfigError when it is not what GitHub documents, and for an event that flowsync must not run on.
    """
    if name == WITH_SECRETS:
        raise ConfigError(
            f"flowsync does not run on {name}: it has the repository's secrets, and its token may write.",
            hint="With a checkout of the pull request both are in the hands of whoever opened it. Use pull_request.",
        )
    try:
        payload: JsonValue = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"The event's document ({path.name}, from GITHUB_EVENT_PATH) cannot be read.") from None
    event = _parse_event(name, payload)
    if event is None:
        raise ConfigError(f"The event's document does not describe a {name} as GitHub documents it.")
    return event


def _parse_event(name: str, payload: JsonValue) -> Event | None:
    """The event of this name; None when the payload does not fit it."""
    match name:
        case "pull_request":
            pull = at(payload, "pull_request")
            number, head, base = at(pull, "number"), _sha(at(pull, "head", "sha")), _sha(at(pull, "base", "sha"))
            if not isinstance(number, int) or not head or not base:
                return None
            is_fork = at(pull, "head", "repo", "full_name") != at(pull, "base", "repo", "full_name")
            return PullRequestEvent(number, head, base, is_fork, text(pull, "base", "ref"))
        case "merge_group":
            base = _sha(at(payload, "merge_group", "base_sha"))
            return MergeGroupEvent(base) if base else None
        case "push":
            commits = at(payload, "commits")
            found = (_sha(at(commit, "id")) for commit in commits) if isinstance(commits, list) else ()
            return PushEvent(_sha(at(payload, "before")), tuple(filter(None, found)))
        case _:
            return OtherEvent(name)


def _sha(value: JsonValue) -> str | None:
    is_commit = isinstance(value, str) and _SHA.fullmatch(value) and not _NO_COMMIT.fullmatch(value)
    return str(value) if is_commit else None


def base_of(event: Event, checkout: Path, shown: str | None = None) -> str | None:
    """The revision that a plan for `event` is to be compared with; None where there is none.

    For a pull request, what it would be merged into. For a push, what the plan shown in its pull request was
    compared with (`shown`): live is as it was then, whether or not applies in between were superseded.
    """
    match event:
        case PullRequestEvent(head=head, base=base):
            # The first parent, where what is checked out is the merge that GitHub tries for a pull request.
            commits = git.answer(checkout, "rev-list", "--parents", "--max-count=1", "HEAD") or ""
            match commits.split():
                case [_, first, second] if second == head:
                    return first
            return git.answer(checkout, "merge-base", "HEAD", base) or base
        case MergeGroupEvent(base=base):
            return base
        case PushEvent(before=before):
            return shown or before
        case OtherEvent():
            return shown
