"""`flowsync ci apply`: only what people were shown, only for the newest commit, reported where it was reviewed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync import errors
from flowsync.apply import exit_code
from flowsync.cli import applying
from flowsync.cli.commands.apply import checked_saved
from flowsync.cli.commands.ci.run import NAMED, marker_key, show_notice
from flowsync.cli.connection import Purpose
from flowsync.cli.guards import guards_allowing
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.planning import refuse_unseen_versions
from flowsync.github import review
from flowsync.github.api import NO_PLAN, Marker
from flowsync.github.comments import draft
from flowsync.github.event import MergeGroupEvent, PullRequestEvent, PushEvent, base_of
from flowsync.github.review import branch_head, pushed_with
from flowsync.github.runner import ReviewRule, inert
from flowsync.model import AlreadyApplied
from flowsync.plan.document import action
from flowsync.plan.guards import Kept
from flowsync.render import ledger, plans, wording
from flowsync.render.report import ApplyReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.github.review import Origin, Tip
    from flowsync.model import Change, Outcome, Plan
    from flowsync.render.report import Report

LASTING: Final = ("refs/heads/", "refs/tags/")
QUEUE: Final = "refs/heads/gh-readonly-queue/"
"""Where GitHub's merge queue keeps what it tries [doc]."""
RECORD_NAME: Final = "flowsync-record.jsonl"
SUPERSEDED: Final = "Superseded: the branch has a newer commit, whose own run applies it. Nothing was written."


@dataclass(frozen=True, slots=True)
class Merge:
    """A run that applies: the project, the commit, and what it came with."""

    run: Run
    project: Project
    github: Github
    tip: Tip
    origin: Origin

    @property
    def record(self) -> Path:
        """Where the run keeps what it replaces."""
        return self.run.runner.temporary / RECORD_NAME

    def is_superseded(self) -> bool:
        """Whether the branch has moved on, asked now. A tag does not move on."""
        return self.tip.branch is not None and branch_head(self.github, self.tip.branch) != self.tip.sha


def apply(run: Run) -> int:
    """Write what the merged pull request's plan showed, if this is still the branch's newest commit."""
    merge = _open(run)
    try:
        done = None if merge.is_superseded() else _write(merge)
    except errors.FlowsyncError as error:  # reviewers too are told why nothing was written
        _comment(merge, merge.origin.shown, run.failure_report(error, merge.project))
        raise
    if done is None:
        show_notice(SUPERSEDED)
        return errors.ExitCode.OK
    report, is_stopped = done
    _report(merge, report, is_whole=exit_code(report.outcomes) == errors.ExitCode.OK and not is_stopped)
    if is_stopped:
        raise errors.InterruptedByUser(applying.INTERRUPTED)
    return exit_code(report.outcomes)


def _open(run: Run) -> Merge:
    # A pull request's merge, or a queue's, is only tried.
    is_tried = isinstance(run.event, PullRequestEvent | MergeGroupEvent) or run.runner.ref.startswith(QUEUE)
    if is_tried or not run.runner.ref.startswith(LASTING):
        raise errors.RefusedError(
            "Nothing was written: apply does not run for what is not merged yet.",
            hint="Run it on a push to the branch; for a pull request there is plan.",
        )
    if run.github is None:
        raise errors.ConfigError(
            "Nothing was written: the input github-token is empty.",
            hint="apply asks GitHub whether this is still the newest commit, and what its pull request showed.",
        )
    project = run.open_project()
    tip = review.Tip(run.runner.sha, run.runner.branch, marker_key(project, "plan"))
    return Merge(run, project, run.github, tip, review.origin(run.github, tip))


def _write(merge: Merge) -> tuple[ApplyReport, bool] | None:
    """Plan, ask every guard, write: the report, and whether the run was stopped on the way.

    None, and nothing is written, where the branch has moved on. Nothing is written either of a saved plan that is
    done: nobody was asked about it, and a flow may just be taken back.
    """
    run = merge.run
    extras: tuple[Change, ...] = ()
    with applying.only_run(merge.project, "flowsync ci apply", in_sandbox=run.in_sandbox), _planned(merge) as planned:
        plan = planned.plan
        write_result(inert(plans.preview(plan, screen_of_stdout(run.invocation))))
        if not planned.is_done:
            extras = _judge(merge, plan)
        if merge.is_superseded():
            return None
        outcomes: list[Outcome] = [AlreadyApplied(change) for change in plan.writes]
        is_stopped = False
        if not planned.is_done:
            outcomes, is_stopped = applying.run(plan, planned.connection, "text", record_file=str(merge.record))
    slugs = tuple(change.slug for change in extras)
    return ApplyReport(run.scene, plan, tuple(outcomes), slugs), is_stopped


@contextmanager
def _planned(merge: Merge) -> Iterator[Planned]:
    """The saved plan where the input plan-file names one, else a plan made now."""
    run, project, file = merge.run, merge.project, merge.run.inputs.plan_file
    if file is None:
        shown = merge.origin.marker.base if merge.origin.marker else None
        base = base_of(run.event, run.invocation.directory, shown)
        with run.plan(project, Purpose.WRITE, Kept.FRESH, base) as made:
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

    Raises UnreviewedError where there may be none, RefusedError when flows are blocked or guards say no.
    """
    applying.refuse_blocked(plan, skip_blocked=False)
    applying.refuse_guarded(plan)
    refuse_unseen_versions(plan, merge.project)
    rule = merge.run.inputs.require_reviewed_plan
    if rule is ReviewRule.OFF:
        return ()
    extras = review.extras(merge.github, plan, merge.tip, merge.origin)
    if extras and rule is ReviewRule.ERROR:
        reasons = [f"Not shown: {action(each)} of {each.slug} in {', '.join(each.body)}." for each in extras[:NAMED]]
        if len(extras) > NAMED:
            reasons.append(f"And {len(extras) - NAMED:,} more.")
        raise errors.UnreviewedError(
            "Nothing was written: no merged pull request showed all that would be.",
            extras,
            hint=_why(merge.origin),
            reasons=reasons,
        )
    if extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        show_notice(f"No merged pull request showed what is written to {slugs}.")
    return extras


def _why(origin: Origin) -> str:
    """The likeliest reason, and the way out."""
    if origin.pull is None:
        reason = "This commit came with no pull request."
    elif origin.marker is None:
        reason = f"Pull request {origin.pull} shows no plan of flowsync, or one that was edited by hand."
    else:
        reason = (
            f"Pull request {origin.pull} shows another plan: flows may have been edited since, or seen by another key."
        )
    return f"{reason} Show the changes in a pull request, or set require-reviewed-plan to warn."


def _report(merge: Merge, report: ApplyReport, *, is_whole: bool) -> None:
    """Report what was written: to reviewers first, whatever becomes of the runner's files."""
    run = merge.run
    write_result(ledger.text(report.outcomes, screen_of_stdout(run.invocation)) or "Nothing was to be written.\n")
    applied = merge.tip.sha if is_whole else None
    _comment(merge, _others(merge), report, applied)
    _comment(merge, merge.origin.shown, report, applied)
    run.output({"record": str(merge.record) if merge.record.exists() else ""})
    run.summarise(report)


def _others(merge: Merge) -> Mapping[int, Marker | None]:
    """The other pull requests of the same push. What keeps them from being found is reported, and is no failure."""
    event = merge.run.event
    if not isinstance(event, PushEvent):
        return {}
    try:
        return pushed_with(merge.github, merge.tip, merge.origin, event.commits)
    except errors.ApiError as error:
        show_notice(f"The result is not shown on the other pull requests of this push. {error.message}")
        return {}


def _comment(merge: Merge, shown: Mapping[int, Marker | None], report: Report, applied: str | None = None) -> None:
    """Report the result where plans were shown. The markers stay those of the plans: only people review.

    `applied` is the commit, where all that was planned for it is written.
    """
    for pull, plan in reversed(tuple(shown.items())):  # the output comment-url is of the first
        marker = plan or Marker(merge.tip.key, merge.tip.sha, NO_PLAN)
        marker = replace(marker, applied=applied or marker.applied)
        merge.run.comment(pull, draft(report, marker, is_news=True, head=None))
