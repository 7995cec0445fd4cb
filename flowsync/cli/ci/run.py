"""One run of GitHub Actions: what it was told, what set it off, and the ways to GitHub and to the API."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.cli.options import Api
from flowsync.cli.output import write_result
from flowsync.config import API_URL_VARIABLE, FILE_NAMES, Flags, Key, Timeouts
from flowsync.errors import ConfigError
from flowsync.github import api as github_api
from flowsync.github.environment import PRIVATE_KEY, PUBLIC_KEY, TOKEN, Switch, read_inputs
from flowsync.github.event import PullRequestEvent, read_event
from flowsync.github.marker import key_of
from flowsync.github.outputs import write_outputs
from flowsync.github.runner import output_of, read_runner
from flowsync.pipeline.project import open_project as open_project_at
from flowsync.render import workflow_commands
from flowsync.secrets import IN_USE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.cli.options import Invocation
    from flowsync.github.api import Github
    from flowsync.github.environment import Inputs
    from flowsync.github.event import Event
    from flowsync.github.runner import Runner
    from flowsync.pipeline.project import Project

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
    from flowsync.http.web import open_web  # noqa: PLC0415 - httpx is slow to import; without a token nothing needs it

    urls = (runner.api_url, runner.graphql_url)
    key = Key(inputs.token, TOKEN.variable)
    with open_web(urls, key, timeouts=TIMEOUTS, headers=github_api.HEADERS) as client:
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
