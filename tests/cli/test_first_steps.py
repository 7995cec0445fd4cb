"""The first ten minutes: whatever a newcomer runs after `init`, in whatever order, makes sense."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.command import commit, environment, flowsync, flowsync_in, process, served, start
from tests.support.fake_frigade import fake_frigade, row

EXAMPLE = "flows/flowsync_example.yaml"
TESTED = """\
name: Tested
type: ANNOUNCEMENT
targetingLogic: user.property('plan') == 'pro'
data: {steps: [{id: a, title: Hello}]}
tests:
  - user: {properties: {plan: free}}
    sees: false
"""


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A repository with what `init` writes, committed."""
    assert flowsync("init", "--yes", root=tmp_path).code == 0
    commit(tmp_path)
    return tmp_path


OFFLINE = ("validate --strict", "test", "explain flowsync_example", "graph", "fmt --check")


@pytest.mark.parametrize(
    "commands",
    [
        ("plan", "apply", "plan", "pull --new", "plan", "pull"),
        ("pull --new", "plan", "apply", "plan"),
        ("plan", "pull", "plan", "apply"),
        ("status", "apply", "status", "pull --check"),
        ("apply", "apply", "plan"),
    ],
)
def test_every_order_of_commands_on_the_sandbox_is_fine(started: Path, commands: tuple[str, ...]) -> None:
    for command in commands:
        name, *options = command.split()
        if name == "pull":
            commit(started)
        done = flowsync(name, *options, "--sandbox", root=started)
        assert done.code == 0, (command, done.both)
        for offline in OFFLINE:
            checked = flowsync(*offline.split(), root=started)
            assert checked.code == 0, (command, offline, checked.both)
    assert "No changes." in flowsync("plan", "--sandbox", root=started).out


def test_the_quick_start_works_on_the_sandbox_before_the_first_commit(tmp_path: Path) -> None:
    commit(tmp_path)
    assert flowsync("init", "--yes", root=tmp_path).code == 0
    example = tmp_path / EXAMPLE
    mine = example.read_text().replace("Example of flowsync", "My example")
    pulled = flowsync("pull", "--new", "--sandbox", root=tmp_path)
    assert pulled.code == 0, pulled.both
    example.write_text(mine)
    assert flowsync("pull", "--sandbox", root=tmp_path).code == 4


def test_what_an_apply_on_the_sandbox_replaced_comes_back_by_the_command_it_tells(started: Path) -> None:
    applied = flowsync("apply", "--sandbox", root=started)
    told = re.search(r"to put it back: flowsync (.*)", applied.err)
    assert told is not None
    assert flowsync_in(started, *shlex.split(told[1])).code == 0
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=started).code == 2


def test_the_example_does_not_stay_in_the_way_of_an_account_without_a_word(started: Path) -> None:
    with fake_frigade(rows=[row(1, "flow_own")]) as server:
        env = environment(server.url)
        pulled = flowsync("pull", "--new", root=started, env=env)
        assert pulled.code == 0
        planned = flowsync("plan", root=started, env=env)
        applied = flowsync("apply", root=started, env=env)
        assert (planned.code, applied.code, server.writes) == (0, 0, [])
        assert "No changes." in planned.out
        for told in (pulled.out, planned.err, applied.err):
            assert "hint: flowsync_example is the example that flowsync init wrote: delete its file." in told
        (started / EXAMPLE).unlink()
        assert "No changes." in flowsync("plan", root=started, env=env).out


@pytest.mark.parametrize(
    ("arguments", "following"),
    [
        (["plan", "--sandbox"], "flowsync apply --sandbox"),
        (["plan", "--sandbox", "flowsync_*"], "flowsync apply 'flowsync_*' --sandbox"),
        (
            ["plan", "--sandbox", "--base", "HEAD", "--on-drift", "keep"],
            "flowsync apply --base HEAD --on-drift keep --sandbox",
        ),
        (["plan", "--sandbox", "--out", "plan.json"], "flowsync apply plan.json --sandbox"),
    ],
)
def test_what_a_plan_says_to_run_next_does_that_very_plan(started: Path, arguments: list[str], following: str) -> None:
    flowsync("status", "--sandbox", root=started)
    example = started / EXAMPLE
    example.write_text(example.read_text().replace("Example of flowsync", "My example"))
    planned = flowsync_in(started, *arguments)
    assert planned.code == 0
    told = re.search(r"Next: (.*?)(?:, which .*)?$", planned.both, re.MULTILINE)
    assert told is not None
    assert told[1] == following
    applied = flowsync_in(started, *shlex.split(told[1])[1:])
    assert (applied.code, "applied        flowsync_example" in applied.out) == (0, True), applied.both


def test_the_next_command_leads_to_the_same_folder_configuration_and_environment(started: Path, tmp_path: Path) -> None:
    (started / "other.yaml").write_text("environments:\n  staging: {}\n")
    place = ["-C", str(started), "--config", "other.yaml", "-e", "staging", "--sandbox"]
    planned = flowsync_in(tmp_path, "plan", *place)
    assert f"Next: flowsync apply {shlex.join(place)}\n" in planned.out
    applied = flowsync_in(tmp_path, "apply", *place)
    told = re.search(r"to put it back: flowsync (.*)", applied.err)
    assert told is not None
    assert flowsync_in(tmp_path, *shlex.split(told[1])).code == 0


def test_a_pull_whose_tests_no_longer_hold_says_what_to_do(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": TESTED}, [row(1, "flow_a", targetingLogic="")]) as (_, run):
        checked = run("pull", "--check")
        assert "no longer hold" not in checked.err
        pulled = run("pull")
    assert pulled.code == 0
    assert "Tests in 1 file now fail, so plan refuses them: correct the tests" in pulled.err
    assert flowsync("validate", root=tmp_path).code == 3


@pytest.mark.parametrize("group", [[], ["sandbox"]])
def test_a_group_without_a_command_shows_its_help(tmp_path: Path, group: list[str]) -> None:
    bare = process(*group, root=tmp_path)
    assert (bare.code, bare.out) == (64, "")
    assert bare.err == process(*group, "--help", root=tmp_path).out


def test_a_sandbox_is_served_where_there_are_no_files_yet(tmp_path: Path) -> None:
    serving = start("sandbox", "serve", root=tmp_path)
    first = serving.stdout.readline()
    serving.terminate()
    serving.communicate(timeout=10)
    assert first.startswith("export FRIGADE_API_URL=http://127.0.0.1:")
