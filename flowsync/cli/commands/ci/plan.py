"""`flowsync ci validate` and `flowsync ci plan`: what a merge would do, and whether apply would accept it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.cli.commands.audience import with_audiences
from flowsync.cli.commands.ci.apply import blocked_error, guards_error
from flowsync.cli.commands.ci.branch import others_changing, settings_changed
from flowsync.cli.commands.ci.pictures import pictured
from flowsync.cli.commands.ci.results import Pulls, report_applied, report_failed_plan
from flowsync.cli.commands.ci.run import NAMED, key_without_project, marker_key, show_failure, show_notice
from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.planning import changed_waits
from flowsync.cli.project import save
from flowsync.cli.project.files import check_files, named_from_top
from flowsync.cli.usage.guards import guards_allowing
from flowsync.errors import ApiError, ExitCode, FlowsyncError, InvalidFilesError
from flowsync.github.conflicts import conflicting, unsettled
from flowsync.github.inputs import ReviewRule, Switch
from flowsync.github.marker import NO_PLAN, Marker, hexadecimal, parts
from flowsync.github.review import ARTIFACT
from flowsync.github.runner import OtherEvent, PullRequestEvent, PushEvent, base_of, inert
from flowsync.model import Severity
from flowsync.plan.guards import Kept
from flowsync.problems import FORMATS, listing
from flowsync.render import wording
from flowsync.report.comment import title
from flowsync.report.values import ApplyReport, FilesReport, PlanReport
from flowsync.secrets import masked
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.github.review import Reviews
    from flowsync.model import Plan
    from flowsync.report.values import Looks


PREVIEW: Final = "flowsync-preview"
"""Prefix of the pictures' folder and artefact; the key of the plan's comment follows."""


def validate(run: Run) -> int:
    """Check the files offline; write log, annotations, summary and, if asked for, SARIF."""
    return _validate(run, run.open_project())


def _validate(run: Run, project: Project) -> int:
    problems = check_files(project)
    screen = screen_of_stdout(run.invocation)
    if run.inputs.sarif_file is not None:
        path = run.invocation.directory / run.inputs.sarif_file
        base, named = named_from_top(project, problems)
        document = FORMATS["sarif"](named, source_lines(base), screen)
        save(path, masked(document), workspace(run.invocation.directory))
        run.output({"sarif": str(path)})
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidFilesError("The files have errors.", problems)
    write_result(inert(listing.text(problems, source_lines(project.base), screen)))
    run.annotate(problems)
    run.summarise(FilesReport(run.scene, problems))
    return ExitCode.OK


def plan(run: Run) -> int:
    """Show what a merge would do; in a pull request that gets no secrets, only whether the files are valid."""
    unopened = Marker(key_without_project(run, "plan"), run.commit, NO_PLAN)
    with _failures_reported(run, None, unopened, run.invocation.environment):
        project = run.open_project()
    has_no_key = not run.in_sandbox and project.settings.private_key is None and project.settings.public_key is None
    if run.gets_no_secrets and has_no_key:
        show_notice("Only the files are checked: GitHub gives this pull request no secrets, and a plan needs a key.")
        return _validate(run, project)
    run_id = run.runner.run_id if run.runner.run_id.isdecimal() else None
    marker = Marker(marker_key(project, "plan"), run.commit, NO_PLAN, run=run_id)
    reviews = _reviews(run, marker.key)
    base = base_of(run.event, run.invocation.directory, reviews.base if reviews else None)
    with (
        _failures_reported(run, project, marker, project.settings.environment),
        run.plan(project, Purpose.READ, Kept.SAVED, base) as planned,
    ):
        made = _with_unseen_conflicts(run, project, planned, reviews)
        if run.inputs.audience is Switch.ON:
            made = replace(made, plan=with_audiences(made.plan, made.connection))
        report = replace(_report(run, project, made), looks=_looks(run, project, base, marker.key))
        is_shown = _show(run, made, report, marker)
    _report_unreviewed(run, made.plan, reviews)
    _report_in_step(run, project, made.plan, reviews)
    return _result(run, project, report, is_shown=is_shown)


@contextmanager
def _failures_reported(run: Run, project: Project | None, marker: Marker, environment: str | None) -> Iterator[None]:
    """Report a failure in the pull request's comment and status, or on the pull requests of a push."""
    try:
        yield
    except FlowsyncError as error:
        run.comment(run.failure_report(error, project), marker, is_news=True)
        run.set_status("failure", error.message, environment)
        report_failed_plan(run, project, error)
        raise


def _report(run: Run, project: Project, made: Planned) -> PlanReport:
    """The report of a plan; for a pull request with changed settings and other pull requests for the same flows."""
    plan, event = made.plan, run.event
    report = PlanReport(run.scene, plan, changed_waits(plan, made.flows), made.warnings)
    if isinstance(event, PullRequestEvent):
        prefix = git.prefix(run.invocation.directory)
        if made.base is None:
            show_notice("There is no base to compare with, so changes to the configuration are not shown.")
        report = replace(
            report,
            settings=settings_changed(project, made.flows, made.base) if made.base else (),
            others=others_changing(run.github, event.number, plan.changes, prefix) if run.github else (),
        )
        if run.inputs.live_branch and event.into and event.into != run.inputs.live_branch:
            report = replace(report, into=event.into, applied=run.inputs.live_branch)
    return report


def _looks(run: Run, project: Project, base: str | None, key: str) -> Looks | None:
    """The flows whose appearance a pull request changes, with pictures; None unless the input asks for them."""
    if run.inputs.preview is Switch.OFF or not isinstance(run.event, PullRequestEvent):
        return None
    folder = run.runner.temporary / f"{PREVIEW}-{key}"
    looks = replace(pictured(project, base, folder), name=folder.name)
    if looks.trouble:
        show_notice(f"{'Not all pictures' if looks.pictures else 'No pictures'} could be taken: {looks.trouble}")
    if looks.pictures:
        run.output({"preview-folder": str(folder), "preview-artifact": folder.name})
    return looks


def _show(run: Run, made: Planned, report: PlanReport, marker: Marker) -> bool:
    """Show the plan in the log, the summary and the pull request's comment; False if that is needed but missing."""
    plan = made.plan
    run.show_plan(made)
    run.summarise(report)
    marker = replace(marker, digest=hexadecimal(plan.digest), base=plan.base, parts=parts(plan))
    marker = replace(marker, conflicts=conflicting(plan))
    run.output({"plan-artifact": f"{ARTIFACT}{marker.seal}"})
    is_news = bool(plan.writes or plan.blocked or plan.removed or plan.dropped or report.settings)
    return run.comment(report, marker, is_news=is_news)


def _result(run: Run, project: Project, report: PlanReport, *, is_shown: bool) -> ExitCode:
    """Set the commit's status and return the exit code: success means that apply accepts the plan and people saw it."""
    plan, code, description = report.plan, ExitCode.OK, title(report)
    if plan.refusals:
        code = ExitCode.REFUSED
        error = guards_error(plan)
        run.annotate([error])
        report_failed_plan(run, project, error, plan)
    elif plan.blocked:
        code = ExitCode.ERROR
        report_failed_plan(run, project, blocked_error(plan))
    elif not is_shown:
        code, description = ExitCode.ERROR, "The plan could not be shown in the pull request."
        hint = "The notice says why. With comment: off, no comment is needed."
        run.annotate([FlowsyncError(description, hint=hint)])
    elif plan.changes and run.inputs.fail_on_changes is Switch.ON:
        code = ExitCode.CHANGES
    run.set_status("failure" if code else "success", description, plan.environment)
    return code


def _reviews(run: Run, key: str) -> Reviews | None:
    """The reviews of a commit of a branch; None for other events, or if GitHub does not say."""
    if run.github is None or run.runner.branch is None or not isinstance(run.event, PushEvent | OtherEvent):
        return None
    try:
        reviews = run.reviews(run.github, key)
        _ = reviews.of_tip
    except ApiError as error:
        show_failure("The plan of the pull request cannot be read.", error)
        return None
    return reviews


def _with_unseen_conflicts(run: Run, project: Project, made: Planned, reviews: Reviews | None) -> Planned:
    """The plan with the refusals of `unsettled`; unchanged if GitHub does not answer, since apply asks again."""
    with suppress(ApiError):
        return replace(made, plan=unsettled(made.plan, reviews, guards_allowing(project, run.inputs.allow)))
    return made


def _report_in_step(run: Run, project: Project, plan: Plan, reviews: Reviews | None) -> None:
    """Report on the pull requests of a push without changes that nothing is left to apply: no apply runs then."""
    if reviews is None or not isinstance(run.event, PushEvent) or plan.writes or plan.blocked:
        return
    pulls = Pulls(run, reviews, marker_key(project, "result"), {})
    report_applied(pulls, ApplyReport(run.scene, plan, ()), is_whole=True, is_done=False)


def _report_unreviewed(run: Run, plan: Plan, reviews: Reviews | None) -> None:
    """Say why apply would refuse a push, before anybody approves it."""
    is_off = run.inputs.require_reviewed_plan is ReviewRule.OFF
    if reviews is None or is_off or not isinstance(run.event, PushEvent) or not plan.writes:
        return
    try:
        extras, spent = reviews.unreviewed(plan), reviews.spent(plan)
    except ApiError:
        return
    if extras and spent:
        show_notice(
            f"The plan of pull request {spent.pull} was applied already: apply needs repeat: true to apply it again."
        )
    elif extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        show_notice(f"No merged pull request showed the changes to {slugs}: apply needs that.")
