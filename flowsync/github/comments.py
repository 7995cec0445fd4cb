"""Writes comments, issues and pull requests on GitHub, and finds the one comment with a plan.

It finds its own texts by marker and author, never by the text alone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import ApiError, GithubError
from flowsync.github.api import at, number, text
from flowsync.github.inputs import CommentMode
from flowsync.github.marker import read_marker
from flowsync.report.comment import fit, short
from flowsync.report.layout import COMMENT
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowsync.github.api import Github
    from flowsync.github.marker import Marker
    from flowsync.model import JsonValue
    from flowsync.report.values import Report

DEFAULT_LOGIN: Final = "github-actions[bot]"
"""The author of comments written with the job's token, if GitHub does not name one."""
LONGEST_RESULT: Final = 500
"""Characters of the line in a plan's comment that says what became of the plan."""
_BOT: Final = "[bot]"
_VIEWER: Final = "query { viewer { login } }"
_EDITOR: Final = (
    "query($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt editor { login __typename } } } }"
)
_MINIMISE: Final = (
    "mutation($id: ID!, $why: ReportedContentClassifiers!) "
    "{ minimizeComment(input: {subjectId: $id, classifier: $why}) { clientMutationId } }"
)


@dataclass(frozen=True, slots=True)
class Author:
    """An account on GitHub. A bot's login ends in `[bot]` in the REST API only."""

    login: str
    is_bot: bool

    def wrote(self, other: Author) -> bool:
        """Whether something by `other` is by this author; a person with a bot's name is not that bot."""
        names = {each.login.removesuffix(_BOT).lower() for each in (self, other)}
        return len(names) == 1 and (other.is_bot or not self.is_bot)


def own_author(github: Github) -> Author:
    """The account that the token writes as: by GraphQL, then by REST, else the job's own bot."""
    login = ""
    with suppress(ApiError):
        login = text(github.graphql(_VIEWER), "viewer", "login")
    if not login:
        with suppress(ApiError):
            login = text(github.get("/user"), "login")
    login = login or DEFAULT_LOGIN
    return Author(login, is_bot=login.endswith(_BOT))


@dataclass(frozen=True, slots=True)
class OwnItem:
    """A comment, issue or pull request that this token wrote: GitHub's JSON, and the marker."""

    item: dict[str, JsonValue]
    marker: Marker

    @property
    def url(self) -> str:
        """Its address for people."""
        return text(self.item, "html_url")


def own_items(
    github: Github, me: Author, key: str, path: str, most: int | None = None, **query: str
) -> Iterator[OwnItem]:
    """The items of a list (of its first `most`) that this token wrote with this key, in the list's order."""
    for item in islice(github.items(path, **query), most):
        marker = read_marker(text(item, "body"))
        login = text(item, "user", "login")
        author = Author(login, is_bot=text(item, "user", "type") == "Bot" or login.endswith(_BOT))
        if marker is not None and marker.key == key and me.wrote(author):
            yield OwnItem(item, marker)


def own_comments(github: Github, pull: int, me: Author, key: str) -> list[OwnItem]:
    """The comments that this token wrote with this key, the newest last."""
    return sorted(own_items(github, me, key, f"issues/{pull}/comments"), key=lambda each: number(each.item, "id"))


class Edited(Enum):
    """Whether the last editor of a comment is anybody but this token."""

    NO = "no"
    YES = "yes"
    NOT_KNOWN = "not known"


def edited(github: Github, comment: OwnItem, me: Author) -> Edited:
    """Whether somebody else was the last to edit a comment of this token."""
    try:
        found = at(github.graphql(_EDITOR, id=text(comment.item, "node_id")), "node")
    except ApiError:
        return Edited.NOT_KNOWN
    if not isinstance(found, dict) or "editor" not in found:
        return Edited.NOT_KNOWN
    if found["editor"] is None:  # nobody, or somebody whose account is gone
        return Edited.NO if found.get("lastEditedAt") is None else Edited.NOT_KNOWN
    editor = Author(text(found, "editor", "login"), is_bot=text(found, "editor", "__typename") == "Bot")
    return Edited.NO if me.wrote(editor) else Edited.YES


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a comment, issue or pull request; a comment has no title.

    `short` is sent if GitHub refuses `full`; both begin with the marker's line. `is_news`: whether a pull request
    without a comment should get one for this. `head` is the commit that the pull request must still be at, unmerged;
    None if that does not matter.
    """

    marker: Marker
    full: str
    short: str
    title: str = ""
    is_news: bool = True
    head: str | None = None


def draft(report: Report, marker: Marker, *, title: str = "", is_news: bool = True, head: str | None = None) -> Draft:
    """The draft of a report, or as much of it as fits, with room for what apply adds to the comment later."""
    fitted = fit(report, COMMENT, reserved=len(marker.longest.line()) + LONGEST_RESULT)
    marker = replace(marker, truncated=fitted.is_truncated)
    full = f"{marker.line()}\n{masked(fitted.text)}"
    brief = f"{replace(marker, truncated=True).line()}\n{masked(short(report))}"
    return Draft(marker, full, brief, title, is_news, head)


def send(github: Github, method: str, path: str, draft: Draft) -> str:
    """Send the full text, or the short one if GitHub refuses it; return the comment's address."""
    title: dict[str, JsonValue] = {"title": draft.title} if draft.title else {}
    try:
        return text(github.write(method, path, {**title, "body": draft.full}), "html_url")
    except GithubError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
    return text(github.write(method, path, {**title, "body": draft.short}), "html_url")


def create(github: Github, path: str, draft: Draft, find: Callable[[], Sequence[OwnItem]]) -> str:
    """Create a comment or an issue and return its address.

    After an answer that leaves open whether it was created, `find` looks for it; if it is not there, it is sent again.
    """
    try:
        return send(github, "POST", path, draft)
    except ApiError as error:
        if error.status is not None and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
    found = find()
    return found[-1].url if found else send(github, "POST", path, draft)


@dataclass(frozen=True, slots=True)
class Written:
    """The text is on GitHub, at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Nothing was written, for this reason."""

    reason: str


Posting: TypeAlias = "Written | NotWritten"


def post(github: Github, pull: int, draft: Draft, mode: CommentMode) -> Posting:
    """Update the pull request's comment. Raises ApiError."""
    if draft.head is not None and (reason := _too_late(github.get(f"pulls/{pull}"), draft.head)):
        return NotWritten(reason)
    me = own_author(github)
    existing = own_comments(github, pull, me, draft.marker.key)
    if not existing and mode is CommentMode.CHANGES_ONLY and not draft.is_news:
        return NotWritten("there is nothing to report")
    known = {number(each.item, "id") for each in existing}

    def added() -> list[OwnItem]:
        found = own_comments(github, pull, me, draft.marker.key)
        return [each for each in found if number(each.item, "id") not in known]

    if existing and mode is not CommentMode.RECREATE and _edit(github, existing[-1], draft):
        url = existing[-1].url
    else:
        url = create(github, f"issues/{pull}/comments", draft, added)
    _tidy(github, existing, mode)
    return Written(url)


def add(github: Github, pull: int, draft: Draft, me: Author) -> Written:
    """Write a new comment, because GitHub notifies nobody of an edit, unless the newest one says the same.

    It says the same where head and digest of its marker are the same. Raises ApiError.
    """

    def same() -> list[OwnItem]:
        newest = own_comments(github, pull, me, draft.marker.key)[-1:]
        wanted = (draft.marker.head, draft.marker.digest)
        return [each for each in newest if (each.marker.head, each.marker.digest) == wanted]

    found = same()
    return Written(found[-1].url if found else create(github, f"issues/{pull}/comments", draft, same))


def _too_late(pull: JsonValue, head: str) -> str:
    """Why a plan for `head` must not appear in a pull request any more; empty if it may."""
    if text(pull, "merged_at"):
        return "the pull request is merged, and its comment stays what was reviewed"
    if text(pull, "head", "sha") != head:
        return "the pull request has a newer commit, which a later run plans"
    return ""


def is_text_of(comment: OwnItem, body: str) -> bool:
    """Whether a comment has this text, whichever line ends GitHub uses."""
    return text(comment.item, "body").replace("\r\n", "\n").rstrip() == body.replace("\r\n", "\n").rstrip()


def _edit(github: Github, comment: OwnItem, draft: Draft) -> bool:
    """Update a comment; False if somebody has just deleted it."""
    if is_text_of(comment, draft.full):
        return True
    try:
        send(github, "PATCH", f"issues/comments/{number(comment.item, 'id')}", draft)
    except GithubError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True


def _tidy(github: Github, existing: Sequence[OwnItem], mode: CommentMode) -> None:
    """Delete the comments that a new one replaces, or minimise duplicates, as far as the token may."""
    for comment in existing if mode is CommentMode.RECREATE else existing[:-1]:
        with suppress(ApiError):
            if mode is CommentMode.RECREATE:
                github.write("DELETE", f"issues/comments/{number(comment.item, 'id')}")
            else:
                github.graphql(_MINIMISE, id=text(comment.item, "node_id"), why="DUPLICATE")
