"""Nothing outside of the repository is read, shown or written because of a link or a special file in it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsync.workspace import MOST_READ, workspace
from tests.github.support import workplace
from tests.support.command import environment, flowsync, git, process, write_flows
from tests.support.fake_frigade import fake_frigade, row

SECRET = "//registry.example/:_authToken=npm_5ecret\n"
UNFORMED = "data: {steps: []}\nname:   Old\n"
LIVE = [row(1, "flow_a", name="Live"), row(2, "flow_new", name="New")]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the repository, which nobody touches."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text(SECRET)
    (folder / "flow_a.yaml").write_text(UNFORMED)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write_flows(root, {"flow_a": UNFORMED})
    return root


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


COMMANDS = [
    *("validate", "validate --format github", "validate --format sarif", "fmt", "fmt --diff", "plan", "plan --sandbox"),
    *("apply --yes", "apply --yes --sandbox", "pull", "pull --new --force", "init --yes", "status", "test", "graph"),
    *("explain flow_a", "rollback --list", "sandbox reset"),
]


def run_all(project: Path, outside: Path) -> list[int]:
    """Every command there is; none shows or changes anything outside."""
    before, codes = contents(outside), []
    with fake_frigade(rows=LIVE) as server:
        for command in COMMANDS:
            done = flowsync(
                *command.split(), root=project, env={**environment(server.url), "XDG_STATE_HOME": "/dev/null"}
            )
            assert "5ecret" not in done.both
            assert "registry" not in done.both
            assert contents(outside) == before, command
            codes.append(done.code)
    return codes


def test_a_flow_file_that_leads_outside_is_not_read(project: Path, outside: Path) -> None:
    (project / "flows" / "flow_b.yaml").symlink_to(outside / "secret")
    (project / "flows" / "flow_c.yaml").symlink_to("../../outside/secret")
    assert flowsync("validate", root=project).code == 3
    run_all(project, outside)


@pytest.mark.parametrize("hidden", [".git/config", ".env"])
def test_a_flow_file_that_leads_to_a_hidden_file_is_not_read(project: Path, hidden: str) -> None:
    """Even where the whole repository is the flows directory."""
    (project / "flowsync.yaml").write_text("flows: .\n")
    (project / hidden).write_text(SECRET)
    (project / "flows" / "flow_b.yaml").symlink_to(f"../{hidden}")
    done = flowsync("validate", root=project)
    assert (done.code, "5ecret" in done.both) == (3, False)


def test_a_configuration_that_is_a_link_is_refused_wherever_it_leads(project: Path, outside: Path) -> None:
    (project / ".env").write_text(SECRET)
    for target in (outside / "secret", project / ".env"):
        (project / "flowsync.yaml").symlink_to(target)
        assert set(run_all(project, outside)) == {1}
        (project / "flowsync.yaml").rename(project / "named.yaml")
        named = flowsync("--config", "named.yaml", "validate", root=project)
        assert (named.code, "5ecret" in named.both) == (1, False)
        (project / "named.yaml").unlink()


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


SPECIAL: list[Callable[[Path], None]] = [_dangling, _socket, Path.mkdir, os.mkfifo]


@pytest.mark.parametrize("make", SPECIAL)
@pytest.mark.parametrize("name", ["flowsync.yaml", "flowsync.yml"])
def test_a_configuration_that_cannot_be_used_is_never_none(
    project: Path, make: Callable[[Path], None], name: str
) -> None:
    make(project / name)
    for command in ("validate", "fmt", "init"):
        done = flowsync(command, root=project)
        assert (done.code, f"{name} cannot be read" in done.err) == (1, True)


@pytest.mark.parametrize(
    "flows", ["../outside", "..", "x/../../outside", "../repository/../outside", ".git", "a/.git/b"]
)
def test_the_configuration_names_no_flows_outside(project: Path, outside: Path, flows: str) -> None:
    (project / "flowsync.yaml").write_text(f"flows: {flows}\n")
    assert set(run_all(project, outside)) == {3}


def test_flows_of_the_same_repository_may_be_beside_the_project(project: Path) -> None:
    (project / "app").mkdir()
    (project / "app" / "flowsync.yaml").write_text("flows: ../flows\n")
    assert flowsync("fmt", root=project / "app").code == 0
    with fake_frigade(rows=LIVE) as server:
        assert flowsync("pull", "--force", root=project / "app", env=environment(server.url)).code == 0
    kept = (project / "app" / ".flowsync" / "replaced").rglob("flow_a.yaml")
    assert [path.parent.name for path in kept] == ["flows"]


@pytest.mark.parametrize("name", ["flows", "frigade", "frigade/flows"])
def test_a_flows_directory_behind_a_link_is_refused(project: Path, outside: Path, name: str) -> None:
    shutil.rmtree(project / "flows")
    if name != "flows":
        (project / "flowsync.yaml").write_text("flows: frigade/flows\n")
        (outside / "flows").mkdir()
        (outside / "flows" / "flow_a.yaml").write_text(UNFORMED)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).symlink_to(outside, target_is_directory=True)
    assert set(run_all(project, outside)) == {1}


@pytest.mark.parametrize(
    "name",
    [
        *(".flowsync", ".flowsync/.gitignore", ".flowsync/replaced", ".flowsync/applies", ".flowsync/sandbox.db"),
        *(".flowsync/sandbox.db-journal", ".flowsync/sandbox.lock", ".flowsync/flow.schema.json"),
        *(".gitignore", ".pre-commit-config.yaml", ".github", ".github/workflows", "flows/same-name-2", "flows/sub"),
    ],
)
@pytest.mark.parametrize("target", ["", "new"])
def test_no_link_takes_what_is_written_outside(project: Path, outside: Path, name: str, target: str) -> None:
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).symlink_to(outside / target)
    run_all(project, outside)


@pytest.mark.parametrize("name", ["plan.json", "out/plan.json"])
def test_no_link_of_a_pull_request_takes_results_outside(project: Path, outside: Path, name: str) -> None:
    if name == "plan.json":
        (project / name).symlink_to(outside / "new")
    else:
        (project / "out").symlink_to(outside)
    with fake_frigade(rows=LIVE) as server:
        env = environment(server.url)
        for option in (["plan", "--out"], ["apply", "--yes", "--record"]):
            assert flowsync(*option, name, root=project, env=env).code == 1
        assert server.writes == []
    assert contents(outside).keys() == {"secret", "flow_a.yaml"}


def test_no_link_of_a_pull_request_takes_results_of_ci_outside(tmp_path: Path, outside: Path) -> None:
    with workplace(tmp_path) as place:
        (place.root / "out").symlink_to(outside)
        for file in ("out/plan.json", "out/new/plan.json"):
            assert place.plan(FLOWSYNC_PLAN_FILE=file).code == 1
            assert place.plan(FLOWSYNC_PLAN_FILE=str(place.root / file)).code == 1
            assert place.run("validate", name="pull_request", payload={}, FLOWSYNC_SARIF_FILE=file).code == 1
    assert contents(outside).keys() == {"secret", "flow_a.yaml"}


EXPLAIN = ["explain", "--expression", "user.isGuest()", "--user"]


@pytest.mark.parametrize("arguments", [["--config"], EXPLAIN, ["rollback"], ["apply"]])
def test_a_special_file_that_is_named_neither_hangs_nor_fills_memory(project: Path, arguments: list[str]) -> None:
    os.mkfifo(project / "pipe")
    os.mkfifo(project.parent / "pipe.json")
    with fake_frigade(rows=LIVE) as server:
        for file in ("/dev/zero", "pipe", "../pipe.json"):
            command = [*arguments, file, *(["validate"] if arguments == ["--config"] else [])]
            done = flowsync(*command, root=project, env=environment(server.url))
            assert done.code in {1, 3, 4, 64}, done.both
            assert server.writes == []


def test_a_file_that_the_operator_names_may_be_anywhere(project: Path, outside: Path) -> None:
    (outside / "user.yaml").write_text("user: {properties: {plan: pro}}\n")
    (outside / "link.yaml").symlink_to("user.yaml")
    for file in ("user.yaml", "link.yaml"):
        assert flowsync(*EXPLAIN, str(outside / file), root=project).code == 0
    reading, writing = os.pipe()
    os.write(writing, b"user: {properties: {plan: pro}}\n")
    os.close(writing)
    assert flowsync(*EXPLAIN, f"/dev/fd/{reading}", root=project).code == 0
    os.close(reading)
    with fake_frigade(rows=LIVE) as server:
        env = environment(server.url)
        (outside / "link.json").symlink_to("plan.json")
        assert flowsync("plan", "--out", str(outside / "link.json"), root=project, env=env).code == 0
        assert (outside / "link.json").is_symlink()
        record = str(outside / "new" / "record.jsonl")
        assert flowsync("apply", str(outside / "plan.json"), "--record", record, root=project, env=env).code == 0
        assert flowsync("rollback", record, root=project, env=env).code == 0


def test_a_project_that_is_reached_by_a_link_works(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project, target_is_directory=True)
    (project / "sub").mkdir()
    (project / "sub" / "flowsync.yaml").write_text("flows: ../flows\n")
    with fake_frigade(rows=LIVE) as server:
        env = environment(server.url)
        for command in (["init", "--yes"], ["fmt"], ["validate"], ["apply", "--yes"], ["pull", "--new"]):
            for root in (tmp_path / "link", tmp_path / "link" / "sub"):
                done = flowsync(*command, root=root, env=env)
                assert done.code in {0, 4}, done.both


def test_what_was_exchanged_after_it_was_found_is_not_followed(project: Path, outside: Path) -> None:
    here = workspace(project)
    path = project / "flows" / "flow_a.yaml"
    assert here.read(path, MOST_READ) == UNFORMED.encode()
    path.unlink()
    path.symlink_to(outside / "secret")
    with pytest.raises(OSError, match="It is a link"):
        here.read(path, MOST_READ)
    (project / "flows").rename(project / "elsewhere")
    (project / "flows").symlink_to(outside)
    for write in (here.create, here.replace):
        with pytest.raises(OSError, match="It is a link"):
            write(path, b"x")
    with pytest.raises(OSError, match="It is a link"):
        here.read(path, MOST_READ)


def test_names_of_files_that_are_not_utf_8_are_an_error_with_advice(project: Path) -> None:
    (project / "flows" / "flöw.yaml").write_text("name: x\n")
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in (["validate"], ["fmt"], ["init"], ["plan", "--sandbox"]):
        done = process(*command, root=project, env=env)
        assert (done.code, "PYTHONUTF8=1" in done.err) == (1, sys.platform != "win32")
    assert process("--version", root=project, env=env).code == 0
