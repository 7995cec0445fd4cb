"""What a run shows on GitHub: annotations and log, summary, outputs, and the pull request's comment."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING

from flowsync import git
from flowsync.cli.output import write_result
from flowsync.errors import ApiError, DocumentError, ExitCode, FlowsyncError, InvalidFilesError, UnreviewedError
from flowsync.github import comments
from flowsync.github.comments import draft
from flowsync.github.event import PullRequestEvent
from flowsync.github.runner import notice, write_outputs, write_summary
from flowsync.plan.document import summary
from flowsync.render import workflow_commands
from flowsync.render.report import fit
from flowsync.render.report_parts import SUMMARY, FailureReport, Moment, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from flowsync.cli.ci.run import Run
    from flowsync.cli.project import Project
    from flowsync.github.api import Marker
    from flowsync.github.comments import Draft
    from flowsync.model import Plan
    from flowsync.render.report_parts import Report
    from flowsync.render.workflow_commands import Annotation


def scene(run: Run) -> Scene:
    """The run, as reports tell it."""
    moment = Moment.MERGE if isinstance(run.event, PullRequestEvent) else Moment.APPLY
    return Scene(run.commit, run.runner.run_url, moment)


def tell(text: str) -> None:
    """Say a sentence in the log, and on the run's page."""
    write_result(notice(text))


def annotate(run: Run, notes: Iterable[Annotation]) -> None:
    """Show notes beside the lines they are about, files named from the top of the repository."""
    prefix = git.prefix(run.invocation.directory)
    write_result(workflow_commands.annotate(_from_top(prefix, note) for note in notes))


def _from_top(prefix: str, note: Annotation) -> Annotation:
    where = note.location
    return note if where is None else replace(note, location=replace(where, file=normpath(prefix + where.file)))


def summarise(run: Run, report: Report) -> None:
    """Add the report to the job's summary."""
    write_summary(run.runner.summary, fit(report, SUMMARY).text)


def output_plan(run: Run, plan: Plan, path: Path) -> None:
    """Set the outputs that a plan has."""
    numbers = summary(plan)
    output(
        run,
        {
            "has-changes": str(bool(plan.writes)).lower(),
            "plan-json": str(path),
            "plan-digest": plan.digest,
            "creates": str(numbers.create),
            "updates": str(numbers.update),
            "unverified": str(numbers.unverified),
            "deletes": str(numbers.delete),
        },
    )


def output(run: Run, values: Mapping[str, str]) -> None:
    """Set outputs of the step."""
    write_outputs(run.runner.output, values)


def comment_on_event(run: Run, report: Report, marker: Marker, *, is_news: bool) -> None:
    """Bring the comment of the event's pull request up to date, where there is one."""
    if isinstance(run.event, PullRequestEvent):
        comment(run, run.event.number, draft(report, marker, is_news=is_news, head=run.event.head))


def comment(run: Run, pull: int, wanted: Draft) -> None:
    """Bring a comment up to date. What keeps it from that is told, and is no failure of the run."""
    if run.github is None:
        tell("No comment was written: the input github-token is empty.")
        return
    try:
        posting = comments.post(run.github, pull, wanted, run.inputs.comment)
    except ApiError as error:
        tell(f"No comment was written. {error.message} {error.hint or ''}".rstrip())
        return
    match posting:
        case comments.Written(url):
            output(run, {"comment-url": url})
        case comments.Left(reason):
            tell(f"No comment was written: {reason}.")


@contextmanager
def failures_shown(run: Run) -> Iterator[None]:
    """Show on GitHub why a run ends early, and pass the failure on."""
    try:
        yield
    except FlowsyncError as error:
        annotate(run, _annotations_of(error))
        output(run, {"exit-code": str(int(error.exit_code))})
        summarise(run, failure_report(run, error))
        raise
    except BrokenPipeError:
        raise
    except Exception as error:
        annotate(run, [workflow_commands.of_bug(error)])
        output(run, {"exit-code": str(int(ExitCode.ERROR))})
        raise


def failure_report(run: Run, error: FlowsyncError, project: Project | None = None) -> FailureReport:
    """What is told of a failure, with the changes that nobody was shown where those are its reason."""
    environment = project.settings.environment if project else run.invocation.environment
    changes = error.changes if isinstance(error, UnreviewedError) else ()
    return FailureReport(scene(run), run.inputs.command.value, environment or "", error, changes)


def _annotations_of(error: FlowsyncError) -> list[Annotation]:
    match error:
        case InvalidFilesError(problems=problems):
            return [workflow_commands.of_problem(each) for each in problems]
        case DocumentError(problem=problem):
            return [workflow_commands.of_problem(problem)]
        case _:
            return [workflow_commands.of_error(error)]
