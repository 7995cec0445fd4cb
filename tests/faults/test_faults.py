"""Every fault at every step of a plan, a pull and an apply, and random schedules of them, held to invariants."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from flowsync.api.client import Client
from flowsync.api.endpoints import Access, find_missing, list_flows
from flowsync.cli.commands.pull import pull_flows
from flowsync.errors import ApiError, ExitCode
from flowsync.model import AlreadyApplied, Applied, Plan, Refused
from flowsync.render.pulls import Pull
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.faults import ALWAYS, PEOPLE, Fault, FaultKind
from tests.faults.harness import Journal, account, check, connected, make_plan, random_faults, run, workspace

READINGS = [reading for reading in Reading if reading is not Reading.DATA_JSON]
"""Whatever may be true of the API. What is kept and put back is compared as text, so `data` comes back as it is."""
SCHEDULES = 200
CHUNKS = 8
STEPS = {"list": ("GET", "/v1/flows"), "fresh read": ("GET", "/v1/flows/*/versions"), "write": ("PUT", "*")}
ACCIDENTS = [kind for kind in FaultKind if kind not in PEOPLE]
FIRM = {FaultKind.HTML_403, FaultKind.NOT_FOUND, FaultKind.CAPPED}
"""Faults that are no accident: they are told, and nothing is tried again."""
OF_ANOTHER = {FaultKind.WRONG_JSON, FaultKind.HTML_403_AFTER, FaultKind.GRAPHQL_ERRORS}
"""Answers that are not the API's, though it was asked: a read ends with them, a write is read back."""
FAILED = [kind for kind in ACCIDENTS if kind is not FaultKind.NOT_FOUND]
"""Faults by which nobody learns anything about what is there."""


@pytest.mark.parametrize("times", [1, ALWAYS])
@pytest.mark.parametrize(
    ("step", "documented"), [*((step, False) for step in STEPS), ("fresh read", True), ("write", True)]
)
@pytest.mark.parametrize("kind", ACCIDENTS)
def test_every_fault_at_every_step(tmp_path: Path, kind: FaultKind, step: str, times: int, *, documented: bool) -> None:
    method, path = STEPS[step]
    ran = check(1, [Fault(kind, method, path, times)], tmp_path, documented=documented)
    if times == 1 and kind not in FIRM and not (kind in OF_ANOTHER and method == "GET"):
        assert ran.code is ExitCode.OK, "one fault is got over"
    if kind is FaultKind.SLOW:
        assert ran.code is ExitCode.OK


@pytest.mark.parametrize("kind", ACCIDENTS)
@pytest.mark.parametrize("first", [FaultKind.SERVER_ERROR_AFTER, FaultKind.RESET_BEFORE, FaultKind.TRUNCATED])
def test_every_fault_while_reading_back(tmp_path: Path, first: FaultKind, kind: FaultKind) -> None:
    """One flow at a time: the second read of the first flow is the one after its failed write."""
    slug = plan_of(2).changes[0].slug
    faults = [Fault(first, "PUT"), Fault(kind, "GET", f"/v1/flows/{slug}/versions", times=4, after=1)]
    check(2, faults, tmp_path, parallelism=1)


@pytest.mark.parametrize("first", [FaultKind.SERVER_ERROR_BEFORE, FaultKind.SERVER_ERROR_AFTER, FaultKind.RATE_LIMITED])
def test_an_edit_while_a_write_is_in_doubt_is_kept(tmp_path: Path, first: FaultKind) -> None:
    slug = plan_of(3).changes[0].slug
    faults = [Fault(first, "PUT"), Fault(FaultKind.EDIT, "GET", f"/v1/flows/{slug}/versions", after=1)]
    ran = check(3, faults, tmp_path, parallelism=1)
    assert ran.code is ExitCode.REFUSED
    (refused,) = [outcome for outcome in ran.outcomes if isinstance(outcome, Refused)]
    assert refused.differences


def test_an_edit_after_a_write_that_was_accepted_unseen_is_told_and_never_rolled_back(tmp_path: Path) -> None:
    slug = plan_of(3).changes[0].slug
    faults = [Fault(FaultKind.WRONG_JSON, "PUT"), Fault(FaultKind.EDIT, "GET", f"/v1/flows/{slug}/versions", after=1)]
    ran = check(3, faults, tmp_path, parallelism=1)
    assert ran.code is ExitCode.PARTLY_APPLIED
    (edited,) = [outcome for outcome in ran.outcomes if isinstance(outcome, Applied) and outcome.untaken]
    assert edited.differences


def test_an_edit_between_plan_and_write_is_kept(tmp_path: Path) -> None:
    """One of the edits happens to be just what was planned: then there is nothing left to do."""
    changes = plan_of(3).changes
    faults = [Fault(FaultKind.EDIT, "GET", f"/v1/flows/{change.slug}/versions") for change in changes]
    ran = check(3, faults, tmp_path, parallelism=1)
    assert Counter(map(type, ran.outcomes)) == {Refused: 4, AlreadyApplied: 1}


def test_the_race_that_remains_is_the_one_that_is_documented(tmp_path: Path) -> None:
    """An edit between the fresh read and the write is overwritten, for the API has no preconditions."""
    with account(1) as emulator:
        journal = Journal(emulator)
        ran = run(journal, [Fault(FaultKind.EDIT, "PUT")], tmp_path / "r.jsonl", parallelism=1)
        assert all(isinstance(outcome, Applied) for outcome in ran.outcomes)
        assert len(journal.edits()) == 1


@pytest.mark.parametrize("times", [2, ALWAYS])
@pytest.mark.parametrize("path", ["/v1/flows", "/v1/flows/*", "*"])
@pytest.mark.parametrize("kind", FAILED)
def test_a_plan_that_meets_a_fault_is_the_same_plan_or_an_error(kind: FaultKind, path: str, times: int) -> None:
    with account(1) as emulator:
        journal = Journal(emulator)
        with connected(journal.faulty([Fault(kind, "*", path, times)])) as client:
            try:
                digest = make_plan(client).digest
            except ApiError:
                digest = None
        assert journal.effects() == []
        assert digest in {None, plan_of(1).digest}


@pytest.mark.parametrize("times", [2, ALWAYS])
@pytest.mark.parametrize("kind", FAILED)
def test_a_pull_that_meets_a_fault_is_the_same_pull_or_an_error(kind: FaultKind, times: int) -> None:
    """A read that failed is never taken for a flow that is not there."""
    with account(1) as emulator:
        journal = Journal(emulator)
        with connected(journal.faulty([Fault(kind, times=times)])) as client:
            try:
                found = pulled(client)
            except ApiError:
                found = None
        assert journal.effects() == []
        assert found is None or found == pull_of(1)


def pulled(client: Client) -> Pull:
    """What a pull would write, live flows without a file included."""
    place = workspace()
    flows = place.selection.flows
    listing = find_missing(client.reader(), list_flows(client.reader(), Access.PRIVATE), [flow.slug for flow in flows])
    return pull_flows(place.project, flows, listing, takes_new=True)


@lru_cache
def pull_of(number: int) -> Pull:
    """What is pulled from an account when nothing goes wrong."""
    with account(number) as emulator, connected(emulator.handle) as client:
        found = pulled(client)
    assert found.changes
    return found


@lru_cache
def plan_of(number: int) -> Plan:
    """What is planned for an account when nothing goes wrong."""
    with account(number) as emulator, connected(emulator.handle) as client:
        return make_plan(client)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_schedules_of_faults(tmp_path: Path, chunk: int) -> None:
    seed = int(os.environ["FLOWSYNC_FAULT_SEED"])
    for number in range(chunk, SCHEDULES, CHUNKS):
        check_schedule(seed, number, tmp_path)


def check_schedule(seed: int, number: int, folder: Path) -> None:
    """One schedule; a failure says how to have it again."""
    dice = random.Random(f"{seed}/{number}")
    try:
        account_number, faults = dice.randrange(8), random_faults(dice)
        documented = dice.choice([False, True])
        parallelism, readings = dice.randint(1, 4), dice.sample(READINGS, dice.randrange(len(READINGS)))
        if any(fault.kind is FaultKind.NOT_FOUND and fault.method != "PUT" for fault in faults):
            # Without …/versions nobody could see the drafts that somebody begins meanwhile and the list hides.
            readings = [each for each in readings if each is not Reading.PRIVATE_LIST_HIDES_DRAFTS]
        check(account_number, faults, folder, parallelism, documented=documented, readings=readings)
    except AssertionError as error:
        raise AssertionError(f"FLOWSYNC_FAULT_SEED={seed}, schedule {number}: {error}") from error
