from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from flowsync import git
from flowsync.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path


def run(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_files_are_uncommitted_in_every_way_there_is(tmp_path: Path) -> None:
    flows = tmp_path / "acme" / "flöws"
    (flows / "old").mkdir(parents=True)
    (flows / "cache").mkdir()
    run(tmp_path, "init", "-q")
    for name in ("clean", "changed", "staged", "moved"):
        (flows / f"{name}.yaml").write_text(f"name: {name}\n")
    (tmp_path / ".gitignore").write_text("cache/\n*.local.yaml\n")
    (tmp_path / "elsewhere.yaml").write_text("a: 1\n")
    run(tmp_path, "add", "acme", ".gitignore")
    run(tmp_path, "commit", "-qm", "All")
    (flows / "changed.yaml").write_text("name: other\n")
    (flows / "staged.yaml").write_text("name: other\n")
    run(tmp_path, "add", "acme/flöws/staged.yaml")
    run(tmp_path, "mv", "acme/flöws/moved.yaml", "acme/flöws/old/moved here.yaml")
    (flows / "new.yaml").write_text("name: new\n")
    (flows / "mine.local.yaml").write_text("name: mine\n")
    (flows / "cache" / "copy.yaml").write_text("name: copy\n")
    found = git.uncommitted(flows)
    assert found is not None
    assert {path.relative_to(flows).as_posix() for path in found} == {
        *("changed.yaml", "staged.yaml", "moved.yaml", "old/moved here.yaml"),
        *("new.yaml", "mine.local.yaml", "cache/copy.yaml"),
    }


def test_before_the_first_commit_everything_is_uncommitted(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert git.uncommitted(tmp_path) == frozenset({tmp_path / "a.yaml"})


def test_outside_of_a_repository_nothing_can_be_said(tmp_path: Path) -> None:
    assert git.uncommitted(tmp_path) is None


def test_without_git_nothing_can_be_said(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    with mock.patch.dict(os.environ, {"PATH": str(tmp_path)}):
        assert git.uncommitted(tmp_path) is None


def test_a_repository_of_somebody_else_is_not_taken_for_none(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    with mock.patch.dict(os.environ, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}), pytest.raises(GitError):
        git.uncommitted(tmp_path)
