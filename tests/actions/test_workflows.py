"""Workflows, ours and those we give away: linted by the linters of the field, and held to our own rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowsync.templates import PLACEHOLDER, Action, workflows
from tests.actions.steps import ACTION, ROOT
from tests.support.programs import SCRIPTS, assert_passes

OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GIVEN = sorted((ROOT / "flowsync" / "templates" / "workflows").glob("*.yml"))
SHOWN = [ROOT / "docs" / "examples" / "code-scanning.yml"]
SHELL = [*sorted((ROOT / ".github").glob("*.sh")), ROOT / ".ci" / "run", *(ROOT / "docs" / "examples").glob("*.sh")]
PIN = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v(?P<version>\d+\.\d+\.\d+)")
RELEASED = Action("https://github.com", "acorn/flowsync", "1234567890" * 4, "1.2.3")


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The workflows as a project gets them, in a repository of its own."""
    top = tmp_path_factory.mktemp("project")
    for name, text in workflows(RELEASED, branch="release/2").items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(top.rglob("*.yml"))


def test_zizmor_finds_nothing(given: list[Path]) -> None:
    ours = [*OURS, ROOT / ".github" / "dependabot.yml", ROOT / "action.yml"]
    config = ROOT / ".github" / "zizmor.yml"
    assert_passes(
        "zizmor", "--offline", "--persona=auditor", "--no-progress", "--config", config, files=[*ours, *given]
    )


def test_actionlint_and_shellcheck_find_nothing(given: list[Path]) -> None:
    assert_passes("actionlint", f"-shellcheck={SCRIPTS / 'shellcheck'}", files=[*OURS, *given, *SHOWN])
    assert_passes("shellcheck", files=SHELL)


def test_the_linters_are_ones_that_can_say_no(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    good = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    bad.write_text(PIN.sub(r"uses: \g<action>@v\g<version>", good))
    with pytest.raises(AssertionError, match="unpinned-uses"):
        assert_passes("zizmor", "--offline", "--no-progress", files=[bad])
    bad.write_text(bad.read_text().replace("matrix.python }}", "matrix.pyton }}"))
    with pytest.raises(AssertionError, match="pyton"):
        assert_passes("actionlint", files=[bad])


def test_they_are_what_github_s_schemas_say(given: list[Path]) -> None:
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.github-workflows", files=[*OURS, *given, *SHOWN])
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.github-actions", files=[ROOT / "action.yml"])
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.dependabot", files=[ROOT / ".github/dependabot.yml"])


def jobs(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return list(workflow["jobs"].values())


@pytest.mark.parametrize("path", [*OURS, *GIVEN, *SHOWN], ids=lambda path: path.name)
def test_a_workflow_grants_the_least_and_trusts_only_what_is_pinned(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow[True]  # `on` is true to YAML 1.1
    for line in text.splitlines():
        assert " uses:" not in line or PIN.search(line) or line.endswith("uses: ./")
    for job in jobs(workflow):
        assert job["timeout-minutes"] <= 30
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            keeps_token = step.get("with", {}).get("persist-credentials") is not False
            assert not (keeps_token and step.get("uses", "").startswith("actions/checkout@"))


def test_only_the_job_that_publishes_may_prove_who_it_is() -> None:
    granted = {
        (path.name, name): {scope for scope, level in job.get("permissions", {}).items() if level == "write"}
        for path in [*OURS, *GIVEN, *SHOWN]
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
    }
    assert {job: scopes for job, scopes in granted.items() if scopes} == {
        ("plan.yml", "plan"): {"pull-requests", "statuses"},
        ("apply.yml", "plan"): {"pull-requests"},
        ("apply.yml", "apply"): {"pull-requests"},
        ("drift.yml", "drift"): {"issues"},
        ("release.yml", "publish"): {"id-token"},
        ("flowsync-plan.yml", "plan"): {"pull-requests", "statuses"},
        ("flowsync-apply.yml", "plan"): {"pull-requests"},
        ("flowsync-apply.yml", "apply"): {"pull-requests"},
        ("flowsync-drift.yml", "drift"): {"issues"},
        ("code-scanning.yml", "validate"): {"security-events"},
    }


@pytest.mark.parametrize("path", [ROOT / ".github/workflows/apply.yml", GIVEN[0]], ids=lambda path: path.name)
def test_the_private_key_is_for_the_environment_that_writes_one_job_at_a_time(path: Path) -> None:
    holders = [job for job in jobs(yaml.safe_load(path.read_text())) if "secrets.FRIGADE_API_KEY" in str(job)]
    (job,) = holders
    assert job["environment"] == "production"
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["if"] == "needs.plan.outputs.has-changes == 'true'"
    assert [path.name for path in GIVEN if "secrets." in path.read_text()] == ["flowsync-apply.yml"]


def test_one_action_has_one_pin_everywhere() -> None:
    pages = [*OURS, *GIVEN, *SHOWN, *(ROOT / "docs").glob("*.md")]
    pins = {match.groups() for path in pages for match in PIN.finditer(path.read_text(encoding="utf-8"))}
    names = [action for action, _, _ in pins]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["plan", "apply", "drift"])
def test_ours_are_what_we_give_away_but_for_what_a_fork_without_keys_needs(name: str) -> None:
    ours = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    given = (ROOT / "flowsync" / "templates" / "workflows" / f"flowsync-{name}.yml").read_text(encoding="utf-8")
    assert without_a_fork_s_needs(ours) == without_comment_on_top(given).replace(PLACEHOLDER.uses, "./")


def without_comment_on_top(workflow: str) -> str:
    return re.sub(r"\A(#.*\n)+", "", workflow)


def without_a_fork_s_needs(workflow: str) -> str:
    """Our own workflow as it would be where keys are always set."""
    return re.sub(
        r" +(sandbox|require-reviewed-plan): \$\{\{ vars\.FRIGADE_PUBLIC_API_KEY == .*\n"
        r"| +if: vars\.FRIGADE_PUBLIC_API_KEY != ''\n",
        "",
        without_comment_on_top(workflow),
    )


@pytest.mark.parametrize("path", [*OURS, *GIVEN], ids=lambda path: path.name)
def test_a_job_that_is_run_again_can_upload_again_and_never_over_a_record(path: Path) -> None:
    """An artefact of the same name is refused, or replaced; of a run that wrote half, the record must not be."""
    for job in jobs(yaml.safe_load(path.read_text(encoding="utf-8"))):
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/upload-artifact@"):
                is_own = "${{ github.run_attempt }}" in step["with"]["name"]
                assert is_own != step["with"].get("overwrite", False)
                assert is_own == ("record" in step["with"]["name"])


def test_every_input_in_a_workflow_is_one_of_the_action() -> None:
    for path in [*OURS, *GIVEN, *SHOWN]:
        for job in jobs(yaml.safe_load(path.read_text())):
            for step in job["steps"]:
                if step.get("uses", "").startswith(("./", "OWNER/")):
                    assert set(step["with"]) <= set(ACTION["inputs"])
