"""Whole processes, measured from outside: wall time, processor time of the process and its children, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """What is run: arguments, directory, and what its environment has beside ours. `expected` are fine exit codes."""

    arguments: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]
    expected: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds on the clock, seconds of processor time, peak resident memory in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Runs of one command: medians, the spread of the clock's times as a share of their median, the highest peak."""

    wall: float
    cpu: float
    spread: float
    memory: float


def run(command: Command) -> Run:
    """Run a command once. Raises RuntimeError with its last words when its exit code is not an expected one."""
    started = time.perf_counter()
    with subprocess.Popen(
        command.arguments,
        cwd=command.directory,
        env=environment(command.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode not in command.expected:
        raise RuntimeError(f"{' '.join(command.arguments)} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Our environment without what would change the measurement: keys, and the ban on writing bytecode."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FRIGADE_", "PYTHON"))}
    return {**kept, **more}


def measure(commands: Mapping[str, Command], rounds: int) -> dict[str, Measured]:
    """Each command once to warm up, then all in turn, round after round, so that a slow moment meets all of them."""
    for command in commands.values():
        run(command)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {name: summary(each) for name, each in runs.items()}


def summary(runs: Sequence[Run]) -> Measured:
    """Medians and spread of runs."""
    walls = [each.wall for each in runs]
    wall = statistics.median(walls)
    return Measured(
        wall,
        statistics.median(each.cpu for each in runs),
        (max(walls) - min(walls)) / wall,
        max(r.memory for r in runs),
    )
