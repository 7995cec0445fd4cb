"""One run of GitHub Actions: its inputs, event, project and plan, and what it shows on GitHub."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync import errors, git
from flowsync.cli.output import request_log, screen_of_stdout, write_result, write_step
from flowsync.cli.planning import plan_files
from flowsync.cli.project import project_at, save
from flowsync.cli.usage.guards import guards_allowing
from flowsync.config import API_URL_VARIABLE, FILE_NAMES, Flags, Key, Timeouts
from flowsync.github import comments
from flowsync.github.api import CONNECTIONS, HEADERS, PATIENCE, Github
from flowsync.github.comments import draft
from flowsync.github.conflicts import ReviewedHistory
from flowsync.github.inputs import PRIVATE_KEY, PUBLIC_KEY, TOKEN, CiCommand, CommentMode, Switch, read_inputs
from flowsync.github.marker import key_of
from flowsync.github.review import Reviews, Tip
from flowsync.github.runner import (
    PullRequestEvent,
    inert,
    notice,
    output_of,
    read_event,
    read_runner,
    warning,
    write_outputs,
    write_summary,
)
from flowsync.model import Problem
from flowsync.plan.document import summary
from flowsync.problems.annotations import annotate
from flowsync.render.escape import shown
from flowsync.report import plans
from flowsync.report.comment import fit, plan_json
from flowsync.report.layout import SUMMARY
from flowsync.report.values import FailureReport, Moment, Scene
from flowsync.secrets import IN_USE, masked
from flowsync.text import shortened
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from flowsync.cli.connection import Purpose
    from flowsync.cli.planning import Planned
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.github.inputs import Inputs
    from flowsync.github.marker import Marker
    from flowsync.github.runner import Event, Runner
    from flowsync.model import JsonValue, Plan
    from flowsync.plan.base import History
    from flowsync.plan.guards import Kept
    from flowsync.report.values import Report

WITHOUT_SECRETS: Final = "dependabot[bot]"
"""The author whose pull requests get no secrets, like those from forks [doc]."""
PLAN_NAME: Final = "flowsync-plan.json"
MOST_DESCRIPTION: Final = 140
"""Longest description of a commit status [doc]."""
NAMED: Final = 20
"""Flows that one sentence names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run before its project is opened. `github` is None without a token."""

    invocation: Invocation
    inputs: Inputs
    runner: Runner
    event: Event
    github: Github | None
    in_sandbox: bool

    @property
    def commit(self) -> str:
        """The commit of this run: for a pull request its own head, not the merge that GitHub tries."""
        return self.event.head if isinstance(self.event, PullRequestEvent) else self.runner.sha

    @property
    def gets_no_secrets(self) -> bool:
        """Whether GitHub gives this run no secrets, so that a missing key is not a mistake."""
        is_foreign = isinstance(self.event, PullRequestEvent) and self.event.is_fork
        return is_foreign or self.runner.actor == WITHOUT_SECRETS

    @property
    def scene(self) -> Scene:
        """The run as reports describe it."""
        moment = Moment.MERGE if isinstance(self.event, PullRequestEvent) else Moment.APPLY
        return Scene(self.commit, self.runner.run_url, moment)

    def output(self, values: Mapping[str, str]) -> None:
        """Set outputs of the step."""
        write_outputs(self.runner.output, values)

    def output_plan(self, plan: Plan, path: Path) -> None:
        """Set the outputs about a plan that is saved at `path`."""
        numbers = summary(plan)
        self.output(
            {
                "has-changes": str(bool(plan.writes)).lower(),
                "plan-json": str(path),
                "plan-digest": plan.digest,
                "creates": str(numbers.create),
                "drafts": str(numbers.draft),
                "updates": str(numbers.update),
                "unverified": str(numbers.unverified),
                "deletes": str(numbers.delete),
            }
        )

    def summarise(self, report: Report) -> None:
        """Add the report to the job's summary."""
        write_summary(self.runner.summary, fit(report, SUMMARY).text)

    def annotate(self, notes: Iterable[Problem | Exception]) -> None:
        """Annotate files, by their paths from the top of the repository, or the run."""
        prefix = git.prefix(self.invocation.directory)
        moved = (
            replace(note, location=replace(note.location, file=normpath(prefix + note.location.file)))
            if isinstance(note, Problem)
            else note
            for note in notes
        )
        write_result(annotate(moved))

    def comment(self, report: Report, marker: Marker, *, is_news: bool) -> bool:
        """Update the comment of the event's pull request, if it has one; False if a needed comment is missing.

        A run without secrets may not be allowed to comment, which counts as success. A notice says what went wrong.
        """
        if not isinstance(self.event, PullRequestEvent):
            return True
        if self.inputs.comment is CommentMode.OFF:
            show_notice("No comment was written: comments are off.")
            return True
        if self.github is None:
            show_notice("No comment was written: the input github-token is empty.")
            return self.gets_no_secrets
        wanted = draft(report, marker, is_news=is_news, head=self.event.head)
        try:
            posting = comments.post(self.github, self.event.number, wanted, self.inputs.comment)
        except errors.ApiError as error:
            show_failure("No comment was written.", error)
            return self.gets_no_secrets
        match posting:
            case comments.Written(url):
                self.output({"comment-url": url})
            case comments.NotWritten(reason):
                show_notice(f"No comment was written: {reason}.")
        return True

    def set_status(self, state: str, description: str, environment: str | None) -> None:
        """Set the commit status of the pull request's head, one for each environment, with a link to this run.

        A token without statuses: write sets none.
        """
        if self.github is None or not isinstance(self.event, PullRequestEvent):
            return
        status: dict[str, JsonValue] = {
            "state": state,
            "context": masked(f"flowsync plan ({shown(environment)})" if environment else "flowsync plan"),
            "description": shortened(masked(shown(description)), MOST_DESCRIPTION),
        }
        if self.runner.run_url:
            status["target_url"] = self.runner.run_url
        with suppress(errors.ApiError):
            self.github.write("POST", f"statuses/{self.event.head}", status)

    def failure_report(self, error: errors.FlowsyncError, project: Project | None = None) -> FailureReport:
        """The report of a failure, with the unreviewed changes if they are the reason."""
        environment = project.settings.environment if project else self.invocation.environment
        changes = error.changes if isinstance(error, errors.UnreviewedError) else ()
        return FailureReport(self.scene, self.inputs.command.value, environment or "", error, changes)

    def open_project(self) -> Project:
        """The project, with keys and address from the action's inputs, if given.

        Raises ConfigError also where flowsync.yaml names another address than the input.
        """
        inputs = self.inputs
        environ = {**os.environ, API_URL_VARIABLE: inputs.api_url} if inputs.api_url else os.environ
        flags = Flags(
            environment=self.invocation.environment,
            private_key_variable=PRIVATE_KEY.variable if inputs.private_api_key else None,
            public_key_variable=PUBLIC_KEY.variable if inputs.public_api_key else None,
        )
        project = project_at(self.invocation.directory, self.invocation.config, flags, environ, self.invocation)
        if inputs.api_url and (other := project.settings.unused_url):
            raise errors.ConfigError(
                f"flowsync.yaml names the address {shown(other)}, the input api-url {shown(project.settings.api_url)}.",
                hint="Use the same address in both, or remove it from flowsync.yaml.",
            )
        return project

    def plan(self, project: Project, purpose: Purpose, kept: Kept, base: str | None) -> AbstractContextManager[Planned]:
        """The plan of the files (see `planning.plan_files`); shows a notice if this clone lacks the commit `base`."""
        return plan_files(
            project,
            (),
            purpose,
            base=base,
            guards=guards_allowing(project, self.inputs.allow),
            kept=kept,
            in_sandbox=self.in_sandbox,
            shows_warnings=False,
            without_base=lambda error: show_failure("The plan cannot show who made each change.", error),
            reviewed=self._reviewed(project) if self.inputs.command is not CiCommand.DRIFT else None,
        )

    def reviews(self, github: Github, key: str) -> Reviews:
        """The plans that merged pull requests showed, up to this run's commit; `key` is that of their comments."""
        tip = Tip(self.runner.sha, self.runner.branch, key)
        return Reviews(github, tip, self.runner.run_id, self.inputs.repeat)

    def _reviewed(self, project: Project) -> Callable[[History], History] | None:
        """Adds open conflicts of merged pull requests to the history of flow files; None without a token."""
        if (github := self.github) is None:
            return None
        branch = self.event.into or None if isinstance(self.event, PullRequestEvent) else self.runner.branch
        tip = Tip(self.runner.sha, branch, marker_key(project, "plan"))
        return lambda history: ReviewedHistory(history, github, tip, self.runner.run_id)

    def plan_path(self, file: str) -> Path:
        """The absolute path of a saved plan: later steps may run in another folder."""
        path = self.invocation.directory / file
        return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links

    def save_plan(self, plan: Plan) -> Path:
        """Save the plan at the input plan-file, or in the runner's temporary folder, and return the path."""
        path = self.plan_path(self.inputs.plan_file) if self.inputs.plan_file else self.runner.temporary / PLAN_NAME
        within = workspace(self.invocation.directory)
        try:
            if within.holds(path):
                within.make_folder(path.parent)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The plan cannot be saved: {path.parent} is not a directory ({error.strerror})."
            raise errors.FlowsyncError(message) from None
        save(path, plan_json(plan), within)
        return path

    def show_plan(self, made: Planned) -> None:
        """Show the plan in the log and as annotations, save it, and set its outputs."""
        write_result(inert(plans.preview(made.plan, screen_of_stdout(self.invocation))))
        self.annotate([*plans.plan_problems(made.plan, made.flows), *made.warnings])
        self.output_plan(made.plan, self.save_plan(made.plan))


@contextmanager
def open_run(
    invocation: Invocation, command: str | None, pull_request: Switch | None, *, in_sandbox: bool
) -> Iterator[Run]:
    """The run that the environment describes. Raises ConfigError outside GitHub Actions."""
    try:
        inputs = read_inputs(os.environ, command)
        runner = read_runner(os.environ, tempfile.gettempdir())
        event = read_event(runner.event_name, runner.event_path)
    except errors.ConfigError as error:
        if os.environ.get("GITHUB_ACTIONS") == "true":
            write_result(annotate([error]))
            write_outputs(output_of(os.environ), {"exit-code": str(int(error.exit_code))})
        raise
    invocation.config = invocation.config or inputs.config
    invocation.environment = invocation.environment or inputs.environment
    inputs = replace(inputs, pull_request=pull_request or inputs.pull_request)
    for secret in (inputs.github_token, inputs.private_api_key):
        IN_USE.add(secret or "")
    with _open_github(invocation, inputs, runner) as github:
        yield Run(invocation, inputs, runner, event, github, in_sandbox or inputs.sandbox is Switch.ON)


@contextmanager
def _open_github(invocation: Invocation, inputs: Inputs, runner: Runner) -> Iterator[Github | None]:
    if inputs.github_token is None:
        yield None
        return
    from flowsync.api.client import open_sender  # noqa: PLC0415 - httpx is slow to import; without a token nothing needs it

    key = Key(inputs.github_token, TOKEN.variable)
    write_step("key", f"token, from {key.variable}, for {runner.api_url}", invocation)
    sender = open_sender(
        (runner.api_url, runner.graphql_url),
        key,
        timeouts=Timeouts(),
        connections=CONNECTIONS,
        headers=HEADERS,
        patience=PATIENCE,
        resends_writes=True,
        observe=request_log(invocation),
    )
    with sender as opened:
        yield Github(opened, runner.api_url, runner.graphql_url, runner.repository)


def show_notice(text: str) -> None:
    """Show a sentence in the log and on the run's page."""
    write_result(notice(text))


def show_warning(text: str) -> None:
    """Show a sentence that somebody should act on in the log and on the run's page."""
    write_result(warning(text))


def show_failure(consequence: str, error: errors.FlowsyncError) -> None:
    """Show a failure, and its consequence, as a notice; the run goes on."""
    show_notice(f"{consequence} {error.message} {error.hint or ''}".rstrip())


@contextmanager
def failures_shown(run: Run) -> Iterator[None]:
    """Show on GitHub why a run ends early, and raise the failure again."""
    try:
        yield
    except errors.FlowsyncError as error:
        match error:
            case errors.InvalidFilesError(problems=problems):
                run.annotate(problems)
            case errors.DocumentError(problem=problem):
                run.annotate([problem])
            case _:
                run.annotate([error])
        run.output({"exit-code": str(int(error.exit_code))})
        run.summarise(run.failure_report(error))
        raise
    except BrokenPipeError:
        raise
    except Exception as error:
        run.annotate([error])
        run.output({"exit-code": str(int(errors.ExitCode.ERROR))})
        raise


def marker_key(project: Project, kind: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file."""
    place = normpath(git.prefix(project.base) + project.name(project.home))
    name, *_ = project.config_names
    return key_of(kind, project.settings.environment, f"{place}/{'' if name in FILE_NAMES else name}")


def key_without_project(run: Run, kind: str) -> str:
    """The same key for a project that cannot be opened, unless its configuration names a default environment."""
    folder, _, name = (run.invocation.config or "").rpartition("/")
    place = normpath(git.prefix(run.invocation.directory) + (folder or "."))
    return key_of(kind, run.invocation.environment, f"{place}/{'' if name in {'', *FILE_NAMES} else name}")
