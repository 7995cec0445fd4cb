"""What is promised: ratios between processes of one run, and what whole processes may hold in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RATIO: Final = "\N{MULTIPLICATION SIGN}"
FAR: Final = 2.0
"""How many times its budget a ratio may be before a build fails: shared machines are noisy."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `many` flows are validated once more, 0 for none; `in_flight` are the applies."""

    flows: int
    many: int
    rounds: int
    in_flight: tuple[int, ...]
    has_baselines: bool

    @classmethod
    def quick(cls) -> Size:
        """What a build can afford."""
        return cls(flows=1_000, many=0, rounds=3, in_flight=(16,), has_baselines=False)

    @classmethod
    def full(cls) -> Size:
        """What the page in docs/ tells."""
        return cls(flows=1_000, many=10_000, rounds=5, in_flight=(8, 16), has_baselines=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A budget and what was measured."""

    budget: Budget
    value: float

    @property
    def is_met(self) -> bool:
        """Whether the budget is kept."""
        over = self.value > self.budget.limit
        return not over if self.budget.at_most else self.value >= self.budget.limit

    @property
    def is_far_over(self) -> bool:
        """Whether it is missed so far that noise is no excuse. Only ratios fail a build."""
        if not self.budget.is_ratio:
            return False
        limit = self.budget.limit
        return self.value > limit * FAR if self.budget.at_most else self.value < limit / FAR


@dataclass(frozen=True, slots=True)
class Budget:
    """One promise: its name in this run, what it says, and its limit."""

    name: str
    says: str
    limit: float
    unit: str = RATIO
    at_most: bool = True

    @property
    def is_ratio(self) -> bool:
        """Whether it compares two processes of one run."""
        return self.unit == RATIO

    def held_against(self, values: Mapping[str, float]) -> Outcome:
        """The outcome of a run."""
        return Outcome(self, values[self.name])


BUDGETS: Final = (
    Budget("version", "`--version`, to `python -c pass`", 1.5),
    Budget("help", "`--help`, to `python -c pass`", 5.0),
    Budget("reader", "reading files, to CSafeLoader in the same process", 0.65),
    Budget("validate", "`validate` of 1,000 valid flows, to Y", 0.75),
    Budget("validate memory", "its memory", 60, "MB"),
    Budget("validate many", "`validate` of 10,000, to ten times that of 1,000", 1.15),
    Budget("validate many memory", "its memory", 200, "MB"),
    Budget("plan", "`plan` of 1,000 unchanged flows at 50 ms, to Y", 1.2),
    Budget("plan memory", "its memory", 90, "MB"),
    Budget("plan obvious", "the obvious Python, to that `plan`", 8.0, at_most=False),
    Budget("plan one", "`plan` with one changed flow, to unchanged", 1.05),
    Budget("plan all json", "`plan --format json` with all changed, to unchanged", 2.5),
    Budget("plan all text", "`plan` with all changed, to unchanged", 5.0),
    Budget("plan all markdown", "`plan --format markdown` with all changed, to unchanged", 5.0),
    Budget("apply 8", "`apply` of all flows at 50 ms, 8 in flight, to the bound of two round trips a flow", 1.10),
    Budget("apply 16", "`apply` with 16 in flight, to its bound", 1.13),
    Budget("apply cpu", "its processor time", 1.8, "ms a flow"),
    Budget("apply memory", "its memory", 110, "MB"),
)
