"""`validate --format github` and `--format sarif`, as a CI job runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsync.validate import RULES, Rule
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


def test_a_rule_is_explained_with_its_source_and_examples_anywhere(tmp_path: Path) -> None:
    done = flowsync("validate", "--explain", "too-small", root=tmp_path)
    assert done.code == 0
    assert done.out.startswith("too-small (error)\n\nA number is too small")
    assert "\nSource: " in done.out
    assert "\nBad:\n\n  type: FORM\n" in done.out
    assert "\nGood:\n\n  type: FORM\n" in done.out


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_can_be_explained(rule: Rule, tmp_path: Path) -> None:
    done = flowsync("validate", "--explain", rule.code, root=tmp_path)
    assert (done.code, done.out.partition(" (")[0], rule.source in done.out) == (0, rule.code, True)


def test_a_code_without_a_rule_is_a_usage_error_with_the_one_that_is_meant(tmp_path: Path) -> None:
    done = flowsync("validate", "--explain", "to-small", root=tmp_path)
    assert done.code == 64
    assert "There is no rule to-small." in done.err
    assert "Did you mean too-small?" in done.err
    assert flowsync("validate", "--explain", "too-small", "flow_a", root=tmp_path).code == 64
