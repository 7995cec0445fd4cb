"""What is promised: ratios between processes of one run, and what whole processes may hold in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from findings import FLOWS, MANY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processes import Figure

RATIO: Final = "\N{MULTIPLICATION SIGN}"
FORMS: Final = ("json", "text", "markdown")
"""What a plan that finds much is rendered as."""
FAR: Final = 2.0
"""How many times its budget a ratio may be before a build fails: shared machines are noisy."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. Other tools, slow as they are, work on `others` flows, and a script writes `scripted`."""

    sizes: tuple[int, ...]
    rounds: int
    others: int
    other_rounds: int
    scripted: int

    @classmethod
    def quick(cls) -> Size:
        """What a build can afford."""
        return cls(sizes=(10, FLOWS), rounds=3, others=100, other_rounds=1, scripted=20)

    @classmethod
    def full(cls) -> Size:
        """What the page in docs/ tells."""
        return cls(sizes=(10, 100, FLOWS, MANY), rounds=5, others=FLOWS, other_rounds=3, scripted=100)

    def rounds_of(self, flows: int) -> int:
        """Rounds of commands over so many flows: those over many take long and vary less."""
        return self.rounds if flows <= FLOWS else self.rounds // 2

    def applies_of(self, flows: int) -> int:
        """Applies of so many flows, each there and back."""
        return self.rounds if flows < FLOWS else 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """A budget and what was measured."""

    budget: Budget
    figure: Figure

    @property
    def value(self) -> float:
        """What is held against the limit."""
        return self.figure.value

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


def outcomes(figures: Mapping[str, Figure]) -> list[Outcome]:
    """The outcome of each budget that something was measured for."""
    return [Outcome(budget, figures[budget.name]) for budget in BUDGETS if budget.name in figures]


BUDGETS: Final = (
    Budget("version", "`--version`, to `python -c pass`", 2.0),
    Budget("help", "`--help`, to `python -c pass`", 6.0),
    Budget("reader", "reading files, to CSafeLoader in the same process", 1.3),
    Budget("validate", "`validate` of 1,000 valid flows, to Y", 1.3),
    Budget("validate memory", "its memory", 70, "MB"),
    Budget("validate many", "`validate` of 10,000, to ten times that of 1,000", 1.15),
    Budget("validate many memory", "its memory", 200, "MB"),
    Budget("plan", "`plan` of 1,000 unchanged flows at 50 ms, to Y", 1.7),
    Budget("plan memory", "its memory", 110, "MB"),
    Budget("plan many", "`plan` of 10,000, to ten times that of 1,000", 1.15),
    Budget("plan many memory", "its memory", 400, "MB"),
    Budget("plan deck", "decK's `diff` of 1,000 objects of the same size at 50 ms, to that `plan`", 1.0, at_most=False),
    Budget("plan obvious", "the obvious Python, to that `plan`", 7.0, at_most=False),
    Budget("plan one", "`plan` with one changed flow, to unchanged", 1.1),
    Budget("plan all json", "`plan --format json` with all changed, to unchanged", 4.0),
    Budget("plan all text", "`plan` with all changed, to unchanged", 4.0),
    Budget("plan all markdown", "`plan --format markdown` with all changed, to unchanged", 4.0),
    Budget("apply 8", "`apply` of all flows at 50 ms, 8 in flight, to the bound of two round trips a flow", 1.15),
    Budget("apply 16", "`apply` with 16 in flight, to its bound", 1.25),
    Budget("apply 16 cpu", "its processor time", 2.2, "ms a flow"),
    Budget("apply 16 memory", "its memory", 130, "MB"),
    Budget("apply many", "`apply` of 10,000 with 16 in flight, to its bound", 1.25),
    Budget("apply many memory", "its memory", 500, "MB"),
)
