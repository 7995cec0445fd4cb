"""What GitHub shows of a run: a plan, what applying it did, or why there is neither.

For a reviewer who has never seen flowsync: first what users will notice and what to be wary of, then
a table, then each flow's diff folded away. A report is made of blocks, so that where there is little
room whole blocks are left out, counted and named, and what is left is well-formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import InvalidFilesError
from flowsync.render import ledger, wording
from flowsync.render.escape import code_span, plural
from flowsync.render.problems import counts as problem_counts
from flowsync.render.report_parts import (
    ApplyReport,
    DriftReport,
    FailureReport,
    FilesReport,
    Fitted,
    PlanReport,
    TakeoverReport,
    brief,
    differing,
    enumerated,
    name,
    sentence,
)
from flowsync.render.report_sections import (
    LEAST_ROOM,
    WHAT_TO_DO,
    alert,
    apply_alerts,
    apply_table,
    changed,
    details_that_fit,
    drift_alerts,
    failure_alerts,
    plan_alerts,
    plan_table,
    problems_of,
    problems_table,
    takeover,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.model import Change, Plan
    from flowsync.render.report_parts import Report, Room, Scene

SHORT_COMMIT: Final = 7


def fit(report: Report, room: Room, reserved: int = 0) -> Fitted:
    """Return the report within `room`, less what is `reserved` of it for something else."""
    opening, closing = list(_opening(report, room)), list(_closing(report, room))
    changes = _changes(report)
    left = room.whole - reserved - sum(room.measure(block) + 2 for block in (*opening, *closing)) - room.per_list // 4
    details = details_that_fit(changes, left, room)
    missing = [change.slug for change in changes if change.slug not in details]
    shown = [details[change.slug] for change in changes if change.slug in details]
    blocks = [*opening, *(each.text for each in shown), *_left_out(missing, report.scene, room), *closing]
    return Fitted("\n\n".join(blocks) + "\n", bool(missing) or any(each.is_truncated for each in shown))


def short(report: Report) -> str:
    """Return the report in a few lines of counts, for where GitHub refuses more."""
    return "\n\n".join([_heading(report), *_note_of_shortness(report.scene), _footer(report)]) + "\n"


def _opening(report: Report, room: Room) -> Iterator[str]:
    yield _heading(report)
    match report:
        case PlanReport(plan=plan):
            yield from plan_alerts(report, room)
            yield from plan_table(plan, "What happens", "What changes", room)
            yield from changed(report.waits, room)
        case ApplyReport():
            yield from apply_alerts(report, room)
            yield from apply_table(report, room)
        case DriftReport(plan=plan):
            yield from drift_alerts(plan, room)
            yield from plan_table(plan, "An apply would", "What differs", room)
            yield from [WHAT_TO_DO] if differing(plan) else []
        case TakeoverReport():
            yield from takeover(report, room)
        case FilesReport(problems=problems):
            yield alert("NOTE", "The files are valid.", [], room)
            yield from problems_table(problems, room)
        case FailureReport():
            yield from failure_alerts(report, room)
            yield from problems_table(problems_of(report.error), room)


def _closing(report: Report, room: Room) -> Iterator[str]:
    match report:
        case PlanReport(plan=plan) | DriftReport(plan=plan):
            yield from _plan_notes(plan, room)
        case ApplyReport() | TakeoverReport() | FilesReport() | FailureReport():
            pass
    yield _footer(report)


def _changes(report: Report) -> tuple[Change, ...]:
    match report:
        case PlanReport(plan=plan) | ApplyReport(plan=plan) | DriftReport(plan=plan):
            return plan.changes
        case FailureReport(changes=changes):
            return changes
        case TakeoverReport() | FilesReport():
            return ()


def _heading(report: Report) -> str:
    match report:
        case PlanReport(plan=plan):
            return _titled("plan", _place(plan), wording.counts(plan))
        case ApplyReport(plan=plan):
            return _titled("apply", _place(plan), _apply_counts(report))
        case DriftReport(plan=plan):
            return _titled("drift", _place(plan), plural(differing(plan), "flow"))
        case TakeoverReport(environment=environment, files=files):
            return _titled("drift", environment, f"{plural(len(files), 'file')} to bring up to date")
        case FilesReport(problems=problems):
            return _titled("validate", "", problem_counts(problems))
        case FailureReport(command=command, environment=environment, error=error):
            return _titled(command, environment, _failure_counts(error))


def _titled(command: str, place: str, counted: str) -> str:
    where = f" · {code_span(brief(place))}" if place else ""
    return f"### flowsync {command}{where}: {counted}"


def _place(plan: Plan) -> str:
    return plan.environment or wording.host_of(plan.api_url)


def _apply_counts(report: ApplyReport) -> str:
    return ledger.counts(map(ledger.entry, report.outcomes)) if report.outcomes else "nothing to do"


def _failure_counts(error: FlowsyncError) -> str:
    match error:
        case InvalidFilesError(problems=problems):
            return problem_counts(problems)
        case _:
            return "stopped"


def _left_out(slugs: Sequence[str], scene: Scene, room: Room) -> Iterator[str]:
    if slugs:
        names = enumerated(map(name, slugs), room.per_list // 4 - LEAST_ROOM, room.measure)
        where = f" The [summary of the run]({scene.run_url}) has more." if scene.run_url else ""
        yield f"No room here for the details of {plural(len(slugs), 'flow')}: {names}.{where}"


def _plan_notes(plan: Plan, room: Room) -> Iterator[str]:
    yield sentence(f"R{wording.source(plan)[1:]}. {wording.view(plan)}".rstrip())
    if note := wording.unverified(plan):
        yield sentence(note)
    if note := wording.unseen_elsewhere(plan.unchanged):
        yield sentence(note)
    if plan.unmanaged:
        rows = (f"{name(row.slug)} ({name(row.name)}, id {row.id})" for row in plan.unmanaged)
        names = enumerated(rows, room.per_list // 8, room.measure)
        yield f"Live without a file, so never touched: {names}."


def _footer(report: Report) -> str:
    commit = report.scene.commit
    parts = [f"{_DONE[type(report)]} commit {code_span(commit[:SHORT_COMMIT])}"] if commit else []
    if isinstance(report, PlanReport | ApplyReport | DriftReport):
        parts += [] if commit else [f"For {name(report.plan.api_url)}"]
        parts.append(f"plan {code_span(wording.short_digest(report.plan.digest))}")
        parts += [f"compared with {name(wording.revision(report.plan.base))}"] if report.plan.base else []
    parts += [f"[log and summary]({report.scene.run_url})"] if report.scene.run_url else []
    return " · ".join(parts)


_DONE: Final[Mapping[type[Report], str]] = {
    PlanReport: "Planned for",
    ApplyReport: "Applied for",
    DriftReport: "Compared with",
    TakeoverReport: "Compared with",
    FilesReport: "Checked",
    FailureReport: "Tried for",
}


def _note_of_shortness(scene: Scene) -> Iterator[str]:
    where = f"The [summary of the run]({scene.run_url}) has all of it." if scene.run_url else ""
    yield f"GitHub did not take the details here. {where}".rstrip()
