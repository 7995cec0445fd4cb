"""A run for people, for programs and for docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tables
from budgets import FAR, outcomes
from findings import FLOWS, Applied, Compared, Missing, Sized, Value, figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from budgets import Size
    from findings import Finding
    from processes import Measured

FORMAT: Final = "flowsync-benchmarks/2"


def text(findings: Sequence[Finding], size: Size) -> str:
    """Tables for a terminal."""
    title = f"{FLOWS:,} flows if nothing else is said, {size.rounds} rounds, medians; {_machine()}\n"
    every = (tables.promises, tables.sizes, tables.tools, tables.parallelism)
    return "\n".join([title, *filter(None, (table(findings).as_text() for table in every))])


def page(findings: Sequence[Finding], size: Size) -> str:
    """docs/performance.md."""
    return (
        (Path(__file__).parent / "page.md")
        .read_text(encoding="utf-8")
        .format(
            machine=_machine(),
            flows=f"{FLOWS:,}",
            rounds=size.rounds,
            far=f"{FAR:g}",
            promises=tables.promises(findings).as_markdown(),
            sizes=tables.sizes(findings).as_markdown(),
            tools=tables.tools(findings).as_markdown(),
            parallelism=tables.parallelism(findings).as_markdown(),
        )
    )


def as_json(findings: Sequence[Finding], size: Size) -> str:
    """A document of this form: `FORMAT`."""
    document = {
        "format": FORMAT,
        "machine": _machine(),
        "rounds": size.rounds,
        "outcomes": [
            {"name": each.budget.name, "value": round(each.value, 4), "spread": round(each.figure.spread, 4)}
            | {"limit": each.budget.limit, "unit": each.budget.unit, "met": each.is_met}
            for each in outcomes(figures(findings))
        ],
        "measured": [row for each in findings for row in _rows(each)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rows(finding: Finding) -> list[dict[str, object]]:
    match finding:
        case Sized(work, flows, measured):
            return [{"work": work.name.lower(), "flows": flows, **_costs(measured)}]
        case Applied(in_flight, flows, measured):
            return [{"work": "apply", "flows": flows, "in_flight": in_flight, **_costs(measured)}]
        case Compared(work, tool, its, ours):
            return [{"work": work, "tool": tool, **_costs(its)}, {"work": work, "tool": "flowsync", **_costs(ours)}]
        case Missing(work, tool, why):
            return [{"work": work, "tool": tool, "missing": why}]
        case Value():
            return []


def _costs(measured: Measured) -> dict[str, object]:
    return {
        "seconds": [round(each.wall, 4) for each in measured.runs],
        "processor_seconds": [round(each.cpu, 4) for each in measured.runs],
        "megabytes": [round(each.memory, 1) for each in measured.runs],
    }


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {python}, PyYAML {version('pyyaml')}"
