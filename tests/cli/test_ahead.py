"""The list is asked for while the files are read: nobody waits for it who does not need it."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from flowsync.api.client import Client
from flowsync.api.endpoints import Access, list_flows
from flowsync.api.rows import Organizations
from flowsync.cli.connection import Connection
from flowsync.cli.project import Project
from flowsync.config import Settings
from flowsync.errors import TransportError
from flowsync.model import JsonValue
from tests.support.command import environment, flowsync, process, served, start, write_flows
from tests.support.fake_frigade import ALWAYS, FakeConfig, FakeFrigade, fake_frigade, hang, reply, row

WRONG = {"flow_a": "nmae: New\n"}
RIGHT = {"flow_a": "name: New\n"}
PROJECT = Project(Path(), Path(), Settings())
COMMANDS = [("plan",), ("apply", "--yes")]


def seen_within(server: FakeFrigade, seconds: float) -> bool:
    """Whether a request came."""
    deadline = time.monotonic() + seconds
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(server.requests)


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_files_are_told_at_once_whatever_the_server_does(tmp_path: Path, command: tuple[str, ...]) -> None:
    write_flows(tmp_path, WRONG)
    started = time.monotonic()
    with fake_frigade(FakeConfig(faults=(hang().on(times=ALWAYS),)), [row(1, "flow_a")]) as server:
        failed = process(*command, root=tmp_path, env=environment(server.url))
        assert server.writes == []
    assert time.monotonic() - started < 15, "it waited for the answer"
    assert failed.code == 3
    assert "api" not in failed.both
    assert server.url not in failed.both


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_files_come_before_a_server_that_is_not_there_and_a_key_that_is_not(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    write_flows(tmp_path, WRONG)
    told = flowsync(*command, root=tmp_path)
    assert told.code == 3
    assert flowsync(*command, root=tmp_path, env=environment("http://127.0.0.1:1")) == told
    assert flowsync(*command, root=tmp_path, env=environment("http://127.0.0.1:1", key=None)) == told


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_asked_ahead_is_the_list_and_nothing_else(tmp_path: Path, command: tuple[str, ...]) -> None:
    with served(tmp_path, WRONG, [row(1, "flow_a")]) as (server, run):
        assert run(*command).code == 3
        seen_within(server, 0.5)
        assert {(seen.method, seen.path) for seen in server.requests} <= {("GET", "/v1/flows")}


@pytest.mark.parametrize("command", ["validate", "test", "fmt", "graph"])
def test_an_offline_command_never_asks(tmp_path: Path, command: str) -> None:
    with served(tmp_path, RIGHT, [row(1, "flow_a")]) as (server, run):
        run(command)
        assert not seen_within(server, 0.1)


@pytest.mark.parametrize("arguments", [("plan", "--base"), ("plan", "flow_b"), ("-e", "nowhere", "plan")])
def test_a_command_line_that_cannot_be_is_told_as_ever(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with served(tmp_path, RIGHT, [row(1, "flow_a")], faults=(reply(401).on(times=ALWAYS),)) as (_, run):
        told = run(*arguments)
    assert told.code in {1, 64}
    assert "401" not in told.both


def test_each_page_is_asked_for_once(tmp_path: Path) -> None:
    slugs = [f"flow_{number:03}" for number in range(250)]
    rows = [row(number, slug) for number, slug in enumerate(slugs, start=1)]
    with served(tmp_path, dict.fromkeys(slugs, "name: New\n"), rows) as (server, run):
        planned = run("plan", "--format", "json")
        offsets = [seen.query["offset"] for seen in server.requests_to("GET", "/v1/flows")]
    assert planned.json["summary"]["update"] == 250
    assert sorted(offsets, key=int)[:3] == ["0", "100", "200"]
    assert len(set(offsets)) == len(offsets)


def test_one_thread_is_enough(tmp_path: Path) -> None:
    slugs = [f"flow_{number:03}" for number in range(201)]
    write_flows(tmp_path, dict.fromkeys(slugs, "name: New\n"))
    (tmp_path / "flowsync.yaml").write_text("parallelism: 1\n")
    with fake_frigade(FakeConfig(), [row(number, slug) for number, slug in enumerate(slugs, start=1)]) as server:
        planned = flowsync("plan", "--format", "json", root=tmp_path, env=environment(server.url))
    assert planned.json["summary"]["update"] == 201


def test_ctrl_c_ends_the_wait_for_the_list(tmp_path: Path) -> None:
    write_flows(tmp_path, RIGHT)
    with (
        fake_frigade(FakeConfig(faults=(hang().on(times=ALWAYS),)), [row(1, "flow_a")]) as server,
        start("plan", root=tmp_path, env=environment(server.url)) as running,
    ):
        assert seen_within(server, 30)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=10)
    assert (running.returncode, out) == (130, "")
    assert err.strip() == "error[interrupted] Interrupted."


class Reader:
    """Answers when it is let, with what it is given."""

    waiting = 0

    def __init__(self, answer: JsonValue | Exception) -> None:
        self.answer = answer
        self.asked, self.go = Event(), Event()
        self.requests = 0
        self.organizations = Organizations()

    def reader(self) -> Reader:
        return self

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        self.requests += 1
        self.asked.set()
        assert (path, query["offset"]) == ("/v1/flows", "0")
        assert self.go.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def begun(reader: Reader) -> Connection:
    """A connection whose list is being asked for."""
    asking = ThreadPoolExecutor(1)
    connection = Connection(PROJECT, cast("Client", reader), Access.PRIVATE, "https://api.example.com", map)
    connection.begun = asking.submit(list_flows, reader, Access.PRIVATE)
    assert reader.asked.wait(10)
    return connection


def test_asking_goes_on_while_other_work_is_done_and_the_list_is_used_once() -> None:
    reader = Reader([row(1, "flow_a")])
    connection = begun(reader)
    reader.go.set()
    for requests in (1, 2):
        assert [each.slug for each in connection.fetch([]).rows] == ["flow_a"]
        assert reader.requests == requests, "whoever asks later wants to know how it is then"


def test_a_failure_is_raised_where_the_list_is_taken() -> None:
    reader = Reader(TransportError("broken"))
    reader.go.set()
    with pytest.raises(TransportError, match="broken"):
        begun(reader).fetch([])
