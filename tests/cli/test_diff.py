"""flowsync diff: what two sides have, where a side cannot be seen, and the keys of two environments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.render.hostile import PIECES, log_commands, unseen_characters
from tests.support.command import Run, commit, environment, flowsync, git, served, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    PUBLIC_KEY,
    Endpoints,
    FakeConfig,
    Row,
    fake_frigade,
    reply,
    reset,
    row,
    success,
)

FILE = "name: New\ndata:\n  steps:\n    - {id: b, title: B}\n    - {id: a, title: A2}\n"
DATA = {"steps": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]}


def rows() -> list[Row]:
    return [
        row(1, "flow_a", status="ARCHIVED", name="Oldest"),
        row(2, "flow_a", version=2, name="Old", data=DATA),
        row(3, "flow_a", version=3, status="DRAFT", name="Draft", data=DATA),
        row(4, "flow_b", status="DRAFT", name="Only a draft"),
        row(5, "flow_c", status="ARCHIVED"),
        row(6, "flow_d", name="Unmanaged"),
    ]


def diff(run: Run, *options: str, code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
    done = run("diff", *options, "--format", "json")
    assert done.code == code, done.err
    return done.json


def brief(document: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Which flows differ and where, and what else there is."""
    differing = {each["slug"]: [change["label"] for change in each["fields"]] for each in document["flows"]}
    others = ("same", "only_in_from", "only_in_to", "not_compared")
    return {"flows": differing} | {name: [each["slug"] for each in document[name]] for name in others if document[name]}


def test_live_against_files_says_what_differs_and_what_only_one_side_has(tmp_path: Path) -> None:
    files = {"flow_a": FILE, "flow_b": "name: B\n", "flow_c": "name: C\n", "flow_new": "name: N\n"}
    with served(tmp_path, files, rows()) as (server, run):
        done = run("diff", "--detailed-exitcode")
        assert done.code == 2
        assert done.out.splitlines()[:3] == [
            "Diff: 1 differs, 0 the same, 1 only in live, 3 only in files",
            f"- live ({server.url.removeprefix('http://')})",
            "+ files",
        ]
        for expected in (
            "~ flow_a  id 2 · version 2 · ACTIVE, version 3 (DRAFT) is newer → flows/flow_a.yaml",
            "    - name: Old\n    + name: New\n",
            "steps[b] moves from position 2 to 1",
            "    - title: A\n    + title: A2\n",
            "  - flow_d  id 6 · version 1 · ACTIVE · Unmanaged",
            "  + flow_b  flows/flow_b.yaml · B · There is a draft, and nothing is published.",
            "  + flow_c  flows/flow_c.yaml · C · Every version is archived; the newest is 1.",
            "  + flow_new  flows/flow_new.yaml · N\n",
        ):
            assert expected in done.out
        document = diff(run, "flow_a")
        assert list(document) == [
            *("format", "from", "to", "summary", "flows", "same", "only_in_from", "only_in_to", "not_compared", "notes")
        ]
        assert document["format"] == "flowsync-diff/1"
        assert document["from"] == {"side": "live", "environment": None, "api_url": server.url, "commit": None}
        (flow,) = document["flows"]
        assert flow["from"] == {"file": None, "id": 2, "version": 2, "status": "ACTIVE"}
        assert flow["to"] == {"file": "flows/flow_a.yaml", "id": None, "version": None, "status": None}
        assert {(each["op"], each["label"]) for each in flow["fields"]} == {
            ("replace", "name"),
            ("move", "steps[b]"),
            ("replace", "steps[a].title"),
        }
        planned = run("plan", "flow_a", "--format", "json").json["changes"][0]["fields"]
        assert [list(each) for each in flow["fields"]] == [list(each) for each in planned]
        shown = run("diff", "flow_a", "--format", "markdown").out
        assert "### `flow_a`" in shown
        assert "id 2, version 2, ACTIVE, version 3 (DRAFT) is newer → `flows/flow_a.yaml`" in shown
        assert "```diff\nsteps[b] moves" in shown
        assert "changes: name, steps[b], steps[a].title" in run("diff", "flow_a", "-q").out
        assert server.writes == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--from", "draft", "--to", "live"),
            {"flows": {"flow_a": ["name"]}, "only_in_from": ["flow_b"], "only_in_to": ["flow_d"]},
        ),
        (
            ("flow_a", "--from", "v1", "--to", "v2"),
            {"flows": {"flow_a": ["name", "steps[first]", "steps[a]", "steps[b]"]}},
        ),
        (("flow_a", "--from", "v2", "--to", "live"), {"flows": {}, "same": ["flow_a"]}),
        (("flow_a", "--from", "live", "--to", "v7"), {"flows": {}, "only_in_from": ["flow_a"]}),
        (("flow_[ad]", "--from", "live", "--to", "draft"), {"flows": {"flow_a": ["name"]}, "only_in_from": ["flow_d"]}),
        (("flow_b", "--from", "draft", "--to", "files"), {"flows": {"flow_b": ["name"]}}),
    ],
)
@pytest.mark.parametrize("listed", ["all", "no drafts"])
def test_versions_and_drafts_are_sides_even_where_the_list_hides_them(
    tmp_path: Path, options: tuple[str, ...], expected: dict[str, Any], listed: str
) -> None:
    hidden = frozenset({"flow_a"} if listed == "no drafts" else ())
    with served(tmp_path, {"flow_b": "name: B\n", "flow_a": FILE}, rows(), unlisted=hidden) as (_, run):
        assert brief(diff(run, *options)) == expected


def test_a_list_that_hides_drafts_is_not_believed(tmp_path: Path) -> None:
    with served(tmp_path, {}, rows()) as (server, run):
        published = [each for each in rows() if each["status"] == "ACTIVE"]
        server.suffer(success(json.dumps(published).encode()).on("GET", "/v1/flows", times=ALWAYS))
        shown = run("diff", "--from", "live", "--to", "draft", "flow_a")
        as_markdown = run("diff", "--from", "live", "--to", "draft", "flow_a", "--format", "markdown").out
        assert "id 2, version 2, ACTIVE → id 3, version 3, DRAFT\n" in as_markdown
        assert "~ flow_a  id 2 · version 2 · ACTIVE → id 3 · version 3 · DRAFT\n" in shown.out
        document = diff(run, "--from", "live", "--to", "draft")
        assert brief(document) == {"flows": {"flow_a": ["name"]}, "only_in_from": ["flow_d"]}
        assert run("show", "flow_a", "--format", "json").json["version"] == 3


@pytest.mark.parametrize(
    ("behaviour", "options", "message"),
    [
        ({"absent_paths": ("/v1/flows/*/versions",)}, ("flow_a", "--from", "v7"), "does not show every version"),
        ({"endpoints": Endpoints.DOCUMENTED}, ("flow_d", "--from", "draft", "--to", "live"), "drafts may be hidden"),
        ({"endpoints": Endpoints.DOCUMENTED}, ("flow_new",), "may be hidden"),
    ],
)
def test_what_a_server_does_not_show_is_not_guessed(
    tmp_path: Path, behaviour: dict[str, Any], options: tuple[str, ...], message: str
) -> None:
    with served(tmp_path, {"flow_a": FILE, "flow_new": "name: N\n"}, rows(), **behaviour) as (_, run):
        done = run("diff", *options, "--format", "json")
        assert (done.code, len(done.json["not_compared"])) == (1, 1), done.err
        assert message in done.json["not_compared"][0]["message"]
        assert "1 flow could not be compared" in done.err
        assert message in run("diff", *options).out
        assert "Not compared" in run("diff", *options, "--format", "markdown").out


def test_statuses_that_nobody_knows_and_fields_that_are_not_shown_are_said(tmp_path: Path) -> None:
    live = [row(1, "flow_a", status="PAUSED"), row(2, "flow_b", status="PAUSED"), row(3, "flow_b", status="DELETED")]
    live += [row(4, "flow_c", name="C"), row(5, "flow_d", data="steps: [", name="D")]
    files = {"flow_c": "name: C\ndescription: unseen\n", "flow_d": "name: D\ndata: {steps: []}\n"}
    with served(tmp_path, files, live, hidden=frozenset({"description"})) as (_, run):
        document = diff(run, code=1)
        assert brief(document) == {
            "flows": {"flow_d": ["data"]},
            "same": ["flow_c"],
            "not_compared": ["flow_a", "flow_b"],
        }
        assert document["same"][0]["unseen"] == ["description"]
        assert "status PAUSED" in document["not_compared"][0]["message"]
        same = run("diff", "flow_c", "-v").out
        assert "description is not shown by live, so not compared" in same
        assert "Nothing differs, but description could not be seen everywhere." in same


def test_a_public_key_sees_no_drafts_and_says_so(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_d": "name: D\n"})
    with fake_frigade(rows=rows()) as server:
        env = environment(server.url, None, PUBLIC_KEY)
        done = flowsync("diff", "flow_d", root=tmp_path, env=env)
        assert done.code == 0, done.err
        assert "live was read with a public key: drafts and old versions may be hidden." in done.out
        hidden = flowsync("diff", "flow_d", "--from", "draft", root=tmp_path, env=env)
        assert (hidden.code, "No draft is shown" in hidden.out) == (1, True)


def test_files_of_git_are_found_by_slug_wherever_they_were(tmp_path: Path) -> None:
    overlaid = "name: Old\ndescription: gone later\nenvironments:\n  dev: {name: Old in dev}\n"
    write_flows(
        tmp_path, {"flow_a": overlaid, "flow_b": "name: B\n", "flow_x": "name: [\n", "flow_y": "- no mapping\n"}
    )
    (tmp_path / "flowsync.yaml").write_text("environments: {dev: {}}\n")
    commit(tmp_path)
    (tmp_path / "flows" / "below").mkdir()
    git(tmp_path, "mv", "flows/flow_a.yaml", "flows/below/flow_a.yaml")
    (tmp_path / "flows" / "below" / "flow_a.yaml").write_text("name: New\ntargetingLogic: user.isGuest() == true\n")
    for slug in ("flow_b", "flow_x", "flow_y"):
        (tmp_path / "flows" / f"{slug}.yaml").unlink()
    write_flows(tmp_path, {"flow_c": "name: C\n", "flow_x": "name: X\n"})

    def run(*arguments: str) -> Any:  # noqa: ANN401 - completed
        return flowsync(*arguments, root=tmp_path)

    expected: dict[str, Any] = {"flows": {"flow_a": ["name", "description", "targetingLogic"]}}
    expected |= {"only_in_from": ["flow_b"], "only_in_to": ["flow_c"], "not_compared": ["flow_x", "flow_y"]}
    for revision in ("HEAD", "HEAD@{0}", "@"):
        document = diff(run, "--from", f"git:{revision}", code=1)
        assert brief(document) == expected
        assert [each["op"] for each in document["flows"][0]["fields"]] == ["replace", "remove", "add"]
        assert document["from"]["commit"] == git(tmp_path, "rev-parse", "HEAD")
    shown = run("diff", "flow_a", "--from", "git:HEAD@dev", "--to", "git:HEAD")
    assert (shown.code, "- name: Old in dev" in shown.out, "git:HEAD@dev (commit " in shown.out) == (0, True, True)
    for wrong, message in (("git:nowhere", "There is no revision 'nowhere'"), ("git:", "names no revision")):
        assert message in run("diff", "--from", wrong).err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "fils"), "fils is not a side. Did you mean files?"),
        (("--to", "3"), "3 is not a side."),
        (("--to", "live@"), "The environment in live@ is empty"),
        (("--to", "git:@"), "needs a git repository"),
        (("--from", "v3"), "name the flow"),
        (("--from", "live@prod"), "There is no environment prod"),
        (("nowhere", "--to", "draft"), "Neither live nor draft has a flow nowhere."),
        (("flow_c", "--to", "draft"), "Neither live nor draft has a flow flow_c."),
        (("live", "files"), "live is a side, and there is no flow of that name."),
        (("flow_bb",), "Did you mean flow_b?"),
    ],
)
def test_a_side_or_a_flow_that_is_not_there_is_a_usage_error(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    with served(tmp_path, {"flow_b": "name: B\n"}, rows()) as (_, run):
        done = run("diff", *options)
        assert done.code in {1, 64}
        assert message in done.err
        assert done.out == ""


def test_what_goes_wrong_on_the_way_is_an_error_and_no_comparison(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": FILE}, rows()) as (server, run):
        for fault in (reply(403), reply(500).on(path="*/versions", times=ALWAYS), reset().on(times=ALWAYS)):
            server.suffer(fault)
            done = run("diff", "--from", "draft")
            assert (done.code, done.out) == (1, "")
        write_flows(tmp_path, {"flow_x": "name: [\n"})
        assert run("diff").code == 3


CONFIGURATION = """\
environments:
  production: {{api_url: "{0}", api_key_variable: PRODUCTION_KEY}}
  dev: {{api_url: "{1}", api_key_variable: DEV_KEY}}
  also: {{api_url: "{1}", api_key_variable: DEV_KEY}}
  third: {{api_url: "{1}", api_key_variable: THIRD_KEY}}
"""
KEYS = {"PRODUCTION_KEY": PRIVATE_KEY, "DEV_KEY": PRIVATE_KEY, "THIRD_KEY": PRIVATE_KEY}


@contextmanager
def two_environments(root: Path, production: list[Row], dev: list[Row]) -> Iterator[Run]:
    write_flows(root, {"flow_a": FILE})
    with fake_frigade(rows=production) as one, fake_frigade(FakeConfig(), dev) as other:
        (root / "flowsync.yaml").write_text(CONFIGURATION.format(one.url, other.url))
        yield lambda *arguments: flowsync(*arguments, root=root, env=KEYS)


def test_two_environments_show_what_a_promotion_would_do(tmp_path: Path) -> None:
    production = [row(1, "flow_a", version=7, triggerType="MANUAL"), row(2, "flow_gone"), row(8, "flow_s", version=2)]
    dev = [row(11, "flow_a", name="Better", type="CARD", active=False, triggerType="AUTOMATIC"), row(12, "flow_new")]
    dev += [row(13, "flow_s", triggerType="MANUAL")]
    with two_environments(tmp_path, production, dev) as run:
        between = ("--from", "live@production", "--to", "live@dev")
        document = diff(run, *between, "--detailed-exitcode", code=2)
        assert brief(document) == {
            "flows": {"flow_a": ["name", "type", "active"]},
            "same": ["flow_s"],
            "only_in_from": ["flow_gone"],
            "only_in_to": ["flow_new"],
        }
        (flow,) = document["flows"]
        assert flow["not_written"] == [{"field": "triggerType", "old": "MANUAL", "new": "AUTOMATIC"}]
        assert [document[side]["environment"] for side in ("from", "to")] == ["production", "dev"]
        shown = run("diff", *between).out
        assert '+ triggerType: "AUTOMATIC"  (flowsync does not write it)' in shown
        assert "Only in live@dev: 1 flow" in shown
        assert brief(diff(run, "-e", "production", "--to", "live@dev")) == brief(document)
        assert brief(diff(run, "--from", "files@production", "--to", "live@dev")) == {
            "flows": {"flow_a": ["name", "steps[b]", "steps[a]", "steps[first]"]},
            "only_in_to": ["flow_new", "flow_s"],
        }


def test_each_environment_is_read_with_its_own_key_or_not_at_all(tmp_path: Path) -> None:
    with two_environments(tmp_path, [row(1, "flow_a")], [row(2, "flow_a")]):
        between = ("diff", "--from", "live@production", "--to")
        lacking = {"PRODUCTION_KEY": PRIVATE_KEY, "FRIGADE_API_KEY": PRIVATE_KEY, "FRIGADE_PUBLIC_API_KEY": PUBLIC_KEY}
        done = flowsync(*between, "live@dev", root=tmp_path, env=lacking)
        assert (done.code, done.out) == (1, "")
        assert "of dev" in done.err
        assert "DEV_KEY" in done.err
        for other in ("also", "third"):
            shared = flowsync("diff", "--from", "live@dev", "--to", f"live@{other}", root=tmp_path, env=KEYS)
            assert (shared.code, f"dev and {other} would be read with the same key" in shared.err) == (1, True)
        swapped = [row(1, "flow_a", organizationId=5)]
        with fake_frigade(rows=swapped) as server:
            (tmp_path / "flowsync.yaml").write_text(CONFIGURATION.format(server.url, server.url))
            env = {"PRODUCTION_KEY": PRIVATE_KEY, "DEV_KEY": PUBLIC_KEY}
            two = flowsync(*between, "live@dev", root=tmp_path, env=env)
            assert (two.code, "open the same account, organization 5" in two.err) == (1, True)
        in_sandbox = flowsync(*between, "live@dev", "--sandbox", root=tmp_path)
        assert (in_sandbox.code, "The sandbox is one account" in in_sandbox.err) == (64, True)
        assert flowsync(*between, "files@dev", "--sandbox", root=tmp_path).code == 0
        write_flows(tmp_path, {"flow_a": "name: A\nenvironments: {dev: {name: A in dev}}\n"})
        offline = flowsync("diff", "--from", "files@production", "--to", "files@dev", root=tmp_path)
        assert (offline.code, "+ name: A in dev" in offline.out) == (0, True)


def test_hostile_content_is_inert_in_every_format(tmp_path: Path) -> None:
    text = "".join(piece for piece in PIECES if "\x00" not in piece and not "\ud800" <= piece[0] <= "\udfff")
    live = [row(1, "flow_a", name=text, status=text, triggerType=text), row(2, f"flow_{text}", name=text)]
    live += [row(3, "flow_b", name=text, description=text, data={"steps": [{"id": text, "title": text}]})]
    with served(tmp_path, {"flow_a": "name: A\n", "flow_b": FILE}, live) as (_, run):
        for format_ in ("text", "markdown", "json"):
            done = run("diff", "-v", "--format", format_)
            assert done.code == 1, done.err
            assert unseen_characters(done.out) == []
            assert log_commands(done.out) == []
        assert json.loads(run("diff", "flow_b", "--format", "json").out)["flows"][0]["from"]["id"] == 3
