"""The formats of a plan, and of what applying it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from flowsync.model import Outcome, Plan
from flowsync.plan.document import to_document
from flowsync.render import ledger
from flowsync.render.escape import json_text
from flowsync.render.style import Screen
from flowsync.render.wording import Reader
from flowsync.report import plans
from flowsync.report.comment import ApplyReport, Moment, PlanReport, Scene, fit
from flowsync.report.layout import SUMMARY

_TERMINAL: Final = Scene(None, None, Moment.APPLY, Reader.TERMINAL)


def plan_markdown(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the plan as GitHub's comment shows it, with as much room as a job's summary, whatever the screen."""
    return fit(PlanReport(_TERMINAL, plan), SUMMARY).text


def plan_json(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the document `flowsync-plan/1`, whatever the screen."""
    return json_text(to_document(plan))


PLAN_FORMATS: Final[Mapping[str, Callable[[Plan, Screen], str]]] = {
    "text": plans.text,
    "markdown": plan_markdown,
    "json": plan_json,
}
"""What `plan --format` offers."""


def apply_markdown(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """Return the result as a job's summary on GitHub shows it."""
    return fit(ApplyReport(_TERMINAL, plan, tuple(outcomes)), SUMMARY).text


APPLY_FORMATS: Final[Mapping[str, Callable[[Plan, Sequence[Outcome], Screen], str]]] = {
    "text": lambda _, outcomes, screen: ledger.text(outcomes, screen),
    "markdown": lambda plan, outcomes, _: apply_markdown(plan, outcomes),
    "json": lambda _, outcomes, screen: ledger.as_json(outcomes, screen),
}
"""What `apply --format` offers."""
