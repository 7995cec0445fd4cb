"""`flowsync ci apply`: only what people were shown, only for the newest commit, told where it was reviewed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync.apply import exit_code
from flowsync.cli import applying
from flowsync.cli.ci.publishing import comment, failure_report, output, output_plan, scene, summarise, tell
from flowsync.cli.ci.run import marker_key, open_project, plan_path, planned, save_plan
from flowsync.cli.connection import Purpose
from flowsync.cli.guarding import guards_allowing, only_run, refuse_guarded
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.saved import checked_saved
from flowsync.cli.writing import refuse_unseen_versions
from flowsync.errors import (
    ApiError,
    ConfigError,
    ExitCode,
    FlowsyncError,
    InterruptedByUser,
    RefusedError,
    UnreviewedError,
)
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
from flowsync.render.report_parts import ApplyReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from flowsync.cli.ci.run import Run
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.github.review import Origin, Tip
    from flowsync.model import Change, Outcome, Plan
    from flowsync.render.report_parts import Report

NAMED: Final = 20
"""How many flows one sentence names; the rest is counted."""
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

    def is_superseded(self) -> bool:
        """Whether the branch has moved on, asked now. A tag does not move on."""
        return self.tip.branch is not None and branch_head(self.github, self.tip.branch) != self.tip.sha


def apply(run: Run) -> int:
    """Write what the merged pull request's plan showed, if this is still the branch's newest commit."""
    merge = _opened(run)
    if merge.is_superseded():
        tell(SUPERSEDED)
        return ExitCode.OK
    with _refusals_told(merge):
        done = _written(merge)
    if done is None:
        tell(SUPERSEDED)
        return ExitCode.OK
    _tell_result(merge, done)
    if done.interrupted:
        raise InterruptedByUser("Interrupted: what was in flight has finished, nothing further was started.")
    return exit_code(done.report.outcomes)


@dataclass(frozen=True, slots=True)
class Done:
    """What was written, and whether the run was stopped on the way."""

    report: ApplyReport
    interrupted: bool


def _written(merge: Merge) -> Done | None:
    """Plan, ask every guard, write; None, and nothing is written, where the branch has moved on."""
    run = merge.run
    with only_run(merge.project, run.api, "flowsync ci apply", run.invocation), _proposed(merge) as proposal:
        plan = proposal.plan
        write_result(inert(plans.preview(plan, screen_of_stdout(run.invocation))))
        extras = () if proposal.is_done else _judged(merge, plan)
        if merge.is_superseded():
            return None
        outcomes, interrupted = _outcomes(merge, proposal)
    slugs = tuple(change.slug for change in extras)
    return Done(ApplyReport(scene(run), plan, tuple(outcomes), slugs), interrupted)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be written; `is_done` when a saved plan was applied already."""

    plan: Plan
    connection: Connection
    is_done: bool = False


@contextmanager
def _proposed(merge: Merge) -> Iterator[Proposal]:
    """The saved plan where the input plan-file names one, else a plan made now."""
    run, project, file = merge.run, merge.project, merge.run.inputs.plan_file
    if file is None:
        shown = merge.origin.marker.base if merge.origin.marker else None
        base = base_of(run.event, run.invocation.directory, shown)
        with planned(run, project, Purpose.WRITE, Kept.FRESH, base) as made:
            output_plan(run, made.plan, save_plan(run, made.plan))
            yield Proposal(made.plan, made.connection)
        return
    path = plan_path(run, file)
    guards = guards_allowing(project, run.inputs.allow)
    with checked_saved(path, project, run.invocation, run.api, guards) as (checked, connection):
        output_plan(run, checked.plan, path)
        yield Proposal(checked.plan, connection, checked.is_done)


def _opened(run: Run) -> Merge:
    if not _is_merged(run):
        raise RefusedError(
            "Nothing was written: apply does not run for what is not merged yet.",
            hint="Run it on a push to the branch; for a pull request there is plan.",
        )
    if run.github is None:
        raise ConfigError(
            "Nothing was written: the input github-token is empty.",
            hint="apply asks GitHub whether this is still the newest commit, and what its pull request showed.",
        )
    project = open_project(run)
    tip = review.Tip(run.runner.sha, run.runner.branch, marker_key(project, "plan"))
    return Merge(run, project, run.github, tip, review.origin(run.github, tip))


def _is_merged(run: Run) -> bool:
    """Whether the run is for a branch or a tag itself: a pull request's merge, or a queue's, is only tried."""
    is_tried = isinstance(run.event, PullRequestEvent | MergeGroupEvent)
    return not is_tried and run.runner.ref.startswith(LASTING) and not run.runner.ref.startswith(QUEUE)


def _judged(merge: Merge, plan: Plan) -> tuple[Change, ...]:
    """The changes that no merged pull request showed.

    Raises UnreviewedError where there may be none, RefusedError when flows are blocked or guards say no.
    """
    applying.refuse_blocked(plan, applying.OnBlocked.REFUSE)
    refuse_guarded(plan)
    refuse_unseen_versions(plan, merge.project)
    rule = merge.run.inputs.require_reviewed_plan
    if rule is ReviewRule.OFF:
        return ()
    extras = review.extras(merge.github, plan, merge.tip, merge.origin)
    if extras and rule is ReviewRule.ERROR:
        raise UnreviewedError(
            "Nothing was written: no merged pull request showed all that would be.",
            extras,
            hint=_why(merge.origin),
            reasons=_not_shown(extras),
        )
    if extras:
        tell(f"No merged pull request showed what is written to {_slugs(extras)}.")
    return extras


def _slugs(changes: tuple[Change, ...]) -> str:
    return wording.listed([change.slug for change in changes], NAMED)


def _not_shown(changes: tuple[Change, ...]) -> list[str]:
    named = [f"Not shown: {action(each)} of {each.slug} in {', '.join(each.body)}." for each in changes[:NAMED]]
    rest = len(changes) - len(named)
    return [*named, f"And {rest:,} more."] if rest else named


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


def _tell_result(merge: Merge, done: Done) -> None:
    """Tell what was written: to reviewers first, whatever becomes of the runner's files."""
    run, outcomes = merge.run, done.report.outcomes
    write_result(ledger.text(outcomes, screen_of_stdout(run.invocation)) or "Nothing was to be written.\n")
    is_whole = exit_code(outcomes) == ExitCode.OK and not done.interrupted
    applied = merge.tip.sha if is_whole else None
    _tell(merge, _others(merge), done.report, applied)
    _tell(merge, merge.origin.shown, done.report, applied)
    output(run, {"record": str(_record(run)) if _record(run).exists() else ""})
    summarise(run, done.report)


def _record(run: Run) -> Path:
    return run.runner.temporary / RECORD_NAME


def _outcomes(merge: Merge, proposal: Proposal) -> tuple[list[Outcome], bool]:
    """What became of each change, and whether the run was stopped.

    Nothing is written of a plan that is done: nobody was asked about it, and a flow may just be taken back.
    """
    if proposal.is_done:
        return [AlreadyApplied(change) for change in proposal.plan.writes], False
    run, record = merge.run, str(_record(merge.run))
    return applying.run(proposal.plan, proposal.connection, merge.project, run.invocation, "text", record_file=record)


@contextmanager
def _refusals_told(merge: Merge) -> Iterator[None]:
    """Tell reviewers too why nothing was written, with the changes that nobody was shown."""
    try:
        yield
    except FlowsyncError as error:
        _tell(merge, merge.origin.shown, failure_report(merge.run, error, merge.project))
        raise


def _others(merge: Merge) -> Mapping[int, Marker | None]:
    """The other pull requests of the same push. What keeps them from being found is told, and is no failure."""
    event = merge.run.event
    if not isinstance(event, PushEvent):
        return {}
    try:
        return pushed_with(merge.github, merge.tip, merge.origin, event.commits)
    except ApiError as error:
        tell(f"Other pull requests of this push are not told of the result. {error.message}")
        return {}


def _tell(merge: Merge, shown: Mapping[int, Marker | None], report: Report, applied: str | None = None) -> None:
    """Tell the result where plans were shown. The markers stay those of the plans: only people review.

    `applied` is the commit, where all that was planned for it is written.
    """
    for pull, plan in reversed(tuple(shown.items())):  # the output comment-url is of the first
        marker = plan or Marker(merge.tip.key, merge.tip.sha, NO_PLAN)
        marker = replace(marker, applied=applied or marker.applied)
        comment(merge.run, pull, draft(report, marker, is_news=True, head=None))
