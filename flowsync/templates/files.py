"""The files themselves."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Final

from flowsync.templates.action import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.templates.action import Action

NAMES: Final = ("flowsync-plan.yml", "flowsync-apply.yml", "flowsync-drift.yml")
FOLDER: Final = ".github/workflows"
EXAMPLE: Final = "flowsync_example"
"""The slug of the example; no account has a flow of this name."""
LIVE_BRANCH: Final = "main"
"""The branch in the templates whose state is live."""


def workflows(action: Action, branch: str = LIVE_BRANCH) -> Mapping[str, str]:
    """The workflows by their paths in a repository: plan in pull requests, apply on `branch`, drift on weekdays."""
    return {f"{FOLDER}/{name}": _workflow(name, action, branch) for name in NAMES}


def configuration() -> str:
    """The text of a flowsync.yaml that sets the defaults and explains the rest."""
    return _template("flowsync.yaml")


def example() -> str:
    """The text of a flow file to look at, but for the line by which editors find its schema."""
    return _template(f"{EXAMPLE}.yaml").partition("\n")[2]


def pre_commit(action: Action) -> str:
    """The text of a `.pre-commit-config.yaml` with flowsync's hooks."""
    text = _template(".pre-commit-config.yaml")
    return text.replace(PLACEHOLDER.url, action.url).replace(_revision(PLACEHOLDER), _revision(action))


def _revision(action: Action) -> str:
    return f'"{action.commit}" # v{action.version}'


def _workflow(name: str, action: Action, branch: str) -> str:
    text = _template("workflows", name).replace(PLACEHOLDER.uses, action.uses)
    return text.replace(f"- {json.dumps(LIVE_BRANCH)}\n", f"- {json.dumps(branch)}\n")


def _template(*path: str) -> str:
    return resources.files(__package__).joinpath(*path).read_text(encoding="utf-8")
