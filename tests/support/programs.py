"""The programs that come with the tests' packages."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from tests.support.command import CLEAN

SCRIPTS = Path(sysconfig.get_path("scripts"))
ON_PATH = {**CLEAN, "PATH": f"{SCRIPTS}:{CLEAN['PATH']}"}
"""The environment in which they are found."""


def assert_passes(name: str, *arguments: str | Path, files: Iterable[Path] = (), stdin: str = "") -> None:
    """Run a checker; what it finds is what the test fails with."""
    done = subprocess.run(
        [SCRIPTS / name, *arguments, *files],
        input=stdin,
        env=ON_PATH,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
