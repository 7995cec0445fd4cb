"""A command imports what it uses: what is not needed to start is loaded when it is first asked for."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from flowsync import audience, document, live, model, pipeline, plan, targeting
from tests.support.command import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.mark.parametrize("package", [audience, document, live, model, pipeline, plan, targeting])
def test_every_published_name_is_there_and_no_module_hides_one(package: ModuleType) -> None:
    for name in package.__all__:
        assert not isinstance(getattr(package, name), ModuleType), name


@pytest.mark.parametrize("package", [audience, document, live, model, pipeline, plan, targeting])
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        package.nonsense  # noqa: B018 - reading it is the point


DEAR = (
    "dataclasses",
    "jsonschema",
    "httpx",
    "deepdiff",
    "rich",
    "yaml",
    "difflib",
    "zipfile",
    "subprocess",
    "concurrent.futures",
)


def imported(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> set[str]:
    """Which of the dear modules a command imports, besides what is there already and what click cannot do without.

    What is there already are the modules that measure coverage; click imports subprocess on Python 3.10.
    """
    script = (
        "import sys, click; before = set(sys.modules); from flowsync.cli import run; code = run(sys.argv[1:]);"
        f" print('imported', *(name for name in {DEAR!r} if name in sys.modules.keys() - before)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=directory,
        env={**CLEAN, **(env or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_validating_right_files_imports_nothing_dear(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    logic = "targetingLogic: user.property('plan') == 'pro'\n"
    tests = "tests:\n  - user: {properties: {plan: pro}}\n    sees: true\n"
    (tmp_path / "flows" / "flow_a.yaml").write_text(f"name: A\nactive: true\n{logic}{tests}", encoding="utf-8")
    assert imported(tmp_path, "validate") == set()


def test_help_and_version_import_nothing_dear(tmp_path: Path) -> None:
    assert imported(tmp_path, "--version") == set()
    assert imported(tmp_path, "--help") == set()
