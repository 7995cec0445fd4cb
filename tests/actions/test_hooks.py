"""The pre-commit hooks, run by pre-commit itself on a project's commit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowsync.cli.app import COMMANDS
from flowsync.templates import PLACEHOLDER, pre_commit
from tests.actions.steps import ROOT
from tests.support.command import Completed, execute, git, write_flows
from tests.support.programs import ON_PATH, assert_passes

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
GOOD = "name: Hello\ntype: ANNOUNCEMENT\ndata:\n  steps:\n    - id: a\n      title: Hi there\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that has the hooks, as installed here instead of by pre-commit, which would need the network."""
    git(tmp_path, "init", "-q")
    hooks = [{**hook, "language": "system"} for hook in HOOKS.values()]
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    write_flows(tmp_path, {"flow_a": GOOD})
    return tmp_path


def commit(project: Path, *arguments: str) -> Completed:
    """What pre-commit says of everything that is to be committed."""
    git(project, "add", "-A")
    env = {**ON_PATH, "PRE_COMMIT_HOME": str(project / ".git" / "pre-commit")}
    return execute(["pre-commit", "run", "--color=never", *arguments], project, env)


def test_validate_stops_a_commit_with_an_error_and_passes_a_good_one(project: Path) -> None:
    assert commit(project, "flowsync-validate").code == 0
    write_flows(project, {"flow_b": "nmae: x\n"})
    stopped = commit(project, "flowsync-validate")
    assert stopped.code == 1
    assert "flows/flow_b.yaml:1:1: error[unknown-key]" in stopped.both


def test_fmt_puts_files_in_form_once(project: Path) -> None:
    write_flows(project, {"flow_a": "type: ANNOUNCEMENT\nname: Hello # said to everyone\n"})
    stopped = commit(project, "flowsync-fmt")
    assert stopped.code == 1
    assert "files were modified by this hook" in stopped.out
    assert (project / "flows" / "flow_a.yaml").read_text() == "name: Hello # said to everyone\ntype: ANNOUNCEMENT\n"
    assert commit(project, "flowsync-fmt").code == 0


def test_a_commit_of_other_files_is_left_alone(project: Path) -> None:
    commit(project, "flowsync-validate")
    git(project, "commit", "-qm", "One")
    (project / "README.md").write_text("Hello\n")
    assert "no files to check" in commit(project, "flowsync-validate").out


@pytest.mark.parametrize(
    ("hook", "path", "concerned"),
    [
        ("flowsync-validate", "flows/team/flow_a.yaml", True),
        ("flowsync-validate", "flowsync.yaml", True),
        ("flowsync-validate", "docs/flows/a.yaml", False),
        ("flowsync-fmt", "flows/flow_a.yml", True),
        ("flowsync-fmt", "flows/README.md", False),
    ],
)
def test_a_hook_looks_at_flow_files(hook: str, path: str, *, concerned: bool) -> None:
    assert bool(re.search(HOOKS[hook]["files"], path)) is concerned


def test_each_hook_is_a_command_that_finds_its_files_itself() -> None:
    for hook in HOOKS.values():
        program, command = hook["entry"].split()
        assert (program, hook["language"], hook["pass_filenames"]) == ("flowsync", "python", False)
        assert command in COMMANDS


def test_manifest_and_entry_are_what_pre_commit_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ON_PATH, "PRE_COMMIT_HOME", str(tmp_path / "cache"))  # not everybody has a home to write to
    assert_passes("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    entry = tmp_path / ".pre-commit-config.yaml"
    entry.write_text(pre_commit(PLACEHOLDER), encoding="utf-8")
    assert_passes("pre-commit", "validate-config", entry)


def test_the_entry_for_projects_names_the_hooks_there_are() -> None:
    (repository,) = yaml.safe_load(pre_commit(PLACEHOLDER))["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == set(HOOKS)
