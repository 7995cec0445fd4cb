"""`active: false` on an API that does not say whether a flow is on, and which list a plan was made from."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from flowsync.sandbox import PRIVATE_KEY, Emulator, SeedFlow, documented, seed, serve
from tests.support.command import environment, flowsync, write_flows
from tests.support.fake_frigade import PUBLIC_KEY, UNOBSERVABLE, FakeConfig, fake_frigade, row

if TYPE_CHECKING:
    from pathlib import Path

OFF = "name: Same\nactive: false\n"
ON = "name: Same\nactive: true\ndescription: Text\n"
HIDING = FakeConfig(hidden=UNOBSERVABLE)


def git(folder: Path, words: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *words.split()], cwd=folder, check=True)


def test_what_cannot_be_verified_is_no_change_and_never_unchanged(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": OFF, "flow_b": ON})
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same"), row(2, "flow_b", name="Same")]) as server:
        env = environment(server.url)
        text = flowsync("plan", "--detailed-exitcode", root=tmp_path, env=env)
        assert text.code == 0
        assert "0 to update, 1 unverified, 1 unchanged" in text.out
        assert "active: false  not returned by the API; apply sends it" in text.out
        assert "as the files say" not in text.out
        markdown = flowsync("plan", "--format", "markdown", root=tmp_path, env=env).out
        assert "1 unverified" in markdown
        assert "apply sends active: false to `flow_a`" in markdown
        assert "as the files say" not in markdown
        document = flowsync("plan", "--format", "json", root=tmp_path, env=env).json
        assert (document["summary"]["unverified"], document["summary"]["unchanged"]) == (1, 1)
        assert [(each["slug"], each["body"]) for each in document["unverified"]] == [("flow_a", {"active": False})]
        assert "unverified" in flowsync("list", root=tmp_path, env=env).out

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
    for words in ("init -q -b main", "add .", "commit -qm off"):
        git(tmp_path, words)
    with fake_frigade(HIDING, [row(1, "flow_a", name="Same")]) as server:
        env = environment(server.url)
        assert "unverified" not in flowsync("plan", "--base", "main", root=tmp_path, env=env).out
        write_flows(tmp_path, {"flow_a": OFF.replace("false", "true")})
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qam", "on"], cwd=tmp_path, check=True
        )
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
    with Emulator(None) as emulator, serve(documented(emulator.handle)) as server:
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
        assert ("drafts may be hidden" in shown.out) == (form != "json" and bool(words))
        assert not words or words[form != "json"] in shown.out


def test_apply_refuses_where_the_file_came_from_a_version_that_it_cannot_see(tmp_path: Path) -> None:
    rows = [row(1, "flow_a", version=1, name="Live"), row(2, "flow_a", version=2, status="DRAFT", name="Draft")]
    with fake_frigade(FakeConfig(), rows) as server:
        env = environment(server.url)
        assert flowsync("pull", "--new", root=tmp_path, env=env).code == 0
        server.rows.pop()
        server.behave(FakeConfig(absent_paths=("/v1/flows", "/v1/flows/*/versions", "/v1/flows/flow_a")))
        refused = flowsync("apply", root=tmp_path, env=env)
        assert server.writes == []
    assert refused.code == 4
    assert "flow_a was pulled from version 2; this server shows version 1 at most" in refused.err
