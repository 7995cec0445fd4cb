"""Opening the project that a command line is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flowsync.config import Flags
from flowsync.errors import ConfigError
from flowsync.pipeline import project

if TYPE_CHECKING:
    from flowsync.cli.options import Invocation
    from flowsync.pipeline.project import Project


def open_project(invocation: Invocation, parallelism: int | None = None) -> Project:
    """The project that the global options name. Raises ConfigError where it cannot be opened."""
    _require_here(invocation)
    flags = Flags(environment=invocation.environment, parallelism=parallelism)
    return project.open_project(invocation.directory, invocation.config, flags, os.environ)


def _require_here(invocation: Invocation) -> None:
    """Raise ConfigError where the shell stands in a directory that somebody took away, another branch say."""
    try:
        invocation.directory.absolute()
    except FileNotFoundError:
        raise ConfigError("The directory that this runs in is gone.", hint="cd to one that is there.") from None
