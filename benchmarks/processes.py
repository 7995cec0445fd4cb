"""Whole processes, measured from outside: wall time, processor time of the process and its children, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAUNCHER: Final = (sys.executable, "-I", "-S", str(Path(__file__).with_name("one_process.py")))


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
class Figure:
    """The median of some rounds, and how far they lay apart, as a share of it."""

    value: float
    spread: float

    def divided(self, by: float) -> Figure:
        """The same of `by` parts."""
        return Figure(self.value / by, self.spread)


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one command, one a round."""

    runs: tuple[Run, ...]

    @property
    def wall(self) -> Figure:
        """Seconds on the clock."""
        return figure([each.wall for each in self.runs])

    @property
    def cpu(self) -> Figure:
        """Seconds of processor time."""
        return figure([each.cpu for each in self.runs])

    @property
    def memory(self) -> Figure:
        """Peak memory in MB: the highest."""
        peaks = [each.memory for each in self.runs]
        return Figure(max(peaks), figure(peaks).spread)

    def to(self, other: Measured) -> Figure:
        """How many times as long it took as another command did: round by round, for a slow moment meets both."""
        return figure([own.wall / its.wall for own, its in zip(self.runs, other.runs, strict=True)])


def figure(values: Sequence[float]) -> Figure:
    """Median and spread."""
    median = statistics.median(values)
    return Figure(median, (max(values) - min(values)) / median)


def run(command: Command) -> Run:
    """Run a command once. Raises RuntimeError with its last words when its exit code is not an expected one."""
    done = subprocess.run(
        [*LAUNCHER, *command.arguments],
        cwd=command.directory,
        env=environment(command.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu, kilobytes, code = done.stdout.split()
    if int(code) not in command.expected:
        raise RuntimeError(f"{' '.join(command.arguments)} ended with {code}:\n{done.stderr[-2000:]}")
    return Run(float(wall), float(cpu), int(kilobytes) / 1024)


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
    return {name: told(name, Measured(tuple(each))) for name, each in runs.items()}


def told(name: str, measured: Measured) -> Measured:
    """The same, and a line for who watches."""
    wall, cpu, memory = measured.wall, measured.cpu.value, measured.memory.value
    sys.stderr.write(f"{name:>24}  {wall.value:8.3f} s  {wall.spread:4.0%} apart  {cpu:8.3f} s cpu  {memory:6.1f} MB\n")
    return measured
