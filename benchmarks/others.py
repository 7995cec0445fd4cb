"""What people use today, at the same work on the same machine, in the same rounds as flowsync."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from account import FLOWSYNC, applying, served, serving
from findings import FLOWS, LATENCY, Compared, Missing, Value
from processes import Command, environment, measure
from zones import write_zones

from flowsync.validate import schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from account import Bench
    from findings import Finding

HERE: Final = Path(__file__).parent
PLAN: Final = (*FLOWSYNC, "plan")
NOT_INSTALLED: Final = "not installed here"
NO_CHANGES: Final = "No changes were planned"


class NotHereError(Exception):
    """Why a tool is not measured here."""


def others(bench: Bench) -> Iterator[Finding]:
    """Each tool beside flowsync, or why it is not."""
    flows, scripted = f"{bench.size.others:,}", f"{bench.size.scripted:,}"
    for tool, work, compare in (
        ("check-jsonschema", f"check {flows} files by the schema", _check_jsonschema),
        ("octodns-sync", f"plan {flows} unchanged, nothing remote", _octodns),
        ("deck diff", f"plan {FLOWS:,} unchanged, flat, {LATENCY} ms", _deck_services),
        ("deck diff", f"plan {FLOWS:,} unchanged, nested, {LATENCY} ms", _deck_plugins),
        ("obvious.py", f"plan {flows} unchanged, {LATENCY} ms", _obvious),
        ("requests_script.py", f"write {scripted} flows, {LATENCY} ms", _requests),
    ):
        yield from _or_missing(compare(bench, work), work, tool)


def _or_missing(found: Iterator[Finding], work: str, tool: str) -> Iterator[Finding]:
    try:
        yield from found
    except NotHereError as error:
        yield Missing(work, tool, str(error))


def _check_jsonschema(bench: Bench, work: str) -> Iterator[Finding]:
    program = installed("check-jsonschema")
    project = bench.project(bench.size.others)
    schema = bench.scratch / "flow.schema.json"
    schema.write_text(schema_text("flow"), encoding="utf-8")
    names = sorted(f"flows/{path.name}" for path in (project / "flows").iterdir())
    its = Command((program, "--schemafile", str(schema), *names), project, {})
    name = release("check-jsonschema", Command((program, "--version"), project, {}))
    yield _beside(bench, work, name, its, Command((*FLOWSYNC, "validate"), project, {}))


def _octodns(bench: Bench, work: str) -> Iterator[Finding]:
    program = installed("octodns-sync")
    project = bench.filled(bench.size.others)
    config = write_zones(bench.scratch / "zones", (project / "flows").iterdir())
    its = Command((program, "--config-file", str(config)), project, {})
    says(its, NO_CHANGES)
    name = release("octoDNS", Command((program, "--version"), project, {}))
    with served(project, 0) as where:
        yield _beside(bench, work, name, its, Command(PLAN, project, where))


def _deck_services(bench: Bench, work: str) -> Iterator[Finding]:
    compared = _deck(bench, work, "services", bench.size.rounds)
    yield compared
    yield Value("plan deck", compared.ratio)


def _deck_plugins(bench: Bench, work: str) -> Iterator[Finding]:
    yield _deck(bench, work, "plugins", bench.size.other_rounds)


def _deck(bench: Bench, work: str, kind: str, rounds: int) -> Compared:
    """Against a stand-in for Kong. What it is compared with is decK's own dump of that."""
    program = installed("deck")
    project = bench.filled(FLOWS)
    state = str(bench.scratch / f"kong-{kind}.yaml")
    kong = (sys.executable, str(HERE / "kong.py"), kind, str(LATENCY))
    with serving(Command(kong, project, {}), lines=1) as (url,), served(project, LATENCY) as where:
        address, quiet = ("--kong-addr", url), {"DECK_ANALYTICS": "off"}
        says(Command((program, "dump", *address, "--output-file", state), project, quiet), "")
        its = Command((program, "diff", *address, "--state", state, "--non-zero-exit-code"), project, quiet)
        says(its, "")
        of = measure({f"deck, {kind}": its, "plan beside it": Command(PLAN, project, where)}, rounds)
    theirs, ours = of.values()
    return Compared(work, release("decK", Command((program, "version"), project, quiet)), theirs, ours)


def _obvious(bench: Bench, work: str) -> Iterator[Finding]:
    project = bench.filled(bench.size.others)
    with served(project, LATENCY) as where:
        its = Command((sys.executable, str(HERE / "obvious.py")), project, where)
        compared = _beside(bench, work, "the obvious Python", its, Command(PLAN, project, where))
    yield compared
    if bench.size.others == FLOWS:
        yield Value("plan obvious", compared.ratio)


def _requests(bench: Bench, work: str) -> Iterator[Finding]:
    """The script and our apply undo each other's change, so that our apply always has something to write."""
    if find_spec("requests") is None:
        raise NotHereError(NOT_INSTALLED)
    name = f"a script with requests {version('requests')}"
    project, other = bench.to_write(bench.size.scripted)
    with served(project, LATENCY) as where:
        its = Command((sys.executable, str(HERE / "requests_script.py")), project, where)
        yield _beside(bench, work, name, its, applying(other, where))


def _beside(bench: Bench, work: str, tool: str, its: Command, ours: Command) -> Compared:
    of = measure({tool: its, "flowsync beside it": ours}, bench.size.other_rounds)
    theirs, own = of.values()
    return Compared(work, tool, theirs, own)


def installed(program: str) -> str:
    """Where it is: beside this Python, or on the path. Raises NotHereError."""
    beside = Path(sys.executable).with_name(program)
    found = str(beside) if beside.exists() else which(program)
    if found is None:
        raise NotHereError(NOT_INSTALLED)
    return found


def release(tool: str, command: Command) -> str:
    """The tool's name with its release, which the command tells."""
    number = re.search(r"\d+(\.\d+)+", says(command, ""))
    return f"{tool} {number[0]}" if number else tool


def says(command: Command, words: str) -> str:
    """What a command says, which holds these words. Raises NotHereError if it fails, or they are not in it."""
    done = subprocess.run(
        command.arguments,
        cwd=command.directory,
        env=environment(command.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or words not in done.stdout + done.stderr:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise NotHereError(f"did not run here: {' '.join(last)}")
    return done.stdout
