"""The report of drift: one open issue, or one pull request that takes the live edits over into the files."""

from __future__ import annotations

import re
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

PREFIX: Final = "flowsync/drift"
_TRAILER: Final = "flowsync-proposal: "
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9]+")


def write_issue(github: Github, draft: Draft) -> str:
    """Open the issue, or edit it if it shows another state; its address. Raises ApiError."""
    issues = _open_issues(github, draft.marker.key)
    if not issues:
        return create(github, "issues", draft, lambda: _open_issues(github, draft.marker.key)[:1])
    oldest, *others = issues
    if oldest.marker.digest != draft.marker.digest:
        send(github, "PATCH", f"issues/{number(oldest.item, 'number')}", draft)
    for issue in others:
        _close_issue(github, issue, "not_planned")
    return oldest.url


def close_issues(github: Github, key: str, farewell: str) -> str | None:
    """Close what is open, with a last comment; the address of it, None when nothing was open. Raises ApiError."""
    issues = _open_issues(github, key)
    for issue in issues:
        github.write("POST", f"issues/{number(issue.item, 'number')}/comments", {"body": farewell})
        _close_issue(github, issue, "completed")
    return issues[0].url if issues else None


def _close_issue(github: Github, issue: Own, reason: str) -> None:
    github.write("PATCH", f"issues/{number(issue.item, 'number')}", {"state": "closed", "state_reason": reason})


def _open_issues(github: Github, key: str) -> list[Own]:
    """The open issues that this token wrote with this key's marker, the oldest first."""
    found = own_items(github, own_author(github), key, "issues", state="open", sort="created", direction="asc")
    return [issue for issue in found if "pull_request" not in issue.item]


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
    if head is None:
        github.write("POST", "git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
    else:
        github.write("PATCH", f"git/refs/heads/{quote(branch)}", {"sha": commit, "force": True})
    body: dict[str, JsonValue] = {"title": draft.title, "body": draft.full, "base": proposal.base}
    if known and is_open:
        return Written(text(github.write("PATCH", f"pulls/{number(known.item, 'number')}", body), "html_url"))
    body |= {"head": branch, "maintainer_can_modify": True}
    return Written(text(github.write("POST", "pulls", body), "html_url"))


def withdraw(github: Github, branch: str, key: str, farewell: str) -> str | None:
    """Close the open pull request, with a last comment, and delete its branch; the address, None when none was open."""
    known = _newest_pull(github, branch, key)
    if known is None or text(known.item, "state") != "open":
        return None
    github.write("POST", f"issues/{number(known.item, 'number')}/comments", {"body": farewell})
    github.write("PATCH", f"pulls/{number(known.item, 'number')}", {"state": "closed"})
    head = _head(github, branch)
    if head is not None and _is_ours(github, head):
        github.write("DELETE", f"git/refs/heads/{quote(branch)}")
    return known.url


def _newest_pull(github: Github, branch: str, key: str) -> Own | None:
    """The newest pull request from the branch, open or not, that this token wrote with this key's marker."""
    head = f"{github.repository.partition('/')[0]}:{branch}"
    me = own_author(github)
    return next(own_items(github, me, key, "pulls", state="all", head=head, sort="created", direction="desc"), None)


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
