"""`flowsync ci drift` in checkouts with a history: what is merged and not applied yet is nobody's edit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flowsync.github.marker import read_marker
from tests.github.support import BASE, LIVE, MERGE, flow, workplace
from tests.github.test_drift import proposed
from tests.support.command import git
from tests.support.fake_frigade import reply, row
from tests.support.fake_github import FakeRepo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.support import Workplace


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)


@pytest.fixture
def place(place: Workplace) -> Workplace:
    """Both flows live as their files say, in a repository that has one merge, and is at MERGE for GitHub."""
    place.repo.commits.insert(0, MERGE)
    git(place.root, "init", "-q", "-b", "main")
    commit(place.root, "Start (#1)")
    return place


def merge(place: Workplace, number: int, **flows: str) -> None:
    place.write(**flows)
    commit(place.root, f"Change it (#{number})")


def test_what_waits_for_an_apply_opens_no_issue_and_no_pull_request(place: Workplace) -> None:
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    for arguments in ((), ("--pull-request",)):
        done = place.drift(*arguments, FLOWSYNC_FAIL_ON_CHANGES="true")
        assert (done.code, place.repo.issues, place.repo.refs) == (0, [], {})
        assert "1 flow waits for an apply of a merged change, which is not a dashboard edit: `flow_a`." in done.summary
        assert "The live flows match the files" not in done.summary
        assert "(#12)" in done.log


def test_the_issue_is_about_edits_and_counts_what_waits(place: Workplace) -> None:
    place.frigade.rows[1]["name"] = "Edited"
    place.drift()
    (issue,) = place.repo.issues
    assert "name: `Edited` → `Beta` |" in issue["body"]
    before = read_marker(issue["body"])
    assert before is not None
    merge(place, 12, flow_a=flow("Alpha", "Good morning"), flow_b=flow("Beta", "Good evening"))
    place.drift(FLOWSYNC_FAIL_ON_CHANGES="true")
    after = read_marker(issue["body"])
    assert after is not None
    assert after.digest == before.digest
    place.frigade.rows[1]["name"] = "Edited again"
    assert place.drift(FLOWSYNC_FAIL_ON_CHANGES="true").code == 2
    assert "Edited again" in issue["body"]
    assert "Good" not in issue["body"]
    assert (
        "2 flows wait for an apply of a merged change, which is not a dashboard edit: `flow_a`, `flow_b`."
        in issue["body"]
    )
    place.frigade.rows[1]["name"] = "Beta"
    place.drift()
    assert issue["state"] == "closed"
    assert (
        place.repo.comments[-1]["body"]
        == "No edit is left: the remaining differences are merged and wait for an apply."
    )


def test_an_issue_closed_as_not_planned_stays_closed_while_merges_come_and_go(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift()
    place.repo.issues[0].update(state="closed", state_reason="not_planned")
    merge(place, 12, flow_a=flow("Alpha", "Good morning"), flow_b=flow("Beta two"))
    assert "as not planned" in place.drift().log
    assert len(place.repo.issues) == 1


def test_an_edit_and_a_waiting_change_in_one_field_are_told_apart(place: Workplace) -> None:
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    place.frigade.rows[0]["data"] = json.dumps({"steps": [{**LIVE["steps"][0], "subtitle": "Edited"}]})
    place.drift()
    body = place.repo.issues[0]["body"]
    assert "Edited" in body
    assert "Good morning" not in body


def test_the_pull_request_takes_over_edits_and_no_flow_with_merged_work(place: Workplace) -> None:
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    place.frigade.rows[0]["name"] = "Edited too"
    place.frigade.rows[1]["name"] = "Edited"
    place.drift("--pull-request")
    assert proposed(place) == {"flows/flow_b.yaml": flow("Edited")}
    body = place.repo.pulls[-1]["body"]
    assert "- `flow_b` in `flows/flow_b.yaml`" in body
    assert "- `flow_a`: Merged in `#12` and not applied yet." in body
    assert "#12" in body


def test_a_flow_with_merged_work_alone_is_reported_by_the_issue(place: Workplace) -> None:
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    place.frigade.rows[0]["name"] = "Edited"
    done = place.drift("--pull-request")
    assert place.repo.refs == {}
    assert "No edit could be pulled into a file" in done.log
    assert "Edited" in place.repo.issues[0]["body"]


def test_what_a_merge_begins_to_manage_is_not_taken_back_before_it_is_applied(place: Workplace) -> None:
    """The history of the file says nothing of a field that it did not state; the note of an apply does."""
    base = git(place.root, "rev-parse", "HEAD")
    merge(place, 5, flow_a=flow("Alpha") + "description: Managed now\n")
    place.frigade.rows[0]["description"] = "By hand"
    place.plan(base=base)
    place.merge()
    place.repo.commits.remove(MERGE)
    place.frigade.rows[1]["name"] = "Edited"
    place.drift("--pull-request")
    assert proposed(place) == {"flows/flow_b.yaml": flow("Edited")}
    assert "changed it, and not all of that is applied yet" in place.repo.pulls[-1]["body"]
    place.frigade.rows[1]["name"] = "Beta"
    assert place.run("apply", name="push", payload={"before": base}).code == 0
    place.frigade.rows[0]["description"] = "By hand again"
    place.drift("--pull-request")
    assert "By hand again" in proposed(place)["flows/flow_a.yaml"]


def test_a_merge_that_was_edited_live_while_it_waited_is_not_undone(place: Workplace) -> None:
    """An apply that refuses a conflict leaves this behind: the history says edit, the merged change is not applied."""
    base = git(place.root, "rev-parse", "HEAD")
    (place.root / "flow_b.yaml").write_text("no: flow\n")
    place.write(flow_c="name: In step\n")
    place.frigade.rows.append(row(3, "flow_c", name="In step"))
    merge(place, 5, flow_a=flow("Merged"))
    tip = git(place.root, "rev-parse", "HEAD")
    place.plan(base=base)
    place.merge()
    place.repo.commits[:] = [tip, base]
    place.repo.pulls_of[tip] = [5]
    place.frigade.rows[0]["name"] = "Edited while it waited"
    place.frigade.rows[1]["name"] = "Edited"
    place.drift("--pull-request", GITHUB_SHA=tip)
    assert proposed(place) == {"flows/flow_b.yaml": flow("Edited")}
    assert place.repo.pulls[-1]["body"].count("changed it, and not all of that is applied yet") == 1


def test_where_it_is_not_known_what_was_applied_nothing_is_proposed(tmp_path: Path) -> None:
    fault = reply(403, "Resource not accessible by integration").on("GET", "*/commits/*/pulls")
    with workplace(tmp_path, FakeRepo(commits=[MERGE, BASE], faults=(fault,))) as place:
        git(place.root, "init", "-q", "-b", "main")
        commit(place.root, "Start")
        place.frigade.rows[0]["name"] = "Edited"
        done = place.drift("--pull-request")
        assert (done.code, place.repo.refs, len(place.repo.issues)) == (0, {}, 1)
        assert "it is unknown which merged work is applied" in done.log


def test_a_proposal_is_withdrawn_when_only_merged_work_is_left(place: Workplace) -> None:
    place.frigade.rows[0]["name"] = "Edited"
    place.drift("--pull-request")
    place.frigade.rows[0]["name"] = "Alpha"
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    place.drift("--pull-request")
    assert (place.repo.pulls[-1]["state"], place.repo.refs) == ("closed", {})


def test_in_a_shallow_clone_nothing_is_proposed_and_the_issue_says_what_is_not_known(
    place: Workplace, tmp_path: Path
) -> None:
    merge(place, 12, flow_a=flow("Alpha", "Good morning"))
    git(tmp_path, "clone", "-q", "--depth=1", place.root.as_uri(), "shallow")
    place.root = tmp_path / "shallow"
    done = place.drift("--pull-request")
    assert (done.code, place.repo.refs) == (0, {})
    assert "No pull request is proposed, because it could undo merged work." in done.log
    assert "Some of these may not be edits." in place.repo.issues[0]["body"]
    assert "fetch-depth" in place.repo.issues[0]["body"]


def test_where_git_cannot_read_the_files_as_they_were_nothing_is_proposed(place: Workplace) -> None:
    (place.root / "flows").rename(place.root / "real")
    (place.root / "flows").symlink_to("real")
    commit(place.root, "A link")
    (place.root / "flows").unlink()
    (place.root / "real").rename(place.root / "flows")
    place.frigade.rows[0]["name"] = "Edited"
    done = place.drift("--pull-request")
    assert place.repo.refs == {}
    assert "The plan cannot show who made each change." in done.log
    assert "fetch-depth" in place.repo.issues[0]["body"]
