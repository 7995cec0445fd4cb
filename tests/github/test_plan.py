"""`flowsync ci plan` from end to end: what a pull request is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flowsync import git
from flowsync.github.marker import read_marker
from tests.github.support import HEAD, TWO_ENVIRONMENTS, flow, workplace
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Effect,
    FakeConfig,
    error_body,
    rate_limited,
    reply,
    reset,
    server_error,
)
from tests.support.fake_github import PERSON, TOKEN, FakeRepo, sha

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.support import Workplace
    from tests.support.fake_frigade import Fault

CHANGED = flow("Alpha", "Good morning")
TOLD = "| **`Alpha`**<br><sub>`flow_a` · live at once</sub> | title of step 1: `Hello` → `Good morning` |"


def test_a_change_is_shown_in_comment_summary_log_and_outputs(place: Workplace) -> None:
    place.write(flow_a=CHANGED)
    done = place.plan()
    assert done.code == 0
    assert done.completed.err == ""
    for shown in (place.comment(), done.summary):
        assert "Merging this changes 1 flow. Users notice it at once." in shown
        assert TOLD in shown
        assert "- title: Hello\n+ title: Good morning" in shown
        assert "https://github.example/acorn/flows/actions/runs/4711" in shown
    assert "- title: Hello" in done.log
    assert done.outputs["has-changes"] == "true"
    assert (done.outputs["creates"], done.outputs["updates"], done.outputs["deletes"]) == ("0", "1", "0")
    assert done.outputs["comment-url"].startswith("https://github.example/pull/5#")
    assert done.outputs["exit-code"] == "0"
    assert "Good morning" not in str(done.outputs)


def test_the_plan_is_saved_for_its_owner_only_and_the_marker_holds_its_digest(place: Workplace) -> None:
    place.write(flow_a=CHANGED)
    done = place.plan(FLOWSYNC_PLAN_FILE="out/plan.json")
    path = place.root / "out" / "plan.json"
    assert done.outputs["plan-json"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    document = json.loads(path.read_text())
    marker = read_marker(place.comment())
    assert marker is not None
    assert done.outputs["plan-digest"] == document["digest"] == f"sha256:{marker.digest}"
    assert (marker.head, marker.truncated, len(marker.parts)) == (HEAD, False, 1)


def test_a_plan_without_changes_says_so(place: Workplace) -> None:
    done = place.plan(FLOWSYNC_COMMENT="update")
    assert done.outputs["has-changes"] == "false"
    assert "Merging this changes nothing for users: the live flows match the files." in place.comment()


def test_changes_fail_the_run_only_where_that_is_asked_for(place: Workplace) -> None:
    place.write(flow_a=CHANGED)
    assert place.plan(FLOWSYNC_FAIL_ON_CHANGES="true").code == 2
    place.write(flow_a=flow("Alpha"))
    assert place.plan(FLOWSYNC_FAIL_ON_CHANGES="true").code == 0


def test_a_plan_that_apply_would_refuse_fails_the_check_with_the_flow_and_the_guard(place: Workplace) -> None:
    place.write(flow_a=f"type: ANNOUNCEMENT\n{flow('Alpha')}")
    place.frigade.rows[0]["type"] = "CHECKLIST"
    done = place.plan()
    assert (done.code, done.outputs["exit-code"], done.outputs["has-changes"]) == (4, "4", "true")
    assert "::error" in done.log
    assert "flow_a: The type of a flow would change." in done.log
    assert place.plan(FLOWSYNC_ALLOW="type-change").code == 0
    assert [(each["sha"], each["state"]) for each in place.repo.statuses] == [(HEAD, "failure"), (HEAD, "success")]
    assert [each["description"] for each in place.repo.statuses] == [
        (
            "Merging this changes nothing yet: resolve 1 changed type first. "
            "Then it changes 1 flow. Users notice it at once."
        ),
        "Merging this changes 1 flow. Users notice it at once.",
    ]


@pytest.mark.parametrize("config", ["", "flowsync.yaml", "./conf/own.yaml"])
def test_a_head_that_breaks_the_configuration_is_told_where_the_plan_was(place: Workplace, config: str) -> None:
    file = place.root / (config or "flowsync.yaml")
    file.parent.mkdir(exist_ok=True)
    file.write_text("target: latest\n")
    if config.startswith("./conf"):
        (place.root / "flows").rename(file.parent / "flows")
        (file.parent / "flows" / "flow_a.yaml").write_text(CHANGED)
    else:
        place.write(flow_a=CHANGED)
    place.plan(FLOWSYNC_CONFIG=config)
    assert "Good morning" in place.comment()
    file.write_text("target: newest\n")
    assert place.plan(FLOWSYNC_CONFIG=config).code == 3
    assert "Good morning" not in place.comment()
    assert "must be latest, active or draft" in place.comment()
    assert place.repo.statuses[-1]["state"] == "failure"


def test_a_key_of_another_organization_is_refused_by_every_job(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("organization: 1001\n")
    for each in place.frigade.rows:
        each["organizationId"] = 2002
    place.write(flow_a=flow("Alpha", "Good morning"))
    assert place.plan().code == 4
    assert "opens organization 2002, but `flowsync.yaml` says that this project is organization 1001" in place.comment()
    assert place.repo.statuses[-1]["state"] == "failure"
    place.merge()
    for done in (place.apply(), place.drift()):
        assert (done.code, "opens organization 2002" in done.completed.both) == (4, True)
    assert place.frigade.writes == []
    assert place.repo.issues == []


def test_each_environment_has_a_status_of_its_own_with_a_link_to_the_run(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text(TWO_ENVIRONMENTS)
    place.plan(FLOWSYNC_ENVIRONMENT="one")
    place.write(flow_new="name: New\n")
    place.plan(FLOWSYNC_ENVIRONMENT="two")
    assert [(each["context"], each["state"]) for each in place.repo.statuses] == [
        ("flowsync plan (one)", "success"),
        ("flowsync plan (two)", "failure"),
    ]
    runs = "https://github.example/acorn/flows/actions/runs"
    assert {each["target_url"] for each in place.repo.statuses} == {f"{runs}/4711", f"{runs}/4712"}


def test_a_status_that_github_does_not_take_is_nobody_s_concern(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(forbidden=frozenset({"status"}))) as place:
        done = place.plan()
        assert (done.code, place.repo.statuses) == (0, [])
        assert "Resource not accessible" not in done.log


def test_an_address_in_the_file_that_is_not_the_input_s_is_refused(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("api_url: https://other.example\n")
    done = place.plan(FLOWSYNC_API_URL=place.frigade.url)
    assert done.code == 1
    assert "flowsync.yaml names the address https://other.example, the input api-url http://127.0.0.1" in done.log
    (place.root / "flowsync.yaml").write_text(f"api_url: {place.frigade.url}\n")
    assert place.plan(FLOWSYNC_API_URL=place.frigade.url).code == 0


def test_a_blocked_flow_fails_the_run_and_is_told_first(place: Workplace) -> None:
    place.write(flow_new="name: New\n")
    done = place.plan()
    assert done.code == 1
    assert "Merging this changes nothing yet: resolve 1 blocked flow first." in place.comment()
    assert "::error file=flows/flow_new.yaml,line=1," in done.log


def test_invalid_files_are_told_at_their_lines_and_in_the_comment(place: Workplace) -> None:
    place.plan()
    place.write(flow_a="nmae: x\n")
    done = place.plan()
    assert done.code == 3
    assert "::error file=flows/flow_a.yaml,line=1,col=1,title=unknown-key::" in done.log
    for shown in (place.comment(), done.summary):
        assert "flows/flow_a.yaml:1:1" in shown
        assert "The files cannot be planned as they are." in shown
    marker = read_marker(place.comment())
    assert marker is not None
    assert (set(marker.digest), marker.parts) == ({"0"}, frozenset())


def test_files_are_named_from_the_top_of_the_repository(place: Workplace) -> None:
    git.ask(place.root.parent, "init", "-q")
    place.write(flow_a="nmae: x\n")
    assert "::error file=checkout/flows/flow_a.yaml,line=1,col=1," in place.plan().log


# The comment is one


def test_the_same_comment_is_edited_and_an_unchanged_one_left_alone(place: Workplace) -> None:
    place.write(flow_a=CHANGED)
    place.plan()
    before = len(place.github.writes)
    place.plan(GITHUB_RUN_ID="4711")
    assert len(place.github.writes) == before
    place.write(flow_a=flow("Alpha", "Good evening"))
    place.plan()
    assert [seen.method for seen in place.github.writes[before:]] == ["PATCH"]
    assert "Good evening" in place.comment()


def test_the_comment_is_found_among_more_than_a_hundred(place: Workplace) -> None:
    place.plan(FLOWSYNC_COMMENT="update")
    for number in range(230):
        place.repo.add_comment(5, f"What about {number}?", PERSON)
    place.write(flow_a=CHANGED)
    place.plan()
    assert sum("flowsync:v1" in body for body in place.repo.comments_of(5)) == 1
    assert len(place.github.requests_to("GET", ".*/issues/5/comments")) == 1 + 3


@pytest.mark.parametrize("prefix", ["", "  ", "Hello\n"])
def test_a_forged_marker_is_no_comment_of_ours(place: Workplace, prefix: str) -> None:
    place.extra = {"FLOWSYNC_COMMENT": "update"}
    place.plan()
    forged = prefix + place.comment()
    place.repo.comments[0].update(user=PERSON, body=forged)
    place.plan()
    assert place.repo.comments[0]["body"] == forged
    assert len(place.repo.comments) == 2


def test_duplicates_are_folded_away_and_the_newest_is_kept(place: Workplace) -> None:
    place.plan(FLOWSYNC_COMMENT="update")
    older, newer = place.repo.comments[0], place.repo.add_comment(5, place.comment())
    place.write(flow_a=CHANGED)
    place.plan()
    assert place.repo.minimised == {older["node_id"]: "DUPLICATE"}
    assert "Good morning" in newer["body"]
    assert "Good morning" not in older["body"]
    place.repo.forbidden = frozenset({"minimise"})
    assert "comment-url" in place.plan().outputs


def test_environments_have_a_comment_each(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text(TWO_ENVIRONMENTS)
    place.extra = {"FLOWSYNC_COMMENT": "update"}
    place.plan(FLOWSYNC_ENVIRONMENT="one")
    place.plan(FLOWSYNC_ENVIRONMENT="two")
    place.plan("-e", "one")
    assert len(place.repo.comments) == 2


def test_the_usual_configuration_is_the_same_one_by_its_name(place: Workplace) -> None:
    """Jobs may or may not name it; a plan is looked for under the same key then."""
    place.extra = {"FLOWSYNC_COMMENT": "update"}
    place.plan()
    (place.root / "flowsync.yaml").write_text("flows: flows\n")
    place.plan()
    place.plan(FLOWSYNC_CONFIG="flowsync.yaml")
    place.plan(FLOWSYNC_CONFIG="./flowsync.yaml")
    assert len(place.repo.comments) == 1
    (place.root / "other.yaml").write_text("flows: flows\n")
    place.plan(FLOWSYNC_CONFIG="other.yaml")
    assert len(place.repo.comments) == 2


@pytest.mark.parametrize(
    ("viewer", "user", "author"),
    [
        ("github-actions[bot]", None, {"login": "github-actions[bot]", "type": "Bot"}),
        (None, None, {"login": "github-actions[bot]", "type": "Bot"}),
        ("flow-keeper[bot]", None, {"login": "flow-keeper[bot]", "type": "Bot"}),
        ("flow-keeper", None, {"login": "flow-keeper[bot]", "type": "Bot"}),
        (None, "ada", {"login": "Ada", "type": "User"}),
    ],
)
def test_whoever_the_token_is_finds_its_own_comment(
    tmp_path: Path, viewer: str | None, user: str | None, author: dict[str, str]
) -> None:
    with workplace(tmp_path, FakeRepo(viewer=viewer, user=user)) as place:
        place.extra = {"FLOWSYNC_COMMENT": "update"}
        place.plan()
        place.repo.comments[0]["user"] = author
        place.plan()
        assert len(place.repo.comments) == 1


# Ways to comment


def test_recreate_puts_the_comment_at_the_end(place: Workplace) -> None:
    place.plan(FLOWSYNC_COMMENT="recreate")
    place.repo.add_comment(5, "Looks good", PERSON)
    place.plan(FLOWSYNC_COMMENT="recreate")
    assert [each["body"][:10] for each in place.repo.comments] == ["Looks good", "<!-- flows"]


def test_recreate_keeps_the_comment_where_github_fails_to_take_a_new_one(tmp_path: Path) -> None:
    failing = server_error().on("POST", COMMENTS, skip=1)
    with workplace(tmp_path, FakeRepo(faults=(failing,))) as place:
        place.plan(FLOWSYNC_COMMENT="recreate")
        place.plan(FLOWSYNC_COMMENT="recreate")
        (comment,) = place.repo.comments
        assert comment["id"] == 1_002


def test_recreate_tells_where_the_new_comment_is_though_the_old_one_stays(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(faults=(reply(403, "No").on("DELETE", "*", times=9),))) as place:
        place.plan(FLOWSYNC_COMMENT="recreate")
        done = place.plan(FLOWSYNC_COMMENT="recreate")
        assert done.outputs["comment-url"] == place.repo.comments[-1]["html_url"]
        assert len(place.repo.comments) == 2


def test_the_comment_starts_with_the_first_change_and_then_follows(place: Workplace) -> None:
    done = place.plan()
    assert (done.code, "comment-url" in done.outputs) == (0, False)
    place.write(flow_a=CHANGED)
    place.plan()
    place.write(flow_a=flow("Alpha"))
    place.plan()
    assert "changes nothing for users" in place.comment()


@pytest.mark.parametrize(
    ("without", "said", "code"),
    [
        ({"FLOWSYNC_COMMENT": "off"}, "No comment was written: comments are off.", 0),
        ({"GITHUB_TOKEN": ""}, "No comment was written: the input github-token is empty.", 1),
        ({"GITHUB_TOKEN": "", "FLOWSYNC_COMMENT": "off"}, "No comment was written: comments are off.", 0),
    ],
)
def test_without_a_comment_there_is_all_the_rest(
    place: Workplace, without: dict[str, str], said: str, code: int
) -> None:
    place.extra = without
    place.write(flow_a=CHANGED)
    done = place.plan()
    assert (done.code, place.repo.comments) == (code, [])
    assert "Good morning" in done.summary
    assert said in done.log


# What GitHub may do


def test_a_pull_request_that_moved_on_is_left_to_the_later_run(place: Workplace) -> None:
    done = place.plan(head=sha(6))
    assert place.repo.comments == []
    assert "::notice title=flowsync::No comment was written: the pull request has a newer commit" in done.log
    assert done.code == 0


def test_a_fork_gets_no_key_and_no_comment_but_its_files_are_checked(place: Workplace) -> None:
    place.extra = {"FRIGADE_API_KEY": ""}
    done = place.plan(fork=True)
    assert done.code == 0
    assert "Only the files are checked: GitHub gives this pull request no secrets" in done.log
    assert "The files are valid." in done.summary
    assert place.github.requests == []
    place.write(flow_a="nmae: x\n")
    assert place.plan(fork=True).code == 3


def test_a_fork_with_a_public_key_in_the_file_is_planned(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(forbidden=frozenset({"comment"}))) as place:
        (place.root / "flowsync.yaml").write_text(f"public_api_key: {PUBLIC_KEY}\n")
        place.write(flow_a=CHANGED)
        done = place.plan(fork=True, FRIGADE_API_KEY="")
        assert done.code == 0
        assert "Good morning" in done.summary
        assert "::notice title=flowsync::No comment was written." in done.log
        assert "403" in done.log
        assert "pull-requests: write" in done.log


def test_a_run_that_gives_a_stranger_s_files_the_keys_is_refused(place: Workplace) -> None:
    side = {"sha": HEAD, "repo": {"full_name": "stranger/flows"}}
    payload = {"pull_request": {"number": 5, "head": side, "base": {**side, "repo": {"full_name": "acorn/flows"}}}}
    done = place.run("plan", name="pull_request_target", payload=payload)
    assert done.code == 1
    assert "flowsync does not run on pull_request_target" in done.completed.err
    assert (place.github.requests, place.frigade.requests) == ([], [])


def test_without_a_key_a_branch_of_the_repository_is_an_error(place: Workplace) -> None:
    done = place.plan(FRIGADE_API_KEY="")
    assert done.code == 1
    assert "There is no API key to read the live flows with." in done.completed.err
    assert "There is no API key" in place.comment()
    assert place.plan(FRIGADE_API_KEY="", GITHUB_ACTOR="dependabot[bot]").code == 0


def test_keys_come_from_the_action_too(place: Workplace) -> None:
    (place.root / "flowsync.yaml").write_text("api_key_variable: ACORN_KEY\n")
    assert place.plan(FRIGADE_API_KEY="", FLOWSYNC_PRIVATE_API_KEY=PRIVATE_KEY).code == 0
    assert place.plan(FRIGADE_API_KEY="", FLOWSYNC_PUBLIC_API_KEY=PUBLIC_KEY).code == 0


def test_a_comment_that_is_too_long_for_github_is_written_in_counts(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(longest_body=700)) as place:
        place.write(flow_a=CHANGED)
        done = place.plan()
        assert "GitHub refused the details." in place.comment()
        assert "changes 1 flow" in place.comment()
        assert "Good morning" in done.summary
        marker = read_marker(place.comment())
        assert marker is not None
        assert marker.truncated


COMMENTS = "/repos/acorn/flows/issues/5/comments"
TRANSIENT = [
    pytest.param(rate_limited("0").on("*", "*"), id="429"),
    pytest.param(replace(reply(403), headers=(("Retry-After", "0"),)).on("*", "*"), id="secondary limit"),
    pytest.param(
        replace(reply(403), headers=(("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1"))).on("POST", COMMENTS),
        id="used up",
    ),
    pytest.param(server_error().on("GET", COMMENTS), id="500 reading"),
    pytest.param(server_error().on("POST", COMMENTS), id="500 before writing"),
    pytest.param(server_error(Effect.AFTER).on("POST", COMMENTS), id="500 after writing"),
    pytest.param(reset(Effect.AFTER).on("POST", COMMENTS), id="broken off after writing"),
    pytest.param(reply(404).on("PATCH", "*"), id="deleted meanwhile"),
]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_what_passes_leaves_one_right_comment(tmp_path: Path, fault: Fault) -> None:
    with workplace(tmp_path, FakeRepo(faults=(fault,))) as place:
        place.plan(FLOWSYNC_COMMENT="update")
        place.write(flow_a=CHANGED)
        done = place.plan()
        assert done.code == 0
        assert "Good morning" in place.repo.comments_of(5)[-1]
        is_recreated = fault.method == "PATCH"
        assert len(place.repo.comments) == 1 + is_recreated


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_plan_that_cannot_be_shown_fails_the_check(tmp_path: Path, status: int) -> None:
    fault = replace(reply(status, f"Bearer {TOKEN} \x1b[31m::error::"), status=status).on("POST", COMMENTS, times=99)
    with workplace(tmp_path, FakeRepo(faults=(fault,))) as place:
        place.write(flow_a=CHANGED)
        done = place.plan()
        assert (done.code, done.outputs["has-changes"]) == (1, "true")
        assert ":The plan could not be shown in the pull request. The notice says why." in done.log
        assert [each["state"] for each in place.repo.statuses] == ["failure"]
        assert f"No comment was written. POST {place.github.api_url}{COMMENTS}: {status}" in done.log
        assert "\x1b" not in done.log


def test_a_next_page_on_another_host_is_refused_and_never_asked(tmp_path: Path) -> None:
    with workplace(tmp_path, FakeRepo(page_size=1, next_host="https://evil.example")) as place:
        for _ in range(3):
            place.repo.add_comment(5, "Hello", PERSON)
        place.write(flow_a=CHANGED)
        done = place.plan()
        assert done.code == 1
        assert "another host" in done.log
        assert "evil" not in done.log


def test_no_list_where_one_should_be_is_told(tmp_path: Path) -> None:
    fault = replace(reply(200), body=error_body(200, "Hm")).on("GET", COMMENTS, times=9)
    with workplace(tmp_path, FakeRepo(faults=(fault,))) as place:
        assert "GitHub did not answer with a list." in place.plan().log


def test_enterprise_has_its_own_addresses(tmp_path: Path) -> None:
    repo = FakeRepo(prefix="/api/v3", graphql_path="/api/graphql", page_size=1)
    with workplace(tmp_path, repo) as place:
        place.extra = {"FLOWSYNC_COMMENT": "update"}
        place.plan()
        place.repo.add_comment(5, "Hello", PERSON)
        place.plan()
        assert len(place.repo.comments) == 2
        assert all(seen.path.startswith(("/api/v3/", "/api/graphql")) for seen in place.github.requests)


# Other events


def test_a_merge_group_is_planned_without_a_comment(place: Workplace) -> None:
    place.write(flow_a=CHANGED)
    done = place.run("plan", name="merge_group", payload={"merge_group": {"base_sha": sha(1)}})
    assert (done.code, place.github.requests) == (0, [])
    assert "### Applying this changes 1 flow" in done.summary


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "schedule"])
def test_events_that_are_no_pull_request_are_planned_too(place: Workplace, name: str) -> None:
    assert place.run("plan", name=name, payload={"before": sha(0)}).code == 0


def test_the_sandbox_needs_no_key(place: Workplace) -> None:
    done = place.plan(FLOWSYNC_SANDBOX="true", FRIGADE_API_KEY="", FRIGADE_API_URL="")
    assert done.code == 0
    assert "`the sandbox`" in place.comment()
    assert place.plan("--sandbox", FRIGADE_API_KEY="").code == 0


def test_a_change_of_who_waits_for_whom_is_told_and_drawn(place: Workplace) -> None:
    place.write(flow_a=f"{flow('Alpha')}targetingLogic: user.flow('flow_b') == 'COMPLETED_FLOW'\n")
    place.plan()
    assert "- `flow_a` now waits for `flow_b`" in place.comment()
    assert '```mermaid\nflowchart LR\n  f0["flow_a"]' in place.comment()
    place.write(flow_a=CHANGED)
    place.plan()
    assert "mermaid" not in place.comment()


def test_the_comment_says_how_many_users_qualify_where_the_input_asks_for_it(place: Workplace) -> None:
    place.write(flow_a=flow("Alpha") + "targetingLogic: user.property('plan') == 'pro'\n")
    assert place.plan().code == 0
    assert "<br>audience: " not in place.comment()
    assert place.frigade.writes == []
    place.frigade.behave(FakeConfig(estimate=812))
    done = place.plan(FLOWSYNC_AUDIENCE="true")
    assert done.code == 0
    said = "<br>audience: everyone (about 810) → about 810 users qualify |"
    assert said in place.comment()
    assert said in done.summary
    assert [seen.path for seen in place.frigade.writes] == ["/graphql"] * 2
    for behaviour, word in ((FakeConfig(), "failed"), (FakeConfig(absent_paths=("/graphql",)), "absent")):
        place.frigade.behave(behaviour)
        assert place.plan(FLOWSYNC_AUDIENCE="true").code == 0
        assert f"<br>audience: everyone → not available ({word}) |" in place.comment()
