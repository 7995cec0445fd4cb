"""`-v`: what a command does, on stderr: configuration, key, base, list and every request, and no key in any of it."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.github.support import workplace
from tests.support.command import CLEAN, command_line, environment, flowsync, git, served, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, FakeConfig, fake_frigade, redirect, row, server_error
from tests.support.fake_github import TOKEN

if TYPE_CHECKING:
    from pathlib import Path

SECRET = PRIVATE_KEY.removeprefix("api_private_")
FILES = {"flow_a": "name: New\n"}


def steps(err: str) -> list[str]:
    """The steps of a log, without the time that a request took."""
    return re.sub(r" +[\d,]+ ms  ", " ", err).splitlines()


def test_each_step_of_a_plan_is_a_line_on_stderr_and_stdout_stays_as_it_is(tmp_path: Path) -> None:
    with served(tmp_path, FILES, [row(1, "flow_a")]) as (server, run):
        plain, verbose = run("plan", "--format", "json"), run("plan", "--format", "json", "-v")
    assert verbose.out == plain.out
    assert plain.err == ""
    assert steps(verbose.err) == [
        "config  none, so defaults, no environment, flows in flows",
        f"key     private, from FRIGADE_API_KEY, for {server.url}",
        f"GET     200 {server.url}/v1/flows?offset=0&limit=100",
        "list    private, 1 flow, complete",
        f"GET     200 {server.url}/v1/flows/flow_a/versions",
    ]


def test_the_environment_the_base_and_what_a_public_key_may_not_see_are_named(tmp_path: Path) -> None:
    write_flows(tmp_path, FILES)
    (tmp_path / "flowsync.yaml").write_text("environments:\n  dev: {public_api_key_variable: DEV_KEY}\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        env = {**environment(server.url, None), "DEV_KEY": PUBLIC_KEY}
        done = flowsync("plan", "-v", "-e", "dev", "--base", "HEAD", root=tmp_path, env=env)
    assert done.code == 0
    shown = steps(done.err)
    assert "config  flowsync.yaml, environment dev, flows in flows" in shown
    assert f"key     public of dev, from DEV_KEY, for {server.url}" in shown
    assert "list    public of dev, 1 flow, may lack drafts and older versions" in shown
    assert [line for line in shown if re.fullmatch(r"base    HEAD, commit [0-9a-f]{12}", line)]
    assert PUBLIC_KEY not in done.err


def test_a_request_that_is_repeated_is_shown_each_time(tmp_path: Path) -> None:
    with served(tmp_path, FILES, [row(1, "flow_a")], faults=(server_error(),)) as (server, run):
        shown = steps(run("plan", "-v").err)
    assert shown[2:4] == [
        f"GET     500 {server.url}/v1/flows?offset=0&limit=100",
        f"GET     200 {server.url}/v1/flows?offset=0&limit=100, attempt 2",
    ]


def test_a_write_is_shown(tmp_path: Path) -> None:
    with served(tmp_path, FILES, [row(1, "flow_a")]) as (server, run):
        done = run("apply", "-v", "--yes")
    assert done.code == 0
    assert f"PUT     200 {server.url}/v1/flows/1" in steps(done.err)


def test_a_request_without_an_answer_says_why(tmp_path: Path) -> None:
    write_flows(tmp_path, FILES)
    done = flowsync("plan", "-v", root=tmp_path, env=environment("http://127.0.0.1:9"))
    assert done.code == 1
    assert "http://127.0.0.1:9/v1/flows?offset=0&limit=100: cannot reach http://127.0.0.1:9" in done.err
    assert "attempt 4" in done.err


@pytest.mark.parametrize("echo", [PRIVATE_KEY, PRIVATE_KEY[::-1], "api_public_SomebodyElses", SECRET])
def test_no_key_is_shown_even_where_a_redirect_holds_one(tmp_path: Path, echo: str) -> None:
    write_flows(tmp_path, FILES)
    with fake_frigade(FakeConfig(faults=(redirect(f"/v1/{echo}/flows?token={echo}&page=2"),)), []) as server:
        done = flowsync("plan", "-v", root=tmp_path, env=environment(server.url))
    assert "GET     302" in done.err
    assert "[redacted]" in done.err
    assert echo not in done.both


def test_the_sandbox_and_offline_commands_say_what_they_do(tmp_path: Path) -> None:
    write_flows(tmp_path, FILES)
    planned = steps(flowsync("plan", "--sandbox", "-v", root=tmp_path).err)
    assert planned[1] == "key     private, from the sandbox, for https://sandbox.invalid"
    assert planned[2] == "GET     200 https://sandbox.invalid/v1/flows?offset=0&limit=100"
    checked = flowsync("-v", "validate", root=tmp_path)
    assert checked.err == "config  none, so defaults, no environment, flows in flows\n"


@pytest.mark.parametrize("words", [("-q", "-v", "plan"), ("plan", "-v", "-q"), ("-v", "plan", "--quiet")])
def test_quiet_and_verbose_at_once_are_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = flowsync(*words, root=tmp_path)
    assert done.code == 64
    assert done.err == "error[usage] --quiet and --verbose are opposites.\n  hint: Give one of them.\n"


def test_a_terminal_shows_the_steps_dim(tmp_path: Path) -> None:
    write_flows(tmp_path, FILES)
    done = flowsync("validate", "-v", "--color", "always", root=tmp_path)
    assert done.err.startswith("\x1b[2mconfig  none")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - a device
def test_a_step_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    with served(tmp_path, FILES, [row(1, "flow_a")]) as (server, _), open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        command, env = command_line("apply", "-v", "--yes"), {**CLEAN, **environment(server.url)}
        done = subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=full, check=False)
        assert [each.path for each in server.writes] == ["/v1/flows/1"]
    assert done.returncode == 0


@pytest.mark.parametrize(("option", "debug"), [("-v", "0"), ("--color=never", "1")])
def test_ci_shows_the_requests_to_github_too(tmp_path: Path, option: str, debug: str) -> None:
    with workplace(tmp_path) as place:
        place.write(flow_a="name: New\n")
        err = place.plan(option, RUNNER_DEBUG=debug).completed.err
    shown = steps(err)
    assert shown[0] == f"key     token, from GITHUB_TOKEN, for {place.github.api_url}"
    assert f"key     private, from FRIGADE_API_KEY, for {place.frigade.url}" in shown
    assert f"POST    201 {place.github.api_url}/repos/acorn/flows/issues/5/comments" in shown
    assert TOKEN not in err
