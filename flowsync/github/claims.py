"""Records of an apply in the comment of a plan: the parts of the review that it used, and its result.

Only the marker and one line below it change; the rest of the comment stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flowsync.errors import ApiError
from flowsync.github.api import number, text
from flowsync.github.comments import Draft, OwnItem, create, is_text_of, own_comments
from flowsync.github.marker import after_marker, read_marker

if TYPE_CHECKING:
    from flowsync.github.marker import Marker
    from flowsync.github.review import Review, Reviews

_RESULT: Final = re.compile(r"<!-- flowsync:result ([a-z-]{1,20}) -->\r?\n[^\r\n]*(?:\r?\n){1,2}")


class Status(Enum):
    """The result of a plan; the value is in the comment's second line."""

    APPLIED = "applied"
    PARTLY_APPLIED = "partly-applied"
    NOT_APPLIED = "not-applied"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a plan; `line` says it as one line of Markdown."""

    status: Status
    line: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Parts of a review that this apply is the first to use. `comment` is the plan's comment as it is now."""

    review: Review
    comment: OwnItem
    parts: frozenset[str]


def status_of(body: str) -> Status | None:
    """The result in a plan's comment; None if it has none."""
    found = _RESULT.match(after_marker(body))
    return next((each for each in Status if found and each.value == found[1]), None)


def noted(body: str, marker: Marker, result: Result | None = None) -> str:
    """The text of a plan's comment with another marker and, if given, another result."""
    rest = after_marker(body)
    if result is not None:
        line = f"<!-- flowsync:result {result.status.value} -->\n{result.line}\n\n"
        rest = line + _RESULT.sub("", rest, count=1) if _RESULT.match(rest) else line + rest
    return f"{marker.line()}\n{rest}"


def rewrite(reviews: Reviews, review: Review, comment: OwnItem, body: str) -> OwnItem | None:
    """Edit a plan's comment; None if it has changed since it was read, so that nobody's edit is lost.

    Raises ApiError if GitHub refuses the edit.
    """
    now = _newest(reviews, review)
    if now is None or now.item["id"] != comment.item["id"] or not is_text_of(now, text(comment.item, "body")):
        return None
    try:
        answer = reviews.github.write("PATCH", f"issues/comments/{number(comment.item, 'id')}", {"body": body})
    except ApiError as error:
        may_be_written = error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not may_be_written or (now := _newest(reviews, review)) is None or not is_text_of(now, body):
            raise
        return now
    body = text(answer, "body") or body
    return OwnItem({**comment.item, "body": body}, read_marker(body) or comment.marker)


def claim(reviews: Reviews, review: Review, parts: frozenset[str]) -> Claim | None:
    """Record that parts of a review are being used; None if its comment has changed since it was read.

    Where the comment cannot be edited, a new one records it and counts from then on. Raises ApiError if GitHub
    accepts neither.
    """
    comment = review.comment
    if comment is None:
        return None
    marker = replace(comment.marker, used=comment.marker.used | parts, by=reviews.tip.sha)
    try:
        written = rewrite(reviews, review, comment, noted(text(comment.item, "body"), marker))
    except ApiError:
        written = _create(reviews, review, marker)
    return None if written is None else Claim(review, written, parts - comment.marker.used)


def withdraw(reviews: Reviews, review: Review) -> None:
    """Invalidate a plan whose last editor is unknown: editing the comment would make flowsync its last editor.

    Raises ApiError if GitHub refuses the edit.
    """
    if review.comment is not None:
        marker = replace(review.comment.marker, parts=frozenset(), used=frozenset(), by=reviews.tip.sha)
        rewrite(reviews, review, review.comment, noted(text(review.comment.item, "body"), marker))


def _newest(reviews: Reviews, review: Review) -> OwnItem | None:
    found = own_comments(reviews.github, review.pull, reviews.me, reviews.tip.key)
    return found[-1] if found else None


def _create(reviews: Reviews, review: Review, marker: Marker) -> OwnItem | None:
    """Create a comment that carries the marker in place of the plan's comment."""
    body = f"{marker.line()}\nThe plan that this pull request showed is being applied; its review counts once."

    def found() -> list[OwnItem]:
        newest = _newest(reviews, review)
        return [newest] if newest is not None and newest.marker == marker else []

    create(reviews.github, f"issues/{review.pull}/comments", Draft(marker, body, body), found)
    return _newest(reviews, review)
