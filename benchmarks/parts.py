"""What is measured of flowsync by itself, part by part."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from account import FLOWSYNC, applying, changed, served
from budgets import FORMS
from findings import FLOWS, LATENCY, Applied, Sized, Value, Work
from processes import Command, Figure, Measured, environment, measure, run, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from account import Bench
    from findings import Finding

HERE: Final = Path(__file__).parent
IN_FLIGHT: Final = 16
"""Requests in flight where it is the number of flows that varies."""
PARALLELISMS: Final = (4, 8, 10, 16, 32)


def starting(bench: Bench) -> Iterator[Finding]:
    """What every command pays before it does anything."""
    of = measure(
        {
            "pass": Command((sys.executable, "-c", "pass"), bench.scratch, {}),
            "version": Command((*FLOWSYNC, "--version"), bench.scratch, {}),
            "help": Command((*FLOWSYNC, "--help"), bench.scratch, {}),
        },
        bench.size.rounds * 3,
    )
    yield Value("version", of["version"].to(of["pass"]))
    yield Value("help", of["help"].to(of["pass"]))


def files(bench: Bench) -> Iterator[Finding]:
    """Reading and validating, which asks nobody."""
    reading = [sys.executable, str(HERE / "reading.py")]
    share = subprocess.check_output(reading, cwd=bench.project(FLOWS), env=environment({}), text=True)
    yield Value("reader", Figure(float(share), 0))
    for flows in bench.size.sizes:
        project = bench.project(flows)
        yield from _sized(bench, flows, {Work.VALIDATE: Command((*FLOWSYNC, "validate"), project, {})})


def plans(bench: Bench) -> Iterator[Finding]:
    """Plans that find nothing, of small repositories and large ones, and plans that find much."""
    for flows in bench.size.sizes:
        project = bench.filled(flows)
        with ExitStack() as stack:
            near, far = (stack.enter_context(served(project, latency)) for latency in (0, LATENCY))
            plan = (*FLOWSYNC, "plan")
            commands = {Work.NEAR: Command(plan, project, near), Work.PLAN: Command(plan, project, far)}
            yield from _sized(bench, flows, commands)
    yield from _plans_that_find(bench)


def _sized(bench: Bench, flows: int, commands: Mapping[Work, Command]) -> Iterator[Finding]:
    every = {Work.PARSE: parse(bench.project(flows)), **commands}
    of = measure({f"{work.value} of {flows:,}": each for work, each in every.items()}, bench.size.rounds_of(flows))
    parsing, *others = of.values()
    yield Sized(Work.PARSE, flows, parsing, parsing.to(parsing))
    for work, measured in zip(commands, others, strict=True):
        yield Sized(work, flows, measured, measured.to(parsing))


def _plans_that_find(bench: Bench) -> Iterator[Finding]:
    project = bench.filled(FLOWS)
    one, every = changed(project, bench.scratch / "one", 1), changed(project, bench.scratch / "every", FLOWS)
    with served(project, LATENCY) as where:
        commands = {
            "unchanged": Command((*FLOWSYNC, "plan"), project, where),
            "one": Command((*FLOWSYNC, "plan"), one, where),
            **{form: Command((*FLOWSYNC, "plan", "--format", form), every, where) for form in FORMS},
        }
        of = measure(commands, bench.size.rounds)
    yield Value("plan one", of["one"].to(of["unchanged"]))
    for form in FORMS:
        yield Value(f"plan all {form}", of[form].to(of["unchanged"]))


def applies(bench: Bench) -> Iterator[Finding]:
    """Applies of small repositories and large ones."""
    for flows in bench.size.sizes:
        yield _applied(bench, flows, IN_FLIGHT)


def parallelism(bench: Bench) -> Iterator[Finding]:
    """Applies with few requests in flight and with many."""
    for in_flight in PARALLELISMS:
        yield _applied(bench, FLOWS, in_flight)


def _applied(bench: Bench, flows: int, in_flight: int) -> Applied:
    """Each run writes every flow, there and back, so that there is always something to write."""
    project, other = bench.to_write(flows)
    runs = []
    with served(project, LATENCY) as where:
        for _ in range(bench.size.applies_of(flows)):
            for directory in (other, project):
                runs.append(run(applying(directory, where, "--parallelism", str(in_flight))))  # noqa: PERF401 - minutes
    return Applied(in_flight, flows, told(f"apply {flows:,}, {in_flight} at once", Measured(tuple(runs))))


def parse(project: Path) -> Command:
    """The process that only parses the files, as everyone does: Y."""
    return Command((sys.executable, str(HERE / "only_parse.py")), project, {})
