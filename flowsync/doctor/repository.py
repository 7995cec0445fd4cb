"""Facts about the repository, the project in it, and the CI that runs this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.config import Settings

_SHORT: Final = 10
"""Digits of a commit that are shown."""
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
"""Variables by which the systems of CI are known, the most specific first."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """What git says of the place. `trouble` is why it says nothing, with what to do; `base` is where a branch began."""

    is_repository: bool = False
    default: str | None = None
    head: str | None = None
    base: str | None = None
    is_shallow: bool = False
    trouble: tuple[str, str | None] | None = None


def checkout_facts(checkout: Checkout) -> Iterator[Fact]:
    """Each fact about the repository."""
    if checkout.trouble is not None:
        yield problem("repository", *checkout.trouble)
        return
    if not checkout.is_repository:
        yield note("repository", "none: edits in the dashboard cannot be distinguished from other differences")
        return
    if checkout.head is None:
        yield note("head", "no commit yet")
    else:
        yield ok("head", checkout.head[:_SHORT], checkout.head)
    if checkout.default is None:
        hint = "git remote set-head origin --auto, or name the branch with --base."
        yield note("origin/HEAD", "not known, so the current commit counts as the base", hint=hint)
    else:
        yield ok("origin/HEAD", excerpt(checkout.default), checkout.default)
    if checkout.base is not None:
        yield ok("base", checkout.base[:_SHORT], checkout.base)
    if checkout.is_shallow:
        hint = "git fetch --unshallow; on GitHub give actions/checkout fetch-depth: 0."
        yield note(
            "history", "shallow: edits in the dashboard cannot be distinguished from other differences", "shallow", hint
        )
    else:
        yield ok("history", "whole", "whole")


@dataclass(frozen=True, slots=True)
class Found:
    """A project: its folder and flows directory as messages name them, its configuration file if there is one.

    `unreadable` counts what is named like a flow file and cannot be read as one.
    """

    home: str
    flows: str
    config: str | None
    settings: Settings
    files: int
    unreadable: int


def project_facts(found: Found) -> Iterator[Fact]:
    """Each fact about the project."""
    yield ok("project", found.home, found.home)
    if found.config is None:
        yield ok("configuration", "no flowsync.yaml, so the defaults")
    else:
        yield ok("configuration", f"{found.config} is valid", found.config)
    where = f"in {found.flows}"
    if not found.files:
        yield note("flows", f"no flow file {where}", 0, "flowsync pull --new writes what is live into files.")
    else:
        yield ok("flows", f"{found.files:,} flow {'file' if found.files == 1 else 'files'} {where}", found.files)
    if found.unreadable:
        text = f"{found.unreadable:,} {where} cannot be read as flows"
        yield problem("unreadable files", text, "flowsync validate says why.", found.unreadable)
    names = found.settings.environment_names
    yield ok("environments", ", ".join(map(excerpt, names)) if names else "none; there is one account", [*names])


@dataclass(frozen=True, slots=True)
class Run:
    """What CI says of this run. `is_fork` is None where that is not known, and `has_token` is of GITHUB_TOKEN."""

    system: str | None
    event: str | None = None
    is_fork: bool | None = None
    has_token: bool = False


def system_of(environ: Mapping[str, str]) -> str | None:
    """The system of CI that this runs in, by its variables."""
    return next((name for variable, name in SYSTEMS.items() if environ.get(variable)), None)


def ci_facts(run: Run) -> Iterator[Fact]:
    """Each fact about CI."""
    if run.system is None:
        yield ok("ci", "none")
        return
    yield ok("ci", run.system, run.system)
    if run.system != SYSTEMS["GITHUB_ACTIONS"]:
        return
    yield ok("event", excerpt(run.event or "not named"), run.event)
    if run.is_fork:
        text = "the pull request is of a fork: there are no secrets, and GITHUB_TOKEN can only read"
        yield note("fork", text, True, "A public key in flowsync.yaml is enough for a plan.")  # noqa: FBT003 - a value of JSON
    elif run.is_fork is not None:
        yield ok("fork", "the pull request is of this repository", False)  # noqa: FBT003 - as above
    if not run.has_token:
        yield note("token", "GITHUB_TOKEN is not set for this step", hint="The flowsync action sets it itself.")
