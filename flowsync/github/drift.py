"""Drift: the dashboard edits in a plan, and their report as one issue or one pull request."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from flowsync.errors import GithubError
from flowsync.github.api import number, text
from flowsync.github.comments import NotWritten, Written, create, own_author, own_items, send
from flowsync.github.review import branch_head
from flowsync.model import Create, Origin, RowChange
from flowsync.plan.creating import NOT_LIVE
from flowsync.plan.warnings import HISTORY_CUT, WAITING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.github.api import Github
    from flowsync.github.comments import Draft, OwnItem, Posting
    from flowsync.model import Change, JsonValue, NewDraft, Plan, Update

Row = TypeVar("Row", bound="Update | NewDraft")

CLOSED_LOOKED_AT: Final = 1_000
"""Closed issues and pull requests among which the last issue about drift is looked for."""
PREFIX: Final = "flowsync/drift"
_TRAILER: Final = "flowsync-proposal: "
_NOT_ALLOWED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
_CONFLICTS: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
_ALLOW_IT: Final = (
    "GitHub did not let this run open one. Switch on, in the repository's settings (Actions, General, Workflow "
    'permissions), "Allow GitHub Actions to create and approve pull requests", and give the job pull-requests: write'
)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9]+")


def write_issue(github: Github, draft: Draft) -> Posting:
    """Open the issue, or edit it if the drift has changed. Raises ApiError.

    If somebody closed the last one as not planned, no issue is opened until the drift changes.
    """
    issues = _open_issues(github, draft.marker.key)
    if not issues:
        last = _last_closed_issue(github, draft.marker.key)
        if last and last.marker.digest == draft.marker.digest and text(last.item, "state_reason") == "not_planned":
            return NotWritten(f"somebody closed {last.url} as not planned, and the drift has not changed since")
        return Written(create(github, "issues", draft, lambda: _open_issues(github, draft.marker.key)[:1]))
    oldest, *others = issues
    if oldest.marker.digest != draft.marker.digest:
        send(github, "PATCH", f"issues/{number(oldest.item, 'number')}", draft)
    for issue in others:
        _close_issue(github, issue)
    return Written(oldest.url)


def close_issues(github: Github, key: str, farewell: str) -> str | None:
    """Close open issues with a last comment; the address of the oldest, None without any. Raises ApiError."""
    issues = _open_issues(github, key)
    for issue in issues:
        github.write("POST", f"issues/{number(issue.item, 'number')}/comments", {"body": farewell})
        _close_issue(github, issue)
    return issues[0].url if issues else None


def _close_issue(github: Github, issue: OwnItem) -> None:
    """Close an issue as completed; only people close one as not planned."""
    github.write("PATCH", f"issues/{number(issue.item, 'number')}", {"state": "closed", "state_reason": "completed"})


def _open_issues(github: Github, key: str) -> list[OwnItem]:
    """The open issues that this token wrote with this key, the oldest first."""
    found = own_items(github, own_author(github), key, "issues", state="open", sort="created", direction="asc")
    return [issue for issue in found if "pull_request" not in issue.item]


def _last_closed_issue(github: Github, key: str) -> OwnItem | None:
    """The newest closed issue that this token wrote with this key, if it is among the last CLOSED_LOOKED_AT."""
    newest_first = {"state": "closed", "sort": "created", "direction": "desc"}
    found = own_items(github, own_author(github), key, "issues", most=CLOSED_LOOKED_AT, **newest_first)
    issues = [issue for issue in found if "pull_request" not in issue.item]
    return max(issues, key=lambda issue: number(issue.item, "number"), default=None)


@dataclass(frozen=True, slots=True)
class ProposedFile:
    """A new version of a file; `path` is from the top of the repository."""

    path: str
    text: str
    is_executable: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request from `branch` into `base` that puts `files` on top of the commit `onto`; `draft` is its text."""

    files: tuple[ProposedFile, ...]
    onto: str
    base: str
    branch: str
    draft: Draft


def branch_name(environment: str | None, key: str) -> str:
    """The branch for an environment's drift; each environment and configuration has its own."""
    words = [_UNSAFE.sub("-", environment or "").strip("-")[:40], key[:8]]
    return "-".join([PREFIX, *filter(None, words)])


def digest_of(files: Sequence[ProposedFile]) -> str:
    """The hash of the new files: 64 hexadecimal digits."""
    lines = (f"{file.path}\0{file.is_executable}\0{file.text}\0" for file in sorted(files, key=lambda each: each.path))
    return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def propose(github: Github, proposal: Proposal) -> Posting:
    """Open the pull request, or update it. Raises ApiError."""
    draft, branch = proposal.draft, proposal.branch
    known = _newest_pull(github, branch, draft.marker.key)
    is_open = known is not None and text(known.item, "state") == "open"
    if known and known.marker.digest == draft.marker.digest and not text(known.item, "merged_at"):
        refused = f"pull request {number(known.item, 'number')} proposed it and was closed"
        return Written(known.url) if is_open else NotWritten(refused)
    head = _head(github, branch)
    if head is not None and not _is_ours(github, head):
        return NotWritten(f"the branch {branch} has commits by somebody else")
    commit = _commit(github, proposal)
    if reason := _move(github, branch, head, commit):
        return NotWritten(reason)
    body: dict[str, JsonValue] = {"title": draft.title, "body": draft.full, "base": proposal.base}
    if known and is_open:
        return Written(text(github.write("PATCH", f"pulls/{number(known.item, 'number')}", body), "html_url"))
    body |= {"head": branch, "maintainer_can_modify": True}
    try:
        return Written(text(github.write("POST", "pulls", body), "html_url"))
    except GithubError as error:
        if error.status not in _NOT_ALLOWED:
            raise
        _delete(github, branch, commit)
        return NotWritten(f"{_ALLOW_IT} ({error.message.rstrip('.')})")


def withdraw(github: Github, branch: str, key: str, farewell: str) -> str | None:
    """Close the open pull request with a last comment and delete its branch; its address, None when none was open."""
    known = _newest_pull(github, branch, key)
    if known is None or text(known.item, "state") != "open":
        return None
    github.write("POST", f"issues/{number(known.item, 'number')}/comments", {"body": farewell})
    github.write("PATCH", f"pulls/{number(known.item, 'number')}", {"state": "closed"})
    head = _head(github, branch)
    if head is not None and _is_ours(github, head):
        _delete(github, branch, head)
    return known.url


def _move(github: Github, branch: str, head: str | None, commit: str) -> str:
    """Move the branch from `head` (None: create it) to a commit; the reason if that failed, else empty.

    GitHub has no update that checks the former commit, so the branch is read again right before.
    """
    if _head(github, branch) != head:
        return f"somebody has just changed the branch {branch}"
    try:
        if head is None:
            github.write("POST", "git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
        else:
            github.write("PATCH", f"git/refs/heads/{quote(branch)}", {"sha": commit, "force": True})
    except GithubError as error:
        if error.status not in _CONFLICTS:
            raise
        return f"the branch {branch} could not be updated ({error.message.rstrip('.')})"
    return ""


def _delete(github: Github, branch: str, commit: str) -> None:
    """Delete the branch, if allowed, unless it has another commit or somebody opened a pull request from it."""
    with suppress(GithubError):
        pulls = github.items("pulls", state="open", head=_owned(github, branch))
        if _head(github, branch) == commit and next(pulls, None) is None:
            github.write("DELETE", f"git/refs/heads/{quote(branch)}")


def _newest_pull(github: Github, branch: str, key: str) -> OwnItem | None:
    """The newest pull request from the branch, open or closed, that this token wrote with this key."""
    me, head = own_author(github), _owned(github, branch)
    return next(own_items(github, me, key, "pulls", state="all", head=head, sort="created", direction="desc"), None)


def _owned(github: Github, branch: str) -> str:
    """The branch as the query of pull requests names it."""
    return f"{github.repository.partition('/')[0]}:{branch}"


def _head(github: Github, branch: str) -> str | None:
    """The commit that the branch is at; None if it does not exist."""
    try:
        return branch_head(github, branch)
    except GithubError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _is_ours(github: Github, commit: str) -> bool:
    """Whether `propose` made a commit: its message ends in a trailer with its own tree."""
    found = github.get(f"git/commits/{commit}")
    last = text(found, "message").rstrip().rpartition("\n")[2]
    return last == f"{_TRAILER}{text(found, 'tree', 'sha')}"


def _commit(github: Github, proposal: Proposal) -> str:
    """Create the commit with the files and return its hash."""
    base = github.get(f"git/commits/{proposal.onto}")
    entries: list[JsonValue] = [
        {"path": file.path, "mode": "100755" if file.is_executable else "100644", "type": "blob", "content": file.text}
        for file in proposal.files
    ]
    made = github.write("POST", "git/trees", {"base_tree": text(base, "tree", "sha"), "tree": entries})
    tree = text(made, "sha")
    message = f"{proposal.draft.title}\n\n{_TRAILER}{tree}"
    commit: JsonValue = {"message": message, "tree": tree, "parents": [proposal.onto]}
    return text(github.write("POST", "git/commits", commit), "sha")


def edits(plan: Plan) -> Plan:
    """Return the plan with only the dashboard edits: without what waits for an apply, and without bodies.

    A file without a live flow is no edit either.

    So its meaning (`document.meaning`) changes with an edit, not with a merge or an apply of something else.
    """
    changes = (_edits(change) for change in plan.changes if isinstance(change, RowChange))
    blocked = tuple(each for each in plan.blocked if each.code not in NOT_LIVE)
    return replace(plan, changes=tuple(change for change in changes if change.fields), blocked=blocked)


def _edits(change: Row) -> Row:
    left = tuple(field for field in change.fields if field.origin is not Origin.WAITING)
    # Where places of one field wait and others were edited, there is no value of the field to show.
    partly = {field.field for field in change.fields if field.origin is Origin.WAITING}
    return replace(
        change,
        fields=left,
        warnings=tuple(warning for warning in change.warnings if warning.code != WAITING),
        body={},
        before="",
        after="",
        old={name: value for name, value in change.old.items() if name not in partly},
        new={name: value for name, value in change.new.items() if name not in partly},
    )


def not_live(plan: Plan) -> list[str]:
    """Return the slugs of the files that no live flow has: not applied yet, or deleted in the dashboard."""
    creates = (each.slug for each in plan.changes if isinstance(each, Create))
    return sorted([*creates, *(each.slug for each in plan.blocked if each.code in NOT_LIVE)])


def waiting(plan: Plan) -> Sequence[Change]:
    """Return the changes of live flows that wait for an apply, in the order of their slugs."""
    changes = (each for each in plan.changes if not isinstance(each, Create))
    found = (each for each in changes if any(field.origin is Origin.WAITING for field in each.fields))
    return sorted(found, key=lambda change: change.slug)


def is_uncertain(plan: Plan) -> bool:
    """Whether some edits may be changes that wait for an apply, because the history that would show it is missing."""
    return any(warning.code == HISTORY_CUT for change in plan.changes for warning in change.warnings)
