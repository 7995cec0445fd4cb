"""New flows and drafts from the command line, against the emulator over HTTP: planned, applied, and then in step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import commit, write_flows
from tests.support.emulated import OLD, Status, emulated, version

STEPS = OLD.replace("\n", "\n  ").rstrip()
COMPLETE = f"name: A flow\ntype: ANNOUNCEMENT\ndescription: What for\ndata:\n  {STEPS}\n"
LIVE = f"name: A flow\ndata:\n  {STEPS}\n"


def test_new_flows_and_drafts_are_planned_applied_and_then_in_step(tmp_path: Path) -> None:
    second = f"{COMPLETE}active: true\ntargetingLogic: user.flow('flow_first') == 'COMPLETED_FLOW'\n"
    files = {"flow_first": COMPLETE, "flow_second": second, "flow_live": f"target: draft\n{LIVE.replace('Old', 'New')}"}
    rows = [version("flow_live", 1, Status.ACTIVE), version("flow_other", 1, Status.ACTIVE)]
    with emulated(tmp_path, rows, flows={**files, "flow_other": LIVE}) as account:
        planned = account.run("plan", "--out", "plan.json")
        assert planned.code == 0, planned.both
        assert "Plan: 2 to create, 1 to draft, 0 to update" in planned.out
        assert "+ flow_first  flows/flow_first.yaml · new flow · created switched off" in planned.out
        assert "+ flow_second  flows/flow_second.yaml · new flow · created switched on, seen at once" in planned.out
        assert "1 new draft: nobody sees it until it is published." in planned.out
        assert account.writes == []
        shown = account.run("plan", "flow_live").out
        assert "Next: flowsync apply flow_live" in shown
        assert "Then: flowsync publish flow_live" in shown

        done = account.run("apply", "plan.json")
        assert done.code == 0, done.both
        assert "created, switched off: name, type, description, active, data" in done.out
        assert "draft created, version 2: data" in done.out
        assert account.row("flow_first", 1).description == "What for"
        assert [account.row(slug, 1).active for slug in ("flow_first", "flow_second")] == [False, True]
        assert ("flow_live", 2, "DRAFT") in account.versions
        assert account.run("plan", "--detailed-exitcode").code == 0

        again = account.run("apply", "plan.json")
        assert again.code == 4
        assert "flow_first: It was not live when it was planned" in again.err
        assert "flow_live: Version 2" in again.err


@pytest.mark.parametrize("slugs", [(), ("flow_welcome",)])
def test_what_looks_like_a_slip_is_created_only_where_that_is_allowed(tmp_path: Path, slugs: tuple[str, ...]) -> None:
    rows = [version("flow_welcom", 1, Status.ACTIVE)]
    with emulated(tmp_path, rows, flows={"flow_welcome": COMPLETE}) as account:
        blocked = account.run("plan", *slugs)
        assert blocked.code == 1
        assert 'Did you mean "flow_welcom"?' in blocked.out
        assert account.run("apply", *slugs).code == 4
        allowed = account.run("plan", *slugs, "--allow-create")
        assert f"Next: {' '.join(['flowsync', 'apply', *slugs, '--allow-create'])}" in allowed.out
        assert account.run("apply", *slugs, "--allow-create").code == 0
        assert ("flow_welcome", 1, "ACTIVE") in account.versions or ("flow_welcome", 1, "DRAFT") in account.versions


def test_flowsync_yaml_may_refuse_new_flows(tmp_path: Path) -> None:
    with emulated(tmp_path, [], flows={"flow_welcome": COMPLETE}) as account:
        (tmp_path / "flowsync.yaml").write_text("guards: {create: refuse}\n")
        assert "--allow-create allows it." in account.run("plan").out
        assert (account.run("apply").code, account.writes) == (4, [])
        assert account.run("apply", "--allow-create").code == 0


@pytest.mark.parametrize("slugs", [(), ("flow_z",)])
def test_a_renamed_file_is_told_as_such_and_a_new_flow_only_where_that_is_allowed(
    tmp_path: Path, slugs: tuple[str, ...]
) -> None:
    with emulated(tmp_path, [version("flow_live", 1, Status.ACTIVE)], flows={"flow_live": COMPLETE}) as account:
        commit(tmp_path)
        (tmp_path / "flows" / "flow_live.yaml").rename(tmp_path / "flows" / "flow_z.yaml")
        blocked = json.loads(account.run("plan", *slugs, "--base", "HEAD", "--format", "json").out)["blocked"]
        assert [(each["slug"], each["code"]) for each in blocked] == [("flow_z", "renamed")]
        allowed = account.run("plan", *slugs, "--base", "HEAD", "--allow-create", "--format", "json")
        (create,) = json.loads(allowed.out)["changes"]
        assert [each["code"] for each in create["warnings"]] == ["renamed", "description-later"]


def test_a_new_user_finds_nothing_created_that_is_not_in_a_file_of_theirs(tmp_path: Path) -> None:
    with emulated(tmp_path, [version("flow_live", 1, Status.ACTIVE)]) as account:
        for command in (["init", "--yes"], ["pull", "--new"], ["plan"], ["apply"]):
            done = account.run(*command)
            assert done.code == 0, done.both
        assert (account.writes, account.versions) == ([], [("flow_live", 1, "ACTIVE")])
        assert account.run("new", "flow_next", "--type", "CARD").code == 0
        assert account.run("apply").code == 0
        assert [slug for slug, _, _ in account.versions] == ["flow_live", "flow_next"]
        assert account.row("flow_next", 1).active is False
        assert account.run("plan", "--detailed-exitcode").code == 0


def test_what_refers_to_a_flow_that_the_plan_creates_is_written(tmp_path: Path) -> None:
    with emulated(tmp_path, [version("flow_live", 1, Status.ACTIVE)], flows={"flow_live": LIVE}) as account:
        waits = f"{LIVE}targetingLogic: user.flow('flow_new') == 'COMPLETED_FLOW'\n"
        write_flows(tmp_path, {"flow_live": waits, "flow_new": COMPLETE})
        assert account.run("apply").code == 0
        assert account.writes[0].method == "POST"
        assert account.run("plan", "--detailed-exitcode").code == 0
