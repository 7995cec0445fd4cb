"""Many threads, several processes, a restart, and files that are no sandbox."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from flowsync.errors import FlowsyncError
from flowsync.sandbox import Emulator
from flowsync.sandbox.seeds import SeedFlow, seed
from tests.sandbox.account import ACTIVE, DRAFT, SWITCHED_OFF, ask, populate

ROOT: Final = Path(__file__).parents[2]
THREADS: Final = 20
ROUNDS: Final = 10


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "sandbox.db"


def test_twenty_threads_put_at_once_and_every_write_counts(database: Path) -> None:
    with Emulator(database) as emulator, ThreadPoolExecutor(THREADS) as pool:
        populate(emulator)
        names = [f"name {number}" for number in range(THREADS * ROUNDS)]
        answers = list(pool.map(lambda name: ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"name": name}), names))
        moments = [answer.body["modifiedAt"] for answer in answers]
    assert [(answer.status, answer.body["name"]) for answer in answers] == [(200, name) for name in names]
    assert len(set(moments)) == len(moments)


def test_writes_to_different_fields_at_once_lose_nothing(emulator: Emulator) -> None:
    bodies: list[dict[str, object]] = [
        {"name": "A"},
        {"description": "B"},
        {"type": "CARD"},
        {"targetingLogic": "C"},
        {"active": False},
    ]
    with ThreadPoolExecutor(len(bodies)) as pool:
        list(pool.map(lambda body: ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", body), bodies))
    flow = ask(emulator.handle, "GET", f"/v1/flows/{ACTIVE}").body
    assert {key: flow[key] for body in bodies for key in body} == {key: body[key] for body in bodies for key in body}


def test_one_of_many_who_begin_a_draft_at_once_gets_it(emulator: Emulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        begun = list(
            pool.map(lambda _: ask(emulator.handle, "POST", f"/v1/flows/{SWITCHED_OFF}/versions", {}), range(8))
        )
    assert sorted(answer.status for answer in begun) == [201] + [400] * 7


def test_two_emulators_share_one_file(database: Path) -> None:
    with Emulator(database) as one, Emulator(database) as other, ThreadPoolExecutor(8) as pool:
        populate(one)
        targets = [(emulator, number) for number in range(50) for emulator in (one, other)]
        answers = list(pool.map(lambda at: ask(at[0].handle, "PUT", f"/v1/flows/{ACTIVE}", {"name": str(at)}), targets))
        assert {answer.status for answer in answers} == {200}
        assert ask(one.handle, "GET", "/v1/flows").body == ask(other.handle, "GET", "/v1/flows").body


WRITER: Final = """
import sys
from pathlib import Path
from flowsync.sandbox import Emulator
from flowsync.sandbox.seeds import SeedFlow, seed
from tests.sandbox.account import ask
with Emulator(Path(sys.argv[1])) as emulator:
    told = seed(emulator, [SeedFlow("flow_one", {"name": "One"})])
    rows = ask(emulator.handle, "GET", "/v1/flows").body["data"]
    writable = [row["id"] for row in rows if row["status"] != "ARCHIVED"]
    answers = [ask(emulator.handle, "PUT", f"/v1/flows/{writable[0]}", {"name": str(n)}) for n in range(100)]
print(len(told), {answer.status for answer in answers})
"""


def test_two_processes_create_seed_and_write_one_file_at_once(database: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(database)]
    writers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [writer.communicate(timeout=60)[0].strip() for writer in writers]
    assert sorted(outputs) == ["0 {200}", "2 {200}"]


def test_a_restart_keeps_everything(database: Path) -> None:
    with Emulator(database) as emulator:
        populate(emulator)
        ask(emulator.handle, "PUT", f"/v1/flows/{DRAFT}", {"name": "Kept"})
        before = ask(emulator.handle, "GET", "/v1/flows").body
    with Emulator(database) as emulator:
        assert ask(emulator.handle, "GET", "/v1/flows").body == before
        assert not emulator.is_empty()


def test_a_reset_empties_the_account_for_everyone_who_has_it_open(database: Path) -> None:
    with Emulator(database) as one, Emulator(database) as other:
        populate(one)
        one.reset()
        assert other.is_empty()
        assert len(seed(other, [SeedFlow("flow_one", {})])) == 2


def test_a_new_account_is_empty(empty: Emulator) -> None:
    assert empty.is_empty()


def test_a_file_that_is_no_database_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    path.write_text("not a database, " * 100)
    with pytest.raises(FlowsyncError, match="cannot be used") as caught:
        Emulator(path)
    assert "sandbox reset" in (caught.value.hint or "")


def test_a_path_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FlowsyncError, match="cannot be used"):
        Emulator(tmp_path / "file" / "sandbox.db")


def test_a_database_of_another_version_of_flowsync_is_not_touched(database: Path) -> None:
    with Emulator(database):
        pass
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(FlowsyncError, match="another version"):
        Emulator(database)


def test_a_database_that_fails_later_is_a_500_and_not_a_traceback(database: Path) -> None:
    with Emulator(database) as emulator:
        populate(emulator)
        connection = sqlite3.connect(database)
        connection.execute("DROP TABLE flows")
        connection.close()
        answer = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"name": "x"})
    assert answer.status == 500
    assert "database failed" in answer.body["message"]
