"""The benchmarks: the same files each time, files that are right, and a verdict that fails only what is far off."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flowsync.flows.files import load_flows
from flowsync.validate import check_all
from tests.support.command import UNMEASURED

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import account  # noqa: E402 - benchmarks/ is no package
import budgets  # noqa: E402
import corpus  # noqa: E402
import findings  # noqa: E402
import kong  # noqa: E402
import others  # noqa: E402
import processes  # noqa: E402
import report  # noqa: E402
import tables  # noqa: E402
import zones  # noqa: E402


def test_the_same_count_gives_the_same_files_and_all_are_right(tmp_path: Path) -> None:
    for name in ("one", "two"):
        corpus.write_flows(tmp_path / name, 40)
    texts = [[path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("one", "two")]
    assert texts[0] == texts[1]
    loaded = load_flows(tmp_path, "one")
    assert (len(loaded.flows), loaded.problems, check_all(loaded.flows)) == (40, (), ())
    assert 2_000 < sum(map(len, texts[0])) / 40 < 3_500


def test_a_run_is_told_as_a_document(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--only", "start", "--json", "out.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert told["format"] == report.FORMAT
    assert [each["name"] for each in told["outcomes"]] == ["version", "help"]
    assert "--version" in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "met", "far"),
    [
        ("validate", 1.3, True, False),
        ("validate", 2.0, False, False),
        ("validate", 2.7, False, True),
        ("plan obvious", 7.5, True, False),
        ("plan obvious", 6.0, False, False),
        ("plan obvious", 3.0, False, True),
        ("plan memory", 500.0, False, False),
    ],
)
def test_only_a_ratio_that_is_far_off_fails(name: str, value: float, met: bool, far: bool) -> None:  # noqa: FBT001 - a table
    figure = processes.Figure(value, 0.1)
    (outcome,) = budgets.outcomes({name: figure})
    assert (outcome.is_met, outcome.is_far_over) == (met, far)
    found = (findings.Value(name, figure),)
    for told in (report.text(found, budgets.Size.quick()), report.page(found, budgets.Size.full())):
        assert outcome.budget.says in told


def measured(*seconds: float, memory: float = 40) -> processes.Measured:
    return processes.Measured(tuple(processes.Run(wall, wall / 2, memory) for wall in seconds))


def test_a_ratio_is_that_of_the_rounds_and_not_of_the_medians() -> None:
    ratio = measured(2, 30, 8).to(measured(1, 10, 2))
    assert ratio == processes.Figure(3, 2 / 3)


def test_promises_are_held_against_few_flows_and_many() -> None:
    few, many = measured(1, 1), measured(12, 12, memory=300)
    ratio = few.to(measured(2, 2))
    found = (
        findings.Sized(findings.Work.PLAN, findings.FLOWS, few, ratio),
        findings.Sized(findings.Work.PLAN, findings.MANY, many, ratio),
        findings.Applied(16, findings.FLOWS, measured(6.3)),
        findings.Applied(8, 10, measured(6.3)),
        findings.Value("help", ratio),
    )
    values = {name: figure.value for name, figure in findings.figures(found).items()}
    assert values == {
        "plan": 0.5,
        "plan memory": 40,
        "plan many": 1.2,
        "plan many memory": 300,
        "apply 16": 1,
        "apply 16 cpu": 3.15,
        "apply 16 memory": 40,
        "help": 0.5,
    }


def test_tables_tell_sizes_tools_and_what_is_missing() -> None:
    ratio = measured(1).to(measured(2))
    found = (
        findings.Sized(findings.Work.VALIDATE, 10, measured(1), ratio),
        findings.Applied(16, 100, measured(1.4)),
        findings.Applied(4, findings.FLOWS, measured(50)),
        findings.Compared("plan", "slow 1.0", measured(3), measured(1.5)),
        findings.Missing("write", "another", "not installed here"),
    )
    assert tables.sizes(found).rows == (
        ("10", "", "1.00 s = 0.50 Y, 40 MB", "", "", ""),
        ("100", "", "", "", "", "1.40 s = 2.00 bound, 40 MB"),
    )
    assert tables.tools(found).rows == (
        ("plan", "slow 1.0", "3.00 s, 40 MB", "1.50 s, 40 MB", f"2 {budgets.RATIO}", ""),
        ("write", "another", "not installed here", "", "", ""),
    )
    assert [row[:4] for row in tables.parallelism(found).rows] == [("4", "50.00 s", "25.00 s", f"2 {budgets.RATIO}")]
    told = json.loads(report.as_json(found, budgets.Size.quick()))["measured"]
    assert [each.get("missing") or each["seconds"] for each in told] == [
        [1],
        [1.4],
        [50],
        [3],
        [1.5],
        "not installed here",
    ]


def test_a_table_without_rows_is_not_told_on_a_terminal() -> None:
    assert tables.tools(()).as_text() == ""
    assert tables.Table(("a", "b"), (("longer", "x"),)).as_text() == "a       b\nlonger  x\n"


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    failing = processes.Command((sys.executable, "-c", "raise SystemExit('no')"), tmp_path, {})
    with pytest.raises(RuntimeError, match="no"):
        processes.run(failing)


def test_the_memory_of_a_process_is_not_that_of_who_started_it(tmp_path: Path) -> None:
    held = b"x" * 200_000_000
    run = processes.run(processes.Command((sys.executable, "-I", "-S", "-c", "pass"), tmp_path, {}))
    assert 1 < run.memory < len(held) / 2**20 / 2


def test_a_tool_that_is_not_there_or_fails_is_told_and_fails_nothing(tmp_path: Path) -> None:
    with pytest.raises(others.NotHereError, match="not installed here"):
        others.installed("no-such-tool-as-this")
    failing = processes.Command((sys.executable, "-c", "raise SystemExit('what it says')"), tmp_path, {})
    with pytest.raises(others.NotHereError, match="did not run here: what it says"):
        others.says(failing, "")
    speaking = processes.Command((sys.executable, "-c", "print('tool, version 1.22.0')"), tmp_path, {})
    with pytest.raises(others.NotHereError, match="did not run here"):
        others.says(speaking, "No changes")
    assert others.release("Tool", speaking) == "Tool 1.22.0"


def test_the_stand_in_for_kong_has_pages_of_what_the_files_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write_flows(tmp_path / "flows", 5)
    monkeypatch.chdir(tmp_path)
    first, last, other = (
        json.loads(kong.page("services", target))
        for target in ("/services?size=3", "/services?offset=3&size=3", "/routes?size=3")
    )
    assert (len(first["data"]), first["next"], first["offset"]) == (3, "/services?offset=3&size=3", "3")
    assert (len(last["data"]), last["next"], other) == (2, None, {"data": [], "next": None})
    text = (tmp_path / "flows" / "flow_00000.yaml").read_text()
    assert 0.9 < len("".join(first["data"][0]["tags"])) / len(text) < 1.1
    (plugin, *_) = json.loads(kong.page("plugins", "/plugins?size=3"))["data"]
    assert plugin["config"]["steps"][0]["id"] == "step-0"


def test_octodns_is_given_records_of_the_files_bytes_on_both_sides(tmp_path: Path) -> None:
    corpus.write_flows(tmp_path / "flows", 3)
    files = sorted((tmp_path / "flows").iterdir())
    config = yaml.safe_load(zones.write_zones(tmp_path / "zones", files).read_text())
    should, live = (
        yaml.safe_load((tmp_path / "zones" / side / "flows.example.yaml").read_text()) for side in zones.SIDES
    )
    assert should == live
    assert config["zones"] == {"flows.example.": {"sources": ["should"], "targets": ["live"]}}
    assert 0.9 < len("".join(should["flow-00000"]["values"])) / len(files[0].read_text()) < 1.1


def test_a_command_is_watched_in_all_of_its_threads(tmp_path: Path) -> None:
    corpus.write_flows(tmp_path / "flows", 3)
    command = [sys.executable, str(BENCHMARKS / "watched.py"), "apply", "--sandbox", *account.ALLOWED]
    done = subprocess.run(command, cwd=tmp_path, env=UNMEASURED, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    threads, _, functions = done.stderr.partition("calls\n")
    assert [name for name in ("MainThread", "apply") if f" s  {name}\n" not in threads] == []
    assert re.search(r" s +[0-9,]+  builtins \w+\n", functions)
