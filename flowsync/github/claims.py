"""What an apply notes in the comment of a plan: which parts of the review it used, and what became of the plan.

Only the marker and one line below it are written; the rest of the comment stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flowsync.errors import ApiError
from flowsync.github.api import after_marker, number, read_marker, text
from flowsync.github.comments import Draft, Own, create, own_comments

if TYPE_CHECKING:
    from flowsync.github.api import Marker
    from flowsync.github.review import Review, Reviews

_RESULT: Final = re.compile(r"<!-- flowsync:result ([a-z-]{1,20}) -->\r?\n[^\r\n]*(?:\r?\n){1,2}")


class Status(Enum):
    """What became of a plan; the values are in the comment's second line."""

    APPLIED = "applied"
    PARTLY_APPLIED = "partly-applied"
    NOT_APPLIED = "not-applied"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a plan; `line` is the same for people, as Markdown in one line."""

    status: Status
    line: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Parts of a review that this apply uses and no earlier one did. `comment` is the plan's comment as it is now."""

    review: Review
    comment: Own
    parts: frozenset[str]


def status_of(body: str) -> Status | None:
    """What a plan's comment says of what became of it; None where it says nothing."""
    found = _RESULT.match(after_marker(body))
    return next((each for each in Status if found and each.value == found[1]), None)


def noted(body: str, marker: Marker, result: Result | None = None) -> str:
    """The text of a plan's comment with another marker, and with a result, if there is one, in place of the former."""
    rest = after_marker(body)
    if result is not None:
        line = f"<!-- flowsync:result {result.status.value} -->\n{result.line}\n\n"
        rest = line + _RESULT.sub("", rest, count=1) if _RESULT.match(rest) else line + rest
    return f"{marker.line()}\n{rest}"


def rewrite(reviews: Reviews, review: Review, comment: Own, body: str) -> Own | None:
    """Edit a plan's comment; None where it is no longer as it was read, so that nobody's edit is lost.

    Raises ApiError where GitHub does not take it.
    """
    now = _newest(reviews, review)
    if now is None or now.item["id"] != comment.item["id"] or not _is_same(now, text(comment.item, "body")):
        return None
    try:
        answer = reviews.github.write("PATCH", f"issues/comments/{number(comment.item, 'id')}", {"body": body})
    except ApiError as error:
        is_doubtful = error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not is_doubtful or (now := _newest(reviews, review)) is None or not _is_same(now, body):
            raise
        return now
    body = text(answer, "body") or body
    return Own({**comment.item, "body": body}, read_marker(body) or comment.marker)


def _is_same(comment: Own, body: str) -> bool:
    """Whether a comment has this text, however GitHub gives its line ends."""
    now, wanted = (each.replace("\r\n", "\n").rstrip() for each in (text(comment.item, "body"), body))
    return now == wanted


def claim(reviews: Reviews, review: Review, parts: frozenset[str]) -> Claim | None:
    """Note that parts of a review are being used; None where its comment is no longer as it was read.

    What cannot be noted in the comment is noted in a new one, which from then on counts. Raises ApiError where GitHub
    takes neither.
    """
    comment = review.comment
    if comment is None:
        return None
    marker = replace(comment.marker, used=comment.marker.used | parts, by=reviews.tip.sha)
    try:
        written = rewrite(reviews, review, comment, noted(text(comment.item, "body"), marker))
    except ApiError:
        written = _carried(reviews, review, marker)
    return None if written is None else Claim(review, written, parts - comment.marker.used)


def withdraw(reviews: Reviews, review: Review) -> None:
    """Let a plan count for nothing from now on of which nobody knows who edited it: this edit would hide who did.

    Raises ApiError where GitHub does not take that.
    """
    if review.comment is not None:
        marker = replace(review.comment.marker, parts=frozenset(), used=frozenset(), by=reviews.tip.sha)
        rewrite(reviews, review, review.comment, noted(text(review.comment.item, "body"), marker))


def _newest(reviews: Reviews, review: Review) -> Own | None:
    found = own_comments(reviews.github, review.pull, reviews.me, reviews.tip.key)
    return found[-1] if found else None


def _carried(reviews: Reviews, review: Review, marker: Marker) -> Own | None:
    """The new comment that carries a marker."""
    body = f"{marker.line()}\nThe plan that this pull request showed is being applied: it counts as reviewed once."

    def found() -> list[Own]:
        newest = _newest(reviews, review)
        return [newest] if newest is not None and newest.marker == marker else []

    create(reviews.github, f"issues/{review.pull}/comments", Draft(marker, body, body), found)
    return _newest(reviews, review)
