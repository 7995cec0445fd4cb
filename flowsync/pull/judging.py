"""Whether a file may be written as it would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import diff, validate
from flowsync.model import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from flowsync.model import FieldName, Flow, LiveFlow

Judge: TypeAlias = "Callable[[Flow], Sequence[Problem]]"
"""The errors for which a plan would refuse a flow's file."""

TEST_FAILS: Final = validate.TEST_FAILS


def failing_tests(flow: Flow | Problem, judge: Judge, known: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """The tests of a file that fail, and did not before."""
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
    """What speaks against a file whose `fields` were just taken from a live row; None if nothing does.

    `known` are the errors (code and message) that the file had before: it may keep them.
    """
    if isinstance(flow, Problem):
        return flow.message
    errors = [each for each in judge(flow) if each.code != TEST_FAILS]
    fresh = next((each for each in errors if (each.code, each.message) not in known), None)
    if fresh is not None:
        return fresh.message
    still = diff.compare(flow.fields, row.fields, flow.data_text).changed
    differing = [field for field in still if field in fields]
    return "What is live cannot be said in this file." if differing else None
