"""Drafts that the list of flows hides, and that only …/versions shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.command import served, write_flows
from tests.support.fake_frigade import ALWAYS, row, success

if TYPE_CHECKING:
    from pathlib import Path


def text(title: str) -> str:
    return f"target: draft\ndata:\n  steps:\n    - id: first\n      title: {title}\n"


def test_a_draft_that_the_list_hides_is_found_and_not_made_again(tmp_path: Path) -> None:
    hidden = frozenset({"DRAFT"})
    with served(tmp_path, {"flow_a": text("Later")}, [row(1, "flow_a")], unlisted_statuses=hidden) as (server, run):
        assert "draft created" in run("apply").out
        assert run("plan", "--format", "json").json["changes"] == []
        assert "in step" in run("status").out
        write_flows(tmp_path, {"flow_a": text("Even later")})
        planned = run("plan", "--format", "json", "--out", "plan.json").json["changes"]
        assert [(each["action"], each["id"], each["version"]) for each in planned] == [("update", 2, 2)]
        assert run("apply", "plan.json").code == 0
        assert run("rollback", "latest").code == 0
        assert "title: Later" in server.row(2)["data"]
        assert len(server.requests_to("POST")) == 1


def test_a_draft_that_cannot_be_planned_is_said_with_a_way_out(tmp_path: Path) -> None:
    """Its versions show the draft without its data: what a write would replace is not known."""
    brief = {"id": 2, "slug": "flow_a", "version": 2, "status": "DRAFT"}
    faults = (success(json.dumps([brief, row(1, "flow_a")]).encode()).on("GET", "*/versions", times=ALWAYS),)
    newest = text("Later").partition("\n")[2]
    with served(tmp_path, {"flow_a": newest}, [row(1, "flow_a")], faults=faults) as (server, run):
        refused = run("apply")
        assert (refused.code, server.writes) == (4, [])
        assert "the list of flows hides drafts: set target: draft in its file" in refused.out


def test_a_create_over_a_deleted_flow_is_left_to_the_server(tmp_path: Path) -> None:
    """A deleted version counts as gone: nothing is written to it, and the server says whether its slug is free."""
    new = f"name: A\n{text('Later')}"
    with served(tmp_path, {"flow_a": new}, [row(1, "flow_a", status="DELETED", name="Gone")]) as (server, run):
        refused = run("apply")
        assert (refused.code, [seen.method for seen in server.writes]) == (4, ["POST"])
        assert server.rows[0]["name"] == "Gone"
    assert "Only a deleted flow with this slug is shown" in " ".join(refused.out.split())


def test_a_saved_create_whose_slug_is_only_archived_now_says_so(tmp_path: Path) -> None:
    new = f"name: A\n{text('Later')}"
    with served(tmp_path, {"flow_a": new}, []) as (server, run):
        assert run("plan", "--out", "plan.json").code == 0
        server.rows.append(row(1, "flow_a", status="ARCHIVED"))
        refused = run("apply", "plan.json")
        assert (refused.code, server.writes) == (4, [])
        assert "there are archived versions with this slug now, and no other" in " ".join(refused.err.split())
