"""What GitHub shows of a run: a plan, what applying it did, drift, files, or why there is none of these.

For a reviewer who has never seen flowsync: first what users will notice and what to be wary of, then
a table, then each flow's diff folded away. A report is made of blocks, so that where there is little
room whole blocks are left out, counted and named, and what is left is well-formed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import InvalidFilesError
from flowsync.problems.listing import counts as problem_counts
from flowsync.render import wording
from flowsync.render.escape import code_span, plural
from flowsync.render.wording import Reader
from flowsync.report import planned, results
from flowsync.report.layout import (
    LEAST_ROOM,
    Fitted,
    brief,
    details_that_fit,
    enumerated,
    name,
    problems_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits
    from flowsync.model import Change, Outcome, Plan, Problem, SettingChange
    from flowsync.report.layout import Limits

SHORT_COMMIT: Final = 7
_COMPARISON: Final = "check of live flows"
"""Explains `drift` to readers who do not know the command."""


class Moment(Enum):
    """What makes a plan come true, as the beginning of a sentence."""

    MERGE = "Merging this"
    APPLY = "Applying this"

    @property
    def next_step(self) -> str:
        """What a reader of a plan that nothing stops does next, in a pull request or after it."""
        if self is Moment.MERGE:
            return "Merge when this is right: exactly this is applied then, and a new comment says how it went."
        return "The apply job writes exactly this."

    @property
    def branch(self) -> str:
        """What the files that are planned are of."""
        return "this PR" if self is Moment.MERGE else "this branch"


@dataclass(frozen=True, slots=True)
class Scene:
    """Which run made a report: of which commit, and where its log and summary are; None where there is no such run."""

    commit: str | None
    run_url: str | None
    moment: Moment = Moment.MERGE
    reader: Reader = Reader.GITHUB

    @property
    def is_before(self) -> bool:
        """Whether the reader still has to merge what this is about."""
        return self.moment is Moment.MERGE

    @property
    def is_on_github(self) -> bool:
        """Whether the reader can set inputs of the action, and no flags."""
        return self.reader is Reader.GITHUB


@dataclass(frozen=True, slots=True)
class OtherPull:
    """Another open pull request that changes some of the same flows."""

    number: int
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """The slugs of the flows that look different, how many pictures of them there are, and `name` of their artefact.

    `trouble` says why there are none, or not all.
    """

    changed: tuple[str, ...]
    pictures: int = 0
    trouble: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What would happen.

    `waits` is what that does to which flow waits for which, None where it is not known. `problems` are the warnings
    about the files, `settings` what the branch changes in flowsync.yaml. `into` is the branch that this would be merged
    into, where that is another than `applied`, the one that is applied; None where it is the same or not known.
    `looks` is None where nobody asked for pictures.
    """

    scene: Scene
    plan: Plan
    waits: ChangedWaits | None = None
    problems: tuple[Problem, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    others: tuple[OtherPull, ...] = ()
    into: str | None = None
    applied: str | None = None
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What happened. `extras` are the slugs that no reviewed plan showed."""

    scene: Scene
    plan: Plan
    outcomes: tuple[Outcome, ...]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How the live flows differ from the files of the main branch, though nobody asked to change anything.

    `plan` holds edits only. `waiting` are the flows of merged changes that are not applied yet, `missing` the
    files without a live flow. `gap` says what is not
    known of who made the differences; it is empty where all is.
    """

    scene: Scene
    plan: Plan
    waiting: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class TakeoverReport:
    """Files that take over what somebody edited live; by slug, `files` are their names, `left` is why not."""

    scene: Scene
    environment: str
    files: Mapping[str, str]
    left: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What validation found in files that are fit to be planned."""

    scene: Scene
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FailureReport:
    """Why a command ended without a result. `changes` are those that kept it from going on."""

    scene: Scene
    command: str
    environment: str
    error: FlowsyncError
    changes: tuple[Change, ...] = ()


Report: TypeAlias = "PlanReport | ApplyReport | DriftReport | TakeoverReport | FilesReport | FailureReport"


def fit(report: Report, limits: Limits, reserved: int = 0) -> Fitted:
    """Return the report within `limits`, less what is `reserved` of it for something else."""
    limits = limits.less(reserved)
    opening = [*_first(report, limits), _heading(report), _facts(report), *_opening(report, limits)]
    closing = [*_closing(report, limits), _next(report)]
    changes = _changes(report)
    left = limits.total - sum(limits.measure(block) + 2 for block in (*opening, *closing)) - limits.per_list // 4
    details = details_that_fit(changes, left, limits)
    missing = [change.slug for change in changes if change.slug not in details]
    shown = [details[change.slug] for change in changes if change.slug in details]
    blocks = [*opening, *(each.text for each in shown)]
    if missing:
        names = enumerated(map(name, missing), limits.per_list // 4 - LEAST_ROOM, limits.measure)
        url = report.scene.run_url
        where = f" The [summary of the run]({url}) has more." if url else ""
        blocks.append(f"No room here for the details of {plural(len(missing), 'flow')}: {names}.{where}")
    return Fitted("\n\n".join([*blocks, *closing]) + "\n", bool(missing) or any(each.is_truncated for each in shown))


def short(report: Report) -> str:
    """Return the report in a few lines of counts, for where GitHub refuses more."""
    url = report.scene.run_url
    where = f" The [summary of the run]({url}) has all of it." if url else ""
    note = f"GitHub did not take the details here.{where}"
    return "\n\n".join([_heading(report), _facts(report), note, _next(report)]) + "\n"


def _first(report: Report, limits: Limits) -> Iterator[str]:
    if isinstance(report, PlanReport):
        yield from planned.settings_alert(report.settings, limits)


def _heading(report: Report) -> str:
    match report:
        case PlanReport():
            said = planned.headline(report)
        case ApplyReport(plan=plan, outcomes=outcomes):
            said = results.apply_headline(plan, outcomes, code_span(brief(_place(plan))))
        case DriftReport(plan=plan):
            said = results.drift_headline(plan, [*report.waiting, *report.missing])
        case TakeoverReport(files=files):
            said = f"Merging this keeps dashboard edits in {plural(len(files), 'file')}. Nothing changes for users."
        case FilesReport(problems=problems):
            said = f"The files are valid: {problem_counts(problems)}." if problems else "The files are valid."
        case FailureReport():
            said = results.failure_headline(report)
    return f"### {said}"


def title(report: PlanReport) -> str:
    """Return the headline of a plan as plain text."""
    return planned.headline(report, brief)


def _place(plan: Plan) -> str:
    return plan.environment or wording.host_of(plan.api_url)


def _opening(report: Report, limits: Limits) -> Iterator[str]:
    match report:
        case PlanReport(scene, plan, waits, _, settings, others):
            plan = replace(plan, dropped=planned.untold(plan.dropped, settings))
            yield from planned.stops_alert(plan, scene, limits)
            yield from planned.notice_alert(report, limits)
            yield from planned.flows_table(plan, "What changes", scene, limits)
            yield from planned.changed_looks(report.looks, scene, limits)
            yield from planned.changed_waits(waits, limits)
            yield from planned.other_pulls(others, limits)
            yield from ["Warnings about the files:"] if report.problems else []
            yield from problems_table(report.problems, limits.per_list, limits)
        case ApplyReport():
            yield from results.apply_parts(report, limits)
        case DriftReport():
            yield from results.drift_parts(report, limits)
        case TakeoverReport():
            yield from results.takeover_parts(report, limits)
        case FilesReport(_, problems):
            yield from problems_table(problems, limits.per_table, limits)
        case FailureReport():
            yield from results.failure_parts(report, limits)


def _changes(report: Report) -> tuple[Change, ...]:
    match report:
        case PlanReport(plan=plan) | ApplyReport(plan=plan) | DriftReport(plan=plan):
            return plan.changes
        case FailureReport(changes=changes):
            return changes
        case TakeoverReport() | FilesReport():
            return ()


def _closing(report: Report, limits: Limits) -> Iterator[str]:
    if isinstance(report, PlanReport | DriftReport):
        yield planned.about(report.plan, limits)


def _facts(report: Report) -> str:
    """Return which run this is of, in one line: command, environment, commit, and where its log is."""
    match report:
        case PlanReport(plan=plan):
            command, place = "plan", _place(plan)
        case ApplyReport(plan=plan):
            command, place = "apply", _place(plan)
        case DriftReport(plan=plan):
            command, place = _COMPARISON, _place(plan)
        case TakeoverReport(environment=place):
            command = _COMPARISON
        case FilesReport():
            command, place = "validate", ""
        case FailureReport(command=command, environment=place):
            pass
    commit, url = report.scene.commit, report.scene.run_url
    parts = [f"flowsync {command}", *([code_span(brief(place))] if place else [])]
    parts += [f"commit {code_span(commit[:SHORT_COMMIT])}"] if commit else []
    if isinstance(report, FailureReport) and isinstance(report.error, InvalidFilesError):
        parts.append(problem_counts(report.error.problems))
    parts += [f"[log and summary]({url})"] if url else []
    return " · ".join(parts)


def _next(report: Report) -> str:
    match report:
        case PlanReport():
            said = planned.next_step(report)
        case ApplyReport():
            said = results.apply_next(report)
        case DriftReport(plan=plan):
            said = results.drift_next(plan)
        case TakeoverReport():
            said = (
                "Merge to keep the edits. To undo them instead, close this and open any other pull request: its plan "
                "shows them, and merging that overwrites them."
            )
        case FilesReport(problems=problems):
            said = "Read the warnings; nothing has to be done." if problems else "Nothing to do."
        case FailureReport():
            said = results.failure_next(report)
    return f"**Next:** {said}"
