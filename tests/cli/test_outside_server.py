"""Plan and apply against a server made from the API reference alone, whatever it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    UNOBSERVABLE,
    DataFormat,
    Endpoints,
    FakeConfig,
    Offset,
    Row,
    fake_frigade,
    row,
)

COMMENTED = """\
name: Welcome
description: First-run welcome
active: true
targetingLogic: user.property('plan') == 'pro'
data:
  # shown once
  steps:
    - id: first
      title: Hello again
"""


@dataclass(frozen=True)
class Openness:
    """What the reference leaves open, decided one way."""

    endpoints: Endpoints
    data: DataFormat
    hidden: frozenset[str]
    offset: Offset

    @property
    def config(self) -> FakeConfig:
        return FakeConfig(endpoints=self.endpoints, data=self.data, hidden=self.hidden, offset=self.offset)

    def __str__(self) -> str:
        return f"{self.endpoints.value}-{self.data.value}-{len(self.hidden)}hidden-{self.offset.value}"


EVERY_WAY = [
    Openness(*each)
    for each in product(Endpoints, (DataFormat.JSON, DataFormat.YAML), (frozenset[str](), UNOBSERVABLE), Offset)
]


def account() -> list[Row]:
    return [
        row(11, "flow_welcome", version=1, status="ARCHIVED"),
        row(12, "flow_welcome", version=2, data={"steps": [{"id": "first", "title": "Hello"}]}),
        row(21, "flow_tips", name="Tips", data={"steps": []}),
        *(row(1000 + number, f"other_{number:03}") for number in range(130)),
    ]


@pytest.mark.parametrize("openness", EVERY_WAY, ids=str)
def test_plan_only_reads_apply_writes_what_was_planned_and_the_next_plan_is_empty(
    tmp_path: Path, openness: Openness
) -> None:
    write_flows(tmp_path, {"flow_welcome": COMMENTED, "flow_tips": "name: Tips\ndata: {steps: []}\n"})
    with fake_frigade(openness.config, account()) as server:
        env = environment(server.url)
        planned = flowsync("plan", "--format", "json", "--detailed-exitcode", root=tmp_path, env=env)
        assert planned.code == 2
        assert {seen.method for seen in server.requests} == {"GET"}
        (change,) = planned.json["changes"]
        assert (change["slug"], change["id"], change["version"], change["live"]) == ("flow_welcome", 12, 2, True)
        assert planned.json["summary"]["unchanged"] == 1

        applied = flowsync("apply", root=tmp_path, env=env)
        assert applied.code == 0, applied.both
        (write,) = server.writes
        assert (write.method, write.path) == ("PUT", "/v1/flows/12")
        assert write.json == change["body"]
        assert "# shown once" in write.json["data"]
        expected = {"name", "targetingLogic", "data", "description"} | (openness.hidden & {"active"})
        assert set(write.json) == expected
        assert all(isinstance(value, bool if name == "active" else str) for name, value in write.json.items())

        again = flowsync("plan", "--format", "json", "--detailed-exitcode", root=tmp_path, env=env)
        assert (again.code, again.json["changes"]) == (0, [])
        assert len(server.writes) == 1


def test_a_field_that_is_not_stated_is_neither_compared_nor_sent(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_tips": "name: Better tips\n"}, account()) as (server, run):
        assert run("apply").code == 0
        assert server.writes[0].json == {"name": "Better tips"}


def test_more_flows_than_one_page_are_found_whether_offset_counts_or_not(tmp_path: Path) -> None:
    write_flows(tmp_path, {f"other_{number:03}": f"name: New {number}\n" for number in range(0, 130, 10)})
    for offset in Offset:
        with fake_frigade(FakeConfig(endpoints=Endpoints.DOCUMENTED, offset=offset), account()) as server:
            planned = flowsync("plan", "--format", "json", root=tmp_path, env=environment(server.url))
            assert [change["id"] for change in planned.json["changes"]] == [1000 + n for n in range(0, 130, 10)]


def test_a_public_key_plans_but_cannot_apply(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_tips": "name: Better tips\n"})
    with fake_frigade(rows=account()) as server:
        env = environment(server.url, key=None, public_key=PUBLIC_KEY)
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=env).code == 2
        refused = flowsync("apply", root=tmp_path, env=env)
        assert refused.code == 1
        assert "FRIGADE_API_KEY" in refused.err
        wrong_place = flowsync("apply", root=tmp_path, env=environment(server.url, key=PUBLIC_KEY))
        assert wrong_place.code == 1
        assert "public" in wrong_place.err
        assert server.writes == []
        assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {PUBLIC_KEY}"}


def test_a_draft_is_written_where_it_is_the_latest_and_the_active_row_on_demand(tmp_path: Path) -> None:
    rows = [row(31, "flow_a", version=3), row(32, "flow_a", version=4, status="DRAFT")]
    with served(tmp_path, {"flow_a": "name: New\n"}, rows) as (server, run):
        planned = run("plan", "--format", "json")
        (change,) = planned.json["changes"]
        assert (change["id"], change["live"]) == (32, False)
        assert "draft-unseen" in {warning["code"] for warning in change["warnings"]}
        write_flows(tmp_path, {"flow_a": "name: New\ntarget: active\n"})
        assert run("apply").code == 0
        assert [seen.path for seen in server.writes] == ["/v1/flows/31"]


@pytest.mark.parametrize("target", ["latest", "draft"])
def test_a_draft_that_the_list_hides_is_planned_and_written_as_if_it_were_shown(tmp_path: Path, target: str) -> None:
    data = "steps: []\n"
    rows = [row(1, "flow_a", data=data), row(2, "flow_a", version=2, status="DRAFT", name="Draft", data=data)]
    same = [row(3, "flow_b", name="Same"), row(4, "flow_b", version=2, status="DRAFT", name="Same too")]
    file = f"name: New\ntarget: {target}\n"
    files = {"flow_a": file, "flow_b": "name: Same\ntarget: active\n"}
    shown = []
    for hidden in (frozenset[str](), frozenset({"DRAFT"})):
        root = tmp_path / f"{len(hidden)}"
        root.mkdir()
        with served(root, files, [*rows, *same], unlisted_statuses=hidden) as (server, run):
            planned = run("plan", "--format", "json", "--out", "plan.json").json
            (change,) = planned["changes"]
            assert (change["action"], change["id"], change["status"]) == ("update", 2, "DRAFT")
            asked = [seen.path for seen in server.requests]
            assert asked == ["/v1/flows", *["/v1/flows/flow_a/versions"] * len(hidden)]
            assert run("apply", "plan.json").code == 0
            assert [(seen.method, seen.path) for seen in server.writes] == [("PUT", "/v1/flows/2")]
            assert run("plan", "--detailed-exitcode").code == 0
            assert "differs" not in run("status").out
            assert run("rollback", "latest").code == 0
            assert server.rows[1]["name"] == "Draft"
            shown.append([{**each, "warnings": None} for each in planned["changes"]])
    assert shown[0] == shown[1]


@pytest.mark.parametrize(("hidden", "asked"), [(frozenset[str](), 40), (frozenset({"DRAFT"}), 60)])
def test_of_many_flows_the_others_are_asked_about_where_the_list_hides_something(
    tmp_path: Path, hidden: frozenset[str], asked: int
) -> None:
    slugs = [f"flow_{number:02}" for number in range(60)]
    rows = [row(number, slug) for number, slug in enumerate(slugs, start=1)]
    drafts = [row(101, "flow_00", version=2, status="DRAFT")] if hidden else []
    files = dict.fromkeys(slugs, "name: New\n")
    with served(tmp_path, files, [*rows, *drafts], unlisted_statuses=hidden) as (server, run):
        assert run("plan").code == 0
        assert sum(seen.path.endswith("/versions") for seen in server.requests) == asked


def test_blocked_flows_are_shown_by_plan_and_refused_by_apply_unless_skipped(tmp_path: Path) -> None:
    rows = [row(1, "flow_old", status="ARCHIVED"), row(2, "flow_tips")]
    write_flows(tmp_path, {"flow_old": "name: x\n", "flow_new": "name: y\n", "flow_tips": "name: z\n"})
    with fake_frigade(rows=rows) as server:
        env = environment(server.url)
        planned = flowsync("plan", "--format", "json", "--detailed-exitcode", root=tmp_path, env=env)
        assert planned.code == 1
        assert [(each["slug"], each["code"]) for each in planned.json["blocked"]] == [
            ("flow_new", "incomplete"),
            ("flow_old", "only-archived"),
        ]
        refused = flowsync("apply", root=tmp_path, env=env)
        assert (refused.code, server.writes) == (4, [])
        assert flowsync("apply", "--skip-blocked", root=tmp_path, env=env).code == 0
        assert [seen.path for seen in server.writes] == ["/v1/flows/2"]


def test_slugs_and_globs_narrow_a_plan_and_others_do_not_become_unmanaged(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_tips": "name: z\n", "flow_welcome": "name: y\n"}, account()) as (_, run):
        planned = run("plan", "flow_t*", "--format", "json").json
        assert [change["slug"] for change in planned["changes"]] == ["flow_tips"]
        assert planned["unmanaged"] == []
        unknown = run("plan", "flow_tip")
        assert unknown.code == 64
        assert "Did you mean flow_tips?" in unknown.err


def test_the_environment_of_the_configuration_picks_server_and_key(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_tips": "name: z\n"})
    with fake_frigade(rows=account()) as server:
        (tmp_path / "flowsync.yaml").write_text(
            f"environments:\n  staging:\n    api_url: {server.url}\n    api_key_variable: STAGING_KEY\n"
        )
        env = {"STAGING_KEY": PRIVATE_KEY}
        planned = flowsync("-e", "staging", "plan", "--format", "json", root=tmp_path, env=env).json
        assert (planned["environment"], planned["api_url"]) == ("staging", server.url)
        assert flowsync("plan", "-e", "staging", "--detailed-exitcode", root=tmp_path, env=env).code == 2
    assert flowsync("plan", "-e", "stagin", root=tmp_path).code == 1


def test_a_configuration_elsewhere_brings_its_flows_along(tmp_path: Path) -> None:
    write_flows(tmp_path / "app", {"flow_tips": "name: z\nfoo: 1\n"})
    (tmp_path / "app" / "flowsync.yaml").write_text("parallelism: 2\n")
    problems = flowsync("--config", "app/flowsync.yaml", "validate", "--format", "json", root=tmp_path)
    assert problems.json["problems"][0]["file"] == "app/flows/flow_tips.yaml"
    missing = flowsync("--config", "nowhere.yaml", "validate", root=tmp_path)
    assert missing.code == 1
    assert "nowhere.yaml" in missing.err
