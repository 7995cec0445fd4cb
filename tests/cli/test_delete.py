"""flowsync delete, against the emulator over HTTP: honest, faulty at every step, and hostile."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.server import PRIVATE_KEY, PUBLIC_KEY, Request, Response, refused
from flowsync.sandbox.store import Row
from tests.support.command import command_line, environment, start, write_flows
from tests.support.emulated import Account, Status, emulated, version
from tests.support.terminal import on_terminal

GO = ("delete", "flow_a", "--yes", "--confirm", "flow_a")
ALL = [("flow_a", 1, "ARCHIVED"), ("flow_a", 2, "ACTIVE"), ("flow_a", 3, "DRAFT")]
KEEPS = {"flow_b": "name: B\n"}
"""A file that names nothing."""


def rows(**live: object) -> list[Row]:
    return [
        version("flow_a", 1, Status.ARCHIVED),
        version("flow_a", 2, Status.ACTIVE, **{"active": False, **live}),  # type: ignore[arg-type]  # fields of Row
        version("flow_a", 3, Status.DRAFT),
    ]


def ids(account: Account) -> list[str]:
    return [request.target.rpartition("/")[2] for request in account.writes]


@pytest.mark.parametrize("reading", [Reading.DELETED_404, Reading.DELETED_500])
def test_every_version_is_shown_kept_and_deleted_the_live_one_last(tmp_path: Path, reading: Reading) -> None:
    with emulated(tmp_path, rows(), flows=KEEPS, readings=[reading]) as account:
        shown = account.run("delete", "flow_a", "--dry-run")
        assert (shown.code, account.writes) == (0, [])
        assert "flow_a  all 3 versions, in this order" in shown.out
        assert "id 2 · version 2 · ACTIVE · created 2026-01-02 · A flow" in shown.out
        assert "\n\nNext: flowsync delete flow_a -C " in shown.out
        assert "Lost for good, with every version: users' progress and answers, and all statistics." in shown.out
        done = account.run(*GO, "--format", "json")
        assert (done.code, account.versions, ids(account)) == (0, [], ["3", "1", "2"])
        (deleted,) = done.json["deletes"]
        assert (deleted["outcome"], [each["id"] for each in deleted["rows"]], deleted["left"]) == (
            "deleted",
            [3, 1, 2],
            [],
        )
        (record,) = (tmp_path / ".flowsync" / "applies").glob("*.jsonl")
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        assert [line.get("event") for line in lines] == [None, "delete", "deleted", "end"]
        assert {row["data"] for row in lines[1]["rows"]} == {"steps:\n  - id: one\n    title: Old\n"}
        back = account.run("rollback", record.name)
        assert back.code == 4
        assert "A delete cannot be rolled back" in back.err
        assert record.name in back.err
        assert "delete" in account.run("rollback", "--list").out
        assert "1 flow deleted" in account.run("rollback", "--list").out
        for newest in (["latest"], []):
            refused = account.run("rollback", *newest)
            assert (refused.code, "A delete cannot be rolled back" in refused.err) == (4, True), refused.both
        again = account.run(*GO)
        assert again.code == 64
        assert "There is no live flow flow_a." in again.err


@pytest.mark.parametrize(
    ("flows", "others", "live", "said"),
    [
        ({"flow_a": "name: A\n"}, [], {}, "flows/flow_a.yaml is its file: delete the file and merge that first"),
        (
            {"flow_b": "targetingLogic: user.flow('flow_a') == 'COMPLETED_FLOW'\n"},
            [],
            {},
            "flows/flow_b.yaml refers to it",
        ),
        (
            {"flow_b": "data: {steps: [{id: s, startCriteria: user.flow('flow_a') == 'COMPLETED_FLOW'}]}\n"},
            [],
            {},
            "flows/flow_b.yaml refers to it in its targeting or in a step",
        ),
        (
            KEEPS,
            [version("flow_c", 1, Status.ACTIVE, targeting_logic="user.flow('flow_a') == 'COMPLETED_FLOW'")],
            {},
            "The flow flow_c, as it is in Frigade, refers to it",
        ),
        (KEEPS, [], {"active": True}, "Version 2 (id 2) is live and switched on. Switch it off first"),
    ],
)
def test_what_is_still_needed_is_refused(
    tmp_path: Path, flows: dict[str, str], others: list[Row], live: dict[str, object], said: str
) -> None:
    with emulated(tmp_path, [*rows(**live), *others], flows=flows) as account:
        done = account.run(*GO)
        assert (done.code, account.writes) == (4, [])
        assert said in done.err


def test_flows_that_name_each_other_go_together(tmp_path: Path) -> None:
    other = version("flow_c", 1, Status.DRAFT, targeting_logic="user.flow('flow_a') == 'COMPLETED_FLOW'")
    with emulated(tmp_path, [*rows(), other], flows=KEEPS) as account:
        done = account.run("delete", "flow_a", "flow_c", "--yes", "--confirm", "flow_a", "--confirm", "flow_c")
        assert (done.code, account.versions) == (0, [])
        assert "2 deleted" in done.out
        assert "flow_c  its only version" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["flow_a"], 64, "Add --confirm flow_a."),
        (["flow_a", "--yes"], 64, "each flow to delete must be confirmed"),
        (["flow_a", "--confirm", "flow_x"], 64, "--confirm flow_x names a flow that this command does not delete."),
        (["flow_*", "--confirm", "flow_*"], 64, "flow_* is a glob, and delete takes no globs."),
        (["flow_*"], 64, "flow_* is a glob, and delete takes no globs."),
        (["flow_*", "--dry-run"], 64, "hint: Write out the slug of each flow."),
        (["flow_b", "--confirm", "flow_b"], 64, "There is no live flow flow_b.\n  hint: Did you mean flow_a?"),
        (
            ["flows/flow_a.yaml", "--dry-run"],
            64,
            "flows/flow_a.yaml is a path, and delete takes slugs.\n  hint: The slug is flow_a.",
        ),
    ],
)
def test_each_flow_is_named_and_confirmed(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    with emulated(tmp_path, rows(), flows=KEEPS) as account:
        done = account.run("delete", *arguments)
        assert (done.code, account.writes) == (code, [])
        assert said in done.err


def test_files_that_cannot_be_read_may_name_the_flow_and_none_at_all_do_not(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), flows={"flow_b": "name: [\n"}) as account:
        assert (account.run(*GO).code, account.writes) == (3, [])
        assert account.run(*GO, key=PUBLIC_KEY).code == 3
        (tmp_path / "flows" / "flow_b.yaml").unlink()
        assert account.run(*GO, key=PUBLIC_KEY).code == 1
        assert account.run(*GO).code == 0


def test_a_terminal_has_the_slug_typed(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), flows=KEEPS) as account:
        env = environment(account.url, PRIVATE_KEY)
        for answer in ("y\r", "FLOW_A\r", "\x04"):
            asked = on_terminal(command_line("delete", "flow_a"), tmp_path, env, question="delete it", answer=answer)
            assert (asked.code, account.writes) == (1, [])
        typed = on_terminal(command_line("delete", "flow_a"), tmp_path, env, question="delete it", answer="flow_a\r")
        assert (typed.code, account.versions) == (0, [])


FAULTS = ["500-after", "reset-after", "hang-after", "truncated", "html-403-after", "503-after", "500-late"]


@pytest.mark.parametrize(
    ("fault", "row"),
    [*((fault, 3) for fault in (*FAULTS, "500-before", "reset-before", "429")), ("500-after", 2), ("500-before", 2)],
)
def test_whatever_is_answered_the_version_is_looked_for(tmp_path: Path, fault: str, row: int) -> None:
    with emulated(tmp_path, rows(), f"{fault}:DELETE */{row}", flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.versions) == (0, []), done.both
        assert len(account.writes) == 3 + (fault not in FAULTS)


def test_of_several_flows_only_those_that_are_left_are_to_be_deleted_again(tmp_path: Path) -> None:
    """A flow that is gone is not there to be named again: the whole command line would be refused."""
    both = [*rows(), version("flow_c", 1, Status.DRAFT)]
    with emulated(tmp_path, both, "html-403:DELETE *", flows=KEEPS) as account:
        done = account.run(*GO, "flow_c", "--confirm", "flow_c")
        assert (done.code, account.versions) == (5, ALL)
        assert "version 2 (ACTIVE, id 2). Delete this flow again to finish." in done.out
        assert account.run(*GO, "flow_c", "--confirm", "flow_c").code == 64
        assert (account.run(*GO).code, account.versions) == (0, [])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("404", "this server cannot delete"),
        ("500-before", "it may be deleted later"),
        ("429-cap", "cap of monthly users"),
        ("html-403", "it may be deleted later"),
    ],
)
def test_a_deletion_that_breaks_off_says_what_is_left_and_is_finished_by_another_run(
    tmp_path: Path, fault: str, said: str
) -> None:
    with emulated(tmp_path, rows(), f"{fault}:DELETE */1:3", flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.versions) == (5, ALL[:2]), done.both
        assert said in done.out
        assert "1 of 3 versions gone; left: version 1 (ARCHIVED, id 1), version 2 (ACTIVE, id 2)." in done.out
        while ids(account).count("1") < 3:
            account.run(*GO)
        again = account.run(*GO)
        assert (again.code, account.versions) == (0, [])


def test_reading_back_that_fails_is_uncertain(tmp_path: Path) -> None:
    faults = ("slow:GET */versions:2", "500-after:DELETE *", "429-cap:GET */versions")
    with emulated(tmp_path, rows(), *faults, flows=KEEPS) as account:
        done = account.run(*GO, "--format", "json")
        (deleted,) = done.json["deletes"]
        assert (done.code, deleted["uncertain"], account.versions) == (5, True, ALL[:2])
        assert "Reading back failed." in deleted["message"]


def meddling(act: Callable[[Emulator], object], at: int) -> Callable[[Emulator, Request], Response]:
    """Somebody at work in the dashboard right before the read of that number."""
    reads = [0]

    def handle(emulator: Emulator, request: Request) -> Response:
        if request.target.endswith("/versions"):
            reads[0] += 1
            if reads[0] == at:
                act(emulator)
        return emulator.handle(request)

    return handle


def edited(number: int, **fields: object) -> Callable[[Emulator], object]:
    def act(emulator: Emulator) -> None:
        row = next(row for row in emulator.store.versions("flow_a") if row.version == number)
        emulator.store.replace(replace(row, **fields))  # type: ignore[arg-type]  # fields of Row

    return act


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (edited(2, active=True), "Version 2 (id 2) was changed after it was shown."),
        (edited(3, status=Status.ARCHIVED), "Version 3 (id 3) was DRAFT when it was shown; it is ARCHIVED."),
        (lambda emulator: emulator.store.remove(1), "Version 1 (id 1) is already gone."),
        (
            lambda emulator: emulator.store.add(version("flow_a", 4, Status.ARCHIVED)),
            "was added after",
        ),
    ],
)
def test_what_changed_since_it_was_shown_is_refused(
    tmp_path: Path, act: Callable[[Emulator], object], said: str
) -> None:
    with emulated(tmp_path, rows(), between=meddling(act, at=2), flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.writes) == (4, [])
        assert said in done.out


def test_a_flow_that_is_switched_on_meanwhile_is_not_deleted_any_further(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), between=meddling(edited(2, active=True), at=3), flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.versions) == (5, ALL[:2])
        assert "was changed after it was shown" in done.out
        assert "Look at what is left" in done.out


def only(*paths: str) -> Callable[[Emulator, Request], Response]:
    def handle(emulator: Emulator, request: Request) -> Response:
        if request.method == "GET" and request.target.partition("?")[0] not in paths:
            return refused(HTTPStatus.NOT_FOUND, "Cannot GET")
        return emulator.handle(request)

    return handle


@pytest.mark.parametrize(("path", "code"), [("/v1/flows", 0), ("/v1/public/flows", 4)])
def test_without_versions_the_private_list_has_them_and_the_public_one_may_hide_some(
    tmp_path: Path, path: str, code: int
) -> None:
    with emulated(tmp_path, rows(), between=only(path), flows=KEEPS, readings=[Reading.PUBLIC_LIST_ALL]) as account:
        done = account.run(*GO)
        assert (done.code, bool(account.versions)) == (code, bool(code)), done.both


def test_a_list_that_fails_never_means_that_the_flow_is_gone(tmp_path: Path) -> None:
    """After the last DELETE the versions, and the private list, are not there any more: that shows nothing."""

    def handle(emulator: Emulator, request: Request) -> Response:
        is_over = len(emulator.store.versions("flow_a")) == 1 and request.method == "GET"
        if is_over and request.target.partition("?")[0] != "/v1/public/flows":
            return refused(HTTPStatus.NOT_FOUND, "Cannot GET")
        return emulator.handle(request)

    with emulated(tmp_path, rows(), between=handle, flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.versions) == (5, ALL[1:2])


def test_a_list_that_hides_versions_does_not_stand_in_for_them(tmp_path: Path) -> None:
    """After the first DELETE …/versions is not found, and the list shows the live version only."""

    def handle(emulator: Emulator, request: Request) -> Response:
        response = emulator.handle(request)
        if len(emulator.store.versions("flow_a")) != 2 or request.method != "GET":
            return response
        if request.target.endswith("/versions"):
            return refused(HTTPStatus.NOT_FOUND, "Cannot GET")
        document = json.loads(response.body)
        if "data" in document and isinstance(document["data"], list):
            document["data"] = [row for row in document["data"] if row["status"] == "ACTIVE"]
        return replace(response, body=json.dumps(document).encode())

    with emulated(tmp_path, rows(), between=handle, flows=KEEPS) as account:
        done = account.run(*GO)
        assert (done.code, account.versions) == (5, ALL[:2])
        assert "the remaining versions are unknown" in done.out


def test_whether_it_is_on_must_be_shown(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), flows=KEEPS, documented=True) as account:
        done = account.run(*GO)
        assert (done.code, account.writes) == (4, [])
        assert "the API does not say whether it is switched on" in done.err


def test_an_interruption_lets_what_is_in_flight_finish(tmp_path: Path) -> None:
    reached, going_on = threading.Event(), threading.Event()

    def handle(emulator: Emulator, request: Request) -> Response:
        if request.method == "DELETE":
            reached.set()
            assert going_on.wait(30)
        return emulator.handle(request)

    with emulated(tmp_path, rows(), between=handle, flows=KEEPS) as account:
        (tmp_path / "flowsync.yaml").unlink()
        running = start(*GO, root=tmp_path, env=environment(account.url, PRIVATE_KEY))
        assert reached.wait(30)
        running.send_signal(signal.SIGINT)
        assert "Stopping" in running.stderr.readline()
        going_on.set()
        out, _ = running.communicate(timeout=30)
        assert (running.returncode, account.versions) == (130, ALL[:2])
        assert "left: version 1 (ARCHIVED, id 1), version 2 (ACTIVE, id 2)" in out


def test_the_sandbox_deletes_too(tmp_path: Path) -> None:
    with emulated(tmp_path, [], flows={"flow_a": "name: A\nactive: false\n", **KEEPS}) as account:
        assert account.run("plan", "--sandbox").code == 0
        assert account.run("apply", "--sandbox").code == 0
        (tmp_path / "flows" / "flow_a.yaml").unlink()
        write_flows(tmp_path, KEEPS)
        done = account.run(*GO, "--sandbox")
        assert done.code == 0, done.both
