"""`validate --format github` and `--format sarif`, as a CI job runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import runner
from tests.support.command import flowsync, git, process, write_flows


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of its repository."""
    git(tmp_path, "init", "-q")
    write_flows(tmp_path / "onboarding", {"flow_a": "nmae: x\ntype: CARD\n", "flow_b": "type: BANNER\n"})
    return tmp_path / "onboarding"


def test_annotations_name_files_from_the_top_of_the_repository(project: Path) -> None:
    done = process("validate", "--format", "github", root=project)
    assert done.code == 3
    commands, texts = runner.read(done.out)
    first, *_ = commands
    assert (first.name, first.properties["file"], first.properties["line"]) == (
        "error",
        "onboarding/flows/flow_a.yaml",
        "1",
    )
    assert "onboarding/flows/flow_a.yaml:1:1: error[unknown-key] `nmae` is not a key of a flow file." in texts
    assert "  | nmae: x" in texts


def test_sarif_names_files_from_the_top_of_the_repository(project: Path) -> None:
    done = flowsync("validate", "--format", "sarif", root=project)
    assert done.code == 3
    (run,) = done.json["runs"]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert set(places) == {"onboarding/flows/flow_a.yaml"}
    again = flowsync("validate", "--format", "sarif", root=project.parent, env={})
    assert again.code == 3  # no flows there: told in the same form
    assert again.json["runs"][0]["results"][0]["ruleId"] == "no-flows"


def test_a_configuration_elsewhere_is_no_hindrance(project: Path) -> None:
    (project / "flowsync.yaml").write_text("flows: flows\n")
    (project.parent / "tools").mkdir()
    done = flowsync(
        "--config", "../onboarding/flowsync.yaml", "validate", "--format", "github", root=project.parent / "tools"
    )
    assert "file=onboarding/flows/flow_a.yaml,line=1" in done.out


def test_without_a_problem_there_is_no_annotation(project: Path) -> None:
    write_flows(project, {"flow_a": "type: BANNER\n"})
    done = flowsync("validate", "--format", "github", "flow_a", root=project)
    assert "::error" not in done.out
