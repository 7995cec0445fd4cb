"""The result of a pull for each flow, and the check of a file before it is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from flowsync import validate
from flowsync.diff.fields import compare
from flowsync.flows.expressions import parsed
from flowsync.model import FieldName, Flow, LiveFlow, Problem

if TYPE_CHECKING:
    from flowsync.flows.files import FlowFile


class Scope(Enum):
    """Which fields of an existing file a pull updates."""

    STATED = "those of the file"
    ALL = "every one that the server returns"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A live field that is not in the file, and why."""

    field: FieldName
    message: str


def left_out(field: FieldName, reason: str, row: LiveFlow) -> LeftOut:
    """A field that is left out; for a broken live expression it adds that nobody sees the flow."""
    live = row.fields.get(field)
    is_broken = field == "targetingLogic" and isinstance(live, str) and parsed(live) is None
    return LeftOut(field, f"{reason} Nobody sees the flow now: the expression is broken." if is_broken else reason)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A new file for a live flow. `note` says what is unusual about its place."""

    slug: str
    file: FlowFile
    text: str
    fields: tuple[FieldName, ...]
    left_out: tuple[LeftOut, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """An existing file with live values.

    `places` are the labels of what changes, `rewritten` those of parts that had to be written again.
    `failing` are the file's own tests that now fail; the file is written all the same, because tests are never sent.
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
    """A file that already has the live values, apart from those that are left out."""

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

Known: TypeAlias = "Collection[tuple[str, str]]"
"""The errors (code and message) that a file had before: it may keep them."""


def check(
    flow: Flow | Problem, row: LiveFlow, judge: Judge, fields: Collection[FieldName], known: Known = ()
) -> tuple[str | None, tuple[str, ...]]:
    """Check a file whose `fields` were just taken from a live row.

    Returns why it may not be written (None if it may), and its own tests that fail and did not before.
    """
    if isinstance(flow, Problem):
        return flow.message, ()
    new = [each for each in judge(flow) if (each.code, each.message) not in known]
    failing = tuple(each.message for each in new if each.code == validate.TEST_FAILS)
    errors = [each.message for each in new if each.code != validate.TEST_FAILS]
    still_different = set(compare(flow.fields, row.fields, flow.data_text).changed) & set(fields)
    if not errors and still_different:
        errors = ["The file cannot express the live value."]
    return errors[0] if errors else None, failing
