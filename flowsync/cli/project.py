"""Where a project lies and how it is set up."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync import config, document
from flowsync.config import Flags
from flowsync.errors import ConfigError
from flowsync.flows.files import discover
from flowsync.flows.files import load_flows as flows_load_flows
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from flowsync.cli.options import Invocation
    from flowsync.config import Settings
    from flowsync.document import Document
    from flowsync.flows.files import FlowFile, Repository
    from flowsync.model import Problem
    from flowsync.workspace import Workspace

STATE_DIRECTORY: Final = ".flowsync"
SCHEMA_FILE: Final = "flow.schema.json"
"""In the state directory: the schema of a flow file, for editors."""
CONFIG_SCHEMA_FILE: Final = "config.schema.json"
"""Beside it: the schema of flowsync.yaml."""
STATE_IGNORES: Final = f"""\
# What flowsync keeps on this machine; only the schemas are for everyone.
*
!.gitignore
!{CONFIG_SCHEMA_FILE}
!{SCHEMA_FILE}
"""
"""The .gitignore of the state directory."""


@dataclass(frozen=True, slots=True)
class Project:
    """Where a project lies and how it is set up.

    `base` is where the command was started (or -C): file names are shown relative to it. `home` holds
    flowsync.yaml, the flows directory and the state directory. `config_names` are what the configuration file
    in `home` is called, or would be.
    """

    base: Path
    home: Path
    settings: Settings
    config_names: tuple[str, ...] = config.FILE_NAMES

    @property
    def flows_directory(self) -> str:
        """The flows directory as messages name it: relative to `base`, with `/`."""
        return os.path.relpath(self.home / self.settings.flows, self.base).replace(os.sep, "/")

    @property
    def state(self) -> Path:
        """The directory of what flowsync keeps on this machine."""
        return self.home / STATE_DIRECTORY

    @property
    def workspace(self) -> Workspace:
        """The repository that the project is in: nothing outside of it is the project's."""
        return workspace(self.home)

    def flow_files(self) -> Iterator[FlowFile | Problem]:
        """Every flow file, readable or not, and the problems that keep some from being read."""
        return discover(self.base, self.flows_directory, self.workspace)

    def load_flows(self, environment: str | None) -> Repository:
        """What the flow files hold, with the overlay of an environment."""
        return flows_load_flows(self.base, self.flows_directory, environment, self.workspace)


def project_at(base: Path, config_file: str | None, flags: Flags, environ: Mapping[str, str]) -> Project:
    """Find and read the configuration. Raises ConfigError or InvalidFilesError."""
    _require_utf8_names()
    path = config.config_path(base, config_file)
    if path is None:
        project = Project(base, base, config.read_settings(None, flags, environ))
    else:
        settings = config.read_settings(_read_configuration(base, path), flags, environ)
        project = Project(base, path.parent, settings, (path.name,))
    _require_own_flows(project)
    return project


def _require_utf8_names() -> None:
    """Raise ConfigError where Python takes names of files for something else than UTF-8."""
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        raise ConfigError(
            f"Names of files are {encoding} for this Python; flowsync needs UTF-8.",
            hint="Set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8.",
        )


def _read_configuration(base: Path, path: Path) -> Document:
    name = os.path.relpath(path, base).replace(os.sep, "/")
    try:
        raw = workspace(base).read_named(path, MOST_READ)
    except OSError as error:
        raise ConfigError(
            f"{name} cannot be read: {error.strerror}.",
            hint="The configuration must be a file itself; --config names another one.",
        ) from None
    return document.read(raw, name)


def _require_own_flows(project: Project) -> None:
    """Raise ConfigError where the flows directory is not part of the repository, by its name or because of a link."""
    flows, name = project.home / project.settings.flows, config.shown(project.flows_directory)
    hint = "`flows` in the configuration names a directory of the repository itself."
    if not project.workspace.holds(flows) or ".git" in {part.lower() for part in flows.parts}:
        raise ConfigError(f"The flows directory {name} is outside of the repository.", hint=hint)
    try:
        project.workspace.require_folder(flows)
    except (FileNotFoundError, NotADirectoryError):
        pass  # whoever needs flows says that there are none
    except OSError as error:
        raise ConfigError(f"The flows directory {name} cannot be used: {error.strerror}.", hint=hint) from None


def modeline(project: Project, path: Path) -> str:
    """The comment by which editors find the schema, from a flow file at `path`."""
    schema = os.path.relpath(project.state / SCHEMA_FILE, path.parent).replace(os.sep, "/")
    return f"# yaml-language-server: $schema={schema}\n"


def open_project(invocation: Invocation, parallelism: int | None = None) -> Project:
    """The project that the global options name. Raises ConfigError where it cannot be opened."""
    _require_here(invocation)
    flags = Flags(environment=invocation.environment, parallelism=parallelism)
    return project_at(invocation.directory, invocation.config, flags, os.environ)


def _require_here(invocation: Invocation) -> None:
    """Raise ConfigError where the shell stands in a directory that somebody took away, another branch say."""
    try:
        invocation.directory.absolute()
    except FileNotFoundError:
        raise ConfigError("The directory that this runs in is gone.", hint="cd to one that is there.") from None
