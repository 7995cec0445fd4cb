"""New flows and new drafts, from the plan to the ledger, on a server over HTTP where things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.faults import Fault, FaultKind, Faulty, dashboard
from flowsync.sandbox.server import PRIVATE_KEY, Handler, Request, Response, serve
from flowsync.sandbox.store import Row
from tests.sandbox.account import ask
from tests.support.command import Completed, environment, flowsync, write_flows

DATA = "data:\n  steps:\n    - id: one\n      title: One\n"
NEW = f"name: New\ntype: CARD\ndescription: About it\n{DATA}"
DRAFTED = f"name: Drafted\ntarget: draft\n{DATA}"
FILES = {"flow_new": NEW, "flow_old": DRAFTED}


@dataclass(frozen=True)
class Place:
    root: Path
    emulator: Emulator
    url: str

    def run(self, *arguments: str) -> Completed:
        return flowsync(*arguments, root=self.root, env=environment(self.url, PRIVATE_KEY))

    def rows(self, slug: str) -> list[Row]:
        return [row for row in self.emulator.store.page() if row.slug == slug]


Stand = Callable[[Handler], Handler]


@contextmanager
def place(
    root: Path,
    faults: Collection[Fault] = (),
    readings: Collection[Reading] = (),
    files: dict[str, str] = FILES,
    stand: Stand = lambda handler: handler,
) -> Iterator[Place]:
    """A project, and an account with one published flow, which is reached through `faults` and `stand`."""
    write_flows(root, files)
    (root / "flowsync.yaml").write_text("timeouts: {read: 0.3}\n")
    with Emulator(None) as emulator:
        ask(emulator.handle, "POST", "/v1/flows", {"slug": "flow_old", "name": "Old", "data": "steps:\n- id: one\n"})
        emulator.readings = settled(readings)
        faulty = Faulty(stand(emulator.handle), [*faults], dashboard(emulator), now=emulator.snapshot)
        with serve(faulty) as server:
            yield Place(root, emulator, server.url)


def test_an_apply_creates_drafts_and_then_finds_nothing_to_do(tmp_path: Path) -> None:
    with place(tmp_path) as there:
        applied = there.run("apply", "--format", "json")
        assert applied.code == 0
        outcomes = {each["slug"]: each for each in applied.json["outcomes"]}
        new, draft = outcomes["flow_new"], outcomes["flow_old"]
        assert (new["action"], new["id"], new["version"], new["status"]) == ("create", 2, 1, "ACTIVE")
        assert (draft["action"], draft["id"], draft["version"], draft["status"]) == ("draft", 3, 2, "DRAFT")
        assert "created, switched off" in applied.err
        assert "draft created, version 2" in applied.err
        assert "A record is kept; to take this back: flowsync rollback .flowsync/applies/" in applied.err
        (row,) = there.rows("flow_new")
        assert (row.name, row.active, row.description) == ("New", False, "About it")
        assert [row.name for row in there.rows("flow_old")] == ["Old", "Drafted"]
        again = there.run("plan", "--detailed-exitcode")
        assert (again.code, "No changes." in again.out) == (0, True)
        back = there.run("rollback", "latest", "--yes")
        assert back.code == 0
        assert [row.name for row in there.rows("flow_old")] == ["Old", "Old"]


def test_a_flow_that_was_created_switched_on_is_switched_off_by_a_rollback(tmp_path: Path) -> None:
    with place(tmp_path, files={"flow_new": f"{NEW}active: true\n"}) as there:
        applied = there.run("apply")
        assert "created, switched on, so users may see it" in applied.out
        back = there.run("rollback", "latest", "--yes")
        assert (back.code, there.rows("flow_new")[0].active) == (0, False)
        assert "To remove it: flowsync delete flow_new" in back.out


def test_a_report_says_what_a_flow_became_not_what_was_meant(tmp_path: Path) -> None:
    with place(tmp_path, readings=[Reading.CREATED_DRAFT], files={"flow_new": f"{NEW}active: true\n"}) as there:
        applied = there.run("apply", "--format", "markdown")
        assert "Users notice nothing yet." in applied.out
        assert "created as a draft that nobody sees until it is published" in applied.out


def silent(handler: Handler) -> Handler:
    """Answers what makes a row with `null`, and makes none."""
    return lambda request: (
        handler(request) if request.method != "POST" else Response(200, {"content-type": "application/json"}, b"null")
    )


def to_another_flow(handler: Handler) -> Handler:
    """Makes each flow with another slug than asked."""

    def handle(request: Request) -> Response:
        return handler(replace(request, body=request.body.replace(b'"flow_new"', b'"flow_made_up"')))

    return handle


@dataclass(frozen=True)
class Case:
    """What goes wrong, with which exit code apply ends, what it says, and how many rows of a slug then are there."""

    code: int
    says: str
    faults: tuple[Fault, ...] = ()
    readings: tuple[Reading, ...] = ()
    stand: Stand = lambda handler: handler
    rows: int = 1


POST = Fault(FaultKind.SERVER_ERROR_AFTER, "POST", "/v1/flows")
LANDED = [FaultKind.RESET_AFTER, FaultKind.HANG_AFTER, FaultKind.TRUNCATED, FaultKind.WRONG_JSON]
CREATES = {
    **{f"{kind.value} on the POST": Case(0, "created", (replace(POST, kind=kind),)) for kind in LANDED},
    "500 after it was done, read from a copy that lags": Case(
        0, "created", (POST, Fault(FaultKind.STALE, "GET", "*", 4, 9)), ()
    ),
    "500 on the PUT afterwards": Case(0, "created", (Fault(FaultKind.SERVER_ERROR_AFTER, "PUT"),)),
    "a private list that hides drafts": Case(
        0,
        "created as a draft that nobody sees until it is published",
        (POST,),
        (Reading.CREATED_DRAFT, Reading.PRIVATE_LIST_HIDES_DRAFTS),
    ),
    "500 before": Case(
        5, "no flow has this slug. It may appear later", (replace(POST, kind=FaultKind.SERVER_ERROR_BEFORE),), rows=0
    ),
    "null": Case(5, "The server accepted the request and did not show what it made.", stand=silent, rows=0),
    "another slug": Case(5, 'Frigade made this flow as "flow_made_up" instead', stand=to_another_flow, rows=0),
    "404": Case(5, "This server has no way to create flows", (replace(POST, kind=FaultKind.NOT_FOUND),), rows=0),
}
DRAFT = replace(POST, path="/v1/flows/*/versions")
DRAFTS = {
    **{f"{kind.value} on the POST": Case(0, "draft created", (replace(DRAFT, kind=kind),), rows=2) for kind in LANDED},
    "500 before": Case(5, "there is no draft. It may be made later", (replace(DRAFT, kind=FaultKind.RESET_BEFORE),)),
    "null": Case(5, "The server accepted the request and did not show what it made.", stand=silent),
    "somebody else's draft": Case(4, "already exists", (Fault(FaultKind.DRAFT, "POST", "*"),), rows=2),
    "somebody else's draft, refused with 500": Case(
        4, "already exists", (Fault(FaultKind.DRAFT, "POST", "*"),), (Reading.SECOND_DRAFT_500,), rows=2
    ),
    "an edit of the new draft": Case(
        5, "nothing was written to it", (Fault(FaultKind.EDIT, "GET", "*/versions", 1, 2),), rows=2
    ),
}


@pytest.mark.parametrize(
    ("slug", "case"),
    [*(("flow_new", case) for case in CREATES.values()), *(("flow_old", case) for case in DRAFTS.values())],
    ids=[*(f"create: {name}" for name in CREATES), *(f"draft: {name}" for name in DRAFTS)],
)
def test_what_goes_wrong_is_said_and_nothing_is_made_twice(tmp_path: Path, slug: str, case: Case) -> None:
    with place(tmp_path, case.faults, case.readings, {slug: FILES[slug]}, case.stand) as there:
        applied = there.run("apply", "--yes")
        told = " ".join(applied.both.split())
        assert (applied.code, case.says in told) == (case.code, True), told
        assert len(there.rows(slug)) == case.rows
        if case.code == 0:
            again = there.run("plan", "--detailed-exitcode")
            assert again.code == 0, again.both
