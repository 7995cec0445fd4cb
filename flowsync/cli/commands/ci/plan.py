"""`flowsync ci validate` and `flowsync ci plan`: what merging would do, and whether apply would take it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.cli.audience import with_audiences
from flowsync.cli.commands.ci.apply import blocked_error
from flowsync.cli.commands.ci.branch import others_changing, settings_changed
from flowsync.cli.commands.ci.looks import pictured
from flowsync.cli.commands.ci.results import NOTHING_WRITTEN, Pulls, report_applied, report_failed_plan
from flowsync.cli.commands.ci.run import NAMED, key_without_project, marker_key, show_failure, show_notice
from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stdout, source_lines, write_result
from flowsync.cli.planning import changed_waits
from flowsync.cli.project import save
from flowsync.cli.project.files import check_files, named_from_top
from flowsync.cli.usage.guards import guards_allowing
from flowsync.errors import ApiError, ExitCode, FlowsyncError, InvalidFilesError, RefusedError
from flowsync.github.conflicts import conflicting, unsettled
from flowsync.github.inputs import ReviewRule, Switch
from flowsync.github.marker import NO_PLAN, Marker, hexadecimal, parts
from flowsync.github.review import ARTIFACT, Reviews, Tip
from flowsync.github.runner import OtherEvent, PullRequestEvent, PushEvent, base_of, inert
from flowsync.model import Severity
from flowsync.plan.guards import Kept
from flowsync.problems import FORMATS, listing
from flowsync.render import wording
from flowsync.report.comment import title
from flowsync.report.planned import stopped_by
from flowsync.report.values import ApplyReport, FilesReport, PlanReport
from flowsync.secrets import masked
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from flowsync.cli.commands.ci.run import Run
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.model import Plan
    from flowsync.report.values import Looks


PREVIEW: Final = "flowsync-preview"
"""How the folder of the pictures, and their artefact, are called, before the key of the plan's comment."""


def validate(run: Run) -> int:
    """Check the files offline; write the log, annotations, the summary, and SARIF if the run asks for it."""
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
    try:
        project = run.open_project()
    except FlowsyncError as error:
        marker = Marker(key_without_project(run, "plan"), run.commit, NO_PLAN)
        run.comment_on_event(run.failure_report(error), marker, is_news=True)
        run.set_status("failure", error.message, run.invocation.environment)
        report_failed_plan(run, None, error)
        raise
    has_no_key = not run.in_sandbox and project.settings.private_key is None and project.settings.public_key is None
    if run.gets_no_secrets and has_no_key:
        show_notice("Only the files are checked: GitHub gives no secrets to this pull request, so no plan can be made.")
        return _validate(run, project)
    run_id = run.runner.run_id if run.runner.run_id.isdecimal() else None
    marker = Marker(marker_key(project, "plan"), run.commit, NO_PLAN, run=run_id)
    reviews = _reviews(run, marker.key)
    base = base_of(run.event, run.invocation.directory, reviews.base if reviews else None)
    try:
        with run.plan(project, Purpose.READ, Kept.SAVED, base) as planned:
            made = _with_unseen_conflicts(run, project, planned, reviews)
            if run.inputs.audience is Switch.ON:
                made = replace(made, plan=with_audiences(made.plan, made.connection))
            report = replace(_report(run, project, made), looks=_looks(run, project, base, marker.key))
            is_told = _show(run, made, report, marker)
    except FlowsyncError as error:
        run.comment_on_event(run.failure_report(error, project), marker, is_news=True)
        run.set_status("failure", error.message, project.settings.environment)
        report_failed_plan(run, project, error)
        raise
    _report_unreviewed(run, made.plan, reviews)
    _report_in_step(run, project, made.plan, reviews)
    return _result(run, project, report, is_told=is_told)


def _report(run: Run, project: Project, made: Planned) -> PlanReport:
    """What is shown of a plan: in a pull request with what it changes besides flows, and who else changes them."""
    plan, event = made.plan, run.event
    report = PlanReport(run.scene, plan, changed_waits(plan, made.flows), made.warnings)
    if isinstance(event, PullRequestEvent):
        prefix = git.prefix(run.invocation.directory)
        if made.base is None:
            show_notice(
                "Whether this pull request changes the configuration is not known: there is no base to compare with."
            )
        report = replace(
            report,
            settings=settings_changed(project, made.flows, made.base) if made.base else (),
            others=others_changing(run.github, event.number, plan.changes, prefix) if run.github else (),
        )
        if run.inputs.live_branch and event.into and event.into != run.inputs.live_branch:
            report = replace(report, into=event.into, applied=run.inputs.live_branch)
    return report


def _looks(run: Run, project: Project, base: str | None, key: str) -> Looks | None:
    """Which flows a pull request makes look different, with pictures; None where the input does not ask for them."""
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
    """Show the plan wherever people look; whether that includes the pull request's comment, where it should."""
    plan = made.plan
    run.show_plan(made)
    run.summarise(report)
    marker = replace(marker, digest=hexadecimal(plan.digest), base=plan.base, parts=parts(plan))
    marker = replace(marker, conflicts=conflicting(plan))
    run.output({"plan-artifact": f"{ARTIFACT}{marker.seal}"})
    is_news = bool(plan.writes or plan.blocked or plan.removed or plan.dropped or report.settings)
    return run.comment_on_event(report, marker, is_news=is_news)


def _result(run: Run, project: Project, report: PlanReport, *, is_told: bool) -> ExitCode:
    """The exit code and the commit's status: they are good only where apply would take the plan, and people saw it."""
    plan, code, said = report.plan, ExitCode.OK, title(report)
    if plan.refusals:
        code = ExitCode.REFUSED
        message = f"{NOTHING_WRITTEN}settle {stopped_by(plan)} first."
        reasons = wording.refusals(plan, wording.Reader.GITHUB)
        error = RefusedError(message, reasons=reasons, hint="What is meant, the input allow lets through.", plan=plan)
        run.annotate([error])
        report_failed_plan(run, project, error, plan)
    elif plan.blocked:
        code = ExitCode.ERROR
        report_failed_plan(run, project, blocked_error(plan))
    elif not is_told:
        code, said = ExitCode.ERROR, "The plan could not be shown in the pull request."
        run.annotate([FlowsyncError(said, hint="The notice says why. With comment: off a plan is made without one.")])
    elif plan.changes and run.inputs.fail_on_changes is Switch.ON:
        code = ExitCode.CHANGES
    run.set_status("failure" if code else "success", said, plan.environment)
    return code


def _reviews(run: Run, key: str) -> Reviews | None:
    """What a commit of a branch came with; None where that is no question, or GitHub does not tell."""
    if run.github is None or run.runner.branch is None or not isinstance(run.event, PushEvent | OtherEvent):
        return None
    try:
        reviews = Reviews(run.github, Tip(run.runner.sha, run.runner.branch, key), run.runner.run_id, run.inputs.repeat)
        _ = reviews.of_tip
    except ApiError as error:
        show_failure("The plan of the pull request cannot be found.", error)
        return None
    return reviews


def _with_unseen_conflicts(run: Run, project: Project, made: Planned, reviews: Reviews | None) -> Planned:
    """The plan as apply would judge it; as it is where GitHub does not tell, for apply asks again."""
    with suppress(ApiError):
        return replace(made, plan=unsettled(made.plan, reviews, guards_allowing(project, run.inputs.allow)))
    return made


def _report_in_step(run: Run, project: Project, plan: Plan, reviews: Reviews | None) -> None:
    """Say on pull requests that were left to the run of a push that nothing is left to do: no apply runs then."""
    if reviews is None or not isinstance(run.event, PushEvent) or plan.writes or plan.blocked:
        return
    pulls = Pulls(run, reviews, marker_key(project, "result"), {})
    report_applied(pulls, ApplyReport(run.scene, plan, ()), is_whole=True, is_done=False)


def _report_unreviewed(run: Run, plan: Plan, reviews: Reviews | None) -> None:
    """Say of a push what apply would stop at, before anybody approves it."""
    is_off = run.inputs.require_reviewed_plan is ReviewRule.OFF
    if reviews is None or is_off or not isinstance(run.event, PushEvent) or not plan.writes:
        return
    try:
        extras, spent = reviews.unreviewed(plan), reviews.spent(plan)
    except ApiError:
        return
    if extras and spent:
        show_notice(f"What pull request {spent.pull} showed was applied already: apply asks for repeat: true.")
    elif extras:
        slugs = wording.listed([change.slug for change in extras], NAMED)
        show_notice(f"No merged pull request showed what would be written to {slugs}: apply asks for that.")
