"""What `flowsync test` has to tell: each flow's tests with their outcomes, and what they leave undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.audience.covering import flow_coverage
from flowsync.audience.testing import Held, Undecided, run_tests
from flowsync.targeting.cases import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flowsync.audience.covering import ExpressionCoverage
    from flowsync.audience.testing import TestOutcome
    from flowsync.model import Flow, Location


@dataclass(frozen=True, slots=True)
class Tested:
    """One test, where it stands, and what came out."""

    location: Location
    outcome: TestOutcome

    @property
    def is_wrong(self) -> bool:
        """Whether it failed, or could not be run; one that only decides nothing is not wrong."""
        match self.outcome:
            case Held():
                return not self.outcome.passed
            case Undecided():
                return False
            case _:
                return True


@dataclass(frozen=True, slots=True)
class TestedFlow:
    """The tests of one flow, and what they saw of its expressions."""

    slug: str
    file: str
    tests: tuple[Tested, ...]
    coverage: tuple[ExpressionCoverage, ...]

    @property
    def is_undecided(self) -> bool:
        """Whether the flow is for some users only, and no test says for whom."""
        return any(each.stated.verdict is Verdict.SEES and not each.tests for each in self.coverage)


def tested(flows: Iterable[Flow], now: datetime) -> tuple[TestedFlow, ...]:
    """Run the tests of every flow, in the order given."""
    return tuple(_tested(flow, now) for flow in flows)


def _tested(flow: Flow, now: datetime) -> TestedFlow:
    outcomes = run_tests(flow, now)
    tests = tuple(Tested(flow.source.location(("tests", each.index)), each) for each in outcomes)
    return TestedFlow(flow.slug, flow.file, tests, flow_coverage(flow, outcomes))
