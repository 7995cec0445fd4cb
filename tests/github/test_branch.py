"""What a pull request changes besides flows stands in its comment, above everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowsync import git
from tests.github.support import flow
from tests.github.test_base import commit

if TYPE_CHECKING:
    from tests.github.support import Outcome, Workplace

GUARDED = "environments:\n  production:\n    guards: {on_drift: refuse}\n"


@pytest.fixture
def place(place: Workplace) -> Workplace:
    """The same in a repository whose first commit has guards."""
    git.ask(place.root, "init", "--quiet", "--initial-branch=main")
    (place.root / "flowsync.yaml").write_text(GUARDED)
    commit(place.root)
    return place


def planned(place: Workplace, live_branch: str = "main") -> Outcome:
    """The plan of a pull request with what was written since the first commit."""
    base = git.ask(place.root, "rev-parse", "HEAD").decode().strip()
    commit(place.root)
    return place.plan(base=base, FLOWSYNC_ENVIRONMENT="production", FLOWSYNC_LIVE_BRANCH=live_branch)


def test_a_pull_request_that_changes_no_setting_gets_no_comment(place: Workplace) -> None:
    (place.root / "README.md").write_text("About\n")
    (place.root / "flowsync.yaml").write_text(f"# Ours\n{GUARDED}")
    assert planned(place).code == 0
    assert place.repo.comments == []


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("flowsync.yaml", GUARDED.replace("refuse", "overwrite"), ["on_drift", "`refuse`", "`overwrite`"]),
        ("flowsync.yaml", "environments: {production: {}}\n", ["on_drift", "`refuse`"]),
        ("flowsync.yml", "environments: {production: {}}\n", ["on_drift", "`refuse`"]),
        ("flowsync.yaml", f"{GUARDED}rules: {{targeting-months: off}}\n", ["rules.targeting-months", "`off`"]),
        ("flowsync.yaml", f"{GUARDED}target: active\n", ["target", "`active`"]),
    ],
    ids=["changed", "dropped", "dropped with another name", "a rule", "the target"],
)
def test_a_changed_setting_is_a_caution_above_everything_else(
    place: Workplace, name: str, text: str, shown: list[str]
) -> None:
    (place.root / "flowsync.yaml").unlink()
    (place.root / name).write_text(text)
    place.write(flow_a=flow("Alpha", "Good morning"))
    assert planned(place).code == 0
    caution, headline = place.comment().index("> [!CAUTION]"), place.comment().index("### ")
    assert caution < headline
    assert all(each in place.comment()[caution:headline] for each in shown), place.comment()[:headline]


def test_many_settings_of_other_environments_do_not_crowd_out_those_of_this_one(place: Workplace) -> None:
    others = "".join(f"  a{number}: {{guards: {{on_drift: refuse, on_conflict: refuse}}}}\n" for number in range(100))
    mine = "  production: {organization: 1001, guards: {on_drift: overwrite, on_conflict: overwrite}}\n"
    (place.root / "flowsync.yaml").write_text(f"default_environment: production\nenvironments:\n{others}{mine}")
    planned(place)
    top = place.comment().partition("### ")[0]
    assert "`environments.production.guards.on_drift`: `refuse` → `overwrite`" in top
    assert "`environments.production.guards.on_conflict`: not set → `overwrite`" in top
    assert "`environments.production.organization`: not set → `1001`" in top
    assert "more" in top


def test_so_is_an_empty_setting(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("environments: {production: {guards: {}}}\n")
    planned(place)
    assert "`environments.production.guards`: not set → `{}`" in place.comment()


def test_so_is_a_rule_that_a_file_ignores(place: Workplace) -> None:
    place.write(flow_a=flow("Alpha") + "# flowsync: ignore[targeting-months]\n")
    planned(place)
    top = place.comment().partition("### ")[0]
    assert "flow_a.yaml" in top
    assert "targeting-months" in top


def test_an_open_pull_request_with_the_same_flow_is_named(place: Workplace) -> None:
    place.repo.add_pull(6, "6" * 40)
    place.repo.files_of[6] = [{"filename": "flows/flow_a.yaml"}, {"filename": "README.md"}]
    place.repo.add_pull(8, "8" * 40)
    place.repo.files_of[8] = [{"filename": "flows/flow_b.yaml"}]
    place.write(flow_a=flow("Alpha", "Good morning"))
    planned(place)
    assert "#6 " in place.comment()
    assert "#8" not in place.comment()


def test_a_pull_request_into_another_branch_says_that_nothing_changes_yet(place: Workplace) -> None:
    place.write(flow_a=flow("Alpha", "Good morning"))
    planned(place, live_branch="live")
    headline = next(line for line in place.comment().splitlines() if line.startswith("### "))
    assert "`main`" in headline
    assert "`live`" in headline


@pytest.mark.parametrize(
    "changed",
    [
        flow("Alpha", "Good morning"),
        flow("Alpha", "Good morning") + "protected: true\nenvironments: {production: {protected: false}}\n",
    ],
    ids=["dropped", "overlaid"],
)
@pytest.mark.parametrize("file", ["flows/flow_a.yaml", "flows/folder/flow_a.yaml", "elsewhere/flow_a.yaml"])
def test_a_flow_that_ceases_to_be_protected_is_a_caution(place: Workplace, changed: str, file: str) -> None:
    place.write(flow_a=flow("Alpha") + "protected: true\n")
    commit(place.root)
    (place.root / "flows/flow_a.yaml").unlink()
    (place.root / file).parent.mkdir(exist_ok=True)
    (place.root / file).write_text(changed)
    if file.startswith("elsewhere"):
        (place.root / "flows/flow_b.yaml").rename(place.root / "elsewhere/flow_b.yaml")
        (place.root / "flowsync.yaml").write_text(f"flows: elsewhere\n{GUARDED}")
    assert planned(place).code == 0
    top = place.comment().partition("### ")[0]
    assert f"`protected of {file}`: `true` → not set" in top
