"""Command lines to run next, which lead to where this one led."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.config import SANDBOX_URL
from flowsync.render.escape import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.cli.options import Invocation
    from flowsync.model import Plan


def command_line(words: Iterable[str], made: Plan, given: Invocation) -> str:
    """`flowsync` and `words`, for the same folder, configuration, environment and API as the plan `made`.

    Quoted for a shell, and inert: whoever writes flowsync.yaml chooses the names in it.
    """
    folder = ["-C", str(given.directory)] if given.directory != Path() else []
    config = ["--config", given.config] if given.config is not None else []
    environment = ["-e", made.environment] if made.environment is not None else []
    api = ["--sandbox"] if made.api_url == SANDBOX_URL else []
    return shown(shlex.join(["flowsync", *words, *folder, *config, *environment, *api]))
