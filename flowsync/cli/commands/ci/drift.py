"""`flowsync ci drift`: live flows that are not as the files say, in an issue or taken over by a pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.cli.commands.ci.run import marker_key, show_notice
from flowsync.cli.commands.pull import pull_flows
from flowsync.cli.connection import Purpose
from flowsync.cli.files import top_of
from flowsync.cli.project import refuse_keys
from flowsync.errors import ConfigError, ExitCode
from flowsync.github.api import Marker
from flowsync.github.comments import NotWritten, Written, draft
from flowsync.github.drift import (
    Proposal,
    ProposedFile,
    branch_name,
    close_issues,
    digest_of,
    propose,
    withdraw,
    write_issue,
)
from flowsync.github.review import hexadecimal
from flowsync.github.runner import Switch
from flowsync.plan.document import meaning
from flowsync.plan.guards import Kept
from flowsync.pull.results import ChangedFile, Skipped
from flowsync.render.escape import shown
from flowsync.render.report import DriftReport, TakeoverReport
from flowsync.render.report_parts import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.model import Plan
    from flowsync.pull.results import Pulled
    from flowsync.render.pulls import Pull

FAREWELL: Final = "The live flows are as the files say again."


def drift(run: Run) -> int:
    """Report how the live flows differ from the files: by one issue, or by one pull request that takes them over."""
    project = run.open_project()
    with run.plan(project, Purpose.READ, Kept.SAVED, None) as made:
        run.show_plan(made)
        run.summarise(DriftReport(run.scene, made.plan))
        if url := _report(run, project, made):
            run.output({"comment-url": url})
    is_failure = differing(made.plan) and run.inputs.fail_on_changes is Switch.ON
    return ExitCode.CHANGES if is_failure else ExitCode.OK


def _report(run: Run, project: Project, made: Planned) -> str | None:
    """Where people read of the drift, or that it is gone; None when there is nothing to report."""
    github, plan = run.github, made.plan
    if github is None:
        raise ConfigError("Drift cannot be reported: the input github-token is empty.")
    key = marker_key(project, "drift")
    proposes = run.inputs.pull_request is Switch.ON
    if not differing(plan):
        branch = branch_name(project.settings.environment, key)
        pull = withdraw(github, branch, key, FAREWELL) if proposes else None
        return close_issues(github, key, FAREWELL) or pull
    proposed = _propose(run, github, project, made, key) if proposes else None
    if proposed is not None:
        close_issues(github, key, f"A pull request takes over the live edits: {proposed}")
        return proposed
    marker = Marker(key, run.commit, hexadecimal(meaning(plan)))
    title = f"Live flows differ from the files{_of(plan)}"
    return write_issue(github, draft(DriftReport(run.scene, plan), marker, title=title))


def _of(plan: Plan) -> str:
    return f" ({shown(plan.environment)})" if plan.environment else ""


def _propose(run: Run, github: Github, project: Project, made: Planned, key: str) -> str | None:
    """The pull request that takes over what can be; None, and a notice why, when there is none to be looked at."""
    if run.runner.branch is None:
        raise ConfigError("A pull request needs a branch to be merged into: run this on a branch, not a tag.")
    result = pull_flows(project, made.flows, made.listing)
    files = tuple(_files(project, result))
    if not files:
        show_notice("No edit could be taken over into a file: an issue reports the drift.")
        return None
    marker = Marker(key, run.commit, digest_of(files))
    named = {change.slug: change.file.name for change in result.changes}
    left = {each.slug: reason for each in result.pulled if (reason := " ".join(_reasons(each)))}
    report = TakeoverReport(run.scene, made.plan.environment or "", named, left)
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
        case NotWritten(reason):
            show_notice(f"No pull request was written: {reason}. An issue reports the drift.")
            return None


def _files(project: Project, result: Pull) -> Iterator[ProposedFile]:
    """The files as they would be, named from the top of the repository; a link's own file, where it is in there."""
    top = Path(os.path.realpath(top_of(project)))
    for change in result.changes:
        path = Path(os.path.realpath(change.file.path))
        if path.is_relative_to(top):
            is_executable = path.exists() and os.access(path, os.X_OK)
            refuse_keys(change.text, change.file.name)
            yield ProposedFile(path.relative_to(top).as_posix(), change.text, is_executable)


def _reasons(pulled: Pulled) -> Iterator[str]:
    """Why a flow was not taken over, or not all of it."""
    if isinstance(pulled, Skipped):
        yield pulled.message
        return
    yield from (f"{each.field}: {each.message}" for each in pulled.left_out)
    if isinstance(pulled, ChangedFile):
        yield from (f"Its test no longer holds: {test}." for test in pulled.failing)
