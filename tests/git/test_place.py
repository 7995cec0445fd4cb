from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from flowsync import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("place", ["", "onboarding/", "a b/ä/"])
def test_the_way_from_the_top_of_the_repository(tmp_path: Path, place: str) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    assert git.prefix(tmp_path / place) == place


def test_outside_of_a_repository_there_is_no_way(tmp_path: Path) -> None:
    assert git.prefix(tmp_path) == ""
