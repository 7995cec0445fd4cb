"""`flowsync ci drift`: live flows that are not as the files say, told by an issue or taken over by a pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync import git
from flowsync.cli.ci.publishing import output, output_plan, scene, summarise, tell
from flowsync.cli.ci.run import marker_key, open_project, planned, show_plan
from flowsync.cli.commands.pull import Arrivals, PullOrder, pull_flows
from flowsync.cli.connection import Purpose
from flowsync.cli.writing import refuse_keys
from flowsync.errors import ConfigError, ExitCode
from flowsync.github.api import Marker
from flowsync.github.comments import Left, Written, draft
from flowsync.github.drift import Proposal, ProposedFile, branch_name, close, digest_of, propose, withdraw
from flowsync.github.drift import tell as drift_tell
from flowsync.github.review import hexadecimal
from flowsync.github.runner import Switch
from flowsync.plan.document import meaning
from flowsync.plan.guards import Kept
from flowsync.pull.results import ChangedFile, NewFile, SameFile, Scope, Skipped
from flowsync.render.escape import shown
from flowsync.render.report_parts import DriftReport, TakeoverReport, differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.cli.ci.run import Planned, Run
    from flowsync.cli.commands.pull import PullResult
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.model import Plan
    from flowsync.pull.results import Pulled

FAREWELL = "The live flows are as the files say again."


def drift(run: Run) -> int:
    """Tell how the live flows differ from the files: by one issue, or by one pull request that takes them over."""
    project = open_project(run)
    with planned(run, project, Purpose.READ, Kept.SAVED, None) as made:
        output_plan(run, made.plan, show_plan(run, made))
        summarise(run, DriftReport(scene(run), made.plan))
        if url := _told(run, project, made):
            output(run, {"comment-url": url})
    is_failure = differing(made.plan) and run.inputs.fail_on_changes is Switch.ON
    return ExitCode.CHANGES if is_failure else ExitCode.OK


def _told(run: Run, project: Project, made: Planned) -> str | None:
    """Where people are told of the drift, or that it is gone; None when there is nothing to tell."""
    if run.github is None:
        raise ConfigError("Nobody can be told of drift: the input github-token is empty.")
    key = marker_key(project, "drift")
    if not differing(made.plan):
        return _withdrawn(run, run.github, project, key)
    proposed = _proposed(run, run.github, project, made, key) if run.inputs.pull_request is Switch.ON else None
    if proposed is None:
        return _issue(run, run.github, made.plan, key)
    close(run.github, key, f"A pull request takes over the live edits: {proposed}")
    return proposed


def _withdrawn(run: Run, github: Github, project: Project, key: str) -> str | None:
    pull = None
    if run.inputs.pull_request is Switch.ON:
        branch = branch_name(project.settings.environment, key)
        pull = withdraw(github, branch, key, FAREWELL)
    return close(github, key, FAREWELL) or pull


def _issue(run: Run, github: Github, plan: Plan, key: str) -> str:
    marker = Marker(key, run.commit, hexadecimal(meaning(plan)))
    title = f"Live flows differ from the files{_of(plan)}"
    return drift_tell(github, draft(DriftReport(scene(run), plan), marker, title=title))


def _of(plan: Plan) -> str:
    return f" ({shown(plan.environment)})" if plan.environment else ""


def _proposed(run: Run, github: Github, project: Project, made: Planned, key: str) -> str | None:
    """The pull request that takes over what can be; None, and a notice why, when there is none to be looked at."""
    if run.runner.branch is None:
        raise ConfigError("A pull request needs a branch to be merged into: run this on a branch, not a tag.")
    order = PullOrder((), Scope.STATED, Arrivals.NAMED)
    result = pull_flows(project, order, made.flows, made.listing, tell=lambda _: None)
    files = tuple(_files(project, result))
    if not files:
        tell("No edit could be taken over into a file: an issue tells of the drift.")
        return None
    marker = Marker(key, run.commit, digest_of(files))
    report = TakeoverReport(scene(run), made.plan.environment or "", _named(result), _left(result))
    proposal = Proposal(
        files,
        onto=run.runner.sha,
        base=run.runner.branch,
        branch=branch_name(made.plan.environment, key),
        draft=draft(report, marker, title=f"Take live edits into the files{_of(made.plan)}"),
    )
    match propose(github, proposal):
        case Written(url):
            return url
        case Left(reason):
            tell(f"No pull request was written: {reason}. An issue tells of the drift.")
            return None


def _files(project: Project, result: PullResult) -> Iterator[ProposedFile]:
    """The files as they would be, named from the top of the repository; a link's own file, where it is in there."""
    top = _top(project)
    for change in result.changes:
        path = Path(os.path.realpath(change.file.path))
        if path.is_relative_to(top):
            is_executable = path.exists() and os.access(path, os.X_OK)
            refuse_keys(change.text, change.file.name)
            yield ProposedFile(path.relative_to(top).as_posix(), change.text, is_executable)


def _top(project: Project) -> Path:
    depth = git.prefix(project.base).count("/")
    return Path(os.path.realpath(project.base.joinpath(*[".."] * depth)))


def _named(result: PullResult) -> dict[str, str]:
    return {change.slug: change.file.name for change in result.changes}


def _left(result: PullResult) -> dict[str, str]:
    """Why flows were not taken over, or not whole, by slug."""
    reasons = {each.slug: " ".join(_reasons(each)) for each in result.pulled}
    return {slug: reason for slug, reason in reasons.items() if reason}


def _reasons(pulled: Pulled) -> Iterator[str]:
    match pulled:
        case Skipped(message=message):
            yield message
        case NewFile(left_out=left_out) | SameFile(left_out=left_out):
            yield from (f"{each.field}: {each.message}" for each in left_out)
        case ChangedFile(left_out=left_out, failing=failing):
            yield from (f"{each.field}: {each.message}" for each in left_out)
            yield from (f"Its test no longer holds: {test}." for test in failing)
