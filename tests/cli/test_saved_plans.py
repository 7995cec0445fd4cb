"""plan --out and apply FILE.json: exactly what was reviewed, and only if it is still true."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flowsync.cli.commands.apply import read_saved
from flowsync.cli.project import save as save_text
from flowsync.errors import PlanFileError
from flowsync.plan.document import digest, to_document
from flowsync.plan.saved import from_document
from flowsync.workspace import workspace
from tests.support.command import CLEAN, Completed, command_line, environment, flowsync, write_flows
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    UNOBSERVABLE,
    DataFormat,
    Endpoints,
    FakeConfig,
    FakeFrigade,
    Row,
    fake_frigade,
    row,
)
from tests.support.terminal import on_terminal

TARGETING = "user.property('plan') == 'pro'"
FILE = f"""\
name: New
description: For the team
targetingLogic: {TARGETING}
data:
  steps:
    - {{id: b, title: B}} # kept
    - {{id: a, title: New}}
"""
STEPS = [{"id": "a", "title": "Old"}, {"id": "b", "title": "B"}, {"id": "gone", "title": "x"}]


def account() -> list[Row]:
    live = {"name": "Old", "description": "For the team", "targetingLogic": TARGETING, "data": {"steps": STEPS}}
    return [row(1, "flow_a", version=2, **live), row(2, "flow_b", name="Old b"), row(3, "flow_same", name="Same")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_flows(tmp_path, {"flow_a": FILE, "flow_b": "name: New b\n", "flow_same": "name: Same\n"})
    return tmp_path


@pytest.fixture
def server() -> Iterator[FakeFrigade]:
    with fake_frigade(rows=account()) as serving:
        yield serving


def save(project: Path, server: FakeFrigade, *options: str) -> Completed:
    return flowsync("plan", "--out", "plan.json", *options, root=project, env=environment(server.url))


def apply(project: Path, server: FakeFrigade, *options: str) -> Completed:
    return flowsync("apply", "plan.json", *options, root=project, env=environment(server.url))


def test_the_file_is_the_document_whatever_is_printed_and_for_its_owner_only(
    project: Path, server: FakeFrigade
) -> None:
    printed = save(project, server, "--format", "json")
    path = project / "plan.json"
    first = path.read_text()
    assert first == printed.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Next: flowsync apply plan.json" in printed.err
    assert "Next:" not in save(project, server).out
    path.chmod(0o644)
    assert save(project, server, "--format", "markdown").out.startswith("### Applying this changes")
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PRIVATE_KEY not in first
    assert [each.name for each in project.glob("*plan*")] == ["plan.json"]


def test_what_is_next_is_told_of_a_saved_plan_that_can_be_applied_only(project: Path, server: FakeFrigade) -> None:
    (project / "flowsync.yaml").write_text("guards: {max_changes: 1}\n")
    refused = save(project, server)
    assert "--allow-many" in refused.out
    write_flows(project, {"flow_nowhere": "name: x\n"})
    blocked = save(project, server)
    assert "unless you skip them with --skip-blocked" in blocked.err
    empty = save(project, server, "flow_same")
    for each in (refused, blocked, empty):
        assert "Saved." in each.err
        assert "Next:" not in each.err


def test_a_plan_that_cannot_be_saved_is_an_error_and_leaves_what_was_there(project: Path, server: FakeFrigade) -> None:
    env = environment(server.url)
    failed = flowsync("plan", "--out", "missing/plan.json", root=project, env=env)
    assert failed.code == 1
    assert "plan.json cannot be written: No such file or directory." in failed.err
    (project / "taken").mkdir()
    assert flowsync("plan", "--out", "taken", root=project, env=env).code == 1
    (project / "link.json").symlink_to("real.json")
    assert flowsync("plan", "--out", "link.json", root=project, env=env).code == 0
    assert (project / "link.json").is_symlink()
    assert (project / "real.json").is_file()
    os.mkfifo(project / "pipe")
    reader = os.open(project / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert flowsync("plan", "--out", "pipe", "-q", root=project, env=env).code == 0
    assert json.loads(os.read(reader, 1 << 20))["format"] == "flowsync-plan/1"
    os.close(reader)


@pytest.mark.parametrize(
    "config",
    [
        FakeConfig(endpoints=endpoints, data=data, hidden=hidden)
        for endpoints in Endpoints
        for data in (DataFormat.JSON, DataFormat.YAML)
        for hidden in (frozenset[str](), UNOBSERVABLE)
    ],
)
def test_a_saved_plan_is_carried_out_to_the_letter_without_the_files(project: Path, config: FakeConfig) -> None:
    with fake_frigade(config, account()) as server:
        save(project, server)
        planned = json.loads((project / "plan.json").read_text())
        shutil.rmtree(project / "flows")
        applied = apply(project, server)
        assert applied.code == 0, applied.both
        assert {seen.path: seen.json for seen in server.writes} == {
            f"/v1/flows/{change['id']}": change["body"] for change in planned["changes"]
        }
        assert "2 applied" in applied.out
        assert "Plan: 2 to update, 1 unchanged" in applied.out
        write_flows(project, {"flow_a": FILE, "flow_b": "name: New b\n"})
        env = environment(server.url)
        assert flowsync("plan", "--detailed-exitcode", root=project, env=env).code == 0


def test_a_plan_that_was_applied_already_is_said_to_be_and_writes_nothing(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    assert apply(project, server).code == 0
    written = len(server.writes)
    again = apply(project, server)
    assert (again.code, len(server.writes)) == (0, written)
    assert "This plan is already applied" in again.err
    told = apply(project, server, "--format", "json")
    assert told.json["counts"]["unchanged"] == 2
    assert "~ flow_a" in told.err


def test_what_is_left_of_a_plan_is_finished(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    server.row(2)["name"] = "New b"
    applied = apply(project, server, "--format", "json")
    assert applied.code == 0
    assert [seen.path for seen in server.writes] == ["/v1/flows/1"]
    assert applied.json["counts"]["unchanged"] == 1


def edit_data(server: FakeFrigade) -> None:
    steps = [{"id": "b", "title": "B"}, {"id": "a", "title": "Edited", "more": 1}, {"id": "gone", "title": "x"}]
    server.row(1).update(row(1, "flow_a", data={"steps": steps}) | {"name": "Old", "targetingLogic": TARGETING})
    server.row(1).update(version=2, description="For the team")


def add_draft(server: FakeFrigade) -> None:
    server.rows.append(row(9, "flow_a", version=3, status="DRAFT"))


def edits() -> dict[str, tuple[Callable[[FakeFrigade], object], list[str]]]:
    return {
        "a field that the plan changes": (
            lambda server: server.row(1).update(name="Edited"),
            ['flow_a: name: was "Old" when planned, now "Edited"'],
        ),
        "places inside data": (
            edit_data,
            [
                "flow_a: steps[a]: was at position 1 when planned, now at 2",
                'flow_a: steps[a].title: was "Old" when planned, now "Edited"',
                "flow_a: steps[a].more: new since the plan, 1",
            ],
        ),
        "a step that is gone": (
            lambda server: server.row(1).update(data="steps: [{id: b, title: B}, {id: gone, title: x}]"),
            ['flow_a: steps[a]: was {"id": "a", "title": "Old"} when planned, now absent'],
        ),
        "a field that the plan leaves alone": (
            lambda server: server.row(1).update(targetingLogic="user.isGuest()"),
            ["flow_a: a field that the plan does not change was edited, or the API no longer returns it: one of"],
        ),
        "both": (
            lambda server: server.row(1).update(name="Edited", description="Edited too"),
            [
                'flow_a: name: was "Old" when planned, now "Edited"',
                "flow_a: a field that the plan does not change was edited, or",
            ],
        ),
        "two flows": (
            lambda server: [each.update(name="Edited") for each in server.rows],
            [
                'flow_a: name: was "Old" when planned, now "Edited"',
                'flow_b: name: was "Old b" when planned, now "Edited"',
            ],
        ),
        "the row": (lambda server: server.row(1).update(id=7), ["flow_a: Version 2 (id 1) is no longer there."]),
        "the version": (
            lambda server: server.row(1).update(version=5),
            ["flow_a: It was ACTIVE version 2; it is ACTIVE version 5."],
        ),
        "the status": (
            lambda server: server.row(1).update(status="DRAFT"),
            ["flow_a: It was ACTIVE version 2; it is DRAFT version 2."],
        ),
        "a newer draft": (add_draft, ["flow_a: Version 3 (DRAFT) is the one to write now."]),
    }


@pytest.mark.parametrize(("edit", "said"), edits().values(), ids=edits())
def test_a_plan_that_is_no_longer_true_is_refused_with_each_difference(
    project: Path, server: FakeFrigade, edit: Callable[[FakeFrigade], object], said: list[str]
) -> None:
    save(project, server)
    edit(server)
    refused = apply(project, server)
    assert (refused.code, refused.out, server.writes) == (4, "", [])
    assert "error[refused] Nothing was written: the saved plan is out of date." in refused.err
    for each in said:
        assert f"  - {each}" in refused.err


def test_a_field_that_is_no_longer_returned_is_told(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    del server.row(1)["name"]
    refused = apply(project, server)
    assert (refused.code, server.writes) == (4, [])
    assert "flow_a: name: the API no longer returns it, so it is not compared." in refused.err


def test_edits_cannot_be_minded_where_the_plan_tells_nothing_of_them(project: Path, server: FakeFrigade) -> None:
    assert save(project, server).code == 0
    refused = apply(project, server, "--on-drift", "refuse")
    assert (refused.code, server.writes) == (64, [])
    assert "error[usage] --on-drift refuse needs --base" in refused.err
    assert apply(project, server, "--on-drift", "overwrite").code == 0


def test_a_plan_for_another_address_is_refused(project: Path, server: FakeFrigade) -> None:
    with fake_frigade(rows=account()) as first:
        save(project, first)
    refused = apply(project, server)
    assert (refused.code, server.requests) == (4, [])
    assert f"It was made for {first.url}; this is {server.url}." in refused.err


def test_an_edit_that_does_not_concern_the_plan_does_not_stand_in_its_way(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    server.row(3)["name"] = "Edited"
    server.row(2)["description"] = "Edited, and not managed"
    server.row(1)["data"] = json.dumps({"steps": STEPS})
    assert apply(project, server).code == 0


def test_a_flow_that_was_turned_on_since_is_refused_though_its_file_does_not_say_whether_it_is(
    project: Path, server: FakeFrigade
) -> None:
    """The guard of targeting would take it for one that nobody sees."""
    write_flows(project, {"flow_a": FILE.replace(TARGETING, '""')})
    server.row(1)["active"] = False
    save(project, server)
    server.row(1)["active"] = True
    refused = apply(project, server)
    assert (refused.code, server.writes) == (4, [])
    assert "It was switched off when planned; it is on" in refused.err
    server.row(1)["active"] = False
    assert apply(project, server).code == 0


def test_a_target_that_passes_over_a_draft_is_kept(project: Path, server: FakeFrigade) -> None:
    write_flows(project, {"flow_a": f"target: active\n{FILE}"})
    add_draft(server)
    save(project, server)
    assert "warning[not-the-latest] Version 3 (DRAFT) is newer" in save(project, server).out
    assert apply(project, server).code == 0
    assert "/v1/flows/1" in {seen.path for seen in server.writes}


def test_the_environment_must_be_the_one_it_was_made_for(project: Path, server: FakeFrigade) -> None:
    own = f"{{api_url: {server.url}, api_key_variable: FRIGADE_API_KEY}}"
    text = f"environments:\n  one: {own}\n  two: {own}\n"
    (project / "flowsync.yaml").write_text(text)
    save(project, server, "-e", "one")
    for options, said in ((("-e", "two"), "the environment two"), ((), "no environment")):
        refused = apply(project, server, *options)
        assert (refused.code, server.writes) == (4, [])
        assert f"It was made for the environment one; this is {said}." in refused.err
    assert apply(project, server, "-e", "one").code == 0


@pytest.mark.parametrize("name", ["plan.json", "plan"])
def test_a_byte_order_mark_that_an_editor_put_before_a_plan_is_passed_over(
    project: Path, server: FakeFrigade, name: str
) -> None:
    save(project, server)
    content = (project / "plan.json").read_bytes()
    (project / name).write_bytes(b"\xef\xbb\xbf" + content)
    assert flowsync("apply", name, root=project, env=environment(server.url)).code == 0


def test_a_plan_that_was_changed_by_hand_is_refused(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    path = project / "plan.json"
    path.write_text(path.read_text().replace('"New b"', '"Other"'))
    refused = apply(project, server)
    assert (refused.code, server.requests_to("PUT")) == (4, [])
    assert "error[plan-file] The saved plan was changed after it was made" in refused.err
    path.write_text(path.read_text().replace("flowsync-plan/1", "flowsync-plan/9"))
    assert "has the format flowsync-plan/9" in apply(project, server).err
    path.write_bytes(b"\xff")
    assert "not a flowsync plan" in apply(project, server).err
    path.write_text("{}")
    assert apply(project, server).code == 4


def test_what_fails_while_a_plan_is_written_or_read_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        save_text(tmp_path / "plan.json", "\ud800", workspace(tmp_path))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PlanFileError, match="cannot be read: Is a directory"):
        read_saved(tmp_path)


def test_a_plan_that_leads_elsewhere_than_it_says_is_refused(project: Path, server: FakeFrigade) -> None:
    """Somebody who computes the digest anew still cannot make it lead to what it was not made for."""
    save(project, server)
    path = project / "plan.json"
    plan = from_document(json.loads(path.read_text()))
    first, second = plan.changes
    forged = replace(plan, changes=(first, replace(second, after=first.after)))
    path.write_text(json.dumps(to_document(replace(forged, digest=digest(forged)))))
    refused = apply(project, server)
    assert (refused.code, server.writes) == (4, [])
    assert "does not lead to what it says" in refused.err


def test_blocked_flows_of_a_plan_stop_it_unless_skipped(project: Path, server: FakeFrigade) -> None:
    write_flows(project, {"flow_new": "name: x\n"})
    assert save(project, server).code == 1
    refused = apply(project, server)
    assert (refused.code, server.writes) == (4, [])
    assert "--skip-blocked" in refused.err
    assert apply(project, server, "--skip-blocked").code == 0


def test_a_plan_without_changes_is_fine(project: Path, server: FakeFrigade) -> None:
    flowsync("plan", "flow_same", "--out", "plan.json", root=project, env=environment(server.url))
    done = apply(project, server)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("other.json",), "There is no file other.json."),
        (("plan.json", "flow_a"), "A saved plan is applied whole"),
        (("plan.json", "plan.json"), "A saved plan is applied whole"),
    ],
)
def test_a_plan_file_stands_alone_on_the_command_line(
    project: Path, server: FakeFrigade, arguments: tuple[str, ...], said: str
) -> None:
    save(project, server)
    refused = flowsync("apply", *arguments, root=project, env=environment(server.url))
    assert (refused.code, server.writes) == (64, [])
    assert said in refused.err


def test_a_plan_made_with_the_public_key_is_applied_with_the_private_one(project: Path, server: FakeFrigade) -> None:
    env = environment(server.url, key=None, public_key=PUBLIC_KEY)
    assert flowsync("plan", "--out", "plan.json", root=project, env=env).code == 0
    assert flowsync("apply", "plan.json", root=project, env=env).code == 1
    assert apply(project, server).code == 0


@pytest.mark.parametrize("name", ["plan", "saved.plan", "flow_a"])
def test_a_plan_is_applied_by_whatever_name_it_was_saved(project: Path, server: FakeFrigade, name: str) -> None:
    env = environment(server.url)
    assert flowsync("plan", "--out", name, root=project, env=env).code == 0
    assert flowsync("apply", name, "flow_b", root=project, env=env).code == 64
    assert flowsync("apply", name, root=project, env=env).code == 0
    assert {seen.path for seen in server.writes} == {"/v1/flows/1", "/v1/flows/2"}


def test_a_file_that_is_no_plan_is_no_plan_by_its_place_alone(project: Path, server: FakeFrigade) -> None:
    (project / "flow_b").write_text("not a plan")
    assert flowsync("apply", "flow_b", root=project, env=environment(server.url)).code == 0
    assert {seen.path for seen in server.writes} == {"/v1/flows/2"}


def test_a_terminal_is_shown_the_plan_and_asked(project: Path, server: FakeFrigade) -> None:
    save(project, server)
    env = {**CLEAN, **environment(server.url)}
    terminal = on_terminal(command_line("apply", "plan.json"), project, env, question="[y/N]", answer="n\r")
    assert terminal.code == 1
    assert "@@ steps[a] @@" in terminal.screen.partition("[y/N]")[0]
    assert server.writes == []


def test_the_sandbox_applies_saved_plans_and_starts_over_with_the_files(project: Path) -> None:
    assert flowsync("plan", "--sandbox", "--out", "plan.json", root=project).code == 0
    flowsync("sandbox", "reset", root=project)
    assert flowsync("apply", "plan.json", "--sandbox", root=project).code == 0
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=project).code == 0


def test_a_plan_is_saved_in_a_file_and_never_in_one_named_like_stdout(tmp_path: Path) -> None:
    refused = flowsync("plan", "--out", "-", root=tmp_path)
    assert (refused.code, list(tmp_path.iterdir())) == (64, [])
    assert "--format json" in refused.err
