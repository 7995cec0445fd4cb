"""Which pull requests a commit came with, what plan they showed, and what a plan would write that none showed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.diff.fields import fingerprint, sha256
from flowsync.errors import GithubError
from flowsync.github.api import MOST_PARTS, PART_LENGTH, number, text
from flowsync.github.comments import is_as_written, own_author, own_comments
from flowsync.plan.document import action, json_safe, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowsync.github.api import Github, Marker
    from flowsync.github.comments import Author
    from flowsync.model import Change, FieldName, JsonValue, Plan

COMMITS_LOOKED_AT: Final = 30
"""How far back a reviewed plan is looked for: an apply that was superseded leaves its changes to the next one."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The commit that is applied: which branch it came to (None: no branch), and the key of its plan's comments."""

    sha: str
    branch: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a commit came with.

    `shown` are its merged pull requests, each with the marker of the plan shown in it, None where none
    was: one for a merge, a squash or a rebase, several for a merge queue, none for a direct push.
    """

    me: Author
    shown: dict[int, Marker | None]

    @property
    def pull(self) -> int | None:
        """The pull request whose comment says what became of it."""
        return next(iter(self.shown), None)

    @property
    def marker(self) -> Marker | None:
        """The marker of the plan that was shown there."""
        return None if self.pull is None else self.shown[self.pull]


def branch_head(github: Github, branch: str) -> str:
    """The commit that a branch is at now: of that branch, never of a tag of the same name. Raises GithubError."""
    commit = text(github.get(f"git/ref/heads/{quote(branch)}"), "object", "sha")
    if not commit:
        raise GithubError("GitHub's answer does not say which commit the branch is at.")
    return commit


def origin(github: Github, tip: Tip) -> Origin:
    """What the commit came with."""
    me = own_author(github)
    return Origin(me, {pull: _shown_plan(github, pull, me, tip.key) for pull in _merged(github, tip.sha, tip.branch)})


def pushed_with(github: Github, tip: Tip, came_with: Origin, commits: Sequence[str]) -> dict[int, Marker]:
    """The plans of the other merged pull requests that the same push brought, as a merge queue's does."""
    earlier = [each for each in commits if each != tip.sha][-COMMITS_LOOKED_AT:]
    brought = dict.fromkeys(pull for commit in earlier for pull in _merged(github, commit, tip.branch))
    others = [pull for pull in brought if pull not in came_with.shown]
    return {pull: plan for pull in others if (plan := _shown_plan(github, pull, came_with.me, tip.key))}


def extras(github: Github, plan: Plan, tip: Tip, came_with: Origin) -> tuple[Change, ...]:
    """What a plan would write though no merged pull request showed it.

    Commits before the tip are looked at only while something is left that nobody was shown, and only back to the
    newest one that was applied: what was shown before that has been done, and would now undo a later edit.
    """
    known = set(came_with.shown)
    markers = [marker for marker in came_with.shown.values() if marker]
    shown: list[Marker] = [*markers]
    unseen = unreviewed(plan, shown)
    commits = islice(github.items("commits", sha=tip.sha), 1, COMMITS_LOOKED_AT)
    while unseen and not any(marker.applied for marker in markers) and (commit := next(commits, None)) is not None:
        pulls = [pull for pull in _merged(github, text(commit, "sha"), tip.branch) if pull not in known]
        known.update(pulls)
        markers = [marker for pull in pulls if (marker := _shown_plan(github, pull, came_with.me, tip.key))]
        if not any(marker.applied for marker in markers):
            shown += markers
            unseen = unreviewed(plan, shown)
    return unseen


def _merged(github: Github, commit: str, branch: str | None) -> list[int]:
    """The merged pull requests that a commit came with, by whatever kind of merge."""
    return [
        number(pull, "number")
        for pull in github.items(f"commits/{commit}/pulls")
        if text(pull, "merged_at") and (branch is None or text(pull, "base", "ref") == branch)
    ]


def _shown_plan(github: Github, pull: int, me: Author, key: str) -> Marker | None:
    """The marker of the newest plan shown in a pull request; None where somebody has edited it by hand."""
    comments = own_comments(github, pull, me, key)
    return comments[-1].marker if comments and is_as_written(github, comments[-1], me) else None


_UNSEEN = "unseen"
"""Stands for the value before where the API does not return a field: whatever it is, it is replaced."""


def parts(plan: Plan) -> frozenset[str]:
    """The hashes of all that a plan would write: of each field, else of each change, else of all, as many as fit."""
    fields = [_fields(plan, change) for change in plan.writes]
    if sum(map(len, fields)) <= MOST_PARTS:
        return frozenset(chain.from_iterable(fields))
    return frozenset(map(_whole, fields)) if len(fields) <= MOST_PARTS else frozenset([_all(plan)])


def unreviewed(plan: Plan, markers: Iterable[Marker]) -> tuple[Change, ...]:
    """The changes of a plan that none of the reviewed ones showed."""
    reviewed = tuple(markers)
    shown = frozenset(part for marker in reviewed for part in marker.parts)
    if hexadecimal(plan.digest) in {marker.digest for marker in reviewed} or _all(plan) in shown:
        return ()
    return tuple(change for change in (*plan.changes, *plan.unverified) if not _is_shown(plan, change, shown))


def hexadecimal(digest: str) -> str:
    """A digest without the name of its algorithm."""
    return digest.rpartition(":")[2]


def _is_shown(plan: Plan, change: Change, shown: frozenset[str]) -> bool:
    """Whether every field was shown as it is now, or as one that is replaced whatever it is.

    The latter is how a plan made with a public key shows a field that only a private one returns.
    """
    return _whole(_fields(plan, change)) in shown or all(
        _part(plan, change, field, _before(change, field)) in shown or _part(plan, change, field, _UNSEEN) in shown
        for field in change.body
    )


def _all(plan: Plan) -> str:
    """The hash of all that a plan would do, whatever key it was made with and whatever it was compared with."""
    return hexadecimal(meaning(plan))[:PART_LENGTH]


def _whole(fields: Iterable[str]) -> str:
    """The hash of a whole change, from those of its fields."""
    return hexadecimal(sha256("".join(sorted(fields))))[:PART_LENGTH]


def _fields(plan: Plan, change: Change) -> list[str]:
    """The hash of each field that a change would write."""
    return [_part(plan, change, field, _before(change, field)) for field in change.body]


def _before(change: Change, field: FieldName) -> str:
    return fingerprint({field: change.old[field]}) if field in change.old else _UNSEEN


def _part(plan: Plan, change: Change, field: FieldName, before: str) -> str:
    # What `data` parses to is compared where the plan holds it, not the text that is sent.
    after = fingerprint({field: change.new[field] if field in change.new else change.body[field]})
    row: list[JsonValue] = [action(change), change.slug, change.id, change.version, change.status]
    return hexadecimal(sha256(json_safe([plan.environment, plan.api_url, *row, field, before, after])))[:PART_LENGTH]
