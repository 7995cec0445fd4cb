"""What was taken out of files, which nothing that is sent shows: a line of its own in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.plan.document import digest, meaning
from flowsync.plan.saved import from_text
from tests.support.command import Completed, commit, environment, flowsync, git, write_flows
from tests.support.fake_frigade import UNOBSERVABLE, FakeConfig, FakeFrigade, fake_frigade, row

PRO = "user.property('plan') == 'pro'"
WHOLE = f"""\
name: Name
description: About
targetingLogic: {PRO}
active: true
protected: true
target: active
environments:
  staging: {{name: Staging}}
data:
  steps:
    - {{id: a, title: A, completionCriteria: "user.isGuest()"}}  # flowsync: ignore[no-such-key]
tests:
  - {{name: pro users, user: {{properties: {{plan: pro}}}}, sees: true}}
  - {{user: {{properties: {{plan: free}}}}, sees: false}}
  - {{user: {{properties: {{plan: none}}}}, sees: false}}
"""
CONFIGURATION = "environments: {production: {}, staging: {}}\n"
STEPS = {"steps": [{"id": "a", "title": "A", "completionCriteria": "user.isGuest()"}]}
LOST = {
    "description": 'description: no longer managed; stays live as "Live about"',
    "targetingLogic": "targetingLogic: no longer managed; stays live empty",
    "active": "active: no longer managed; stays live as true",
    "data": "data: no longer managed; stays live with 1 step",
    "protected": "protected removed: apply no longer needs permission to write this flow",
    "target": "target removed (it was active): flowsync.yaml now decides which version is written",
    "staging": "overlay for the environment staging removed: the rest of the file now applies there",
    "no-such-key": "ignore comment removed: no-such-key is reported again",
    "tests": "all tests removed: 3",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose main has one flow that says everything; what comes after is the branch's."""
    (tmp_path / "flowsync.yaml").write_text(CONFIGURATION)
    write_flows(tmp_path, {"flow_a": WHOLE})
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "branch")
    return tmp_path


@pytest.fixture
def server() -> Iterator[FakeFrigade]:
    fields = {"name": "Name", "description": "Live about", "targetingLogic": "", "active": True, "data": STEPS}
    with fake_frigade(rows=[row(1, "flow_a", **fields)]) as serving:
        yield serving


def plan(project: Path, server: FakeFrigade, *options: str) -> Completed:
    return flowsync("plan", "--base", "main", *options, root=project, env=environment(server.url))


def without(*beginnings: str) -> str:
    """The file without the lines that begin so, and what is below them."""
    kept, is_left_out = [], False
    for line in WHOLE.splitlines(keepends=True):
        is_left_out = line.startswith(beginnings) or (is_left_out and line.startswith(" "))
        kept += [] if is_left_out else [line]
    return "".join(kept)


def test_everything_that_a_file_no_longer_says_has_a_line_in_every_format(project: Path, server: FakeFrigade) -> None:
    write_flows(project, {"flow_a": "name: Name\n"})
    shown = plan(project, server)
    assert (shown.code, "9 dropped from files" in shown.out) == (0, True), shown.both
    markdown = plan(project, server, "--format", "markdown").out.replace("`", "")
    for sentence in LOST.values():
        assert f"  {sentence}\n" in shown.out
        assert sentence.replace('"', "") in markdown.replace('"', ""), sentence
    document = plan(project, server, "--format", "json", "--out", "plan.json").json
    assert document["summary"]["dropped"] == len(LOST)
    assert {each["kind"] for each in document["dropped"]} == {
        *("field", "tests", "protected", "target", "environment", "ignore")
    }
    fields = {each["name"]: each["live"] for each in document["dropped"] if each["kind"] == "field"}
    assert fields == {"description": "Live about", "targetingLogic": "", "active": True, "data": "1 step"}
    again = from_text((project / "plan.json").read_text())
    assert (again.digest, [each.name for each in again.dropped]) == (
        digest(again),
        [each["name"] for each in document["dropped"]],
    )
    write_flows(project, {"flow_a": WHOLE.replace("About", "Live about").replace(f"targetingLogic: {PRO}\n", "")})
    other = plan(project, server, "--format", "json", "--out", "other.json").json
    assert [each["name"] for each in other["dropped"]] == ["targetingLogic"]
    assert meaning(from_text((project / "other.json").read_text())) == meaning(again)
    assert other["digest"] != document["digest"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE.replace("  - {user: {properties: {plan: none}}, sees: false}\n", ""), ['test removed: {"user"']),
        (WHOLE.replace("  - {name: pro users, user: {properties: {plan: pro}}, sees: true}\n", ""), ["pro users"]),
        (WHOLE.replace("plan: pro}}, sees: true", "plan: pro, age: 3}}, sees: true"), []),
        (WHOLE.replace("plan: none}}, sees: false", "plan: none}}, at: 2026-01-01T00:00:00Z, sees: false"), []),
        (WHOLE.replace("user: {properties: {plan: none}}, sees: false", "user: {guest: true}, sees: false"), []),
        (without("description", "active"), ["description: ", "active: "]),
        (without("protected"), ["protected removed"]),
    ],
)
def test_only_what_is_gone_is_told(project: Path, server: FakeFrigade, text: str, said: list[str]) -> None:
    write_flows(project, {"flow_a": text})
    dropped = plan(project, server, "--format", "json").json.get("dropped", [])
    shown = plan(project, server).out
    assert len(dropped) == len(said), dropped
    assert all(each in shown for each in said)


def test_a_field_that_the_api_does_not_return_stays_as_it_is(project: Path) -> None:
    write_flows(project, {"flow_a": without("description", "target:")})
    with fake_frigade(FakeConfig(hidden=UNOBSERVABLE), [row(1, "flow_a", status="DRAFT")]) as server:
        shown = plan(project, server).out
        assert "description: no longer managed; stays in the draft as it is; the API does not return it" in shown
        (field, _) = plan(project, server, "--format", "json").json["dropped"]
        assert ("live" in field, field["status"]) == (False, "DRAFT")


def test_a_criterion_that_is_removed_is_a_difference_with_what_it_means(project: Path, server: FakeFrigade) -> None:
    write_flows(project, {"flow_a": WHOLE.replace(', completionCriteria: "user.isGuest()"', "")})
    assert "completionCriteria is removed: the step no longer completes by itself" in plan(project, server).out
    markdown = plan(project, server, "--format", "markdown").out
    assert "completion rule of step `A` removed: `user.isGuest()` (the step no longer completes by itself)" in markdown


def test_a_removed_file_is_told_whether_its_flow_is_live_or_not(project: Path, server: FakeFrigade) -> None:
    write_flows(project, {"flow_never": "name: Never live\n"})
    git(project, "branch", "-f", "main", commit(project))
    for slug in ("flow_a", "flow_never"):
        (project / "flows" / f"{slug}.yaml").unlink()
    write_flows(project, {"flow_b": "name: Name\n"})
    server.rows.append(row(2, "flow_b", name="Name"))
    shown = plan(project, server).out
    assert "x flow_never  flows/flow_never.yaml is gone · not found" in shown
    assert "no longer managed; Frigade shows no flow with this slug" in shown
    assert "no longer managed; stays live as it is" in shown
    markdown = plan(project, server, "--format", "markdown").out
    assert "1 flow is no longer managed and stays as it is." in markdown
    assert "Frigade shows no flow with this slug" in markdown
    removed = plan(project, server, "--format", "json").json["removed"]
    assert [(each["slug"], each["id"]) for each in removed] == [("flow_a", 1), ("flow_never", None)]


def test_a_removed_file_is_looked_up_before_its_flow_counts_as_gone(project: Path) -> None:
    (project / "flows" / "flow_a.yaml").unlink()
    write_flows(project, {"flow_b": "name: Name\n"})
    rows = [row(1, "flow_a"), row(2, "flow_b", name="Name")]
    with fake_frigade(FakeConfig(unlisted=frozenset({"flow_a"})), rows) as server:
        assert [each["id"] for each in plan(project, server, "--format", "json").json["removed"]] == [1]


def test_without_a_base_a_plan_says_once_what_it_cannot_show(project: Path, server: FakeFrigade) -> None:
    env = environment(server.url)
    note = "what was removed since main (flows/flow_a.yaml). --base main shows it."
    assert "--base" not in flowsync("plan", root=project, env=env).both
    write_flows(project, {"flow_a": without("description").replace("plan: none", "plan: other")})
    for format_ in ("text", "markdown"):
        shown = flowsync("plan", "--format", format_, root=project, env=env)
        assert (note in shown.err, shown.both.count("--base")) == (True, 1), shown.both
    for quiet in (("--format", "json"), ("-q",), ("--base", "main")):
        assert note not in flowsync("plan", *quiet, root=project, env=env).both
    assert json.loads(flowsync("plan", "--format", "json", root=project, env=env).out)["base"] is None
    (project / ".git").rename(project / "elsewhere")
    assert "--base" not in flowsync("plan", root=project, env=env).both
