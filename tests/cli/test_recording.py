"""The record as a file: on the disk before a write is sent, its owner's alone, never in the way of another file."""

from __future__ import annotations

import errno
import os
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsync.cli.writing.recording import RecordFile, list_records, new_record_path, open_record, read_record
from flowsync.errors import RecordError
from flowsync.model import Applied
from flowsync.record.values import Record, Unreadable
from tests.record.building import RUN, change, row
from tests.support.command import command_line, environment, execute, flowsync, served, write_flows
from tests.support.fake_frigade import FakeConfig, fake_frigade
from tests.support.fake_frigade import row as api_row


def test_a_record_is_for_its_owner_only_and_holds_the_run(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "x.jsonl"
    with open_record(path, "x.jsonl") as kept:
        kept.begin(RUN)
        kept.before(change(), row())
        kept.after(Applied(change()), row(name="New"))
        kept.end()
        assert kept.writes == 1
    assert path.stat().st_mode & 0o777 == 0o600
    found = read_record(path, "x.jsonl")
    assert (found.runs, len(found.writes), found.is_complete) == ((RUN,), 1, True)


def test_what_is_replaced_is_flushed_before_it_counts_as_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    flushed: list[int] = []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    kept = RecordFile(descriptor, "x", lambda _: flushed.append(path.read_bytes().count(b"\n")))
    kept.begin(RUN)
    kept.before(change(), row())
    assert flushed == [1, 2]
    kept.after(Applied(change()), row(name="New"))
    assert flushed == [1, 2]
    assert path.read_bytes().count(b"\n") == 3
    kept.end()
    assert flushed == [1, 2, 4]
    os.close(descriptor)


def test_threads_share_a_flush_and_none_returns_before_its_own_line_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    on_disk = b""
    gate = threading.Event()
    flushes = 0

    def flush(_: int) -> None:
        nonlocal on_disk, flushes
        seen = path.read_bytes()
        gate.wait(0.01)
        on_disk, flushes = seen, flushes + 1

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    kept = RecordFile(descriptor, "x", flush)
    early: list[int] = []

    def keep(number: int) -> None:
        kept.before(change(f"flow_{number}", number), row(f"flow_{number}", number))
        if f'"slug":"flow_{number}"'.encode() not in on_disk:
            early.append(number)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(descriptor)
    assert early == []
    assert flushes < 40
    assert path.read_bytes().count(b"\n") == 40


def failing(after: int) -> Callable[[int], None]:
    calls = iter(range(1_000))

    def flush(_: int) -> None:
        if next(calls) >= after:
            raise OSError(errno.EIO, "Input/output error")

    return flush


def test_after_a_failure_nothing_more_is_taken(tmp_path: Path) -> None:
    """What a failed flush has done to the file nobody knows."""
    path = tmp_path / "x.jsonl"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    kept = RecordFile(descriptor, "x", failing(1))
    kept.begin(RUN)
    for _ in range(2):
        with pytest.raises(RecordError, match=r"cannot be kept in x: Input/output error\. So it is not written\."):
            kept.before(change(), row())
    kept.after(Applied(change()), row())
    kept.end()
    assert kept.trouble is not None
    assert path.read_bytes().count(b"\n") == 2
    os.close(descriptor)


def test_a_flush_that_failed_has_failed_for_who_waited_for_it_too(tmp_path: Path) -> None:
    """The system tells of what it could not write once; the next flush of the same file succeeds."""
    path = tmp_path / "x.jsonl"
    results: list[OSError | None] = [OSError(errno.EIO, "Input/output error"), None]
    untaken: list[str] = []

    def flush(_: int) -> None:
        while path.read_bytes().count(b"\n") < 2:
            pass
        if (failure := results.pop(0)) is not None:
            raise failure

    def keep(slug: str, number: int) -> None:
        try:
            kept.before(change(slug, number), row(slug, number))
        except RecordError:
            untaken.append(slug)

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    kept = RecordFile(descriptor, "x", flush)
    threads = [threading.Thread(target=keep, args=each) for each in (("flow_a", 1), ("flow_b", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(descriptor)
    assert sorted(untaken) == ["flow_a", "flow_b"]
    assert kept.writes == 0


def test_a_run_is_added_to_a_record_and_a_line_that_was_cut_off_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"format":"flowsync-record/1"')
    path.chmod(0o644)
    with open_record(path, "x") as kept:
        kept.begin(RUN)
    with open_record(path, "x") as kept:
        kept.begin(RUN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().count(b"\n") == 3
    assert read_record(path, "x").runs == (RUN, RUN)


@pytest.mark.parametrize("content", [b"name: a flow\n", b'{"format":"flowsync-plan/1"}\n'])
def test_another_file_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "flow_a.yaml"
    path.write_bytes(content)
    mode = path.stat().st_mode
    with pytest.raises(RecordError, match="exists and is not a record"), open_record(path, "x"):
        pass
    assert (path.read_bytes(), path.stat().st_mode) == (content, mode)


def test_a_record_takes_one_run_at_a_time(tmp_path: Path) -> None:
    """Runs to two places exclude each other nowhere else, and lines tell by the header above them whose they are."""
    path = tmp_path / "r.jsonl"
    with open_record(path, "r.jsonl") as first:
        first.begin(RUN)
        with (
            pytest.raises(RecordError, match=r"Another run is writing to r\.jsonl"),
            open_record(path, "r.jsonl"),
        ):
            pass
        first.end()
    with open_record(path, "r.jsonl") as then:
        then.begin(RUN)
    assert len(read_record(path, "r.jsonl").runs) == 2


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/full/x.jsonl")):
        with pytest.raises(RecordError, match="x cannot be opened"), open_record(path, "x"):
            pass
    (tmp_path / "applies").write_text("a file")
    with pytest.raises(RecordError, match="cannot be opened"):
        new_record_path(tmp_path / "applies", "sha256:abc")
    with pytest.raises(RecordError, match="y cannot be read: No such file"):
        read_record(tmp_path / "y.jsonl", "y")


def test_names_tell_time_and_plan_and_are_never_taken_twice(tmp_path: Path) -> None:
    paths = {new_record_path(tmp_path, "sha256:0123456789abcdef") for _ in range(3)}
    assert len(paths) == 3
    for path in paths:
        assert "-01234567" in path.name
        assert path.stat().st_mode & 0o777 == 0o600


def test_records_are_listed_newest_first_whatever_they_hold(tmp_path: Path) -> None:
    with open_record(tmp_path / "2.jsonl", "2") as kept:
        kept.begin(RUN)
    (tmp_path / "1.jsonl").write_bytes(b"\xff\xfe")
    (tmp_path / "3.jsonl").mkdir()
    (tmp_path / "note.txt").write_text("not a record")
    found = list_records(tmp_path)
    assert [each.name for each in found] == ["3.jsonl", "2.jsonl", "1.jsonl"]
    assert [type(each.content) for each in found] == [Unreadable, Record, Unreadable]
    assert list_records(tmp_path / "nowhere") == []


def test_a_disk_that_is_full_before_the_first_write_stops_everything(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": "name: New\n"}, [api_row(1, "flow_a")]) as (server, run):
        failed = run("apply", "--record", "/dev/full")
        assert server.writes == []
    assert failed.code == 1
    assert "No space left on device" in failed.err
    assert "--record" in failed.err


def test_a_disk_that_fills_up_stops_the_run_and_what_was_written_can_still_be_rolled_back(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk; it would cut the bytecode that Python keeps, too."""
    slugs = [f"flow_{number:02}" for number in range(9)]
    rows = [api_row(number + 1, slug, name="Old") for number, slug in enumerate(slugs)]
    with served(tmp_path, dict.fromkeys(slugs, "name: New\n"), rows) as (server, run):
        done = execute(
            command_line("apply", "--parallelism", "2", "--record", "r.jsonl"),
            tmp_path,
            {**environment(server.url), "PYTHONDONTWRITEBYTECODE": "1"},
            is_measured=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000)),
        )
        assert done.code == 5, done.err
        written = {seen.path for seen in server.writes}
        assert 0 < len(written) < 9
        assert "File too large" in done.out
        assert "The record r.jsonl is not complete" in done.err
        back = run("rollback", "r.jsonl")
        assert back.code == 0, back.err
        assert [each["name"] for each in server.rows] == ["Old"] * 9


def test_a_record_of_somebody_else_or_without_room_is_told_and_left_alone(tmp_path: Path) -> None:
    """Closing a cut line needs a byte, which a full disk does not have."""
    path = tmp_path / "record.jsonl"
    with open_record(path, "record.jsonl") as kept:
        kept.begin(RUN)
    with path.open("ab") as stream:
        stream.write(b'{"event":"wri')
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from flowsync.cli.writing.recording import open_record\n"
        "from flowsync.errors import RecordError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n    with open_record(Path(sys.argv[1]), 'r'):\n        pass\n"
        "except RecordError as error:\n    sys.exit(7 if 'cannot be opened' in error.message else 8)\n"
    )
    assert execute([sys.executable, "-c", code, path], is_measured=False).code == 7


def test_a_state_directory_that_cannot_be_made_is_told_with_the_way_out(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    (tmp_path / ".flowsync").touch()
    with fake_frigade(FakeConfig(), [api_row(1, "flow_a")]) as server:
        env = environment(server.url)
        failed = flowsync("apply", root=tmp_path, env=env)
        assert (failed.code, server.writes) == (1, [])
        assert "The directory .flowsync cannot be used: Not a directory." in failed.err
        assert "--record FILE" in failed.err
        assert flowsync("plan", "--sandbox", root=tmp_path).code == 1
        failed = flowsync("apply", root=tmp_path, env={**env, "XDG_STATE_HOME": "", "HOME": "/nonexistent\x01/x"})
        assert (failed.code, server.writes) == (1, [])
        assert flowsync("apply", "--record", "r.jsonl", root=tmp_path, env=env).code == 0
