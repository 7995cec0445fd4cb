"""Files that a project using flowsync needs: its configuration, a flow to look at, workflows, the pre-commit entry.

They are kept as they are read, and linted as they are kept: what differs from project to project are the action's
reference and the name of the branch that is live.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from typing import Final

from flowsync import __version__

DISTRIBUTION: Final = "frigade-flowsync"
"""What pip calls flowsync: on PyPI, `flowsync` is a package of somebody else."""
RELEASE: Final = "release.json"
"""Beside this module in what a release publishes: `{"url": …, "commit": …}`, written when it is built."""
_REPOSITORY: Final = re.compile(r"(?P<server>https://[A-Za-z0-9.:-]+)/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Action:
    """The action at one commit. `server` is where its repository lives, `version` what people call the commit."""

    server: str
    repository: str
    commit: str
    version: str

    @property
    def uses(self) -> str:
        """What a workflow's `uses:` says, with the version as a comment for people and for Dependabot."""
        return f"{self.repository}@{self.commit} # v{self.version}"

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"{self.server}/{self.repository}"


PLACEHOLDER: Final = Action("https://github.com", "OWNER/flowsync", "0" * 40, "0.0.0")
"""The action in the templates, and in what is made of them where an installation does not say where it comes from.

GitHub refuses to run it, so that it is seen and filled in.
"""


_NO_ORGANIZATION: Final = "# organization: 1001\n"


def this_action() -> Action:
    """The action of this very installation: its release says so, or the repository that pip took it from."""
    release = resources.files(__package__) / RELEASE
    installed = metadata.distributions(name=DISTRIBUTION)
    direct_url = next((each.read_text("direct_url.json") for each in installed), None)
    return (
        (action_in(release.read_text(encoding="utf-8")) if release.is_file() else None)
        or action_in(direct_url)
        or PLACEHOLDER
    )


def action_in(record: str | None) -> Action | None:
    """The action that a release's own record, or pip's of a direct install (PEP 610), names; None without a commit."""
    value = json.loads(record) if record else {}
    found = _REPOSITORY.fullmatch(str(value.get("url")))
    commit = str(value.get("commit") or value.get("vcs_info", {}).get("commit_id"))
    return Action(found["server"], found["name"], commit, __version__) if found and _COMMIT.fullmatch(commit) else None


NAMES: Final = ("flowsync-plan.yml", "flowsync-apply.yml", "flowsync-drift.yml")
FOLDER: Final = ".github/workflows"
EXAMPLE: Final = "flowsync_example"
"""The slug of the example; no account gets a flow of this name."""
LIVE_BRANCH: Final = "main"
"""The branch in the templates whose state is live."""


def workflows(action: Action, branch: str = LIVE_BRANCH) -> Mapping[str, str]:
    """The workflows by their paths in a repository: plan in pull requests, apply on `branch`, drift on weekdays."""
    live, wanted = (f" {json.dumps(name)}\n" for name in (LIVE_BRANCH, branch))
    texts = {f"{FOLDER}/{name}": _template("workflows", name) for name in NAMES}
    return {path: text.replace(PLACEHOLDER.uses, action.uses).replace(live, wanted) for path, text in texts.items()}


def configuration(organization: int | None = None) -> str:
    """The text of a flowsync.yaml that sets the defaults and explains the rest; with the organization, if known."""
    text = _template("flowsync.yaml")
    return text if organization is None else text.replace(_NO_ORGANIZATION, f"organization: {organization}\n")


def example() -> str:
    """The text of a flow file to look at, but for the line by which editors find its schema."""
    return _template(f"{EXAMPLE}.yaml").partition("\n")[2]


def new_flow(type_: str, name_line: str) -> str:
    """The text of a flow file to start from, but for the line by which editors find its schema.

    `name_line` is the line that says its name.
    """
    text = _template("flows", f"{type_.lower()}.yaml").partition("\n")[2]
    return name_line + text.partition("\n")[2]


def pre_commit(action: Action) -> str:
    """The text of a `.pre-commit-config.yaml` with flowsync's hooks."""
    placeholder, revision = (f'"{each.commit}" # v{each.version}' for each in (PLACEHOLDER, action))
    return _template(".pre-commit-config.yaml").replace(PLACEHOLDER.url, action.url).replace(placeholder, revision)


def _template(*path: str) -> str:
    return resources.files(__package__).joinpath(*path).read_text(encoding="utf-8")
