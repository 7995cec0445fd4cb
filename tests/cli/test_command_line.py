"""The command line itself: usage, exit codes, streams, formats, the sandbox."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flowsync import __version__
from tests.support.command import Running, command_line, environment, execute, flowsync, process, start, write_flows
from tests.support.fake_frigade import ALWAYS, FakeConfig, FakeFrigade, Row, fake_frigade, rate_limited, row
from tests.support.terminal import on_terminal

GOOD = "name: Hello\ntype: ANNOUNCEMENT\ndata:\n  steps:\n    - id: a\n      title: Hi there\n      subtitle: More\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_flows(tmp_path, {f"flow_{name}": GOOD.replace("Hello", name) for name in "abcdefgh"})
    return tmp_path


def test_version_and_help_come_from_the_installed_command(tmp_path: Path) -> None:
    assert process("--version", root=tmp_path).out == f"flowsync {__version__}\n"
    helped = process("--help", root=tmp_path)
    assert helped.code == 0
    for name in ("validate", "plan", "apply", "status", "sandbox"):
        assert name in helped.out
        assert flowsync(name, "--help", root=tmp_path).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plam"], "Did you mean 'plan'?"),
        (["plan", "--formt", "json"], "--format"),
        (["plan", "--format", "yaml"], "markdown"),
        (["apply", "--parallelism", "65"], "65"),
        (["apply", "--parallelism", "0"], "0"),
        (["--color", "sometimes", "plan"], "sometimes"),
        (["sandbox", "serve", "--latency", "soon"], "50ms"),
        (["plan", "nonsense"], "There is no flow file"),
        (["plan", "x*"], "No flow file matches"),
    ],
)
def test_a_command_line_that_makes_no_sense_exits_64(project: Path, arguments: list[str], said: str) -> None:
    refused = flowsync(*arguments, root=project)
    assert (refused.code, refused.out) == (64, "")
    assert refused.err.startswith("error[usage]")
    assert said in refused.err


def test_invalid_files_exit_3_with_every_problem_at_its_place(project: Path) -> None:
    write_flows(project, {"flow_a": "nmae: x\n", "flow_b": "data: {steps: [{title: x}]}\n"})
    shown = flowsync("validate", root=project)
    assert shown.code == 3
    assert "flows/flow_a.yaml:1:1: error[unknown-key]" in shown.out
    assert "| nmae: x" in shown.out
    assert "flows/flow_b.yaml:1:" in shown.out
    told = flowsync("validate", "--format", "json", root=project)
    assert told.code == 3
    assert told.json["format"] == "flowsync-problems/1"
    assert list(told.json["problems"][0]) == ["file", "line", "column", "severity", "code", "message", "hint"]
    for command in ("plan", "apply", "status"):
        refused = flowsync(command, "--sandbox", root=project)
        assert (refused.code, refused.out) == (3, "")
        assert "flows/flow_a.yaml:1:1: error[unknown-key]" in refused.err


def test_warnings_count_with_strict_only(project: Path) -> None:
    write_flows(project, {"flow_a": "data:\n  steps:\n    - id: a\n      tilte: x\n"})
    assert flowsync("validate", root=project).code == 0
    assert flowsync("validate", "--strict", root=project).code == 3
    assert flowsync("validate", "--strict", "flow_b", root=project).code == 0
    planned = flowsync("plan", "--sandbox", root=project)
    assert "1 warning in the files" in planned.err
    assert "tilte" in flowsync("plan", "--sandbox", "-v", root=project).err
    assert flowsync("plan", "--sandbox", "-q", root=project).err == ""


def test_a_missing_flows_directory_is_an_error(tmp_path: Path) -> None:
    for command in ("validate", "plan", "apply"):
        failed = flowsync(command, root=tmp_path)
        assert failed.code == 3
        assert "no-flows" in failed.both


def test_the_sandbox_goes_from_a_plan_through_apply_to_an_empty_plan(project: Path) -> None:
    planned = flowsync("plan", "--sandbox", "--detailed-exitcode", root=project)
    assert planned.code == 2
    assert flowsync("plan", "--sandbox", root=project).code == 0
    document = flowsync("plan", "--sandbox", "--format", "json", root=project).json
    assert document["blocked"] == []
    assert document["changes"]
    assert document["unmanaged"]
    applied = flowsync("apply", "--sandbox", root=project)
    assert applied.code == 0
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=project).code == 0
    assert "No changes" in flowsync("plan", "--sandbox", root=project).out
    assert flowsync("apply", "--sandbox", root=project).code == 0
    assert flowsync("sandbox", "reset", root=project).code == 0
    again = flowsync("plan", "--sandbox", "--format", "json", root=project).json
    assert again["digest"] == document["digest"]
    assert (project / ".flowsync" / ".gitignore").read_text().endswith("!flow.schema.json\n")


def test_the_same_plan_made_twice_is_the_same_to_the_byte(project: Path) -> None:
    flowsync("plan", "--sandbox", root=project)
    for format_ in ("text", "markdown", "json"):
        first, second = (flowsync("plan", "--sandbox", "--format", format_, root=project).out for _ in range(2))
        assert first == second


def test_json_on_stdout_is_the_document_and_nothing_else(project: Path) -> None:
    write_flows(project, {"flow_a": GOOD + "      zzz: warning\n"})
    assert process("plan", "--sandbox", "--format", "json", root=project).json["format"] == "flowsync-plan/1"
    for command in (["list", "--sandbox"], ["validate"], ["apply", "--sandbox"]):
        assert flowsync(*command, "--format", "json", root=project).json["format"].startswith("flowsync-")
    markdown = flowsync("apply", "--sandbox", "--format", "markdown", root=project).out
    assert markdown.startswith("### Nothing to apply")
    assert "flowsync apply" in markdown


def test_a_terminal_is_asked_before_anything_is_written(project: Path) -> None:
    terminal = on_terminal(command_line("apply", "--sandbox"), project, question="[y/N]", answer="y\r")
    assert terminal.code == 0
    assert "applied" in terminal.screen
    assert "\x1b[" in terminal.screen
    assert on_terminal(command_line("apply", "--sandbox"), project).code == 0  # nothing to do: nothing to ask


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("n\r", 1, r"error\[declined\]\S* Nothing was written\."),
        ("\x04", 1, r"\[y/N\] \r\n\S*error\[declined\]\S* Nothing was written\."),
        ("\x03", 130, r"error\[interrupted\]\S* Nothing was written\."),
    ],
    ids=["no", "the end of the input", "Ctrl-C"],
)
def test_what_is_no_yes_writes_nothing(project: Path, answer: str, code: int, said: str) -> None:
    terminal = on_terminal(command_line("apply", "--sandbox"), project, question="[y/N]", answer=answer)
    assert terminal.code == code
    assert re.search(said, terminal.screen)
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=project).code == 2


def test_yes_on_a_terminal_is_not_asked_and_no_color_is_honoured(project: Path) -> None:
    terminal = on_terminal(command_line("apply", "--sandbox", "--yes"), project, {"NO_COLOR": "1"})
    # The way back does not fit into 100 columns: it is one line, to be copied.
    assert "to put it back:\r\n  flowsync rollback .flowsync/applies/" in terminal.screen
    assert terminal.code == 0
    assert "[y/N]" not in terminal.screen
    assert "\x1b[1m" not in terminal.screen


def test_color_is_for_terminals_unless_asked_for(project: Path) -> None:
    assert "\x1b" not in process("plan", "--sandbox", root=project).both
    assert "\x1b[" in process("plan", "--sandbox", "--color", "always", root=project).out


DEAF = """
import os, signal, sys, threading, time
from flowsync.cli.output import ask
from flowsync.errors import InterruptedByUser

def is_asking():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame is not None and frame.f_code.co_name != "ask":
        frame = frame.f_back
    return frame is not None

def other():
    while not is_asking():
        time.sleep(0.005)
    time.sleep(0.05)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    print("[y/N]", flush=True)
    threading.Event().wait()

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
threading.Thread(target=other, daemon=True).start()
try:
    ask("")
except InterruptedByUser:
    os._exit(130)
"""
"""Asks, and gets signals in another thread: they end no wait, as one does not that comes just before it."""


def test_ctrl_c_just_before_a_question_waits_is_heard(tmp_path: Path) -> None:
    terminal = on_terminal([sys.executable, "-c", DEAF], tmp_path, question="[y/N]", answer="\x03")
    assert terminal.code == 130


def to_write(root: Path, count: int) -> list[Row]:
    """Files of so many flows at `root`; the rows of an account in which each is to be written."""
    slugs = [f"flow_{number:03}" for number in range(count)]
    write_flows(root, dict.fromkeys(slugs, "name: New\n"))
    return [row(number + 1, slug) for number, slug in enumerate(slugs)]


@contextmanager
def applying(
    root: Path, count: int, *options: str, latency: float = 0.0, pipe_bytes: int = -1
) -> Iterator[tuple[FakeFrigade, Running]]:
    """An apply that writes so many flows, by a Python that buffers its streams as it does unless told otherwise."""
    rows = to_write(root, count)
    with fake_frigade(FakeConfig(latency=latency), rows) as server:
        env = {**environment(server.url), "PYTHONUNBUFFERED": ""}
        yield server, start("apply", "--allow-many", *options, root=root, env=env, pipe_bytes=pipe_bytes)


SLOWLY = ("--parallelism", "2")
AS_JSON = ("--format", "json")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_applying_finishes_what_is_in_flight_and_prints_the_ledger(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with applying(tmp_path, 40, *SLOWLY, *AS_JSON, latency=0.1) as (server, running):
        wait_for(lambda: server.writes)
        running.send_signal(sent)
        out, err = running.communicate(timeout=60)
        written = {seen.path for seen in server.writes}
    assert running.returncode == 130
    counts = json.loads(out)["counts"]
    assert counts["applied"] == len(written)
    assert counts["applied"] + counts["not-attempted"] == 40
    assert counts["not-attempted"] > 0
    assert "Stopping" in err


def test_a_reader_that_goes_away_while_applying_stops_the_run_and_costs_no_ledger(tmp_path: Path) -> None:
    with applying(tmp_path, 40, *SLOWLY, latency=0.05) as (server, running):
        while not server.writes:
            running.stdout.readline()
        running.stdout.close()
        err = running.stderr.read()
        assert running.wait(60) == 5
        running.stderr.close()
        written = len({seen.path for seen in server.writes})
    assert 0 < written < 40
    assert f"{written} applied, {40 - written} not attempted" in err
    assert "to put it back: flowsync rollback .flowsync/applies/" in err


def test_a_reader_of_stderr_that_goes_away_while_applying_costs_nothing(tmp_path: Path) -> None:
    with applying(tmp_path, 40, *SLOWLY, *AS_JSON, latency=0.02) as (server, running):
        while not server.writes:
            running.stderr.readline()
        running.stderr.close()
        out = running.stdout.read()
        assert running.wait(60) == 0
        running.stdout.close()
    assert json.loads(out)["counts"]["applied"] == 40


small_pipes = pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is given on Linux only")


@small_pipes
@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_ctrl_c_is_heard_though_nobody_reads_what_is_said_beside_the_result(tmp_path: Path, *, again: bool) -> None:
    """Once, it costs no ledger; twice, it ends the run at once."""
    with applying(tmp_path, 300, *AS_JSON, pipe_bytes=4096) as (server, running):
        while not server.writes:
            running.stderr.readline()
        seen = -1
        while seen < len(server.writes):
            seen = len(server.writes)
            time.sleep(0.5)
        assert seen < 300
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        if again:
            running.send_signal(signal.SIGINT)
            assert running.wait(20) == 130
        out, err = running.communicate(timeout=60)
        assert running.returncode == 130, err
        assert again or json.loads(out)["counts"]["not-attempted"] > 0


@small_pipes
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_ledger_is_told_costs_nothing_of_it(tmp_path: Path, sent: signal.Signals) -> None:
    with applying(tmp_path, 50, "--quiet", *AS_JSON, pipe_bytes=4096) as (server, running):
        wait_for(lambda: len(server.writes) == 50)
        time.sleep(0.5)
        running.send_signal(sent)
        time.sleep(0.2)
        out, _ = running.communicate(timeout=60)
    assert json.loads(out)["counts"]["applied"] == 50
    assert running.returncode == 130


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_reader_that_goes_away_is_no_error_message(project: Path) -> None:
    running = start("plan", "--sandbox", root=project, env={})
    running.stdout.close()
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(timeout=60) == 1


@pytest.mark.parametrize(
    ("words", "what"),
    [("schema", "result"), ("--help", "output"), ("--version", "output"), ("plan --help", "output")],
)
def test_what_cannot_be_written_to_stdout_is_an_error_and_no_bug(project: Path, words: str, what: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = execute(command_line(*words.split()), project, stdout=full)
    assert done.code == 1
    where = " to stdout" if what == "result" else ""
    assert done.err == f"error: The {what} cannot be written{where}: No space left on device.\n"


@pytest.mark.parametrize(
    ("words", "code"), [("plan --sandbox", 0), ("fmt", 0), ("init --yes", 0), ("plan --nonsense", 64), ("", 64)]
)
def test_what_cannot_be_written_to_stderr_fails_nothing(project: Path, words: str, code: int) -> None:
    line = f"{shlex.join(command_line(*words.split()))} 2> /dev/full"
    assert execute(["sh", "-c", line], project).code == code


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_as_good_as_one_that_nobody_reads(project: Path, closed: str) -> None:
    line = f"{shlex.join(command_line('schema'))} {closed}"
    done = execute(["sh", "-c", line], project)
    assert (done.code, done.err) == (0, "")


def test_an_unexpected_exception_is_said_to_be_a_bug_with_what_to_report(project: Path, tmp_path: Path) -> None:
    """A module that cannot be imported stands for any bug; the traceback is what a report needs."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text("import sys\nsys.modules['flowsync.validate'] = None\n")
    done = execute(command_line("validate"), project, {"PYTHONPATH": str(broken)})
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[bug]")
    assert "please report it" in done.err


def test_progress_is_shown_on_a_terminal_and_taken_away_again(tmp_path: Path) -> None:
    rows = to_write(tmp_path, 6)
    with fake_frigade(FakeConfig(latency=0.1), rows) as server:
        env = environment(server.url)
        terminal = on_terminal(command_line("apply", "--yes", "--parallelism", "1"), tmp_path, env)
        assert terminal.code == 0
    assert "Applying [" in terminal.screen
    assert "\x1b[K" in terminal.screen.rpartition("Applying [")[2]
    assert "6 applied" in terminal.screen


def test_a_terminal_tells_who_waits_for_the_rate_limit_and_ctrl_c_does_not_wait_for_it(tmp_path: Path) -> None:
    write_flows(tmp_path, dict.fromkeys(("flow_a", "flow_b"), "name: New\n"))
    faults = (rate_limited("60").on("GET", "*/versions", times=ALWAYS, skip=2),)  # the plan asks each once
    with fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a"), row(2, "flow_b")]) as server:
        env = environment(server.url)
        terminal = on_terminal(
            command_line("apply", "--yes"),
            tmp_path,
            env,
            question="0/2, 2 left, 2 waiting for the rate limit",
            answer="\x03",
        )
        assert terminal.code == 130
        assert server.writes == []
    assert "not sent: the run stopped while it waited" in " ".join(terminal.screen.split())
    assert "may have succeeded" not in terminal.screen


def test_output_that_the_terminal_cannot_encode_is_escaped(project: Path) -> None:
    write_flows(project, {"flow_a": GOOD.replace("Hello", "Grüße 🎉")})
    done = process("show", "flow_a", "--sandbox", root=project, env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0
    assert "Gr\\xfc\\xdfe" in done.out


@contextmanager
def serving(project: Path, *options: str) -> Iterator[tuple[dict[str, str], Running]]:
    """The sandbox over HTTP, and the variables that lead to it; it ends by Ctrl-C."""
    server = start("sandbox", "serve", *options, root=project)
    lines = [server.stdout.readline().removeprefix("export ").strip() for _ in range(3)]
    yield dict(line.split("=", 1) for line in lines), server
    server.send_signal(signal.SIGINT)
    assert server.wait(60) == 130


def test_the_sandbox_is_served_over_http(project: Path) -> None:
    with serving(project, "--port", "0", "--latency", "1ms") as (env, server):
        assert env["FRIGADE_API_URL"].startswith("http://127.0.0.1:")
        embedded = flowsync("plan", "--sandbox", "--format", "json", root=project).json
        served = flowsync("plan", "--format", "json", root=project, env=env).json
        assert served["changes"] == embedded["changes"]
        assert flowsync("apply", root=project, env=env).code == 0
        assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=project).code == 0
    assert "Traceback" not in server.communicate()[1]


@pytest.mark.parametrize("name", ["", " "])
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_empty_environment_is_not_the_default_one(project: Path, command: str, name: str) -> None:
    with fake_frigade(rows=[row(1, "flow_a", name="Old")]) as server:
        refused = flowsync("-e", name, command, root=project, env=environment(server.url))
        assert (refused.code, refused.out, server.writes) == (64, "", [])
    assert "It is empty: the variable it comes from may not be set." in refused.err


@pytest.mark.parametrize("command", ["validate", "plan --sandbox", "init"])
def test_a_directory_that_is_gone_is_no_bug(tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"rmdir {shlex.quote(str(gone))}; exec {shlex.join(command_line(*command.split()))}"
    done = execute(["sh", "-c", script], gone)
    assert (done.code, done.out) == (1, "")
    assert "error[config] The current directory no longer exists." in done.err


def test_a_port_that_is_in_use_is_told(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = process("sandbox", "serve", "--port", str(port), root=project)
    assert (refused.code, refused.out) == (1, "")
    assert f"error: Port {port} of this machine cannot be used: " in refused.err
    assert "--port" in refused.err


def test_faults_strike_what_is_served_and_are_told(project: Path) -> None:
    faults = ["--fault", "500-after:PUT *:2", "--fault", "edit:GET */flow_h/versions"]
    with serving(project, *faults) as (env, server):
        flowsync("apply", root=project, env=env)
    _, err = server.communicate()
    assert err.count("500-after strikes PUT /v1/flows/") == 2
    refused = flowsync("sandbox", "serve", "--fault", "explosion", root=project)
    assert (refused.code, "hang-after" in refused.err) == (64, True)


def test_readings_of_conflicts_are_chosen_by_name(project: Path) -> None:
    with serving(project, "--conflict", "paging=windows", "--conflict", "created=draft") as (env, server):
        headers = {"Authorization": f"Bearer {env['FRIGADE_API_KEY']}"}
        flows = f"{env['FRIGADE_API_URL']}/v1/flows"
        assert httpx.get(f"{flows}?limit=1", headers=headers).json()["limit"] == 1
        new = httpx.post(flows, headers=headers, json={"name": "New", "data": "steps: []"}).json()
        assert (new["status"], new["slug"].startswith("flow_")) == ("DRAFT", True)
    server.communicate()
    refused = flowsync("sandbox", "serve", "--conflict", "paging=some", root=project)
    assert (refused.code, "paging=all, paging=windows" in refused.err) == (64, True)


def test_a_narrowed_command_makes_the_sandbox_of_all_files(project: Path) -> None:
    first = flowsync("plan", "flow_a", "--sandbox", root=project)
    assert (first.code, "1 " in first.out.splitlines()[0]) == (0, True)
    whole = flowsync("plan", "--sandbox", "--format", "json", root=project).json
    assert (whole["summary"]["create"], whole["blocked"]) == (0, [])


def test_another_seed_gives_another_first_state(project: Path) -> None:
    states = []
    for number in ("1", "2", "1"):
        flowsync("sandbox", "reset", root=project)
        with serving(project, "--seed", number) as (_, server):
            states.append(flowsync("list", "--sandbox", "--format", "json", root=project).out)
        server.communicate()
    assert states[0] == states[2] != states[1]


def test_the_package_runs_as_a_module_and_as_a_script(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("flowsync")
    assert execute([script, "--version"]).out == process("--version", root=tmp_path).out


def test_a_thousand_flows_are_planned_and_applied_in_the_sandbox(tmp_path: Path) -> None:
    write_flows(tmp_path, {f"flow_{number:04}": GOOD.replace("Hello", f"Flow {number}") for number in range(1000)})
    document = flowsync("plan", "--sandbox", "--format", "json", root=tmp_path).json
    assert document["summary"]["update"] + document["summary"]["unchanged"] == 1000
    assert document["summary"]["update"] > 100
    assert flowsync("apply", "--sandbox", "--format", "json", "--allow-many", root=tmp_path).code == 0
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=tmp_path).code == 0


def test_a_reset_mends_a_state_that_cannot_be_opened(project: Path) -> None:
    flowsync("plan", "--sandbox", root=project)
    (project / ".flowsync" / "sandbox.db").write_bytes(b"no database at all, and longer than a header needs to be")
    failed = flowsync("plan", "--sandbox", root=project)
    assert failed.code == 1
    assert "sandbox reset" in failed.err
    assert flowsync("sandbox", "reset", root=project).code == 0
    assert flowsync("plan", "--sandbox", root=project).code == 0


def test_a_file_that_wants_a_draft_gets_one_in_the_sandbox(project: Path) -> None:
    write_flows(project, {f"flow_{name}": GOOD + "target: draft\n" for name in "abcdefgh"})
    assert flowsync("plan", "--sandbox", "--format", "json", root=project).json["blocked"] == []


def test_validate_judges_a_file_in_every_environment_it_has_an_overlay_for(project: Path) -> None:
    overlay = "environments:\n  staging:\n    data: {steps: [{id: a}, {id: a}]}\n"
    write_flows(project, {"flow_a": GOOD + overlay})
    told = flowsync("validate", "--format", "json", root=project)
    assert told.code == 3
    assert {problem["line"] for problem in told.json["problems"]} == {10}
    assert flowsync("plan", "--sandbox", root=project).code == 0
    (project / "flowsync.yaml").write_text("environments: {staging: {}}\n")
    assert flowsync("plan", "--sandbox", "-e", "staging", root=project).code == 3


def test_a_file_that_cannot_be_opened_is_a_problem_of_its_own(project: Path) -> None:
    (project / "flows" / "flow_a.yaml").unlink()
    (project / "flows" / "flow_a.yaml").mkdir()
    (project / "flows" / "flow_b.yaml").write_text("data: [9007199254740993, .nan]\n")
    assert flowsync("validate", root=project).code == 3


def test_what_is_no_regular_file_is_reported_and_never_read(project: Path) -> None:
    os.mkfifo(project / "flows/flow_pipe.yaml")
    reported = flowsync("validate", root=project)
    assert (reported.code, "flows/flow_pipe.yaml:1:1: error[not-a-file]" in reported.out) == (3, True)


def test_of_an_empty_line_no_excerpt_is_shown(project: Path) -> None:
    (project / "flows/flow_empty.yaml").write_text("")
    reported = flowsync("validate", root=project)
    assert reported.code == 3
    assert "`name: …`, `data: …`.\n  hint: The file is empty" in reported.out


def test_long_lines_of_a_diff_break_between_words_on_a_terminal(project: Path) -> None:
    flowsync("plan", "--sandbox", root=project)  # makes the account
    words = [f"word{number:02}" for number in range(30)]
    write_flows(project, {"flow_a": GOOD.replace("Hi there", " ".join(words)).replace("Hello", "a")})
    shown = on_terminal(command_line("plan", "--sandbox", "--color", "never", "flow_a"), project).screen
    assert f"+ title: {' '.join(words)}" not in shown
    assert [word for word in words if word not in shown] == []
    assert f"+ title: {' '.join(words)}" in flowsync("plan", "--sandbox", "flow_a", root=project).out.replace(
        "      ", ""
    )
