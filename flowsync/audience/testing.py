"""Running the `tests:` of a flow file, offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.audience.expressions import expressions, own_fields, parsed
from flowsync.targeting.cases import CaseError, case_from
from flowsync.targeting.evaluation import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from flowsync.audience.expressions import Stated
    from flowsync.model import Flow, JsonValue
    from flowsync.targeting.cases import Case, Verdict
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.tracing import Trace


@dataclass(frozen=True, slots=True)
class Held:
    """A test that could be held against its expression. `index` counts the entries of `tests:` from 0."""

    index: int
    case: Case
    stated: Stated
    tree: Expression
    truth: bool

    @property
    def passed(self) -> bool:
        """Whether the expression came out as expected."""
        return self.truth is self.case.expected

    @property
    def trace(self) -> Trace:
        """How every term came out; only failures and explanations ask for it."""
        from flowsync.targeting.tracing import trace  # noqa: PLC0415 - only these ask

        return trace(self.tree, self.case.context)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A test of an expression that the file does not state."""

    index: int
    case: Case


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A test of an expression that cannot be parsed: the server would take it for false for everyone [obs]."""

    index: int
    case: Case
    stated: Stated


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry that is not written as a test should be; `error` says where inside the entry, and why."""

    index: int
    error: CaseError


MAXIMUM_TESTS: Final = 500
"""Tests of one flow that are run: a file of a pull request must not keep a runner busy for minutes."""
TestOutcome: TypeAlias = "Held | Undecided | Unreadable | Unusable"


def run_tests(flow: Flow, now: datetime) -> tuple[TestOutcome, ...]:
    """The outcome of every entry of `tests:`, in order; `now` is the clock of those that name none.

    A test is held against the file's own expressions, whatever the environment (see `own_fields`). Raises
    UncheckedPatternError where a test needs a pattern and google-re2 is not installed.
    """
    if not isinstance(flow.tests, list):
        return ()
    stated = _by_place(expressions(own_fields(flow)))
    outcomes = [_outcome(index, entry, stated, now) for index, entry in enumerate(flow.tests[:MAXIMUM_TESTS])]
    if len(flow.tests) > MAXIMUM_TESTS:
        error = CaseError(f"A flow has at most {MAXIMUM_TESTS} tests; these and the following are not run.", ())
        outcomes.append(Unusable(MAXIMUM_TESTS, error))
    return tuple(outcomes)


def _by_place(every: Iterable[Stated]) -> Mapping[tuple[Verdict, str | None], Stated]:
    return {(stated.verdict, stated.step): stated for stated in every}


def _outcome(
    index: int, entry: JsonValue, every: Mapping[tuple[Verdict, str | None], Stated], now: datetime
) -> TestOutcome:
    try:
        case = case_from(entry, now)
    except CaseError as error:
        return Unusable(index, error)
    stated = every.get((case.verdict, case.step))
    if stated is None:
        return Undecided(index, case)
    tree = parsed(stated.text)
    if tree is None:
        return Unreadable(index, case, stated)
    return Held(index, case, stated, tree, evaluate(tree, case.context))
