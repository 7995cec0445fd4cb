"""Where a project lies and how it is set up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from flowsync import config, document
from flowsync.errors import ConfigError
from flowsync.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flowsync.config import Flags, Settings

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


def open_project(base: Path, config_file: str | None, flags: Flags, environ: Mapping[str, str]) -> Project:
    """Find and read the configuration. Raises ConfigError or InvalidFilesError."""
    path = config.config_path(base, config_file)
    if path is None:
        return Project(base, base, config.read_settings(None, flags, environ))
    name = os.path.relpath(path, base).replace(os.sep, "/")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", hint="--config names the file.") from None
    source = document.read(raw, name)
    return Project(base, path.parent, config.read_settings(source, flags, environ), (path.name,))


def modeline(project: Project, path: Path) -> str:
    """The comment by which editors find the schema, from a flow file at `path`."""
    schema = os.path.relpath(project.state / SCHEMA_FILE, path.parent).replace(os.sep, "/")
    return f"# yaml-language-server: $schema={schema}\n"
