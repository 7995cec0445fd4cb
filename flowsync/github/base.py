"""With which commit's files a run compares, to tell whose each difference is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync import git
from flowsync.errors import GitError
from flowsync.github.event import MergeGroupEvent, OtherEvent, PullRequestEvent, PushEvent

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.github.event import Event


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
