"""The organization that flowsync.yaml names, and keys of another one: refused by every command, before anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import command_line, commit, environment, flowsync, process, start, write_flows
from tests.support.fake_frigade import PUBLIC_KEY, Endpoints, FakeConfig, FakeFrigade, fake_frigade, row
from tests.support.terminal import on_terminal

FILE = "name: New\ntype: ANNOUNCEMENT\ndata: {steps: [{id: first, title: Hello}]}\n"
PRODUCTION = """\
# Kept.
environments:
  production: # theirs
    organization: 1001
    api_key_variable: FRIGADE_API_KEY
"""
HERE: dict[str, object] = {"organizationId": 1001}
STRANGE: dict[str, object] = {"organizationId": 2002}


@contextmanager
def account(root: Path, settings: str, *rows: dict[str, object], **behaviour: object) -> Iterator[FakeFrigade]:
    write_flows(root, {"flow_a": FILE})
    (root / "flowsync.yaml").write_text(settings, encoding="utf-8")
    shown = [row(number, f"flow_{'abc'[number - 1]}", **fields) for number, fields in enumerate(rows, start=1)]
    with fake_frigade(FakeConfig(**behaviour), shown) as server:  # type: ignore[arg-type]
        yield server


COMMANDS = (
    *("plan", "plan --base HEAD", "apply --yes", "pull", "pull --new --check", "status"),
    *("diff", "diff --from v1 flow_a", "history flow_a", "show flow_a", "restore flow_a --version 1 --yes"),
    *("publish flow_a --yes", "delete flow_a --yes --confirm flow_a", "audience flow_a"),
    "audience --expression user.property('a')=='b'",
)


@pytest.mark.parametrize("rows", [(STRANGE,), (STRANGE, HERE), (STRANGE, {})])
def test_a_key_of_another_organization_is_refused_by_every_command(
    tmp_path: Path, rows: tuple[dict[str, object], ...]
) -> None:
    with account(tmp_path, PRODUCTION, *rows) as server:
        commit(tmp_path)
        before = (tmp_path / "flows/flow_a.yaml").read_text(encoding="utf-8")
        for command in COMMANDS:
            done = flowsync("-e", "production", *command.split(), root=tmp_path, env=environment(server.url))
            assert (done.code, done.out) == (4, ""), (command, done.both)
            assert "FRIGADE_API_KEY" in done.err
            assert "organization 2002, but flowsync.yaml says that production is organization 1001." in done.err
            assert "Set FRIGADE_API_KEY to a key of production" in " ".join(done.err.split())
        assert server.writes == []
        assert (tmp_path / "flows/flow_a.yaml").read_text(encoding="utf-8") == before


def test_rows_are_looked_at_again_right_before_a_write(tmp_path: Path) -> None:
    with account(tmp_path, "organization: 1001\n", HERE) as server:
        env = environment(server.url)
        assert flowsync("plan", "--out", "p.json", root=tmp_path, env=env).code == 0
        server.rows[0]["organizationId"] = 2002
        done = flowsync("apply", "p.json", root=tmp_path, env=env)
        assert done.code in {4, 5}
        assert "opens organization 2002, but flowsync.yaml says that this project is organization 1001" in done.both
        done = flowsync("rollback", "latest", root=tmp_path, env=env)
        assert done.code != 0
        assert server.writes == []


@pytest.mark.parametrize(
    ("rows", "behaviour", "why"),
    [
        ((), {}, "no flow that was read shows it"),
        (({},), {}, "no flow that was read shows it"),
        (({},), {"endpoints": Endpoints.DOCUMENTED}, "no flow that was read shows it"),
        ((HERE, {}), {}, ""),
    ],
)
def test_what_cannot_be_told_is_said_once_and_fails_nothing(
    tmp_path: Path, rows: tuple[dict[str, object], ...], behaviour: dict[str, object], why: str
) -> None:
    with account(tmp_path, "organization: 1001\n", *rows, **behaviour) as server:
        done = flowsync("pull", root=tmp_path, env=environment(server.url))
    assert done.code == 0, done.both
    assert done.err.count("cannot be checked") == bool(why)
    assert why in done.err


def test_a_public_key_cannot_tell(tmp_path: Path) -> None:
    with account(tmp_path, "organization: 1001\n", {"name": "New"}) as server:
        done = flowsync("plan", root=tmp_path, env=environment(server.url, None, PUBLIC_KEY))
    assert done.code == 0, done.both
    assert done.err.count("Whether this is organization 1001 cannot be checked: a public key does not show it.") == 1


def test_the_sandbox_belongs_to_the_organization_of_the_project_unless_it_is_served_as_another(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FILE})
    (tmp_path / "flowsync.yaml").write_text("organization: 77\n", encoding="utf-8")
    done = flowsync("plan", "--sandbox", root=tmp_path)
    assert (done.code, "organization" in done.both) == (0, False)
    with start("sandbox", "serve", "--organization", "78", root=tmp_path) as server:
        lines = [server.stdout.readline().removeprefix("export ").strip().partition("=") for _ in range(3)]
        done = flowsync("plan", root=tmp_path, env={name: value for name, _, value in lines})
        server.terminate()
    assert done.code == 4, done.both
    assert "opens organization 78, but flowsync.yaml says that this project is organization 77" in done.err


@pytest.mark.parametrize(
    ("settings", "chosen", "line"),
    [
        ("flows: flows # kept\n", (), "`organization: 1001`"),
        ("# kept\nenvironments:\n  dev:\n", ("-e", "dev"), "`organization: 1001` under environments, dev,"),
    ],
)
def test_pull_says_the_line_to_add_and_writes_it_for_a_yes(
    tmp_path: Path, settings: str, chosen: tuple[str, ...], line: str
) -> None:
    path = tmp_path / "flowsync.yaml"
    with account(tmp_path, settings, HERE) as server:
        env = environment(server.url)
        done = flowsync("pull", *chosen, root=tmp_path, env=env)
        assert f"Add {line} to " in done.err
        assert path.read_text(encoding="utf-8") == settings
        for answer, is_written in (("\n", False), ("y\n", True)):
            shown = on_terminal(command_line("pull", *chosen), tmp_path, env, question="[y/N]", answer=answer)
            assert shown.code == 0, shown.screen
            assert ("organization: 1001" in path.read_text(encoding="utf-8")) is is_written, shown.screen
        written = path.read_text(encoding="utf-8")
        assert written.startswith(settings.rstrip("\n"))
        done = flowsync("pull", *chosen, root=tmp_path, env=env)
        assert (done.code, "organization" in done.both) == (0, False)


def test_init_writes_the_organization_of_the_key_at_hand(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(), [row(1, "flow_a", **STRANGE)]) as server:
        done = process("init", "--yes", root=tmp_path, env=environment(server.url))
    assert done.code == 0, done.both
    text = (tmp_path / "flowsync.yaml").read_text(encoding="utf-8")
    assert "\norganization: 2002\n" in text
    assert "# organization: 1001" not in text
    (tmp_path / "flowsync.yaml").unlink()
    done = flowsync("init", "--yes", root=tmp_path, env={"FRIGADE_API_KEY": "nonsense"})
    assert done.code == 0, done.both
    assert "The organization of the key is not known: FRIGADE_API_KEY holds no API key" in done.err
    assert "\n# organization: 1001\n" in (tmp_path / "flowsync.yaml").read_text(encoding="utf-8")
