"""What goes wrong outside: one clear line each, no traceback, no key, nothing half-told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    Effect,
    Fault,
    Row,
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
@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_a_failed_read_is_one_error_and_never_an_empty_account(tmp_path: Path, failure: Failure, command: str) -> None:
    with served(tmp_path, {"flow_a": "name: New\n"}, [row(1, "flow_a")], faults=(failure.fault,)) as (server, run):
        failed = run(command)
        assert server.writes == []
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith("error[api")
    assert failure.said in failed.err


def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    faults = (server_error().on("GET"), reset().on("GET", skip=1), truncated().on("GET", skip=2))
    with served(tmp_path, {"flow_a": "name: New\n"}, [row(1, "flow_a")], faults=faults) as (_, run):
        assert run("plan", "--detailed-exitcode").code == 2


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
    ("fault", "writes"),
    [
        *((fault, 1) for fault in (server_error(Effect.AFTER), reset(Effect.AFTER), truncated(Effect.AFTER))),
        *((fault, 2) for fault in (server_error(), reset())),
    ],
)
def test_a_failed_write_is_applied_and_sent_again_only_where_it_did_not_land(
    tmp_path: Path, fault: Fault, writes: int
) -> None:
    with served(tmp_path, {"flow_a": "name: New\n"}, [row(1, "flow_a")], faults=(fault.on("PUT"),)) as (server, run):
        applied = run("apply")
        assert (applied.code, len(server.writes), server.row(1)["name"]) == (0, writes, "New")


def test_when_some_writes_fail_the_ledger_tells_each_and_the_exit_code_is_5(tmp_path: Path) -> None:
    rows = [row(number, f"flow_{name}") for number, name in enumerate("abc", start=1)]
    fault = reply(400, ["name must be shorter"]).on("PUT", "/v1/flows/2", times=ALWAYS)
    with served(tmp_path, {f"flow_{name}": "name: New\n" for name in "abc"}, rows, faults=(fault,)) as (_, run):
        applied = run("apply", "--format", "json")
    assert applied.code == 5
    assert [(each["slug"], each["outcome"]) for each in applied.json["outcomes"]] == [
        ("flow_a", "applied"),
        ("flow_b", "failed"),
        ("flow_c", "applied"),
    ]
    assert "name must be shorter" in applied.json["outcomes"][1]["message"]


SLUGS = [f"flow_{number:02}" for number in range(30)]
MANY = dict.fromkeys(SLUGS, "name: New\n")


@pytest.mark.parametrize(
    ("fault", "method", "path", "said"),
    [
        (reply(403), "PUT", "*", "not attempted"),
        *(
            (fault, method, path, "600 more seconds")
            for fault in (rate_limited("600"), unavailable("600"))
            for method, path in (("GET", "*/versions"), ("PUT", "*"))
        ),
    ],
)
def test_a_failure_that_every_flow_would_meet_ends_the_run(
    tmp_path: Path, fault: Fault, method: str, path: str, said: str
) -> None:
    """A key that may not write, and a server that asks for more patience than there is."""
    rows = [row(number, slug) for number, slug in enumerate(SLUGS, start=1)]
    planned = len(SLUGS) if method == "GET" else 0  # each is asked for once before the plan is shown
    faults = (fault.on(method, path, times=ALWAYS, skip=planned),)
    with served(tmp_path, MANY, rows, faults=faults) as (server, run):
        applied = run("apply", "--parallelism", "2", "--allow-many")
        assert applied.code == 5
        assert len(server.requests_to(method, path)) <= planned + 4
    assert said in applied.out
    assert "not attempted" in applied.out


BRIEF = {"id": 1, "slug": "flow_a", "version": 1, "status": "ACTIVE"}
OLD = row(1, "flow_a", name="Old", description="Old")
EDITED = row(1, "flow_a", name="Old", description="Edited in the dashboard")


@pytest.mark.parametrize(
    ("live", "versions", "said"),
    [
        (OLD, [row(1, "flow_a", name="Edited in the dashboard")], "refused"),
        (
            OLD,
            [{**BRIEF, "id": 2, "version": 2, "status": "DRAFT"}, BRIEF],
            "Version 2 (DRAFT) is the one to write now.",
        ),
        (EDITED, [{name: value for name, value in EDITED.items() if name != "description"}], "description"),
    ],
    ids=["an edit", "a newer version listed without its data", "an edit of a field that versions leave out"],
)
def test_what_was_changed_between_plan_and_write_is_refused_and_kept(
    tmp_path: Path, live: Row, versions: list[Row], said: str
) -> None:
    """The list, which comes first, shows the flow as it was."""
    faults = (
        success(json.dumps({"data": [OLD]}).encode()).on("GET", "/v1/flows"),
        success(json.dumps(versions).encode()).on("GET", "*/versions", times=ALWAYS),
    )
    with served(tmp_path, {"flow_a": "name: New\ndescription: New\n"}, [live], faults=faults) as (server, run):
        refused = run("apply")
        assert (refused.code, server.writes) == (4, [])
    assert said in refused.out
