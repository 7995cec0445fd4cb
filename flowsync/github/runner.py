"""What the runner of GitHub Actions says of a run: where it is, and where its results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.config import url_complaint
from flowsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED: Final = ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_SHA")
"""Variables that every run has [doc: default environment variables]; without them this is no run."""
DEFAULT_SERVER: Final = "https://github.com"
DEFAULT_API: Final = "https://api.github.com"


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
        """The branch this run is for, None for a tag or a pull request."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


def read_runner(environ: Mapping[str, str], default_temporary: str) -> Runner:
    """Read the runner's variables.

    Raises ConfigError outside of GitHub Actions, and for an address that no token may be sent to.
    """
    missing = [name for name in NEEDED if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"This is no run of GitHub Actions: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.",
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
    """The file that takes the step's outputs."""
    return _path(environ, "GITHUB_OUTPUT")


def _address(environ: Mapping[str, str], variable: str, default: str) -> str:
    url = environ.get(variable) or default
    if complaint := url_complaint(url):
        raise ConfigError(f"{variable} {complaint}.")
    return url.rstrip("/")


def _path(environ: Mapping[str, str], variable: str) -> Path | None:
    return Path(environ[variable]) if environ.get(variable) else None
