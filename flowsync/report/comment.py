"""Reports as GitHub shows them, and the formats of plans and results.

For a reviewer who has never seen flowsync: first what users will notice and what is risky, then a table, then each
flow's diff folded away. A report is made of blocks, so that where there is little room whole blocks are left out,
counted and named, and the rest is well-formed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from flowsync.model import Outcome, Plan
from flowsync.plan.document import to_document
from flowsync.render import ledger
from flowsync.render.escape import code_span, json_text, plural
from flowsync.render.style import Screen
from flowsync.render.wording import Reader
from flowsync.report import plans, results
from flowsync.report.layout import (
    COMMENT,
    LEAST_ROOM,
    SUMMARY,
    Fitted,
    Limits,
    Page,
    brief,
    details_that_fit,
    enumerated,
    name,
)
from flowsync.report.planned import headline, plan_page, settings_alert
from flowsync.report.values import (
    ApplyReport,
    DriftReport,
    FailureReport,
    FilesReport,
    Moment,
    OtherCommand,
    PlanReport,
    Report,
    Scene,
    TakeoverReport,
)

SHORT_COMMIT: Final = 7


def page_of(report: Report, limits: Limits) -> Page:
    """Return the parts of a report."""
    match report:
        case PlanReport():
            return plan_page(report, limits)
        case ApplyReport():
            return results.apply_page(report, limits)
        case DriftReport():
            return results.drift_page(report, limits)
        case TakeoverReport():
            return results.takeover_page(report, limits)
        case FilesReport():
            return results.files_page(report, limits)
        case FailureReport():
            return results.failure_page(report, limits)


def fit(report: Report, limits: Limits, reserved: int = 0) -> Fitted:
    """Return the report within `limits`, with `reserved` space left for something else."""
    limits = limits.less(reserved)
    page = page_of(report, limits)
    first = settings_alert(report.settings, limits) if isinstance(report, PlanReport) else ()
    opening, closing = [*first, *_opening(page, report.scene), *page.blocks], [*page.closing, f"**Next:** {page.next}"]
    left = limits.total - sum(limits.measure(block) + 2 for block in (*opening, *closing)) - limits.per_list // 4
    details = details_that_fit(page.changes, left, limits)
    missing = [change.slug for change in page.changes if change.slug not in details]
    shown = [details[change.slug] for change in page.changes if change.slug in details]
    blocks = [*opening, *(each.text for each in shown)]
    if missing:
        slugs = enumerated(map(name, missing), limits.per_list // 4 - LEAST_ROOM, limits.measure)
        blocks.append(f"The details of {plural(len(missing), 'flow')} do not fit here: {slugs}.{_elsewhere(report)}")
    return Fitted("\n\n".join([*blocks, *closing]) + "\n", bool(missing) or any(each.is_truncated for each in shown))


def short(report: Report) -> str:
    """Return the report in a few lines of counts, because GitHub refused more."""
    page = page_of(report, COMMENT)
    note = f"GitHub refused the details.{_elsewhere(report)}"
    return "\n\n".join([*_opening(page, report.scene), note, f"**Next:** {page.next}"]) + "\n"


def _elsewhere(report: Report) -> str:
    url = report.scene.run_url
    return f" The [summary of the run]({url}) has them." if url else ""


def _opening(page: Page, scene: Scene) -> list[str]:
    """Return the headline, and the facts about the run: command, environment, commit, and its log."""
    parts = [f"flowsync {page.command}", *([code_span(brief(page.place))] if page.place else [])]
    parts += [f"commit {code_span(scene.commit[:SHORT_COMMIT])}"] if scene.commit else []
    parts += [page.fact] if page.fact else []
    parts += [f"[log and summary]({scene.run_url})"] if scene.run_url else []
    return [f"### {page.headline}", " · ".join(parts)]


def title(report: PlanReport) -> str:
    """Return the headline of a plan as plain text."""
    return headline(report, brief)


_TERMINAL: Final = Scene(None, None, Moment.APPLY, Reader.TERMINAL)


def plan_markdown(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the plan as GitHub's comment shows it, with as much space as a job's summary; ignores the screen."""
    return fit(PlanReport(_TERMINAL, plan), SUMMARY).text


def other_markdown(plan: Plan, other: OtherCommand) -> str:
    """Return the plan of a command other than plan as `plan_markdown` does."""
    return fit(PlanReport(_TERMINAL, plan, other=other), SUMMARY).text


def plan_json(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the document `flowsync-plan/1`; ignores the screen."""
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
