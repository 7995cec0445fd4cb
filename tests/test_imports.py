"""A command imports what it uses: a library that is slow to import is imported by the commands that need it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.command import execute

SLOW = ("jsonschema", "httpx", "deepdiff", "rich", "concurrent.futures")


def imported(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> set[str]:
    """Which of the slow modules a command imports."""
    script = (
        "import sys, click; before = set(sys.modules); from flowsync.cli import run; code = run(sys.argv[1:]);"
        f" print('imported', *(name for name in {SLOW!r} if name in sys.modules.keys() - before)); sys.exit(code)"
    )
    done = execute([sys.executable, "-c", script, *arguments], directory, env)
    assert done.code == 0, done.err
    return set(done.out.splitlines()[-1].split()[1:])


def test_validating_right_files_imports_nothing_slow(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    logic = "targetingLogic: user.property('plan') == 'pro'\n"
    tests = "tests:\n  - user: {properties: {plan: pro}}\n    sees: true\n"
    (tmp_path / "flows" / "flow_a.yaml").write_text(f"name: A\nactive: true\n{logic}{tests}", encoding="utf-8")
    assert imported(tmp_path, "validate") == set()


def test_a_plan_imports_httpx_without_what_draws_its_command_line(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "flow_a.yaml").write_text("name: A\ndata: {steps: []}\n", encoding="utf-8")
    assert imported(tmp_path, "plan", "--sandbox") & {"httpx", "rich"} == {"httpx"}


def test_help_and_version_import_nothing_slow(tmp_path: Path) -> None:
    assert imported(tmp_path, "--version") == set()
    assert imported(tmp_path, "--help") == set()
