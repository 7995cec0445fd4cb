"""flowsync publish, against the emulator over HTTP: honest, faulty at every step, and hostile."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.server import PUBLIC_KEY, Request, Response, refused
from flowsync.sandbox.store import Row
from tests.support.command import command_line, environment, served, start, write_flows
from tests.support.emulated import NEW, OLD, Account, Status, emulated, version
from tests.support.fake_frigade import DataFormat, Effect, FakeConfig, reset, row, server_error
from tests.support.terminal import on_terminal

ACTIVATE = "PUT */activate"
BEFORE = [("flow_a", 1, "ARCHIVED"), ("flow_a", 2, "ACTIVE"), ("flow_a", 3, "DRAFT")]
AFTER = [("flow_a", 1, "ARCHIVED"), ("flow_a", 2, "ARCHIVED"), ("flow_a", 3, "ACTIVE")]


def rows(**draft: object) -> list[Row]:
    return [
        version("flow_a", 1, Status.ARCHIVED),
        version("flow_a", 2, Status.ACTIVE),
        version("flow_a", 3, Status.DRAFT, **{"data": NEW, **draft}),  # type: ignore[arg-type]  # fields of Row
    ]


def records(account: Account) -> list[Path]:
    return sorted((account.root / ".flowsync" / "applies").glob("*.jsonl"))


def test_a_draft_is_shown_published_recorded_and_its_former_version_restored(tmp_path: Path) -> None:
    with emulated(
        tmp_path, rows(), flows={"flow_a": f"name: A flow\ndata:\n  {OLD.replace(chr(10), chr(10) + '  ')}"}
    ) as account:
        shown = account.run("publish", "flow_a", "--dry-run")
        assert (shown.code, account.writes, account.versions) == (0, [], BEFORE)
        assert "version 3 · DRAFT · takes the place of version 2 (id 2)" in shown.out
        assert "warning[differs-from-file] The draft differs from the file in data" in shown.out
        assert "Users in version 2 leave it, and those who completed it do not see version 3" in shown.out
        assert "- title: Old\n    + title: New" in shown.out
        assert "\n\nNext: flowsync publish flow_a -C " in shown.out

        done = account.run("publish", "flow_a")
        assert (done.code, account.versions) == (0, AFTER), done.both
        assert [json.loads(each.body) for each in account.writes] == [{"archiveBehavior": "EXIT_EXISTING_USERS"}]
        assert "published      flow_a  id 3  version 3 is live; version 2 is archived" in done.out
        (record,) = records(account)
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        assert [line.get("event") for line in lines] == [None, "publish", "outcome", "end"]
        assert (lines[1]["draft"]["data"], lines[1]["live"]["data"]) == (NEW, OLD)
        assert account.run("publish", "flow_a").code == 1

        back = account.run("rollback", record.name)
        assert back.code == 0, back.both
        assert "Version 3 stays published, with the content of version 2" in back.out
        assert account.versions == AFTER
        assert "title: Old" in account.row("flow_a", 3).data
        assert account.run("rollback", record.name).code == 0


@pytest.mark.parametrize(
    ("users", "sent", "noticed"),
    [
        ("restart-existing", "RESTART_EXISTING_USERS", "start again in version 3; those who completed it do not"),
        ("restart-all", "RESTART_ALL_USERS", "and those who completed it, start again in version 3."),
    ],
)
def test_what_becomes_of_users_is_said_and_sent(tmp_path: Path, users: str, sent: str, noticed: str) -> None:
    with emulated(tmp_path, rows(active=False), flows={"flow_b": "name: B\n"}) as account:
        shown = account.run("publish", "flow_*", "--users", users, "--dry-run")
        assert f"\nNext: flowsync publish 'flow_*' --users {users} -C " in shown.out
        done = account.run("publish", "flow_*", "--users", users, "--format", "json")
        assert done.code == 0
        assert "Next:" not in account.run("publish", "flow_*", "--dry-run").out
        assert json.loads(account.writes[0].body) == {"archiveBehavior": sent}
        assert noticed in done.err
        assert "Nobody sees version 3 before it is switched on" in done.err
        assert "warning[turned-off]" in done.err
        (publish,) = done.json["publishes"]
        assert all(each["origin"] is None for each in publish["fields"])
        assert (publish["outcome"], publish["live"], publish["users"]) == ("published", False, users)
        assert publish["replaces"] == {"id": 2, "version": 2}


def test_a_first_version_is_published_and_taken_back_by_switching_it_off(tmp_path: Path) -> None:
    draft = version("flow_new", 1, Status.DRAFT, NEW, targeting_logic="")
    with emulated(tmp_path, [draft], flows={"flow_b": "name: B\n"}) as account:
        done = account.run("publish", "flow_new")
        assert (done.code, account.versions) == (0, [("flow_new", 1, "ACTIVE")]), done.both
        assert "the first version to be live" in done.out
        assert "No version is live now: users who qualify see version 1 from now on." in done.out
        assert "warning[for-everyone] It has no targeting: everyone can see it." in done.out
        assert "+ name: " in done.out
        back = account.run("rollback", "latest")
        assert back.code == 0
        assert "No version was live before version 1, so it is switched off." in back.out
        assert account.row("flow_new", 1).active is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flow_live"], "flow_live has no draft: version 1 is live"),
        (["flow_old"], "flow_old has no draft, only archived versions."),
        (["flow_a", "flow_live"], "Nothing was published."),
    ],
)
def test_a_flow_without_a_draft_is_an_error(tmp_path: Path, arguments: list[str], said: str) -> None:
    others = [version("flow_live", 1, Status.ACTIVE), version("flow_old", 1, Status.ARCHIVED)]
    with emulated(tmp_path, [*rows(), *others], flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", *arguments)
        assert (done.code, account.writes) == (1, [])
        assert said in done.err
        nothing = account.run("publish", "flow_l*", "--format", "json")
        assert (nothing.code, nothing.json["publishes"]) == (0, [])
        assert account.run("publish", "flow_l*").out == "Nothing to publish: no flow that matches has a draft.\n"
        assert account.run("publish", "flow_a", key=PUBLIC_KEY).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flow_aa"], "There is no live flow flow_aa.\n  hint: Did you mean flow_a?"),
        (["flow_a", "flow_aa"], "There is no live flow flow_aa."),
        (["flw_*"], "Neither a file nor a live flow matches flw_*."),
    ],
)
def test_a_slug_that_no_flow_has_is_a_usage_error(tmp_path: Path, arguments: list[str], said: str) -> None:
    with emulated(tmp_path, rows()) as account:
        done = account.run("publish", *arguments)
        assert (done.code, account.writes) == (64, []), done.both
        assert said in done.err


@pytest.mark.parametrize(
    ("draft", "flow", "allowed", "said"),
    [
        (
            {"targeting_logic": None},
            "name: A flow\n",
            "--allow-clear-targeting",
            "The targeting of a live flow",
        ),
        ({"type": "BANNER"}, "name: A flow\n", "--allow-type-change", "The type of a flow would change."),
        ({}, "name: A flow\nprotected: true\n", "--allow-protected", "A flow marked as protected would be written."),
        (
            {"targeting_logic": "user.property('plan' =="},
            "name: A flow\n",
            "",
            "blocked[targeting-syntax]",
        ),
        ({"targeting_logic": "user.flow('flow_gone') == 'x'"}, "name: A flow\n", "", "The draft has an error."),
        ({"data": "steps: 1\n"}, "name: A flow\n", "", "blocked["),
    ],
)
def test_what_guards_and_validation_refuse(
    tmp_path: Path, draft: dict[str, object], flow: str, allowed: str, said: str
) -> None:
    with emulated(tmp_path, rows(**draft), flows={"flow_a": flow}) as account:
        refused_ = account.run("publish", "flow_a")
        assert (refused_.code, account.writes) == (4, [])
        assert said in refused_.both
        assert account.run("publish", "flow_a", "--dry-run").code == 4
        if allowed:
            assert account.run("publish", "flow_a", allowed).code == 0
            assert account.versions == AFTER


def test_an_error_that_is_live_already_keeps_nobody_from_publishing(tmp_path: Path) -> None:
    broken = {"targeting_logic": "user.property('plan' =="}
    both = [version("flow_a", 2, Status.ACTIVE, **broken), version("flow_a", 3, Status.DRAFT, NEW, **broken)]
    with emulated(tmp_path, both, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert done.code == 0
        assert "warning[targeting-syntax] Live already: " in done.out
        assert "warning[for-nobody] Its targeting matches nobody: nobody sees the flow." in done.out
        assert "Nobody sees version 3: its targeting matches nobody. Users in version 2 leave it" in done.out


def test_targeting_that_is_always_true_is_warned_of(tmp_path: Path) -> None:
    always = "user.property('a') == '1' || user.property('a') isSet true || user.property('a') isNotSet true"
    with emulated(tmp_path, rows(targeting_logic=always), flows={"flow_a": "name: A flow\n"}) as account:
        shown = account.run("publish", "flow_a", "--dry-run")
        assert shown.code == 0
        assert "warning[targeting-tautology]" in shown.out


def test_what_a_comment_in_the_file_ignores_is_no_obstacle(tmp_path: Path) -> None:
    odd = "user.property('age') > 'ten'"
    file = f"name: A flow\ntargetingLogic: {odd}  # flowsync: ignore[targeting-order]\n"
    with emulated(tmp_path, rows(targeting_logic=odd), flows={"flow_a": "name: A flow\n"}) as account:
        blocked = account.run("publish", "flow_a", "--dry-run")
        assert "blocked[targeting-order]" in blocked.out
        write_flows(tmp_path, {"flow_a": file})
        assert account.run("publish", "flow_a", "--dry-run").code == 0


LANDED = ["500-after", "reset-after", "hang-after", "truncated", "wrong-json", "html-403-after", "503-after"]
RETRIED = ["500-before", "reset-before", "429", "503-before"]


@pytest.mark.parametrize("fault", [*LANDED, *RETRIED, "500-late"])
def test_whatever_is_answered_the_draft_is_read_back(tmp_path: Path, fault: str) -> None:
    with emulated(tmp_path, rows(), f"{fault}:{ACTIVATE}", flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.versions) == (0, AFTER), done.both
        assert len(account.writes) == 1 + (fault in RETRIED)


@pytest.mark.parametrize(
    ("fault", "writes", "is_uncertain"),
    [("404", 1, False), ("500-before", 3, True), ("429-cap", 1, False), ("html-403", 1, True)],
)
def test_what_cannot_be_published_is_said(tmp_path: Path, fault: str, writes: int, *, is_uncertain: bool) -> None:
    with emulated(tmp_path, rows(), f"{fault}:{ACTIVATE}:always", flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a", "--format", "json")
        assert (done.code, account.versions, len(account.writes)) == (5, BEFORE, writes)
        (publish,) = done.json["publishes"]
        assert (publish["outcome"], publish["uncertain"]) == ("failed", is_uncertain)
        if fault == "404":
            assert "this server cannot publish" in publish["hint"]
        if is_uncertain:  # the record knows no more: nothing is put back while it is still a draft
            assert account.run("rollback", "latest").code == 0
            assert account.versions == BEFORE


def test_reading_back_that_fails_is_uncertain(tmp_path: Path) -> None:
    faults = (f"500-after:{ACTIVATE}", "429-cap:GET */versions:2")
    with emulated(tmp_path, rows(), "slow:GET */versions:2", *faults, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.versions) == (5, AFTER)
        assert "Reading back failed." in done.out
        assert "Run the same command again to see whether it is published." in done.out


def shown_with(response: Response, change: Callable[[list[dict[str, object]]], None]) -> Response:
    """An answer with rows that are shown otherwise than they are."""
    document = json.loads(response.body)
    change(document["data"])
    return replace(response, body=json.dumps(document).encode())


def late(times: int) -> Callable[[Emulator, Request], Response]:
    """A server that shows the former version as archived only after so many reads."""
    left = [0]

    def still_active(found: list[dict[str, object]]) -> None:
        for each in found:
            each["status"] = "ACTIVE" if each["version"] == 2 else each["status"]

    def handle(emulator: Emulator, request: Request) -> Response:
        response = emulator.handle(request)
        if request.target.endswith("/activate"):
            left[0] = times
        elif left[0]:
            left[0] -= 1
            return shown_with(response, still_active)
        return response

    return handle


@pytest.mark.parametrize(("times", "said"), [(2, "version 2 is archived"), (50, "was still shown as live too")])
def test_archiving_late_is_tolerated_and_told(tmp_path: Path, times: int, said: str) -> None:
    with emulated(tmp_path, rows(), between=late(times), flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert done.code == 0
        assert said in done.out
        assert len(account.writes) == 1


def meddling(act: Callable[[Emulator], object]) -> Callable[[Emulator, Request], Response]:
    """Somebody at work in the dashboard between what is shown and the read before the write."""
    reads = [0]

    def handle(emulator: Emulator, request: Request) -> Response:
        reads[0] += request.target.endswith("/versions")
        if reads[0] == 2:
            reads[0] += 1
            act(emulator)
        return emulator.handle(request)

    return handle


def edited(number: int, **fields: object) -> Callable[[Emulator], object]:
    def act(emulator: Emulator) -> None:
        row = next(row for row in emulator.store.versions("flow_a") if row.version == number)
        emulator.store.replace(replace(row, **fields))  # type: ignore[arg-type]  # fields of Row

    return act


def published(emulator: Emulator) -> None:
    edited(2, status=Status.ARCHIVED)(emulator)
    edited(3, status=Status.ACTIVE)(emulator)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (edited(3, name="Other"), "The flow was changed after it was shown: name."),
        (edited(2, name="Other"), "The flow was changed after it was shown: name."),
        (published, "Version 3 was a draft when it was shown; it is ACTIVE."),
        (edited(2, status=Status.ARCHIVED), "The live version is not the one that was shown: none."),
        (lambda emulator: emulator.store.remove(3), "is no longer there."),
    ],
)
def test_what_changed_since_it_was_shown_is_refused(
    tmp_path: Path, act: Callable[[Emulator], object], said: str
) -> None:
    with emulated(tmp_path, rows(), between=meddling(act), flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.writes) == (4, []), done.both
        assert said in done.out


def test_a_second_draft_is_refused(tmp_path: Path) -> None:
    reads = [0]

    def handle(emulator: Emulator, request: Request) -> Response:
        response = emulator.handle(request)
        reads[0] += request.target.endswith("/versions")
        return shown_with(
            response, lambda found: found.append({**found[0], "id": 9, "version": 4}) if reads[0] > 1 else None
        )

    with emulated(tmp_path, rows(), between=handle, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.writes) == (4, [])
        assert "There is another draft, version 4 (id 9)." in done.out


def swapping(emulator: Emulator, request: Request) -> Response:
    """A server that publishes other content than the draft's."""
    if request.target.endswith("/activate"):
        edited(3, name="Swapped")(emulator)
    return emulator.handle(request)


def test_other_content_than_was_shown_is_reported(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), between=swapping, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert done.code == 5
        assert "what is live differs from what was shown: name" in done.out


def null(emulator: Emulator, request: Request) -> Response:
    """A server that answers null, and does nothing."""
    if request.target.endswith("/activate"):
        return Response(200, {"content-type": "application/json"}, b"null")
    return emulator.handle(request)


def test_null_is_no_success(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), between=null, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, len(account.writes), account.versions) == (5, 1, BEFORE)
        assert "Read back, version 3 is still a draft" in done.out


def only(*paths: str) -> Callable[[Emulator, Request], Response]:
    def handle(emulator: Emulator, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if request.method == "GET" and path not in paths:
            return refused(HTTPStatus.NOT_FOUND, "Cannot GET")
        return emulator.handle(request)

    return handle


def test_a_server_without_versions_publishes_by_its_list(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), between=only("/v1/flows"), flows={"flow_a": "name: A flow\n"}) as account:
        assert account.run("publish", "flow_a").code == 0
        assert account.versions == AFTER


def test_a_server_that_hides_drafts_says_so(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), between=only("/v1/public/flows"), flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.writes) == (1, [])
        assert "its public list may hide drafts: publish it in the dashboard" in done.err


def test_a_glob_finds_drafts_that_the_list_hides(tmp_path: Path) -> None:
    def handle(emulator: Emulator, request: Request) -> Response:
        response = emulator.handle(request)
        if request.method == "GET" and request.target.partition("?")[0] == "/v1/flows":
            return shown_with(response, hide)
        return response

    def hide(found: list[dict[str, object]]) -> None:
        found[:] = [row for row in found if row["status"] != "DRAFT"]

    first = version("flow_first", 1, Status.DRAFT, NEW)
    with emulated(tmp_path, [*rows(), first], between=handle, flows={"flow_first": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_*")
        assert (done.code, account.versions) == (0, [*AFTER, ("flow_first", 1, "ACTIVE")]), done.both


def test_a_terminal_is_asked_and_another_environment_has_no_way_back(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), flows={"flow_a": "name: A flow\n"}) as account:
        env = environment(account.url, "api_private_sandbox")
        asked = on_terminal(command_line("publish", "flow_a"), tmp_path, env, question="[y/N]", answer="\r")
        assert (asked.code, account.versions) == (1, BEFORE)
        assert "Publish 1 draft of" in asked.screen
        assert on_terminal(command_line("publish", "flow_a", "--yes"), tmp_path, env).code == 0
        assert account.versions == AFTER
        (record,) = records(account)
        assert account.run("rollback", record.name, "--sandbox").code == 4


def test_the_sandbox_publishes_too(tmp_path: Path) -> None:
    with emulated(tmp_path, [], flows={"flow_a": "name: A flow\ntarget: draft\n"}) as account:
        done = account.run("publish", "flow_a", "--sandbox")
        assert done.code == 0, done.both
        assert "1 published" in done.out


def test_a_former_version_that_was_never_archived_is_told_and_in_nobodys_way(tmp_path: Path) -> None:
    """Some server shows two live versions; what was shown is what is there, so the draft can be published."""

    def all_live(found: list[dict[str, object]]) -> None:
        for each in found:
            each["status"] = "ACTIVE" if each["status"] == "ARCHIVED" else each["status"]

    def handle(emulator: Emulator, request: Request) -> Response:
        response = emulator.handle(request)
        return shown_with(response, all_live) if request.method == "GET" else response

    with emulated(tmp_path, rows(), between=handle, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a")
        assert (done.code, account.versions) == (0, AFTER), done.both
        assert "warning[also-live] Version 1 (id 1) is shown as live too, though it is older." in done.out
        assert "version 2 (id 2), version 1 (id 1) were still shown as live too" in done.out


def test_foreign_text_is_inert_and_keys_stay_out(tmp_path: Path) -> None:
    evil = "\x1b[31m##[error]api_private_0123456789abcdefghij"
    draft = [version("flow_a", 2, Status.ACTIVE), version("flow_a", 3, Status.DRAFT, name=evil)]
    with emulated(tmp_path, draft, flows={"flow_a": "name: A flow\n"}) as account:
        done = account.run("publish", "flow_a", "--format", "json")
        shown = account.run("delete", "flow_a", "--dry-run", "-v")
        (record,) = records(account)
        for text in (done.both, shown.both, record.read_text()):
            assert "\x1b" not in text
            assert "##[error]" not in text
            assert "0123456789abcdefghij" not in text


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({}, "version 1 is archived"),
        ({"data": DataFormat.JSON}, "version 1 is archived"),
        ({"archives_after": 2}, "version 1 is archived"),
        ({"archives_after": 1_000}, "was still shown as live too"),
        ({"absent_paths": ("/v1/flows/*/versions",)}, "version 1 is archived"),
        ({"faults": (server_error(Effect.AFTER).on("PUT"), reset(Effect.AFTER).on("GET"))}, "version 1 is archived"),
        ({"unlisted_statuses": frozenset({"DRAFT", "ARCHIVED"})}, "version 1 is archived"),
    ],
)
def test_an_independent_server_publishes_and_deletes(tmp_path: Path, behaviour: dict[str, Any], said: str) -> None:
    stored = [row(1, "flow_a", name="Old"), row(2, "flow_a", name="New", version=2, status="DRAFT")]
    with served(tmp_path, {"flow_b": "name: B\n"}, stored, **behaviour) as (server, run):
        done = run("publish", "flow_a")
        assert (done.code, server.row(2)["status"]) == (0, "ACTIVE"), done.both
        assert said in done.out
        server.behave(FakeConfig(keeps_deleted=True))
        server.row(1).update(status="ARCHIVED")
        server.row(2).update(active=False)
        gone = run("delete", "flow_a", "--yes", "--confirm", "flow_a")
        assert (gone.code, {each["status"] for each in server.rows}) == (0, {"DELETED"}), gone.both
        again = run("delete", "flow_a", "--yes", "--confirm", "flow_a")
        assert (again.code, again.err) == (64, "error[usage] There is no live flow flow_a.\n")


def test_a_key_of_another_organization_neither_publishes_nor_deletes(tmp_path: Path) -> None:
    with emulated(tmp_path, rows(), flows={"flow_b": "name: B\n"}) as account:
        (tmp_path / "flowsync.yaml").write_text("organization: 7\n")
        for command in (["publish", "flow_a"], ["delete", "flow_a", "--yes", "--confirm", "flow_a"]):
            done = account.run(*command)
            assert (done.code, account.writes) == (4, []), done.both
            assert "organization" in done.err


def test_an_interruption_publishes_what_is_in_flight_and_nothing_further(tmp_path: Path) -> None:
    reached, going_on = threading.Event(), threading.Event()

    def handle(emulator: Emulator, request: Request) -> Response:
        if request.target.endswith("/activate"):
            reached.set()
            assert going_on.wait(30)
        return emulator.handle(request)

    more = version("flow_b", 1, Status.DRAFT, NEW)
    with emulated(tmp_path, [*rows(), more], between=handle, flows={"flow_b": "name: A flow\n"}) as account:
        (tmp_path / "flowsync.yaml").unlink()
        running = start("publish", "flow_*", root=tmp_path, env=environment(account.url, "api_private_sandbox"))
        assert reached.wait(30)
        running.send_signal(signal.SIGTERM)
        assert "Stopping" in running.stderr.readline()
        going_on.set()
        out, _ = running.communicate(timeout=30)
        assert (running.returncode, account.versions) == (130, [*AFTER, ("flow_b", 1, "DRAFT")])
        assert "1 published, 1 not attempted" in out
