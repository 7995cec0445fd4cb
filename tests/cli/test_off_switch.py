"""`active: false` on an API that does not say whether a flow is on, and which list a plan was made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.seeds import SeedFlow, seed
from flowsync.sandbox.server import PRIVATE_KEY, serve
from tests.support.command import commit, environment, flowsync, served, write_flows
from tests.support.fake_frigade import PUBLIC_KEY, UNOBSERVABLE, FakeConfig, fake_frigade, row

OFF = "name: Same\nactive: false\n"
ON = "name: Same\nactive: true\ndescription: Text\n"
HIDING = FakeConfig(hidden=UNOBSERVABLE)


def test_what_cannot_be_verified_is_no_change_and_never_unchanged(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF, "flow_b": ON})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Same")]) as server:
        env = environment(server.url)
        text = flowsync("plan", "--detailed-exitcode", root=tmp_path, env=env)
        assert text.code == 0
        assert "0 to update, 1 unverified, 1 unchanged" in text.out
        assert "active: false  not returned by the API; apply sends it" in text.out
        assert "match the files" not in text.out
        markdown = flowsync("plan", "--format", "markdown", root=tmp_path, env=env).out
        assert "1 unverified" in markdown
        assert "apply sends active: false to `flow_a`" in markdown
        assert "match the files" not in markdown
        document = flowsync("plan", "--format", "json", root=tmp_path, env=env).json
        assert (document["summary"]["unverified"], document["summary"]["unchanged"]) == (1, 1)
        assert [(each["slug"], each["body"]) for each in document["unverified"]] == [("flow_a", {"active": False})]
        assert "unverified" in flowsync("status", root=tmp_path, env=env).out

        applied = flowsync("apply", "--format", "json", root=tmp_path, env=env)
        assert applied.code == 0
        assert [each["outcome"] for each in applied.json["outcomes"]] == ["applied"]
        assert [request.json for request in server.writes] == [{"active": False}]
        again = flowsync("plan", "--detailed-exitcode", root=tmp_path, env=env)
        assert (again.code, "1 unverified" in again.out) == (0, True)


def test_a_saved_plan_sends_what_cannot_be_verified(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF, "flow_b": "name: New\nactive: false\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Old")]) as server:
        env = environment(server.url)
        assert flowsync("plan", "--out", "plan.json", root=tmp_path, env=env).code == 0
        applied = flowsync("apply", "plan.json", root=tmp_path, env=env)
        assert applied.code == 0, applied.err
        assert sorted(str(request.json) for request in server.writes) == [
            "{'active': False}",
            "{'name': 'New', 'active': False}",
        ]


def test_a_base_shows_that_it_was_sent(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF})
    commit(tmp_path)
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same")]) as server:
        env = environment(server.url)
        assert "unverified" not in flowsync("plan", "--base", "main", root=tmp_path, env=env).out
        write_flows(tmp_path, {"flow_a": OFF.replace("false", "true")})
        commit(tmp_path)
        write_flows(tmp_path, {"flow_a": OFF})
        changed = flowsync("plan", "--base", "main", "--detailed-exitcode", root=tmp_path, env=env)
        assert changed.code == 2
        assert "1 to update" in changed.out


def test_a_row_that_was_brought_into_line_meanwhile_is_switched_off_all_the_same(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\nactive: false\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Old")]) as server:
        env = environment(server.url)
        assert flowsync("plan", "--out", "plan.json", root=tmp_path, env=env).code == 0
        server.rows[0]["name"] = "New"
        assert flowsync("apply", root=tmp_path, env=env).code == 0
        assert [request.json for request in server.writes] == [{"active": False}]


def test_the_documented_sandbox_leaves_nothing_to_plan_after_an_apply(tmp_path: Path) -> None:
    flows = {f"flow_{number}": f"name: N{number}\nactive: {'false' if number % 2 else 'true'}\n" for number in range(4)}
    write_flows(tmp_path, flows)
    with Emulator(None, documented=True) as emulator, serve(emulator.handle) as server:
        seed(emulator, [SeedFlow(slug, {"name": slug, "active": True}) for slug in flows])
        env = environment(server.url, PRIVATE_KEY)
        assert flowsync("apply", "--allow-many", root=tmp_path, env=env).code == 0
        again = flowsync("plan", "--format", "json", root=tmp_path, env=env).json
        assert (again["changes"], again["summary"]["unverified"]) == ([], 2)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_plan_says_from_which_list_it_was_made(tmp_path: Path, form: str) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    whole, public, fallback = (), ("public-list", "public key"), ("public-list-for-private-key", "no private list")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        told = {
            whole: flowsync("plan", "--format", form, root=tmp_path, env=environment(server.url)),
            public: flowsync("plan", "--format", form, root=tmp_path, env=environment(server.url, None, PUBLIC_KEY)),
        }
    with fake_frigade(FakeConfig(absent_paths=("/v1/flows",)), [row(1, "flow_a")]) as server:
        told[fallback] = flowsync("plan", "--format", form, root=tmp_path, env=environment(server.url))
    for words, shown in told.items():
        assert shown.code == 0
        assert ("may hide drafts: apply" in shown.out) == (form != "json" and bool(words))
        assert not words or words[form != "json"] in shown.out


def test_apply_refuses_where_the_file_came_from_a_version_that_it_cannot_see(tmp_path: Path) -> None:
    rows = [row(1, "flow_a", version=1, name="Live"), row(2, "flow_a", version=2, status="DRAFT", name="Draft")]
    with fake_frigade(FakeConfig(), rows) as server:
        env = environment(server.url)
        assert flowsync("pull", "--new", root=tmp_path, env=env).code == 0
        server.rows.pop()
        server.behave(FakeConfig(absent_paths=("/v1/flows", "/v1/flows/*/versions", "/v1/flows/flow_a")))
        flowsync("plan", "--out", "plan.json", root=tmp_path, env=env)
        for words in ([], ["plan.json"]):
            refused = flowsync("apply", *words, root=tmp_path, env=env)
            assert refused.code == 4
            assert "flow_a was pulled from version 2; this server shows version 1 at most" in refused.err
        assert server.writes == []


def test_a_value_that_is_sent_unseen_is_shown(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\nactive: false\ndescription: For the team\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Old")]) as server:
        env = environment(server.url)
        for form in ("text", "markdown", "json"):
            shown = flowsync("plan", "--format", form, root=tmp_path, env=env).out
            assert "For the team" in shown
            sent = "sent as **switched off**" if form == "markdown" else "if the flow is on, it is switched off"
            assert sent in shown
        assert "this change sends description" in flowsync("plan", root=tmp_path, env=env).out


def test_a_protected_flow_is_not_switched_off_without_leave(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": f"{OFF}protected: true\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same")]) as server:
        env = environment(server.url)
        document = flowsync("plan", "--format", "json", root=tmp_path, env=env).json
        assert "apply-refuses" in {warning["code"] for warning in document["unverified"][0]["warnings"]}
        refused = flowsync("apply", root=tmp_path, env=env)
        assert (refused.code, server.writes) == (4, [])
        assert "--allow-protected" in refused.err
        assert flowsync("apply", "--allow-protected", root=tmp_path, env=env).code == 0
        assert len(server.writes) == 1


def test_a_saved_plan_is_not_done_while_a_field_cannot_be_seen(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\ndescription: Text\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Old")]) as server:
        env = environment(server.url)
        assert flowsync("plan", "--out", "plan.json", root=tmp_path, env=env).code == 0
        server.rows[0]["name"] = "New"
        assert flowsync("apply", "plan.json", root=tmp_path, env=env).code == 0
        assert [request.json for request in server.writes] == [{"name": "New", "description": "Text"}]


def test_switching_off_to_make_sure_does_not_hold_a_rollback_up(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF, "flow_b": "name: New\n"})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Old")]) as server:
        env = environment(server.url)
        assert flowsync("apply", "--record", "r.jsonl", root=tmp_path, env=env).code == 0
        back = flowsync("rollback", "r.jsonl", root=tmp_path, env=env)
        assert back.code == 0, back.both
        assert "never showed what these fields were before, so they cannot be restored: active" in back.out
        assert [request.json for request in server.writes[2:]] == [{"name": "Old"}]


def test_no_plan_claims_more_than_its_list_shows(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: Same\n", "flow_b": "name: New\n", "flow_c": "name: C\n"})
    with fake_frigade(FakeConfig(), [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Old")]) as server:
        env = environment(server.url, None, PUBLIC_KEY)
        same = flowsync("plan", "flow_a", root=tmp_path, env=env).out
        assert "read with the public key from GET /v1/public/flows" in same
        assert "as far as the API shows drafts" in same
        assert "live at once, unless a draft is hidden" in flowsync("plan", "flow_b", root=tmp_path, env=env).out
        document = flowsync("plan", "--format", "json", root=tmp_path, env=env).json
        assert "drafts-hidden" in {warning["code"] for warning in document["changes"][0]["warnings"]}
        assert "may hide drafts" in document["blocked"][0]["message"]
        whole = flowsync("plan", "flow_a", root=tmp_path, env=environment(server.url)).out
        assert "read with the private key from GET /v1/flows" in whole
        assert "No changes. The live flows match the files." in whole


def test_a_rollback_says_which_list_it_was_made_from(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(absent_paths=("/v1/flows",)), [row(1, "flow_a", name="Old")]) as server:
        env = environment(server.url)
        assert flowsync("apply", "--record", "r.jsonl", root=tmp_path, env=env).code == 0
        back = flowsync("rollback", "r.jsonl", "--dry-run", root=tmp_path, env=env)
    assert back.code == 0
    assert "read with the private key from GET /v1/public/flows" in back.out
    assert "may hide drafts: apply" in back.out


def test_a_file_that_was_pulled_again_from_what_is_shown_is_no_longer_the_draft_s(tmp_path: Path) -> None:
    rows = [row(1, "flow_a", version=1, name="Live"), row(2, "flow_a", version=2, status="DRAFT", name="Draft")]
    with fake_frigade(FakeConfig(), rows) as server:
        env = environment(server.url)
        assert flowsync("pull", "--new", root=tmp_path, env=env).code == 0
        server.rows.pop()
        server.behave(FakeConfig(absent_paths=("/v1/flows", "/v1/flows/*/versions", "/v1/flows/flow_a")))
        assert flowsync("apply", root=tmp_path, env=env).code == 4
        assert flowsync("pull", "--force", root=tmp_path, env=env).code == 0
        write_flows(tmp_path, {"flow_a": "name: Better\n"})
        assert flowsync("apply", root=tmp_path, env=env).code == 0
        assert [request.json for request in server.writes] == [{"name": "Better"}]


def test_a_file_that_was_pulled_from_the_live_version_is_not_taken_for_the_draft_s(tmp_path: Path) -> None:
    rows = [row(1, "flow_a", version=1, name="Live"), row(2, "flow_a", version=2, status="DRAFT", name="Draft")]
    with served(tmp_path, {"flow_a": "name: Old\ntarget: active\n"}, rows) as (server, run):
        assert run("pull", "--force").code == 0
        write_flows(tmp_path, {"flow_a": "name: Better\ntarget: active\n"})
        server.rows.pop()
        server.behave(FakeConfig(absent_paths=("/v1/flows", "/v1/flows/*/versions", "/v1/flows/flow_a")))
        assert run("apply").code == 0
        assert [request.path for request in server.writes] == ["/v1/flows/1"]


def test_the_sandbox_answers_with_the_documented_fields_where_the_environment_says_so(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF})
    env = {"FLOWSYNC_SANDBOX_ANSWERS": "documented"}
    applied = flowsync("apply", "--sandbox", root=tmp_path, env=env)
    assert applied.code == 0, applied.both
    assert "1 unverified" in flowsync("plan", "--sandbox", root=tmp_path, env=env).out
    assert "unverified" not in flowsync("plan", "--sandbox", root=tmp_path).out
    wrong = flowsync("plan", "--sandbox", root=tmp_path, env={"FLOWSYNC_SANDBOX_ANSWERS": "some"})
    assert wrong.code == 1
    assert "Set it to whole or documented" in wrong.err


def test_the_sandbox_of_a_command_fails_and_reads_as_the_environment_says(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF})
    env = {
        "FLOWSYNC_SANDBOX_FAULTS": "500-late:PUT *:always; 404:GET *versions:always;",
        "FLOWSYNC_SANDBOX_CONFLICTS": "data=json; archived=late",
    }
    applied = flowsync("apply", "--sandbox", root=tmp_path, env=env)
    assert "500-late strikes PUT" in applied.err
    assert "404 strikes GET" in applied.err
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=tmp_path).code == 0
    for name in env:
        wrong = flowsync("plan", "--sandbox", root=tmp_path, env={name: "501"})
        assert wrong.code == 1
        assert f"{name}: '501' is not" in wrong.err


def test_a_saved_plan_that_was_touched_anywhere_is_refused_before_any_request(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": f"{OFF}protected: true\n", "flow_b": "name: New\n", "flow_c": "name: Same\n"})
    rows = [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Old"), row(3, "flow_c", name="Same")]
    with fake_frigade(HIDING, rows) as server:
        env = environment(server.url)
        flowsync("plan", "--out", "plan.json", root=tmp_path, env=env)
        asked = len(server.requests)
        document = json.loads((tmp_path / "plan.json").read_text())
        for touch in TOUCHES:
            touched = json.loads(json.dumps(document))
            touch(touched)
            (tmp_path / "plan.json").write_text(json.dumps(touched))
            refused = flowsync("apply", "plan.json", root=tmp_path, env=env)
            assert refused.code in {1, 4}
            assert "saved plan" in refused.err
        assert len(server.requests) == asked


TOUCHES: tuple[Callable[[Any], object], ...] = (
    lambda document: document["unverified"][0]["warnings"].pop(),
    lambda document: document["unverified"].pop(),
    lambda document: document["summary"].update(unchanged=9),
    lambda document: document["changes"][0]["fields"][0].update(origin="branch"),
    lambda document: document.update(base="0" * 40),
)
