"""One run of GitHub Actions: what it was told, what set it off, and the ways to GitHub and to the API."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.cli.ci.publishing import annotate, tell
from flowsync.cli.connection import connecting, fetch
from flowsync.cli.files import check_references, load_selection, read_base
from flowsync.cli.guarding import guards_allowing
from flowsync.cli.options import Api
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.planning import make_plan
from flowsync.cli.project import project_at as open_project_at
from flowsync.cli.writing import save
from flowsync.config import API_URL_VARIABLE, FILE_NAMES, Flags, Key, Timeouts
from flowsync.errors import ConfigError, FlowsyncError, GitError
from flowsync.github import api as github_api
from flowsync.github.api import key_of
from flowsync.github.event import PullRequestEvent, read_event
from flowsync.github.runner import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    TOKEN,
    Switch,
    inert,
    output_of,
    read_inputs,
    read_runner,
    write_outputs,
)
from flowsync.plan.guards import judged as judge
from flowsync.render import plans, workflow_commands
from flowsync.secrets import IN_USE
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.connection import Connection, Purpose
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.github.event import Event
    from flowsync.github.runner import Inputs, Runner
    from flowsync.model import Flow, Plan, Problem
    from flowsync.plan.base import Base
    from flowsync.plan.guards import Kept

TIMEOUTS: Final = Timeouts()
WITHOUT_SECRETS: Final = "dependabot[bot]"
"""Whose pull requests get no secrets, as those from forks [doc]."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run before anything of the project was read. `github` is None without a token."""

    invocation: Invocation
    inputs: Inputs
    runner: Runner
    event: Event
    github: Github | None
    api: Api

    @property
    def commit(self) -> str:
        """The commit that this run is about: a pull request's own head, not the merge that is tried."""
        return self.event.head if isinstance(self.event, PullRequestEvent) else self.runner.sha

    @property
    def gets_no_secrets(self) -> bool:
        """Whether GitHub withholds secrets from this run: a missing key is nobody's mistake then."""
        is_foreign = isinstance(self.event, PullRequestEvent) and self.event.is_fork
        return is_foreign or self.runner.actor == WITHOUT_SECRETS


@contextmanager
def open_run(invocation: Invocation, command: str | None, api: Api, pull_request: Switch | None) -> Iterator[Run]:
    """The run that the environment describes. Raises ConfigError outside of GitHub Actions."""
    with _mistakes_shown(os.environ):
        inputs = read_inputs(os.environ, command)
        runner = read_runner(os.environ, tempfile.gettempdir())
        event = read_event(runner.event_name, runner.event_path)
    invocation.config = invocation.config or inputs.config
    invocation.environment = invocation.environment or inputs.environment
    inputs = replace(inputs, pull_request=pull_request or inputs.pull_request)
    for secret in (inputs.token, inputs.private_key):
        IN_USE.add(secret or "")
    with _open_github(inputs, runner) as github:
        sandbox = api is Api.SANDBOX or inputs.sandbox is Switch.ON
        yield Run(invocation, inputs, runner, event, github, Api.SANDBOX if sandbox else Api.REAL)


@contextmanager
def _mistakes_shown(environ: Mapping[str, str]) -> Iterator[None]:
    """Show on GitHub too why there is no run at all, and pass the failure on."""
    try:
        yield
    except ConfigError as error:
        if environ.get("GITHUB_ACTIONS") == "true":
            write_result(workflow_commands.annotate([workflow_commands.of_error(error)]))
            write_outputs(output_of(environ), {"exit-code": str(int(error.exit_code))})
        raise


@contextmanager
def _open_github(inputs: Inputs, runner: Runner) -> Iterator[Github | None]:
    if inputs.token is None:
        yield None
        return
    from flowsync.api.client import open_github  # noqa: PLC0415 - httpx is slow to import; without a token nothing needs it

    urls = (runner.api_url, runner.graphql_url)
    key = Key(inputs.token, TOKEN.variable)
    with open_github(urls, key, timeouts=TIMEOUTS, headers=github_api.HEADERS) as client:
        yield github_api.Github(client, runner.api_url, runner.graphql_url, runner.repository)


def open_project(run: Run) -> Project:
    """The project, its keys and the address from the action's inputs where those are given."""
    inputs = run.inputs
    environ = {**os.environ, API_URL_VARIABLE: inputs.api_url} if inputs.api_url else os.environ
    flags = Flags(
        environment=run.invocation.environment,
        private_key_variable=PRIVATE_KEY.variable if inputs.private_key else None,
        public_key_variable=PUBLIC_KEY.variable if inputs.public_key else None,
    )
    return open_project_at(run.invocation.directory, run.invocation.config, flags, environ)


def marker_key(project: Project, kind: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file."""
    home = os.path.relpath(project.home, project.base)
    place = normpath(git.prefix(project.base) + home.replace(os.sep, "/"))
    name, *_ = project.config_names
    is_usual = name in FILE_NAMES
    return key_of(kind, project.settings.environment, f"{place}/{'' if is_usual else name}")


PLAN_NAME: Final = "flowsync-plan.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan judged by the guards, what it was made of (files with their warnings, live rows), and the connection."""

    plan: Plan
    connection: Connection
    listing: Listing
    flows: tuple[Flow, ...]
    warnings: tuple[Problem, ...]


@contextmanager
def planned(run: Run, project: Project, purpose: Purpose, kept: Kept, base: str | None) -> Iterator[Planned]:
    """Load the files, fetch what is live, compare (with `base` too), judge. Raises what keeps that from being done."""
    guards = guards_allowing(project, run.inputs.allow)
    with connecting(project, run.api, purpose, base, run.invocation) as connect:
        selection = load_selection(project, ())
        compared_with = _read_base(project, selection.flows, base)
        connection = connect(selection.flows)
        listing = fetch(connection, selection.flows, run.invocation)
        warnings = check_references(project, selection, listing)
        made = make_plan(
            project, selection, listing, connection.api_url, access=connection.access, base=compared_with, guards=guards
        )
        judged = judge(made, guards, kept)
        yield Planned(judged, connection, listing, selection.flows, (*selection.warnings, *warnings))


def _read_base(project: Project, flows: Sequence[Flow], base: str | None) -> Base | None:
    """The files at `base`; None, and a notice, where this clone does not have it."""
    if base is None:
        return None
    try:
        return read_base(project, flows, base)
    except GitError as error:
        tell(f"Whose each change is cannot be told. {error.message} {error.hint or ''}".rstrip())
        return None


def plan_path(run: Run, file: str) -> Path:
    """Where a saved plan is, from the top of the file system: later steps may run elsewhere."""
    path = run.invocation.directory / file
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, which nobody asked for


def save_plan(run: Run, plan: Plan) -> Path:
    """Save the plan where the input plan-file says, else beside what the runner throws away; where that is."""
    path = plan_path(run, run.inputs.plan_file) if run.inputs.plan_file else run.runner.temporary / PLAN_NAME
    within = workspace(run.invocation.directory)
    try:
        if within.holds(path):
            within.make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlowsyncError(f"The plan cannot be saved: {path.parent} is no directory ({error.strerror}).") from None
    save(path, plans.as_json(plan), within)
    return path


def show_plan(run: Run, made: Planned) -> Path:
    """Show the plan in the log and beside the lines, and save it; where."""
    write_result(inert(plans.preview(made.plan, screen_of_stdout(run.invocation))))
    notes = [workflow_commands.of_problem(problem) for problem in made.warnings]
    annotate(run, [*workflow_commands.of_plan(made.plan, made.flows), *notes])
    return save_plan(run, made.plan)
