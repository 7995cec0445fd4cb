"""Files for a project that uses flowsync: configuration, an example flow, new flows, workflows, the pre-commit entry.

The templates are valid files, which linters check; only the action's reference and the live branch are replaced.
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
"""The name of flowsync on PyPI, where `flowsync` is another package."""
RELEASE: Final = "release.json"
"""A file in this folder that the build of a release writes: `{"url": …, "commit": …}`."""
_REPOSITORY: Final = re.compile(r"(?P<server>https://[A-Za-z0-9.:-]+)/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Action:
    """The action at one commit, which `version` names. `server` is the address of its host."""

    server: str
    repository: str
    commit: str
    version: str

    @property
    def uses(self) -> str:
        """The value of a workflow's `uses:`, with the version as a comment for people and for Dependabot."""
        return f"{self.repository}@{self.commit} # v{self.version}"

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"{self.server}/{self.repository}"


PLACEHOLDER: Final = Action("https://github.com", "OWNER/flowsync", "0" * 40, "0.0.0")
"""The action in the templates; it stays if an installation does not know its repository.

GitHub refuses to run it, so people notice it and fill it in.
"""


_NO_ORGANIZATION: Final = "# organization: 1001\n"


def this_action() -> Action:
    """The action of this installation: from its release, or from the repository that pip installed it from."""
    release = resources.files(__package__) / RELEASE
    installed = metadata.distributions(name=DISTRIBUTION)
    direct_url = next((each.read_text("direct_url.json") for each in installed), None)
    return (
        (action_in(release.read_text(encoding="utf-8")) if release.is_file() else None)
        or action_in(direct_url)
        or PLACEHOLDER
    )


def action_in(record: str | None) -> Action | None:
    """The action in a record of a release, or of a direct install by pip (PEP 610); None without a commit."""
    value = json.loads(record) if record else {}
    found = _REPOSITORY.fullmatch(str(value.get("url")))
    commit = str(value.get("commit") or value.get("vcs_info", {}).get("commit_id"))
    return Action(found["server"], found["name"], commit, __version__) if found and _COMMIT.fullmatch(commit) else None


NAMES: Final = ("flowsync-plan.yml", "flowsync-apply.yml", "flowsync-drift.yml")
FOLDER: Final = ".github/workflows"
EXAMPLE: Final = "flowsync_example"
"""The slug of the example, which is never created in an account."""
LIVE_BRANCH: Final = "main"
"""The live branch in the templates."""


def workflows(action: Action, branch: str = LIVE_BRANCH) -> Mapping[str, str]:
    """The workflows by their paths in a repository: plan in pull requests, apply on `branch`, drift on weekdays."""
    live, wanted = (f" {json.dumps(name)}\n" for name in (LIVE_BRANCH, branch))
    texts = {f"{FOLDER}/{name}": _template("workflows", name) for name in NAMES}
    return {path: text.replace(PLACEHOLDER.uses, action.uses).replace(live, wanted) for path, text in texts.items()}


def configuration(organization: int | None = None) -> str:
    """The text of a flowsync.yaml with the defaults, explanations, and the organization if known."""
    text = _template("flowsync.yaml")
    return text if organization is None else text.replace(_NO_ORGANIZATION, f"organization: {organization}\n")


def example() -> str:
    """The text of the example flow, without the line that names its schema for editors."""
    return _template(f"{EXAMPLE}.yaml").partition("\n")[2]


def new_flow(type_: str, name_line: str) -> str:
    """The text of a new flow file, without the line that names its schema for editors.

    `name_line` is the line with its name.
    """
    text = _template("flows", f"{type_.lower()}.yaml").partition("\n")[2]
    return name_line + text.partition("\n")[2]


def pre_commit(action: Action) -> str:
    """The text of a `.pre-commit-config.yaml` with flowsync's hooks."""
    placeholder, revision = (f'"{each.commit}" # v{each.version}' for each in (PLACEHOLDER, action))
    return _template(".pre-commit-config.yaml").replace(PLACEHOLDER.url, action.url).replace(placeholder, revision)


def _template(*path: str) -> str:
    return resources.files(__package__).joinpath(*path).read_text(encoding="utf-8")
