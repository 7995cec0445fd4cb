"""What a pull comes to for each flow, and whether a file may be written as it would be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import validate
from flowsync.diff.fields import compare
from flowsync.flows.expressions import parsed
from flowsync.model import FieldName, Flow, LiveFlow, Problem

if TYPE_CHECKING:
    from flowsync.flows.files import FlowFile


NOBODY_SEES: Final = "Nobody sees the flow now: the expression is broken."


class Scope(Enum):
    """Which fields of an existing file are brought up to date."""

    STATED = "those that the file states"
    ALL = "every one that the server returns"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A live field that was not taken into the file, and why."""

    field: FieldName
    message: str


def left_out(field: FieldName, reason: str, row: LiveFlow) -> LeftOut:
    """A field that is left out, with who sees the flow as it is live, where that is known."""
    live = row.fields.get(field)
    is_broken = field == "targetingLogic" and isinstance(live, str) and parsed(live) is None
    return LeftOut(field, f"{reason} {NOBODY_SEES}" if is_broken else reason)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A live flow gets a file. `note` says what is unusual about its place."""

    slug: str
    file: FlowFile
    text: str
    fields: tuple[FieldName, ...]
    left_out: tuple[LeftOut, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file takes over what is live.

    `places` are the labels of what changes, `rewritten` those of parts that had to be written again.
    `failing` are the file's own tests that no longer hold: they are never sent, so they keep nothing out.
    """

    slug: str
    file: FlowFile
    before: str
    text: str
    fields: tuple[FieldName, ...]
    places: tuple[str, ...]
    rewritten: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SameFile:
    """A file that already says what is live, apart from what is left out."""

    slug: str
    file: FlowFile
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A flow that was not pulled. `file` is the name of its file, if there is one."""

    slug: str
    file: str | None
    code: str
    message: str
    hint: str | None = None


Pulled: TypeAlias = "NewFile | ChangedFile | SameFile | Skipped"


Judge: TypeAlias = "Callable[[Flow], Sequence[Problem]]"
"""The errors for which a plan would refuse a flow's file."""

TEST_FAILS: Final = validate.TEST_FAILS


def failing_tests(flow: Flow | Problem, judge: Judge, known: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """Return the tests of a file that fail and did not before."""
    problems = () if isinstance(flow, Problem) else judge(flow)
    fails = (each for each in problems if each.code == TEST_FAILS)
    return tuple(each.message for each in fails if (each.code, each.message) not in known)


def complaint(
    flow: Flow | Problem,
    row: LiveFlow,
    judge: Judge,
    fields: Collection[FieldName],
    known: Collection[tuple[str, str]] = (),
) -> str | None:
    """Return why a file whose `fields` were just taken from a live row may not be written; None if it may.

    `known` are the errors (code and message) that the file had before: it may keep them.
    """
    if isinstance(flow, Problem):
        return flow.message
    errors = [each for each in judge(flow) if each.code != TEST_FAILS]
    fresh = next((each for each in errors if (each.code, each.message) not in known), None)
    if fresh is not None:
        return fresh.message
    still = compare(flow.fields, row.fields, flow.data_text).changed
    differing = [field for field in still if field in fields]
    return "What is live cannot be said in this file." if differing else None
