"""`flowsync ci` in a process of its own: streams, signals, and files that cannot be read."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.github.support import LIVE, flow, workplace
from tests.support import runner
from tests.support.command import CLEAN, Completed, command_line, process
from tests.support.fake_frigade import FakeConfig, fake_frigade, reply, row
from tests.support.fake_github import FakeRepo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.support import Workplace


def test_the_action_s_own_way_to_call_it_works(place: Workplace) -> None:
    place.write(flow_a=flow("Alpha", "Good morning"))
    env = place.environment("workflow_dispatch", {}, FLOWSYNC_COMMAND="plan")
    done = place.outcome(process("ci", root=place.root, env=env))
    assert (done.code, done.completed.err) == (0, "")
    assert done.outputs["updates"] == "1"
    assert "Good morning" in done.summary


def test_outside_of_github_it_says_what_is_missing(tmp_path: Path) -> None:
    done = process("ci", "plan", root=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "This is not GitHub Actions: GITHUB_EVENT_NAME," in done.err


@pytest.mark.parametrize(
    "given",
    [
        {"FLOWSYNC_COMMAND": "aply"},
        {"GITHUB_EVENT_NAME": "pull_request"},
        {"GITHUB_EVENT_NAME": "pull_request_target"},
    ],
)
def test_a_mistake_in_the_inputs_or_the_event_is_shown_on_the_page_of_the_run(
    place: Workplace, given: dict[str, str]
) -> None:
    env = place.environment("workflow_dispatch", {}, GITHUB_ACTIONS="true", **given)
    done = place.outcome(process("ci", root=place.root, env={**env, **given}))
    (command,), _ = runner.read(done.log)
    assert (done.code, command.name, command.properties["title"]) == (1, "error", "config")
    assert command.message in " ".join(done.completed.err.replace("hint: ", "").split())
    assert done.outputs == {"exit-code": "1"}


def test_a_run_that_is_cancelled_finishes_what_is_in_flight_and_tells_the_rest(tmp_path: Path) -> None:
    slugs = [f"flow_{letter}" for letter in "abcdefgh"]
    rows = [row(number, slug, name=slug, data=LIVE) for number, slug in enumerate(slugs, 1)]
    with workplace(tmp_path) as place, fake_frigade(FakeConfig(latency=0.1), rows) as frigade:
        place.frigade = frigade
        (place.root / "flowsync.yaml").write_text("parallelism: 1\n")
        place.write(**{slug: flow(f"{slug} new") for slug in slugs})
        place.plan()
        place.merge()
        env = {**CLEAN, **place.environment("push", {"before": "1" * 40})}
        running = subprocess.Popen(
            command_line("ci", "apply"),
            cwd=place.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not frigade.writes and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGTERM)
        out, err = running.communicate(timeout=60)
        done = place.outcome(Completed(running.returncode, out, err))
        assert done.code == 130
        assert 0 < len(frigade.writes) < len(slugs)
        assert f"{len(slugs) - len(frigade.writes)} not attempted" in place.result()
        assert "Interrupted" in done.completed.err


def test_a_configuration_that_cannot_be_read_is_told_at_its_line(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("flows: [\n")
    done = place.plan()
    assert done.code == 3
    assert "::error file=flowsync.yaml,line=" in done.log
    assert "flowsync.yaml:" in done.summary


def test_a_bug_is_shown_on_the_page_of_the_run_too(place: Workplace, tmp_path: Path) -> None:
    """A module that is needed once the run is known, and cannot be imported, stands for any bug."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['jsonschema'] = None\n")
    place.write(flow_a="nmae: Alpha\n")
    env = place.environment("workflow_dispatch", {}, FLOWSYNC_COMMAND="validate", PYTHONPATH=str(tmp_path))
    ran = subprocess.run(
        command_line("ci"), cwd=place.root, env={**CLEAN, **env}, capture_output=True, text=True, check=False
    )
    done = place.outcome(Completed(ran.returncode, ran.stdout, ran.stderr))
    (command,), _ = runner.read(done.log)
    assert (command.name, done.outputs) == ("error", {"exit-code": "1"})
    assert "this is a bug in flowsync, not in your flows" in command.message
    assert "Traceback" in done.completed.err


def test_a_comment_that_may_be_read_but_not_edited_fails_the_check(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(faults=(reply(403, "No").on("PATCH", "*"),))) as place:
        place.plan(FLOWSYNC_COMMENT="update")
        place.write(flow_a=flow("Alpha", "Good morning"))
        done = place.plan()
        assert done.code == 1
        assert "No comment was written. PATCH" in done.log
