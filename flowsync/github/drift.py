"""The one open issue that tells of drift: opened, edited when the drift changes, closed when it is gone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.errors import ApiError, GithubError
from flowsync.github.api import number, read_marker, text
from flowsync.github.comments import Draft, Left, Written, author_of, is_in_doubt, own_author
from flowsync.github.review import branch_head
from flowsync.render.report import fit, short
from flowsync.render.report_parts import COMMENT
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.github.api import Github, Marker
    from flowsync.github.comments import Author, Posting
    from flowsync.model import JsonValue
    from flowsync.render.report_parts import Report


@dataclass(frozen=True, slots=True)
class Notice:
    """What an issue is to say; `full` and `short` begin with the marker's line."""

    marker: Marker
    title: str
    full: str
    short: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue of ours."""

    number: int
    url: str
    marker: Marker


def tell(github: Github, notice: Notice) -> str:
    """Open the issue, or edit it if it tells of another state; its address. Raises ApiError."""
    issues = open_issues(github, notice.marker.key)
    if not issues:
        return _open(github, notice)
    oldest, *others = issues
    if oldest.marker.digest != notice.marker.digest:
        _send(github, "PATCH", f"issues/{oldest.number}", notice)
    for issue in others:
        github.write("PATCH", f"issues/{issue.number}", {"state": "closed", "state_reason": "not_planned"})
    return oldest.url


def _open(github: Github, notice: Notice) -> str:
    """A new issue; its address. One whose creation ended in doubt is looked for before it is sent again."""
    try:
        return text(_send(github, "POST", "issues", notice), "html_url")
    except ApiError as error:
        if not is_in_doubt(error):
            raise
    found = open_issues(github, notice.marker.key)
    return found[0].url if found else text(_send(github, "POST", "issues", notice), "html_url")


def close(github: Github, key: str, farewell: str) -> str | None:
    """Close what is open, with a last comment; the address of it, None when nothing was open. Raises ApiError."""
    issues = open_issues(github, key)
    for issue in issues:
        github.write("POST", f"issues/{issue.number}/comments", {"body": farewell})
        github.write("PATCH", f"issues/{issue.number}", {"state": "closed", "state_reason": "completed"})
    return issues[0].url if issues else None


def open_issues(github: Github, key: str) -> list[Issue]:
    """The open issues that this token wrote with this key's marker, the oldest first."""
    me = own_author(github)
    found = github.items("issues", state="open", sort="created", direction="asc")
    return [issue for item in found if (issue := _issues_own(item, me, key))]


def _issues_own(item: dict[str, JsonValue], me: Author, key: str) -> Issue | None:
    marker = read_marker(text(item, "body"))
    if marker is None or marker.key != key or "pull_request" in item or not me.wrote(author_of(item)):
        return None
    return Issue(number(item, "number"), text(item, "html_url"), marker)


def _send(github: Github, method: str, path: str, notice: Notice) -> JsonValue:
    """Send the whole text, or only the counts where GitHub does not take the whole."""
    try:
        return github.write(method, path, {"title": notice.title, "body": notice.full})
    except GithubError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
    return github.write(method, path, {"title": notice.title, "body": notice.short})


def draft(report: Report, marker: Marker, *, is_news: bool, head: str | None) -> Draft:
    """The comment that tells of a report; only for a pull request whose head is `head`, if that is given."""
    marker, full, brief = _bodies(report, marker)
    return Draft(marker, full, brief, is_news, head)


def notice(report: Report, marker: Marker, title: str) -> Notice:
    """The issue that tells of a report."""
    marker, full, brief = _bodies(report, marker)
    return Notice(marker, title, full, brief)


def _bodies(report: Report, marker: Marker) -> tuple[Marker, str, str]:
    fitted = fit(report, COMMENT, reserved=len(marker.line()) + 1)
    marker = replace(marker, truncated=fitted.is_truncated)
    brief = masked(short(report))
    return marker, f"{marker.line()}\n{masked(fitted.text)}", f"{replace(marker, truncated=True).line()}\n{brief}"


PREFIX: Final = "flowsync/drift"
_TRAILER: Final = "flowsync-proposal: "
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class ProposedFile:
    """A file as it would be: its path from the top of the repository, and whether it may be executed."""

    path: str
    text: str
    is_executable: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """`files` upon the commit `onto` of the branch `base`, by way of `branch`; `notice` is what is said of it."""

    files: tuple[ProposedFile, ...]
    onto: str
    base: str
    branch: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request of ours from the branch, open or not; `digest` is that of the files it proposes."""

    number: int
    url: str
    digest: str
    is_open: bool
    is_merged: bool


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
    marker = proposal.notice.marker
    known = _newest(github, proposal.branch, marker.key)
    if known and known.digest == marker.digest and not known.is_merged:
        return Written(known.url) if known.is_open else Left(f"pull request {known.number} proposed it and was closed")
    head = _head(github, proposal.branch)
    if head is not None and not _is_ours(github, head):
        return Left(f"the branch {proposal.branch} has commits of somebody else")
    _push(github, proposal, _commit(github, proposal), head)
    body: dict[str, JsonValue] = {"title": proposal.notice.title, "body": proposal.notice.full, "base": proposal.base}
    if known and known.is_open:
        return Written(text(github.write("PATCH", f"pulls/{known.number}", body), "html_url"))
    fresh: dict[str, JsonValue] = {**body, "head": proposal.branch, "maintainer_can_modify": True}
    return Written(text(github.write("POST", "pulls", fresh), "html_url"))


def withdraw(github: Github, branch: str, key: str, farewell: str) -> str | None:
    """Close the open pull request, with a last comment, and delete its branch; the address, None when none was open."""
    known = _newest(github, branch, key)
    if known is None or not known.is_open:
        return None
    github.write("POST", f"issues/{known.number}/comments", {"body": farewell})
    github.write("PATCH", f"pulls/{known.number}", {"state": "closed"})
    head = _head(github, branch)
    if head is not None and _is_ours(github, head):
        github.write("DELETE", f"git/refs/heads/{quote(branch)}")
    return known.url


def _newest(github: Github, branch: str, key: str) -> Pull | None:
    """The newest pull request from the branch that this token wrote, with this key's marker."""
    me = own_author(github)
    owner = github.repository.partition("/")[0]
    found = github.items("pulls", state="all", head=f"{owner}:{branch}", sort="created", direction="desc")
    return next((pull for item in found if (pull := _proposals_own(item, me, key))), None)


def _proposals_own(item: dict[str, JsonValue], me: Author, key: str) -> Pull | None:
    marker = read_marker(text(item, "body"))
    if marker is None or marker.key != key or not me.wrote(author_of(item)):
        return None
    is_merged = bool(text(item, "merged_at"))
    is_open = text(item, "state") == "open"
    return Pull(number(item, "number"), text(item, "html_url"), marker.digest, is_open, is_merged)


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
    message = f"{proposal.notice.title}\n\n{_TRAILER}{tree}"
    commit: JsonValue = {"message": message, "tree": tree, "parents": [proposal.onto]}
    return text(github.write("POST", "git/commits", commit), "sha")


def _push(github: Github, proposal: Proposal, commit: str, head: str | None) -> None:
    if head is None:
        github.write("POST", "git/refs", {"ref": f"refs/heads/{proposal.branch}", "sha": commit})
    else:
        github.write("PATCH", f"git/refs/heads/{quote(proposal.branch)}", {"sha": commit, "force": True})
