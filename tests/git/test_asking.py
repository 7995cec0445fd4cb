from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from flowsync.errors import GitError
from flowsync.git import ask

if TYPE_CHECKING:
    from pathlib import Path


def test_an_answer_comes_back_as_bytes(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path)], check=True)
    assert ask(tmp_path, "symbolic-ref", "HEAD") == b"refs/heads/main\n"


def test_what_is_given_reaches_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert (
        ask(tmp_path, "hash-object", "--stdin", given=b"hello\n").strip() == b"ce013625030ba8dba906f756967f9e9ca394464a"
    )


def test_a_refusal_carries_the_words_of_git(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: .*not a git repository"):
        ask(tmp_path, "rev-parse", "HEAD")


def test_a_refusal_without_words_says_so(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(GitError, match="it gave no reason"):
        ask(tmp_path, "show-ref", "--verify", "--quiet", "refs/heads/none")


def test_a_missing_git_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ, {"PATH": str(tmp_path)}), pytest.raises(GitError, match="not installed"):
        ask(tmp_path, "status")
