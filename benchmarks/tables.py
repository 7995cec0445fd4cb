"""What a run found as tables, each for a terminal and for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from budgets import RATIO, outcomes
from findings import FLOWS, LATENCY, Applied, Compared, Missing, Sized, Work, figures
from parts import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from budgets import Outcome
    from findings import Finding
    from processes import Figure, Measured

APPLY: Final = f"`apply`, {LATENCY} ms"


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of them."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def as_text(self) -> str:
        """In columns; nothing without rows."""
        if not self.rows:
            return ""
        wide = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = (map(str.ljust, row, wide) for row in (self.head, *self.rows))
        return "".join(f"{'  '.join(line).rstrip()}\n" for line in lines)

    def as_markdown(self) -> str:
        """As a table of Markdown."""
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def promises(findings: Sequence[Finding]) -> Table:
    """Each budget that something was measured for."""
    rows = [
        (each.budget.says, _of(each.figure, each.budget.unit), _share(each.figure), _limit(each), _verdict(each))
        for each in outcomes(figures(findings))
    ]
    return Table(("what", "measured", "spread", "budget", ""), tuple(rows))


def sizes(findings: Sequence[Finding]) -> Table:
    """Small repositories and large ones."""
    cells = {(each.flows, each.work.value): _cell(each) for each in findings if isinstance(each, Sized)}
    cells |= {
        (each.flows, APPLY): _cell(each)
        for each in findings
        if isinstance(each, Applied) and each.in_flight == IN_FLIGHT
    }
    columns = (*(work.value for work in Work), APPLY)
    counts = sorted({flows for flows, _ in cells})
    rows = [(f"{flows:,}", *(cells.get((flows, each), "") for each in columns)) for flows in counts]
    return Table(("flows", *columns), tuple(rows))


def tools(findings: Sequence[Finding]) -> Table:
    """What people use today, beside flowsync."""
    rows = []
    for each in findings:
        if isinstance(each, Compared):
            costs = (_cost(each.its), _cost(each.ours))
            rows.append((each.work, each.tool, *costs, _of(each.ratio, RATIO), _share(each.ratio)))
        elif isinstance(each, Missing):
            rows.append((each.work, each.tool, each.why, "", "", ""))
    return Table(("work", "with", "it takes", "flowsync takes", "ratio", "spread"), tuple(rows))


def parallelism(findings: Sequence[Finding]) -> Table:
    """Applies by the number of requests in flight."""
    applies = {each.in_flight: each for each in findings if isinstance(each, Applied) and each.flows == FLOWS}
    rows = [
        (
            str(in_flight),
            _seconds(each.measured.wall),
            f"{each.bound:.2f} s",
            _of(each.ratio, RATIO),
            _share(each.ratio),
            _of(each.cpu_per_flow, "ms a flow"),
            _of(each.measured.memory, "MB"),
        )
        for in_flight, each in sorted(applies.items())
    ]
    return Table(("in flight", "it takes", "bound", "ratio", "spread", "processor time", "memory"), tuple(rows))


def _cell(each: Sized | Applied) -> str:
    unit = "bound" if isinstance(each, Applied) else "Y"
    if isinstance(each, Sized) and each.work is Work.PARSE:
        return _seconds(each.measured.wall)
    return f"{_seconds(each.measured.wall)} = {each.ratio.value:.2f} {unit}, {each.measured.memory.value:.0f} MB"


def _cost(measured: Measured) -> str:
    return f"{_seconds(measured.wall)}, {measured.memory.value:.0f} MB"


def _seconds(figure: Figure) -> str:
    return f"{figure.value:.2f} s"


def _of(figure: Figure, unit: str) -> str:
    return f"{figure.value:.3g} {unit}"


def _share(figure: Figure) -> str:
    return f"{figure.spread:.0%}" if figure.spread else ""


def _limit(outcome: Outcome) -> str:
    return f"{'at most' if outcome.budget.at_most else 'at least'} {outcome.budget.limit:g} {outcome.budget.unit}"


def _verdict(outcome: Outcome) -> str:
    if outcome.is_met:
        return "met"
    return "far off" if outcome.is_far_over else "missed"
