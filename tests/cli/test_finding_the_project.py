"""A command finds the project of its repository from any directory of it, and never a stranger's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command import environment, flowsync, flowsync_in, git, process, write_flows

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = "name: [\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one flow, and a configuration above it that would decide otherwise."""
    (tmp_path / "flowsync.yaml").write_text("nonsense: true\n")
    root = tmp_path / "repository"
    write_flows(root, {"flow_a": "name: A\n"})
    git(root, "init", "--quiet")
    (root / "docs" / "deep").mkdir(parents=True)
    return root


def test_every_directory_of_a_repository_leads_to_its_project(repository: Path) -> None:
    deep = repository / "docs" / "deep"
    assert process("validate", root=deep).code == 0
    assert flowsync_in(deep, "plan", "--sandbox", "-e", "x").code == 1  # no configuration has environments
    (repository / "flowsync.yaml").write_text("environments: {dev: {}}\ndefault_environment: dev\n")
    assert "for dev" in flowsync_in(deep, "plan", "--sandbox", "../../flows/flow_a.yaml").out
    assert (repository / ".flowsync" / "sandbox.db").exists()
    assert not (deep / ".flowsync").exists()
    write_flows(repository, {"flow_a": BROKEN})
    shown = flowsync("validate", root=deep)
    assert "../../flows/flow_a.yaml:1:7: error" in shown.out
    assert "  | name: [" in shown.out
    assert flowsync("validate", root=repository / "flows").code == 3
    assert flowsync("status", "--sandbox", root=deep).code == 3


def test_the_nearest_project_decides(repository: Path) -> None:
    inner = repository / "docs"
    (inner / "flowsync.yaml").write_text("flows: theirs\n")
    assert "docs/theirs" in flowsync("validate", root=repository / "docs" / "deep").out.replace("../", "docs/", 1)
    (inner / "flowsync.yaml").unlink()
    write_flows(inner, {"flow_b": BROKEN})
    assert "flows/flow_b.yaml:1:7" in flowsync("validate", root=inner).out
    assert flowsync("validate", "--config", "missing.yaml", root=inner).code == 1


def test_init_sets_up_the_directory_where_it_runs(repository: Path) -> None:
    assert flowsync("init", "--no-github", root=repository / "docs" / "deep").code == 0
    assert (repository / "docs" / "deep" / "flowsync.yaml").exists()
    assert not (repository / "flowsync.yaml").exists()


def test_nothing_above_a_repository_or_without_one_is_found(repository: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    told = flowsync_in(alone, "validate")
    assert told.code == 3
    assert "no-flows" in told.out
    assert "flowsync init" in told.out
    assert "flowsync pull" in told.out
    assert told.out.endswith("1 error\n")
    git(alone, "init", "--quiet")
    assert "no-flows" in flowsync_in(alone, "validate").out
    home = environment() | {"HOME": str(repository)}
    assert "no-flows" in flowsync_in(repository / "docs", "validate", env=home).out


def test_what_belongs_to_another_user_decides_nothing(repository: Path) -> None:
    import os  # noqa: PLC0415 - only this test needs it

    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(repository / ".git", 12345, 12345)
    assert "no-flows" in flowsync_in(repository / "docs", "validate").out
    os.chown(repository / ".git", 0, 0)
    (repository / "flowsync.yaml").write_text("flows: flows\n")
    os.chown(repository / "flowsync.yaml", 12345, 12345)
    assert "no-flows" in flowsync_in(repository / "docs", "validate").out
