"""`flowsync ci drift`: edits of live flows, in an issue or in a pull request that pulls them into the files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.cli.commands.ci.run import marker_key, show_failure, show_notice
from flowsync.cli.commands.pull import pull_flows
from flowsync.cli.connection import Purpose
from flowsync.cli.project import refuse_keys
from flowsync.cli.project.files import top_of
from flowsync.config import Policy
from flowsync.errors import ApiError, ConfigError, ExitCode
from flowsync.github.comments import NotWritten, Written, draft
from flowsync.github.drift import (
    Proposal,
    ProposedFile,
    branch_name,
    close_issues,
    digest_of,
    edits,
    is_uncertain,
    not_live,
    propose,
    waiting,
    withdraw,
    write_issue,
)
from flowsync.github.inputs import Switch
from flowsync.github.marker import Marker, hexadecimal, written_parts
from flowsync.plan.document import meaning
from flowsync.plan.guards import Kept
from flowsync.pull.results import ChangedFile, Skipped
from flowsync.render.escape import shown
from flowsync.report.changes import merged_in
from flowsync.report.layout import differing
from flowsync.report.values import DriftReport, TakeoverReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.model import Plan
    from flowsync.pull.results import NewFile, Pulled

FAREWELL: Final = "The live flows match the files again."
NO_EDIT_LEFT: Final = "No edit is left: the remaining differences are merged and wait for an apply."
UNKNOWN: Final = (
    "Merged changes that are not applied yet may count as edits, because the history is missing: give actions/checkout "
    "fetch-depth: 0."
)
"""The note if this clone lacks the history."""


@dataclass(frozen=True, slots=True)
class Found:
    """The differences: `edits`, and by slug the reasons of flows `waiting` for an apply.

    `missing` are the flows of files that are not live; `gap` says what is unknown.
    """

    edits: Plan
    waiting: Mapping[str, str]
    missing: tuple[str, ...]
    gap: str

    def report(self, run: Run) -> DriftReport:
        """The report of the differences."""
        return DriftReport(run.scene, self.edits, tuple(self.waiting), self.missing, self.gap)


def drift(run: Run) -> int:
    """Report what was edited live in one issue, or in one pull request that pulls it into the files.

    The files are compared with their own history: a merged change that is not applied yet is not an edit.
    """
    project = _showing_edits(run.open_project())
    commit = git.head(project.home)
    with run.plan(project, Purpose.READ, Kept.SAVED, commit) as made:
        is_unknown = is_uncertain(made.plan) or made.plan.base != commit
        waits = {change.slug: f"{merged_in(change).capitalize()} and not applied yet." for change in waiting(made.plan)}
        found = Found(edits(made.plan), waits, tuple(not_live(made.plan)), UNKNOWN if is_unknown else "")
        run.show_plan(made)
        run.summarise(found.report(run))
        if url := _report(run, project, made, found):
            run.output({"comment-url": url})
    is_failure = differing(found.edits) and run.inputs.fail_on_changes is Switch.ON
    return ExitCode.CHANGES if is_failure else ExitCode.OK


def _showing_edits(project: Project) -> Project:
    """The project with policies that keep every edit in the plan."""
    guards = replace(project.settings.guards, on_drift=Policy.OVERWRITE, on_conflict=Policy.OVERWRITE)
    return replace(project, settings=replace(project.settings, guards=guards))


def _report(run: Run, project: Project, made: Planned, found: Found) -> str | None:
    """Report the drift, or that it is gone, and return the address; None if there is nothing to report."""
    github = run.github
    if github is None:
        raise ConfigError("Drift cannot be reported: the input github-token is empty.")
    key = marker_key(project, "drift")
    proposes = run.inputs.pull_request is Switch.ON
    if not differing(found.edits):
        farewell = NO_EDIT_LEFT if found.waiting or found.missing else FAREWELL
        branch = branch_name(project.settings.environment, key)
        pull = withdraw(github, branch, key, farewell) if proposes else None
        return close_issues(github, key, farewell) or pull
    proposed = _propose(run, github, project, made, found) if proposes else None
    if proposed is not None:
        close_issues(github, key, f"A pull request pulls the live edits into the files: {proposed}")
        return proposed
    marker = Marker(key, run.commit, hexadecimal(meaning(found.edits)))
    title = f"Live flows differ from the files{_of(found.edits)}"
    match write_issue(github, draft(found.report(run), marker, title=title)):
        case Written(url):
            return url
        case NotWritten(reason):
            show_notice(f"No issue was opened: {reason}.")
            return None


def _of(plan: Plan) -> str:
    return f" ({shown(plan.environment)})" if plan.environment else ""


def _propose(run: Run, github: Github, project: Project, made: Planned, found: Found) -> str | None:
    """Propose a pull request and return its address; None, with a notice, if there is none."""
    if run.runner.branch is None:
        raise ConfigError("A pull request needs a base branch: run this on a branch, not a tag.")
    if found.gap:
        show_notice(f"No pull request is proposed, because it could undo merged work. {found.gap}")
        return None
    try:
        merged = {**_unapplied(run, github, project, made.plan), **found.waiting}
    except ApiError as error:
        show_failure("No pull request is proposed, because it is unknown which merged work is applied.", error)
        return None
    result = pull_flows(project, made.flows, made.listing)
    taken = [change for change in result.changes if change.slug not in merged]
    files = tuple(_files(project, taken))
    if not files:
        show_notice("No edit could be pulled into a file: an issue reports the drift.")
        return None
    key = marker_key(project, "drift")
    marker = Marker(key, run.commit, digest_of(files))
    named = {change.slug: change.file.name for change in taken}
    left = {each.slug: reason for each in result.pulled if (reason := " ".join(_reasons(each)))}
    report = TakeoverReport(run.scene, made.plan.environment or "", named, {**left, **merged})
    proposal = Proposal(
        files,
        onto=run.runner.sha,
        base=run.runner.branch,
        branch=branch_name(made.plan.environment, key),
        draft=draft(report, marker, title=f"Pull live edits into the files{_of(made.plan)}"),
    )
    match propose(github, proposal):
        case Written(url):
            return url
        case NotWritten(reason):
            show_notice(f"No pull request was written: {reason}. An issue reports the drift.")
            return None


def _unapplied(run: Run, github: Github, project: Project, plan: Plan) -> Mapping[str, str]:
    """By slug, the merged pull request whose changes to a flow no apply has recorded as written.

    The history of the files does not show this for a field or file that is new in them, nor for a change that was
    edited live while it waited. Raises ApiError.
    """
    if plan.base is None:
        return {}
    reviews = run.reviews(github, marker_key(project, "plan"))
    parts = written_parts(plan)
    open_ = {each.pull: each.comment.marker.unused for each in reviews.recent if each.comment}
    found = {slug: pull for pull, unused in open_.items() for part in unused & parts.keys() for slug in parts[part]}
    prefix = git.prefix(project.base)
    slugs = {normpath(f"{prefix}{change.file}"): change.slug for change in plan.changes}
    for step in git.steps(project.home, plan.base):
        # Edited live since its plan, a merged change is another part now, and still merged work.
        for pull in reviews.pushed([step.commit]):
            if open_.get(pull) and step.path in slugs:
                found.setdefault(slugs[step.path], pull)
    return {
        slug: f"Pull request #{pull} changed it, and not all of that is applied yet." for slug, pull in found.items()
    }


def _files(project: Project, changes: Iterable[NewFile | ChangedFile]) -> Iterator[ProposedFile]:
    """The new files, by their paths from the top of the repository. A link is replaced by its target in it."""
    top = Path(os.path.realpath(top_of(project)))
    for change in changes:
        path = Path(os.path.realpath(change.file.path))
        if path.is_relative_to(top):
            is_executable = path.exists() and os.access(path, os.X_OK)
            refuse_keys(change.text, change.file.name)
            yield ProposedFile(path.relative_to(top).as_posix(), change.text, is_executable)


def _reasons(pulled: Pulled) -> Iterator[str]:
    """Why a flow was not pulled, or only in part."""
    if isinstance(pulled, Skipped):
        yield pulled.message
        return
    yield from (f"{each.field}: {each.message}" for each in pulled.left_out)
    if isinstance(pulled, ChangedFile):
        yield from (f"Its test no longer holds: {test}." for test in pulled.failing)
