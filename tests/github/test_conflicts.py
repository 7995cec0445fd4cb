"""A conflict that apply refused stays one: no pull request about something else carries it past the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowsync import git
from tests.github.support import flow
from tests.github.test_base import commit
from tests.support.fake_github import sha

if TYPE_CHECKING:
    from tests.github.support import Outcome, Workplace


class Branch:
    """The main branch of a checkout, to which pull requests are merged one after the other."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.tip = commit(place.root)
        self.pulls = 5

    def pull(self, **flows: str) -> Outcome:
        """The plan of the next pull request, which changes these flows."""
        (self.place.root / "README.md").write_text(f"About {self.pulls}\n")
        self.place.write(**flows)
        if self.pulls > 5:
            self.place.repo.add_pull(self.pulls, sha(self.pulls))
        commit(self.place.root, f"Pull request (#{self.pulls})")
        head = sha(7) if self.pulls == 5 else sha(self.pulls)
        return self.place.plan(pull=self.pulls, head=head, base=self.tip)

    def merge(self, *commands: str, **env: str) -> Outcome:
        """The pull request is merged; the last of these commands runs on the push."""
        before, self.tip = self.tip, git.ask(self.place.root, "rev-parse", "HEAD").decode().strip()
        (pull,) = (each for each in self.place.repo.pulls if each["number"] == self.pulls)
        pull.update(merged_at="2026-01-02T03:04:05Z", state="closed")
        self.place.repo.commits.insert(0, self.tip)
        self.place.repo.pulls_of[self.tip] = [self.pulls]
        self.pulls += 1
        payload = {"before": before, "commits": [{"id": self.tip}]}
        done = [self.place.run(each, name="push", payload=payload, GITHUB_SHA=self.tip, **env) for each in commands]
        return done[-1]

    def edit(self, old: str, new: str) -> None:
        """Somebody edits flow_a in the dashboard."""
        row = self.place.frigade.rows[0]
        row["data"] = row["data"].replace(old, new)


@pytest.fixture
def main(place: Workplace) -> Branch:
    git.ask(place.root, "init", "--quiet", "--initial-branch=main")
    return Branch(place)


@pytest.fixture
def refused(main: Branch) -> Branch:
    """A merged pull request whose change to flow_a is in conflict with the dashboard, and was refused."""
    main.edit("Hello", "Howdy")
    assert main.pull(flow_a=flow("Alpha", "Good morning")).code == 4
    assert main.merge("apply").code == 4
    return main


def test_another_pull_request_cannot_carry_it(refused: Branch) -> None:
    planned = refused.pull()
    assert planned.code == 4
    assert "Pull request #5 changed this flow and was not applied" in planned.log
    assert refused.merge("plan", "apply").code == 4
    assert refused.place.frigade.writes == []


def test_nor_can_a_direct_push(refused: Branch) -> None:
    commit(refused.place.root)
    before, tip = refused.tip, git.ask(refused.place.root, "rev-parse", "HEAD").decode().strip()
    refused.place.repo.commits.insert(0, tip)
    payload = {"before": before, "commits": [{"id": tip}]}
    done = refused.place.run("apply", name="push", payload=payload, GITHUB_SHA=tip)
    assert done.code == 4
    assert refused.place.frigade.writes == []


@pytest.mark.parametrize("name", ["push", "workflow_dispatch"])
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_nor_can_a_run_that_has_no_commit_to_compare_with(refused: Branch, name: str, command: str) -> None:
    commit(refused.place.root)
    tip = git.ask(refused.place.root, "rev-parse", "HEAD").decode().strip()
    refused.place.repo.commits.insert(0, tip)
    done = refused.place.run(command, name=name, payload={"before": "0" * 40}, GITHUB_SHA=tip)
    assert done.code == 4
    assert "left a conflict" in done.log
    assert refused.place.frigade.writes == []
    done = refused.place.run("apply", name=name, payload={}, GITHUB_SHA=tip, FLOWSYNC_ALLOW="conflict")
    assert done.code == 0
    assert len(refused.place.frigade.writes) == 1


@pytest.mark.parametrize("policy", ["refuse", "keep"])
def test_edits_that_cannot_be_seen_are_not_undone_where_they_may_not_be(place: Workplace, policy: str) -> None:
    (place.root / "flowsync.yaml").write_text(f"guards: {{on_drift: {policy}}}\n")
    place.write(flow_a=flow("Alpha", "Good morning"))
    assert place.plan().code == 4
    place.merge()
    done = place.apply()
    assert (done.code, place.frigade.writes) == (4, [])
    assert "There is no commit to compare with" in done.log
    assert place.apply(FLOWSYNC_ALLOW="drift").code == 0


def test_a_conflict_that_only_the_plan_on_the_branch_met_is_remembered_too(main: Branch) -> None:
    assert main.pull(flow_a=flow("Alpha", "Good morning")).code == 0
    main.edit("Hello", "Howdy")
    assert main.merge("plan").code == 4
    assert main.pull().code == 4


def test_what_was_let_through_on_purpose_is_settled(refused: Branch) -> None:
    repository = refused.place.repo
    done = refused.place.run(
        "apply", name="workflow_dispatch", payload={}, GITHUB_SHA=repository.commits[0], FLOWSYNC_ALLOW="conflict"
    )
    assert done.code == 0, done.log
    assert len(refused.place.frigade.writes) == 1
    refused.edit("Good morning", "Howdy")
    planned = refused.pull()
    assert planned.code == 0
    assert "was not applied" not in planned.log


def test_a_pull_request_that_takes_the_edit_over_settles_it(refused: Branch) -> None:
    assert refused.pull(flow_a=flow("Alpha", "Howdy")).code == 0
    assert refused.merge("plan", "apply").code == 0
    assert refused.place.frigade.writes == []
    assert refused.pull().code == 0


def test_a_pull_request_that_shows_the_overwrite_may_be_let_through(refused: Branch) -> None:
    assert refused.pull(flow_a=flow("Alpha", "Welcome")).code == 4
    assert refused.merge("plan", "apply", FLOWSYNC_ALLOW="conflict").code == 0
    assert "Welcome" in refused.place.frigade.rows[0]["data"]
    assert refused.pull().code == 0


def test_an_edit_after_the_apply_is_drift(main: Branch) -> None:
    assert main.pull(flow_a=flow("Alpha", "Good morning")).code == 0
    assert main.merge("plan", "apply").code == 0
    main.edit("Good morning", "Howdy")
    planned = main.pull()
    assert planned.code == 0
    assert "conflict" not in planned.log
