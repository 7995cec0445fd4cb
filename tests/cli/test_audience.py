"""flowsync audience and plan --audience: the numbers, what is shown instead, and what they must not change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import ALWAYS, PUBLIC_KEY, Fault, Kind, Row, fake_frigade, html, reply, row

ROOT = Path(__file__).parents[2]
FREE, PRO = "user.property('plan') == 'free'", "user.property('plan') == 'pro'"
FILES = {
    "flow_a": "name: A\ntargetingLogic: |\n  user.property('plan')\n  == 'pro'\n",
    "flow_off": "name: Off\nactive: false\n",
    "flow_title": "name: Another title\n",
    "flow_everyone": "name: E\ntargetingLogic: ''\n",
}


def rows() -> list[Row]:
    return [
        row(1, "flow_a", name="A", targetingLogic=FREE),
        row(2, "flow_off", name="Off", targetingLogic=PRO),
        row(3, "flow_title", name="Title", targetingLogic=PRO),
        row(4, "flow_everyone", name="E", targetingLogic=FREE),
        row(5, "flow_alone", name="Alone", targetingLogic=None),
        row(6, "flow_draft", name="Draft", status="DRAFT"),
    ]


def total(count: object) -> Fault:
    body = json.dumps({"data": {"getTotalUsers": [{"name": "Total", "count": count}]}}).encode()
    return Fault(status=200, body=body)


def always(fault: Fault) -> tuple[Fault, ...]:
    return (fault.on("POST", "/graphql", times=ALWAYS),)


def test_a_plan_says_how_many_qualify_where_it_changes_that_and_stays_the_same_plan(tmp_path: Path) -> None:
    with served(tmp_path, FILES, rows(), faults=always(total(812))) as (server, run):
        plain = run("plan", "--format", "json")
        assert server.requests_to("POST") == []
        done = run("plan", "--audience", "--format", "json", "--out", "plan.json")
        assert (done.code, plain.code) == (0, 0)
        document = done.json
        estimates = document.pop("audience")
        assert document == plain.json
        some = {"estimate": 812, "everyone": False, "reason": None}
        assert estimates == [
            {"slug": "flow_a", "before": some, "after": some},
            {"slug": "flow_everyone", "before": some, "after": {**some, "everyone": True}},
            {"slug": "flow_off", "before": some, "after": {**some, "estimate": 0, "reason": "switched off"}},
        ]
        sent = {json.loads(each.body)["variables"]["query"] for each in server.requests_to("POST", "/graphql")}
        always_true = "user.isGuest() == true || user.isGuest() == false"
        assert sent == {f"targeting: {each}" for each in (FREE, PRO, always_true)}
        assert len(server.requests_to("POST", "/graphql")) == len(sent)
        text = run("plan", "--audience").out
        assert "  audience: about 810 → about 810 users qualify\n" in text
        assert "  audience: about 810 → everyone (about 810)\n" in text
        assert "  audience: about 810 → 0 (switched off)\n" in text
        assert "<br>audience: about 810 → 0 (switched off) |" in run("plan", "--audience", "--format", "markdown").out
        assert [seen.path for seen in server.writes] == ["/graphql"] * 9
        assert run("apply", "plan.json", "--allow-clear-targeting").code == 0
        assert len(server.requests_to("POST")) == 9


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (reply(404), "absent"),
        (reply(429), "limit"),
        (html(502), "failed"),
        (Fault(kind=Kind.RESET), "network"),
        (total("many"), "unreadable"),
        (Fault(status=200, body=b'{"errors": [{"message": "api_private_abcdefghijkl"}]}'), "failed"),
    ],
)
def test_where_there_is_no_estimate_a_word_says_why_and_nothing_fails(tmp_path: Path, fault: Fault, said: str) -> None:
    with served(tmp_path, FILES, rows(), faults=always(fault)) as (_, run):
        done = run("plan", "--audience", "--detailed-exitcode")
        assert done.code == 2
        assert f"audience: not available ({said})\n" in done.out
        assert f"audience: not available ({said}) → everyone\n" in done.out
        assert done.err.count(f"note: not available ({said}): ") == 1
        assert "api_private_" not in done.both.replace("FRIGADE", "")
        assert run("plan", "--detailed-exitcode").code == 2
        one = run("audience", "flow_a")
        assert (one.code, one.out.count(f"not available ({said})")) == (0, 3)
        asked = run("audience", "--expression", FREE)
        assert (asked.code, asked.out.splitlines()[0]) == (0, f"Not available ({said}).")


def test_a_public_key_is_not_asked_with(tmp_path: Path) -> None:
    write_flows(tmp_path, FILES)
    with fake_frigade(rows=rows()) as server:
        env = environment(server.url, key=None, public_key=PUBLIC_KEY)
        done = flowsync("plan", "--audience", root=tmp_path, env=env)
        assert "audience: not available (key)" in done.out
        assert "it needs a private key" in done.err
        assert server.writes == []


def test_each_flow_is_asked_about_as_it_is_live_and_with_its_file(tmp_path: Path) -> None:
    with served(tmp_path, {**FILES, "flow_new": "name: New\n"}, rows(), faults=always(total(7))) as (server, run):
        done = run("audience", "flow_*", "flow_alone", "flows/flow_a.yaml")
        assert done.code == 0, done.err
        cells = {
            line.split("  ")[0]: line.split(None, 1)[1] for line in done.out.splitlines() if line.startswith("flow_")
        }
        few = "fewer than 10"
        assert {slug: said.split("  ")[0].strip() for slug, said in cells.items()} == {
            "flow_a": few,
            "flow_alone": "everyone",
            "flow_draft": "0 (not published)",
            "flow_everyone": few,
            "flow_new": "-",
            "flow_off": few,
            "flow_title": few,
        }
        assert {slug: said.split("  ")[-1].strip() for slug, said in cells.items()} == {
            **dict.fromkeys(["flow_a", "flow_title"], few),
            **dict.fromkeys(["flow_everyone", "flow_new"], "everyone"),
            **dict.fromkeys(["flow_alone", "flow_draft"], "-"),
            "flow_off": "0 (switched off)",
        }
        document = run("audience", "flow_off", "--format", "json").json
        assert list(document) == ["format", "environment", "api_url", "flows"]
        assert document["format"] == "flowsync-audience/1"
        assert document["flows"][0]["before"] == {"estimate": 7, "everyone": False, "reason": None}
        assert (
            "| `flow_off` | fewer than 10 | 0 (switched off) |"
            in run("audience", "flow_off", "--format", "markdown").out
        )
        asked = run("audience", "--expression", "user.property('plan')\n== 'free'", "--format", "json").json
        assert asked["audience"]["estimate"] == 7
        assert json.loads(server.requests_to("POST")[-1].body)["variables"]["query"] == f"targeting: {FREE}"
        assert run("audience", "--expression", FREE).out == "Fewer than 10 users qualify.\n"
        assert {seen.path for seen in server.writes} == {"/graphql"}
        for wrong, code in ((("flow_alon",), 64), ((), 64), (("flow_a", "--expression", FREE), 64)):
            refused = run("audience", *wrong)
            assert (refused.code, refused.out) == (code, "")
        assert "Did you mean flow_alone?" in run("audience", "flow_alon").err
        assert run("audience", "--expression", "user.property('plan') ==").code == 3
        write_flows(tmp_path, {"flow_a": "name: [\n"})
        assert run("audience", "flow_a").code == 3
        assert run("audience", "flow_off").code == 0


def test_a_field_that_is_not_returned_and_a_draft_are_said(tmp_path: Path) -> None:
    hidden = row(1, "flow_a", name="A")
    del hidden["targetingLogic"]
    drafts = [hidden, row(2, "flow_b", name="B", status="DRAFT", targetingLogic=FREE)]
    files = {"flow_a": "name: A\nactive: false\n", "flow_b": f'name: B\ntargetingLogic: "{PRO}"\n'}
    with served(tmp_path, files, drafts, faults=always(total(123_456))) as (_, run):
        out = run("plan", "--audience").out
        assert "audience: about 120,000 → about 120,000 users qualify, once it is published\n" in out
        assert "audience: not available (unseen) → 0 (switched off)\n" in out


def test_the_sandbox_has_users_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    everyone = flowsync("audience", "--sandbox", "--expression", "", "--format", "markdown", root=tmp_path)
    assert (everyone.code, everyone.out) == (0, "Everyone (about 1,000).\n")
    first = flowsync("plan", "--sandbox", "--audience", root=tmp_path)
    assert first.code == 0
    assert "→ about" in first.out
    assert flowsync("plan", "--sandbox", "--audience", root=tmp_path).out == first.out
    both = [
        flowsync("audience", "--sandbox", "--expression", f"user.isGuest() {each}", root=tmp_path).out
        for each in ("== true", "!= true")
    ]
    assert both == ["About 100 users qualify.\n", "About 900 users qualify.\n"]
