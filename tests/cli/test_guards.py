"""What plan says apply would refuse, apply refuses, until a flag or the configuration allows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowsync import config
from flowsync.cli.commands.apply import command as apply
from tests.support.command import environment, flowsync, served, start, write_flows
from tests.support.fake_frigade import FakeConfig, fake_frigade, hang, row


def many(count: int) -> dict[str, str]:
    return {f"flow_{number:02}": "name: New\n" for number in range(count)}


def rows(count: int) -> list[dict[str, object]]:
    return [row(number + 1, f"flow_{number:02}", targetingLogic="user.isGuest()") for number in range(count)]


@pytest.mark.parametrize(
    ("files", "said", "flag"),
    [
        (many(21), "21 flows would be written, more than max_changes, 20.", "--allow-many"),
        (many(10), "10 of 10 flows would be written, more than max_changed_percent, 50 %.", "--allow-many"),
        ({"flow_00": "targetingLogic: ''\n"}, "flow_00: The targeting of a live flow", "--allow-clear-targeting"),
        ({"flow_00": "type: TOUR\n"}, "flow_00: The type of a flow would change.", "--allow-type-change"),
        ({"flow_00": "name: New\nprotected: true\n"}, "flow_00: A flow marked as protected", "--allow-protected"),
    ],
)
def test_a_guard_is_told_by_plan_obeyed_by_apply_and_passed_by_its_flag(
    tmp_path: Path, files: dict[str, str], said: str, flag: str
) -> None:
    with served(tmp_path, files, rows(21)) as (server, run):
        planned = run("plan", "--out", "plan.json")
        assert planned.code == 0
        assert f"Apply would refuse this plan:\n  - {said}" in planned.out
        assert f"{flag} allows it." in planned.out
        told = run("plan", "--format", "json")
        assert f"  - {said}" in told.err
        assert told.out == (tmp_path / "plan.json").read_text()
        for arguments in ((), ("plan.json",)):
            refused = run("apply", *arguments)
            assert (refused.code, server.writes) == (4, [])
            assert f"  - {said}" in refused.err
            assert flag in refused.err
        assert run("apply", "plan.json", flag).code == 0
        assert len(server.writes) == len(files)


def test_a_guard_about_one_flow_is_among_its_warnings_in_json(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_00": "type: TOUR\n"}, rows(1)) as (_, run):
        (change,) = run("plan", "--format", "json").json["changes"]
        assert [warning["code"] for warning in change["warnings"]] == ["goes-live", "type-changed", "apply-refuses"]


def test_the_configuration_sets_guards_for_each_environment(tmp_path: Path) -> None:
    write_flows(tmp_path, many(3))
    with fake_frigade(rows=rows(3)) as server:
        (tmp_path / "flowsync.yaml").write_text(
            f"api_url: {server.url}\n"
            "guards: {max_changes: 2}\n"
            "environments:\n"
            "  development: {api_key_variable: FRIGADE_API_KEY, guards: {max_changes: 3}}\n"
            "  production:\n"
            "    api_key_variable: FRIGADE_API_KEY\n"
            "    guards: {max_changes: 3, require_saved_plan: true}\n"
        )
        env = environment(server.url)
        assert flowsync("apply", root=tmp_path, env=env).code == 4
        refused = flowsync("apply", "-e", "production", root=tmp_path, env=env)
        assert refused.code == 4
        assert "plan --out may be applied here. --allow-unsaved-plan allows it." in refused.err
        assert "--allow-unsaved-plan" in flowsync("plan", "-e", "production", root=tmp_path, env=env).out
        saved = flowsync("plan", "-e", "production", "--out", "plan.json", root=tmp_path, env=env)
        assert "refuse" not in saved.out
        assert server.writes == []
        assert flowsync("apply", "-e", "production", "plan.json", root=tmp_path, env=env).code == 0
        assert len(server.writes) == 3
        write_flows(tmp_path, dict.fromkeys(many(3), "name: Newer\n"))
        assert flowsync("apply", "-e", "development", root=tmp_path, env=env).code == 0
        write_flows(tmp_path, dict.fromkeys(many(3), "name: Newest\n"))
        assert flowsync("apply", "-e", "production", "--allow-unsaved-plan", root=tmp_path, env=env).code == 0


def test_two_applies_to_one_account_exclude_each_other_also_from_two_clones(tmp_path: Path) -> None:
    clones = [tmp_path / "one", tmp_path / "two"]
    for clone in clones:
        write_flows(clone, {"flow_00": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(hang().on("PUT"),)), rows(1)) as server:
        env = environment(server.url)
        first = start("apply", root=clones[0], env=env)
        with first:
            while not server.writes:
                assert first.poll() is None
            refused = flowsync("apply", root=clones[1], env=env)
            assert refused.code == 4
            assert refused.err.startswith("error[locked] Another run is writing to the same environment")
            assert f"process {first.pid}" in refused.err
            assert "`flowsync apply`" in refused.err
            assert flowsync("plan", root=clones[1], env=env).code == 0
            assert len(server.writes) == 1
            first.kill()
            first.communicate()
        told = flowsync("apply", "--format", "json", root=clones[1], env=env)
        assert told.code == 0
        assert f"The last run ended without finishing (process {first.pid}" in told.err
        assert json.loads(told.out)["counts"]["applied"] == 1
        assert "ended without" not in flowsync("apply", root=clones[1], env=env).err


def test_a_user_without_a_home_has_the_lock_in_the_project_out_of_sight_of_git(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_00": "name: New\n"})
    with fake_frigade(rows=rows(1)) as server:
        env = {**environment(server.url), "XDG_STATE_HOME": "/dev/null", "HOME": "/dev/null"}
        assert flowsync("apply", root=tmp_path, env=env).code == 0
    assert len([*(tmp_path / ".flowsync").glob("*.lock")]) == 1
    assert "*\n" in (tmp_path / ".flowsync" / ".gitignore").read_text()


def test_every_guard_is_documented_with_its_setting_its_default_and_its_flag() -> None:
    page = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
    for name, setting in config.schema()["properties"]["guards"]["properties"].items():
        assert f"| `{name}` | {json.dumps(setting['default'])} |".replace('"', "") in page
    flags = {option for param in apply.params for option in param.opts if option.startswith(("--allow-", "--on-"))}
    assert len(flags) == 8
    assert [flag for flag in flags if f"| `{flag}` |" not in page] == []
