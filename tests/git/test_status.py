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


CLEAN = b"name: clean\n"


def test_a_file_is_uncommitted_unless_the_last_commit_holds_what_it_holds(tmp_path: Path) -> None:
    flows = tmp_path / "acme" / "flöws"
    flows.mkdir(parents=True)
    run(tmp_path, "init", "-q")
    for name in ("clean", "changed", "staged", "moved", "hidden", "assumed"):
        (flows / f"{name}.yaml").write_bytes(CLEAN)
    (flows / "link.yaml").symlink_to("clean.yaml")
    run(tmp_path, "add", "acme")
    run(tmp_path, "commit", "-qm", "All")
    run(tmp_path, "update-index", "--skip-worktree", "acme/flöws/hidden.yaml")
    run(tmp_path, "update-index", "--assume-unchanged", "acme/flöws/assumed.yaml")
    run(tmp_path, "mv", "acme/flöws/moved.yaml", "acme/flöws/moved here.yaml")
    other = ("changed.yaml", "staged.yaml", "hidden.yaml", "assumed.yaml")
    (flows / "staged.yaml").write_text("name: other\n")
    run(tmp_path, "add", "acme/flöws/staged.yaml")
    held = {"clean.yaml": CLEAN, "moved here.yaml": CLEAN, "new.yaml": CLEAN, "link.yaml": CLEAN}
    contents = {**held, **dict.fromkeys(other, b"name: other\n")}
    assert git.uncommitted(flows, contents) == frozenset(contents) - {"clean.yaml"}
    assert git.uncommitted(flows, {"clean.yaml": b"name: clean\r\n"}) == frozenset()


def test_before_the_first_commit_everything_is_uncommitted(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    assert git.uncommitted(tmp_path, {"a.yaml": CLEAN}) == frozenset({"a.yaml"})


def test_outside_of_a_repository_nothing_can_be_said(tmp_path: Path) -> None:
    assert git.uncommitted(tmp_path, {}) is None


def test_without_git_nothing_can_be_said(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    with mock.patch.dict(os.environ, {"PATH": str(tmp_path)}):
        assert git.uncommitted(tmp_path, {}) is None


def test_a_repository_of_somebody_else_is_not_taken_for_none(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    with mock.patch.dict(os.environ, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}), pytest.raises(GitError):
        git.uncommitted(tmp_path, {})
