"""A review is used once, whatever becomes of the runs that use it: scenarios of several runs each."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.github.support import BASE, HEAD, MERGE, flow, reviewed, workplace
from tests.support.command import CLEAN, command_line
from tests.support.fake_frigade import ALWAYS, hang, reply, success
from tests.support.fake_github import BOT, EDITING_PERSON, FakeRepo, sha

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.github.support import Outcome, Workplace
    from tests.support.fake_frigade import Fault

CHANGED = flow("Alpha", "Good morning")
USED = "a review counts once, and this one was already applied"
BODY = "*/issues/comments/*"
RESULT = "*/issues/5/comments"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    with reviewed(tmp_path) as found:
        yield found


def written(place: Workplace) -> int:
    return len(place.frigade.writes)


def roll_back(place: Workplace, row: int = 0) -> None:
    """Somebody takes back in the dashboard what an apply wrote."""
    place.frigade.rows[row]["data"] = place.frigade.rows[row]["data"].replace("Good morning", "Hello")


def push(place: Workplace, commit: str, *pulls: int, **env: str) -> Outcome:
    """A later push, and its apply."""
    place.repo.commits.insert(0, commit)
    place.repo.pulls_of[commit] = list(pulls)
    payload = {"before": MERGE, "commits": [{"id": commit}]}
    return place.run("apply", name="push", payload=payload, GITHUB_SHA=commit, **env)


def by_hand(place: Workplace, **env: str) -> Outcome:
    """Somebody runs the apply workflow."""
    return place.run("apply", name="workflow_dispatch", payload={}, **env)


def add_reviewed(place: Workplace, pull: int, **flows: str) -> None:
    """Another pull request, planned and merged."""
    place.repo.add_pull(pull, sha(pull * 10))
    place.write(**flows)
    assert place.plan(pull=pull, head=sha(pull * 10)).code == 0
    place.repo.pulls[-1].update(merged_at="2026-01-03T03:04:05Z", state="closed")


def failing(*faults: Fault) -> FakeRepo:
    return FakeRepo(commits=[BASE], faults=faults)


# The ways to apply something twice


def test_applied_and_rolled_back_it_is_not_applied_again_by_the_same_run(place: Workplace) -> None:
    assert place.apply().code == 0
    roll_back(place)
    done = place.apply()
    assert (done.code, written(place)) == (4, 1)
    assert USED in done.completed.err
    hint = " ".join(done.completed.err.split())
    assert "Commit 0000000 already applied this review (pull request 5)." in hint
    assert "To apply it again, run the apply workflow by hand with repeat: true." in hint
    assert USED in place.result()
    assert "**Applied for `0000000`**" in place.comment()


def test_to_repeat_it_is_asked_for(place: Workplace) -> None:
    place.apply()
    roll_back(place)
    assert by_hand(place).code == 4
    assert by_hand(place, FLOWSYNC_REPEAT="true").code == 0
    assert written(place) == 2
    assert not place.marker().unused
    roll_back(place)
    assert by_hand(place).code == 4


def test_the_plan_of_a_push_says_that_it_was_applied_before(place: Workplace) -> None:
    place.apply()
    roll_back(place)
    said = "The plan of pull request 5 was applied already: apply needs repeat: true to apply it again."
    payload = {"before": BASE, "commits": [{"id": MERGE}]}
    assert said in place.run("plan", name="push", payload=payload).log
    assert said not in place.run("plan", name="push", payload=payload, FLOWSYNC_REPEAT="true").log


def test_to_repeat_lets_nothing_pass_that_nobody_saw(place: Workplace) -> None:
    place.apply()
    place.write(flow_b=flow("Beta", "Not shown"))
    assert place.apply(FLOWSYNC_REPEAT="true").code == 4


@pytest.mark.parametrize("env", [{}, {"FLOWSYNC_COMMENT": "off"}, {"FLOWSYNC_REQUIRE_REVIEWED_PLAN": "warn"}])
def test_what_a_superseded_run_left_is_applied_by_a_direct_push_and_by_no_second_one(
    place: Workplace, env: dict[str, str]
) -> None:
    place.repo.commits.insert(0, sha(99))
    assert "Superseded" in place.apply().log
    assert push(place, sha(101), **env).code == 0
    assert written(place) == 1
    roll_back(place)
    done = push(place, sha(102))
    assert (done.code, written(place)) == (4, 1)
    assert USED in done.completed.err


@pytest.mark.parametrize(
    "env",
    [
        {"FLOWSYNC_COMMENT": "off"},
        {"FLOWSYNC_REQUIRE_REVIEWED_PLAN": "warn"},
        {"FLOWSYNC_REQUIRE_REVIEWED_PLAN": "off"},
        {"FLOWSYNC_REQUIRE_REVIEWED_PLAN": "off", "FLOWSYNC_COMMENT": "off"},
        {"GITHUB_REF": "refs/tags/v1"},
    ],
)
def test_it_is_used_however_the_apply_was_set(place: Workplace, env: dict[str, str]) -> None:
    before = place.comment()
    assert place.apply(**env).code == 0
    assert (place.marker().used, place.marker().by) == (place.marker().parts, MERGE)
    if "FLOWSYNC_COMMENT" in env:
        assert len(place.repo.comments_of(5)) == 1
        assert place.comment().split("\n")[1:] == before.split("\n")[1:]
    roll_back(place)
    assert (place.apply().code, written(place)) == (4, 1)


def test_what_was_live_already_is_used_with_the_rest(place: Workplace) -> None:
    """Somebody made the change in the dashboard before the apply, and takes it back after it."""
    place.frigade.rows[0]["data"] = place.frigade.rows[0]["data"].replace("Hello", "Good morning")
    assert (place.apply().code, written(place)) == (0, 0)
    assert "Nothing to apply" in place.result()
    roll_back(place)
    assert (place.apply().code, written(place)) == (4, 0)


def test_a_plan_shown_twice_is_used_in_both_places(place: Workplace) -> None:
    """The second pull request was planned before the first was applied, so its plan shows the same change."""
    add_reviewed(place, 6, flow_a=CHANGED, flow_b=flow("Beta", "Welcome"))
    assert push(place, sha(62), 6).code == 0
    assert not place.marker(5).unused
    assert not place.marker(6).unused
    roll_back(place)
    assert push(place, sha(63)).code == 4


@pytest.mark.parametrize("forbidden", [frozenset[str](), frozenset({"actions"})])
@pytest.mark.parametrize("replanned", [False, True])
def test_what_a_plan_showed_as_pending_is_used_with_the_review_that_it_waited_for(
    place: Workplace, forbidden: frozenset[str], *, replanned: bool
) -> None:
    """The second pull request was planned before the first was applied, and is merged after that was rolled back."""
    place.repo.forbidden = forbidden
    add_reviewed(place, 6, flow_b=flow("Beta", "Welcome"))
    place.write(flow_b=flow("Beta"))
    assert place.apply().code == 0
    roll_back(place)
    place.write(flow_b=flow("Beta", "Welcome"))
    if replanned:
        place.repo.pulls[-1].update(merged_at=None, state="open")
        assert place.plan(pull=6, head=sha(60)).code == 0
        place.repo.pulls[-1].update(merged_at="2026-01-04T03:04:05Z", state="closed")
    done = push(place, sha(62), 6)
    if replanned and not forbidden:
        assert (done.code, written(place)) == (0, 3)
        return
    assert (done.code, written(place)) == (4, 1)
    assert USED in done.completed.err
    assert push(place, sha(63), FLOWSYNC_REPEAT="true").code == 0


# Partly applied, and cut off


def partly(place: Workplace) -> Outcome:
    """Of two reviewed flows the second cannot be written."""
    place.frigade.suffer(reply(400, "Too odd").on("PUT", "*/2", times=1))
    return place.apply()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Workplace]:
    """A merged pull request that changes both flows."""
    with workplace(tmp_path) as place:
        place.write(flow_a=CHANGED, flow_b=flow("Beta", "Good morning"))
        place.plan()
        place.merge()
        yield place


def test_what_could_not_be_written_is_resumed(two: Workplace) -> None:
    done = partly(two)
    assert done.code == 5
    assert "::error title=partly-applied::flow_b failed: " in done.log
    assert len(two.marker().used) == 1
    assert "**Partly applied for `0000000`**" in two.comment()
    assert two.apply().code == 0
    assert not two.marker().unused
    assert "**Applied for `0000000`**" in two.comment()
    assert two.comment().count("flowsync:result") == 1


def test_where_nothing_could_be_written_the_whole_review_is_left(two: Workplace) -> None:
    two.frigade.suffer(reply(400, "Too odd").on("PUT", "*", times=ALWAYS))
    assert two.apply().code == 5
    assert two.marker().unused == two.marker().parts
    assert "**Not applied for `0000000`**" in two.comment()
    line = two.comment().splitlines()[2]
    assert "Too odd" in line
    assert line.endswith("And 1 more.")
    two.frigade.suffer()
    assert two.apply().code == 0


def test_what_was_written_before_is_not_written_again_with_the_rest(two: Workplace) -> None:
    partly(two)
    roll_back(two)
    assert two.apply().code == 4
    assert two.apply(FLOWSYNC_REPEAT="true").code == 0


def test_a_run_that_dies_while_it_writes_leaves_the_review_used(place: Workplace) -> None:
    place.frigade.suffer(hang().on("PUT", "*"))
    env = {**CLEAN, **place.environment("push", {"before": BASE, "commits": [{"id": MERGE}]})}
    with subprocess.Popen(command_line("ci", "apply"), cwd=place.root, env=env, stdout=-3, stderr=-3) as running:
        deadline = time.monotonic() + 60
        while not place.frigade.writes and time.monotonic() < deadline:
            time.sleep(0.01)
        running.kill()
    assert not place.marker().unused
    place.frigade.suffer()
    assert place.apply().code == 4


def test_a_record_that_cannot_be_kept_gives_the_review_back(place: Workplace) -> None:
    env = place.environment("push", {"before": BASE, "commits": [{"id": MERGE}]})
    (place.root.parent / f"runner-{place.runs}" / "flowsync-record.jsonl").mkdir()
    done = place.run("apply", name="push", payload={}, RUNNER_TEMP=env["RUNNER_TEMP"])
    assert (done.code, written(place)) == (1, 0)
    assert place.marker().unused == place.marker().parts
    assert "**Not applied for `0000000`**" in place.comment()
    assert place.apply().code == 0


# Where GitHub does not take a note


def test_a_comment_that_cannot_be_edited_is_followed_by_one_that_carries_the_claim(tmp_path: Path) -> None:
    with reviewed(tmp_path, failing(reply(403, "No").on("PATCH", BODY, times=ALWAYS))) as place:
        done = place.apply()
        assert (done.code, written(place)) == (0, 1)
        assert "The result could not be recorded in the comment of pull request 5." in done.log
        assert "The next apply of the same changes needs a new plan." in done.log
        assert "Users notice it now." in place.result()
        roll_back(place)
        done = place.apply()
        assert (done.code, written(place)) == (4, 1)
        assert USED in done.completed.err


@pytest.mark.parametrize(("rule", "code"), [("error", 4), ("warn", 0), ("off", 0)])
def test_where_no_claim_can_be_written_nothing_is_that_needs_a_review(tmp_path: Path, rule: str, code: int) -> None:
    faults = (
        reply(403, "No").on("PATCH", BODY, times=ALWAYS),
        reply(403, "No").on("POST", RESULT, times=ALWAYS, skip=1),
    )
    with reviewed(tmp_path, failing(*faults)) as place:
        done = place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN=rule)
        assert (done.code, written(place)) == (code, code == 0)
        said = "GitHub did not accept the record that the review in pull request 5 is used."
        assert (f"::notice title=flowsync::{said}" in done.log) is (code == 0)
        assert (said in done.completed.err) is (code == 4)
        assert "::warning title=flowsync::The result could not be shown on pull request 5." in done.log
        if code:
            assert "pull-requests: write" in done.completed.err
            assert "Then run this again." in " ".join(done.completed.err.split())


def test_where_one_of_two_claims_cannot_be_written_the_other_is_given_back(tmp_path: Path) -> None:
    with reviewed(tmp_path, failing(reply(403, "No").on("*", "*/issues/6/comments", times=1, skip=5))) as place:
        add_reviewed(place, 6, flow_a=CHANGED, flow_b=flow("Beta", "Welcome"))
        number = next(each["id"] for each in place.repo.comments if each["issue"] == 6)
        place.github.suffer(
            reply(403, "No").on("PATCH", f"*/comments/{number}", times=ALWAYS),
            reply(403, "No").on("POST", "*/issues/6/comments", times=ALWAYS),
        )
        assert (push(place, sha(62), 6).code, written(place)) == (4, 0)
        assert place.marker(5).unused == place.marker(5).parts
        assert place.marker(6).unused == place.marker(6).parts


def test_where_only_the_result_cannot_be_noted_the_claim_stands(tmp_path: Path) -> None:
    with reviewed(tmp_path, failing(reply(502).on("PATCH", BODY, times=ALWAYS, skip=1))) as place:
        done = place.apply()
        assert (done.code, written(place)) == (0, 1)
        assert (
            "::warning title=flowsync::The result could not be recorded in the comment of pull request 5." in done.log
        )
        assert not place.marker().unused
        roll_back(place)
        assert place.apply().code == 4


def test_a_result_that_cannot_be_shown_is_a_warning(tmp_path: Path) -> None:
    with reviewed(tmp_path, failing(reply(403, "No").on("POST", RESULT, times=ALWAYS, skip=1))) as place:
        done = place.apply()
        assert done.code == 0
        assert "::warning title=flowsync::The result could not be shown on pull request 5." in done.log
        assert "**Applied for `0000000`**" in place.comment()


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (reply(403, "Unable to create comment because issue is locked"), "The conversation is locked"),
        (reply(403, "You have exceeded a secondary rate limit"), "GitHub limits how fast requests may come"),
        (reply(429, "Slow down"), "GitHub limits how fast requests may come"),
        (replace(reply(403, "No"), headers=(("x-ratelimit-remaining", "0"),)), "GitHub limits how fast"),
        (reply(403, "Resource not accessible by integration"), "The job's permissions decide"),
    ],
)
def test_a_hint_is_about_what_is_wrong(tmp_path: Path, fault: Fault, hint: str) -> None:
    with reviewed(tmp_path, failing(fault.on("POST", RESULT, times=ALWAYS, skip=1))) as place:
        (warning,) = [line for line in place.apply().log.splitlines() if line.startswith("::warning")]
        assert hint in warning
        assert warning.count("permissions decide") == (hint == "The job's permissions decide")


# Who edited the comment, and which run wrote it


def test_a_plan_of_which_github_does_not_say_who_edited_it_counts_as_edited(tmp_path: Path) -> None:
    with reviewed(tmp_path) as place:
        place.repo.edit_comment(place.repo.comments[0], place.comment(), EDITING_PERSON)
        place.github.suffer(reply(502).on("POST", "/graphql", times=ALWAYS))
        before = place.comment()
        done = place.apply()
        assert (done.code, written(place), place.comment()) == (4, 0, before)
        said = (
            "GitHub does not say who last edited the comment of pull request 5, so its plan counts as edited by hand."
        )
        assert said in " ".join(done.completed.err.split())


def test_a_plan_that_may_have_been_edited_is_used_too_where_no_review_is_required(place: Workplace) -> None:
    place.github.suffer(reply(502).on("POST", "/graphql", times=ALWAYS))
    assert place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="warn").code == 0
    place.github.suffer()
    roll_back(place)
    for repeat in ("false", "true"):  # the edit of the marker must not vouch for the rest of the comment
        assert (place.apply(FLOWSYNC_REPEAT=repeat).code, written(place)) == (4, 1)


def test_an_editor_whose_account_is_gone_is_not_nobody(place: Workplace) -> None:
    place.repo.edit_comment(place.repo.comments[0], place.comment(), EDITING_PERSON)
    place.repo.comments[0]["editor"] = None
    assert (place.apply().code, written(place)) == (4, 0)


@pytest.mark.parametrize("answer", [b'{"data": {"node": null}}', b'{"data": {"node": {}}}', b"{}", b"[]", b"<html>"])
def test_no_answer_of_who_edited_a_plan_is_not_nobody(tmp_path: Path, answer: bytes) -> None:
    with reviewed(tmp_path) as place:
        place.github.suffer(success(answer).on("POST", "/graphql", times=ALWAYS))
        place.repo.user = BOT["login"]
        assert (place.apply().code, written(place)) == (4, 0)


def test_a_typo_in_a_comment_costs_its_review_and_nothing_else(place: Workplace) -> None:
    typo = place.comment().replace("flowsync plan", "flowsync plan for you")
    place.repo.edit_comment(place.repo.comments[0], typo, EDITING_PERSON)
    done = place.apply()
    assert (done.code, written(place), place.comment()) == (4, 0, typo)
    said = " ".join(done.completed.err.split())
    assert "The plan in pull request 5 was edited by somebody after flowsync wrote it." in said
    assert "Open any pull request: its plan shows what is pending." in said
    add_reviewed(place, 6, flow_a=CHANGED)
    assert push(place, sha(62), 6).code == 0
    assert (written(place), place.comment()) == (1, typo)
    assert "Users notice it now." in place.result(5)


@pytest.mark.parametrize(("rule", "code"), [("error", 4), ("off", 0)])
def test_an_edit_between_reading_and_writing_is_not_overwritten(place: Workplace, rule: str, code: int) -> None:
    comment = place.repo.comments[0]
    edited = {**comment, "body": comment["body"].replace("flowsync plan", "flowsync plan for you")}
    place.github.suffer(success(json.dumps([edited]).encode()).on("GET", RESULT, skip=1, times=1))
    done = place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN=rule)
    assert (done.code, written(place)) == (code, code == 0)
    assert "plan in pull request 5 was edited during this run" in done.completed.both


def forget(place: Workplace) -> None:
    del place.repo.runs[4711]


def add_part(place: Workplace) -> None:
    """The run kept its plan; then another workflow of the same bot adds something to the marker."""
    planned = place.marker()
    place.repo.artifacts[4711] = [f"flowsync-plan-{planned.seal}"]
    forged = replace(planned, parts=planned.parts | {"0123456789abcdef"})
    comment = place.repo.comments[0]
    comment["body"] = comment["body"].replace(planned.line(), forged.line())


def name_another_workflows_run(place: Workplace) -> None:
    """Another workflow's run of the same pull request, which kept no plan, is named; what planned kept its own."""
    planned = place.marker()
    place.repo.artifacts[4711] = [f"flowsync-plan-{planned.seal}"]
    place.repo.add_run(31, "pull_request", HEAD)
    comment = place.repo.comments[0]
    comment["body"] = comment["body"].replace("run=4711", "run=31")


def name_another_commits_run(place: Workplace) -> None:
    """The same with a run of a commit from before there were plans."""
    name_another_workflows_run(place)
    place.repo.add_run(31, "pull_request", sha(8))
    comment = place.repo.comments[0]
    comment["body"] = comment["body"].replace(f"head={HEAD}", f"head={sha(8)}")


def name_one_of_too_many(place: Workplace) -> None:
    for number in range(100, 151):
        place.repo.add_run(number, "pull_request", HEAD)


FORGERIES: dict[str, Callable[[Workplace], object]] = {
    "no such run": forget,
    "another event": lambda place: place.repo.runs[4711].update(event="push"),
    "another head": lambda place: place.repo.runs[4711].update(head_sha=sha(8)),
    "another plan": lambda place: place.repo.artifacts.update({4711: ["log", "flowsync-plan-0123456789abcdef"]}),
    "more than its run planned": add_part,
    "another workflow's run": name_another_workflows_run,
    "another commit's run": name_another_commits_run,
    "more runs than are looked at": name_one_of_too_many,
    "another repository": lambda place: place.repo.runs[4711].update(repository={"full_name": "mallory/flows"}),
    "a run that may not be read": lambda place: place.github.suffer(
        reply(403, "No").on("GET", "*/actions/runs/4711", times=ALWAYS)
    ),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_marker_that_its_run_did_not_write_counts_for_nothing(
    place: Workplace, forge: Callable[[Workplace], object]
) -> None:
    forge(place)
    done = place.apply()
    assert (done.code, written(place)) == (4, 0)
    said = "The plan in pull request 5 is not from the run that its comment names."
    assert said in " ".join(done.completed.err.split())


def test_a_run_that_kept_this_plan_among_others_is_its_own(place: Workplace) -> None:
    place.repo.page_size = 1
    place.repo.artifacts[4711] = [
        "log",
        "flowsync-plan-0123456789abcdef",
        f"flowsync-plan-{place.marker().seal}",
    ]
    assert place.apply().code == 0


def test_where_no_run_can_be_read_that_is_said_and_no_obstacle(tmp_path: Path) -> None:
    with reviewed(tmp_path, FakeRepo(forbidden=frozenset({"actions"}))) as place:
        done = place.apply()
        assert done.code == 0
        assert "::notice title=flowsync::Whether the reviewed plan is from the run" in done.log
        assert "actions: read" in done.log


@pytest.mark.parametrize("fault", [reply(502), reply(403, "API rate limit exceeded for installation")])
def test_where_runs_fail_to_be_read_nothing_is_written(place: Workplace, fault: Fault) -> None:
    place.github.suffer(fault.on("GET", "*/actions/runs/*", times=ALWAYS))
    assert (place.apply().code, written(place)) == (1, 0)


def test_a_marker_that_names_no_run_counts_only_where_none_can_be_read(place: Workplace) -> None:
    """Former versions wrote such markers; so may another workflow that leaves out what would give it away."""
    place.repo.comments[0]["body"] = place.comment().replace(" run=4711", "")
    done = place.apply()
    assert (done.code, written(place)) == (4, 0)
    assert "does not name the run that made it" in " ".join(done.completed.err.split())
    place.repo.forbidden = frozenset({"actions"})
    done = place.apply()
    assert done.code == 0
    assert "actions: read" in done.log


# Where pull requests are found


def test_a_live_branch_that_is_not_the_default_one(place: Workplace) -> None:
    """Of its commits GitHub lists open pull requests only."""
    branch = {"GITHUB_REF": "refs/heads/live"}
    place.repo.open_only = frozenset({MERGE, sha(62), sha(63)})
    place.repo.pulls[0]["base"]["ref"] = "live"
    place.repo.refs["live"] = sha(62)
    assert "Superseded" in place.apply(**branch).log
    assert place.repo.comments_of(5)[0].splitlines()[2].startswith("**Superseded by `0000000`**")
    place.repo.add_pull(6, sha(60), base="main")
    place.repo.pulls[1].update(merged_at="2026-01-03T03:04:05Z", state="closed", merge_commit_sha=sha(62))
    place.repo.add_pull(7, sha(70), base="live")
    place.repo.pulls[2].update(state="closed", merge_commit_sha=sha(62))
    done = push(place, sha(62), **branch)
    assert (done.code, written(place)) == (0, 1)
    assert "Users notice it now." in place.result(5)
    assert place.repo.comments_of(6) == place.repo.comments_of(7) == []
    lists = [
        seen for seen in place.github.requests if seen.path.endswith("/pulls") and seen.query.get("state") == "closed"
    ]
    assert len(lists) == 2
    assert all(seen.query["base"] == "live" for seen in lists)


def test_a_merged_fork_whose_plan_nobody_saw_is_told_as_that(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        place.repo.pulls.clear()
        place.repo.add_pull(5, HEAD, fork=True)
        place.repo.forbidden = frozenset({"comment"})
        place.write(flow_a=CHANGED)
        assert place.plan(fork=True).code == 0
        place.merge()
        place.repo.forbidden = frozenset()
        done = place.apply()
        assert (done.code, written(place)) == (4, 0)
        said = " ".join(done.completed.err.split())
        assert "Pull request 5 came from a fork, whose runs cannot write a comment" in said
        assert "from a branch of this repository" in said
        assert place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="warn").code == 0


def test_a_queue_of_three_is_told_three_times_and_used_three_times(place: Workplace) -> None:
    place.frigade.rows.append({**place.frigade.rows[1], "id": 3, "slug": "flow_c", "name": "Gamma"})
    place.write(flow_a=flow("Alpha"), flow_c=flow("Gamma"))
    add_reviewed(place, 6, flow_b=flow("Beta", "Good morning"))
    place.write(flow_b=flow("Beta"))
    add_reviewed(place, 7, flow_c=flow("Gamma", "Good morning"))
    place.write(flow_a=CHANGED, flow_b=flow("Beta", "Good morning"))
    for commit, pull in ((sha(61), 6), (sha(62), 7)):
        place.repo.commits.insert(0, commit)
        place.repo.pulls_of[commit] = [pull]
    payload = {"before": BASE, "commits": [{"id": MERGE}, {"id": sha(61)}, {"id": sha(62)}]}
    done = place.run("apply", name="push", payload=payload, GITHUB_SHA=sha(62))
    assert (done.code, written(place)) == (0, 3)
    for pull in (5, 6, 7):
        assert "Applied 3 flows to `127.0.0.1" in place.result(pull)
        assert "**Applied for `0000000`**" in place.repo.comments_of(pull)[0]
        assert not place.marker(pull).unused
    assert done.outputs["comment-url"].startswith("https://github.example/pull/7#")
    roll_back(place, 1)
    assert push(place, sha(63)).code == 4


# What is said of it


def test_a_plan_that_fills_its_comment_leaves_room_for_what_becomes_of_it(tmp_path: Path) -> None:
    slugs = [f"flow_{number:03}" for number in range(250)]
    fields = "name: {0}\ndescription: {0}\nactive: true\ndata:\n  steps:\n    - id: first\n      title: {0}\n"
    with workplace(tmp_path) as place:
        (place.root / "flowsync.yaml").write_text("guards: {max_changes: 999, max_changed_percent: 100}\n")
        place.frigade.rows.extend(
            {**place.frigade.rows[0], "id": number, "slug": slug, "description": "Old", "active": False}
            for number, slug in enumerate(slugs, 100)
        )
        place.write(**{slug: fields.format("New " * 20) for slug in slugs})
        place.plan()
        place.merge()
        assert len(place.marker().parts) == 1_000
        done = place.apply()
        assert (done.code, written(place)) == (0, 250)
        assert not place.marker().unused
        assert "**Applied for `0000000`**" in place.comment()
        assert len(place.comment()) < 65_000
        assert "::warning" not in done.log


def test_superseded_says_by_what_and_is_followed_up(place: Workplace) -> None:
    newer = "def5678" + "0" * 33
    place.repo.commits.insert(0, newer)
    before = place.comment()
    place.apply()
    assert "**Superseded by `def5678`**, whose own run applies this ([run](" in place.comment()
    assert place.comment().endswith(before.split("\n", 1)[1])
    assert len(place.repo.comments_of(5)) == 1
    done = place.run("apply", name="push", payload={"before": MERGE, "commits": [{"id": newer}]}, GITHUB_SHA=newer)
    assert done.code == 0
    assert "**Applied for `def5678`**" in place.comment()
    assert "Superseded" not in place.comment()
    assert "Users notice it now." in place.result()


def test_a_superseded_plan_is_followed_up_though_a_later_one_replaced_it(place: Workplace) -> None:
    place.repo.commits.insert(0, sha(99))
    place.apply()
    add_reviewed(place, 6, flow_a=flow("Alpha", "Good evening"))
    assert push(place, sha(62), 6).code == 0
    assert "**Applied for `0000000`**" in place.comment()
    assert "Users notice it now." in place.result(5)
    assert not place.marker(5).unused


def test_a_refused_plan_is_followed_up_when_its_flows_are_in_step(place: Workplace) -> None:
    assert place.apply(FRIGADE_API_KEY="api_private_wrong").code == 1
    assert "**Not applied for `0000000`**" in place.comment()
    place.frigade.rows[0]["data"] = place.frigade.rows[0]["data"].replace("Hello", "Good morning")
    assert push(place, sha(101)).code == 0
    assert "**Nothing is left to apply for `0000000`**" in place.comment()
    assert not place.marker().unused


def test_what_was_left_to_a_push_that_changes_nothing_is_told_and_used_by_its_plan(place: Workplace) -> None:
    """No apply job runs for such a push."""
    place.repo.commits.insert(0, sha(99))
    place.apply()
    assert "**Superseded by" in place.comment()
    place.write(flow_a=flow("Alpha"))
    done = place.run("plan", name="push", payload={"before": MERGE, "commits": [{"id": sha(99)}]}, GITHUB_SHA=sha(99))
    assert done.code == 0
    assert "Superseded" not in place.comment()
    assert "**Nothing is left to apply for `0000000`**" in place.comment()
    assert "Nothing to apply" in place.result()
    assert not place.marker().unused
    place.write(flow_a=CHANGED)
    assert (push(place, sha(100)).code, written(place)) == (4, 0)


def test_the_same_result_is_told_once_and_another_one_again(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    before = place.comment()
    assert [place.apply().code, place.apply().code] == [4, 4]
    assert len(place.repo.comments_of(5)) == 2
    assert "**Not applied for `0000000`**" in place.comment()
    assert place.comment().endswith(before.split("\n", 1)[1])
    assert place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="warn").code == 0
    assert len(place.repo.comments_of(5)) == 3
    assert place.comment().count("flowsync:result") == 1


def test_a_refusal_names_the_flows_in_an_annotation(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    (error,) = [line for line in place.apply().log.splitlines() if line.startswith("::error")]
    said = "no merged pull request showed the changes to flow_b."
    assert error.startswith(f"::error title=unreviewed::Nothing was written: {said}")
    assert "Not shown: update of flow_b in data." in error


@pytest.mark.parametrize("broken", ["nmae: Beta\n", "configuration", "api"])
def test_a_push_that_cannot_be_planned_says_so_on_its_pull_request(place: Workplace, broken: str) -> None:
    env = {}
    match broken:
        case "configuration":
            (place.root / "flowsync.yaml").write_text("nope: [\n")
        case "api":
            env = {"FRIGADE_API_KEY": "api_private_wrong"}
        case _:
            place.write(flow_b=broken)
    payload = {"before": BASE, "commits": [{"id": MERGE}]}
    assert place.run("plan", name="push", payload=payload, **env).code != 0
    assert "flowsync plan" in place.result()
    assert len(place.repo.comments_of(5)) == 2
    assert place.marker().unused == place.marker().parts
    if broken != "configuration":
        assert "**Not applied for `0000000`**" in place.comment()


@pytest.mark.parametrize("blocked", ["name: New\n", None])
def test_a_push_that_apply_would_refuse_says_so_on_its_pull_request(place: Workplace, blocked: str | None) -> None:
    if blocked:
        place.write(flow_new=blocked)
    else:
        place.write(flow_b="name: Beta\ntype: SURVEY\n")
    done = place.run("plan", name="push", payload={"before": BASE, "commits": [{"id": MERGE}]})
    assert done.code != 0
    assert "**Not applied for `0000000`**" in place.comment()
    assert ("flow_new" if blocked else "flow_b") in place.result()


def test_only_the_live_branch_is_applied(place: Workplace) -> None:
    place.repo.refs["topic"] = MERGE
    place.repo.pulls[0]["base"]["ref"] = "topic"
    done = place.apply(GITHUB_REF="refs/heads/topic", FLOWSYNC_LIVE_BRANCH="main")
    assert (done.code, written(place)) == (4, 0)
    assert "this is the branch topic, but only main is applied" in " ".join(done.completed.err.split())
    assert place.apply(FLOWSYNC_LIVE_BRANCH="main").code == 4
