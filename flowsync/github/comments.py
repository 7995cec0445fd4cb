"""The one comment of a pull request: found by its marker and its author, never by its text alone."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import ApiError, GithubError
from flowsync.github.api import number, read_marker, text
from flowsync.github.runner import CommentMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.github.api import Github, Marker
    from flowsync.model import JsonValue

DEFAULT_LOGIN: Final = "github-actions[bot]"
"""Who the job's own token is, where GitHub does not tell."""
_BOT: Final = "[bot]"
_VIEWER: Final = "query { viewer { login } }"
_EDITOR: Final = "query($id: ID!) { node(id: $id) { ... on IssueComment { editor { login __typename } } } }"
_MINIMISE: Final = (
    "mutation($id: ID!, $why: ReportedContentClassifiers!) "
    "{ minimizeComment(input: {subjectId: $id, classifier: $why}) { clientMutationId } }"
)
_FIRST_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody on GitHub. A bot's login is told with or without `[bot]`: GitHub's two APIs differ."""

    login: str
    is_bot: bool

    def wrote(self, other: Author) -> bool:
        """Whether something by `other` is by this author: a person cannot take a bot's name."""
        names = {each.login.removesuffix(_BOT).lower() for each in (self, other)}
        return len(names) == 1 and (other.is_bot or not self.is_bot)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment, as far as it matters here."""

    id: int
    node_id: str
    url: str
    author: Author
    body: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a comment is to say. `short` is for where GitHub refuses `full`; both begin with the marker's line.

    `is_news`: whether it tells of anything that a pull request without a comment should get one for.
    `head` is the commit that the pull request must still be at, unmerged; None where that does not matter.
    """

    marker: Marker
    full: str
    short: str
    is_news: bool
    head: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """The comment says what it should; it is at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing was written, and why."""

    reason: str


Posting: TypeAlias = "Written | Left"


def author_of(item: dict[str, JsonValue]) -> Author:
    """Who wrote a comment or an issue."""
    login = text(item, "user", "login")
    return Author(login, is_bot=text(item, "user", "type") == "Bot" or login.endswith(_BOT))


def own_author(github: Github) -> Author:
    """Whom the token writes as: asked of GraphQL, then of REST, else the job's own bot."""
    login = _viewer(github) or _user(github) or DEFAULT_LOGIN
    return Author(login, is_bot=login.endswith(_BOT))


def _viewer(github: Github) -> str:
    try:
        return text(github.graphql(_VIEWER), "viewer", "login")
    except ApiError:
        return ""


def _user(github: Github) -> str:
    try:
        return text(github.get("/user"), "login")
    except ApiError:
        return ""


def own_comments(github: Github, pull: int, me: Author, key: str) -> list[Comment]:
    """The comments that this token wrote with this key's marker, the newest last."""
    found = map(_comment, github.items(f"issues/{pull}/comments"))
    own = [each for each in found if me.wrote(each.author) and _has_key(each.body, key)]
    return sorted(own, key=lambda each: each.id)


def is_as_written(github: Github, comment: Comment, me: Author) -> bool:
    """Whether nobody else has edited a comment of ours since, as far as GitHub tells."""
    try:
        found = github.graphql(_EDITOR, id=comment.node_id)
    except ApiError:
        return True
    login = text(found, "node", "editor", "login")
    return not login or me.wrote(Author(login, is_bot=text(found, "node", "editor", "__typename") == "Bot"))


def _comment(item: dict[str, JsonValue]) -> Comment:
    return Comment(
        number(item, "id"), text(item, "node_id"), text(item, "html_url"), author_of(item), text(item, "body")
    )


def _has_key(body: str, key: str) -> bool:
    marker = read_marker(body)
    return marker is not None and marker.key == key


def post(github: Github, pull: int, draft: Draft, mode: CommentMode) -> Posting:
    """Bring the pull request's comment up to date. Raises ApiError."""
    if mode is CommentMode.OFF:
        return Left("comments are off")
    if draft.head is not None and (reason := _too_late(github.get(f"pulls/{pull}"), draft.head)):
        return Left(reason)
    me = own_author(github)
    existing = own_comments(github, pull, me, draft.marker.key)
    if not existing and mode is CommentMode.CHANGES_ONLY and not draft.is_news:
        return Left("there is nothing to tell")
    if mode is CommentMode.RECREATE:
        return _recreated(github, pull, me, draft, existing)
    return _updated(github, pull, me, draft, existing)


def _too_late(pull: JsonValue, head: str) -> str:
    """Why a plan for `head` is not to be shown in a pull request any more; empty where it is."""
    if text(pull, "merged_at"):
        return "the pull request is merged, and its comment stays what was reviewed"
    if text(pull, "head", "sha") != head:
        return "the pull request has moved on: a later run tells of its new head"
    return ""


def _recreated(github: Github, pull: int, me: Author, draft: Draft, existing: Sequence[Comment]) -> Written:
    """A new comment at the end of the conversation, in place of the old ones."""
    written = _created(github, pull, me, draft, existing)
    for comment in existing:
        _delete(github, comment)
    return written


def _updated(github: Github, pull: int, me: Author, draft: Draft, existing: Sequence[Comment]) -> Written:
    """The newest one edited where it says anything else, and the others folded away."""
    if not existing:
        return _created(github, pull, me, draft, existing)
    *others, newest = existing
    written = _edited(github, newest, draft) or _created(github, pull, me, draft, existing)
    for comment in others:
        _minimise(github, comment)
    return written


def _edited(github: Github, comment: Comment, draft: Draft) -> Written | None:
    """The comment with its new text; None when it has just been deleted."""
    if comment.body.replace("\r\n", "\n").rstrip() == draft.full.rstrip():
        return Written(comment.url)
    try:
        _send(github, "PATCH", f"issues/comments/{comment.id}", draft)
    except GithubError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None
    return Written(comment.url)


def _created(github: Github, pull: int, me: Author, draft: Draft, existing: Sequence[Comment]) -> Written:
    """A new comment beside the `existing`. One whose creation ended in doubt is looked for before it is sent again."""
    path = f"issues/{pull}/comments"
    try:
        return Written(text(_send(github, "POST", path, draft), "html_url"))
    except ApiError as error:
        if not is_in_doubt(error):
            raise
        known = {each.id for each in existing}
        found = [each for each in own_comments(github, pull, me, draft.marker.key) if each.id not in known]
    return Written(found[-1].url if found else text(_send(github, "POST", path, draft), "html_url"))


def is_in_doubt(error: ApiError) -> bool:
    """Whether what was sent may have been carried out all the same."""
    return error.status is None or error.status >= _FIRST_SERVER_ERROR


def _send(github: Github, method: str, path: str, draft: Draft) -> JsonValue:
    """Send the whole text, or only the counts where GitHub does not take the whole."""
    try:
        return github.write(method, path, {"body": draft.full})
    except GithubError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
    return github.write(method, path, {"body": draft.short})


def _delete(github: Github, comment: Comment) -> None:
    """Delete what a newer comment stands for. It is left as it is where the token may not."""
    try:
        github.write("DELETE", f"issues/comments/{comment.id}")
    except ApiError:
        return


def _minimise(github: Github, comment: Comment) -> None:
    """Fold a duplicate away. It is left as it is where the token may not."""
    try:
        github.graphql(_MINIMISE, id=comment.node_id, why="DUPLICATE")
    except ApiError:
        return
