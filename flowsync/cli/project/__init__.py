"""A project: where it is, its settings, and how its files are written: completely or not at all, through no link."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import config, document
from flowsync.cli.output import write_step
from flowsync.cli.usage.options import Invocation, invocation
from flowsync.config import Flags, Settings
from flowsync.errors import ConfigError, FlowsyncError, InvalidFilesError
from flowsync.flows.files import FlowFile, Repository, discover, load_flows
from flowsync.model import Problem, Severity
from flowsync.secrets import private_key_at
from flowsync.text import excerpt
from flowsync.workspace import MOST_READ, OWNER_ONLY, Workspace, workspace

if TYPE_CHECKING:
    import click

    from flowsync.document import Document

STATE_DIRECTORY: Final = ".flowsync"
SCHEMA_FILE: Final = "flow.schema.json"
"""In the state directory: the schema of a flow file, for editors."""
CONFIG_SCHEMA_FILE: Final = "config.schema.json"
"""In the state directory: the schema of flowsync.yaml."""
STATE_IGNORES: Final = f"""\
# What flowsync keeps on this machine; only the schemas are for everyone.
*
!.gitignore
!{CONFIG_SCHEMA_FILE}
!{SCHEMA_FILE}
"""
"""The .gitignore of the state directory."""
REVOKE_KEY: Final = "Take the key out of the flow and revoke it in Frigade: whoever can read the flow has seen it."


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its folders and its settings.

    `base` is where the command was started (or -C): file names are shown relative to it. `home` holds
    flowsync.yaml, the flows directory and the state directory. `config_names` are what the configuration file
    in `home` is called, or would be; `given` are the global options.
    """

    base: Path
    home: Path
    settings: Settings
    config_names: tuple[str, ...] = config.FILE_NAMES
    given: Invocation = field(default_factory=Invocation, compare=False)

    @property
    def flows_directory(self) -> str:
        """The flows directory as messages name it."""
        return self.name(self.home / self.settings.flows)

    @property
    def state(self) -> Path:
        """The folder `.flowsync` of the project: what flowsync keeps on this machine, such as records."""
        return self.home / STATE_DIRECTORY

    @property
    def workspace(self) -> Workspace:
        """The repository that the project is in: nothing outside of it is the project's."""
        return workspace(self.home)

    def in_environment(self, name: str | None) -> Project:
        """The same project in an environment, perhaps another one. Raises as `project_at`."""
        if name == self.settings.environment:
            return self
        flags = Flags(environment=name)
        return project_at(self.base, self.given.config, flags, os.environ, self.given, home=self.home)

    def in_every_environment(self, *, in_sandbox: bool) -> Iterator[Project]:
        """Yield the project in the chosen environment, else in each. The sandbox is one account."""
        names = self.settings.environment_names
        if in_sandbox or self.given.environment is not None or not names:
            yield self
        else:
            yield from map(self.in_environment, names)

    def name(self, path: Path) -> str:
        """A path as messages name it: relative to `base`, with `/`."""
        return os.path.relpath(path, self.base).replace(os.sep, "/")

    def flow_files(self) -> Iterator[FlowFile | Problem]:
        """All flow files, readable or not, and the problems of those that cannot be read."""
        return discover(self.base, self.flows_directory, self.workspace)

    def load(self) -> Repository:
        """The flows in the chosen environment, readable or not; nothing is validated."""
        return load_flows(self.base, self.flows_directory, self.settings.environment, self.workspace)

    def modeline(self, path: Path) -> str:
        """The comment by which editors find the schema, for a flow file at `path`."""
        schema = os.path.relpath(self.state / SCHEMA_FILE, path.parent).replace(os.sep, "/")
        return f"# yaml-language-server: $schema={schema}\n"

    def create(self, path: Path, text: str) -> bool:
        """Write a new file, and the folders it needs; False if one exists, which stays as it is.

        Raises FlowsyncError when it cannot be written; no part of it is left then.
        """
        with self._writing(path, text):
            return self.workspace.create(path, text.encode())

    def replace(self, path: Path, text: str, name: str | None = None) -> None:
        """Replace the text of a file: readers see the old or the new one, never a part.

        The file's permissions stay. Raises FlowsyncError, which calls it `name`, when it cannot be written.
        """
        with self._writing(path, text, name):
            self.workspace.replace(path, text.encode())

    def replace_unchanged(self, file: FlowFile, before: str, text: str, hint: str) -> None:
        """As `replace`, if the file still holds `before`; else raise FlowsyncError, with `hint`."""
        content = before.encode()
        try:
            is_unchanged = self.workspace.read(file.path, len(content) + 1) == content
        except OSError:
            is_unchanged = False
        if not is_unchanged:
            raise FlowsyncError(f"{file.name} was changed by someone else just now.", hint=hint)
        self.replace(file.path, text, file.name)

    @contextmanager
    def _writing(self, path: Path, text: str, name: str | None = None) -> Iterator[None]:
        name = name or self.name(path)
        refuse_keys(text, name)
        try:
            yield
        except OSError as error:
            message = f"{name} cannot be written: {error.strerror or error}."
            raise FlowsyncError(message, hint="This file and those after it are unchanged.") from None

    def prepare_state(self, hint: str = "flowsync keeps its state on this machine there.") -> None:
        """Create the state directory, kept out of git except for the schemas.

        Raises FlowsyncError, with `hint`, if that cannot be.
        """
        try:
            self.workspace.make_folder(self.state)
            self.workspace.create(self.state / ".gitignore", STATE_IGNORES.encode())
        except OSError as error:
            message = f"The directory {self.state.name} cannot be used: {error.strerror or error}."
            raise FlowsyncError(message, hint=hint) from None


def open_project(context: click.Context, parallelism: int | None = None) -> Project:
    """The project that a command runs in, or that the global options name. Raises ConfigError and as `project_at`."""
    given = invocation(context)
    _require_directory(given.directory)
    home = None if given.config else config.find_home(given.directory)
    flags = Flags(environment=given.environment, parallelism=parallelism)
    return project_at(given.directory, given.config, flags, os.environ, given, home=home)


def open_here(context: click.Context) -> Project:
    """The project in this very directory; parent directories are ignored. Raises as `open_project`."""
    given = invocation(context)
    _require_directory(given.directory)
    return project_at(given.directory, given.config, Flags(environment=given.environment), os.environ, given)


def _require_directory(directory: Path) -> None:
    try:
        directory.absolute()
    except FileNotFoundError:
        raise ConfigError("The current directory no longer exists.", hint="Change to one that exists.") from None


def project_at(
    base: Path,
    config_file: str | None,
    flags: Flags,
    environ: Mapping[str, str],
    given: Invocation | None = None,
    *,
    home: Path | None = None,
) -> Project:
    """Read the configuration: the named file, else that in `home`, or in `base` if that is None.

    Raises ConfigError or InvalidFilesError.
    """
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        raise ConfigError(
            f"Names of files are {encoding} to this Python; flowsync needs UTF-8.",
            hint="Set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8.",
        )
    path = config.config_path(base if config_file is not None else home or base, config_file)
    home, names = (path.parent, (path.name,)) if path else (home or base, config.FILE_NAMES)
    source = _read_configuration(base, path) if path else None
    settings = config.read_settings(source, flags, environ)
    project = Project(base, home, settings, names, given or Invocation())
    _write_configuration(project, path)
    _require_own_flows(project, source)
    return project


def _write_configuration(project: Project, path: Path | None) -> None:
    file = "none, so defaults" if path is None else project.name(path)
    environment = project.settings.environment
    chosen = "no environment" if environment is None else f"environment {excerpt(environment)}"
    write_step("config", f"{file}, {chosen}, flows in {excerpt(project.flows_directory)}", project.given)


def _read_configuration(base: Path, path: Path) -> Document:
    name = os.path.relpath(path, base).replace(os.sep, "/")
    try:
        raw = workspace(base).read_named(path, MOST_READ)
    except OSError as error:
        raise ConfigError(
            f"{name} cannot be read: {error.strerror}.",
            hint="It must be a regular file, not a link; --config names another file.",
        ) from None
    return document.read(raw, name)


def _require_own_flows(project: Project, source: Document | None) -> None:
    """Raise InvalidFilesError if `source` names a flows directory outside the repository, ConfigError for a link."""
    flows, name = project.home / project.settings.flows, excerpt(project.flows_directory)
    hint = "`flows` must name a directory inside the repository."
    if source and (not project.workspace.holds(flows) or ".git" in {part.lower() for part in flows.parts}):
        message = f"The flows directory {name} is outside of the repository."
        wrong = Problem(source.location(("flows",)), Severity.ERROR, "invalid-setting", message, hint)
        raise InvalidFilesError(f"{project.name(project.home / project.config_names[0])} cannot be used.", [wrong])
    try:
        project.workspace.require_folder(flows)
    except (FileNotFoundError, NotADirectoryError):
        pass  # whoever needs flows says that there are none
    except OSError as error:
        raise ConfigError(f"The flows directory {name} cannot be used: {error.strerror}.", hint=hint) from None


def save(path: Path, text: str, within: Workspace) -> None:
    """Write `text` to the file that the command line names, for its owner's eyes: whole, or nothing if that fails.

    A symlink stays one; one in the repository `within` must not lead out of it. What is there and is no regular file
    (a pipe, /dev/stdout) is written to as it is. Raises FlowsyncError.
    """
    refuse_keys(text, str(path))
    try:
        target = within.resolved(path) if within.holds(path) else path
        if target.exists() and not target.is_file():
            target.write_bytes(text.encode())
        elif within.holds(target):
            within.replace(target, text.encode(), OWNER_ONLY)
        else:
            real = Path(os.path.realpath(target))
            workspace(real.parent).replace(real, text.encode(), OWNER_ONLY)
    except OSError as error:
        raise FlowsyncError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Name a file in a writable directory with free space.",
        ) from None


def refuse_keys(text: str, name: str) -> None:
    """Raise FlowsyncError if a file that is to be written, or its name, would hold a private API key."""
    if private_key_at(name) is not None:
        raise FlowsyncError("The name of a file would hold a private API key, so it is not written.", hint=REVOKE_KEY)
    at = private_key_at(text)
    if at is not None:
        line = text.count("\n", 0, at) + 1
        raise FlowsyncError(f"{name}:{line} would hold a private API key, so it is not written.", hint=REVOKE_KEY)
