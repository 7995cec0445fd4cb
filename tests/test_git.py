"""What git knows of files, asked of real repositories."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest

from flowsync.errors import GitError
from flowsync.git import ask, commit_of, content_id, contents, entries, prefix, uncommitted
from tests.support.command import git

CLEAN = b"name: clean\n"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A repository without commits."""
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def test_an_answer_comes_back_as_bytes_and_what_is_given_reaches_git(empty: Path) -> None:
    assert ask(empty, "symbolic-ref", "HEAD") == b"refs/heads/main\n"
    hashed = ask(empty, "hash-object", "--stdin", given=b"hello\n")
    assert hashed == b"ce013625030ba8dba906f756967f9e9ca394464a\n"


def test_a_refusal_carries_the_words_of_git_or_says_that_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: .*not a git repository"):
        ask(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "init", "-q")
    with pytest.raises(GitError, match="it gave no reason"):
        ask(tmp_path, "show-ref", "--verify", "--quiet", "refs/heads/none")


def test_a_missing_git_is_an_error_with_a_hint(empty: Path) -> None:
    with mock.patch.dict(os.environ, {"PATH": str(empty)}):
        with pytest.raises(GitError, match="not installed"):
            ask(empty, "status")
        assert uncommitted(empty, {}) is None


@pytest.mark.parametrize("place", ["", "onboarding/", "a b/ä/"])
def test_the_way_from_the_top_of_the_repository(empty: Path, place: str) -> None:
    (empty / place).mkdir(parents=True, exist_ok=True)
    assert prefix(empty / place) == place


def test_outside_of_a_repository_there_is_no_way_and_nothing_can_be_said_of_files(tmp_path: Path) -> None:
    assert prefix(tmp_path) == ""
    assert uncommitted(tmp_path, {}) is None


@pytest.fixture(params=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main", f"--object-format={request.param}")
    (tmp_path / "flows" / "döep").mkdir(parents=True)
    (tmp_path / "flows" / "a.yaml").write_bytes(b"name: a\r\n")
    (tmp_path / "flows" / "döep" / 'b "\t.yaml').write_bytes(b"")
    (tmp_path / "flows" / "run.yaml").write_text("x")
    (tmp_path / "flows" / "run.yaml").chmod(0o755)
    (tmp_path / "flows" / "link.yaml").symlink_to("a.yaml")
    (tmp_path / "flows.yaml").write_text("not below")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.yaml").write_text("hidden")
    (tmp_path / "sub").mkdir()
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    return tmp_path


def test_a_revision_is_told_as_the_whole_hash_of_its_commit(repository: Path) -> None:
    whole = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "v1")
    for name in ("HEAD", "main", "v1", whole, whole[:10]):
        assert commit_of(repository, name) == whole


def test_files_are_named_from_the_directory_asked_for_whatever_is_in_the_working_tree(repository: Path) -> None:
    commit = commit_of(repository, "HEAD")
    (repository / "flows" / "a.yaml").unlink()
    found = entries(repository, commit, "flows")
    assert {name: entry.is_file for name, entry in found.items()} == {
        "a.yaml": True,
        'döep/b "\t.yaml': True,
        "run.yaml": True,
        "link.yaml": False,
    }
    assert entries(repository / "sub", commit, "../flows") == found
    assert entries(repository / "flows", commit, ".") == found
    whole = entries(repository, commit, ".")
    assert whole.keys() == {"flows.yaml", ".hidden/a.yaml", *(f"flows/{name}" for name in found)}
    assert entries(repository, commit, ".hidden").keys() == {"a.yaml"}
    with pytest.raises(GitError, match="outside"):
        entries(repository, commit, "../elsewhere")
    assert entries(repository, commit, "flows.yaml").keys() == {""}
    assert entries(repository, commit, "nothing") == {}


def test_contents_come_in_the_order_asked_for_to_the_byte(repository: Path) -> None:
    found = entries(repository, commit_of(repository, "HEAD"), "flows")
    ids = [found[name].id for name in ('döep/b "\t.yaml', "a.yaml", "run.yaml", "a.yaml")]
    assert contents(repository, ids) == [b"", b"name: a\r\n", b"x", b"name: a\r\n"]
    assert contents(repository, []) == []
    assert content_id(b"name: a\r\n", like=ids[0]) == ids[1]


def test_content_that_is_not_there_is_an_error_with_a_way_out(repository: Path) -> None:
    commit = commit_of(repository, "HEAD")
    gone = entries(repository, commit, "flows")["a.yaml"].id
    (repository / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    with pytest.raises(GitError, match="does not have it") as caught:
        contents(repository, [gone])
    assert "git fetch" in (caught.value.hint or "")
    with pytest.raises(GitError, match="does not have it"):
        contents(repository, [commit])


def test_a_file_is_uncommitted_unless_the_last_commit_holds_what_it_holds(tmp_path: Path) -> None:
    flows = tmp_path / "acme" / "flöws"
    flows.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    for name in ("clean", "changed", "staged", "moved", "hidden", "assumed"):
        (flows / f"{name}.yaml").write_bytes(CLEAN)
    (flows / "link.yaml").symlink_to("clean.yaml")
    git(tmp_path, "add", "acme")
    git(tmp_path, "commit", "-qm", "All")
    git(tmp_path, "update-index", "--skip-worktree", "acme/flöws/hidden.yaml")
    git(tmp_path, "update-index", "--assume-unchanged", "acme/flöws/assumed.yaml")
    git(tmp_path, "mv", "acme/flöws/moved.yaml", "acme/flöws/moved here.yaml")
    other = ("changed.yaml", "staged.yaml", "hidden.yaml", "assumed.yaml")
    (flows / "staged.yaml").write_text("name: other\n")
    git(tmp_path, "add", "acme/flöws/staged.yaml")
    held = {"clean.yaml": CLEAN, "moved here.yaml": CLEAN, "new.yaml": CLEAN, "link.yaml": CLEAN}
    files = {**held, **dict.fromkeys(other, b"name: other\n")}
    assert uncommitted(flows, files) == frozenset(files) - {"clean.yaml"}
    assert uncommitted(flows, {"clean.yaml": b"name: clean\r\n"}) == frozenset()


def test_before_the_first_commit_everything_is_uncommitted(empty: Path) -> None:
    assert uncommitted(empty, {"a.yaml": CLEAN}) == frozenset({"a.yaml"})


def test_a_repository_of_somebody_else_is_not_taken_for_none(empty: Path) -> None:
    with mock.patch.dict(os.environ, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}), pytest.raises(GitError):
        uncommitted(empty, {})
