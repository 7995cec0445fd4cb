"""One run of GitHub Actions: its variables, the event that started it, and the files for its results."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import git
from flowsync.config import url_complaint
from flowsync.errors import ConfigError, FlowsyncError
from flowsync.github.api import at, text
from flowsync.github.inputs import ACTION_OUTPUTS
from flowsync.problems.annotations import stopped
from flowsync.render.escape import shown
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue

NEEDED: Final = ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_SHA")
"""Variables that GitHub sets for every run [doc: default environment variables]."""
DEFAULT_SERVER: Final = "https://github.com"
DEFAULT_API: Final = "https://api.github.com"
WITH_SECRETS: Final = "pull_request_target"
"""The event for which pull requests from forks get secrets too."""
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NO_COMMIT: Final = re.compile(r"0+")
"""GitHub's value of "before" for a new branch."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One run. `ref` is the full name, such as refs/heads/main; `summary` and `output` may be missing."""

    event_name: str
    event_path: Path
    repository: str
    sha: str
    ref: str
    actor: str
    server_url: str
    api_url: str
    graphql_url: str
    run_id: str
    summary: Path | None
    output: Path | None
    temporary: Path

    @property
    def run_url(self) -> str | None:
        """The page of this run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}" if self.run_id.isdecimal() else None

    @property
    def branch(self) -> str | None:
        """The branch of this run, None for a tag or a pull request."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


def read_runner(environ: Mapping[str, str], default_temporary: str) -> Runner:
    """Read the runner's variables.

    Raises ConfigError outside GitHub Actions, and for an address that no token may be sent to.
    """
    missing = [name for name in NEEDED if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"This is not GitHub Actions: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.",
            hint="flowsync validate, plan and apply work anywhere; ci adds what only GitHub can show.",
        )
    api = _address(environ, "GITHUB_API_URL", DEFAULT_API)
    return Runner(
        event_name=environ["GITHUB_EVENT_NAME"],
        event_path=Path(environ["GITHUB_EVENT_PATH"]),
        repository=environ["GITHUB_REPOSITORY"],
        sha=environ["GITHUB_SHA"],
        ref=environ.get("GITHUB_REF", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        server_url=_address(environ, "GITHUB_SERVER_URL", DEFAULT_SERVER),
        api_url=api,
        graphql_url=_address(environ, "GITHUB_GRAPHQL_URL", f"{api}/graphql"),
        run_id=environ.get("GITHUB_RUN_ID", ""),
        summary=_path(environ, "GITHUB_STEP_SUMMARY"),
        output=output_of(environ),
        temporary=Path(environ.get("RUNNER_TEMP") or default_temporary),
    )


def output_of(environ: Mapping[str, str]) -> Path | None:
    """The file for the step's outputs."""
    return _path(environ, "GITHUB_OUTPUT")


def _path(environ: Mapping[str, str], variable: str) -> Path | None:
    return Path(environ[variable]) if environ.get(variable) else None


def _address(environ: Mapping[str, str], variable: str, default: str) -> str:
    url = environ.get(variable) or default
    if complaint := url_complaint(url):
        raise ConfigError(f"{variable} {complaint}.")
    return url.rstrip("/")


def write_outputs(path: Path | None, values: Mapping[str, str]) -> None:
    """Add outputs to the file that GITHUB_OUTPUT names. Raises FlowsyncError when it cannot be written."""
    masked_values = {name: masked(value) for name, value in values.items()}
    _append(path, outputs_text(masked_values, f"flowsync_{secrets.token_hex(16)}"))


def write_summary(path: Path | None, markdown: str) -> None:
    """Add to the file that GITHUB_STEP_SUMMARY names. Raises FlowsyncError when it cannot be written."""
    _append(path, f"{masked(markdown)}\n")


def outputs_text(values: Mapping[str, str], delimiter: str) -> str:
    """The lines that set outputs [doc: workflow commands, multiline strings].

    `delimiter` must be random, so that no value can contain it on purpose; a value that does raises ValueError.
    """
    for name, value in values.items():
        if name not in ACTION_OUTPUTS or delimiter in value:
            raise ValueError(f"{name} cannot be written as an output")
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _append(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise FlowsyncError(f"{path.name}, which the runner names, cannot be written: {error.strerror}.") from None


def notice(text: str) -> str:
    """The workflow command that shows a sentence on the run's page."""
    return f"::notice title=flowsync::{shown(text).replace('%', '%25')}\n"


def warning(text: str) -> str:
    """The workflow command for a sentence that somebody should act on."""
    return f"::warning title=flowsync::{shown(text).replace('%', '%25')}\n"


def inert(text: str) -> str:
    """A text in which the runner finds no workflow commands."""
    return stopped(text, secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A pull request was opened or changed. `head` and `base` are commits, `into` is the branch to merge into.

    `is_fork`: its head is in another repository.
    """

    number: int
    head: str
    base: str
    is_fork: bool
    into: str = ""


@dataclass(frozen=True, slots=True)
class MergeGroupEvent:
    """A merge queue tries a merge."""

    base: str


@dataclass(frozen=True, slots=True)
class PushEvent:
    """Commits were pushed to a branch; `before` is its former head, None for a new branch. `commits`: newest last."""

    before: str | None
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """A schedule, a manual run, or any other event without a change."""

    name: str


Event: TypeAlias = "PullRequestEvent | MergeGroupEvent | PushEvent | OtherEvent"


def read_event(name: str, path: Path) -> Event:
    """Read the event's document.

    Raises ConfigError when it is not what GitHub documents, and for an event that flowsync must not run on.
    """
    if name == WITH_SECRETS:
        raise ConfigError(
            f"flowsync does not run on {name}: it has the repository's secrets, and its token may write.",
            hint="With a checkout of the pull request both are in the hands of whoever opened it. Use pull_request.",
        )
    try:
        payload: JsonValue = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"The event's document ({path.name}, from GITHUB_EVENT_PATH) cannot be read.") from None
    event = _parse_event(name, payload)
    if event is None:
        raise ConfigError(f"The event's document does not describe a {name} as GitHub documents it.")
    return event


def _parse_event(name: str, payload: JsonValue) -> Event | None:
    """The event of this name; None when the payload does not fit it."""
    match name:
        case "pull_request":
            pull = at(payload, "pull_request")
            number, head, base = at(pull, "number"), _sha(at(pull, "head", "sha")), _sha(at(pull, "base", "sha"))
            if not isinstance(number, int) or not head or not base:
                return None
            is_fork = at(pull, "head", "repo", "full_name") != at(pull, "base", "repo", "full_name")
            return PullRequestEvent(number, head, base, is_fork, text(pull, "base", "ref"))
        case "merge_group":
            base = _sha(at(payload, "merge_group", "base_sha"))
            return MergeGroupEvent(base) if base else None
        case "push":
            commits = at(payload, "commits")
            found = (_sha(at(commit, "id")) for commit in commits) if isinstance(commits, list) else ()
            return PushEvent(_sha(at(payload, "before")), tuple(filter(None, found)))
        case _:
            return OtherEvent(name)


def _sha(value: JsonValue) -> str | None:
    is_commit = isinstance(value, str) and _SHA.fullmatch(value) and not _NO_COMMIT.fullmatch(value)
    return str(value) if is_commit else None


def base_of(event: Event, checkout: Path, shown: str | None = None) -> str | None:
    """The revision that a plan for `event` is compared with; None if there is none.

    For a pull request, what it would be merged into. For a push, what the plan shown in its pull request was
    compared with (`shown`): live is as it was then, whether or not applies in between were superseded.
    """
    match event:
        case PullRequestEvent(head=head, base=base):
            # The first parent, where what is checked out is the merge that GitHub tries for a pull request.
            commits = git.answer(checkout, "rev-list", "--parents", "--max-count=1", "HEAD") or ""
            match commits.split():
                case [_, first, second] if second == head:
                    return first
            return git.answer(checkout, "merge-base", "HEAD", base) or base
        case MergeGroupEvent(base=base):
            return base
        case PushEvent(before=before):
            return shown or before
        case OtherEvent():
            return shown
