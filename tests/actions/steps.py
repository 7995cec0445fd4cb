"""The steps of action.yml, run under bash as the runner runs them. As a module: install for real, then validate."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.command import Completed, execute

ROOT: Final = Path(__file__).parent.parent.parent
ACTION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, RUN, UPLOAD = ACTION["runs"]["steps"]


def run(step: Mapping[str, Any], env: Mapping[str, str], workspace: Path) -> Completed:
    """Run one step, with `env` and no other variable of GitHub or flowsync."""
    script = Path(env["RUNNER_TEMP"]) / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    return execute(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], workspace, env, timeout=300)


def inputs(**given: str) -> dict[str, str]:
    """The variables of the second step: every input as its default, but for those given."""
    values = {name: each["default"] for name, each in ACTION["inputs"].items()}
    values |= {name.replace("_", "-"): value for name, value in given.items()}
    expressions = {f"${{{{ inputs.{name} }}}}": value for name, value in values.items()}
    return {variable: expressions[expression] for variable, expression in RUN["env"].items()}


def run_of_github(temporary: Path, sha: str) -> dict[str, str]:
    """What the runner says of a push of `sha`; the token of the run is none that any server knows."""
    event = temporary / "event.json"
    event.write_text(json.dumps({"before": "0" * 40, "commits": []}), encoding="utf-8")
    return {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acorn/onboarding",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": sha,
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        "GITHUB_OUTPUT": str(temporary / "output.txt"),
    }


def main() -> int:
    """Install this checkout with its locked dependencies, from the network, then validate its own flows."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**run_of_github(Path(folder), "1" * 40), **{k: v for k, v in os.environ.items() if k.startswith("PIP_")}}
        for step, extra in ((INSTALL, {}), (RUN, inputs(command="validate", github_token=""))):
            done = run(step, {**env, **extra}, ROOT)
            sys.stdout.write(done.both)
            if done.code:
                return done.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
