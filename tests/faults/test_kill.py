"""kill -9 at any moment: the record tells the truth, applying again finishes, rolling back undoes it all."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flowsync.cli.writing.recording import read_record
from flowsync.sandbox import Emulator
from flowsync.sandbox.server import PRIVATE_KEY, Request, Response, serve
from tests.faults.harness import Journal, account, workspace
from tests.support.command import CLEAN, command_line, flowsync, start

KILLS = 5
ALLOWED = ("--allow-many", "--allow-clear-targeting", "--allow-type-change", "--allow-protected")
RECORD = "record.jsonl"


@dataclass
class Assassin:
    """Kills the process that talks to it, before or after the `number`th write, or a moment after its first one."""

    journal: Journal
    dice: random.Random
    victim: int | None = None
    writes: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.number = self.dice.randint(1, 5)
        self.moment = self.dice.choice(["before", "after", "soon"])

    def handle(self, request: Request) -> Response:
        self.ready.wait(60)
        if request.method != "PUT" or self.victim is None:
            return self.journal.inner(request)
        with self.turn:
            self.writes += 1
            is_due = self.writes == self.number
        if is_due and self.moment == "before":
            self._strike()
        if is_due and self.moment == "soon":
            threading.Timer(self.dice.uniform(0, 0.02), self._strike).start()
        response = self.journal.inner(request)
        if is_due and self.moment == "after":
            self._strike()
        time.sleep(0.002)
        return response

    def _strike(self) -> None:
        victim, self.victim = self.victim, None
        if victim is not None:
            os.kill(victim, signal.SIGKILL)


@contextmanager
def scene(number: int) -> Iterator[tuple[Emulator, Journal]]:
    with account(number) as emulator:
        yield emulator, Journal(emulator)


@pytest.mark.parametrize("case", range(KILLS))
def test_a_killed_apply_leaves_a_record_that_tells_everything(tmp_path: Path, case: int) -> None:
    seed = os.environ["FLOWSYNC_FAULT_SEED"]
    check_kill(random.Random(f"{seed}/kill/{case}"), tmp_path)


def check_kill(dice: random.Random, folder: Path) -> int:
    """One kill, and all that has to hold after it; the exit code of the killed."""
    shutil.copytree(workspace().project.home / "flows", folder / "flows", dirs_exist_ok=True)
    with scene(dice.randrange(8)) as (emulator, journal):
        original = emulator.store.page(0, 100)
        assassin = Assassin(journal, dice)
        with serve(assassin.handle) as server:
            env = {"FRIGADE_API_URL": server.url, "FRIGADE_API_KEY": PRIVATE_KEY}
            code = kill_apply(assassin, folder, env)
            assert code in {-signal.SIGKILL, 0}
            check_record(journal, folder / RECORD, finished=code == 0)
            again = flowsync("apply", *ALLOWED, "--record", RECORD, root=folder, env=env)
            assert again.code == 0, again.both
            assert flowsync("plan", "--detailed-exitcode", root=folder, env=env).code == 0
            back = flowsync("rollback", RECORD, root=folder, env=env)
            assert back.code == 0, back.both
            for before, after in zip(original, emulator.store.page(0, 100), strict=True):
                assert (before.name, before.data, before.active) == (after.name, after.data, after.active)
                assert (before.targeting_logic or "", before.description or "") == (
                    after.targeting_logic or "",
                    after.description or "",
                )
    return code


def kill_apply(assassin: Assassin, folder: Path, env: dict[str, str]) -> int:
    """Start an apply that is going to be killed; its exit code. It may be done before it is."""
    running = start("apply", *ALLOWED, "--parallelism", "2", "--record", RECORD, root=folder, env=env)
    assassin.victim = running.pid
    assassin.ready.set()
    running.communicate(timeout=60)
    assassin.victim = None
    return running.returncode


def check_record(journal: Journal, path: Path, *, finished: bool) -> None:
    """Every write that took effect is in the record as it was before; of no other the record is sure."""
    kept = read_record(path, RECORD)
    assert kept.is_complete or not finished
    writes = {write.id: write for write in kept.writes}
    effects = {effect.id: effect for effect in journal.effects()}
    for effect in effects.values():
        fields = writes[effect.id].before.fields
        assert (fields["name"], fields["data"]) == (effect.before.name, effect.before.data)
        assert writes[effect.id].body == effect.body
    for write in kept.writes:
        if write.id not in effects:
            assert write.result is None, "the record is sure of a write that never took effect"


def test_ctrl_c_twice_ends_at_once_and_leaves_a_record(tmp_path: Path) -> None:
    shutil.copytree(workspace().project.home / "flows", tmp_path / "flows")
    with scene(1) as (_, journal):
        waiting, release = threading.Event(), threading.Event()

        def handle(request: Request) -> Response:
            if request.method == "PUT":
                waiting.set()
                release.wait(90)
            return journal.inner(request)

        with serve(handle) as server:
            env = {"FRIGADE_API_URL": server.url, "FRIGADE_API_KEY": PRIVATE_KEY}
            with subprocess.Popen(
                command_line("apply", *ALLOWED, "--record", RECORD),
                cwd=tmp_path,
                env={**CLEAN, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as running:
                assert waiting.wait(60)
                running.send_signal(signal.SIGINT)
                assert running.stderr is not None
                while "Stopping" not in running.stderr.readline():
                    pass
                running.send_signal(signal.SIGINT)
                assert running.wait(60) == 130
                assert f"the way back: flowsync rollback {RECORD}" in running.stderr.read()
            release.set()
    kept = read_record(tmp_path / RECORD, RECORD)
    assert not kept.is_complete
    assert kept.uncertain == len(kept.writes) > 0
