"""Facts about the CI that runs this, and what GITHUB_TOKEN can read of the repository."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.api.client import Answer, Prober
    from flowsync.model import JsonValue

SYSTEMS: Final = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "CIRCLECI": "CircleCI",
    "BUILDKITE": "Buildkite",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines",
    "TF_BUILD": "Azure Pipelines",
    "JENKINS_URL": "Jenkins",
    "CI": "some CI",
}
"""CI systems by a variable that each sets, the most specific first."""
_HINT: Final = "docs/ci.md lists the permissions that each workflow needs, to write as well."
_MOST_PERMISSIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Run:
    """A CI run. `is_fork` is None if unknown; `has_token`: GITHUB_TOKEN is set."""

    system: str | None
    event: str | None = None
    is_fork: bool | None = None
    has_token: bool = False


def system_of(environ: Mapping[str, str]) -> str | None:
    """The CI system that these variables belong to."""
    return next((name for variable, name in SYSTEMS.items() if environ.get(variable)), None)


def ci_facts(run: Run) -> Iterator[Fact]:
    """Each fact about CI."""
    if run.system is None:
        yield ok("ci", "not running in CI")
        return
    yield ok("ci", run.system, run.system)
    if run.system != SYSTEMS["GITHUB_ACTIONS"]:
        return
    yield ok("event", excerpt(run.event or "not named"), run.event)
    if run.is_fork:
        text = "the pull request is from a fork: there are no secrets, and GITHUB_TOKEN can only read"
        yield note("fork", text, value=True, hint="A public key in flowsync.yaml is enough for a plan.")
    elif run.is_fork is not None:
        yield ok("fork", "the pull request is from this repository", value=False)
    if not run.has_token:
        yield note("token", "GITHUB_TOKEN is not set for this step", hint="The flowsync action sets it itself.")


class Reading(Enum):
    """A request to GitHub; the value is the permission that it needs [doc: GitHub]."""

    REPOSITORY = "metadata"
    PULLS = "pull-requests"
    RUNS = "actions"


def ask_github(prober: Prober, repository: str, commit: str) -> Iterator[tuple[Reading, Answer]]:
    """Make one request for each permission, until one gets no answer."""
    place = f"/repos/{quote(repository, safe='/')}"
    paths = {
        Reading.REPOSITORY: (place, {}),
        Reading.PULLS: (f"{place}/pulls", {"per_page": "1"}),
        Reading.RUNS: (f"{place}/actions/runs", {"per_page": "1", "head_sha": commit}),
    }
    for reading, (path, query) in paths.items():
        answer = prober.ask(path, query)
        yield reading, answer
        if answer.status is None:
            return


def token_facts(answers: Mapping[Reading, Answer]) -> Iterator[Fact]:
    """Facts about the token that the answers show."""
    if any(answer.status == HTTPStatus.UNAUTHORIZED for answer in answers.values()):
        yield problem("token", "GitHub does not accept GITHUB_TOKEN", "Use the token of this run: github.token.")
        return
    if not answers or all(answer.status is None for answer in answers.values()):
        yield note("token", "GITHUB_TOKEN is set, but GitHub did not answer, so its permissions are unknown")
        return
    value: JsonValue = {reading.value: answer.status for reading, answer in answers.items()}
    words = [f"{reading.value} {_outcome(answer)}" for reading, answer in answers.items()]
    refused = any(not answer.is_success for answer in answers.values())
    text = f"GITHUB_TOKEN can read: {', '.join(words)}"
    yield note("token", text, value, _HINT) if refused else ok("token", text, value)
    repository = answers.get(Reading.REPOSITORY)
    if repository is not None and isinstance(repository.value, dict):
        yield from _repository_facts(repository.value)


def _outcome(answer: Answer) -> str:
    return "yes" if answer.is_success else f"no (status {answer.status or 'none'})"


def _repository_facts(found: Mapping[str, JsonValue]) -> Iterator[Fact]:
    if isinstance(is_private := found.get("private"), bool):
        text = "private" if is_private else "public, so anyone can read it whatever the token's permissions"
        yield ok("visibility", text, text.partition(",")[0])
    permissions = found.get("permissions")
    if isinstance(permissions, dict):
        granted = [excerpt(name, 40) for name, is_granted in permissions.items() if is_granted is True]
        shown = granted[:_MOST_PERMISSIONS]
        yield ok("permissions", f"GitHub reports: {', '.join(shown) or 'none'}", [*shown])
