"""The benchmarks: the same files each time, files that are right, and a verdict that fails only what is far off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flowsync.load import load_flows
from flowsync.validate import check_all

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import budgets  # noqa: E402 - benchmarks/ is no package
import corpus  # noqa: E402
import processes  # noqa: E402
import report  # noqa: E402


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
        ("validate", 0.75, True, False),
        ("validate", 1.0, False, False),
        ("validate", 1.6, False, True),
        ("plan obvious", 9.0, True, False),
        ("plan obvious", 7.0, False, False),
        ("plan obvious", 3.0, False, True),
        ("plan memory", 500.0, False, False),
    ],
)
def test_only_a_ratio_that_is_far_off_fails(name: str, value: float, met: bool, far: bool) -> None:  # noqa: FBT001 - a table
    budget = next(each for each in budgets.BUDGETS if each.name == name)
    outcome = budget.held_against({name: value})
    assert (outcome.is_met, outcome.is_far_over) == (met, far)
    for told in (report.text([outcome], budgets.Size.quick()), report.page([outcome], budgets.Size.full())):
        assert budget.says in told


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    failing = processes.Command((sys.executable, "-c", "raise SystemExit('no')"), tmp_path, {})
    with pytest.raises(RuntimeError, match="no"):
        processes.run(failing)
