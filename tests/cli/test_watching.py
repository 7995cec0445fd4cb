"""`validate --watch`: one report after each change, the same as without it, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from tests.support.command import command_line, environment, flowsync, write_flows

if TYPE_CHECKING:
    from pathlib import Path


def test_each_change_is_reported_once_and_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: A\n"})
    file = tmp_path / "flows" / "flow_a.yaml"
    running = subprocess.Popen(
        command_line("validate", "--watch", "flow_a"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "No problems found.\n"
        file.write_text("name: [\n")
        wrong = flowsync("validate", "flow_a", root=tmp_path).out
        assert [running.stdout.readline() for _ in wrong.splitlines()] == wrong.splitlines(keepends=True)
        file.rename(tmp_path / "flows" / "flow_b.yaml")
        assert "There is no flow file for flow_a" in running.stderr.readline()
        (tmp_path / "flows" / "flow_b.yaml").unlink()
        file.write_text("name: Better\n")
        assert running.stdout.readline().startswith(("No problems", "flows:1:1"))
        running.send_signal(signal.SIGINT)
        rest = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in rest[1]
    assert "interrupted" not in rest[1]


def test_watching_reports_as_text_only(tmp_path: Path) -> None:
    assert flowsync("validate", "--watch", "--format", "sarif", root=tmp_path).code == 64
