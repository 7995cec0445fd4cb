"""What a repository holds makes git run no program, and another repository's variables lead it nowhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.github.support import workplace
from tests.support.command import Completed, commit, environment, flowsync, git, served, write_flows
from tests.support.fake_frigade import fake_frigade, row

FLOW = "name: Name\n"
LIVE = [row(1, "flow_a", name="Edited")]


def repository(root: Path, below: str = "") -> Path:
    write_flows(root / below, {"flow_a": FLOW})
    commit(root)
    return root / below


@dataclass(frozen=True)
class Trap:
    """A program that leaves a file behind when somebody runs it."""

    program: Path

    @property
    def is_sprung(self) -> bool:
        return self.program.with_suffix(".ran").exists()


@pytest.fixture
def trap(tmp_path_factory: pytest.TempPathFactory) -> Trap:
    program = tmp_path_factory.mktemp("trap") / "program"
    program.write_text(f'#!/bin/sh\ntouch "{program}.ran"\nenv > "{program}.env"\ncat\n')
    program.chmod(0o755)
    return Trap(program)


def settings(trap: Trap) -> dict[str, str]:
    """Everything by which a configuration of git names a program that reading could run."""
    words = ("core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "diff.external", "diff.x.textconv")
    filters = ("filter.x.clean", "filter.x.smudge", "filter.x.process")
    return {
        **dict.fromkeys((*words, *filters), str(trap.program)),
        "core.hooksPath": str(trap.program.parent),
        "credential.helper": f"!{trap.program}",
        "filter.x.required": "true",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "gpg.program": str(trap.program),
        "log.showSignature": "true",
    }


def configure(repository: Path, trap: Trap) -> None:
    for name, value in settings(trap).items():
        git(repository, "config", name, value)


def plant(folder: Path, trap: Trap) -> None:
    """Make `folder` a bare repository too, such as a commit can hold, whose working tree it is."""
    inner = folder.parent / "inner"
    shutil.copytree(folder, inner)
    repository(inner)
    (inner / ".gitattributes").write_text("* filter=x diff=x\n")
    configure(inner, trap)
    git(inner, "config", "core.worktree", ".")
    (inner / ".gitattributes").rename(folder / ".gitattributes")
    for name in ("HEAD", "config", "objects", "refs", "index"):
        (inner / ".git" / name).rename(folder / name)
    shutil.rmtree(inner)
    for place in ("objects", "refs"):
        (folder / place / "keep").touch()


COMMANDS = ("pull", "pull --check", "pull --force", "plan --base HEAD", "validate --format github", "init --yes")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repository_among_the_files_runs_nothing(tmp_path: Path, trap: Trap, command: str) -> None:
    project = repository(tmp_path, "app")
    plant(project / "flows", trap)
    plant(project, trap)
    commit(tmp_path)
    with fake_frigade(rows=LIVE) as server:
        done = flowsync(*command.split(), root=project, env=environment(server.url))
    assert (done.code in {0, 2}, trap.is_sprung) == (True, False), done.both


def test_a_pull_request_that_brings_a_repository_runs_nothing(tmp_path: Path, trap: Trap) -> None:
    with workplace(tmp_path) as place:
        app = repository(place.root, "app")
        plant(app, trap)
        done = place.plan("-C", str(app))
    assert (done.code, trap.is_sprung) == (0, False)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_repositorys_own_configuration_names_is_not_run(tmp_path: Path, trap: Trap, command: str) -> None:
    project = repository(tmp_path)
    configure(project, trap)
    (project / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        shutil.copy(trap.program, project / ".git" / "hooks" / hook)
    os.utime(project / "flows" / "flow_a.yaml")
    with fake_frigade(rows=LIVE) as server:
        done = flowsync(*command.split(), root=project, env=environment(server.url))
    assert (done.code in {0, 2}, trap.is_sprung) == (True, False), done.both


@pytest.mark.parametrize("address", ["ssh://example.invalid/x", "ext::{program}", "file://{origin}"])
def test_what_a_partial_clone_lacks_is_not_fetched(tmp_path: Path, trap: Trap, address: str) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    repository(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    write_flows(origin, {"flow_a": "name: Newer\n"})
    commit(origin)
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{origin}", "clone")
    clone = tmp_path / "clone"
    configure(clone, trap)
    git(clone, "config", "remote.origin.uploadpack", str(trap.program))
    git(clone, "remote", "set-url", "origin", address.format(program=trap.program, origin=origin))
    with fake_frigade(rows=LIVE) as server:
        done = flowsync("plan", "--base", "HEAD~1", root=clone, env=environment(server.url))
    assert (done.code, trap.is_sprung) == (1, False)
    assert "hint: " in done.err
    assert "--filter" in done.err


def test_a_program_called_git_in_the_repository_is_not_run(
    tmp_path: Path, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = repository(tmp_path)
    shutil.copy(trap.program, project / "git")
    monkeypatch.chdir(project)
    with fake_frigade(rows=LIVE) as server:
        env = {**environment(server.url), "PATH": f".{os.pathsep}{os.pathsep}{os.environ['PATH']}"}
        assert flowsync("plan", "--base", "HEAD", root=project, env=env).code == 0
    assert not trap.is_sprung


def test_git_gets_no_key(tmp_path: Path, trap: Trap) -> None:
    """A program in the place of git, which writes its environment down."""
    project = repository(tmp_path)
    trap.program.rename(trap.program.with_name("git"))
    with fake_frigade(rows=LIVE) as server:
        path = f"{trap.program.parent}{os.pathsep}{os.environ['PATH']}"
        secrets = {"GITHUB_TOKEN": "secret-a", "AWS_SECRET_ACCESS_KEY": "secret-b", "GIT_CONFIG_PARAMETERS": "secret-c"}
        flowsync("pull", root=project, env={**environment(server.url), **secrets, "PATH": path})
        written = trap.program.with_name("program.env").read_text()
        assert "secret-" not in written
        assert environment(server.url)["FRIGADE_API_KEY"] not in written


def elsewhere(root: Path) -> dict[str, str]:
    """What a dotfiles manager, or a hook of another repository, leaves in the environment."""
    root.mkdir()
    write_flows(root, {"flow_a": "name: Uncommitted\n"})
    repository(root)
    (root / "flows" / "flow_a.yaml").unlink()
    place = str(root / ".git")
    return {
        "GIT_DIR": place,
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": f"{place}/index",
        "GIT_OBJECT_DIRECTORY": f"{place}/objects",
        "GIT_COMMON_DIR": place,
        "GIT_NAMESPACE": "x",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.worktree",
        "GIT_CONFIG_VALUE_0": str(root),
    }


def test_another_repositorys_variables_put_no_uncommitted_work_at_risk(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    others = elsewhere(tmp_path_factory.mktemp("other") / "repository")
    project = repository(tmp_path)
    write_flows(project, {"flow_a": "name: Uncommitted\n"})
    with fake_frigade(rows=LIVE) as server:
        env = {**environment(server.url), **others}
        refused = flowsync("pull", root=project, env=env)
        assert refused.code == 4
        assert (project / "flows" / "flow_a.yaml").read_text() == "name: Uncommitted\n"
        document = flowsync("plan", "--base", "HEAD", "--format", "json", root=project, env=env).json
    assert document["base"] == git(project, "rev-parse", "HEAD")


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_work_that_the_index_hides_is_not_overwritten(tmp_path: Path, mark: str) -> None:
    project = repository(tmp_path)
    git(project, "update-index", mark, "flows/flow_a.yaml")
    with served(project, {"flow_a": "name: Uncommitted\n"}, LIVE) as (_, run):
        assert run("pull").code == 4
    assert (project / "flows" / "flow_a.yaml").read_text() == "name: Uncommitted\n"


def _global(home: Path, project: Path) -> dict[str, str]:
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = /elsewhere\n\tdirectory = {project}\n")
    return {"HOME": str(home)}


def _any(home: Path, _project: Path) -> dict[str, str]:
    (home / "git").mkdir()
    (home / "git" / "config").write_text("[safe]\n\tdirectory = *\n")
    return {"HOME": "/nonexistent", "XDG_CONFIG_HOME": str(home)}


def _variables(_home: Path, project: Path) -> dict[str, str]:
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": str(project)}


@pytest.mark.parametrize("way", [_global, _any, _variables])
def test_a_checkout_that_belongs_to_another_user_is_read_where_git_is_told_to(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, way: Callable[[Path, Path], dict[str, str]]
) -> None:
    project = repository(tmp_path)
    with fake_frigade(rows=LIVE) as server:
        env = {**environment(server.url), "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

        def planned(**more: str) -> Completed:
            return flowsync("plan", "--base", "HEAD", root=project, env={**env, **more})

        assert planned(HOME="/nonexistent").code == 1
        assert planned(**way(tmp_path_factory.mktemp("home"), project)).code == 0
