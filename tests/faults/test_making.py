"""Every fault at every step of a create and of a new draft, and random schedules of them, held to invariants."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from flowsync.api.endpoints import Access, list_flows, rows_by_slug
from flowsync.apply import ApplyRecord, apply_change, apply_changes, exit_code
from flowsync.cli.writing.recording import open_record, read_record
from flowsync.cli.writing.running import LiveFlows
from flowsync.diff.fields import fingerprint, observe
from flowsync.errors import ExitCode, RecordError, TransportError
from flowsync.model import (
    AlreadyApplied,
    Applied,
    Change,
    Create,
    Failed,
    FieldName,
    JsonValue,
    LiveFlow,
    NewDraft,
    NotAttempted,
    Outcome,
    Plan,
    Refused,
    Target,
)
from flowsync.sandbox import Emulator
from flowsync.sandbox.conflicts import Reading, settled
from flowsync.sandbox.faults import ALWAYS, Fault, FaultKind, Faulty, dashboard
from flowsync.sandbox.server import Handler, Request, Response
from flowsync.sandbox.store import Row
from flowsync.versions.rollback import plan_rollback
from tests.faults.harness import connected
from tests.record.building import RUN
from tests.sandbox.account import SteppingClock, ask

KINDS = [kind for kind in FaultKind if kind is not FaultKind.GRAPHQL_ERRORS]
"""An answer of GraphQL in place of a PUT's counts as accepted unseen; what then is not shown is not known."""
BODY: dict[FieldName, JsonValue] = {
    "name": "New",
    "type": "CARD",
    "description": "About it",
    "active": False,
    "targetingLogic": "user.property('plan') == 'pro'",
    "data": "# kept\nsteps:\n  - id: one\n    title: One\n",
}
OLD = {"slug": "flow_old", "name": "Old", "type": "CARD", "active": True, "data": "steps:\n  - id: one\n"}
CHUNKS = 4


def create(slug: str = "flow_new", **body: JsonValue) -> Create:
    sent: dict[FieldName, JsonValue] = {**BODY, **body}  # type: ignore[dict-item]
    new = observe(sent, sent.keys()).values
    return Create(slug, f"flows/{slug}.yaml", (), (), sent, fingerprint(new), new)


def draft_of(row: Row, **body: JsonValue) -> NewDraft:
    sent: dict[FieldName, JsonValue] = {"name": "Drafted", **body}  # type: ignore[dict-item]
    old: dict[FieldName, JsonValue] = {"name": row.name}
    return NewDraft(
        slug=row.slug,
        file=f"flows/{row.slug}.yaml",
        id=row.id,
        version=row.version,
        status=row.status.value,
        live=False,
        fields=(),
        unseen=(),
        warnings=(),
        body=sent,
        before=fingerprint(old),
        after="",
        old=old,
        new={**old, **sent},
        target=Target.DRAFT,
    )


@dataclass
class Account:
    """An account, the rows that each POST made with how many lines the record then had, and who else was at work."""

    emulator: Emulator
    record: Path
    made: list[tuple[Row, list[str]]] = field(default_factory=list)
    written: list[tuple[Row, dict[str, Any]]] = field(default_factory=list)
    foreign: set[int] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    posts: int = 0

    def handle(self, request: Request) -> Response:
        self.posts += request.method == "POST"
        before = {row.id for row in self.rows()}
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        response = self.emulator.handle(request)
        self.made += [(row, lines) for row in self.rows() if row.id not in before]
        if request.method == "PUT" and response.status == 200:
            row = self.emulator.store.find(int(request.target.rsplit("/", 1)[1]))
            assert row is not None
            self.written.append((row, json.loads(request.body)))
            assert any(json.loads(line).get("id") == row.id for line in lines), "no record line before a write"
        return response

    def act(self, request: Request, kind: FaultKind) -> None:
        before = {row.id: row for row in self.rows()}
        dashboard(self.emulator)(request, kind)
        self.foreign |= {row.id for row in self.rows() if row.id not in before}
        self.deleted |= before.keys() - {row.id for row in self.rows()}
        self.edited |= {row.id for row in self.rows() if before.get(row.id, row) != row}

    def rows(self, slug: str | None = None) -> list[Row]:
        return [row for row in self.emulator.store.page() if slug in {None, row.slug}]

    def answer(self, method: str, target: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return ask(self.emulator.handle, method, target, body).body


@dataclass(frozen=True)
class Ran:
    account: Account
    outcomes: list[Outcome]

    @property
    def code(self) -> ExitCode:
        return exit_code(self.outcomes)

    def of(self, slug: str) -> Outcome:
        (found,) = [outcome for outcome in self.outcomes if outcome.change.slug == slug]
        return found


@contextmanager
def account(folder: Path, readings: Collection[Reading] = (), *, documented: bool = False) -> Iterator[Account]:
    """An account with one published flow."""
    record = folder / "record.jsonl"
    record.unlink(missing_ok=True)
    with Emulator(None, clock=SteppingClock(), readings=settled(readings), documented=documented) as emulator:
        ask(emulator.handle, "POST", "/v1/flows", OLD)
        for row in emulator.store.page():
            emulator.store.replace(replace(row, status=type(row.status).ACTIVE))
        yield Account(emulator, record)


def carry_out(place: Account, changes: Sequence[Change], faults: Sequence[Fault], stand: Handler | None = None) -> Ran:
    """Apply the changes while these faults strike, and check what holds whatever strikes."""
    server = Faulty(stand or place.handle, faults, place.act, late=place.handle, now=place.emulator.snapshot)
    with connected(server) as client, open_record(place.record, "record") as kept:
        kept.begin(RUN)
        store = LiveFlows(client.writer(), Access.PRIVATE)
        running = apply_changes(changes, store, parallelism=2, stop=Event(), record=kept, pause=lambda _: None)
        ran = Ran(place, [*running])
        kept.end()
    server.settle()
    try:
        check(ran, changes, faults)
    except AssertionError as error:
        told = [(type(each).__name__, getattr(each, "message", "")) for each in ran.outcomes]
        raise AssertionError(f"{error}\nfaults: {faults}\noutcomes: {told}") from error
    return ran


def check(ran: Ran, changes: Sequence[Change], faults: Sequence[Fault]) -> None:
    place = ran.account
    # A draft that somebody begins at the same moment cannot be told from ours if our answer is lost (docs/safety.md).
    kinds = {fault.kind for fault in faults}
    is_mistakable = FaultKind.DRAFT in kinds and len(kinds) > 1
    mistaken = [row for row, _ in place.written if is_mistakable and row.id in place.foreign and row.slug == "flow_old"]
    own = [(row, lines) for row, lines in place.made if row.id not in place.foreign]
    assert sorted(outcome.change.slug for outcome in ran.outcomes) == sorted(change.slug for change in changes)
    assert len({row.slug for row, _ in own}) == len(own), "two rows of one slug were made"
    for row, lines in own:
        events = [json.loads(line) for line in lines]
        begun = [event for event in events if event.get("event") in {"create", "draft"} and event["slug"] == row.slug]
        assert begun or row.slug not in {change.slug for change in changes}, "no record line before a POST"
    for row, body in place.written:
        planned = next(change for change in changes if change.slug == row.slug)
        assert all(planned.body[name] == value for name, value in body.items()), "something else was written"  # type: ignore[index]
        assert row in mistaken or row.id in {made.id for made, _ in own}, "a row that is not ours was written to"
    made = {row.slug: row for row in (*(row for row, _ in own), *mistaken)}
    for outcome in ran.outcomes:
        check_outcome(place, outcome, made.get(outcome.change.slug))
    record = read_record(place.record, "record")
    known = {write.id for write in record.writes} | {each.slug for each in record.unknown}
    unsure = {each.slug for each in record.unknown}
    lost = [row for row, _ in own if row.slug != "flow_old" and not {row.id, row.slug} & known]
    assert all(row.slug not in {change.slug for change in changes} and unsure for row in lost), "a create is lost"


def check_outcome(place: Account, outcome: Outcome, made: Row | None) -> None:
    match outcome:
        case Applied():
            assert made is not None
            row = place.emulator.store.find(made.id)
            assert outcome.made is not None
            assert outcome.made.id == made.id
            assert row is not None or made.id in place.deleted
            if row is not None and made.id not in place.edited and not outcome.untaken:
                sent = outcome.change.body
                assert {name: getattr(row, COLUMNS.get(name, name)) for name in sent} == dict(sent)
        case Failed():
            assert made is None or outcome.uncertain or outcome.made is not None, "what was made is not said"
        case Refused() | NotAttempted() | AlreadyApplied():
            assert made is None, "what was made is not said"


COLUMNS = {"targetingLogic": "targeting_logic"}
STEPS = {"post": ("POST", "*"), "look": ("GET", "*/versions"), "put": ("PUT", "*")}
PLACES = [*STEPS.values(), ("GET", "/v1/flows"), ("GET", "*")]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_step(tmp_path: Path, kind: FaultKind, step: str) -> None:
    """Once, or always but the first time; a PUT also where the API shows only what is documented."""
    method, path = STEPS[step]
    for times, after, documented in [
        (1, 0, False),
        (ALWAYS, 0, False),
        (ALWAYS, 1, False),
        (2, 2, False),
        (1, 0, True),
    ]:
        with account(tmp_path, documented=documented) as place:
            changes: list[Change] = [create(), draft_of(place.rows("flow_old")[0])]
            faults = [Fault(kind, method, path, times, after)]
            ran = carry_out(place, changes, faults)
            if kind is FaultKind.SLOW or (times, after, step, kind) == (1, 0, "put", FaultKind.SERVER_ERROR_BEFORE):
                assert ran.code is ExitCode.OK


def test_a_flow_and_a_draft_are_made_and_completed(tmp_path: Path) -> None:
    for documented in (False, True):
        with account(tmp_path, documented=documented) as place:
            ran = carry_out(place, [create(), draft_of(place.rows("flow_old")[0])], [])
            assert ran.code is ExitCode.OK
            assert place.posts == 2
            (new,) = place.rows("flow_new")
            assert (new.name, new.description, new.active, new.data) == ("New", "About it", False, BODY["data"])
            assert [(row.version, row.name) for row in place.rows("flow_old")] == [(1, "Old"), (2, "Drafted")]
            created = ran.of("flow_new")
            assert isinstance(created, Applied)
            assert created.made is not None
            assert (created.made.status, created.made.version) == ("ACTIVE", 1)


POST = Fault(FaultKind.SERVER_ERROR_AFTER, "POST", "/v1/flows")
VERSIONS = "/v1/flows/*/versions"


@dataclass(frozen=True)
class Case:
    """What strikes, which readings hold, and what then is said of the create, or of the draft."""

    faults: tuple[Fault, ...]
    kind: type[Outcome]
    code: str = ""
    says: str = ""
    readings: tuple[Reading, ...] = ()
    slug: str = "flow_new"
    before: Callable[[Account], object] = lambda _: None


CASES = {
    "a 500 after it was done is read back": Case((POST,), Applied),
    "a list that lags is looked at again": Case((POST, Fault(FaultKind.STALE, "GET", "*", 3, 3)), Applied),
    "what is not found is not made again": Case(
        (replace(POST, kind=FaultKind.SERVER_ERROR_BEFORE),),
        Failed,
        "api-server",
        "Read back 3 times, no flow has this slug.",
    ),
    "what cannot be read back is not known": Case(
        (POST, Fault(FaultKind.RESET_BEFORE, "GET", "*", ALWAYS, 4)), Failed, "api-server", "Reading back failed too."
    ),
    "a wait that is asked for is kept": Case((replace(POST, kind=FaultKind.RATE_LIMITED),), Applied),
    "a cap stops it": Case((replace(POST, kind=FaultKind.CAPPED),), Failed, "api-rate-limited"),
    "a 503 may have done it": Case((replace(POST, kind=FaultKind.UNAVAILABLE_AFTER),), Applied),
    "a server that creates nothing": Case(
        (replace(POST, kind=FaultKind.NOT_FOUND),), Failed, "api-not-found", "This server has no way to create flows"
    ),
    "a draft by default": Case((), Applied, readings=(Reading.CREATED_DRAFT,)),
    "a server that takes the description at once": Case((), Applied, readings=(Reading.DESCRIPTION_KEPT,)),
    "what is there is refused": Case(
        (),
        Refused,
        "appeared",
        "does now: ACTIVE version 1 (id 2), switched on.",
        before=lambda place: place.answer("POST", "/v1/flows", {**OLD, "slug": "flow_new"}),
    ),
    "what appears right before the POST is refused": Case(
        (Fault(FaultKind.CREATE, "POST", "/v1/flows"),), Refused, "appeared", "does now: ACTIVE version 1 (id 2)"
    ),
    "a draft in doubt is read back": Case((replace(POST, path=VERSIONS),), Applied, slug="flow_old"),
    "a draft that is not found is not made again": Case(
        (replace(POST, kind=FaultKind.RESET_BEFORE, path=VERSIONS),), Failed, "api-transport", slug="flow_old"
    ),
    "a server that makes no drafts": Case(
        (replace(POST, kind=FaultKind.NOT_FOUND, path=VERSIONS),),
        Failed,
        "api-not-found",
        "begin it in the dashboard",
        slug="flow_old",
    ),
    "a draft that appeared is refused": Case(
        (),
        Refused,
        "draft-appeared",
        "Version 2 (id 2) is a draft of it by now.",
        slug="flow_old",
        before=lambda place: place.answer("POST", "/v1/flows/1/versions", {}),
    ),
    "a draft that appears right before the POST is refused": Case(
        (Fault(FaultKind.DRAFT, "POST", VERSIONS),), Refused, "draft-appeared", "already exists", slug="flow_old"
    ),
    "a draft that appears is refused whatever the status": Case(
        (Fault(FaultKind.DRAFT, "POST", VERSIONS),),
        Refused,
        "draft-appeared",
        "already exists",
        readings=(Reading.SECOND_DRAFT_500,),
        slug="flow_old",
    ),
    "what somebody edits at once is not put right": Case(
        (Fault(FaultKind.EDIT, "GET", "*/versions", 1, 1),), Failed, "changed-since-planned", "It was made: ACTIVE"
    ),
    "a source that was edited is refused": Case(
        (),
        Refused,
        "changed-since-planned",
        "name",
        slug="flow_old",
        before=lambda place: place.answer("PUT", "/v1/flows/1", {"name": "Edited"}),
    ),
    "a draft that somebody edits at once is left alone": Case(
        (Fault(FaultKind.EDIT, "GET", VERSIONS, 1, 1),),
        Failed,
        "draft-edited",
        "nothing was written to it",
        slug="flow_old",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_create_or_a_draft(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    with account(tmp_path, case.readings) as place:
        change: Change = create() if case.slug == "flow_new" else draft_of(place.rows("flow_old")[0])
        case.before(place)
        ran = carry_out(place, [change], case.faults)
        outcome = ran.of(case.slug)
        told = " ".join(str(getattr(outcome, part, None) or "") for part in ("message", "hint"))
        assert isinstance(outcome, case.kind), told
        assert (getattr(outcome, "code", ""), case.says in told) == (case.code, True), told


def test_another_slug_than_asked_is_said_and_can_be_taken_back(tmp_path: Path) -> None:
    with account(tmp_path, [Reading.NEW_SLUG_BY_PREFIX]) as place:
        ran = carry_out(place, [create("welcome", active=True)], [])
        outcome = ran.of("welcome")
        assert isinstance(outcome, Failed)
        assert (outcome.code, ran.code) == ("another-slug", ExitCode.PARTLY_APPLIED)
        assert outcome.made is not None
        assert f'made this flow as "{outcome.made.slug}"' in outcome.message
        assert "switched on. Users may see it now." in outcome.message
        assert f"flowsync delete {outcome.made.slug}" in (outcome.hint or "")
        (write,) = read_record(place.record, "record").writes
        assert (write.slug, write.is_created, write.is_applied) == (outcome.made.slug, True, True)
        assert write.seen == {"active": False}


def test_null_and_an_answer_that_shows_nothing_are_read_back(tmp_path: Path) -> None:
    for effect, kind in ((True, Applied), (False, Failed)):
        with account(tmp_path) as place:

            def silent(request: Request, place: Account = place, *, effect: bool = effect) -> Response:
                if request.method != "POST":
                    return place.handle(request)
                response = place.handle(request) if effect else Response(201, {}, b"")
                return replace(response, body=b"null", headers={"content-type": "application/json"})

            ran = carry_out(place, [create(), draft_of(place.rows("flow_old")[0])], [], silent)
            assert {type(outcome) for outcome in ran.outcomes} == {kind}
            assert place.posts == (2 if effect else 0)


def test_what_is_stored_otherwise_is_put_right_and_a_foreign_flow_is_not(tmp_path: Path) -> None:
    with account(tmp_path) as place:

        def switching_on(request: Request) -> Response:
            body = request.body.replace(b'"active": false', b'"active": true') if request.method == "POST" else None
            return place.handle(request if body is None else replace(request, body=body))

        assert carry_out(place, [create()], [], switching_on).code is ExitCode.OK
        assert place.written[0][1] == {"description": "About it", "active": False}
    with account(tmp_path) as place:

        def saying_otherwise(request: Request) -> Response:
            response = place.handle(request)
            if request.method == "POST":
                (row,) = place.rows("flow_new")
                place.emulator.store.replace(replace(row, active=True))
            return response

        outcome = carry_out(place, [create(description="")], [], saying_otherwise).of("flow_new")
        assert isinstance(outcome, Applied)
        assert outcome.untaken == ("active",)
    with account(tmp_path) as place:

        def foreign(request: Request) -> Response:
            if request.method == "POST":
                place.answer("POST", "/v1/flows", {**OLD, "slug": "flow_new"})
                return Response(500, {}, b"")
            return place.handle(request)

        outcome = carry_out(place, [create()], [], foreign).of("flow_new")
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.uncertain, place.written) == ("appeared", True, [])


def naming(slug: str, other: str, **body: JsonValue) -> Create:
    return create(slug, targetingLogic=f"user.flow('{other}') == 'COMPLETED_FLOW'", **body)


def test_flows_are_created_after_those_that_they_name_and_not_without_them(tmp_path: Path) -> None:
    chain = [naming("flow_a", "flow_b"), naming("flow_b", "flow_c"), create("flow_c"), naming("flow_d", "flow_d")]
    with account(tmp_path) as place:
        draft = replace(draft_of(place.rows("flow_old")[0], targetingLogic="user.flow('flow_a') == 'COMPLETED_FLOW'"))
        ran = carry_out(place, [*chain, draft], [])
        assert [each.change.slug for each in ran.outcomes] == ["flow_c", "flow_b", "flow_a", "flow_d", "flow_old"]
        assert ran.code is ExitCode.OK
    with account(tmp_path) as place:
        ran = carry_out(place, [*chain, draft], [Fault(FaultKind.NOT_FOUND, "POST", "/v1/flows")])
        assert {each.change.slug for each in ran.outcomes if isinstance(each, NotAttempted)} == {
            "flow_a",
            "flow_b",
            "flow_old",
        }
        left = ran.of("flow_old")
        assert isinstance(left, NotAttempted)
        assert left.message == "It names flow_a, which was not created. Apply again once that is fixed."
        assert isinstance(ran.of("flow_d"), Applied)
    circle = [naming("flow_a", "flow_b"), naming("flow_b", "flow_a")]
    with account(tmp_path) as place:
        assert [each.change.slug for each in carry_out(place, circle, []).outcomes] == ["flow_a", "flow_b"]


SEED = int(os.environ.get("FLOWSYNC_FAULT_SEED", "0")) or random.SystemRandom().getrandbits(32)
READINGS = [
    (),
    (Reading.CREATED_DRAFT,),
    (Reading.NEW_SLUG_BY_PREFIX, Reading.DESCRIPTION_KEPT),
    (Reading.LOOKUP_BY_SLUG, Reading.PAGING_WINDOWS),
]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_schedules(tmp_path: Path, chunk: int) -> None:
    """Set FLOWSYNC_MAKING_SCHEDULES for more of them, FLOWSYNC_FAULT_SEED for the same again."""
    number = int(os.environ.get("FLOWSYNC_MAKING_SCHEDULES", "16")) // CHUNKS
    for schedule in range(number):
        dice = random.Random(f"{SEED} {chunk} {schedule}")
        kinds = dice.choices(KINDS, k=dice.randint(1, 3))
        steps = [dice.choice(PLACES) for _ in kinds]
        faults = [
            Fault(kind, method, path, dice.choice([1, 1, 2, ALWAYS]), dice.randint(0, 4))
            for kind, (method, path) in zip(kinds, steps, strict=True)
        ]
        with account(tmp_path, dice.choice(READINGS), documented=dice.random() < 0.25) as place:
            changes = [create("flow_a"), naming("flow_b", "flow_a"), naming("other", "flow_a", active=True)]
            ran = carry_out(place, [*changes, draft_of(place.rows("flow_old")[0])], faults)
            if all(fault.kind is FaultKind.SLOW for fault in faults) and "other" in {row.slug for row in place.rows()}:
                assert ran.code is ExitCode.OK, f"seed {SEED}, {chunk}, {schedule}"


def way_back(place: Account) -> Plan:
    with connected(place.emulator.handle) as client:
        rows = rows_by_slug(list_flows(client.reader(), Access.PRIVATE).rows)
    return plan_rollback(read_record(place.record, "record"), rows, environment=None, api_url=RUN.api_url)


def test_a_create_is_rolled_back_by_switching_the_flow_off(tmp_path: Path) -> None:
    for documented in (False, True):
        with account(tmp_path, documented=documented) as place:
            carry_out(place, [create(active=True), draft_of(place.rows("flow_old")[0])], [])
            made = way_back(place)
            assert {change.slug: change.body for change in made.writes} == {
                "flow_new": {"active": False},
                "flow_old": {"name": "Old"},
            }
            (off,) = [change for change in made.writes if change.slug == "flow_new"]
            (stays,) = [warning for warning in off.warnings if warning.code == "create-stays"]
            assert "users who have it keep it until their next session" in stays.message
            assert "flowsync delete flow_new" in stays.message
            place.answer("PUT", "/v1/flows/2", {"name": "Edited since"})
            assert [(each.slug, each.code) for each in way_back(place).blocked] == [("flow_new", "changed-since-apply")]
    with account(tmp_path) as place:
        carry_out(place, [create()], [])
        made = way_back(place)
        assert (made.writes, [each.slug for each in made.unchanged]) == ((), ["flow_new"])
    with account(tmp_path) as place:
        carry_out(place, [create()], [replace(POST, kind=FaultKind.HANG_BEFORE)])
        record = read_record(place.record, "record")
        assert ([each.slug for each in record.unknown], record.uncertain, way_back(place).writes) == (
            ["flow_new"],
            1,
            (),
        )


@dataclass(frozen=True, slots=True)
class Unreachable(LiveFlows):
    """No request to create goes out so often as `failures` says."""

    failures: list[int] = field(default_factory=list)

    def create(self, slug: str, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        if self.failures:
            self.failures.pop()
            raise TransportError("nothing listens there", unsent=True)
        return LiveFlows.create(self, slug, body)


@dataclass
class Full(ApplyRecord):
    """A record with room for so many lines."""

    room: int

    def before(self, change: Change, row: LiveFlow | None) -> None:  # noqa: ARG002 - a protocol
        self.room -= 1
        if self.room < 0:
            raise RecordError("No space left.")

    def made(self, change: Create | NewDraft, row: LiveFlow) -> None:
        self.before(change, row)

    def after(self, outcome: Outcome, row: LiveFlow | None) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("room", "unsent", "code", "posts"),
    [(0, 0, "record", 0), (1, 0, "record", 1), (9, 2, "", 1), (9, 3, "api-transport", 0)],
)
def test_what_was_not_sent_is_sent_again_and_what_cannot_be_kept_is_not_sent(
    tmp_path: Path, room: int, unsent: int, code: str, posts: int
) -> None:
    with account(tmp_path) as place, connected(place.handle) as client:
        store = Unreachable(client.writer(), Access.PRIVATE, failures=[1] * unsent)
        outcome = apply_change(create(description=""), store, Full(room), lambda _: None)
        assert (getattr(outcome, "code", ""), place.posts) == (code, posts)
        if (room, posts) == (1, 1):
            assert isinstance(outcome, Failed)
            assert outcome.message == "It was made: ACTIVE version 1 (id 2), switched off. No space left."
