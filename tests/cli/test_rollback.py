"""flowsync rollback, from the apply that left a record to the flows as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync import lock
from flowsync.config import place_of
from tests.cli.test_naming import completed
from tests.support.command import STATE, command_line, environment, flowsync, served, write_flows
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    Endpoints,
    FakeConfig,
    FakeFrigade,
    fake_frigade,
    reply,
    row,
)
from tests.support.terminal import on_terminal

DATA = "steps:\n  # a comment\n  - {id: a, title: Old}\n"
NEW = "name: New\ndata:\n  steps:\n    - {id: a, title: New}\n"


def rows() -> list[dict[str, object]]:
    return [row(number, f"flow_{name}", name="Old", data=DATA) for number, name in enumerate("abc", start=1)]


@pytest.fixture
def server() -> Iterator[FakeFrigade]:
    with fake_frigade(rows=rows()) as serving:
        yield serving


def applied(root: Path, server: FakeFrigade) -> str:
    """Apply a change to three flows; the name of the record."""
    write_flows(root, {f"flow_{name}": NEW for name in "abc"})
    done = flowsync("apply", root=root, env=environment(server.url))
    assert done.code == 0, done.err
    (kept,) = (root / ".flowsync" / "applies").iterdir()
    assert f"flowsync rollback {kept.relative_to(root)}" in done.err
    return kept.name


def state(server: FakeFrigade) -> list[tuple[object, object]]:
    return [(each["name"], each["data"]) for each in server.rows]


@pytest.mark.parametrize("endpoints", Endpoints)
def test_an_apply_is_rolled_back_and_forward_again(tmp_path: Path, endpoints: Endpoints) -> None:
    with fake_frigade(FakeConfig(endpoints=endpoints), rows()) as server:
        before = state(server)
        name = applied(tmp_path, server)
        after = state(server)
        assert before != after
        env = environment(server.url)
        back = flowsync("rollback", name, "--format", "json", root=tmp_path, env=env)
        assert back.code == 0, back.err
        assert [each["outcome"] for each in back.json["outcomes"]] == ["applied"] * 3
        assert "The flow files hold what was rolled back" in back.err
        assert state(server) == before
        assert "Nothing to roll back" in flowsync("rollback", name, root=tmp_path, env=env).err
        listed = flowsync("rollback", "--list", "--format", "json", root=tmp_path).json["records"]
        assert sorted(each["command"] for each in listed) == ["apply", "rollback"]
        assert {(each["state"], each["writes"], each["uncertain"]) for each in listed} == {("complete", 3, 0)}
        forward = next(each["record"] for each in listed if each["command"] == "rollback")
        assert flowsync("rollback", forward, root=tmp_path, env=env).code == 0
        assert state(server) == after
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=env).code == 0


def test_the_record_is_the_owners_and_holds_no_key(tmp_path: Path) -> None:
    leaky = [row(1, "flow_a", name="Old", internalData=f"Bearer {PRIVATE_KEY}")]
    with served(tmp_path, {"flow_a": "name: New\n"}, leaky) as (_, run):
        assert run("apply", "--record", "r.jsonl").code == 0
    kept = tmp_path / "r.jsonl"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert PRIVATE_KEY not in kept.read_text()
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [line.get("format") or line["event"] for line in lines] == ["flowsync-record/1", "write", "outcome", "end"]
    assert (lines[1]["before"]["name"], lines[1]["body"]) == ("Old", {"name": "New"})
    assert not (tmp_path / ".flowsync" / "applies").exists()


def test_a_flow_that_was_edited_since_is_refused_and_the_others_only_if_asked_for(
    tmp_path: Path, server: FakeFrigade
) -> None:
    name = applied(tmp_path, server)
    server.row(2)["name"] = "Edited since"
    env = environment(server.url)
    shown = flowsync("rollback", name, "--dry-run", root=tmp_path, env=env)
    assert shown.code == 4
    assert "changed-since-apply" in shown.out
    count = len(server.writes)
    refused = flowsync("rollback", name, root=tmp_path, env=env)
    assert (refused.code, len(server.writes)) == (4, count)
    assert flowsync("rollback", name, "--skip-blocked", root=tmp_path, env=env).code == 0
    assert [each["name"] for each in server.rows] == ["Old", "Edited since", "Old"]


def test_rolling_back_can_be_narrowed(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server)
    env = environment(server.url)
    assert flowsync("rollback", name.removesuffix(".jsonl"), "flow_b", "*_c", root=tmp_path, env=env).code == 0
    assert [each["name"] for each in server.rows] == ["New", "Old", "Old"]
    wrong = flowsync("rollback", name, "flow_x", root=tmp_path, env=env)
    assert wrong.code == 64
    assert "It holds flow_a, flow_b, flow_c." in wrong.err


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server)
    count = len(server.writes)
    env = environment(server.url)
    plan = flowsync("rollback", name, "--dry-run", "--format", "json", root=tmp_path, env=env)
    assert (plan.code, plan.json["format"], plan.json["summary"]["update"]) == (0, "flowsync-plan/1", 3)
    shown = flowsync("rollback", name, "flow_*", "--dry-run", root=tmp_path, env=env).out
    assert "+ name: Old" in shown
    assert f"Next: flowsync rollback {name} 'flow_*'" in shown.splitlines()[-1]
    assert len(server.writes) == count
    assert flowsync("rollback", name, root=tmp_path, env=env).code == 0
    assert "Nothing to roll back" in flowsync("rollback", name, "--dry-run", root=tmp_path, env=env).out
    assert len(list((tmp_path / ".flowsync" / "applies").iterdir())) == 2


def test_a_terminal_is_asked(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server)
    env = environment(server.url)
    terminal = on_terminal(command_line("rollback", name), tmp_path, env, question="[y/N]", answer="n\r")
    assert terminal.code == 1
    assert {each["name"] for each in server.rows} == {"New"}
    terminal = on_terminal(command_line("rollback", name, "--yes"), tmp_path, env)
    assert terminal.code == 0
    assert {each["name"] for each in server.rows} == {"Old"}


def test_broken_files_do_not_stand_in_the_way_of_a_rollback(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server)
    write_flows(tmp_path, {"flow_a": "nonsense: [\n"})
    assert flowsync("rollback", name, root=tmp_path, env=environment(server.url)).code == 0
    assert {each["name"] for each in server.rows} == {"Old"}


def test_another_address_or_environment_is_refused(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(), rows()) as server, fake_frigade(FakeConfig(), rows()) as other:
        name = applied(tmp_path, server)
        refused = flowsync("rollback", name, root=tmp_path, env=environment(other.url))
        assert (refused.code, other.writes) == (4, [])
        assert flowsync("rollback", name, "--sandbox", root=tmp_path).code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 1, "There is nothing to roll back"),
        (["latest"], 1, "There is nothing to roll back"),
        ([""], 64, "The name of the record is empty"),
        (["."], 1, ". cannot be read: Is a directory."),
        (["last", "--list"], 64, "--list shows every record: leave RECORD out."),
        (["nothing.jsonl"], 1, "nothing.jsonl cannot be read: No such file or directory."),
        (["flows/flow_a.yaml"], 1, "flows/flow_a.yaml is not a record of an apply."),
    ],
)
def test_what_is_no_record_is_told(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    write_flows(tmp_path, {"flow_a": NEW})
    failed = flowsync("rollback", *arguments, "--sandbox", root=tmp_path)
    assert failed.code == code
    assert said in failed.err
    assert "--list" in failed.err


def test_the_way_back_in_markdown_is_of_rollback_and_not_of_the_files(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": NEW})
    assert flowsync("apply", "--sandbox", root=tmp_path).code == 0
    shown = flowsync("rollback", "latest", "--dry-run", "--sandbox", "--format", "markdown", root=tmp_path).out
    assert "\nflowsync rollback · " in shown
    assert "**Next:** `flowsync rollback 2" in shown
    (record,) = (tmp_path / ".flowsync" / "applies").iterdir()
    assert flowsync("rollback", "latest", "--sandbox", root=tmp_path).code == 0
    again = flowsync("rollback", record.stem, "--dry-run", "--sandbox", "--format", "markdown", root=tmp_path).out
    assert again.startswith("### Nothing to roll back: ")
    assert "files" not in again


def test_the_lock_of_the_sandbox_is_a_file_of_the_project(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": NEW})
    (tmp_path / ".flowsync" / "sandbox.lock").mkdir(parents=True)
    refused = flowsync("apply", "--sandbox", root=tmp_path)
    assert (refused.code, "XDG_STATE_HOME" in refused.err) == (1, False)
    assert "hint: It is a file of this project" in refused.err


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_records_are_listed(tmp_path: Path, format_: str) -> None:
    write_flows(tmp_path, {"flow_a": NEW})
    assert flowsync("rollback", "--list", "--format", format_, root=tmp_path).out.startswith("No records")
    assert flowsync("apply", "--sandbox", "--record", ".flowsync/applies/mine.jsonl", root=tmp_path).code == 0
    (tmp_path / ".flowsync" / "applies" / "not-one.jsonl").write_text("x")
    shown = flowsync("rollback", "--list", "--format", format_, root=tmp_path).out
    assert "not-one.jsonl is not a record" in shown.replace("`", "")
    assert "the sandbox" in shown


def test_nothing_is_recorded_where_nothing_is_to_do(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: Old\n"})
    with fake_frigade(FakeConfig(), [row(1, "flow_a", name="Old")]) as server:
        done = flowsync("apply", "--format", "json", root=tmp_path, env=environment(server.url))
    assert (done.code, done.json["outcomes"]) == (0, [])
    assert not (tmp_path / ".flowsync").exists()


def test_one_record_of_two_places_leads_back_in_each(tmp_path: Path) -> None:
    """As when a job in CI applies to two environments and keeps one record."""
    with fake_frigade(FakeConfig(), rows()) as first, fake_frigade(FakeConfig(), rows()) as second:
        before = state(first)
        write_flows(tmp_path, {f"flow_{name}": NEW for name in "abc"})
        for server in (first, second):
            done = flowsync("apply", "--record", "both.jsonl", root=tmp_path, env=environment(server.url))
            assert done.code == 0, done.err
        back = flowsync("rollback", "both.jsonl", root=tmp_path, env=environment(second.url))
        assert back.code == 0, back.err
        assert "writes to another environment or address" in back.err
        assert (state(second), state(first) == before) == (before, False)
        assert flowsync("rollback", "both.jsonl", root=tmp_path, env=environment(first.url)).code == 0
        assert state(first) == before


def test_a_record_is_read_when_no_other_run_adds_to_it(tmp_path: Path) -> None:
    """An apply that ended between the reading and the lock would have added writes that are not put back."""
    with fake_frigade() as server:
        place = Path(STATE.name) / "flowsync" / "locks" / lock.name(place_of(server.url), "")
        with lock.held(place, "flowsync apply"):
            refused = flowsync("rollback", "missing.jsonl", root=tmp_path, env=environment(server.url))
            assert (refused.code, "Another run is writing" in refused.err) == (4, True)
        assert flowsync("rollback", "missing.jsonl", root=tmp_path, env=environment(server.url)).code == 1


def records(root: Path, *arguments: str, env: dict[str, str]) -> dict[str, tuple[object, object]]:
    """By command and slugs: how many flows each record wrote, and whether that was rolled back."""
    listed = flowsync("rollback", "--list", "--format", "json", *arguments, root=root, env=env).json["records"]
    return {f"{each['command']} {' '.join(each['slugs'])}": (each["written"], each["rolled_back"]) for each in listed}


def test_the_latest_goes_back_run_by_run_and_the_list_says_what_is_back(tmp_path: Path, server: FakeFrigade) -> None:
    env = environment(server.url)
    for name in "ab":
        write_flows(tmp_path, {f"flow_{name}": NEW})
        assert flowsync("apply", root=tmp_path, env=env).code == 0
    assert flowsync("rollback", root=tmp_path, env=env).code == 64
    back = flowsync("rollback", "latest", root=tmp_path, env=env)
    assert (back.code, [each["name"] for each in server.rows]) == (0, ["New", "Old", "Old"])
    assert "The latest is 20" in back.err
    assert "(apply of 20" in back.err
    assert records(tmp_path, env=env) == {
        "apply flow_a": (1, "no"),
        "apply flow_b": (1, "yes"),
        "rollback flow_b": (1, "no"),
    }
    shown = flowsync("rollback", "latest", "--dry-run", root=tmp_path, env=env).out
    assert "flow_a" in shown
    assert "flow_b" not in shown
    assert flowsync("rollback", "latest", root=tmp_path, env=env).code == 0
    assert {each["name"] for each in server.rows} == {"Old"}
    listed = flowsync("rollback", root=tmp_path, env=env)
    assert (listed.code, listed.out.count("rolled back")) == (1, 2)
    assert "There is nothing to roll back" in flowsync("rollback", "latest", root=tmp_path, env=env).err


def test_a_rollback_of_a_rollback_and_of_a_part_are_told(tmp_path: Path, server: FakeFrigade) -> None:
    env = environment(server.url)
    name = applied(tmp_path, server)
    assert flowsync("rollback", name, "flow_b", root=tmp_path, env=env).code == 0
    (rolled,) = {path.name for path in (tmp_path / ".flowsync/applies").iterdir()} - {name}
    assert records(tmp_path, env=env)["apply flow_a flow_b flow_c"] == (3, "partly")
    assert "partly rolled back" in flowsync("rollback", "--list", root=tmp_path, env=env).out
    assert flowsync("rollback", rolled, root=tmp_path, env=env).code == 0
    assert records(tmp_path, env=env)["apply flow_a flow_b flow_c"] == (3, "no")
    assert {each["name"] for each in server.rows} == {"New"}


def test_a_record_is_found_by_any_name_of_it(tmp_path: Path, server: FakeFrigade) -> None:
    env = environment(server.url)
    name = applied(tmp_path, server)
    stem = name.removesuffix(".jsonl")
    below, configuration = tmp_path / "flows", tmp_path / "flowsync.yaml"
    configuration.write_text("flows: flows\n")
    dry = ("--dry-run", "--format", "json")
    for given in (name, stem, stem[:-3], f".flowsync/applies/{stem}", f"applies/{stem[:-3]}", "latest"):
        for root in (tmp_path, below):
            shown = flowsync("rollback", given, *dry, "--config", str(configuration), root=root, env=env)
            assert shown.code == 0, (given, root, shown.err)
            assert shown.json["summary"]["update"] == 3
    wrong = flowsync("rollback", "flow_b", root=tmp_path, env=env)
    assert (wrong.code, "flow_b is a flow: name a record before it." in wrong.err) == (64, True)
    assert "flowsync rollback latest flow_b" in wrong.err
    for number in range(6):
        (tmp_path / ".flowsync/applies" / f"{stem[:4]}-{number}.jsonl").touch()
    ambiguous = flowsync("rollback", stem[:4], root=tmp_path, env=env)
    assert ambiguous.code == 64
    assert f"7 records begin with '{stem[:4]}'." in ambiguous.err
    assert f"{stem}, " in ambiguous.err
    assert "and 2 more" in ambiguous.err


def test_a_run_that_wrote_nothing_offers_no_rollback(tmp_path: Path) -> None:
    faults = (reply(400, "No").on("PUT", times=ALWAYS),)
    with served(tmp_path, {"flow_a": NEW}, rows(), faults=faults) as (_, run):
        done = run("apply")
        assert done.code == 5, done.err
        assert "to put it back" not in done.both
        listed = run("rollback")
        assert (listed.code, "nothing" in listed.out, "rollback latest" in listed.both) == (1, True, False)


def test_only_records_of_the_place_are_offered(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(), rows()) as server, fake_frigade(FakeConfig(), rows()) as other:
        name = applied(tmp_path, server)
        env = environment(other.url)
        listed = flowsync("rollback", root=tmp_path, env=env)
        assert (listed.code, name[:-6] in listed.out) == (1, False)
        assert "1 record of other environments or accounts" in listed.out
        refused = flowsync("rollback", name[:-6], root=tmp_path, env=env)
        assert (refused.code, "would write to" in refused.err, other.writes) == (4, True, [])


def test_a_terminal_is_offered_the_newest(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server)
    env = environment(server.url)
    no = on_terminal(command_line("rollback"), tmp_path, env, question="[y/N]", answer="\r")
    assert (no.code, f"Roll back the newest, {name[:-6]} (apply of" in no.screen) == (1, True)
    assert {each["name"] for each in server.rows} == {"New"}
    yes = on_terminal(command_line("rollback", "--yes"), tmp_path, env, question="[y/N]", answer="y\r")
    assert (yes.code, "to put it back" in yes.screen) == (0, True)
    assert {each["name"] for each in server.rows} == {"Old"}


def test_a_shell_completes_names_of_records(tmp_path: Path, server: FakeFrigade) -> None:
    name = applied(tmp_path, server).removesuffix(".jsonl")
    offered = [completed(tmp_path, f"flowsync rollback {typed}")[1:] for typed in ("", name[:4], "l")]
    assert offered == [["plain,latest", f"plain,{name}"], [f"plain,{name}"], ["plain,latest"]]
    assert completed(tmp_path, f"flowsync rollback {name} flow_a")[1:] == ["plain,flow_a"]


def test_a_flow_that_was_created_switched_off_is_not_said_to_be_gone(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": NEW})
    assert flowsync("apply", "--sandbox", root=tmp_path).code == 0
    write_flows(tmp_path, {"flow_new": "name: New\ntype: CARD\nactive: false\ndata: {steps: [{id: a, title: A}]}\n"})
    created = flowsync("apply", "--sandbox", root=tmp_path)
    assert "created" in created.out, created.both
    back = flowsync("rollback", "latest", "--sandbox", root=tmp_path)
    assert back.code == 0
    assert "To remove it: flowsync delete flow_new" in back.out
    assert back.out.rstrip().endswith("Nothing to roll back: every flow is already as this rollback would leave it.")
    assert "as the files say" not in back.both
