"""Flows named by the paths of their files, as a shell completes them."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from unittest import mock

import pytest

from flowsync.cli import run
from tests.support.command import CLEAN, environment, execute, flowsync, flowsync_in
from tests.support.fake_frigade import fake_frigade, row

FLOW = "name: Hello\ntype: ANNOUNCEMENT\ntargetingLogic: user.isGuest() == false\ndata: {steps: [{id: a, title: Hi}]}\n"
OUT_OF_FORM = "type: ANNOUNCEMENT\nname: Hello\n"
COMMANDS = (
    *("validate", "test", "graph", "explain --at 2026-02-01", "fmt --diff"),
    *("plan --sandbox --format json", "list --sandbox", "pull --sandbox --check"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("flow_a", "flow_b", "team/flow_c", "team/flow_d"):
        path = tmp_path / "flows" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FLOW)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "flow_a.yaml").write_text(FLOW)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("path", ["flows/flow_a.yaml", "./flows/flow_a.yaml", "flow_a.yaml", "flows\\flow_a.yaml"])
def test_the_path_of_a_flow_file_is_as_good_as_its_slug(project: Path, command: str, path: str) -> None:
    by_slug = flowsync(*command.split(), "flow_a", root=project)
    by_path = flowsync(*command.split(), path, root=project)
    assert by_path == by_slug
    assert by_slug.code in {0, 2}


def test_absolute_paths_and_those_through_other_folders_are_fine_too(project: Path) -> None:
    for path in (str(project / "flows/flow_a.yaml"), "other/../flows/flow_a.yaml", "flows/team/../flow_a.yaml"):
        assert "flow_a" in flowsync("status", "--sandbox", path, root=project).out
    (project / "link").symlink_to("flows")
    assert flowsync("validate", "link/flow_a.yaml", root=project).code == 0


def test_with_a_folder_to_start_in_paths_are_those_seen_from_there(project: Path) -> None:
    below = project / "flows"
    for path in ("flows/flow_a.yaml", "flow_a.yaml"):
        assert flowsync_in(below, "-C", "..", "validate", path).code == 0
    assert flowsync_in(below, "-C", "..", "validate", "../flows/flow_a.yaml").code == 64


def test_a_folder_is_all_of_its_flows(project: Path) -> None:
    for path in ("flows/team", "flows/team/", str(project / "flows/team")):
        listed = flowsync("status", "--sandbox", path, "--format", "json", root=project).json
        assert {each["slug"] for each in listed["flows"] if each["file"]} == {"flow_c", "flow_d"}
    assert flowsync("fmt", "--check", "flows", root=project).code == 0
    (project / "flows/empty").mkdir()
    refused = flowsync("validate", "flows/empty", root=project)
    assert (refused.code, "There is no flow file in flows/empty." in refused.err) == (64, True)


def test_a_folder_does_not_hide_a_flow_of_its_name(project: Path) -> None:
    (project / "flows/flows.yaml").write_text(OUT_OF_FORM)
    (project / "flows/flow_a.yaml").write_text(OUT_OF_FORM)
    assert flowsync("fmt", "flows", root=project).out == "flows/flows.yaml\n"


def test_globs_in_a_path_are_globs(project: Path) -> None:
    listed = flowsync("status", "--sandbox", "flows/flow_[ab].yaml", "--format", "json", root=project).json
    assert {each["slug"] for each in listed["flows"] if each["file"]} == {"flow_a", "flow_b"}
    (project / "flows/flow_[a].yaml").write_text(OUT_OF_FORM)
    assert flowsync("fmt", "flows/flow_[a].yaml", root=project).out == "flows/flow_[a].yaml\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("other/flow_a.yaml", "other/flow_a.yaml is not in flows, where the flow files are."),
        ("/nowhere/flow_a.yml", "/nowhere/flow_a.yml is not in flows, where the flow files are."),
        ("flows/flow_x.yaml", "There is no flow file for flow_x."),
        ("flow_bb.yaml", "Did you mean flow_b?"),
        ("flowsync.yaml", "flowsync.yaml is not in flows, where the flow files are."),
    ],
)
def test_a_path_that_leads_to_no_flow_is_refused(project: Path, path: str, said: str) -> None:
    (project / "flowsync.yaml").write_text("flows: flows\n")
    for command in ("validate", "fmt", "plan", "apply"):
        refused = flowsync(command, path, root=project)
        assert (refused.code, said in refused.err) == (64, True), refused.both


def test_a_pull_makes_the_file_that_is_named(tmp_path: Path) -> None:
    with fake_frigade(rows=[row(1, "flow_a"), row(2, "flow_b")]) as server:
        pulled = flowsync("pull", "flows/flow_b.yaml", root=tmp_path, env=environment(server.url))
    assert pulled.code == 0
    assert [path.name for path in (tmp_path / "flows").iterdir()] == ["flow_b.yaml"]


def test_a_named_file_that_cannot_be_read_is_reported_and_not_said_to_be_missing(project: Path) -> None:
    (project / "flows/flow_bad.yaml").write_text("name: [\n")
    for name in ("flow_bad", "flows/flow_bad.yaml"):
        reported = flowsync("validate", name, root=project)
        assert (reported.code, "flows/flow_bad.yaml:" in reported.out) == (3, True), reported.both


def test_a_rollback_is_narrowed_by_paths_too(project: Path) -> None:
    applied = re.findall(r"^applied +(\w+)", flowsync("apply", "--sandbox", root=project).out, re.MULTILINE)
    (record,) = (project / ".flowsync/applies").iterdir()
    path = next((project / "flows").rglob(f"{applied[0]}.yaml"))
    shown = flowsync("rollback", str(record), str(path), "--dry-run", "--sandbox", "--format", "json", root=project)
    assert len(applied) > 1
    assert [change["slug"] for change in shown.json["changes"]] == [applied[0]]


@pytest.mark.parametrize("command", ["validate", "fmt"])
@pytest.mark.parametrize("name", ["flow_a", "flow_a.yaml", "flows/flow_a.yaml"])
def test_where_there_are_no_flow_files_at_all_that_is_what_is_said(project: Path, command: str, name: str) -> None:
    for folder in ("other", "flows"):
        refused = flowsync(command, name, root=project / folder)
        assert (refused.code, "error[no-flows] There is no directory flows." in refused.both) == (3, True), refused.both


def completed(root: Path, words: str) -> list[str]:
    """What bash is offered for the last word."""
    asked = {"_FLOWSYNC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    out, err, before = io.TextIOWrapper(io.BytesIO()), io.StringIO(), Path.cwd()
    os.chdir(root)
    try:
        with (
            mock.patch.dict(os.environ, {**CLEAN, **asked}, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit),
        ):
            run([])
    finally:
        os.chdir(before)
    assert err.getvalue() == ""
    out.seek(0)
    return out.read().split()


def test_a_shell_completes_commands_slugs_and_files(project: Path) -> None:
    asked = {"_FLOWSYNC_COMPLETE": "bash_complete", "COMP_WORDS": "flowsync pl", "COMP_CWORD": "1"}
    done = execute([Path(sys.executable).with_name("flowsync")], project, asked)
    assert (done.out, done.err) == ("plain,plan\n", "")
    for command in ("fmt", "plan", "apply", "explain", "pull"):
        assert completed(project, f"flowsync {command} flow_")[1:] == [f"plain,flow_{each}" for each in "abcd"]
        assert completed(project, f"flowsync {command} flows/")[0] == "file,flows/"
    assert completed(project / "other", "flowsync -C .. fmt flow_a")[1:] == ["plain,flow_a"]


def test_completion_says_nothing_where_there_is_nothing_to_complete(project: Path) -> None:
    assert completed(project, "flowsync nonsense x") == []
    (project / "flowsync.yaml").write_text("[")
    assert completed(project, "flowsync fmt flow_") == ["file,flow_"]


def test_a_preview_of_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (flows := tmp_path / "flows").mkdir()
    (flows / "flow_a.yaml").write_text("name: [\n")
    (flows / "flow_b.yaml").write_text("name: B\n")
    refused = flowsync("preview", "flow_a", root=tmp_path)
    assert (refused.code, "flows/flow_a.yaml:1:7: error[yaml-syntax]" in refused.err) == (3, True), refused.both
