"""The example files of docs/ci.md, run: against a server over HTTP, with the keys that the docs say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowsync.templates import PLACEHOLDER, pre_commit, workflows
from tests.actions.steps import ROOT
from tests.support.command import Completed, checked, commit, execute, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, UNOBSERVABLE, FakeConfig, FakeFrigade, fake_frigade, row
from tests.support.programs import ON_PATH, assert_passes

EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text(encoding="utf-8"))


@pytest.fixture
def server() -> Iterator[FakeFrigade]:
    with fake_frigade(rows=[row(1, "flow_a", name="Old")]) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    return tmp_path


def bash(script: str, project: Path, server: FakeFrigade, **keys: str) -> Completed:
    env = {**ON_PATH, "FRIGADE_API_URL": server.url, **keys}
    return checked(execute(["bash", "-eo", "pipefail", "-c", script], project, env))


def plain(what: str, project: Path, server: FakeFrigade, **keys: str) -> Completed:
    return bash(f"'{EXAMPLES / 'plan-and-apply.sh'}' {what}", project, server, **keys)


def test_the_plain_script_plans_with_the_public_key_and_writes_nothing(project: Path, server: FakeFrigade) -> None:
    planned = plain("plan", project, server, FRIGADE_PUBLIC_API_KEY=PUBLIC_KEY)
    assert planned.code == 0, planned.err
    assert "### Applying this changes 1 flow" in planned.out
    results = project / "flowsync-results"
    assert (results / "plan.md").read_text(encoding="utf-8") in planned.out
    assert json.loads((results / "plan.json").read_text(encoding="utf-8"))["summary"]["update"] == 1
    assert server.writes == []


def test_the_plain_script_applies_what_it_planned_and_then_has_nothing_to_do(
    project: Path, server: FakeFrigade
) -> None:
    applied = plain("apply", project, server, FRIGADE_API_KEY=PRIVATE_KEY)
    assert (applied.code, server.row(1)["name"]) == (0, "New"), applied.err
    assert "### Applied " in (project / "flowsync-results" / "apply.md").read_text(encoding="utf-8")
    assert '"Old"' in (project / "flowsync-results" / "record.jsonl").read_text(encoding="utf-8")
    assert plain("apply", project, server, FRIGADE_API_KEY=PRIVATE_KEY).code == 0
    assert len(server.writes) == 1


def test_the_plain_script_sends_what_cannot_be_verified(project: Path, server: FakeFrigade) -> None:
    server.behave(FakeConfig(hidden=UNOBSERVABLE))
    write_flows(project, {"flow_a": "name: Old\nactive: false\n"})
    assert plain("apply", project, server, FRIGADE_API_KEY=PRIVATE_KEY).code == 0
    assert [request.json for request in server.writes] == [{"active": False}]


@pytest.mark.parametrize(("file", "code"), [("nmae: x\n", 3), ("name: No such flow\n", 1)])
def test_the_plain_script_fails_as_flowsync_does(project: Path, server: FakeFrigade, file: str, code: int) -> None:
    write_flows(project, {"flow_b": file})
    assert plain("apply", project, server, FRIGADE_API_KEY=PRIVATE_KEY).code == code
    assert server.writes == []


def test_the_gitlab_jobs_plan_with_the_public_key_and_apply_that_plan_with_the_private_one(
    project: Path, server: FakeFrigade
) -> None:
    plan, apply = ("\n".join(GITLAB[job]["script"]) for job in ("plan", "apply"))
    assert bash(plan, project, server, FRIGADE_PUBLIC_API_KEY=PUBLIC_KEY).code == 0
    assert {path for path in GITLAB["plan"]["artifacts"]["paths"] if not (project / path).exists()} == set()
    assert server.writes == []
    applied = bash(apply, project, server, FRIGADE_API_KEY=PRIVATE_KEY)
    assert (applied.code, server.row(1)["name"]) == (0, "New"), applied.err
    (record,) = GITLAB["apply"]["artifacts"]["paths"]
    assert '"Old"' in (project / record).read_text(encoding="utf-8")
    assert GITLAB["apply"]["artifacts"]["when"] == "always"


def test_a_gitlab_pipeline_of_the_branch_itself_is_compared_with_what_it_was(
    project: Path, server: FakeFrigade
) -> None:
    """Else a field that the API does not return would never be written."""
    plan = "\n".join(GITLAB["plan"]["script"])
    base = commit(project)
    write_flows(project, {"flow_a": "name: Newest\n"})
    for before, told in ((base, base), ("0" * 40, None)):
        assert bash(plan, project, server, FRIGADE_PUBLIC_API_KEY=PUBLIC_KEY, CI_COMMIT_BEFORE_SHA=before).code == 0
        assert json.loads((project / "plan.json").read_text(encoding="utf-8"))["base"] == told


def test_with_a_base_both_tell_whose_a_change_is(project: Path, server: FakeFrigade) -> None:
    (project / "flows" / "flow_a.yaml").write_text("name: Old\n")
    base = commit(project)
    write_flows(project, {"flow_a": "name: New\n"})
    plan = "\n".join(GITLAB["plan"]["script"])
    keys = {"FRIGADE_PUBLIC_API_KEY": PUBLIC_KEY, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    assert bash(plan, project, server, **keys, CI_COMMIT_BEFORE_SHA="0" * 40).code == 0
    assert plain("plan", project, server, FRIGADE_PUBLIC_API_KEY=PUBLIC_KEY, BASE="HEAD").code == 0
    for file in (project / "plan.json", project / "flowsync-results" / "plan.json"):
        document = json.loads(file.read_text(encoding="utf-8"))
        assert document["base"] == base
        assert [field["origin"] for field in document["changes"][0]["fields"]] == ["branch"]


def test_the_gitlab_file_is_what_gitlab_s_schema_says() -> None:
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", files=[EXAMPLES / "gitlab-ci.yml"])
    assert GITLAB["apply"]["resource_group"] == GITLAB["apply"]["environment"] == "production"


def test_the_page_shows_every_example_every_workflow_and_the_hooks_as_they_are() -> None:
    assert {f"examples/{path.name}" for path in EXAMPLES.iterdir()} == set(re.findall(r"\((examples/[^)]+)\)", PAGE))
    assert [path for path in workflows(PLACEHOLDER) if f"| `{Path(path).name}` |" not in PAGE] == []
    (shown,) = re.findall(r"```yaml\n(# \.pre-commit-config\.yaml\n.*?)```", PAGE, re.DOTALL)
    assert yaml.safe_load(shown) == yaml.safe_load(pre_commit(PLACEHOLDER))
