"""The result of an apply, on the pull requests that it is about: a new comment, and a line in the plan's comment.

It is a new comment because GitHub notifies nobody of an edit. A comment that cannot be written is a warning, not a
failure: the flows were written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from flowsync import errors
from flowsync.cli.commands.ci.run import key_without_project, marker_key, show_warning
from flowsync.github import claims, comments
from flowsync.github.api import text
from flowsync.github.claims import Result, Status, noted, status_of
from flowsync.github.comments import draft
from flowsync.github.conflicts import conflicting
from flowsync.github.inputs import CommentMode
from flowsync.github.marker import Marker, slug_hashes, written_parts
from flowsync.github.runner import PushEvent
from flowsync.model import Failed, NotAttempted, Refused
from flowsync.render.escape import code_span
from flowsync.render.ledger import entry, explained
from flowsync.report.comment import SHORT_COMMIT, fit
from flowsync.report.layout import COMMENT, sentence
from flowsync.text import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.project import Project
    from flowsync.github.claims import Claim
    from flowsync.github.comments import Draft
    from flowsync.github.review import Review, Reviews
    from flowsync.model import Outcome, Plan
    from flowsync.render.ledger import Entry
    from flowsync.report.values import ApplyReport, FailureReport

REASON_LENGTH: Final = 200
"""Characters of a reason in the plan's comment."""

_LEFT: Final = frozenset({Status.SUPERSEDED})
"""Results after which a later run reports the final one."""
_UNFINISHED: Final = frozenset({Status.SUPERSEDED, Status.NOT_APPLIED, Status.PARTLY_APPLIED})
"""Results after which something may have been left that is done now."""

NOTHING_LEFT: Final = "Nothing is left to apply"
"""The result if the live flows already matched the files."""
NOTHING_WRITTEN: Final = "Nothing was written: "
"""The beginning of a refusal's message."""


@dataclass(frozen=True, slots=True)
class Pulls:
    """The pull requests that a run's result is about. `claims`: what it used of their reviews, by number."""

    run: Run
    reviews: Reviews
    key: str
    claims: Mapping[int, Claim]


def report_applied(pulls: Pulls, report: ApplyReport, *, is_whole: bool, is_done: bool) -> None:
    """Report what was written. `is_whole`: the live flows now match the files; `is_done`: a former run wrote this.

    The parts of a review that were certainly not written may be applied again. Once the live flows match the files,
    all earlier reviews count as used: what they showed is live, or was replaced since.
    """
    unwritten = frozenset(each.change.slug for each in report.outcomes if _is_certainly_not_written(each))
    recent, plan = _recent(pulls), report.plan
    is_news = bool(plan.writes) and not is_done
    unreported = _UNFINISHED if is_whole else _LEFT
    concerned = _concerned(pulls, recent, None if is_done else plan, is_news=is_news, left=unreported)
    _comment(pulls, concerned, report)
    slugs = written_parts(plan)
    bad = {each.change.slug: each for each in map(entry, report.outcomes) if not each.is_good}
    settled = slug_hashes(change.slug for change in plan.writes if change.slug not in bad)
    for review in recent:
        ours = frozenset().union(*(slugs[part] for part in review.parts & slugs.keys()))
        ours = ours or frozenset(change.slug for change in plan.writes)
        used = review.parts if is_whole else _written(pulls, review, unwritten, plan)
        left = frozenset() if is_whole else review.conflicts - settled
        result = _applied(pulls, [bad[slug] for slug in sorted(ours & bad.keys())], is_untouched=ours <= unwritten)
        if not plan.writes:
            result = _result(pulls, Status.APPLIED, NOTHING_LEFT)
        _note(pulls, review, used, left, result if review in concerned else None)


def _applied(pulls: Pulls, bad: Sequence[Entry], *, is_untouched: bool) -> Result:
    """The result for a plan; `bad` are its flows that were not written as planned."""
    if not bad:
        return _result(pulls, Status.APPLIED)
    if not is_untouched:
        return _result(pulls, Status.PARTLY_APPLIED)
    first, *others = bad
    more = f" And {len(others):,} more." if others else ""
    return _result(pulls, Status.NOT_APPLIED, f"{first.change.slug} {first.kind.words}: {explained(first)}{more}")


def report_not_applied(pulls: Pulls, report: FailureReport, plan: Plan | None) -> None:
    """Report why nothing was written, or that it is unknown what was: then the run's claims stay used."""
    error = report.error
    concerned = _concerned(pulls, recent := _recent(pulls), plan, is_news=True)
    _comment(pulls, concerned, report)
    is_partly = error.exit_code is errors.ExitCode.PARTLY_APPLIED
    status = Status.PARTLY_APPLIED if is_partly else Status.NOT_APPLIED
    is_untouched = isinstance(error, errors.RefusedError | errors.RecordError)  # raised before the first write
    for review in recent:
        used = review.used if is_untouched else _written(pulls, review, (), plan)
        conflicts = review.conflicts | (conflicting(plan) if plan and review in concerned else frozenset())
        result = _result(pulls, status, error.message) if review in concerned else None
        _note(pulls, review, used, conflicts, result)


def report_superseded(pulls: Pulls, newer: str) -> None:
    """Say in the plans' comments which commit's run applies them; that run reports the result."""
    for review in _concerned(pulls, _recent(pulls), None, is_news=False):
        _note(pulls, review, review.used, review.conflicts, _result(pulls, Status.SUPERSEDED, newer))


def report_failed_plan(
    run: Run, project: Project | None, error: errors.FlowsyncError, plan: Plan | None = None
) -> None:
    """Report on the pull requests of a push that planning failed, or that apply would refuse the plan.

    `project` is None if it could not be opened.
    """
    if run.github is None or not isinstance(run.event, PushEvent):
        return
    plan_key, key = (
        marker_key(project, kind) if project else key_without_project(run, kind) for kind in ("plan", "result")
    )
    try:
        reviews = run.reviews(run.github, plan_key)
        report_not_applied(Pulls(run, reviews, key, {}), run.failure_report(error, project), plan)
    except errors.ApiError as trouble:
        show_warning(f"The failed plan could not be reported on the pull request. {trouble.message}")


def _is_certainly_not_written(outcome: Outcome) -> bool:
    match outcome:
        case NotAttempted() | Refused(uncertain=False):
            return True
        case Failed(uncertain=uncertain, made=made):  # a draft that was created stays
            return not uncertain and made is None
        case _:
            return False


def _recent(pulls: Pulls) -> tuple[Review, ...]:
    """The recent reviews, or those that could be read."""
    try:
        return pulls.reviews.recent
    except errors.ApiError as error:
        show_warning(f"The result could not be reported on every pull request. {error.message}")
        return pulls.reviews.read


def _concerned(
    pulls: Pulls,
    recent: Collection[Review],
    plan: Plan | None,
    *,
    is_news: bool,
    left: Collection[Status | None] = _LEFT,
) -> list[Review]:
    """The reviews with parts of the plan, those of the push, and those that a former run `left` to this one.

    Without news, those of the push count only while something that they showed was never applied.
    """
    parts = written_parts(plan).keys() if plan else frozenset()
    event = pulls.run.event
    of_tip = pulls.reviews.pushed([pulls.reviews.tip.sha])
    pushed = pulls.reviews.pushed(event.commits if isinstance(event, PushEvent) else ())
    found = []
    for review in recent:
        is_pushed = review.pull in of_tip or (review.pull in pushed and review.comment is not None)
        is_open = bool(review.parts - review.used)
        status = status_of(text(review.comment.item, "body")) if review.comment else None
        if (is_pushed and (is_news or is_open)) or review.parts & parts or (is_open and status in left):
            found.append(review)
    return found


def _written(pulls: Pulls, review: Review, unwritten: Collection[str], plan: Plan | None) -> frozenset[str]:
    """The used parts of a review: from before, and of this run unless they were certainly not written."""
    if review.pull not in pulls.claims:
        return review.used
    slugs = written_parts(plan) if plan else {}
    claimed = pulls.claims[review.pull].parts
    return review.used | frozenset(part for part in claimed if not slugs.get(part) or slugs[part] - set(unwritten))


def _result(pulls: Pulls, status: Status, rest: str = "") -> Result:
    """The result for a plan's comment; `rest` is the reason, the newer commit, or a text in place of "Applied"."""
    commit = code_span(pulls.reviews.tip.sha[:SHORT_COMMIT])
    url = pulls.run.runner.run_url
    run = f" ([run]({url}))" if url else ""
    match status:
        case Status.APPLIED:
            return Result(status, f"**{rest or 'Applied'} for {commit}**{run}.")
        case Status.PARTLY_APPLIED:
            return Result(status, f"**Partly applied for {commit}**{run}: the comment below says what is left.")
        case Status.NOT_APPLIED:
            reason = sentence(shortened(rest.removeprefix(NOTHING_WRITTEN), REASON_LENGTH))
            return Result(status, f"**Not applied for {commit}**{run}: {reason}")
        case Status.SUPERSEDED:
            newer = code_span(rest[:SHORT_COMMIT])
            return Result(status, f"**Superseded by {newer}**, whose own run applies this{run}.")


def _note(pulls: Pulls, review: Review, used: frozenset[str], conflicts: frozenset[str], result: Result | None) -> None:
    """Update a plan's comment: the used parts of the review, the open conflicts and the result.

    A comment that somebody edited stays as it is, and so does one whose review was already used up.
    """
    claim = pulls.claims.get(review.pull)
    comment = claim.comment if claim else review.comment
    if review.marker is None or comment is None or not (claim or review.parts - review.used):
        return
    by = review.marker.by if used == review.used else pulls.reviews.tip.sha
    marker = replace(comment.marker, used=used, by=by, conflicts=conflicts)
    shown = None if pulls.run.inputs.comment is CommentMode.OFF else result
    body = text(comment.item, "body")
    wanted = noted(body, marker, shown)
    if (marker, shown) == (comment.marker, None) or wanted == body:
        return
    try:
        reason = "" if claims.rewrite(pulls.reviews, review, comment, wanted) else "Somebody edited it in the meantime."
    except errors.ApiError as error:
        reason = f"{error.message} {error.hint or ''}".rstrip()
    if reason:
        again = " The next apply of the same changes needs a new plan." if claim else ""
        show_warning(f"The result could not be recorded in the comment of pull request {review.pull}. {reason}{again}")


def _comment(pulls: Pulls, concerned: Collection[Review], report: ApplyReport | FailureReport) -> None:
    """Write the result as a new comment on each pull request, and set the output comment-url."""
    run = pulls.run
    if run.inputs.comment is CommentMode.OFF:
        return
    # Two runs with the same result for the same commit write one comment.
    bare = fit(replace(report, scene=replace(report.scene, run_url=None)), COMMENT).text
    marker = Marker(pulls.key, pulls.reviews.tip.sha, sha256(bare.encode("utf-8", "surrogatepass")).hexdigest())
    wanted = draft(report, marker)
    for review in reversed(tuple(concerned)):
        _add(pulls, review.pull, wanted)


def _add(pulls: Pulls, pull: int, wanted: Draft) -> None:
    try:
        written = comments.add(pulls.reviews.github, pull, wanted, pulls.reviews.me)
    except errors.ApiError as error:
        hint = f" {error.hint}" if error.hint else ""
        show_warning(f"The result could not be shown on pull request {pull}. {error.message}{hint}")
    else:
        pulls.run.output({"comment-url": written.url})
