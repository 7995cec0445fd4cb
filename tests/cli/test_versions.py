"""flowsync history and show: the versions of a flow, one of them as a file, and what cannot be seen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.render.hostile import PIECES, log_commands, unseen_characters
from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, Endpoints, Row, fake_frigade, reply, row

ROOT = Path(__file__).parents[2]
DATA = {"steps": [{"id": "a", "title": "A"}]}
CHANGED = {"steps": [{"id": "a", "title": "Better"}, {"id": "b", "title": "B"}]}
PUBLISHED = {"publishedAt": "2026-02-03T04:05:06.789Z", "publishedById": 77}


def rows() -> list[Row]:
    return [
        row(1, "flow_a", status="ARCHIVED", data=DATA, archivedAt="2026-02-03T04:05:06Z", archivedById="u-1"),
        row(2, "flow_a", version=2, name="Two", data=CHANGED, **PUBLISHED),
        row(3, "flow_a", version=3, status="DRAFT", name="Two", data=CHANGED),
        row(4, "flow_draft", status="DRAFT"),
        row(5, "flow_old", status="ARCHIVED"),
        row(6, "12", name="Twelve"),
        row(12, "flow_twelve"),
    ]


def history(run: Any, *options: str) -> Any:  # noqa: ANN401 - a JSON document
    done = run("history", *options, "--format", "json")
    assert done.code == 0, done.err
    return done.json


def test_history_says_who_sees_which_version_and_what_changed(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": "name: A\n"}, rows()) as (server, run):
        document = history(run, "flow_a")
        assert (document["format"], document["slug"], document["complete"]) == ("flowsync-history/1", "flow_a", True)
        assert (document["environment"], document["api_url"]) == (None, server.url)
        newest, live, oldest = document["versions"]
        assert [(each["version"], each["target"], each["seen"]) for each in document["versions"]] == [
            (3, True, "no"),
            (2, False, "yes"),
            (1, False, "no"),
        ]
        assert (oldest["changes"], newest["changes"]) == (None, [])
        assert live["changes"] == ["name", "steps[a].title", "steps[b]"]
        assert (live["published"], live["published_by"], live["archived"]) == (*PUBLISHED.values(), None)
        assert (oldest["archived_by"], oldest["active"], oldest["created"]) == ("u-1", True, "2026-01-02T03:04:05.000Z")
        lines = run("history", "flows/flow_a.yaml").out.splitlines()
        assert lines[0].split() == [
            *("VERSION", "STATUS", "ON", "ID", "CREATED", "PUBLISHED", "ARCHIVED", "ROLE", "CHANGED")
        ]
        assert lines[1].split() == ["3", "DRAFT", "on", "3", "2026-01-02", "-", "-", "apply", "nothing"]
        assert lines[2].split()[4:9] == ["2026-01-02", "2026-02-03", "by", "77", "-"]
        assert "3 changes: name, " in lines[2]
        assert "first version" in lines[3]
        assert lines[5:] == ["Users see version 2 (id 2).", "Apply would write version 3 (id 3, DRAFT)."]
        shown = run("history", "flow_a", "--format", "markdown").out
        assert "2026-02-03 04:05 by 77" in shown
        assert "`3 changes: name, steps[a].title, steps[b]`" in shown
        write_flows(tmp_path, {"flow_a": "name: A\ntarget: active\n"})
        assert [each["target"] for each in history(run, "flow_a")["versions"]] == [False, True, False]
        write_flows(tmp_path, {"flow_draft": "name: A\ntarget: active\n"})
        assert "none of these: its target is the active version, and there is none." in run("history", "flow_draft").out
        assert server.writes == []


@pytest.mark.parametrize(
    ("fields", "seen", "sentence"),
    [
        ({}, "yes", "Users see version 1 (id 1)."),
        ({"active": False}, "switched-off", "Nobody sees version 1 (id 1): it is published, and switched off."),
        ({"active": None}, "unless-switched-off", "unless it is switched off: the API does not return that."),
        ({"targetingLogic": "user.property('a' =="}, "broken-targeting", "its targeting cannot be met."),
        ({"targetingLogic": " "}, "yes", "Users see version 1 (id 1)."),
        ({"status": "PAUSED"}, "unknown", "its status is unknown."),
        ({"status": "PAUSED"}, "unknown", "none of these: the status of version 1 is unknown."),
        ({"status": "DRAFT"}, "no", "Nothing is published: nobody sees this flow."),
        ({"status": "ARCHIVED"}, "no", "Apply would write none of these: archived versions are read-only."),
        ({"createdAt": 5, "publishedAt": "soon"}, "yes", "soon"),
    ],
)
def test_who_sees_a_version(tmp_path: Path, fields: Row, seen: str, sentence: str) -> None:
    with served(tmp_path, {"flow_b": "name: B\n"}, [row(1, "flow_a", **fields)]) as (_, run):
        assert [each["seen"] for each in history(run, "flow_a")["versions"]] == [seen]
        assert sentence in run("history", "flow_a").out


def test_two_published_versions_are_not_both_said_to_be_seen(tmp_path: Path) -> None:
    with served(tmp_path, {}, [row(1, "flow_a"), row(2, "flow_a", version=2, active=False)]) as (_, run):
        assert [each["seen"] for each in history(run, "flow_a")["versions"]] == ["switched-off", "one-of-several"]
        assert "one of several that are published" in run("history", "flow_a").out


@pytest.mark.parametrize(
    "behaviour", [{"absent_paths": ("/v1/flows/*/versions",)}, {"endpoints": Endpoints.DOCUMENTED}]
)
def test_without_a_list_of_versions_what_is_known_is_shown_and_the_rest_is_said(
    tmp_path: Path, behaviour: dict[str, Any]
) -> None:
    with served(tmp_path, {}, rows(), **behaviour) as (_, run):
        document = history(run, "flow_a")
        assert (document["complete"], len(document["versions"])) == (False, 3)
        assert document["notes"] == ["The server does not list versions, so older ones may be missing here."]
        assert "older ones may be missing" in run("history", "flow_a").out
        assert "older ones may be missing" in run("show", "flow_a").err
        absent = run("show", "flow_a", "--version", "9")
        assert (absent.code, "the server does not show every version" in absent.err) == (1, True)
        assert history(run, "12")["versions"][0]["id"] == 6


def test_a_public_key_is_told_what_it_may_not_see(tmp_path: Path) -> None:
    write_flows(tmp_path, {})
    with fake_frigade(rows=rows()) as server:
        env = environment(server.url, None, PUBLIC_KEY)
        assert "Read with a public key" in flowsync("history", "flow_a", root=tmp_path, env=env).out
        missing = flowsync("show", "flow_nowhere", root=tmp_path, env=env)
        assert (missing.code, "A public key may not see it." in missing.err) == (64, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("flow_aa",), 64, "Did you mean flow_a?"),
        (("5",), 64, "5 is the id of a version of flow_old: name the flow by its slug."),
        (("flow_*",), 64, "flow_* does not name one flow."),
        (("../..",), 64, "There is no live flow ../..."),
    ],
)
@pytest.mark.parametrize("command", ["history", "show"])
def test_a_flow_that_is_not_there_is_named(
    tmp_path: Path, command: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    with served(tmp_path, {}, rows()) as (_, run):
        done = run(command, *arguments)
        assert (done.code, done.out) == (code, "")
        assert message in done.err


@pytest.mark.parametrize(
    ("options", "version", "message"),
    [
        ((), 3, "version 3 · DRAFT"),
        (("--draft",), 3, "version 3 · DRAFT"),
        (("--live",), 2, "version 2 · ACTIVE, version 3 (DRAFT) is newer"),
        (("--version", "1"), 1, "version 1 · ARCHIVED"),
        (("--version", "9"), None, "There is no version 9; there are 1, 2, 3."),
        (("--live", "--draft"), None, "Only one of --version, --draft and --live"),
    ],
)
def test_show_prints_the_version_that_was_asked_for(
    tmp_path: Path, options: tuple[str, ...], version: int | None, message: str
) -> None:
    with served(tmp_path, {}, rows()) as (_, run):
        done = run("show", "flow_a", *options)
        assert (done.code == 0) is (version is not None)
        assert message in done.err
        if version is not None:
            document = run("show", "flow_a", *options, "--format", "json").json
            assert list(document) == [
                *["format", "environment", "api_url", "slug", "id", "version", "status", "fields", "file", "left_out"]
            ]
            assert document["api_url"].startswith("http://127.0.0.1:")
            assert (document["format"], document["version"]) == ("flowsync-version/1", version)
            assert document["file"] == done.out
            assert document["fields"]["data"] == (DATA if version == 1 else CHANGED)


def test_every_version_that_is_shown_is_a_valid_file_that_plans_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    listed = flowsync("list", "--sandbox", "--format", "json", root=tmp_path).json["flows"]
    shutil.rmtree(tmp_path / "flows")
    (tmp_path / "flows").mkdir()
    for slug in (each["slug"] for each in listed):
        versions = flowsync("history", slug, "--sandbox", "--format", "json", root=tmp_path).json["versions"]
        for version in (each["version"] for each in versions):
            shown = flowsync("show", slug, "--version", str(version), "--sandbox", root=tmp_path)
            write_flows(tmp_path, {slug: shown.out})
            assert flowsync("validate", slug, root=tmp_path).code == 0
        write_flows(tmp_path, {slug: flowsync("show", slug, "--sandbox", root=tmp_path).out})
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=tmp_path).code == 0


def test_show_leaves_out_what_no_file_may_say_and_works_where_the_file_is_broken(tmp_path: Path) -> None:
    live = [row(1, "flow_a", targetingLogic="user.property('a' ==", data="steps: ["), row(2, "con", name="Con")]
    with served(tmp_path, {"flow_a": "name: [\n"}, live) as (_, run):
        assert run("show", "flow_a").code == 3
        assert run("history", "flow_a").code == 3
        done = run("show", "flow_a", "--live")
        assert done.code == 0, done.err
        assert "targetingLogic is left out: " in done.err
        assert "data is left out: " in done.err
        assert "Its slug cannot be the name of a file: Windows reserves" in run("show", "con", "--live").err


def test_show_prints_no_key(tmp_path: Path) -> None:
    with served(tmp_path, {}, [row(1, "flow_a", description=PRIVATE_KEY)]) as (_, run):
        done = run("show", "flow_a")
        assert done.code == 0, done.err
        assert "description is left out: " in done.err
        assert "***" in run("show", "flow_a", "--format", "json").json["fields"]["description"]


def test_what_goes_wrong_on_the_way_is_an_error(tmp_path: Path) -> None:
    with served(tmp_path, {}, rows()) as (server, run):
        for command in ("history", "show"):
            server.suffer(reply(403))
            done = run(command, "flow_a")
            assert (done.code, done.out) == (1, "")
        deleted = [each for each in server.rows if each["slug"] == "flow_old"]
        deleted[0]["status"] = "DELETED"
        assert run("history", "flow_old").code == 64


def test_hostile_content_is_inert_in_all_columns(tmp_path: Path) -> None:
    text = "".join(piece for piece in PIECES if "\x00" not in piece and not "\ud800" <= piece[0] <= "\udfff")
    hostile = dict.fromkeys(("status", "createdAt", "publishedAt", "publishedById", "archivedAt", "archivedById"), text)
    live = [row(1, "flow_a", **hostile), row(2, "flow_a", version=2, name=text, data={"steps": [{"id": text}]})]
    with served(tmp_path, {}, live) as (_, run):
        for format_ in ("text", "markdown", "json"):
            done = run("history", "flow_a", "--format", format_)
            assert done.code == 0, done.err
            assert unseen_characters(done.out) == []
            assert log_commands(done.out) == []
