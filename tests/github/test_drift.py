"""`flowsync ci drift` and `validate` from end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flowsync import git
from tests.github.support import TWO_ENVIRONMENTS, flow, workplace
from tests.support.command import commit
from tests.support.fake_frigade import Effect, reply, server_error
from tests.support.fake_github import PERSON, FakeRepo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.support import Workplace


def test_drift_opens_one_issue_that_follows_it_and_closes_with_it(place: Workplace) -> None:
    assert place.drift().code == 0
    assert place.repo.issues == []
    place.frigade.rows[0]["name"] = "Edited"
    done = place.drift()
    (issue,) = place.repo.issues
    assert done.outputs["comment-url"] == issue["html_url"]
    assert issue["title"] == "Live flows differ from the files"
    assert "### 1 live flow differs from the files." in issue["body"]
    assert "- name: Edited\n+ name: Alpha" in issue["body"]
    before = len(place.github.writes)
    place.drift()
    assert len(place.github.writes) == before
    place.frigade.rows[0]["name"] = "Edited again"
    place.drift()
    assert "Edited again" in issue["body"]
    place.frigade.rows[0]["name"] = "Alpha"
    assert place.drift().outputs["comment-url"] == issue["html_url"]
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert place.repo.comments[-1]["body"] == "The live flows match the files again."
    assert len(place.repo.issues) == 1


def test_an_issue_by_somebody_else_and_a_pull_request_are_let_alone(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    issue = place.repo.issues[0]
    place.repo.issues.insert(0, {**issue, "number": 1, "user": PERSON})
    place.repo.issues.insert(0, {**issue, "number": 2, "pull_request": {}})
    place.repo.issues.insert(0, {**issue, "number": 3, "body": None})
    place.frigade.rows[0]["name"] = "Alpha"
    place.drift()
    assert [each["state"] for each in place.repo.issues] == ["open", "open", "open", "closed"]


def test_two_issues_become_one(place: Workplace) -> None:
    """Two runs at once, or one that GitHub answered twice: the oldest stays and follows the drift."""
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    first = place.repo.issues[0]
    place.repo.issues.append({**first, "number": 4_711})
    place.frigade.rows[0]["name"] = "Edited again"
    place.drift()
    assert [each["state"] for each in place.repo.issues] == ["open", "closed"]
    assert place.repo.issues[1]["state_reason"] == "completed"  # "not planned" is what people say
    assert "Edited again" in first["body"]


def test_an_issue_that_somebody_closed_as_not_planned_comes_back_only_with_another_drift(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    place.repo.issues[0].update(state="closed", state_reason="not_planned")
    for _ in range(2):
        done = place.drift()
        assert (done.code, "comment-url" in done.outputs, len(place.repo.issues)) == (0, False, 1)
        assert f"somebody closed {place.repo.issues[0]['html_url']} as not planned" in done.log
    place.frigade.rows[0]["name"] = "Edited again"
    place.drift()
    assert [each["state"] for each in place.repo.issues] == ["closed", "open"]
    place.repo.issues[1].update(state="closed", state_reason="completed")
    place.drift()
    place.repo.issues[2].update(state="closed", state_reason="completed")
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    assert [each["state"] for each in place.repo.issues] == ["closed", "closed", "closed", "open"]


def test_a_closed_issue_of_somebody_else_or_a_pull_request_silences_nothing(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    closed = {**place.repo.issues.pop(), "state": "closed", "state_reason": "not_planned"}
    place.repo.issues += [{**closed, "user": PERSON}, {**closed, "pull_request": {}}]
    place.drift()
    assert [each["state"] for each in place.repo.issues] == ["closed", "closed", "open"]


def test_an_issue_whose_creation_ended_in_doubt_is_not_opened_twice(tmp_path: Path) -> None:
    fault = server_error(Effect.AFTER).on("POST", "*/issues")
    with workplace(tmp_path, FakeRepo(faults=(fault,))) as place:
        place.frigade.rows[0]["name"] = "Edited"
        done = place.drift()
        assert done.code == 0
        assert done.outputs["comment-url"] == place.repo.issues[0]["html_url"]
        assert len(place.repo.issues) == 1


@pytest.mark.parametrize("text", [flow("New"), "name: New\n"])
def test_a_file_without_a_live_flow_is_no_drift_and_said_to_be_there(place: Workplace, text: str) -> None:
    place.write(flow_new=text)
    done = place.drift(FLOWSYNC_FAIL_ON_CHANGES="true")
    assert (done.code, place.repo.issues) == (0, [])
    assert "1 file has no live flow: not applied yet, or the flow was deleted in the dashboard" in done.summary
    assert "Nobody edited a live flow in the dashboard." in done.summary
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    assert "1 file has no live flow" in place.repo.issues[0]["body"]


def test_each_environment_has_an_issue_of_its_own_that_names_it(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text(TWO_ENVIRONMENTS)
    place.frigade.rows[0]["name"] = "Edited"
    place.drift(FLOWSYNC_ENVIRONMENT="one")
    place.drift(FLOWSYNC_ENVIRONMENT="two")
    place.drift(FLOWSYNC_ENVIRONMENT="one")
    titles = [each["title"] for each in place.repo.issues]
    assert titles == ["Live flows differ from the files (one)", "Live flows differ from the files (two)"]


def test_the_issue_says_what_undoing_does_and_how_it_is_done(place: Workplace) -> None:
    place.frigade.rows[0]["active"] = False
    place.write(flow_a=f"{flow('Alpha')}active: true\n")
    place.drift()
    body = place.repo.issues[0]["body"]
    assert "| Flow | What undoing the edits would change |" in body
    assert "To undo it, open any pull request: its plan shows the edit, and the merge overwrites it." in body
    assert "`flow_a` · live at once</sub> | **switched on** |" in body
    assert "flowsync drift" not in body


def test_an_issue_that_is_too_long_is_written_in_counts(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(longest_body=900)) as place:
        place.frigade.rows[0]["name"] = "Edited"
        place.drift()
        assert "GitHub refused the details." in place.repo.issues[0]["body"]


def test_an_issue_that_may_not_be_written_fails_the_run(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(forbidden=frozenset({"issue"}))) as place:
        place.frigade.rows[0]["name"] = "Edited"
        done = place.drift()
        assert done.code == 1
        assert "issues: write for drift" in done.completed.err
        assert "Edited" in done.summary
    with workplace(tmp_path / "again") as place:
        assert "the input github-token is empty" in place.drift(GITHUB_TOKEN="").completed.err


PULL = {"pull_request": {"number": 5, "head": {"sha": "7" * 40}, "base": {"sha": "1" * 40}}}


def test_validation_says_that_files_are_valid_and_shows_their_warnings(place: Workplace) -> None:
    done = place.run("validate", name="pull_request", payload=PULL)
    assert (done.code, done.completed.err) == (0, "")
    assert "The files are valid." in done.summary
    place.write(flow_a=flow("Alpha").replace("subtitle", "subtilte"))
    done = place.run("validate", name="pull_request", payload=PULL)
    assert done.code == 0
    assert "::warning file=flows/flow_a.yaml,line=6,col=7," in done.log
    assert "flows/flow_a.yaml:6:7" in done.summary
    assert place.github.requests == []


def test_validation_writes_sarif_where_it_is_asked_to_also_when_it_fails(place: Workplace) -> None:
    place.write(flow_a="nmae: x\n")
    done = place.run("validate", name="pull_request", payload=PULL, FLOWSYNC_SARIF_FILE="found.sarif")
    assert done.code == 3
    document = json.loads((place.root / "found.sarif").read_text())
    assert "unknown-key" in {result["ruleId"] for result in document["runs"][0]["results"]}
    assert done.outputs["sarif"] == str(place.root / "found.sarif")
    done = place.run("validate", name="pull_request", payload=PULL, FLOWSYNC_SARIF_FILE="no/such/found.sarif")
    assert "no/such/found.sarif cannot be written" in done.completed.err


def test_a_plan_that_cannot_be_saved_is_an_error(place: Workplace) -> None:
    (place.root / "taken").write_text("")
    done = place.drift(FLOWSYNC_PLAN_FILE="taken/plan.json")
    assert done.code == 1
    assert "The plan cannot be saved" in done.completed.err
    done = place.drift(FLOWSYNC_PLAN_FILE="flows")
    assert (done.code, place.repo.issues) == (1, [])


def test_the_failure_of_the_issue_list_is_told(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(faults=(reply(410, "Issues are disabled").on("GET", "*/issues"),))) as place:
        assert 'It said: "Issues are disabled"' in place.drift().completed.err


def test_a_policy_for_edits_hides_none_from_the_issue(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("guards: {on_drift: keep, on_conflict: keep}\n")
    commit(place.root)
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    assert "- name: Edited\n+ name: Alpha" in place.repo.issues[0]["body"]


# A pull request in place of the issue


def proposed(place: Workplace) -> dict[str, str]:
    """The files on the newest proposed commit, by path."""
    (branch,) = place.repo.refs
    commit = place.repo.objects[place.repo.refs[branch]]
    return {each["path"]: each["content"] for each in place.repo.trees[commit["tree"]["sha"]]["tree"]}


def test_a_pull_request_takes_live_edits_into_the_files(place: Workplace) -> None:
    git.ask(place.root.parent, "init", "--quiet")
    place.write(flow_a=f"# Ours\n{flow('Alpha')}")
    place.frigade.rows[0]["name"] = "Edited"
    done = place.drift("--pull-request")
    assert done.code == 0
    assert proposed(place) == {"checkout/flows/flow_a.yaml": f"# Ours\n{flow('Edited')}"}
    pull = place.repo.pulls[-1]
    assert done.outputs["comment-url"] == pull["html_url"]
    assert pull["title"] == "Pull live edits into the files"
    assert "Merging this keeps dashboard edits in 1 file. Nothing changes for users." in pull["body"]
    assert "- `flow_a` in `flows/flow_a.yaml`" in pull["body"]
    assert place.repo.issues == []
    assert (place.root / "flows" / "flow_a.yaml").read_text() == f"# Ours\n{flow('Alpha')}"


def test_the_pull_request_follows_the_drift_and_is_withdrawn_with_it(place: Workplace) -> None:
    pull_requests = {"FLOWSYNC_PULL_REQUEST": "true"}
    place.frigade.rows[0]["name"] = "Edited"
    place.drift(**pull_requests)
    place.drift(**pull_requests)
    place.frigade.rows[0]["name"] = "Edited again"
    place.drift(**pull_requests)
    assert len(place.repo.pulls) == 2
    assert "Edited again" in proposed(place)["flows/flow_a.yaml"]
    place.frigade.rows[0]["name"] = "Alpha"
    assert place.drift(**pull_requests).outputs["comment-url"] == place.repo.pulls[-1]["html_url"]
    assert (place.repo.pulls[-1]["state"], place.repo.refs) == ("closed", {})
    assert "comment-url" not in place.drift(**pull_requests).outputs


def test_an_open_issue_gives_way_to_the_pull_request(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    place.drift("--pull-request")
    assert place.repo.issues[0]["state"] == "closed"
    assert place.repo.comments[-1]["body"].startswith("A pull request pulls the live edits into the files: https://")


def test_what_cannot_be_proposed_is_told_by_the_issue(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift("--pull-request")
    place.repo.pulls[-1]["state"] = "closed"
    done = place.drift("--pull-request")
    assert "No pull request was written: pull request" in done.log
    assert "1 live flow differs" in place.repo.issues[0]["body"]


def test_a_flow_that_is_gone_cannot_be_taken_over(place: Workplace) -> None:
    del place.frigade.rows[0]
    place.drift("--pull-request")
    assert place.repo.issues == []
    place.frigade.rows[0]["name"] = "Edited"
    place.drift("--pull-request")
    body = place.repo.pulls[-1]["body"]
    assert "What could not be copied:" in body
    assert "- `flow_a`: There is no live flow with this slug." in body


def test_an_edit_that_a_plan_would_refuse_is_left_out_and_said_to_be(place: Workplace) -> None:
    place.frigade.rows[0].update(name="Edited", targetingLogic="(user.property('plan') ==")
    place.write(flow_a=f"{flow('Alpha')}targetingLogic: user.property('plan') == 'pro'\n")
    place.drift("--pull-request")
    assert "- `flow_a`: targetingLogic:" in place.repo.pulls[-1]["body"]
    place.frigade.rows[0]["name"] = "Alpha"
    place.drift("--pull-request")
    assert "No edit could be pulled into a file" in place.drift("--pull-request").log


def test_a_file_outside_of_the_repository_is_not_proposed(place: Workplace) -> None:
    outside = place.root.parent / "outside.yaml"
    outside.write_text(flow("Alpha"))
    (place.root / "flows" / "flow_a.yaml").unlink()
    (place.root / "flows" / "flow_a.yaml").symlink_to(outside)
    place.frigade.rows[0]["name"] = "Edited"
    place.drift("--pull-request")
    assert place.repo.refs == {}


def test_where_actions_may_open_no_pull_request_the_branch_goes_and_the_issue_reports(tmp_path: Path) -> None:
    for number, status in enumerate((403, 422)):
        fault = reply(status, "GitHub Actions is not permitted to create or approve pull requests.").on(
            "POST", "*/pulls"
        )
        with workplace(tmp_path / str(number), FakeRepo(faults=(fault,))) as place:
            place.frigade.rows[0]["name"] = "Edited"
            done = place.drift("--pull-request")
            assert (done.code, place.repo.refs, len(place.repo.pulls)) == (0, {}, 1)
            assert done.outputs["comment-url"] == place.repo.issues[0]["html_url"]
            assert "Allow GitHub Actions to create and approve pull requests" in done.log
            assert "pull-requests: write" in done.log


def test_a_pull_request_needs_a_branch(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    done = place.drift("--pull-request", GITHUB_REF="refs/tags/v1")
    assert done.code == 1
    assert "run this on a branch, not a tag" in done.completed.err
