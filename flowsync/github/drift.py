"""The report of drift: one open issue, or one pull request that takes the live edits over into the files."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.errors import GithubError
from flowsync.github.api import number, text
from flowsync.github.comments import NotWritten, Written, create, own_author, own_items, send
from flowsync.github.review import branch_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.github.api import Github
    from flowsync.github.comments import Draft, Own, Posting
    from flowsync.model import JsonValue

CLOSED_LOOKED_AT: Final = 1_000
"""How many closed issues and pull requests are looked through for the last issue about drift."""
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
    """Open the issue, or edit it if it shows another state. Raises ApiError.

    Where somebody closed the last one as not planned, it is not opened again while it would say the same.
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
    """Close what is open, with a last comment; the address of it, None when nothing was open. Raises ApiError."""
    issues = _open_issues(github, key)
    for issue in issues:
        github.write("POST", f"issues/{number(issue.item, 'number')}/comments", {"body": farewell})
        _close_issue(github, issue)
    return issues[0].url if issues else None


def _close_issue(github: Github, issue: Own) -> None:
    """Close an issue as completed: "not planned" is what people say."""
    github.write("PATCH", f"issues/{number(issue.item, 'number')}", {"state": "closed", "state_reason": "completed"})


def _open_issues(github: Github, key: str) -> list[Own]:
    """The open issues that this token wrote with this key's marker, the oldest first."""
    found = own_items(github, own_author(github), key, "issues", state="open", sort="created", direction="asc")
    return [issue for issue in found if "pull_request" not in issue.item]


def _last_closed_issue(github: Github, key: str) -> Own | None:
    """The newest of the closed issues that this token wrote with this key's marker, if it is among those looked at."""
    found = own_items(
        github,
        own_author(github),
        key,
        "issues",
        most=CLOSED_LOOKED_AT,
        state="closed",
        sort="created",
        direction="desc",
    )
    issues = [issue for issue in found if "pull_request" not in issue.item]
    return max(issues, key=lambda issue: number(issue.item, "number"), default=None)


@dataclass(frozen=True, slots=True)
class ProposedFile:
    """A file as it would be: its path from the top of the repository, and whether it may be executed."""

    path: str
    text: str
    is_executable: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """`files` upon the commit `onto` of the branch `base`, by way of `branch`; `draft` is what is said of it."""

    files: tuple[ProposedFile, ...]
    onto: str
    base: str
    branch: str
    draft: Draft


def branch_name(environment: str | None, key: str) -> str:
    """The branch for an environment's drift; no other environment's or configuration's is called so."""
    words = [_UNSAFE.sub("-", environment or "").strip("-")[:40], key[:8]]
    return "-".join([PREFIX, *filter(None, words)])


def digest_of(files: Sequence[ProposedFile]) -> str:
    """64 hexadecimal digits over what would be in the files."""
    lines = (f"{file.path}\0{file.is_executable}\0{file.text}\0" for file in sorted(files, key=lambda each: each.path))
    return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def propose(github: Github, proposal: Proposal) -> Posting:
    """Open the pull request, or bring it up to date. Raises ApiError."""
    draft, branch = proposal.draft, proposal.branch
    known = _newest_pull(github, branch, draft.marker.key)
    is_open = known is not None and text(known.item, "state") == "open"
    if known and known.marker.digest == draft.marker.digest and not text(known.item, "merged_at"):
        refused = f"pull request {number(known.item, 'number')} proposed it and was closed"
        return Written(known.url) if is_open else NotWritten(refused)
    head = _head(github, branch)
    if head is not None and not _is_ours(github, head):
        return NotWritten(f"the branch {branch} has commits of somebody else")
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
    """Close the open pull request, with a last comment, and delete its branch; the address, None when none was open."""
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
    """Bring the branch from `head` (None: there is none) to a commit; why that could not be, empty when it was done.

    GitHub has no update that asks for the former commit. So it is looked at again right before.
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
    """Delete the branch if it still is at our commit and nobody has opened a pull request from it.

    What GitHub does not let us delete stays.
    """
    with suppress(GithubError):
        pulls = github.items("pulls", state="open", head=_owned(github, branch))
        if _head(github, branch) == commit and next(pulls, None) is None:
            github.write("DELETE", f"git/refs/heads/{quote(branch)}")


def _newest_pull(github: Github, branch: str, key: str) -> Own | None:
    """The newest pull request from the branch, open or not, that this token wrote with this key's marker."""
    me, head = own_author(github), _owned(github, branch)
    return next(own_items(github, me, key, "pulls", state="all", head=head, sort="created", direction="desc"), None)


def _owned(github: Github, branch: str) -> str:
    """The branch as lists of pull requests are asked for it."""
    return f"{github.repository.partition('/')[0]}:{branch}"


def _head(github: Github, branch: str) -> str | None:
    """The commit that the branch is at; None where there is no such branch."""
    try:
        return branch_head(github, branch)
    except GithubError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _is_ours(github: Github, commit: str) -> bool:
    """Whether a commit is one that `propose` made: a later or an edited one does not end in a trailer of its tree."""
    found = github.get(f"git/commits/{commit}")
    last = text(found, "message").rstrip().rpartition("\n")[2]
    return last == f"{_TRAILER}{text(found, 'tree', 'sha')}"


def _commit(github: Github, proposal: Proposal) -> str:
    """A commit with the files, upon what was looked at."""
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
