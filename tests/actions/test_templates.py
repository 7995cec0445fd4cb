from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from flowsync import __version__
from flowsync.templates import PLACEHOLDER, Action, action_in, pre_commit, this_action, workflows

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ELSEWHERE = "https://git.acorn.example:8443"
HERE = Action("https://github.com", "acorn/flowsync", COMMIT, __version__)


def direct_url(url: str, commit: object = COMMIT) -> str:
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}})


@pytest.mark.parametrize(
    ("record", "action"),
    [
        (direct_url("https://github.com/acorn/flowsync"), HERE),
        (direct_url("https://github.com/acorn/flowsync.git"), HERE),
        (direct_url("https://git.acorn.example:8443/acorn/flowsync/"), replace(HERE, server=ELSEWHERE)),
        (direct_url("https://user:secret@github.com/acorn/flowsync"), None),
        (direct_url("https://github.com/acorn/tools/flowsync"), None),
        (direct_url("ssh://git@github.com/acorn/flowsync"), None),
        (direct_url("https://github.com/acorn/flowsync\nevil: true"), None),
        (direct_url("https://github.com/acorn/flowsync", "main"), None),
        (direct_url("https://github.com/acorn/flowsync", None), None),
        (json.dumps({"url": "file:///home/ann/flowsync", "dir_info": {"editable": True}}), None),
        (json.dumps({"url": "https://github.com/acorn/flowsync", "commit": COMMIT}), HERE),
        (None, None),
    ],
)
def test_pip_or_a_release_says_which_repository_and_commit_an_installation_came_from(
    record: str | None, action: Action | None
) -> None:
    assert action_in(record) == action


def test_a_checkout_does_not_know_and_says_what_is_to_be_filled_in() -> None:
    assert this_action() == PLACEHOLDER
    for text in workflows(PLACEHOLDER).values():
        assert "uses: OWNER/flowsync@0000000000000000000000000000000000000000 # v0.0.0\n" in text


def test_workflows_use_the_action_at_its_commit_and_know_the_live_branch() -> None:
    written = workflows(HERE, branch="release/2")
    assert list(written) == [f".github/workflows/flowsync-{name}.yml" for name in ("plan", "apply", "drift")]
    for text in written.values():
        assert f"uses: acorn/flowsync@{COMMIT} # v{__version__}\n" in text
        assert "OWNER" not in text
    assert yaml.safe_load(written[".github/workflows/flowsync-apply.yml"])[True]["push"]["branches"] == ["release/2"]


def test_the_pre_commit_entry_names_the_commit() -> None:
    (repository,) = yaml.safe_load(pre_commit(replace(HERE, server=ELSEWHERE, commit="1" * 40)))["repos"]
    assert repository["repo"] == f"{ELSEWHERE}/acorn/flowsync"
    assert repository["rev"] == "1" * 40
    assert [hook["id"] for hook in repository["hooks"]] == ["flowsync-fmt", "flowsync-validate"]
