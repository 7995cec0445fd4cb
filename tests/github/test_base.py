"""Whose a change is, in real checkouts: of a tried merge, of a branch, shallow, none at all."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from flowsync import git
from flowsync.github.marker import read_marker
from flowsync.github.runner import MergeGroupEvent, OtherEvent, PullRequestEvent, PushEvent, base_of
from tests.github.support import LIVE, flow, workplace
from tests.support.fake_frigade import UNOBSERVABLE, FakeConfig, fake_frigade, row
from tests.support.fake_github import sha

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.support import Workplace

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@acorn.example", "-c", "commit.gpgsign=false")


def commit(root: Path, message: str = "Change") -> str:
    git.ask(root, "add", "--all")
    git.ask(root, *WHO, "commit", "--quiet", "--allow-empty", "-m", message)
    return git.ask(root, "rev-parse", "HEAD").decode().strip()


def merge_of(root: Path, branch: str) -> str:
    git.ask(root, *WHO, "merge", "--quiet", "--no-ff", "-m", "Merge", branch)
    return git.ask(root, "rev-parse", "HEAD").decode().strip()


@pytest.fixture
def place(place: Workplace) -> Workplace:
    """The same in a repository with one commit."""
    git.ask(place.root, "init", "--quiet", "--initial-branch=main")
    commit(place.root)
    return place


def test_a_pull_request_is_compared_with_what_it_would_be_merged_into(place: Workplace) -> None:
    main = commit(place.root)
    git.ask(place.root, "switch", "--quiet", "-c", "topic")
    head = commit(place.root)
    event = PullRequestEvent(5, head, sha(1), is_fork=False)
    assert base_of(event, place.root) == sha(1)
    on_branch = PullRequestEvent(5, head, main, is_fork=False)
    assert base_of(on_branch, place.root) == main
    git.ask(place.root, "switch", "--quiet", "main")
    newer = commit(place.root, "Meanwhile")
    merge_of(place.root, "topic")
    assert base_of(event, place.root) == newer


def test_other_events_have_the_base_they_name(tmp_path: Path) -> None:
    assert base_of(MergeGroupEvent("b"), tmp_path) == "b"
    assert base_of(PushEvent("b", ()), tmp_path) == "b"
    assert base_of(PushEvent("b", ()), tmp_path, "shown") == "shown"
    assert base_of(OtherEvent("schedule"), tmp_path) is None


def test_each_change_is_told_with_who_made_it(place: Workplace) -> None:
    base = git.ask(place.root, "rev-parse", "HEAD").decode().strip()
    place.write(flow_a=flow("Alpha", "Good morning"))
    place.frigade.rows[1]["name"] = "Edited"
    commit(place.root)
    place.plan(base=base)
    assert "| title of step 1: `Hello` → `Good morning` |" in place.comment()
    assert "| name: `Edited` → `Beta` <sub>(dashboard)</sub> |" in place.comment()
    assert "`flow_b`</sub>: Merging this overwrites a dashboard edit: name: `Edited` → `Beta`" in place.comment()
    assert "compared with `" in place.comment()
    marker = read_marker(place.comment())
    assert marker is not None
    assert marker.base == base


def test_without_history_the_plan_is_made_and_a_notice_says_what_is_missing(place: Workplace, tmp_path: Path) -> None:
    done = place.plan(base=sha(77))
    assert done.code == 0
    assert "::notice title=flowsync::The plan cannot show who made each change. There is no revision" in done.log
    clone = ["git", "clone", "--quiet", "--depth=1", place.root.as_uri(), "shallow"]
    subprocess.run(clone, cwd=tmp_path, check=True)
    place.root = tmp_path / "shallow"
    assert "fetch-depth: 0" in place.plan(base=sha(77)).log


def test_what_a_superseded_merge_left_to_do_is_no_edit_of_the_dashboard(place: Workplace) -> None:
    """Two merges change the same flow; the run of the first one was superseded."""
    first = git.ask(place.root, "rev-parse", "HEAD").decode().strip()
    place.write(flow_a=flow("Alpha", "Good morning"))
    between = commit(place.root)
    place.write(flow_a=flow("Alpha two", "Good morning, all"))
    place.plan(base=first)
    tip = commit(place.root)
    place.merge()
    place.repo.commits.insert(0, tip)
    place.repo.pulls_of[tip] = [5]
    payload = {"before": between, "commits": [{"id": tip}]}
    planned = place.run("plan", name="push", payload=payload, GITHUB_SHA=tip, FLOWSYNC_PLAN_FILE="plan.json")
    assert "conflict" not in planned.summary
    assert place.run("apply", name="push", payload=payload, GITHUB_SHA=tip).code == 0
    assert len(place.frigade.writes) == 1


def test_where_the_reviewed_plan_cannot_be_found_the_pushed_range_is_compared(place: Workplace) -> None:
    before = git.ask(place.root, "rev-parse", "HEAD").decode().strip()
    place.write(flow_a=flow("Alpha", "Good morning"))
    commit(place.root)
    payload = {"before": before, "commits": []}
    done = place.run("plan", name="push", payload=payload, GITHUB_TOKEN="ghs_wrong")
    assert done.code == 0
    assert "The plan of the pull request cannot be read." in done.log
    assert "(dashboard)" not in done.summary


def test_a_field_that_the_api_does_not_return_is_written_when_the_merge_changed_it(tmp_path: Path) -> None:
    config = FakeConfig(hidden=UNOBSERVABLE)
    rows = [row(1, "flow_a", name="Alpha", data=LIVE)]
    with workplace(tmp_path) as place, fake_frigade(config, rows) as frigade:
        place.frigade = frigade
        (place.root / "flows" / "flow_b.yaml").unlink()
        place.write(flow_a=f"{flow('Alpha')}active: true\n")
        git.ask(place.root, "init", "--quiet", "--initial-branch=main")
        base = commit(place.root)
        place.write(flow_a=f"{flow('Alpha')}active: false\n")
        tip = commit(place.root)
        place.plan(base=base)
        assert "| sent as **switched off**: the API does not say whether it is |" in place.comment()
        place.merge()
        place.repo.commits.insert(0, tip)
        place.repo.pulls_of[tip] = [5]
        done = place.run("apply", name="push", payload={"before": base}, GITHUB_SHA=tip)
        assert done.code == 0
        assert frigade.writes[0].json == {"active": False}
