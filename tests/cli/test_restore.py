"""flowsync restore: a former version's content, from the plan to the record, and what may go wrong on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import command_line, environment, flowsync, served, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    PUBLIC_KEY,
    UNOBSERVABLE,
    Effect,
    Endpoints,
    Row,
    fake_frigade,
    reply,
    reset,
    row,
    server_error,
    success,
)
from tests.support.terminal import on_terminal

OLD = "steps:\n  # as it was\n  - {id: a, title: A}\n"
NEW = "steps:\n  - {id: a, title: Newer}\n"
FILE = "name: New\ntargetingLogic: user.isGuest() == true\n"


def rows(former: Row | None = None, live: Row | None = None) -> list[Row]:
    old = {
        "status": "ARCHIVED",
        "name": "Old",
        "data": OLD,
        "targetingLogic": "user.isGuest() == false",
        "active": False,
    }
    return [
        row(1, "flow_a", **{**old, **(former or {})}),
        row(2, "flow_a", **{"version": 2, "name": "New", "data": NEW, "targetingLogic": None, **(live or {})}),
    ]


def restore(run: Any, *options: str) -> Any:  # noqa: ANN401 - completed
    return run("restore", "flow_a", "--version", "1", "--format", "json", *options)


@pytest.mark.parametrize("endpoints", Endpoints)
def test_the_content_goes_onto_the_row_that_apply_would_write_and_back(tmp_path: Path, endpoints: Endpoints) -> None:
    with served(tmp_path, {"flow_a": FILE}, rows(), endpoints=endpoints) as (server, run):
        before = [dict(each) for each in server.rows]
        shown = run("restore", "flow_a", "--version", "1", "--dry-run")
        assert shown.code == 0, shown.err
        assert "Users notice it as soon as this is applied." in shown.out
        assert "file-says-otherwise] flows/flow_a.yaml differs (name, targetingLogic), so the next" in shown.out
        assert "Next: flowsync restore flow_a --version 1" in shown.out
        planned = run("restore", "flow_a", "--version", "1", "--dry-run", "--format", "json").json
        assert (planned["format"], planned["summary"]["update"]) == ("flowsync-plan/1", 1)
        assert server.writes == []
        done = restore(run)
        assert done.code == 0, done.err
        assert [each["outcome"] for each in done.json["outcomes"]] == ["applied"]
        (put,) = server.writes
        assert (put.path, put.json) == (
            "/v1/flows/2",
            {"name": "Old", "targetingLogic": "user.isGuest() == false", "data": OLD},
        )
        assert "flows/flow_a.yaml differs" in done.err
        (record,) = (tmp_path / ".flowsync" / "applies").iterdir()
        assert json.loads(record.read_text().splitlines()[0])["command"] == "restore"
        again = restore(run)
        assert (again.code, again.json["outcomes"], len(server.writes)) == (0, [], 1)
        assert "already has the content of version 1" in again.err
        none = run("restore", "flow_a", "--version", "1", "--dry-run")
        assert (none.code, none.out) == (0, f"{again.err}")
        back = run("rollback", record.name)
        assert back.code == 0, back.err
        assert [each["name"] for each in server.rows] == [each["name"] for each in before]


@pytest.mark.parametrize(
    ("versions", "file", "options", "code", "message"),
    [
        (({}, {"status": "ARCHIVED"}), "", (), 4, "only-archived"),
        (({}, {"status": "PAUSED"}), "", (), 4, "unknown-status"),
        (({"data": "steps: ["}, {}), "", (), 4, "Version 1 cannot be restored as it is: "),
        (({"targetingLogic": "user.property('a' =="}, {}), "", (), 4, "flowsync show flow_a --version 1 prints it"),
        (({"status": "DELETED"}, {}), "", (), 1, "There is no version 1; there is 2."),
        (({}, {"targetingLogic": None}), "name: Old\nprotected: true\n", (), 4, "--allow-protected"),
        (({}, {"targetingLogic": None}), "name: Old\nprotected: true\n", ("--allow-protected",), 0, ""),
        (({"targetingLogic": ""}, {"targetingLogic": "user.isGuest() == true"}), "", (), 4, "--allow-clear-targeting"),
        (({"type": "CARD"}, {}), "", (), 4, "--allow-type-change"),
        (({"type": "CARD"}, {}), "", ("--allow-type-change",), 0, ""),
        (({}, {"status": "DRAFT"}), "", (), 0, "nobody sees it yet"),
        (({"data": {"steps": []}, "name": 5}, {}), "", (), 0, "The API does not show these fields of version 1"),
        (({}, {}), "name: [\n", (), 3, "The flow's file cannot be read."),
    ],
)
def test_what_cannot_or_may_not_be_restored_is_said(
    tmp_path: Path, versions: tuple[Row, Row], file: str, options: tuple[str, ...], *, code: int, message: str
) -> None:
    files = {"flow_a": file} if file else {"flow_b": "name: B\n"}
    with served(tmp_path, files, rows(*versions)) as (server, run):
        done = restore(run, *options)
        assert done.code == code, done.err
        assert message in done.err
        assert "--skip-blocked" not in done.err
        assert len(server.writes) == (code == 0)
        shown = restore(run, *options, "--dry-run")
        assert shown.code == code, shown.err
        assert "--skip-blocked" not in shown.out


def test_fields_that_are_not_shown_are_left_and_drafts_are_written_where_the_file_says_so(tmp_path: Path) -> None:
    draft = row(3, "flow_a", version=3, status="DRAFT", name="Draft", data=NEW)
    with served(tmp_path, {"flow_a": "name: Old\ntarget: active\n"}, [*rows(), draft], hidden=UNOBSERVABLE) as (
        server,
        run,
    ):
        done = restore(run)
        assert done.code == 0, done.err
        assert "The API does not show these fields of version 1, so they stay as they are: description." in done.err
        assert [(put.path, set(put.json)) for put in server.writes] == [
            ("/v1/flows/2", {"name", "targetingLogic", "data"})
        ]


def test_a_version_that_appears_in_between_is_not_overwritten(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": FILE}, rows()) as (server, run):
        later = [*rows(), row(3, "flow_a", version=3, status="DRAFT")]
        server.suffer(success(json.dumps(later).encode()).on("GET", "*/versions", skip=1, times=ALWAYS))
        done = restore(run)
        assert (done.code, server.writes) == (4, [])
        assert "newer-version" in done.out


@pytest.mark.parametrize(
    ("fault", "code", "is_written"),
    [
        (reply(403).on("GET", "/v1/flows"), 1, False),
        (reset().on("GET", "*/versions", times=ALWAYS), 1, False),
        (reset().on("GET", "*/versions", skip=1, times=ALWAYS), 5, False),
        (reply(400).on("PUT"), 5, False),
        (server_error(Effect.AFTER).on("PUT", times=ALWAYS), 0, True),
        (reset(Effect.AFTER).on("PUT"), 0, True),
        (success(b"null").on("PUT"), 0, True),
    ],
)
def test_a_fault_at_any_step_is_told_as_it_is(tmp_path: Path, fault: Any, code: int, *, is_written: bool) -> None:  # noqa: ANN401 - a Fault
    with served(tmp_path, {"flow_a": FILE}, rows()) as (server, run):
        server.suffer(fault)
        done = restore(run)
        assert done.code == code, done.err
        assert (server.row(2)["name"] == "Old") is is_written


def test_a_terminal_is_asked_and_no_is_the_default(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FILE})
    with fake_frigade(rows=rows()) as server:
        words = command_line("restore", "flow_a", "--version", "1")
        refused = on_terminal(words, tmp_path, environment(server.url), question="[y/N] ", answer="\n")
        assert (refused.code, server.writes) == (1, [])
        assert "Change 1 flow in " in refused.screen
        assert flowsync("restore", "flow_a", root=tmp_path, env=environment(server.url)).code == 64
        read_only = flowsync(
            "restore", "flow_a", "--version", "1", root=tmp_path, env=environment(server.url, None, PUBLIC_KEY)
        )
        assert (read_only.code, "There is no private API key to write" in read_only.err) == (1, True)


def test_after_a_restore_nothing_differs_from_the_version_and_plan_shows_what_the_file_says(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "flows", tmp_path / "flows")

    def run(*arguments: str) -> Any:  # noqa: ANN401 - completed
        return flowsync(*arguments, "--sandbox", "--format", "json", root=tmp_path)

    allowed = ("--allow-clear-targeting", "--allow-type-change", "--allow-protected")
    restored = 0
    for slug in sorted(each.stem for each in (tmp_path / "flows").iterdir()):
        target, *former = run("history", slug).json["versions"]
        for version in (str(each["version"]) for each in former):
            done = run("restore", slug, "--version", version, *allowed)
            assert done.code == 0, done.err
            restored += len(done.json["outcomes"])
            between = run("diff", slug, "--from", f"v{version}", "--to", f"v{target['version']}").json
            assert [each["field"] for flow in between["flows"] for each in flow["fields"]] in ([], ["active"])
    assert restored >= 3
    file = tmp_path / "flows" / "flow_profile.yaml"
    file.write_text(file.read_text() + "target: draft\n")
    assert "Apply would make a new draft" in flowsync("history", file.stem, "--sandbox", root=tmp_path).out
    shown = flowsync("restore", file.stem, "--version", "2", "--dry-run", "--sandbox", *allowed, root=tmp_path).out
    assert "\nThen: flowsync publish flow_profile -C " in shown
    assert shown.endswith(" --sandbox\n")
    drafted = run("restore", file.stem, "--version", "2", *allowed)
    assert drafted.code == 0, drafted.err
    assert [each["status"] for each in run("history", file.stem).json["versions"][:2]] == ["DRAFT", "ACTIVE"]
    assert run("diff", file.stem, "--from", "v2", "--to", "draft").json["summary"]["same"] == 1
    assert run("plan").json["summary"]["update"] >= 3
