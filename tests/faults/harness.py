"""A run of flowsync against the emulator while things go wrong, and what must hold whatever they were.

Everything is real but the network, which is in this process, and time, which only sleeping moves. A journal
right at the emulator keeps every write that took effect; one at the client keeps every row that reached it.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, get_ident

from flowsync import document
from flowsync.api.client import Client, open_client
from flowsync.api.endpoints import Access, find_drafts, find_missing, list_flows, rows_by_slug
from flowsync.api.messages import Timing
from flowsync.apply import apply_changes, exit_code
from flowsync.cli import planning
from flowsync.cli.connection import Connection
from flowsync.cli.project import Project
from flowsync.cli.project import project_at as open_project
from flowsync.cli.project.files import Selection, load_selection
from flowsync.cli.writing.recording import open_record, read_record
from flowsync.cli.writing.running import LiveFlows
from flowsync.config import SANDBOX_URL, Flags, Key, Timeouts
from flowsync.errors import ApiError, ExitCode
from flowsync.model import AlreadyApplied, Applied, Failed, NotAttempted, Outcome, Plan, Refused, Target, Update, View
from flowsync.record.values import Purpose, Run
from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.faults import ALWAYS, PEOPLE, Fault, FaultKind, Faulty, dashboard
from flowsync.sandbox.seeds import SeedFlow, seed
from flowsync.sandbox.server import PRIVATE_KEY, Delivery, Handler, Request, Response, embedded
from flowsync.sandbox.store import Row
from flowsync.versions.rollback import plan_rollback

_FLOWS = Path(__file__).parent / "flows"
"""Small flows that refer to no others, for they are planned some thousand times."""
_FOLDER = tempfile.TemporaryDirectory(prefix="flowsync-faults-", ignore_cleanup_errors=True)


@dataclass(frozen=True)
class Seen:
    """A row reached the client as it was then, or, `is_stale`, as it had been.

    It was asked for when the journal had `since` entries.
    """

    id: int
    name: str
    data: str
    is_stale: bool = False
    since: int = field(default=0, compare=False)
    thread: int = field(default_factory=get_ident, compare=False)


@dataclass(frozen=True)
class Effect:
    """A write took effect."""

    id: int
    body: dict[str, object]
    before: Row
    after: Row
    is_late: bool = False
    thread: int = field(default_factory=get_ident, compare=False)


@dataclass(frozen=True)
class Edited:
    """Somebody edited a row in the dashboard, before a request of `thread` was carried out."""

    id: int
    thread: int = field(default_factory=get_ident, compare=False)


@dataclass(frozen=True)
class Drafted:
    """Somebody began a draft of a flow, which is what there is to write from then on."""

    slug: str
    id: int


HIDDEN = {"active", "description"}
"""What documented answers leave out, of all that is sent."""


@dataclass
class Journal:
    """What happened, in order."""

    emulator: Emulator
    entries: list[Seen | Effect | Edited | Drafted] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    stale: list[Response] = field(default_factory=list)
    raced: set[int] = field(default_factory=set)

    def inner(self, request: Request, *, is_late: bool = False) -> Response:
        """The emulator; a write takes no other between its look and its effect."""
        if request.method != "PUT":
            return self.handle(request)
        with self.lock:
            row_id = int(request.target.rsplit("/", 1)[1])
            before = self.emulator.store.find(row_id)
            response = self.handle(request)
            after = self.emulator.store.find(row_id)
            if response.status == 200 and before and after:
                self.entries.append(Effect(row_id, json.loads(request.body), before, after, is_late))
            return response

    def late(self, request: Request) -> Response:
        """The emulator, for a write whose answer the client had long before."""
        return self.inner(request, is_late=True)

    def outer(self, handler: Handler) -> Handler:
        """Whatever stands between, and which rows get through it."""

        def handle(request: Request) -> Response:
            since = len(self.entries)
            response = handler(request)
            arrived = response.delivery in {Delivery.WHOLE, Delivery.SLOW} and response.status == 200
            if request.method == "GET" and arrived:
                is_stale = any(response is each for each in self.stale)
                rows = _rows_in(json.loads(response.body))
                with self.lock:
                    self.entries += [replace(seen, is_stale=is_stale, since=since) for seen in rows]
            return response

        return handle

    def act(self, request: Request, kind: FaultKind) -> None:
        """The dashboard, noted."""
        with self.lock:
            before = {row.id: row for row in self.emulator.store.page()}
            self._act(request, kind)
            for row in self.emulator.store.page():
                if row.id not in before:
                    self.entries.append(Drafted(row.slug, row.id))
                elif before[row.id] != row:
                    self.entries.append(Edited(row.id))

    def now(self) -> Handler:
        """What answers as of now, whose answers are known for stale ones."""
        handler = self.emulator.snapshot()

        def handle(request: Request) -> Response:
            response = handler(request)
            self.stale.append(response)
            return response

        return handle

    def faulty(self, faults: Sequence[Fault]) -> Faulty:
        """The account with these faults."""
        return Faulty(self.inner, faults, self.act, late=self.late, now=self.now)

    def __post_init__(self) -> None:
        self._act = dashboard(self.emulator)
        self.handle = self.emulator.handle

    def shown(self, names: Iterable[str]) -> set[str]:
        """Those of the fields that the API returns."""
        return {*names} - (HIDDEN if self.emulator.documented else set())

    def effects(self) -> list[Effect]:
        return [entry for entry in self.entries if isinstance(entry, Effect)]

    def edits(self) -> set[int]:
        return {entry.id for entry in self.entries if isinstance(entry, Edited)}

    def drafts(self) -> dict[str, int]:
        """The ids of drafts that were begun, by slug: there is never more than one of a slug."""
        return {entry.slug: entry.id for entry in self.entries if isinstance(entry, Drafted)}

    def beyond_promise(self) -> set[int]:
        """Rows whose edits nobody can keep: they came right before a write, it came late, or a read lagged behind."""
        late = {effect.id for effect in self.effects() if effect.is_late}
        stale = {entry.id for entry in self.entries if isinstance(entry, Seen) and entry.is_stale}
        return self.edits() & (late | stale | self.raced)


def _rows_in(answer: object) -> Iterator[Seen]:
    rows = answer.get("data") if isinstance(answer, dict) and isinstance(answer.get("data"), list) else answer
    for row in rows if isinstance(rows, list) else [rows]:
        if isinstance(row, dict) and "id" in row:
            yield Seen(row["id"], row["name"], row["data"])


@dataclass(frozen=True)
class Workspace:
    """A project with flow files."""

    project: Project
    selection: Selection


@lru_cache(maxsize=1)
def workspace() -> Workspace:
    """The flows, as the command line would read them."""
    folder = Path(_FOLDER.name)
    shutil.copytree(_FLOWS, folder / "flows")
    project = open_project(folder, None, Flags(), {})
    return Workspace(project, load_selection(project, ()))


@lru_cache(maxsize=16)
def seeded_rows(number: int) -> tuple[Row, ...]:
    """An account in which nearly every flow differs from its file."""
    with Emulator(None) as emulator:
        flows = workspace().selection.flows
        fields = [{**flow.fields, **({"data": flow.data_text} if flow.data_text else {})} for flow in flows]
        seeds = [SeedFlow(flow.slug, each, flow.target) for flow, each in zip(flows, fields, strict=True)]
        seed(emulator, seeds, number=number)
        edit = dashboard(emulator)
        for flow in flows:
            edit(Request("GET", f"/v1/flows/{flow.slug}", {}, b""), FaultKind.EDIT)
        return tuple(emulator.store.page(0, 100))


@contextmanager
def account(number: int = 0) -> Iterator[Emulator]:
    with Emulator(None) as emulator:
        for row in seeded_rows(number):
            emulator.store.add(row)
        yield emulator


@contextmanager
def connected(handler: Handler, seed: int = 0) -> Iterator[Client]:
    """A client whose waits take no time."""
    clock = [0.0]
    dice = random.Random(seed)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    timing = Timing(sleep=sleep, random=dice.random, monotonic=lambda: clock[0], now=lambda: clock[0])
    with open_client(
        api_url=SANDBOX_URL,
        key=Key(PRIVATE_KEY, "the sandbox"),
        timeouts=Timeouts(),
        handler=embedded(handler),
        timing=timing,
    ) as client:
        yield client


def make_plan(client: Client, readings: Collection[Reading] = ()) -> Plan:
    """The plan of the list; and of what it hides, where that is how the API is read."""
    place = workspace()
    slugs = planning.concerned_slugs(place.selection.flows)
    listing = find_missing(client.reader(), list_flows(client.reader(), Access.PRIVATE), slugs)
    if Reading.PRIVATE_LIST_HIDES_DRAFTS in readings:
        connection = Connection(place.project, client, Access.PRIVATE, SANDBOX_URL, map)
        return planning.plan_of(place.project, place.selection, listing, connection)[1]
    return planning.make_plan(place.project, place.selection, listing, SANDBOX_URL)


def carry_out(client: Client, made: Plan, path: Path, parallelism: int) -> list[Outcome]:
    """As the command line does it: with a record on the disk."""
    store = LiveFlows(client.writer(), Access.PRIVATE)
    run = Run(Purpose.APPLY, None, SANDBOX_URL, made.digest, "tests", "now", len(made.writes))
    with open_record(path, path.name) as kept:
        kept.begin(run)
        outcomes = list(
            apply_changes(made.writes, store, parallelism=parallelism, stop=Event(), record=kept, pause=lambda _: None)
        )
        kept.end()
    return outcomes


@dataclass(frozen=True)
class Ran:
    """What a run came to; `failure` when not even a plan could be made."""

    made: Plan | None
    outcomes: tuple[Outcome, ...]
    failure: ApiError | None

    @property
    def code(self) -> ExitCode:
        return ExitCode.ERROR if self.failure else exit_code(self.outcomes)


def run(journal: Journal, faults: Sequence[Fault], path: Path, parallelism: int = 3) -> Ran:
    """Plan and apply while these faults strike."""
    server = journal.faulty(faults)
    with connected(journal.outer(server)) as client:
        try:
            made = make_plan(client, journal.emulator.readings)
        except ApiError as failure:
            return Ran(None, (), failure)
        outcomes = tuple(carry_out(client, made, path, parallelism))
        server.settle()
        return Ran(made, outcomes, None)


def check(
    number: int,
    faults: Sequence[Fault],
    folder: Path,
    parallelism: int = 3,
    *,
    documented: bool = False,
    readings: Collection[Reading] = (),
) -> Ran:
    """A run with these faults, and every invariant. What went wrong is told with how to repeat it."""
    with account(number) as emulator:
        emulator.documented = documented
        emulator.readings = settled(readings)
        journal = Journal(emulator)
        path = folder / "record.jsonl"
        path.unlink(missing_ok=True)
        before = {row.id: row for row in emulator.store.page(0, 100)}
        ran = run(journal, faults, path, parallelism)
        try:
            if ran.made is None:
                assert journal.effects() == [], "a run that could not plan wrote something"
                return ran
            check_no_edit_is_lost(journal)
            check_no_newer_draft_is_missed(journal, ran.made)
            check_only_the_plan_is_written(journal, ran.made, before)
            check_the_ledger(journal, ran)
            check_the_exit_code(ran)
            check_the_record(journal, path)
            check_the_way_back(journal, path)
            check_another_run_finishes(journal, folder / "again.jsonl")
        except AssertionError as error:
            told = [(type(each).__name__, each.change.slug, getattr(each, "code", None)) for each in ran.outcomes]
            raise AssertionError(
                f"{error}\nfaults: {faults}\naccount: {number}\nreadings: {readings}\noutcomes: {told}"
            ) from error
        return ran


def check_no_edit_is_lost(journal: Journal) -> None:
    """What a write replaces is what its own thread saw of that row last, but for what another one's turn let happen."""
    last: dict[tuple[int, int], Seen] = {}
    own: dict[int, Seen] = {}
    edited: dict[int, tuple[int, int]] = {}
    for position, entry in enumerate(journal.entries):
        if isinstance(entry, Seen):
            last[entry.thread, entry.id] = entry
        elif isinstance(entry, Edited):
            edited[entry.id] = (position, entry.thread)
        elif isinstance(entry, Effect) and entry.is_late:
            own[entry.id] = Seen(entry.id, entry.after.name, entry.after.data)
        elif isinstance(entry, Effect):
            seen = last[entry.thread, entry.id]
            was = Seen(entry.id, entry.before.name, entry.before.data)
            when, who = edited.get(entry.id, (-1, entry.thread))
            if seen != was and when >= seen.since and who != entry.thread:
                journal.raced.add(entry.id)
            is_excused = entry.id in journal.raced or seen.is_stale or was == own.get(entry.id)
            assert seen == was or is_excused, "what was overwritten was not seen"
            last[entry.thread, entry.id] = own[entry.id] = Seen(entry.id, entry.after.name, entry.after.data)


def check_no_newer_draft_is_missed(journal: Journal, made: Plan) -> None:
    """A row is not written once it was read when a newer draft was there already."""
    if made.view is not View.WHOLE:
        return
    drafted: dict[int, int] = {}
    last: dict[tuple[int, int], Seen] = {}
    ids = {each.slug: each.id for each in made.changes if isinstance(each, Update) and each.target is Target.LATEST}
    for position, entry in enumerate(journal.entries):
        match entry:
            case Drafted(slug, draft_id) if slug in ids and ids[slug] != draft_id:
                drafted[ids[slug]] = position
            case Seen(row_id):
                last[entry.thread, row_id] = entry
            case Effect(row_id, is_late=False) if row_id in drafted:
                seen = last[entry.thread, row_id]
                assert seen.is_stale or drafted[row_id] >= seen.since, "written, though there was a newer draft"
            case _:
                pass


def check_only_the_plan_is_written(journal: Journal, made: Plan, before: dict[int, Row]) -> None:
    bodies = {change.id: change.body for change in made.writes}
    for effect in journal.effects():
        assert bodies.get(effect.id) == effect.body, "something was written that the plan does not hold"
    touched = {effect.id for effect in journal.effects()} | journal.edits()
    for row in journal.emulator.store.page():
        if row.id in before:
            assert row.id in touched or row == before[row.id], "a row changed that nobody wrote"
        else:
            assert row.id == journal.drafts()[row.slug]


def check_the_ledger(journal: Journal, ran: Ran) -> None:
    """Every change has one outcome, and it is the truth."""
    assert ran.made is not None
    assert sorted(each.change.slug for each in ran.outcomes) == sorted(change.slug for change in ran.made.writes)
    written = {effect.id for effect in journal.effects()}
    for outcome in ran.outcomes:
        landed, edited = outcome.change.id in written, outcome.change.id in journal.edits()
        match outcome:
            case Applied():
                # An edit may do what a write in doubt was to do, and undo one that was accepted unseen.
                assert landed or edited, f"told as applied, and nothing was written: {outcome}"
                assert outcome.untaken == () or edited, f"taken as sent: {outcome}"
            case AlreadyApplied() | NotAttempted():
                assert not landed, f"told as not written, and written: {outcome}"
            case Refused() | Failed():
                assert outcome.uncertain or not landed, f"told as surely not written, and written: {outcome}"


def check_the_exit_code(ran: Ran) -> None:
    kinds = {type(outcome) for outcome in ran.outcomes}
    is_otherwise = any(isinstance(outcome, Applied) and outcome.untaken for outcome in ran.outcomes)
    if kinds <= {Applied, AlreadyApplied} and not is_otherwise:
        assert ran.code is ExitCode.OK
    elif kinds & {Failed, NotAttempted} or is_otherwise:
        assert ran.code is ExitCode.PARTLY_APPLIED
    else:
        assert ran.code is ExitCode.REFUSED


def check_the_record(journal: Journal, path: Path) -> None:
    """Whatever was replaced is in the record as it was, and nothing else is said to be written for sure."""
    assert PRIVATE_KEY not in path.read_text()
    kept = read_record(path, path.name)
    assert kept.is_complete
    writes = {write.id: write for write in kept.writes}
    first = {effect.id: effect for effect in reversed(journal.effects())}
    beyond = journal.beyond_promise()
    for effect in first.values():
        if effect.id in beyond:
            continue
        write = writes[effect.id]
        fields = {name: "" if value is None else value for name, value in write.before.fields.items()}
        names = journal.shown(_fields(effect.before))
        assert fields.keys() == names or fields.keys() == names - HIDDEN, "the public list shows less"
        assert fields == _texts(effect.before, fields.keys())
        assert write.body == effect.body
    for write in kept.writes:
        assert write.result is not None
        sure = write.result.outcome == "applied" and not write.result.uncertain
        assert write.id in {*first, *journal.edits()} or not sure, "recorded as applied, and nothing was written"


def check_the_way_back(journal: Journal, path: Path) -> None:
    """The record alone puts back whatever nobody has edited since, and refuses what somebody has."""
    emulator = journal.emulator
    kept = read_record(path, path.name)
    now = {row.id: row for row in emulator.store.page(0, 100)}
    last_written = {effect.id: effect.after for effect in journal.effects()}
    first_written = {effect.id: effect.before for effect in reversed(journal.effects())}
    bodies = {effect.id: journal.shown(effect.body) for effect in journal.effects()}
    with Emulator(None, documented=emulator.documented, readings=emulator.readings) as copy:
        for row in now.values():
            copy.store.add(row)
        with connected(copy.handle) as client:
            listing = list_flows(client.reader(), Access.PRIVATE)
            written = [write.slug for write in kept.writes]
            rows = rows_by_slug(find_drafts(client.reader(), listing, written, Access.PRIVATE).rows)
            back = plan_rollback(kept, rows, environment=None, api_url=SANDBOX_URL)
            outcomes = carry_out(client, back, path.with_name("back.jsonl"), 2)
        assert all(isinstance(outcome, Applied) for outcome in outcomes)
        blocked = {each.slug for each in back.blocked}
        applied = {write.id for write in kept.writes if write.result and write.result.outcome == "applied"}
        done_by_edits = applied & journal.edits()
        beyond = journal.beyond_promise()
        for row_id, row in now.items():
            if row_id in beyond:
                continue
            after = copy.store.find(row_id)
            assert after is not None
            if journal.drafts().get(row.slug, row_id) != row_id:
                assert after == row, "rolled back, though there was a newer draft"
            elif row_id not in last_written:
                assert after == row or row_id in done_by_edits, "rolling back touched what was not written"
            elif _means(row, last_written[row_id], bodies[row_id]):
                # A write of what cannot be seen may leave all else as it was: then nothing has to be put back.
                same = _means(first_written[row_id], last_written[row_id], bodies[row_id])
                is_back = _texts(after, bodies[row_id]) == _texts(first_written[row_id], bodies[row_id])
                assert is_back or same, "not as it was"
                assert _others(after, bodies[row_id]) == _others(row, bodies[row_id]), "more was put back than written"
            else:
                assert after == row, "an edit since was rolled back"
                assert row.slug in blocked or _means(row, first_written[row_id], bodies[row_id])
    path.with_name("back.jsonl").unlink()


def _fields(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "type": row.type,
        "description": row.description or "",
        "active": row.active,
        "targetingLogic": row.targeting_logic or "",
        "data": row.data,
    }


def _texts(row: Row, names: Iterable[str]) -> dict[str, object]:
    """What was written, to the letter."""
    return {name: value for name, value in _fields(row).items() if name in names}


def _others(row: Row, names: Iterable[str]) -> dict[str, object]:
    return {name: value for name, value in _fields(row).items() if name not in names}


def _means(row: Row, other: Row, names: Iterable[str]) -> bool:
    """Whether what was written means the same in both rows: edits may undo each other, or the write, in other words."""

    def meaning(row: Row) -> dict[str, object]:
        return {**_fields(row), "data": document.parse_data(row.data).value}

    return all(meaning(row)[name] == meaning(other)[name] for name in names)


def check_another_run_finishes(journal: Journal, path: Path) -> None:
    with connected(journal.handle) as client:
        made = make_plan(client, journal.emulator.readings)
        outcomes = carry_out(client, made, path, 4) if made.writes else []
        assert all(isinstance(outcome, Applied) for outcome in outcomes)
        again = make_plan(client, journal.emulator.readings)
        assert again.changes == ()
        for each in again.unverified:
            row = journal.emulator.store.find(each.id)
            assert row is not None
            assert not row.active, "a flow is on that its file switches off"
    path.unlink(missing_ok=True)


def random_faults(dice: random.Random) -> list[Fault]:
    """A few faults anywhere. People act before a read: what they do between a read and its write nobody can notice."""
    lacking = dice.choice(LACKING)
    return [*(_random_fault(dice) for _ in range(dice.randint(1, 5))), *lacking]


NO_VERSIONS = Fault(FaultKind.NOT_FOUND, "GET", "/v1/flows/*/versions", ALWAYS)
NO_LIST = Fault(FaultKind.NOT_FOUND, "GET", "/v1/flows", ALWAYS)
LACKING = [(), (), (), (NO_VERSIONS,), (NO_VERSIONS, NO_LIST), (NO_VERSIONS, replace(NO_LIST, after=1))]
"""Paths that a server may lack, or loses after the plan was made."""


_MAKES_OR_ENDS_FLOWS = {FaultKind.CREATE, FaultKind.PUBLISH, FaultKind.DELETE}
"""What people do that these invariants, which are about updates, know nothing of."""


def _random_fault(dice: random.Random) -> Fault:
    kind = dice.choice([kind for kind in FaultKind if kind not in _MAKES_OR_ENDS_FLOWS])
    method = "GET" if kind in PEOPLE else dice.choice(["GET", "PUT", "*"])
    path = dice.choice(["/v1/flows", "/v1/flows/*/versions", "/v1/flows/*", "*"])
    times = dice.choice([1, 1, 1, 2, 3, 5, 25, ALWAYS])
    return Fault(kind, method, path, times, after=dice.choice([0, 0, 1, 2, 5, 10]))
