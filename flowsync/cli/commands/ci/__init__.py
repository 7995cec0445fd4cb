"""flowsync ci: validate, plan, apply or drift inside GitHub Actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from flowsync.cli.commands.ci.apply import apply
from flowsync.cli.commands.ci.drift import drift
from flowsync.cli.commands.ci.run import NAMED, failures_shown, marker_key, open_run, show_failure, show_notice
from flowsync.cli.connection import Purpose
from flowsync.cli.files import check_files, named_from_top
from flowsync.cli.options import global_options, invocation, sandbox_option
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.planning import changed_waits
from flowsync.cli.project import save
from flowsync.errors import ApiError, ExitCode, FlowsyncError, InvalidFilesError
from flowsync.github import review
from flowsync.github.api import NO_PLAN, Marker
from flowsync.github.event import PushEvent, base_of
from flowsync.github.review import Tip, hexadecimal, origin, parts
from flowsync.github.runner import COMMAND, CiCommand, ReviewRule, Switch, inert
from flowsync.model import Severity
from flowsync.plan.guards import Kept
from flowsync.render import problems as problem_formats
from flowsync.render import wording
from flowsync.render.report import FilesReport, PlanReport
from flowsync.secrets import masked
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.review import Origin
    from flowsync.model import Plan


@click.command("ci")
@click.argument("what", type=click.Choice(COMMAND.choices), required=False)
@click.option(
    "--pull-request",
    "pull_request",
    flag_value=Switch.ON,
    type=click.UNPROCESSED,
    help="For drift: open a pull request that pulls the live edits into the files, in place of an issue.",
)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, *, what: str | None, pull_request: Switch | None, in_sandbox: bool) -> int:
    """Run inside GitHub Actions: validate, plan, apply or drift, with comment, summary, notes and outputs.

    What to do is given by the argument, or like everything else by the action's inputs (docs/github.md).
    """
    with open_run(invocation(context), what, pull_request, in_sandbox=in_sandbox) as run, failures_shown(run):
        code = COMMANDS[run.inputs.command](run)
        run.output({"exit-code": str(int(code))})
        return code


def validate(run: Run) -> int:
    """Check the files offline; write the log, annotations, the summary, and SARIF if the run asks for it."""
    return _validate(run, run.open_project())


def _validate(run: Run, project: Project) -> int:
    problems = check_files(project)
    screen = screen_of_stdout(run.invocation)
    if run.inputs.sarif_file is not None:
        path = run.invocation.directory / run.inputs.sarif_file
        base, named = named_from_top(project, problems)
        document = problem_formats.FORMATS["sarif"](named, source_lines(base), screen)
        save(path, masked(document), workspace(run.invocation.directory))
        run.output({"sarif": str(path)})
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidFilesError("The files have errors.", problems)
    write_result(inert(problem_formats.text(problems, source_lines(project.base), screen)))
    run.annotate(problems)
    run.summarise(FilesReport(run.scene, problems))
    return ExitCode.OK


def plan(run: Run) -> int:
    """Show what a merge would do; in a pull request that gets no secrets, only whether the files are valid."""
    project = run.open_project()
    has_no_key = not run.in_sandbox and project.settings.private_key is None and project.settings.public_key is None
    if run.gets_no_secrets and has_no_key:
        show_notice("Only the files are checked: GitHub gives no secrets to this pull request, so no plan can be made.")
        return _validate(run, project)
    marker = Marker(marker_key(project, "plan"), run.commit, NO_PLAN)
    tip = Tip(run.runner.sha, run.runner.branch, marker.key)
    came_with = _came_with(run, tip)
    shown_with = came_with.marker.base if came_with and came_with.marker else None
    base = base_of(run.event, run.invocation.directory, shown_with)
    try:
        with run.plan(project, Purpose.READ, Kept.SAVED, base) as made:
            _show(run, made, marker)
    except FlowsyncError as error:
        run.comment_on_event(run.failure_report(error, project), marker, is_news=True)
        raise
    _report_unreviewed(run, made.plan, tip, came_with)
    if made.plan.blocked:
        return ExitCode.ERROR
    return ExitCode.CHANGES if made.plan.changes and run.inputs.fail_on_changes is Switch.ON else ExitCode.OK


def _show(run: Run, made: Planned, marker: Marker) -> None:
    plan = made.plan
    run.show_plan(made)
    report = PlanReport(run.scene, plan, changed_waits(plan, made.flows))
    run.summarise(report)
    marker = replace(marker, digest=hexadecimal(plan.digest), base=plan.base, parts=parts(plan))
    run.comment_on_event(report, marker, is_news=bool(plan.writes or plan.blocked))


def _came_with(run: Run, tip: Tip) -> Origin | None:
    """What a pushed commit came with; None where nothing was pushed, or GitHub does not tell."""
    if run.github is None or not isinstance(run.event, PushEvent):
        return None
    try:
        return origin(run.github, tip)
    except ApiError as error:
        show_failure("The plan of the pull request cannot be found.", error)
        return None


def _report_unreviewed(run: Run, plan: Plan, tip: Tip, came_with: Origin | None) -> None:
    """Say of a push what apply would stop at, before anybody approves it."""
    if run.github is None or came_with is None or run.inputs.require_reviewed_plan is ReviewRule.OFF:
        return
    try:
        extras = review.extras(run.github, plan, tip, came_with)
    except ApiError:
        return
    if extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        show_notice(f"No merged pull request showed what would be written to {slugs}: apply asks for that.")


COMMANDS: Final[Mapping[CiCommand, Callable[[Run], int]]] = {
    CiCommand.VALIDATE: validate,
    CiCommand.PLAN: plan,
    CiCommand.APPLY: apply,
    CiCommand.DRIFT: drift,
}
