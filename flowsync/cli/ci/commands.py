"""What each command of `flowsync ci` does, step by step; each returns the exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.cli.ci.applying import NAMED, apply
from flowsync.cli.ci.drifting import drift
from flowsync.cli.ci.publishing import (
    annotate,
    comment_on_event,
    failure_report,
    failures_shown,
    output,
    output_plan,
    scene,
    summarise,
    tell,
)
from flowsync.cli.ci.run import marker_key, open_project, planned, show_plan
from flowsync.cli.connection import Purpose
from flowsync.cli.files import check_files, named_from_top
from flowsync.cli.options import Api
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.planning import changed_waits
from flowsync.cli.writing import save
from flowsync.errors import ApiError, ExitCode, FlowsyncError, InvalidFilesError
from flowsync.github import review
from flowsync.github.api import NO_PLAN, Marker
from flowsync.github.event import PushEvent, base_of
from flowsync.github.review import Tip, hexadecimal, origin, parts
from flowsync.github.runner import CiCommand, ReviewRule, Switch, inert
from flowsync.model import Severity
from flowsync.plan.guards import Kept
from flowsync.render import problems as problem_formats
from flowsync.render import wording, workflow_commands
from flowsync.render.report_parts import FilesReport, PlanReport
from flowsync.secrets import masked
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.cli.ci.run import Planned, Run
    from flowsync.cli.project import Project
    from flowsync.github.review import Origin
    from flowsync.model import Plan, Problem


def execute(run: Run) -> int:
    """Do what the input command says; the exit code, which is an output too."""
    with failures_shown(run):
        code = COMMANDS[run.inputs.command](run)
        output(run, {"exit-code": str(int(code))})
        return code


def validate(run: Run) -> int:
    """Check the files offline: the log, notes beside the lines, the summary, SARIF where it is asked for."""
    return _validated(run, open_project(run))


def _validated(run: Run, project: Project) -> int:
    problems = check_files(project)
    _write_sarif(run, project, problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidFilesError("The files have errors.", problems)
    write_result(inert(problem_formats.text(problems, source_lines(project.base), screen_of_stdout(run.invocation))))
    annotate(run, map(workflow_commands.of_problem, problems))
    summarise(run, FilesReport(scene(run), problems))
    return ExitCode.OK


def _write_sarif(run: Run, project: Project, problems: tuple[Problem, ...]) -> None:
    if run.inputs.sarif_file is None:
        return
    path = run.invocation.directory / run.inputs.sarif_file
    base, named = named_from_top(project, problems)
    document = problem_formats.FORMATS["sarif"](named, source_lines(base), screen_of_stdout(run.invocation))
    save(path, masked(document), workspace(run.invocation.directory))
    output(run, {"sarif": str(path)})


def plan(run: Run) -> int:
    """Show what a merge would do; in a pull request that gets no secrets, only whether the files are valid."""
    project = open_project(run)
    if run.gets_no_secrets and _has_no_key(run, project):
        tell("Only the files are checked: GitHub gives no secrets to this pull request, so no plan can be made.")
        return _validated(run, project)
    marker = Marker(marker_key(project, "plan"), run.commit, NO_PLAN)
    tip = Tip(run.runner.sha, run.runner.branch, marker.key)
    came_with = _came_with(run, tip)
    shown_with = came_with.marker.base if came_with and came_with.marker else None
    base = base_of(run.event, run.invocation.directory, shown_with)
    try:
        with planned(run, project, Purpose.READ, Kept.SAVED, base) as made:
            code = _shown(run, made, marker)
    except FlowsyncError as error:
        comment_on_event(run, failure_report(run, error, project), marker, is_news=True)
        raise
    _tell_unreviewed(run, made.plan, tip, came_with)
    return code


def _came_with(run: Run, tip: Tip) -> Origin | None:
    """What a pushed commit came with; None where nothing was pushed, or GitHub does not tell."""
    if run.github is None or not isinstance(run.event, PushEvent):
        return None
    try:
        return origin(run.github, tip)
    except ApiError as error:
        tell(f"The plan of the pull request cannot be found. {error.message} {error.hint or ''}".rstrip())
        return None


def _tell_unreviewed(run: Run, plan: Plan, tip: Tip, came_with: Origin | None) -> None:
    """Say of a push what apply would stop at, before anybody approves it."""
    if run.github is None or came_with is None or run.inputs.require_reviewed_plan is ReviewRule.OFF:
        return
    try:
        extras = review.extras(run.github, plan, tip, came_with)
    except ApiError:
        return
    if extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        tell(f"No merged pull request showed what would be written to {slugs}: apply asks for that.")


def _has_no_key(run: Run, project: Project) -> bool:
    return run.api is Api.REAL and project.settings.private_key is None and project.settings.public_key is None


def _shown(run: Run, made: Planned, marker: Marker) -> int:
    plan = made.plan
    output_plan(run, plan, show_plan(run, made))
    report = PlanReport(scene(run), plan, changed_waits(plan, made.flows))
    summarise(run, report)
    marker = replace(marker, digest=hexadecimal(plan.digest), base=plan.base, parts=parts(plan))
    comment_on_event(run, report, marker, is_news=bool(plan.writes or plan.blocked))
    return _exit_code(run, plan)


def _exit_code(run: Run, plan: Plan) -> ExitCode:
    if plan.blocked:
        return ExitCode.ERROR
    return ExitCode.CHANGES if plan.changes and run.inputs.fail_on_changes is Switch.ON else ExitCode.OK


COMMANDS: Final[Mapping[CiCommand, Callable[[Run], int]]] = {
    CiCommand.VALIDATE: validate,
    CiCommand.PLAN: plan,
    CiCommand.APPLY: apply,
    CiCommand.DRIFT: drift,
}
