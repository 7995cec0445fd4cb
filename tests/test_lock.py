"""One writer at a time, across real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.errors import ExitCode, FlowsyncError
from flowsync.lock import LockedError, directory, held, name
from tests.support.command import UNMEASURED, execute

HOLDER = """
import sys
from pathlib import Path
from flowsync.lock import held
with held(Path(sys.argv[1]), "flowsync apply"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "place.lock"


@pytest.fixture
def holder(lock_file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its stdin is closed."""
    command = [sys.executable, "-c", HOLDER, str(lock_file)]
    with subprocess.Popen(command, env=UNMEASURED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_had_by_one_at_a_time_and_tells_who_has_it(lock_file: Path, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(LockedError, match=rf"process {holder.pid} on .*, `flowsync apply`, started 20") as caught,
        held(lock_file, "flowsync apply"),
    ):
        pass
    assert caught.value.exit_code is ExitCode.REFUSED
    holder.communicate("")
    with held(lock_file, "flowsync apply") as left:
        assert left is None
    assert lock_file.read_text() == ""
    assert lock_file.stat().st_mode & 0o777 == 0o600


def test_a_process_that_was_killed_leaves_no_lock_but_is_told(lock_file: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with held(lock_file, "flowsync apply") as left:
        assert left is not None
        assert left.pid == holder.pid
        assert str(os.getpid()) in lock_file.read_text()
    with held(lock_file, "flowsync apply") as left:
        assert left is None


def test_a_run_that_fails_lets_go(lock_file: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(lock_file, "flowsync apply"):
        raise ZeroDivisionError
    with held(lock_file, "flowsync apply") as left:
        assert left is None


def test_two_runs_in_one_process_exclude_each_other_too(lock_file: Path) -> None:
    with held(lock_file, "one"), pytest.raises(LockedError, match="`one`"), held(lock_file, "two"):
        pass


UNPRINTABLE = " " + json.dumps({"pid": 1, "host": "\x1b[31mx", "started": "now", "command": "x"})


@pytest.mark.parametrize("text", ["", " nonsense", " []", ' {"pid": 1}', ' "x"', "\x00\xff", "[" * 4000, UNPRINTABLE])
def test_whatever_stands_in_the_file_is_no_lock(lock_file: Path, text: str) -> None:
    lock_file.parent.mkdir()
    lock_file.write_text(text)
    with held(lock_file, "flowsync apply") as left:
        assert left is None


def test_an_owner_that_cannot_be_read_is_not_told(lock_file: Path, holder: subprocess.Popen[str]) -> None:
    lock_file.write_text("nonsense")
    with pytest.raises(LockedError, match=r"its lock is held\.$"), held(lock_file, "flowsync apply"):
        pass
    holder.communicate("")


def test_a_place_that_cannot_be_used_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "x.lock", tmp_path):
        with pytest.raises(FlowsyncError, match="cannot be used") as caught, held(path, "flowsync apply"):
            pass
        assert "XDG_STATE_HOME" in (caught.value.hint or "")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files")
def test_what_is_no_regular_file_is_no_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.lock")
    with pytest.raises(FlowsyncError, match="no regular file"), held(tmp_path / "pipe.lock", "flowsync apply"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_a_full_disk_keeps_nobody_from_the_lock(lock_file: Path) -> None:
    """It is the system's: who holds it is a note, and may be missing."""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom flowsync.lock import held\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with held(Path(sys.argv[1]), 'flowsync apply'):\n    pass\n"
    )
    assert execute([sys.executable, "-c", code, lock_file], is_measured=False).code == 0


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FlowsyncError, match="cannot be used"), held(tmp_path / "link.lock", "flowsync apply"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_locks_lie_in_one_place_for_all_projects_of_a_user(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    assert directory({}, home, project) == home / ".local" / "state" / "flowsync" / "locks"
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert directory(state, home, project) == tmp_path / "state" / "flowsync" / "locks"
    for unfit in (os.devnull, "state"):
        assert directory({"XDG_STATE_HOME": unfit}, home, project) == home / ".local" / "state" / "flowsync" / "locks"
        assert directory({"XDG_STATE_HOME": unfit}, Path(os.devnull), project) == project
    assert directory({}, Path("~"), project) == project


def test_names_tell_places_apart() -> None:
    names = {name("https://a", ""), name("https://a", "production"), name("https://b", ""), name("https://a", "\ud800")}
    assert len(names) == 4
    assert name("https://a", "") == name("https://a", "")
    assert all(Path(each).name == each for each in names)
