"""Whole outputs, held to files that a person has read; run as a module, this writes the files again, for review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from flowsync.problems import FORMATS
from flowsync.render import ledger
from flowsync.render.style import Colour, Detail, Screen
from flowsync.render.versions import status
from flowsync.report import plans
from flowsync.report.comment import apply_markdown, plan_json, plan_markdown
from tests.render.samples import (
    DRAFT,
    EMPTY_PLAN,
    FULL_PLAN,
    NEW_PLAN,
    OUTCOMES,
    PROBLEMS,
    SURVEY,
    WIDE_SURVEY,
    plan_of,
    source_line,
)

EXPECTED = Path(__file__).parent / "expected"
SCREEN = Screen()
SMALL = [replace(each, change=replace(DRAFT, slug=each.change.slug)) for each in OUTCOMES]
COLOURED = Screen(colour=Colour.ALWAYS)

RENDERINGS: Mapping[str, Callable[[], str]] = {
    "plan.txt": lambda: plans.text(FULL_PLAN),
    "plan.summary.txt": lambda: plans.text(FULL_PLAN, Screen(detail=Detail.SUMMARY)),
    "plan.md": lambda: plan_markdown(FULL_PLAN),
    "plan.json": lambda: plan_json(FULL_PLAN),
    "plan.ansi": lambda: plans.text(FULL_PLAN, COLOURED),
    "new.txt": lambda: plans.text(NEW_PLAN) + plans.text(replace(NEW_PLAN, blocked=())),
    "new.md": lambda: plan_markdown(NEW_PLAN) + plan_markdown(replace(NEW_PLAN, blocked=())),
    "no-changes.txt": lambda: plans.text(EMPTY_PLAN),
    "no-changes.md": lambda: plan_markdown(EMPTY_PLAN),
    "problems.txt": lambda: FORMATS["text"](PROBLEMS, source_line, SCREEN),
    "problems.md": lambda: FORMATS["markdown"](PROBLEMS, source_line, SCREEN),
    "problems.json": lambda: FORMATS["json"](PROBLEMS, source_line, SCREEN),
    "problems.github.txt": lambda: FORMATS["github"](PROBLEMS, source_line, SCREEN),
    "outcomes.txt": lambda: "".join(map(ledger.outcome_line, OUTCOMES)) + ledger.text(OUTCOMES, SCREEN),
    "outcomes.md": lambda: apply_markdown(plan_of(*(each.change for each in SMALL)), SMALL),
    "outcomes.json": lambda: ledger.as_json(OUTCOMES, SCREEN),
    "status.txt": lambda: status.text(SURVEY, SCREEN),
    "status.md": lambda: status.markdown(SURVEY, SCREEN),
    "status-environments.txt": lambda: status.text(WIDE_SURVEY, SCREEN),
    "status-environments.md": lambda: status.markdown(WIDE_SURVEY, SCREEN),
    "status-environments.json": lambda: status.as_json(WIDE_SURVEY, SCREEN),
    "status-narrow.txt": lambda: status.text(WIDE_SURVEY, Screen(width=60, wrap=60)),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_an_output_is_as_reviewed(name: str) -> None:
    assert RENDERINGS[name]() == (EXPECTED / name).read_text(encoding="utf-8")


def test_every_reviewed_output_is_made() -> None:
    assert {file.name for file in EXPECTED.iterdir()} == set(RENDERINGS)


if __name__ == "__main__":
    for name, rendering in RENDERINGS.items():
        (EXPECTED / name).write_text(rendering(), encoding="utf-8", newline="\n")
