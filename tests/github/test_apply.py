"""`flowsync ci apply` from end to end: what is written, and where that is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowsync.cli.usage.guards import ALLOWED
from flowsync.github.inputs import ALLOWABLE
from tests.github.support import BASE, HEAD, MERGE, flow, reviewed, workplace
from tests.support.command import environment, flowsync
from tests.support.fake_frigade import UNOBSERVABLE, FakeConfig, fake_frigade, reply, row, success
from tests.support.fake_github import PERSON, FakeRepo, sha

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.support import Workplace
    from tests.support.fake_frigade import Fault
    from tests.support.fake_github import Row

CHANGED = flow("Alpha", "Good morning")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    with reviewed(tmp_path) as found:
        yield found


def written(place: Workplace) -> list[str]:
    return [seen.path for seen in place.frigade.writes]


def test_what_was_shown_is_written_and_told_in_a_new_comment(place: Workplace) -> None:
    marker = place.marker()
    done = place.apply()
    assert done.code == 0
    assert written(place) == ["/v1/flows/1"]
    assert "applied        flow_a" in done.log
    for shown in (place.result(), done.summary):
        assert "flowsync apply" in shown
        assert "Users notice it now." in shown
        assert "`flow_a` · live now</sub> | title of step 1: `Hello` → `Good morning` |" in shown
    assert place.marker() == replace(marker, used=marker.parts, by=MERGE)
    assert "**Applied for `0000000`** ([run](https://github.example/acorn/flows/actions/runs/4712))." in place.comment()
    assert "flowsync plan" in place.comment()
    assert done.outputs["comment-url"].endswith("#issuecomment-1002")
    assert done.outputs["record"].endswith("/flowsync-record.jsonl")
    assert "Hello" in Path(done.outputs["record"]).read_text()


def test_a_second_run_has_nothing_to_do(place: Workplace) -> None:
    place.apply()
    done = place.apply()
    assert done.code == 0
    assert written(place) == ["/v1/flows/1"]
    assert len(place.repo.comments_of(5)) == 2


def test_less_than_was_shown_is_fine(place: Workplace) -> None:
    place.repo.pulls[0].update(merged_at=None, state="open")
    place.write(flow_b=flow("Beta", "Welcome"))
    place.plan()
    place.merge()
    place.frigade.rows[1]["data"] = place.frigade.rows[1]["data"].replace("Hello", "Welcome")
    assert place.apply().code == 0
    assert written(place) == ["/v1/flows/1"]


def test_more_than_was_shown_is_refused_and_told_with_its_diff(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    done = place.apply()
    assert done.code == 4
    assert written(place) == []
    assert "error[unreviewed] Nothing was written: no merged pull request showed" in done.completed.err
    for shown in (place.result(), done.summary):
        assert "flow_b" in shown
    assert "Not shown" in place.result()
    assert "Good morning" not in place.result()
    assert "The plan in pull request 5 differs" in place.result()


def test_a_refusal_is_not_reviewed_by_having_been_told(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    assert [place.apply().code, place.apply().code] == [4, 4]


def test_an_edit_after_the_review_is_refused(place: Workplace) -> None:
    place.frigade.rows[0]["data"] = place.frigade.rows[0]["data"].replace("Hello", "Howdy")
    done = place.apply()
    assert (done.code, written(place)) == (4, [])
    assert "- title: Howdy" in place.result()


def test_a_warning_instead_marks_the_comment(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    done = place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="warn")
    assert done.code == 0
    assert len(written(place)) == 2
    assert "::notice title=flowsync::No merged pull request showed the changes to flow_b." in done.log
    assert "Written, although no merged pull request showed it:" in place.result()


def test_off_asks_nobody(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    done = place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="off")
    assert (done.code, len(written(place))) == (0, 2)
    assert "no merged pull request" not in place.result().lower()


def test_a_direct_push_is_refused_unless_it_changes_nothing(place: Workplace) -> None:
    place.repo.pulls_of.clear()
    place.repo.pulls.clear()
    done = place.apply()
    assert (done.code, written(place)) == (4, [])
    assert "This commit came with no pull request." in done.completed.err
    place.write(flow_a=flow("Alpha"))
    assert place.apply().code == 0


def test_a_pull_request_without_a_plan_is_said_to_be_one(place: Workplace) -> None:
    place.repo.comments.clear()
    assert (
        "Pull request 5 has no comment with a plan, or somebody edited its first line." in place.apply().completed.err
    )
    assert place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN="warn").code == 0
    assert "Users notice it now." in place.result()


def test_a_plan_that_somebody_else_wrote_counts_for_nothing(place: Workplace) -> None:
    place.repo.comments[0]["user"] = PERSON
    assert place.apply().code == 4


@pytest.mark.parametrize(
    ("editor", "code"),
    [
        ({"login": "github-actions", "__typename": "Bot"}, 0),
        ({"login": "github-actions", "__typename": "User"}, 4),
        ({"login": "mallory", "__typename": "User"}, 4),
    ],
)
def test_a_plan_that_a_person_has_edited_counts_for_nothing(place: Workplace, editor: Row, code: int) -> None:
    """Whoever may write to a repository may edit a bot's comment, which stays the bot's."""
    place.repo.comments[0]["editor"] = editor
    done = place.apply()
    assert (done.code, len(written(place))) == (code, code == 0)


@pytest.mark.parametrize("other", [{"base": {"ref": "next"}}, {"merged_at": None}])
def test_a_pull_request_into_another_branch_or_not_merged_counts_for_nothing(place: Workplace, other: Row) -> None:
    place.repo.pulls[0].update(other)
    assert place.apply().code == 4


def test_what_an_earlier_merge_left_to_do_was_reviewed_there(place: Workplace) -> None:
    """The run of the first merge was superseded by the second."""
    place.repo.add_pull(6, sha(60), merged=True)
    place.repo.add_pull(7, sha(61), merged=True)
    place.repo.pulls_of[sha(62)] = [6]
    place.repo.commits.insert(0, sha(62))
    assert place.apply().code == 0
    assert written(place) == []
    assert "::notice title=flowsync::Superseded" in place.apply().log
    done = place.run("apply", name="push", payload={}, GITHUB_SHA=sha(62))
    assert (done.code, written(place)) == (0, ["/v1/flows/1"])
    assert "Users notice it now." in place.repo.comments_of(6)[0]


def second_pull(place: Workplace) -> None:
    """Pull request 6 changes flow_b, is planned and merged."""
    place.repo.add_pull(6, sha(60))
    place.write(flow_a=flow("Alpha"), flow_b=flow("Beta", "Welcome"))
    place.plan(head=sha(60), pull=6)
    place.write(flow_a=CHANGED)
    place.repo.pulls[1].update(merged_at="2026-01-03T03:04:05Z", state="closed")


def merged_later(place: Workplace) -> str:
    """The commit of a second pull request, merged upon MERGE."""
    second_pull(place)
    place.repo.commits.insert(0, sha(62))
    place.repo.pulls_of[sha(62)] = [6]
    return sha(62)


def test_an_edit_that_puts_back_what_an_earlier_merge_wrote_is_not_undone_by_a_later_one(place: Workplace) -> None:
    """Somebody takes a flow back in the dashboard, in a hurry: the old plan showed its undoing, but was done then."""
    assert place.apply().code == 0
    tip = merged_later(place)
    place.frigade.rows[0]["data"] = place.frigade.rows[0]["data"].replace("Good morning", "Hello")
    done = place.run("apply", name="push", payload={}, GITHUB_SHA=tip)
    assert (done.code, written(place)) == (4, ["/v1/flows/1"])
    assert "Applied before: update of flow_a in data." in done.completed.err


def test_what_an_earlier_merge_failed_to_write_was_reviewed_there(place: Workplace) -> None:
    place.repo.comments[0]["body"] = place.comment().replace("flowsync plan", "flowsync apply", 1)
    tip = merged_later(place)
    assert place.run("apply", name="push", payload={}, GITHUB_SHA=tip).code == 0
    assert len(written(place)) == 2


def test_a_plan_made_after_the_merge_is_shown_to_nobody_in_time(place: Workplace) -> None:
    before = place.comment()
    place.write(flow_b=flow("Beta", "Not shown"))
    done = place.plan()
    assert "No comment was written: the pull request is merged, and its comment stays what was reviewed." in done.log
    assert place.comment() == before
    assert place.apply().code == 4


def test_a_merge_queue_brings_several_pull_requests_at_once(place: Workplace) -> None:
    second_pull(place)
    place.repo.pulls_of[MERGE] = [6, 5]
    assert place.apply().code == 0
    assert len(written(place)) == 2


def test_every_pull_request_of_a_push_is_told_the_result(place: Workplace) -> None:
    """A merge queue pushes several at once; of the newest commit there is one only."""
    tip = merged_later(place)
    payload = {"before": BASE, "commits": [{"id": MERGE}, {"id": tip}]}
    done = place.run("apply", name="push", payload=payload, GITHUB_SHA=tip)
    assert (done.code, len(written(place))) == (0, 2)
    for pull in (5, 6):
        assert "Applied 2 flows to `127.0.0.1" in place.result(pull)
        assert (place.marker(pull).by, len(place.marker(pull).used)) == (sha(62), 1)
    assert done.outputs["comment-url"].startswith("https://github.example/pull/6#")


@pytest.mark.parametrize(("rule", "code"), [("error", 1), ("warn", 1), ("off", 0)])
def test_where_earlier_pull_requests_cannot_be_looked_for_nothing_that_needs_a_review_is_written(
    tmp_path: Path, rule: str, code: int
) -> None:
    repo = FakeRepo(commits=[sha(8), BASE], faults=(reply(404).on("GET", f"*/commits/{sha(8)}/pulls", times=99),))
    with reviewed(tmp_path, repo) as place:
        done = place.apply(FLOWSYNC_REQUIRE_REVIEWED_PLAN=rule)
        assert (done.code, len(written(place))) == (code, code == 0)
        assert "::warning title=flowsync::The result could not be reported on every pull request." in done.log
        assert ("Users notice it now." in place.result()) is (code == 0)


def test_a_superseded_commit_writes_nothing_and_is_no_failure(place: Workplace) -> None:
    place.repo.commits.insert(0, sha(99))
    done = place.apply()
    assert done.code == 0
    assert "::notice title=flowsync::Superseded: the branch has a newer commit" in done.log
    assert written(place) == []
    assert "flowsync plan" in place.comment()


def test_a_commit_that_is_superseded_while_it_plans_writes_nothing(tmp_path: Path) -> None:
    newer = success(b'{"object": {"sha": "f"}}').on("GET", "*/git/ref/heads/main", skip=1)
    with reviewed(tmp_path, FakeRepo(faults=(newer,))) as place:
        done = place.apply()
        assert (done.code, written(place)) == (0, [])
        assert "Superseded" in done.log


@pytest.mark.parametrize("answer", [reply(404), success(b"{}"), success(b"<html>")])
def test_where_github_does_not_say_what_is_newest_nothing_is_written(tmp_path: Path, answer: Fault) -> None:
    with reviewed(tmp_path, FakeRepo(faults=(answer.on("GET", "*/git/ref/heads/main", times=9),))) as place:
        done = place.apply()
        assert (done.code, written(place)) == (1, [])
        assert "error[github] G" in done.completed.err


def test_a_tag_is_never_superseded(place: Workplace) -> None:
    place.repo.commits.insert(0, sha(99))
    place.repo.commits.append(MERGE)
    assert place.apply(GITHUB_REF="refs/tags/v1").code == 0
    assert written(place) == ["/v1/flows/1"]


REVIEW = ("pull_request_review", {"review": {}, "pull_request": {"number": 5}})
"""An event that names a pull request's merge as the commit of the run."""


@pytest.mark.parametrize(
    ("name", "payload", "ref"),
    [
        ("merge_group", {"merge_group": {"base_sha": HEAD}}, "refs/heads/main"),
        (
            "pull_request",
            {"pull_request": {"number": 5, "head": {"sha": HEAD}, "base": {"sha": HEAD}}},
            "refs/heads/main",
        ),
        (*REVIEW, "refs/pull/5/merge"),
        (*REVIEW, "refs/heads/gh-readonly-queue/main/pr-5-abc"),
        (*REVIEW, ""),
    ],
)
def test_what_is_not_merged_is_never_applied(place: Workplace, name: str, payload: object, ref: str) -> None:
    place.repo.commits.insert(0, MERGE)
    done = place.run("apply", name=name, payload=payload, GITHUB_REF=ref, FLOWSYNC_REQUIRE_REVIEWED_PLAN="off")
    assert (done.code, written(place)) == (4, [])
    assert "apply does not run before the merge" in done.completed.err


def test_a_tag_of_the_branch_s_name_does_not_say_what_is_newest(tmp_path: Path) -> None:
    """GitHub takes a bare name for either; only what is asked for as a branch is one."""
    tag = success(b'{"sha": "%s"}' % sha(8).encode()).on("GET", "*/commits/main", times=9)
    with reviewed(tmp_path, FakeRepo(faults=(tag,))) as place:
        assert place.apply().code == 0
        assert written(place) == ["/v1/flows/1"]


@pytest.mark.parametrize("branch", ["release/1?x=%2e#y", 'ü"$(id)`', "heads/main", "::error::"])
def test_a_branch_of_a_hostile_name_is_asked_for_by_that_name(place: Workplace, branch: str) -> None:
    place.repo.refs[branch] = MERGE
    place.repo.commits.append(MERGE)
    place.repo.pulls[0]["base"]["ref"] = branch
    done = place.apply(GITHUB_REF=f"refs/heads/{branch}")
    assert (done.code, written(place)) == (0, ["/v1/flows/1"])
    place.repo.refs[branch] = sha(99)
    assert "Superseded" in place.apply(GITHUB_REF=f"refs/heads/{branch}").log


def test_without_a_token_nothing_is_written(place: Workplace) -> None:
    done = place.apply(GITHUB_TOKEN="")
    assert (done.code, written(place)) == (1, [])
    assert "the input github-token is empty" in done.completed.err


def test_a_blocked_flow_stops_everything_and_reviewers_are_told(place: Workplace) -> None:
    place.write(flow_new="name: New\n")
    done = place.apply()
    assert (done.code, written(place)) == (4, [])
    assert "1 flow is blocked; nothing was written" in place.result()


def test_a_new_flow_and_a_new_draft_are_shown_reviewed_and_made_once(place: Workplace) -> None:
    place.repo.pulls[0].update(merged_at=None, state="open")
    place.write(flow_new=f"{flow('New')}type: CARD\nactive: true\n", flow_b=f"target: draft\n{flow('Beta', 'Later')}")
    planned = place.plan()
    assert planned.code == 0
    assert [planned.outputs[name] for name in ("creates", "drafts", "updates")] == ["1", "1", "1"]
    shown = place.comment()
    assert "Merging this creates 1 flow, makes 1 draft and changes 1 flow. Users notice 2 of them at once." in shown
    assert "<sub>`flow_new`</sub>: new flow, **switched on**: its audience may see it at once" in shown
    assert "`flow_new` · created switched on, seen at once</sub> | **new `CARD`**<br>audience: `everyone`" in shown
    assert "`flow_b` · new draft, made from version 1</sub> | title of step 1: `Hello` → `Later` |" in shown
    assert "Nobody sees the new draft until it is published: `flowsync publish flow_b`." in shown
    place.merge()
    done = place.apply()
    assert done.code == 0, done.log
    assert "flow_new` · created as a draft that nobody sees until it is published<" in place.result()
    made = written(place)
    assert made.count("/v1/flows") == 1
    assert "/v1/flows/2/versions" in made
    assert place.apply().code == 0
    assert written(place) == made


def test_a_new_flow_that_nobody_was_shown_is_not_made(place: Workplace) -> None:
    place.write(flow_new=flow("New"))
    done = place.apply()
    assert (done.code, written(place)) == (4, [])
    assert "flow_new" in place.result()


def test_a_flow_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    rows = [row(1, "flow_a", name="Alpha"), row(2, "flow_b", name="Beta")]
    with (
        workplace(tmp_path) as place,
        fake_frigade(FakeConfig(faults=(reply(400, "Too odd").on("PUT", "*/1", times=9),)), rows) as frigade,
    ):
        place.frigade = frigade
        place.plan()
        place.merge()
        done = place.apply()
        assert done.code == 5
        assert done.outputs["exit-code"] == "5"
        assert "1 is not as planned." in place.result()
        assert "Too odd" in done.summary
        assert "`flow_b` · live now</sub> |" in place.result()


def test_an_api_that_is_down_is_told_to_reviewers(place: Workplace) -> None:
    assert place.apply(FRIGADE_API_KEY="api_private_wrong").code == 1
    assert "403" in place.result()


def test_what_fails_after_the_writing_does_not_make_it_unsaid(place: Workplace) -> None:
    done = place.apply(GITHUB_STEP_SUMMARY="no/such/summary")
    assert (done.code, written(place)) == (1, ["/v1/flows/1"])
    assert "Users notice it now." in place.result()
    assert done.outputs["record"].endswith("/flowsync-record.jsonl")


# Saved plans and guards


def saved(place: Workplace) -> str:
    """What the job before saved for this one."""
    done = place.run("plan", name="push", payload={}, FLOWSYNC_PLAN_FILE="plan.json")
    assert done.code == 0
    return "plan.json"


def test_a_saved_plan_is_carried_out_exactly(place: Workplace) -> None:
    file = saved(place)
    place.write(flow_a=flow("Alpha", "Never shown"), flow_b=flow("Beta", "Never shown"))
    done = place.apply(FLOWSYNC_PLAN_FILE=file)
    assert (done.code, written(place)) == (0, ["/v1/flows/1"])
    assert "Good morning" in place.frigade.rows[0]["data"]
    assert done.outputs["plan-json"] == str(place.root / "plan.json")


def test_a_saved_plan_is_held_against_the_reviewed_one_too(place: Workplace) -> None:
    place.write(flow_b=flow("Beta", "Not shown"))
    file = saved(place)
    assert (place.apply(FLOWSYNC_PLAN_FILE=file).code, written(place)) == (4, [])
    assert "| Flow | What was not written |" in place.result()
    assert "Not shown:" not in place.result()


def test_a_saved_plan_that_is_no_longer_true_is_refused_and_told(place: Workplace) -> None:
    file = saved(place)
    place.frigade.rows[0]["data"] = place.frigade.rows[0]["data"].replace("Hello", "Howdy")
    done = place.apply(FLOWSYNC_PLAN_FILE=file)
    assert (done.code, written(place)) == (4, [])
    assert "the saved plan is out of date" in place.result()
    assert "Howdy" in place.result()


def test_a_saved_plan_that_was_applied_already_is_fine(place: Workplace) -> None:
    file = saved(place)
    place.apply(FLOWSYNC_PLAN_FILE=file)
    place.repo.pulls_of.clear()
    before = len(place.frigade.requests)
    done = place.apply(FLOWSYNC_PLAN_FILE=file)
    assert (done.code, written(place)) == (0, ["/v1/flows/1"])
    assert len(place.frigade.requests) - before == reads_of_a_check(place, file)
    assert "1 flow already was as planned." in done.summary
    assert done.outputs["record"] == ""


def reads_of_a_check(place: Workplace, file: str) -> int:
    """How many requests it takes to see that a saved plan has been applied already."""
    before = len(place.frigade.requests)
    flowsync("apply", file, root=place.root, env=environment(place.frigade.url))
    return len(place.frigade.requests) - before


def test_a_plan_file_that_is_missing_is_an_error(place: Workplace) -> None:
    done = place.apply(FLOWSYNC_PLAN_FILE="no.json")
    assert (done.code, written(place)) == (4, [])
    assert "The saved plan cannot be read" in place.result()


def test_guards_refuse_are_told_before_and_can_be_let_through(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        (place.root / "flowsync.yaml").write_text("guards:\n  max_changes: 1\n")
        place.write(flow_a=CHANGED, flow_b=flow("Beta", "Good morning"))
        place.plan()
        assert "changes nothing yet: resolve 1 size limit first." in place.comment()
        assert "max_changes" in place.comment()
        place.merge()
        done = place.apply()
        assert (done.code, written(place)) == (4, [])
        for shown in (place.result(), done.summary):
            assert "### Nothing was written: resolve 1 size limit first." in shown
            assert "max_changes" in shown
        assert place.apply(FLOWSYNC_ALLOW="many, type-change").code == 0
        assert len(written(place)) == 2


def test_what_can_be_let_through_is_what_guards_know() -> None:
    assert set(ALLOWABLE) == set(ALLOWED)


def test_the_plan_of_a_push_says_before_anybody_approves_it_what_was_not_shown(place: Workplace) -> None:
    said = "No merged pull request showed the changes to flow_b: apply needs that."
    payload = {"before": sha(1)}
    assert said not in place.run("plan", name="push", payload=payload).log
    place.write(flow_b=flow("Beta", "Not shown"))
    assert said in place.run("plan", name="push", payload=payload).log
    assert said not in place.run("plan", name="push", payload=payload, FLOWSYNC_REQUIRE_REVIEWED_PLAN="off").log


def test_many_flows_that_were_not_shown_are_counted(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("guards:\n  max_changes: 100\n  max_changed_percent: 100\n")
    slugs = [f"flow_{number:02}" for number in range(30)]
    place.frigade.rows.extend(row(number, slug, name="Old") for number, slug in enumerate(slugs, 100))
    place.write(**dict.fromkeys(slugs, "name: New\n"))
    done = place.apply()
    assert done.code == 4
    assert "  - And 10 more.\n" in done.completed.err


def test_a_flow_that_is_switched_off_to_make_sure_is_shown_reviewed_and_sent(tmp_path: Path) -> None:
    """The API does not say whether a flow is on, and there is no base that shows that the switch was sent."""
    with workplace(tmp_path) as place:
        place.frigade.behave(FakeConfig(hidden=UNOBSERVABLE))
        place.write(flow_a=f"{flow('Alpha')}active: false\n")
        planned = place.plan()
        assert planned.code == 0
        assert (planned.outputs["has-changes"], planned.outputs["updates"]) == ("true", "0")
        assert planned.outputs["unverified"] == "1"
        for shown in (place.comment(), planned.summary):
            sent = "sent as **switched off**: the API does not say whether it is"
            assert f"`flow_a` · may be on or off</sub> | {sent} |" in shown
            assert "as the files say" not in shown
        assert "if the flow is on, it is switched off" in planned.log
        place.merge()
        applied = place.apply()
        assert applied.code == 0
        assert [request.json for request in place.frigade.writes] == [{"active": False}]
        assert "Users notice it now." in place.result()
        assert "no merged pull request" not in applied.summary
