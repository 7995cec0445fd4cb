"""Files at a revision, out of real repositories."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from flowsync.errors import GitError
from flowsync.git import commit_of, content_id, contents, entries

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


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
