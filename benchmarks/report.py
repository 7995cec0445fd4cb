"""The outcomes of a run for people, for programs and for docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from budgets import FAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from budgets import Outcome, Size

FORMS: Final = ("json", "text", "markdown")
FORMAT: Final = "flowsync-benchmarks/1"


def text(outcomes: Sequence[Outcome], size: Size) -> str:
    """A table for a terminal."""
    wide = max(len(each.budget.says) for each in outcomes)
    lines = [
        f"{each.budget.says.ljust(wide)}  {_value(each):>14}  {_limit(each):>18}  {_verdict(each)}" for each in outcomes
    ]
    return "\n".join([f"{size.flows:,} flows, {size.rounds} rounds, medians; {_machine()}", *lines, ""])


def as_json(outcomes: Sequence[Outcome], size: Size) -> str:
    """A document of this form: `FORMAT`."""
    rows = [
        {"name": each.budget.name, "value": round(each.value, 4), "limit": each.budget.limit, "unit": each.budget.unit}
        | {"met": each.is_met}
        for each in outcomes
    ]
    document = {"format": FORMAT, "machine": _machine(), "flows": size.flows, "rounds": size.rounds, "outcomes": rows}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def page(outcomes: Sequence[Outcome], size: Size) -> str:
    """docs/performance.md."""
    rows = [f"| {each.budget.says} | {_value(each)} | {_limit(each)} | {_verdict(each)} |" for each in outcomes]
    return (
        (Path(__file__).parent / "page.md")
        .read_text(encoding="utf-8")
        .format(machine=_machine(), flows=f"{size.flows:,}", rounds=size.rounds, far=f"{FAR:g}", table="\n".join(rows))
    )


def _value(outcome: Outcome) -> str:
    return f"{outcome.value:.3g} {outcome.budget.unit}"


def _limit(outcome: Outcome) -> str:
    return f"{'at most' if outcome.budget.at_most else 'at least'} {outcome.budget.limit:g} {outcome.budget.unit}"


def _verdict(outcome: Outcome) -> str:
    if outcome.is_met:
        return "met"
    return "far off" if outcome.is_far_over else "missed"


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {python}, PyYAML {version('pyyaml')}"
