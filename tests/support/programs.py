"""The programs that come with the tests' packages."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path

from tests.support.command import CLEAN, execute

SCRIPTS = Path(sysconfig.get_path("scripts"))
ON_PATH = {**CLEAN, "PATH": f"{SCRIPTS}:{CLEAN['PATH']}"}
"""The environment in which they are found."""


def assert_passes(name: str, *arguments: str | Path, files: Iterable[Path] = (), stdin: str = "") -> None:
    """Run a checker; what it finds is what the test fails with."""
    done = execute([SCRIPTS / name, *arguments, *files], env=ON_PATH, input=stdin.encode())
    assert done.code == 0, done.both
