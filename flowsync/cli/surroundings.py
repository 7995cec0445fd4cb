"""What `flowsync doctor` collects on this machine: programs, packages, git, the project's files, CI."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync import __version__, git
from flowsync.doctor.machine import CERTIFICATES, PACKAGES, PROXIES, Machine
from flowsync.doctor.repository import Checkout, Found, Run, system_of
from flowsync.document.libyaml import HAS_LIBYAML
from flowsync.errors import ConfigError, FlowsyncError, GitError
from flowsync.flows.files import FlowFile
from flowsync.github.event import PullRequestEvent, read_event
from flowsync.preview import bundle
from flowsync.preview.browser import find_browser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.cli.project import Project


def look_at_machine(directory: Path, environ: Mapping[str, str]) -> Machine:
    """This machine, as a process with these variables sees it."""
    said = git.answer(directory, "version")
    return Machine(
        flowsync=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}".strip(),
        versions={name: _version(name) for name in PACKAGES},
        has_libyaml=HAS_LIBYAML,
        git=None if said is None else said.removeprefix("git version "),
        proxies=tuple(name for name in PROXIES if environ.get(name) or environ.get(name.lower())),
        certificates=tuple((name, os.path.exists(environ[name])) for name in CERTIFICATES if environ.get(name)),  # noqa: PTH110 - any text
        has_npm=shutil.which("npm", path=environ.get("PATH")) is not None,
        browser=_missing_browser(environ),
        bundle=_missing_bundle(environ),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _missing_browser(environ: Mapping[str, str]) -> str | None:
    try:
        find_browser(None, environ)
    except FlowsyncError as error:
        return error.hint or error.message
    return None


def _missing_bundle(environ: Mapping[str, str]) -> str | None:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - fails for a user without an entry
    if bundle.cached(environ, home).is_file():
        return None
    return f"It needs the network once, or --bundle FILE: about {bundle.MEGABYTES} MB from npm's registry."


def look_at_checkout(directory: Path) -> Checkout:
    """The repository that the directory is in."""
    try:
        head = git.head(directory)
        if git.answer(directory, "rev-parse", "--is-inside-work-tree") != "true":
            return Checkout()
        return Checkout(
            is_repository=True,
            default=git.answer(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"),
            head=head,
            base=git.branch_point(directory),
            is_shallow=git.is_shallow(directory),
        )
    except GitError as error:
        return Checkout(trouble=(error.message, error.hint))


def look_at_project(project: Project) -> Found:
    """The project's files: counted, not read."""
    names = [name for name in project.config_names if (project.home / name).is_file()]
    found = list(project.flow_files())
    files = sum(isinstance(each, FlowFile) for each in found)
    unreadable = sum(not isinstance(each, FlowFile) and each.code != "no-flows" for each in found)
    return Found(
        home=project.name(project.home),
        flows=project.flows_directory,
        config=project.name(project.home / names[0]) if names else None,
        settings=project.settings,
        files=files,
        unreadable=unreadable,
    )


def look_at_ci(environ: Mapping[str, str]) -> Run:
    """The run of CI that this is part of, if it is."""
    event, is_fork = environ.get("GITHUB_EVENT_NAME"), None
    if event and (path := environ.get("GITHUB_EVENT_PATH")):
        try:
            read = read_event(event, Path(path))
            is_fork = read.is_fork if isinstance(read, PullRequestEvent) else None
        except ConfigError:
            is_fork = None
    return Run(system_of(environ), event, is_fork, has_token=bool(environ.get("GITHUB_TOKEN")))
