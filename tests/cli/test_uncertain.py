"""A failed write is never reported as surer than it is, and what the server said is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    DataFormat,
    Effect,
    FakeConfig,
    Fault,
    Row,
    fake_frigade,
    html,
    reply,
    row,
    success,
)

FILE = "name: New\ndata:\n  steps: []\n"


def record_of(root: Path) -> str:
    return next((root / ".flowsync" / "applies").glob("*.jsonl")).name


def each_failing(faults: Sequence[Fault], times: int = ALWAYS) -> tuple[list[Row], tuple[Fault, ...]]:
    """A flow for each fault, and the faults on their writes."""
    numbers = range(1, len(faults) + 1)
    rows = [row(number, f"flow_{number:02}") for number in numbers]
    return rows, tuple(fault.on("PUT", f"/v1/flows/{n}", times=times) for n, fault in zip(numbers, faults, strict=True))


APPLY = ("apply", "--allow-many", "--parallelism", "16")
DOUBTFUL = {408: True, 500: True, 502: True, 400: False, 422: False}


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_failed_line_has_method_status_and_the_server_s_words(tmp_path: Path, form: str) -> None:
    rows, faults = each_failing([reply(status, "No room\x1b[31m left") for status in DOUBTFUL])
    with served(tmp_path, {each["slug"]: FILE for each in rows}, rows, faults=faults) as (server, run):
        failed = run(*APPLY, "--format", form)
    assert failed.code == 5
    for number, status in enumerate(DOUBTFUL, start=1):
        assert f"PUT {server.url}/v1/flows/{number}: {status}" in failed.out.replace("`", "")
    assert failed.out.count("No room") >= len(DOUBTFUL)
    assert "\x1b" not in failed.out
    if form == "markdown":
        assert failed.out.count("to see whether the write arrived") == 3
    if form == "json":
        outcomes = failed.json["outcomes"]
        assert [each["uncertain"] for each in outcomes] == [*DOUBTFUL.values()]
        assert ["later" in json.dumps(each) for each in outcomes] == [*DOUBTFUL.values()]


OWN = [reply(status, "No") for status in (400, 404, 409, 422)]
STOPPING = [reply(status, "No") for status in (401, 403)]
NO_REFUSALS = [reply(status, "No") for status in (406, 408, 425, 444, 499, 500, 520)]
PAGES = [html(status) for status in (400, 404, 413)]
STOPPING_PAGES = [html(401), html(403), replace(reply(403), body=b"")]


@pytest.mark.parametrize("faults", [[*OWN, *NO_REFUSALS, *PAGES], *([each] for each in (*STOPPING, *STOPPING_PAGES))])
def test_only_the_api_s_own_refusal_is_certain(tmp_path: Path, faults: list[Fault]) -> None:
    """What a proxy answers may come after it passed the write on, and says nothing about its end."""
    rows, striking = each_failing(faults)
    with served(tmp_path, {each["slug"]: FILE for each in rows}, rows, faults=striking) as (server, run):
        failed = run(*APPLY, "--format", "json")
    assert failed.code == 5
    for number, (fault, outcome) in enumerate(zip(faults, failed.json["outcomes"], strict=True), start=1):
        assert outcome["outcome"] == "failed"
        assert f"PUT {server.url}/v1/flows/{number}: {fault.status}" in outcome["message"]
        is_own = fault in (*OWN, *STOPPING)
        assert outcome["uncertain"] is not is_own
        assert ("may take effect later" in outcome["message"]) is not is_own
        assert len(server.requests_to("PUT", f"/v1/flows/{number}")) == (3 if fault in NO_REFUSALS else 1)


def test_a_write_that_was_carried_out_all_the_same_is_found_applied(tmp_path: Path) -> None:
    faults = [replace(fault, effect=Effect.AFTER) for fault in (*NO_REFUSALS, *PAGES, *STOPPING_PAGES)]
    rows, striking = each_failing(faults, times=1)
    with served(tmp_path, {each["slug"]: FILE for each in rows}, rows, faults=striking) as (server, run):
        assert run(*APPLY).code == 0
        assert {each["name"] for each in server.rows} == {"New"}
        assert len(server.writes) == len(rows)


def test_every_reason_of_a_failure_is_kept(tmp_path: Path) -> None:
    """The refusal that came last, the failure before it that leaves a doubt, and why nothing could be read back."""
    write_flows(tmp_path, {"flow_a": FILE, "flow_b": FILE})
    faults = (
        reply(500, "Maybe").on("PUT", "*/1"),
        reply(422, "Never").on("PUT", "*/1"),
        reply(502, "Perhaps").on("PUT", "*/2"),
        reply(403, "Not for you").on("GET", "*/flow_b/versions", skip=2),
    )
    with fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a"), row(2, "flow_b")]) as server:
        env = environment(server.url)
        failed = flowsync("apply", "--format", "json", "--parallelism", "1", root=tmp_path, env=env)
    first, second = failed.json["outcomes"]
    assert (first["uncertain"], second["uncertain"]) == (True, True)
    assert "/v1/flows/1: 500" in first["message"]
    assert "Maybe" in first["message"]
    assert "Never" in first["message"]
    assert "Perhaps" in second["message"]
    assert f"GET {server.url}/v1/flows/flow_b/versions: 403" in second["message"]
    assert "Not for you" in second["message"]


def test_a_write_that_lands_after_it_was_read_back_is_rolled_back(tmp_path: Path) -> None:
    fault = reply(500, "Later").on("PUT", times=3)
    with served(tmp_path, {"flow_a": FILE}, [row(1, "flow_a", name="Old")], faults=(fault,)) as (server, run):
        failed = run("apply", "--format", "json")
        assert (failed.code, failed.json["outcomes"][0]["uncertain"]) == (5, True)
        text = (tmp_path / ".flowsync/applies" / record_of(tmp_path)).read_text()
        kept = [json.loads(line) for line in text.splitlines()]
        assert [line["uncertain"] for line in kept if line.get("event") == "outcome"] == [True]

        untouched = run("rollback", record_of(tmp_path))
        assert untouched.code == 0
        writes = len(server.writes)

        server.rows[0]["name"] = "New"  # the effect of the first attempt comes now
        server.rows[0]["data"] = json.dumps({"steps": []})
        back = run("rollback", record_of(tmp_path))
        assert back.code == 0, back.err
        assert len(server.writes) == writes + 1
        assert server.rows[0]["name"] == "Old"


@pytest.mark.parametrize("live", [{"name": None}, {"name": 7}, {"targetingLogic": 5}, {"data": None}, {"data": 5}])
def test_what_cannot_be_put_back_is_said_before_it_is_written(tmp_path: Path, live: Row) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\ntargetingLogic: user.isGuest()\ndata:\n  steps: []\n"})
    with fake_frigade(FakeConfig(data=DataFormat.STORED), [{**row(1, "flow_a", name="Old"), **live}]) as server:
        env = environment(server.url)
        planned = flowsync("plan", "--format", "json", root=tmp_path, env=env)
        assert "not-restorable" in [warning["code"] for warning in planned.json["changes"][0]["warnings"]]
        assert flowsync("apply", root=tmp_path, env=env).code == 0
        back = flowsync("rollback", record_of(tmp_path), root=tmp_path, env=env)
        assert back.code == 0, back.err


def test_data_that_came_as_an_object_is_put_back(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FILE})
    was = {"steps": [{"id": "a", "title": "Old"}]}
    with fake_frigade(FakeConfig(data=DataFormat.STORED), [{**row(1, "flow_a", name="Old"), "data": was}]) as server:
        env = environment(server.url)
        planned = flowsync("plan", "--format", "json", root=tmp_path, env=env)
        assert "not-restorable" not in [warning["code"] for warning in planned.json["changes"][0]["warnings"]]
        assert flowsync("apply", root=tmp_path, env=env).code == 0
        back = flowsync("rollback", record_of(tmp_path), root=tmp_path, env=env)
        assert back.code == 0, back.err
        assert (server.rows[0]["name"], json.loads(server.rows[0]["data"])) == ("Old", was)
        assert flowsync("rollback", record_of(tmp_path), root=tmp_path, env=env).code == 0


@pytest.mark.parametrize("status", ["DELETED", "SCHEDULED"])
def test_a_row_of_an_unknown_status_is_not_written(tmp_path: Path, status: str) -> None:
    with served(tmp_path, {"flow_a": "name: New\n"}, [row(1, "flow_a", status=status)]) as (server, run):
        refused = run("apply")
        assert server.writes == []
    assert refused.code == 4


ROWS = [row(1, "flow_a"), row(2, "flow_b")]
BEFORE_THE_DRAFT = success(json.dumps({"data": ROWS}).encode())
NO_VERSIONS = reply(404, "Not Found").on("GET", "*/versions", times=ALWAYS)
NO_LIST = reply(404, "Not Found").on("GET", "/v1/flows", times=ALWAYS)
PUBLISHED_ONLY = BEFORE_THE_DRAFT.on("GET", "/v1/public/flows", times=ALWAYS)


@pytest.mark.parametrize(
    ("faults", "code"),
    [((replace(NO_VERSIONS, times=3),), 4), ((NO_VERSIONS,), 4), ((NO_VERSIONS, NO_LIST, PUBLISHED_ONLY), 5)],
    ids=["not found at first", "no such path", "no private list any more"],
)
def test_a_draft_that_came_since_the_plan_is_noticed(tmp_path: Path, faults: tuple[Fault, ...], code: int) -> None:
    """The public list may hide drafts: it does not stand in for the private one that the plan was made from."""
    write_flows(tmp_path, {"flow_a": FILE, "flow_b": FILE})
    config = FakeConfig(faults=(BEFORE_THE_DRAFT.on("GET", "/v1/flows"), *faults))
    with fake_frigade(config, [*ROWS, row(3, "flow_b", version=2, status="DRAFT")]) as server:
        applied = flowsync("apply", "--parallelism", "1", root=tmp_path, env=environment(server.url))
        assert applied.code == code, applied.err
        assert not server.requests_to("PUT", "/v1/flows/2")
