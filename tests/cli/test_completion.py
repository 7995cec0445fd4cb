"""flowsync completion: what it writes, and what the shells themselves make of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import Completed, execute, flowsync
from tests.support.programs import ON_PATH
from tests.support.terminal import on_terminal

START_UP = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions/flowsync.fish"}
SHELLS = list(START_UP)
READY = {"bash": "ready: ", "zsh": "\x1b[?2004h"}
"""The last that each shows before it takes what is typed."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with start-up files of its owner; that of bash is a link and ends in the middle of a line."""
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "bashrc").write_bytes(b"PS1='ready: ' # \xff")
    (tmp_path / ".bashrc").symlink_to("dotfiles/bashrc")
    (tmp_path / ".zshrc").write_text("PS1='ready: '\n")
    return tmp_path


def environ(home: Path, **more: str) -> dict[str, str]:
    return {**ON_PATH, "HOME": str(home), "XDG_DATA_HOME": "not/absolute", "XDG_CONFIG_HOME": "", **more}


def completion(home: Path, *arguments: str, **more: str) -> Completed:
    return flowsync("completion", *arguments, root=home, env=environ(home, **more))


def files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_installed_once_where_the_shell_looks_and_says_where(home: Path, shell: str) -> None:
    before = files(home)
    printed = completion(home, "install", shell, "--print")
    assert (printed.code, files(home)) == (0, before)
    installed = completion(home, "install", SHELL=f"/usr/local/bin/{shell}")
    after = files(home)
    new = {name for name in after if before.get(name) != after[name]}
    assert START_UP[shell] in new
    for name in new - {"dotfiles/bashrc"}:
        assert f"  {home / name}\n" in installed.out
        assert f" {home / name}\n" in printed.out
    assert all(after[name].startswith(text) for name, text in before.items())
    assert f"every {shell} that you start" in installed.err
    again = completion(home, "install", shell)
    assert (again.out.count("unchanged  "), files(home)) == (len(installed.out.splitlines()), after)
    assert completion(home, "show", shell).out.encode() in after.values()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_that_starts_afterwards_completes(home: Path, shell: str) -> None:
    program = shutil.which(shell) or pytest.skip(f"{shell} is not installed")
    assert completion(home, "install", shell).code == 0
    answer = "flowsync grap\t--help; exit\r"
    typed = on_terminal([program, "-i"], home, environ(home), question=READY[shell], answer=answer)
    assert "Usage: flowsync graph" in typed.screen


def test_fish_completes_slugs_too(home: Path) -> None:
    program = shutil.which("fish") or pytest.skip("fish is not installed")
    assert completion(home, "install", "fish").code == 0
    (home / "flows").mkdir()
    (home / "flows" / "flow_setup.yaml").write_text("name: A\n")
    asked = 'complete -C "flowsync grap"; complete -C "flowsync fmt flow_"'
    done = execute([program, "-c", asked], home, environ(home))
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["graph", "flow_setup"], done.both


def test_where_it_cannot_tell_the_shell_or_cannot_write_it_says_what_to_do(home: Path) -> None:
    for shell in ("/bin/dash", ""):
        unclear = completion(home, "install", SHELL=shell)
        assert (unclear.code, "completion install bash" in unclear.err) == (64, True)
    (home / ".local").write_text("in the way")
    failed = completion(home, "install", "bash")
    assert failed.code == 1
    assert "flowsync completion show bash" in failed.err
    assert "# flowsync" not in (home / ".bashrc").read_bytes().decode(errors="replace")
    away = completion(
        home, "install", "zsh", XDG_DATA_HOME=str(home / "data dir"), ZDOTDIR=str(home / "dot"), PATH="/x"
    )
    assert f"written  {home / 'dot' / '.zshrc'}" in away.out
    assert "no flowsync is on the PATH" in away.err
    assert f". '{home / 'data dir'}/" in (home / "dot" / ".zshrc").read_text()
