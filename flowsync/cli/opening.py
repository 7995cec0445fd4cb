"""Opening the project that a command line is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flowsync import pipeline
from flowsync.config import Flags

if TYPE_CHECKING:
    from flowsync.cli.options import Invocation
    from flowsync.pipeline import Project


def open_project(invocation: Invocation, parallelism: int | None = None) -> Project:
    """The project that the global options name."""
    flags = Flags(environment=invocation.environment, parallelism=parallelism)
    return pipeline.open_project(invocation.directory, invocation.config, flags, os.environ)
