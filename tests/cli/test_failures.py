"""What goes wrong outside: one clear line each, no traceback, no key, nothing half-told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    Effect,
    FakeConfig,
    Fault,
    fake_frigade,
    html,
    key_echo,
    rate_limited,
    redirect,
    reply,
    reset,
    row,
    server_error,
    success,
    truncated,
    unavailable,
)


@dataclass(frozen=True)
class Failure:
    name: str
    fault: Fault
    said: str

    def __str__(self) -> str:
        return self.name


READING = [
    Failure("wrong key", reply(403, "Forbidden resource").on(times=ALWAYS), "FRIGADE_API_KEY"),
    Failure("a proxy's page", html(403).on(times=ALWAYS), "user_agent"),
    Failure("another organization", reply(401).on(times=ALWAYS), "401"),
    Failure("a monthly cap", rate_limited().on(times=ALWAYS), "429"),
    Failure("HTML for JSON", success(b"<html>login</html>", "text/html").on(times=ALWAYS), "HTML"),
    Failure("wrong JSON", success(b'{"flows": []}').on(times=ALWAYS), "no list of flows"),
    Failure("a redirect elsewhere", redirect("https://evil.example/x").on(times=ALWAYS), "evil.example"),
    Failure("the key echoed", key_echo(PRIVATE_KEY).on(times=ALWAYS), "400"),
]


@pytest.mark.parametrize("failure", READING, ids=str)
@pytest.mark.parametrize("command", ["plan", "apply", "list"])
def test_a_failed_read_is_one_error_and_never_an_empty_account(tmp_path: Path, failure: Failure, command: str) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(failure.fault,)), [row(1, "flow_a")]) as server:
        failed = flowsync(command, root=tmp_path, env=environment(server.url))
        assert server.writes == []
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith("error[api")
    assert failure.said in failed.err


def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    faults = (server_error().on("GET"), reset().on("GET", skip=1), truncated().on("GET", skip=2))
    with fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a")]) as server:
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=environment(server.url)).code == 2


def test_nothing_listens(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade() as server:
        url = server.url
    failed = flowsync("plan", root=tmp_path, env=environment(url))
    assert failed.code == 1
    assert url in failed.err


def test_no_key(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    for command in ("plan", "apply"):
        failed = flowsync(command, root=tmp_path)
        assert failed.code == 1
        assert "FRIGADE_API_KEY" in failed.err
        assert "--sandbox" in failed.err


@pytest.mark.parametrize(
    "fault",
    [server_error(Effect.AFTER), reset(Effect.AFTER), truncated(Effect.AFTER)],
    ids=["500", "reset", "truncated"],
)
def test_a_write_that_landed_though_it_failed_is_told_as_applied(tmp_path: Path, fault: Fault) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(fault.on("PUT"),)), [row(1, "flow_a")]) as server:
        applied = flowsync("apply", root=tmp_path, env=environment(server.url))
        assert (applied.code, len(server.writes), server.row(1)["name"]) == (0, 1, "New")


@pytest.mark.parametrize("fault", [server_error(), reset()], ids=["500", "reset"])
def test_a_write_that_did_not_land_is_sent_again(tmp_path: Path, fault: Fault) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(fault.on("PUT"),)), [row(1, "flow_a")]) as server:
        applied = flowsync("apply", root=tmp_path, env=environment(server.url))
        assert (applied.code, len(server.writes), server.row(1)["name"]) == (0, 2, "New")


def test_when_some_writes_fail_the_ledger_tells_each_and_the_exit_code_is_5(tmp_path: Path) -> None:
    write_flows(tmp_path, {f"flow_{name}": "name: New\n" for name in "abc"})
    rows = [row(number, f"flow_{name}") for number, name in enumerate("abc", start=1)]
    fault = reply(400, ["name must be shorter"]).on("PUT", "/v1/flows/2", times=ALWAYS)
    with fake_frigade(FakeConfig(faults=(fault,)), rows) as server:
        applied = flowsync("apply", "--format", "json", root=tmp_path, env=environment(server.url))
    assert applied.code == 5
    assert [(each["slug"], each["outcome"]) for each in applied.json["outcomes"]] == [
        ("flow_a", "applied"),
        ("flow_b", "failed"),
        ("flow_c", "applied"),
    ]
    assert "name must be shorter" in applied.json["outcomes"][1]["message"]


def test_a_key_that_may_not_write_stops_the_run(tmp_path: Path) -> None:
    write_flows(tmp_path, {f"flow_{number:02}": "name: New\n" for number in range(30)})
    rows = [row(number + 1, f"flow_{number:02}") for number in range(30)]
    with fake_frigade(FakeConfig(faults=(reply(403).on("PUT", times=ALWAYS),)), rows) as server:
        applied = flowsync("apply", "--parallelism", "2", "--allow-many", root=tmp_path, env=environment(server.url))
        assert applied.code == 5
        assert len(server.writes) <= 4
    assert "not attempted" in applied.out


@pytest.mark.parametrize("fault", [rate_limited("600"), unavailable("600")], ids=["429", "503"])
@pytest.mark.parametrize(("method", "path"), [("GET", "*/versions"), ("PUT", "*")])
def test_a_server_that_asks_for_more_patience_than_there_is_ends_the_run(
    tmp_path: Path, fault: Fault, method: str, path: str
) -> None:
    write_flows(tmp_path, {f"flow_{number:02}": "name: New\n" for number in range(30)})
    rows = [row(number + 1, f"flow_{number:02}") for number in range(30)]
    with fake_frigade(FakeConfig(faults=(fault.on(method, path, times=ALWAYS),)), rows) as server:
        applied = flowsync("apply", "--parallelism", "2", "--allow-many", root=tmp_path, env=environment(server.url))
        assert applied.code == 5
        assert len(server.requests_to(method, path)) <= 4
    assert "600 more seconds" in applied.out
    assert "not attempted" in applied.out


def test_an_edit_between_plan_and_write_is_refused_and_kept(tmp_path: Path) -> None:
    """The fresh read shows another name than the list did: somebody was faster."""
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    edited = json.dumps([row(1, "flow_a", name="Edited in the dashboard")]).encode()
    faults = (success(edited).on("GET", "*/versions", times=ALWAYS),)
    with fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a", name="Old")]) as server:
        refused = flowsync("apply", root=tmp_path, env=environment(server.url))
        assert (refused.code, server.writes) == (4, [])
    assert "refused" in refused.out


def test_a_newer_version_is_noticed_where_versions_are_listed_without_their_data(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    kept = {"id": 1, "slug": "flow_a", "version": 1, "status": "ACTIVE"}
    summaries = json.dumps([{**kept, "id": 2, "version": 2, "status": "DRAFT"}, kept]).encode()
    faults = (success(summaries).on("GET", "*/versions", times=ALWAYS),)
    with fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a", name="Old")]) as server:
        refused = flowsync("apply", root=tmp_path, env=environment(server.url))
        assert (refused.code, server.writes) == (4, [])
    assert "Version 2 (DRAFT) is the one to write now." in refused.out


def test_an_edit_of_a_field_that_versions_leave_out_is_refused_and_kept(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "description: New\n"})
    edited = row(1, "flow_a", description="Edited in the dashboard")
    listed = json.dumps({"data": [{**edited, "description": "Old"}]})
    versions = json.dumps([{name: value for name, value in edited.items() if name != "description"}])
    faults = (
        success(listed.encode()).on("GET", "/v1/flows"),
        success(versions.encode()).on("GET", "*/versions", times=ALWAYS),
    )
    with fake_frigade(FakeConfig(faults=faults), [edited]) as server:
        refused = flowsync("apply", root=tmp_path, env=environment(server.url))
        assert (refused.code, server.writes) == (4, [])
    assert "description" in refused.out
