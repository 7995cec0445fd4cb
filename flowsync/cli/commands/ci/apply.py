"""`flowsync ci apply`: writes what a pull request showed, once, for the newest commit, and reports it there."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flowsync import errors
from flowsync.apply import exit_code
from flowsync.cli.commands.apply import checked_saved
from flowsync.cli.commands.ci import results
from flowsync.cli.commands.ci.run import NAMED, marker_key, show_notice
from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.planning import refuse_unseen_versions
from flowsync.cli.usage.guards import guards_allowing
from flowsync.cli.writing import applying
from flowsync.cli.writing.running import INTERRUPTED
from flowsync.github import claims
from flowsync.github.conflicts import unsettled
from flowsync.github.inputs import ReviewRule
from flowsync.github.marker import written_parts
from flowsync.github.review import Flaw, branch_head
from flowsync.github.runner import MergeGroupEvent, PullRequestEvent, base_of, inert
from flowsync.model import AlreadyApplied
from flowsync.plan.document import action
from flowsync.plan.guards import Kept
from flowsync.render import ledger, wording
from flowsync.render.escape import plural
from flowsync.report import plans
from flowsync.report.comment import SHORT_COMMIT
from flowsync.report.planned import stopped_by
from flowsync.report.values import ApplyReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.github.claims import Claim
    from flowsync.github.review import Review, Reviews
    from flowsync.model import Change, Outcome, Plan

LASTING: Final = ("refs/heads/", "refs/tags/")
QUEUE: Final = "refs/heads/gh-readonly-queue/"
"""Branches of GitHub's merge queue [doc]."""
RECORD_NAME: Final = "flowsync-record.jsonl"
PENDING: Final = "Open any pull request: its plan shows what is pending."
_FROM_FORK: Final = (
    "Pull request {} came from a fork, whose runs cannot write a comment, so nobody saw a plan. Open a pull request "
    "from a branch of this repository, or set require-reviewed-plan to warn for this run."
)


@dataclass(frozen=True, slots=True)
class Merge:
    """A run that applies: the project and the reviews of its commit. `claims`: the reviews that it used so far."""

    run: Run
    project: Project
    github: Github
    reviews: Reviews
    claims: dict[int, Claim] = field(default_factory=dict)

    @property
    def record(self) -> Path:
        """The file that records what the run replaces."""
        return self.run.runner.temporary / RECORD_NAME

    @property
    def pulls(self) -> results.Pulls:
        """The pull requests that the result is reported on."""
        return results.Pulls(self.run, self.reviews, marker_key(self.project, "result"), self.claims)

    def superseded_by(self) -> str | None:
        """The branch's newest commit, read now, if it is another one; None for a tag."""
        tip = self.reviews.tip
        newest = tip.sha if tip.branch is None else branch_head(self.github, tip.branch)
        return None if newest == tip.sha else newest


@dataclass(frozen=True, slots=True)
class Superseded:
    """Nothing was written: the branch has a newer commit, `by`."""

    by: str


@dataclass(frozen=True, slots=True)
class Done:
    """A plan was applied. `is_stopped`: not completely; `was_done`: a former run applied it."""

    report: ApplyReport
    is_stopped: bool
    was_done: bool


def apply(run: Run) -> int:
    """Write what the merged pull request's plan showed, if this is still the branch's newest commit."""
    merge = _open(run)
    done = _write(merge)
    if isinstance(done, Done):
        return _report(merge, done)
    commit = done.by[:SHORT_COMMIT]
    show_notice(f"Superseded: the branch has a newer commit, {commit}, whose run applies both. Nothing was written.")
    results.report_superseded(merge.pulls, done.by)
    return errors.ExitCode.OK


def _open(run: Run) -> Merge:
    # The merge commit of a pull request or queue is only a trial.
    is_trial = isinstance(run.event, PullRequestEvent | MergeGroupEvent) or run.runner.ref.startswith(QUEUE)
    if is_trial or not run.runner.ref.startswith(LASTING):
        raise errors.RefusedError(
            "Nothing was written: apply does not run before the merge.",
            hint="Run it on a push to the branch; for a pull request, run plan.",
        )
    live, branch = run.inputs.live_branch, run.runner.branch
    if live and branch not in {None, live}:
        raise errors.RefusedError(
            f"Nothing was written: this is the branch {branch}, but only {live} is applied.",
            hint=f"Run it on {live}, which the input live-branch names.",
        )
    if run.github is None:
        raise errors.ConfigError(
            "Nothing was written: the input github-token is empty.",
            hint="apply asks GitHub for the newest commit, and for the plan that its pull request showed.",
        )
    project = run.open_project()
    return Merge(run, project, run.github, run.reviews(run.github, marker_key(project, "plan")))


def _write(merge: Merge) -> Superseded | Done:
    """Plan, check guards and reviews, record that the review is used, write.

    Nothing is written if the branch has a newer commit, or if the saved plan is done: a flow may have been rolled
    back on purpose. A failure is also reported to the reviewers.
    """
    run, plan = merge.run, None
    try:
        if newer := merge.superseded_by():
            return Superseded(newer)
        with applying.only_run(merge.project, "flowsync ci apply", in_sandbox=run.in_sandbox), _planned(merge) as made:
            plan = made.plan
            write_result(inert(plans.preview(plan, screen_of_stdout(run.invocation))))
            extras = () if made.is_done else _judge(merge, plan)
            if newer := merge.superseded_by():
                return Superseded(newer)
            outcomes: list[Outcome] = [AlreadyApplied(change) for change in plan.writes]
            is_stopped = False
            if not made.is_done:
                _claim(merge, plan)
                outcomes, is_stopped = applying.run(plan, made.connection, "text", record_file=str(merge.record))
    except errors.FlowsyncError as error:
        results.report_not_applied(merge.pulls, run.failure_report(error, merge.project), plan)
        raise
    report = ApplyReport(run.scene, plan, tuple(outcomes), tuple(change.slug for change in extras))
    return Done(report, is_stopped, made.is_done)


@contextmanager
def _planned(merge: Merge) -> Iterator[Planned]:
    """The saved plan that the input plan-file names, else a new plan."""
    run, project, file = merge.run, merge.project, merge.run.inputs.plan_file
    if file is None:
        base = base_of(run.event, run.invocation.directory, merge.reviews.base)
        with run.plan(project, Purpose.WRITE, Kept.NEW, base) as made:
            run.output_plan(made.plan, run.save_plan(made.plan))
            yield made
        return
    path = run.plan_path(file)
    guards = guards_allowing(project, run.inputs.allow)
    with checked_saved(path, project, guards, in_sandbox=run.in_sandbox) as saved:
        run.output_plan(saved.plan, path)
        yield saved


def _judge(merge: Merge, plan: Plan) -> tuple[Change, ...]:
    """The changes that no merged pull request showed.

    Raises UnreviewedError if there must be none, RefusedError for blocked flows and for the guards' refusals.
    """
    if plan.blocked:
        raise blocked_error(plan)
    rule = merge.run.inputs.require_reviewed_plan
    try:
        plan = unsettled(plan, merge.reviews, guards_allowing(merge.project, merge.run.inputs.allow))
    except errors.ApiError:
        if rule is not ReviewRule.OFF:
            raise
    if plan.refusals:
        raise guards_error(plan)
    refuse_unseen_versions(plan, merge.project)
    extras = () if rule is ReviewRule.OFF else merge.reviews.unreviewed(plan)
    if merge.reviews.note:
        show_notice(merge.reviews.note)
    if extras and rule is ReviewRule.ERROR:
        raise _unreviewed(merge, plan, extras)
    if extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        show_notice(f"No merged pull request showed the changes to {slugs}.")
    return extras


def guards_error(plan: Plan) -> errors.RefusedError:
    """The error for a plan that guards refuse."""
    return errors.RefusedError(
        f"{results.NOTHING_WRITTEN}resolve {stopped_by(plan)} first.",
        reasons=wording.refusals(plan, wording.Reader.GITHUB),
        hint="The input allow lets intended changes through, for one run.",
        plan=plan,
    )


def blocked_error(plan: Plan) -> errors.RefusedError:
    """The error for a plan with blocked flows."""
    verb = "is" if len(plan.blocked) == 1 else "are"
    return errors.RefusedError(
        f"{plural(len(plan.blocked), 'flow')} {verb} blocked; nothing was written.",
        reasons=[f"{each.slug}: {each.message}" for each in plan.blocked[:NAMED]],
        hint="Fix the causes in a pull request.",
        plan=plan,
    )


def _unreviewed(merge: Merge, plan: Plan, extras: tuple[Change, ...]) -> errors.UnreviewedError:
    """The error for changes that no pull request showed, or whose review was used before."""
    slugs = frozenset(change.slug for change in extras)
    parts = frozenset(part for part, about in written_parts(plan).items() if about & slugs)
    reasons = [f"Not shown: {action(each)} of {each.slug} in {', '.join(each.body)}." for each in extras[:NAMED]]
    if len(extras) > NAMED:
        reasons.append(f"And {len(extras) - NAMED:,} more.")
    if spent := merge.reviews.spent(plan):
        message = "Nothing was written: a review counts once, and this one was already applied."
        reasons = [each.replace("Not shown:", "Applied before:", 1) for each in reasons]
        return errors.UnreviewedError(message, extras, hint=_why_spent(spent), reasons=reasons)
    named = wording.listed(sorted(slugs), NAMED)
    message = f"Nothing was written: no merged pull request showed the changes to {named}."
    return errors.UnreviewedError(message, extras, hint=_reason_unreviewed(merge.reviews, parts), reasons=reasons)


def _why_spent(review: Review) -> str:
    marker = review.marker
    commit = marker.by[:SHORT_COMMIT] if marker and marker.by else "an earlier one"
    return (
        f"Commit {commit} already applied this review (pull request {review.pull}). To apply it again, run the apply "
        "workflow by hand with repeat: true."
    )


def _reason_unreviewed(reviews: Reviews, parts: frozenset[str]) -> str:
    """The likeliest reason why the changes count as unreviewed, and what to do."""
    first = next(iter(reviews.of_tip), None)
    flawed = reviews.flawed(parts) or (first if first and first.flaw else None)
    if flawed and flawed.flaw:
        return f"{flawed.flaw.value.format(flawed.pull)} {PENDING}"
    if first is None:
        reason = "This commit came with no pull request."
    elif first.comment is None and first.is_fork:
        return _FROM_FORK.format(first.pull)
    elif first.comment is None:
        reason = f"Pull request {first.pull} has no comment with a plan, or somebody edited its first line."
    else:
        reason = (
            f"The plan in pull request {first.pull} differs: somebody may have edited a flow since, or its key saw "
            "other versions."
        )
    return f"{reason} {PENDING} Or set require-reviewed-plan to warn."


def _claim(merge: Merge, plan: Plan) -> None:
    """Record on every pull request whose plan is about to be written that its review is used.

    If that fails and reviews are required, nothing is written: otherwise the review would count again.
    """
    try:
        recent = merge.reviews.recent
    except errors.ApiError as error:
        _unclaimed(merge, "of this commit", error)
        return
    if merge.run.inputs.require_reviewed_plan is ReviewRule.OFF and merge.reviews.note:
        show_notice(merge.reviews.note)
    about = written_parts(plan)
    for review in recent:
        parts = review.parts & about.keys() - review.used
        if parts and (review.marker or review.flaw is Flaw.EDITOR_UNKNOWN):
            _claim_one(merge, review, parts)


def _claim_one(merge: Merge, review: Review, parts: frozenset[str]) -> None:
    try:
        if review.flaw is not None:
            claims.withdraw(merge.reviews, review)
            return
        claim = claims.claim(merge.reviews, review, parts)
    except errors.ApiError as error:
        _unclaimed(merge, f"in pull request {review.pull}", error)
        return
    if claim is not None:
        merge.claims[review.pull] = claim
    elif merge.run.inputs.require_reviewed_plan is ReviewRule.ERROR:
        raise errors.RefusedError(
            f"Nothing was written: the plan in pull request {review.pull} was edited during this run.", hint=PENDING
        )
    else:
        show_notice(f"The plan in pull request {review.pull} was edited during this run and does not count.")


def _unclaimed(merge: Merge, where: str, error: errors.ApiError) -> None:
    message = f"GitHub did not accept the record that the review {where} is used."
    if merge.run.inputs.require_reviewed_plan is not ReviewRule.ERROR:
        show_notice(f"{message} {error.message}")
        return
    raise errors.RefusedError(
        f"Nothing was written: {message}",
        reasons=[error.message],
        hint=f"{error.hint or 'The job needs pull-requests: write, and the conversation may not be locked.'} "
        "Then run this again.",
    )


def _report(merge: Merge, done: Done) -> int:
    """Report what was written, to the reviewers first: the runner's files may fail."""
    run, report = merge.run, done.report
    code = exit_code(report.outcomes)
    is_whole = code == errors.ExitCode.OK and not done.is_stopped and not report.plan.blocked
    write_result(ledger.text(report.outcomes, screen_of_stdout(run.invocation)) or "There was nothing to write.\n")
    results.report_applied(merge.pulls, report, is_whole=is_whole, is_done=done.was_done)
    kind = errors.RefusedError if code is errors.ExitCode.REFUSED else errors.PartlyAppliedError
    bad = [each for each in map(ledger.entry, report.outcomes) if not each.is_good]
    run.annotate(kind(f"{each.change.slug} {each.kind.words}: {ledger.explained(each)}") for each in bad)
    run.output({"record": str(merge.record) if merge.record.exists() else ""})
    run.summarise(report)
    if done.is_stopped:
        raise errors.InterruptedByUser(INTERRUPTED)
    return code
