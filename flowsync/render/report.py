"""What GitHub shows of a run: a plan, what applying it did, drift, files, or why there is none of these.

For a reviewer who has never seen flowsync: first what users will notice and what to be wary of, then
a table, then each flow's diff folded away. A report is made of blocks, so that where there is little
room whole blocks are left out, counted and named, and what is left is well-formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import DocumentError, InvalidFilesError
from flowsync.render import ledger, wording
from flowsync.render.escape import code_span, plural
from flowsync.render.problems import counts as problem_counts
from flowsync.render.report_parts import (
    LEAST_ROOM,
    WHAT_TO_DO,
    Fitted,
    alert,
    apply_alerts,
    apply_table,
    brief,
    changed_waits,
    details_that_fit,
    differing,
    drift_alert,
    drift_limits,
    enumerated,
    failure_alert,
    name,
    plan_alerts,
    plan_table,
    problems_table,
    sentence,
    takeover,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits
    from flowsync.model import Change, Outcome, Plan, Problem, SettingChange
    from flowsync.render.report_parts import Limits

SHORT_COMMIT: Final = 7


class Moment(Enum):
    """When what a plan shows will happen, as a reader of the plan says it."""

    MERGE = "this is merged"
    APPLY = "this is applied"


@dataclass(frozen=True, slots=True)
class Scene:
    """Which run made a report: of which commit, and where its log and summary are; None where there is no such run."""

    commit: str | None
    run_url: str | None
    moment: Moment = Moment.MERGE


@dataclass(frozen=True, slots=True)
class OtherPull:
    """Another open pull request that changes some of the same flows."""

    number: int
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What would happen.

    `waits` is what that does to which flow waits for which, None where it is not known. `problems` are the warnings
    about the files, `settings` what the branch changes in flowsync.yaml. `into` is the branch that this would be merged
    into, where that is another than `applied`, the one that is applied; None where it is the same or not known.
    """

    scene: Scene
    plan: Plan
    waits: ChangedWaits | None = None
    problems: tuple[Problem, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    others: tuple[OtherPull, ...] = ()
    into: str | None = None
    applied: str | None = None


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

    `plan` holds edits only. `waiting` are the flows of merged changes that are not applied yet. `gap` says what is not
    known of who made the differences; it is empty where all is.
    """

    scene: Scene
    plan: Plan
    waiting: tuple[str, ...] = ()
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
    opening, closing = [_heading(report), *_opening(report, limits)], [*_notes(report, limits), _footer(report)]
    changes = _changes(report)
    left = (
        limits.total
        - reserved
        - sum(limits.measure(block) + 2 for block in (*opening, *closing))
        - limits.per_list // 4
    )
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
    return "\n\n".join([_heading(report), note, _footer(report)]) + "\n"


def _heading(report: Report) -> str:
    match report:
        case PlanReport(plan=plan):
            command, place, counted = "plan", _place(plan), wording.counts(plan)
        case ApplyReport(plan=plan, outcomes=outcomes):
            command, place = "apply", _place(plan)
            counted = ledger.counts(map(ledger.entry, outcomes)) if outcomes else "nothing to do"
        case DriftReport(plan=plan):
            command, place, counted = "drift", _place(plan), plural(differing(plan), "flow")
        case TakeoverReport(environment=place, files=files):
            command, counted = "drift", f"{plural(len(files), 'file')} to bring up to date"
        case FilesReport(problems=problems):
            command, place, counted = "validate", "", problem_counts(problems)
        case FailureReport(command=command, environment=place, error=error):
            counted = problem_counts(error.problems) if isinstance(error, InvalidFilesError) else "stopped"
    where = f" · {code_span(brief(place))}" if place else ""
    return f"### flowsync {command}{where}: {counted}"


def _place(plan: Plan) -> str:
    return plan.environment or wording.host_of(plan.api_url)


def _opening(report: Report, limits: Limits) -> Iterator[str]:
    match report:
        case PlanReport(scene, plan, waits):
            yield from plan_alerts(plan, scene.moment.value, limits)
            yield from plan_table(plan, "What happens", "What changes", limits)
            yield from changed_waits(waits, limits)
        case ApplyReport(_, plan, outcomes, extras):
            yield from apply_alerts(plan, outcomes, extras, limits)
            yield from apply_table(plan, outcomes, limits)
        case DriftReport(_, plan, waiting, gap):
            yield drift_alert(plan, waiting, limits)
            yield from plan_table(plan, "An apply would", "What differs", limits)
            yield from [WHAT_TO_DO] if differing(plan) else []
            yield from drift_limits(waiting, gap, limits)
        case TakeoverReport(_, _, files, left):
            yield from takeover(files, left, limits)
        case FilesReport(_, problems):
            yield alert("NOTE", "The files are valid.", [], limits)
            yield from problems_table(problems, limits)
        case FailureReport(error=error):
            yield failure_alert(error, limits)
            if isinstance(error, InvalidFilesError):
                yield from problems_table(error.problems, limits)
            elif isinstance(error, DocumentError):
                yield from problems_table((error.problem,), limits)


def _changes(report: Report) -> tuple[Change, ...]:
    match report:
        case PlanReport(plan=plan) | ApplyReport(plan=plan) | DriftReport(plan=plan):
            return plan.changes
        case FailureReport(changes=changes):
            return changes
        case TakeoverReport() | FilesReport():
            return ()


def _notes(report: Report, limits: Limits) -> Iterator[str]:
    if not isinstance(report, PlanReport | DriftReport):
        return
    plan = report.plan
    yield sentence(f"R{wording.source(plan)[1:]}. {wording.view(plan)}".rstrip())
    if note := wording.unverified(plan):
        yield sentence(note)
    if note := wording.unseen_elsewhere(plan.unchanged):
        yield sentence(note)
    if plan.unmanaged:
        rows = (f"{name(row.slug)} ({name(row.name)}, id {row.id})" for row in plan.unmanaged)
        names = enumerated(rows, limits.per_list // 8, limits.measure)
        yield f"Live without a file, so never touched: {names}."


_DONE: Final[Mapping[type[Report], str]] = {
    PlanReport: "Planned for",
    ApplyReport: "Applied for",
    DriftReport: "Compared with",
    TakeoverReport: "Compared with",
    FilesReport: "Checked",
    FailureReport: "Tried for",
}


def _footer(report: Report) -> str:
    commit, url = report.scene.commit, report.scene.run_url
    parts = [f"{_DONE[type(report)]} commit {code_span(commit[:SHORT_COMMIT])}"] if commit else []
    if isinstance(report, PlanReport | ApplyReport | DriftReport):
        parts += [] if commit else [f"For {name(report.plan.api_url)}"]
        parts.append(f"plan {code_span(wording.short_digest(report.plan.digest))}")
        parts += [f"compared with {name(wording.revision(report.plan.base))}"] if report.plan.base else []
    parts += [f"[log and summary]({url})"] if url else []
    return " · ".join(parts)
