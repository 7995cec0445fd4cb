"""How fast flowsync is, as ratios to baselines measured in the same run.

    python benchmarks/run.py                  everything: about seven minutes
    python benchmarks/run.py --quick          the set that .ci/run holds: about two minutes
    python benchmarks/run.py --docs           and write docs/performance.md
    python benchmarks/run.py --profile plan   where the time of one command goes

Whole processes over generated files (benchmarks/corpus.py, a fixed seed) and the sandbox's own server. Exits 1 when a
ratio is more than twice its budget, twice in a row.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import report
from account import FLOWSYNC, applying, changed, fill, make_project, served
from budgets import BUDGETS, Size
from processes import Command, environment, measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from budgets import Outcome
    from processes import Measured

HERE: Final = Path(__file__).parent
LATENCY: Final = 50
"""Milliseconds before each answer, as over the internet."""
PROFILED: Final = {"validate": ("validate",), "plan": ("plan", "--sandbox"), "list": ("list", "--sandbox")}


def main() -> int:
    """Measure, tell, and judge."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="flowsync-bench-") as scratch:
        if options.profile:
            return _profile(Path(scratch), PROFILED[options.profile])
        size = Size.quick() if options.quick else Size.full()
        outcomes = _outcomes(Path(scratch) / "first", size, options.only)
        far = _far_over(outcomes)
        if far:
            sys.stderr.write(
                f"Far over: {', '.join(sorted(far))}. Measured once more, for a busy moment is no regression.\n"
            )
            far &= _far_over(_outcomes(Path(scratch) / "second", size, options.only))
    sys.stdout.write(report.text(outcomes, size))
    if options.json:
        Path(options.json).write_text(report.as_json(outcomes, size), encoding="utf-8")
    if options.docs:
        (HERE.parent / "docs" / "performance.md").write_text(report.page(outcomes, size), encoding="utf-8")
    return 1 if far else 0


def _outcomes(scratch: Path, size: Size, only: str | None) -> list[Outcome]:
    scratch.mkdir()
    values = dict(_values(scratch, size, only))
    return [budget.held_against(values) for budget in BUDGETS if budget.name in values]


def _far_over(outcomes: Iterable[Outcome]) -> set[str]:
    return {outcome.budget.name for outcome in outcomes if outcome.is_far_over}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer flows and rounds")
    parser.add_argument("--json", metavar="FILE", help="write the outcomes to FILE too")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md")
    parser.add_argument("--profile", choices=sorted(PROFILED), help="run one command under the profiler instead")
    parser.add_argument("--only", choices=("start", "files", "plan", "apply"), help="one part only")
    return parser.parse_args()


def _values(scratch: Path, size: Size, only: str | None) -> Iterator[tuple[str, float]]:
    """Every measured value by the name of its budget."""
    project = make_project(scratch / "project", size.flows)
    parts = {"start": _start, "files": _files, "plan": _plan, "apply": _apply}
    for name, part in parts.items():
        if only in {None, name}:
            yield from part(scratch, project, size)


def _start(scratch: Path, _: Path, size: Size) -> Iterator[tuple[str, float]]:
    of = _measured(
        {
            "pass": Command((sys.executable, "-c", "pass"), scratch, {}),
            "version": Command((*FLOWSYNC, "--version"), scratch, {}),
            "help": Command((*FLOWSYNC, "--help"), scratch, {}),
        },
        size.rounds * 3,
    )
    yield "version", of["version"].wall / of["pass"].wall
    yield "help", of["help"].wall / of["pass"].wall


def _files(scratch: Path, project: Path, size: Size) -> Iterator[tuple[str, float]]:
    yield (
        "reader",
        float(
            subprocess.check_output([sys.executable, HERE / "reading.py"], cwd=project, env=environment({}), text=True)
        ),
    )
    commands = {"parse": _parse(project), "validate": Command((*FLOWSYNC, "validate"), project, {})}
    if size.many:
        many = make_project(scratch / "many", size.many)
        commands["many"] = Command((*FLOWSYNC, "validate"), many, {})
    of = _measured(commands, size.rounds)
    yield "validate", of["validate"].wall / of["parse"].wall
    yield "validate memory", of["validate"].memory
    if size.many:
        yield "validate many", of["many"].wall / of["validate"].wall / (size.many / size.flows)
        yield "validate many memory", of["many"].memory


def _plan(scratch: Path, project: Path, size: Size) -> Iterator[tuple[str, float]]:
    fill(project)
    one, every = changed(project, scratch / "one", 1), changed(project, scratch / "every", size.flows)
    with served(project, LATENCY) as where:
        commands = {
            "parse": _parse(project),
            "unchanged": Command((*FLOWSYNC, "plan"), project, where),
            "one": Command((*FLOWSYNC, "plan"), one, where),
            **{form: Command((*FLOWSYNC, "plan", "--format", form), every, where) for form in report.FORMS},
        }
        if size.has_baselines:
            commands["obvious"] = Command((sys.executable, str(HERE / "obvious.py")), project, where)
        of = _measured(commands, size.rounds)
    yield "plan", of["unchanged"].wall / of["parse"].wall
    yield "plan one", of["one"].wall / of["unchanged"].wall
    yield "plan memory", of["unchanged"].memory
    for form in report.FORMS:
        yield f"plan all {form}", of[form].wall / of["unchanged"].wall
    if size.has_baselines:
        yield "plan obvious", of["obvious"].wall / of["unchanged"].wall


def _apply(scratch: Path, project: Path, size: Size) -> Iterator[tuple[str, float]]:
    """Each round writes every flow, there and back."""
    project = make_project(scratch / "applied", size.flows)
    other = changed(project, scratch / "applied-other", size.flows)
    fill(project)
    for in_flight in size.in_flight:
        with served(project, LATENCY) as where:
            there, back = (applying(each, where, "--parallelism", str(in_flight)) for each in (other, project))
            of = _measured({"there": there, "back": back}, size.rounds // 2)
        bound = -(-size.flows // in_flight) * 2 * LATENCY / 1000
        yield f"apply {in_flight}", (of["there"].wall + of["back"].wall) / 2 / bound
    yield "apply cpu", (of["there"].cpu + of["back"].cpu) / 2 * 1000 / size.flows
    yield "apply memory", max(of["there"].memory, of["back"].memory)


def _parse(project: Path) -> Command:
    return Command((sys.executable, str(HERE / "only_parse.py")), project, {})


def _measured(commands: Mapping[str, Command], rounds: int) -> dict[str, Measured]:
    of = measure(commands, rounds)
    for name, each in of.items():
        told = {key: round(value, 3) for key, value in asdict(each).items()}
        sys.stderr.write(f"{name:>12}  {told}\n")
    return of


def _profile(scratch: Path, arguments: tuple[str, ...]) -> int:
    project = make_project(scratch / "project", Size.quick().flows)
    fill(project)
    script = (
        "import cProfile, pstats, sys; from flowsync.cli import run; profile = cProfile.Profile();"
        " profile.runcall(run, sys.argv[1:]); pstats.Stats(profile, stream=sys.stderr).sort_stats('tottime')"
        ".print_stats(40)"
    )
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.call(command, cwd=project, env=environment({}), stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main())
