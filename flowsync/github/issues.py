"""The one open issue that tells of drift: opened, edited when the drift changes, closed when it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from flowsync.errors import ApiError, GithubError
from flowsync.github.api import number, text
from flowsync.github.comments import author_of, is_in_doubt, own_author
from flowsync.github.marker import read_marker

if TYPE_CHECKING:
    from flowsync.github.api import Github
    from flowsync.github.comments import Author
    from flowsync.github.marker import Marker
    from flowsync.model import JsonValue


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
    return [issue for item in found if (issue := _own(item, me, key))]


def _own(item: dict[str, JsonValue], me: Author, key: str) -> Issue | None:
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
