"""Ctrl-C and SIGTERM at any moment: exit code 130, one line, no traceback."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command import UNMEASURED, command_line, environment, execute, start, write_flows
from tests.support.fake_frigade import ALWAYS, FakeConfig, fake_frigade, hang, row

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when a process hears signals")


def heard(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Whether the process handles this signal by now."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def started(*arguments: str, root: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    process = start(*arguments, root=root, env=env)
    while not heard(process, signal.SIGTERM) and process.poll() is None:
        time.sleep(0.001)
    return process


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4])
def test_one_signal_while_reading(tmp_path: Path, sent: signal.Signals, after: float) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(hang().on(times=ALWAYS),)), [row(1, "flow_a")]) as server:
        process = started("plan", root=tmp_path, env=environment(server.url))
        time.sleep(after)
        process.send_signal(sent)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in err
    assert "Traceback" not in err
    assert "Exception" not in err


@pytest.mark.parametrize("between", [0.0, 0.001, 0.005, 0.02])
def test_a_second_signal_while_the_first_is_reported(tmp_path: Path, between: float) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(hang().on(times=ALWAYS),)), [row(1, "flow_a")]) as server:
        process = started("plan", root=tmp_path, env=environment(server.url))
        time.sleep(0.15)
        for pause in (0.0, between, between):
            time.sleep(pause)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ["plan", "apply", "sandbox serve --port 0", "preview --bundle flows/flow_a.yaml"])
def test_a_signal_that_reaches_another_thread_ends_the_command_too(tmp_path: Path, words: str) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(hang().on(times=ALWAYS),)), [row(1, "flow_a")]) as server:
        process = started(*words.split(), root=tmp_path, env=environment(server.url))
        threads = Path(f"/proc/{process.pid}/task")
        while len(list(threads.iterdir())) < 2 and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.3)
        other = max(int(each.name) for each in threads.iterdir())
        # What the kernel may do with a signal for the process while threads come and go, and Python has no call for.
        tgkill = {"x86_64": 234, "aarch64": 131}[os.uname().machine]
        assert ctypes.CDLL(None).syscall(tgkill, process.pid, other, signal.SIGINT) == 0
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted." in err


def test_what_a_shell_starts_in_the_background_still_ignores_ctrl_c(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    script = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    with fake_frigade(FakeConfig(latency=0.3), [row(1, "flow_a")]) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *command_line("plan")],
            cwd=tmp_path,
            env={**UNMEASURED, **environment(server.url)},
            stdout=subprocess.PIPE,
            text=True,
        )
        while not server.requests:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "1 to update" in out


LOST = """\
import os, signal, sys
from flowsync.cli import main

class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(1000))

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            {happens}

sys.meta_path.insert(0, Finder())
sys.argv = ["flowsync", "plan"]
main()
"""
SWALLOWED = "Last()"
CHANGED = """\
try:
                os.kill(os.getpid(), signal.SIGINT)
                sum(range(1000))
            except KeyboardInterrupt:
                raise ImportError("something else") from None
"""


@pytest.mark.parametrize("happens", [SWALLOWED, CHANGED])
@pytest.mark.parametrize("module", ["click", "flowsync.cli.app", "flowsync.cli.commands.plan"])
def test_an_interruption_counts_whatever_it_hits_upon(tmp_path: Path, module: str, happens: str) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    script = LOST.replace("{module}", module).replace("{happens}", happens)
    env = environment("http://127.0.0.1:9")
    process = execute([sys.executable, "-c", script], tmp_path, env, is_measured=False)
    assert (process.code, process.out) == (130, "")
    assert "Interrupted." in process.err
    assert "Traceback" not in process.err
    assert "bug" not in process.err
