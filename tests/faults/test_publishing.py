"""Random faults while drafts are published and flows deleted, and what must hold whatever they were."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from flowsync.api.endpoints import Access, ArchiveBehavior, FlowReader, Versions, list_flows, versions
from flowsync.apply.deleting import delete_each
from flowsync.apply.publishing import publish_each
from flowsync.cli.writing.recording import open_record, read_record
from flowsync.cli.writing.running import LiveFlows, header_of
from flowsync.config import SANDBOX_URL
from flowsync.errors import ApiError
from flowsync.model import Applied, NotAttempted
from flowsync.record.values import Place, Purpose
from flowsync.sandbox import Emulator
from flowsync.sandbox.faults import PEOPLE, Fault, FaultKind, Faulty, dashboard
from flowsync.sandbox.server import Request, Response
from flowsync.sandbox.store import Row
from flowsync.versions.deleting import Deleted, Deletion, Ending, deletion_of
from flowsync.versions.publishing import Publish, Published, publish_of
from tests.faults.harness import connected, random_faults
from tests.support.emulated import NEW, Status, version

SLUGS = ("flow_a", "flow_b", "flow_c")
SCHEDULES = int(os.environ.get("FLOWSYNC_PUBLISH_SCHEDULES", "25"))


class Journal:
    """The account, and every write that it carried out: the target, and the flow's versions right before."""

    def __init__(self, emulator: Emulator, faults: Sequence[Fault]) -> None:
        self.emulator = emulator
        self.done: list[tuple[str, list[Row]]] = []
        self.server = Faulty(self.inner, faults, dashboard(emulator), late=self.inner, now=emulator.snapshot)

    def inner(self, request: Request) -> Response:
        before = self.emulator.store.page()
        response = self.emulator.handle(request)
        if request.method != "GET" and response.status < 300:
            row_id = int(request.target.split("/")[3])
            slug = next(row.slug for row in before if row.id == row_id)
            self.done.append((request.target, [row for row in before if row.slug == slug]))
        return response

    def rows(self, slug: str) -> list[Row]:
        return self.emulator.store.versions(slug)


@contextmanager
def account(faults: Sequence[Fault], *, active: bool) -> Iterator[Journal]:
    with Emulator(None) as emulator:
        for slug in SLUGS:
            emulator.store.add(version(slug, 1, Status.ARCHIVED))
            emulator.store.add(version(slug, 2, Status.ACTIVE, active=active))
            emulator.store.add(version(slug, 3, Status.DRAFT, NEW))
        yield Journal(emulator, faults)


def schedule(seed: str) -> list[Fault]:
    """A few faults, on what writes as well as on what reads; of what people may do they only edit."""
    dice = random.Random(seed)
    faults = [fault for fault in random_faults(dice) if fault.kind not in PEOPLE - {FaultKind.EDIT}]
    kinds = [kind for kind in FaultKind if kind not in PEOPLE]
    writes = [Fault(dice.choice(kinds), dice.choice(["PUT", "DELETE"]), "*", dice.choice([1, 2, 5])) for _ in range(2)]
    return [*writes, *faults]


def lines(path: Path, event: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in found if line.get("event") == event]


def seen(reader: FlowReader) -> tuple[Access, dict[str, Versions]]:
    """Which list answered, and the versions of each flow."""
    listing = list_flows(reader, Access.PRIVATE)
    return listing.access, {slug: versions(reader, slug, Access.PRIVATE, listing.rows) for slug in SLUGS}


def published(journal: Journal, path: Path) -> list[tuple[Publish, Published]]:
    with connected(journal.server) as client, open_record(path, path.name) as record:
        record.begin(header_of(Purpose.PUBLISH, Place(None, SANDBOX_URL), "sha256:0", 3))
        listed, found = seen(client.reader())
        publishes = [each for shown in found.values() if (each := publish_of(shown.rows, None, ArchiveBehavior.EXIT))]
        store = LiveFlows(client.writer(), Access.PRIVATE, listed)
        results = publish_each(publishes, store, stop=Event(), record=record, pause=lambda _: None)
        done = list(zip(publishes, results, strict=True))
        record.end()
    journal.server.settle()
    return done


@pytest.mark.parametrize("number", range(SCHEDULES))
def test_publishing_while_things_go_wrong(number: int, tmp_path: Path) -> None:
    faults = schedule(f"publish {number}")
    with account(faults, active=True) as journal:
        try:
            results = published(journal, tmp_path / "record.jsonl")
        except ApiError:  # nothing could be read to begin with
            assert journal.done == []
            return
        read_record(tmp_path / "record.jsonl", "the record")
        kept = {line["slug"] for line in lines(tmp_path / "record.jsonl", "publish")}
        for publish, result in results:
            status = next(row.status for row in journal.rows(publish.slug) if row.version == 3)
            ours = [before for target, before in journal.done if target.endswith(f"/{publish.draft.id}/activate")]
            assert len(ours) <= 1
            assert not ours or publish.slug in kept, "published, and not kept before"
            assert isinstance(result.outcome, Applied) <= (status is Status.ACTIVE), "said to be published, and is not"
            is_certain = isinstance(result.outcome, NotAttempted) or not getattr(result.outcome, "uncertain", True)
            assert not (is_certain and ours), f"said not to be published, and was: {faults}"


def deleted(journal: Journal, path: Path) -> list[tuple[Deletion, Deleted]]:
    with connected(journal.server) as client, open_record(path, path.name) as record:
        record.begin(header_of(Purpose.DELETE, Place(None, SANDBOX_URL), "sha256:0", 3))
        listed, found = seen(client.reader())
        every = found.items() if listed is Access.PRIVATE else ()
        deletions = [deletion_of(slug, each.rows, has_versions=each.is_whole) for slug, each in every if each.rows]
        store = LiveFlows(client.writer(), Access.PRIVATE)
        results = delete_each(deletions, store, stop=Event(), record=record, pause=lambda _: None)
        done = list(zip(deletions, results, strict=True))
        record.end()
    journal.server.settle()
    return done


@pytest.mark.parametrize("number", range(SCHEDULES))
def test_deleting_while_things_go_wrong(number: int, tmp_path: Path) -> None:
    faults = schedule(f"delete {number}")
    with account(faults, active=False) as journal:
        try:
            results = deleted(journal, tmp_path / "record.jsonl")
        except ApiError:
            assert journal.done == []
            return
        read_record(tmp_path / "record.jsonl", "the record")
        kept = {row["id"] for line in lines(tmp_path / "record.jsonl", "delete") for row in line["rows"]}  # type: ignore[attr-defined]
        for target, before in journal.done:
            row_id = int(target.rpartition("/")[2])
            assert row_id in kept, "deleted, and not kept before"
            gone = next(row for row in before if row.id == row_id)
            assert gone.status is not Status.ACTIVE or len(before) == 1, "what was live went before the rest"
        for deletion, result in results:
            there = {row.id for row in journal.rows(deletion.slug)}
            told = {row.id for row in result.left}
            assert not (result.ending is Ending.DELETED and there), f"said to be deleted, and is not: {faults}"
            if result.ending is not Ending.DELETED and not result.uncertain:
                assert there <= told, f"left, and not named: {result.message}, {faults}"
        clean = deleted(Journal(journal.emulator, ()), tmp_path / "again.jsonl")
        assert all(result.ending is Ending.DELETED for _, result in clean), "another run does not finish it"
        assert journal.emulator.is_empty()
