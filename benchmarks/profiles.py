"""Where the time of one command goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from account import ALLOWED, Bench, served
from budgets import Size
from findings import LATENCY
from processes import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

WATCHED: Final = 300
"""Flows: fewer than are measured, for being watched is slow."""
PROFILED: Final[Mapping[str, tuple[str, ...]]] = {
    "validate": ("validate",),
    "plan": ("plan",),
    "list": ("list",),
    "apply": ("apply", "--quiet", *ALLOWED),
}


def profile(command: str, scratch: Path) -> int:
    """Run it once, watched, and give its exit code. An apply writes every flow, the others find nothing to do."""
    project, other = Bench(scratch, Size.quick()).to_write(WATCHED)
    watched = (sys.executable, str(Path(__file__).with_name("watched.py")), *PROFILED[command])
    directory = other if command == "apply" else project
    with served(project, LATENCY) as where:
        return subprocess.call(watched, cwd=directory, env=environment(where), stdout=subprocess.DEVNULL)
