"""The real YAML parsers of JavaScript, where Node and they are installed.

They are looked for in the folder that FLOWSYNC_NODE_MODULES names, else in tests/javascript/node_modules
(`npm install --no-package-lock` there).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "javascript"
PARSERS = tuple(sorted(json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]))


@dataclass(frozen=True)
class Readings:
    """What each parser makes of each text: `{"ok": value}` or `{"error": message}`, by the parser's name."""

    versions: dict[str, str]
    by_text: list[dict[str, dict[str, Any]]]


@lru_cache(maxsize=2)
def modules(needed: tuple[str, ...] = PARSERS) -> Path | None:
    """The node_modules folder that holds what is needed; None where it, or Node, is not there."""
    folder = Path(os.environ.get("FLOWSYNC_NODE_MODULES") or FOLDER / "node_modules").absolute()
    complete = all((folder / name / "package.json").is_file() for name in needed)
    return folder if complete and shutil.which("node") else None


def read(texts: Sequence[str], parsers: Sequence[str] = PARSERS) -> Readings:
    """Ask these parsers what they read."""
    folder = modules()
    assert folder is not None, "ask modules() first"
    done = subprocess.run(
        ["node", str(FOLDER / "read.cjs"), str(folder), *parsers],
        input=json.dumps(list(texts)).encode(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    versions, *lines = map(json.loads, done.stdout.decode().rstrip("\n").split("\n"))
    return Readings(versions, lines)


def status() -> str:
    """For the summary of a test run: which parsers answered, or that the stored sample stood in."""
    if modules() is None:
        return f"not found here ({', '.join(PARSERS)}): the stored sample of what they read stood in for them"
    return ", ".join(f"{name} {version}" for name, version in read([]).versions.items())
