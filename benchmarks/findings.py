"""What a run finds, as values, and the figures that promises are held against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from processes import Figure, Measured

LATENCY: Final = 50
"""Milliseconds before each answer, as over the internet."""
FLOWS: Final = 1_000
"""The promises are about so many, if nothing else is said."""
MANY: Final = 10_000


class Work(Enum):
    """What is done with few flows and with many."""

    PARSE = "Y"
    VALIDATE = "`validate`"
    NEAR = "`plan`, 0 ms"
    PLAN = f"`plan`, {LATENCY} ms"


@dataclass(frozen=True, slots=True)
class Value:
    """The figure that the budget of this name is held against."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Sized:
    """One kind of work over so many flows, beside the process that only parses their files."""

    work: Work
    flows: int
    measured: Measured
    ratio: Figure


@dataclass(frozen=True, slots=True)
class Applied:
    """An apply that writes so many flows with so many requests in flight."""

    in_flight: int
    flows: int
    measured: Measured

    @property
    def bound(self) -> float:
        """The seconds that the latency alone takes: a read and a write for each flow."""
        return -(-self.flows // self.in_flight) * 2 * LATENCY / 1000

    @property
    def ratio(self) -> Figure:
        """How many times the bound it took."""
        return self.measured.wall.divided(self.bound)

    @property
    def cpu_per_flow(self) -> Figure:
        """Milliseconds of processor time."""
        return self.measured.cpu.divided(self.flows / 1000)


@dataclass(frozen=True, slots=True)
class Compared:
    """A tool that people use today and flowsync, at the same work in the same rounds."""

    work: str
    tool: str
    its: Measured
    ours: Measured

    @property
    def ratio(self) -> Figure:
        """How many times as long as ours it takes."""
        return self.its.to(self.ours)


@dataclass(frozen=True, slots=True)
class Missing:
    """A tool that could not be measured here, and why."""

    work: str
    tool: str
    why: str


Finding: TypeAlias = "Value | Sized | Applied | Compared | Missing"


def figures(findings: Iterable[Finding]) -> Mapping[str, Figure]:
    """What budgets are held against, by their names."""
    found = tuple(findings)
    sized = {(each.work, each.flows): each for each in found if isinstance(each, Sized)}
    applied = {(each.in_flight, each.flows): each for each in found if isinstance(each, Applied)}
    values = ((each.name, each.figure) for each in found if isinstance(each, Value))
    return dict([*_of_sizes(sized), *_of_applies(applied), *values])


def _of_sizes(sized: Mapping[tuple[Work, int], Sized]) -> Iterator[tuple[str, Figure]]:
    for name, work in (("validate", Work.VALIDATE), ("plan", Work.PLAN)):
        usual, many = sized.get((work, FLOWS)), sized.get((work, MANY))
        if usual:
            yield name, usual.ratio
            yield f"{name} memory", usual.measured.memory
        if usual and many:
            yield f"{name} many", many.measured.wall.divided(usual.measured.wall.value * MANY / FLOWS)
            yield f"{name} many memory", many.measured.memory


def _of_applies(applied: Mapping[tuple[int, int], Applied]) -> Iterator[tuple[str, Figure]]:
    for (in_flight, flows), each in applied.items():
        if flows == FLOWS:
            yield f"apply {in_flight}", each.ratio
            yield f"apply {in_flight} cpu", each.cpu_per_flow
            yield f"apply {in_flight} memory", each.measured.memory
        if flows == MANY:
            yield "apply many", each.ratio
            yield "apply many memory", each.measured.memory
