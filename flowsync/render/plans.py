"""A plan in every format, and what apply asks about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.plan.document import to_document
from flowsync.render import json_text, plan_text, wording
from flowsync.render.screen import Screen
from flowsync.render.style import Span, Style, line, paint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.model import Plan

APPLY: Final = "flowsync apply"
"""What applies a plan, where nothing is to be said of its place."""


def text(plan: Plan, screen: Screen = Screen(), following: str = APPLY) -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal, and the command line that applies it, `following`."""
    return plan_text.plan(plan, screen, following)


def preview(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal as apply shows it before it asks: without what to run next."""
    return plan_text.preview(plan, screen)


def refusals(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply would refuse, for a terminal; empty when nothing."""
    return plan_text.refusals(plan, screen)


def markdown(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the plan as GitHub's comment tells it, with as much room as a job's summary, whatever the screen."""
    from flowsync.render import report, room  # noqa: PLC0415 - only Markdown needs them

    scene = report.Scene(None, None, report.Moment.APPLY)
    return report.fit(report.PlanReport(scene, plan), room.SUMMARY).text


def as_json(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the document `flowsync-plan/1`, whatever the screen."""
    return json_text.text(to_document(plan))


FORMATS: Final[Mapping[str, Callable[[Plan, Screen], str]]] = {"text": text, "markdown": markdown, "json": as_json}
"""What `plan --format` offers."""


def confirm_question(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply asks before it writes: one line with the answers' letters, without its end."""
    asked = line(Span(wording.question(plan), Style.HEADING), " [y/N] ")
    return paint([asked], screen.colour).removesuffix("\n")
