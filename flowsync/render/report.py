"""What GitHub shows of a run: a plan, what applying it did, or why there is neither.

For a reviewer who has never seen flowsync: first what users will notice and what to be wary of, then
a table, then each flow's diff folded away. A report is made of blocks, so that where there is little
room whole blocks are left out, counted and named, and what is left is well-formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.audience import Bond
from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.model import Origin
from flowsync.plan import action, allowed_by
from flowsync.render import diagrams, ledger, wording
from flowsync.render.escape import cell_code, code_span, fenced, html_code, prose
from flowsync.render.plural import plural
from flowsync.render.problems import counts as problem_counts
from flowsync.render.problems import markdown_row
from flowsync.render.room import enumerated, fitting, shortened
from flowsync.render.screen import Colour
from flowsync.render.style import paint
from flowsync.render.yaml_diff import flow_diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.audience import ChangedWaits
    from flowsync.audience.changing import Wait
    from flowsync.errors import FlowsyncError
    from flowsync.model import Blocked, Change, Outcome, Plan, PlanWarning, Problem, Refusal
    from flowsync.render.ledger import Entry
    from flowsync.render.room import Room

TABLE_ROWS: Final = 100
"""How many flows a table names; the rest is counted."""
NAME_LENGTH: Final = 100
"""Characters of a slug, label or file that are shown where many stand together."""
SENTENCE_LENGTH: Final = 500
REMARKS: Final = 20
DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""
SHORT_COMMIT: Final = 7
_LEAST_ROOM: Final = 300
"""Where less than this is left, no further flow's details can fit."""
_ORDER: Final = ("delete", "deactivate", "update", "create")
"""Whose details go first where there is not room for all."""
_ORIGINS: Final = {Origin.BRANCH: "this branch", Origin.DRIFT: "drift", Origin.CONFLICT: "conflict"}


class Moment(Enum):
    """When what a plan shows will happen, as a reader of the plan says it."""

    MERGE = "this is merged"
    APPLY = "this is applied"


@dataclass(frozen=True, slots=True)
class Scene:
    """Which run made a report: of which commit, and where its log and summary are."""

    commit: str
    run_url: str | None
    moment: Moment = Moment.MERGE


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What would happen, and what that does to which flow waits for which; None where that is not known."""

    scene: Scene
    plan: Plan
    waits: ChangedWaits | None = None


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What happened. `extras` are the slugs that no reviewed plan showed."""

    scene: Scene
    plan: Plan
    outcomes: tuple[Outcome, ...]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How the live flows differ from the files of the main branch, though nobody asked to change anything."""

    scene: Scene
    plan: Plan


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


Report: TypeAlias = "PlanReport | ApplyReport | DriftReport | FilesReport | FailureReport"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Markdown; whether anything was left out of it."""

    text: str
    is_truncated: bool


def fit(report: Report, room: Room, reserved: int = 0) -> Fitted:
    """Return the report within `room`, less what is `reserved` of it for something else."""
    opening, closing = list(_opening(report, room)), list(_closing(report, room))
    changes = _changes(report)
    left = room.whole - reserved - sum(room.measure(block) + 2 for block in (*opening, *closing)) - room.per_list // 4
    details = _details_that_fit(changes, left, room)
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
            yield from _plan_alerts(report, room)
            if plan.changes or plan.blocked:
                yield _table(_plan_rows(plan, "What happens", "What changes"), room)
            if report.waits:
                yield from _waits(report.waits, room)
        case ApplyReport():
            yield from _apply_alerts(report, room)
            if report.plan.changes:
                yield _table(_apply_rows(report), room)
        case DriftReport(plan=plan):
            yield from _drift_alerts(plan, room)
            if plan.changes or plan.blocked:
                yield _table(_plan_rows(plan, "An apply would", "What differs"), room)
                yield _WHAT_TO_DO
        case FilesReport(problems=problems):
            yield _alert("NOTE", "The files are valid.", [], room)
            yield from _problems_table(problems, room)
        case FailureReport():
            yield from _failure_alerts(report, room)


def _closing(report: Report, room: Room) -> Iterator[str]:
    match report:
        case PlanReport(plan=plan) | DriftReport(plan=plan):
            yield from _plan_notes(plan, room)
        case ApplyReport() | FilesReport() | FailureReport():
            pass
    yield _footer(report)


def _changes(report: Report) -> tuple[Change, ...]:
    match report:
        case PlanReport(plan=plan) | ApplyReport(plan=plan) | DriftReport(plan=plan):
            return plan.changes
        case FailureReport(changes=changes):
            return changes
        case FilesReport():
            return ()


# What it is about


def _heading(report: Report) -> str:
    match report:
        case PlanReport(plan=plan):
            return _titled("plan", _place(plan), wording.counts(plan))
        case ApplyReport(plan=plan):
            return _titled("apply", _place(plan), _apply_counts(report))
        case DriftReport(plan=plan):
            return _titled("drift", _place(plan), plural(differing(plan), "flow"))
        case FilesReport(problems=problems):
            return _titled("validate", "", problem_counts(problems))
        case FailureReport(command=command, environment=environment, error=error):
            return _titled(command, environment, _failure_counts(error))


def _titled(command: str, place: str, counted: str) -> str:
    where = f" · {code_span(shortened(place, NAME_LENGTH))}" if place else ""
    return f"### flowsync {command}{where}: {counted}"


def _place(plan: Plan) -> str:
    return plan.environment or wording.host_of(plan.api_url)


def _apply_counts(report: ApplyReport) -> str:
    return ledger.counts(map(ledger.entry, report.outcomes)) if report.outcomes else "nothing to do"


def differing(plan: Plan) -> int:
    """Return how many flows are not as the files say, or not there at all."""
    return len(plan.changes) + len(plan.blocked)


def _failure_counts(error: FlowsyncError) -> str:
    match error:
        case InvalidFilesError(problems=problems):
            return problem_counts(problems)
        case _:
            return "stopped"


# What to be wary of


def _plan_alerts(report: PlanReport, room: Room) -> Iterator[str]:
    plan = report.plan
    if plan.blocked:
        count = plural(len(plan.blocked), "flow")
        lead = f"Nothing can be applied: {count} cannot be written."
        yield _alert("CAUTION", lead, map(_blocked_point, plan.blocked), room)
    if plan.refusals:
        yield _alert("CAUTION", wording.REFUSED, map(_refusal_point, plan.refusals), room)
    points = list(_warning_points(plan))
    if plan.changes or points:
        is_felt = bool(points) or any(change.live for change in plan.changes)
        yield _alert("WARNING" if is_felt else "NOTE", _impact(report), points, room)
    elif not plan.blocked:
        yield _alert("NOTE", "Nothing changes for users: the live flows are as the files say.", [], room)


def _impact(report: PlanReport) -> str:
    """Say in one sentence how many flows change, and how many of them users notice at once."""
    changes = report.plan.changes
    live = sum(change.live for change in changes)
    if not changes:
        return "Nothing changes for users, but:"
    opening = f"When {report.scene.moment.value}, {plural(len(changes), 'flow')} "
    verb = "changes" if len(changes) == 1 else "change"
    if live == len(changes):
        return f"{opening}{verb} for users at once."
    if live:
        return f"{opening}{verb}, {live:,} of them for users at once."
    return f"{opening}{verb}. Users notice nothing yet."


def _warning_points(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        yield from (_warning_point(change.slug, warning) for warning in wording.warnings(change))
        yield from (f"{_name(change.slug)} {_sentence(told)}" for told in wording.origins(change))
    for row in plan.unchanged:
        yield from (_warning_point(row.slug, warning) for warning in row.warnings)


def _warning_point(slug: str, warning: PlanWarning) -> str:
    where = "" if warning.line is None else f", line {warning.line}"
    return f"{_name(slug)}{where}: {_sentence(warning.message)}"


def _blocked_point(blocked: Blocked) -> str:
    return f"{_name(blocked.slug)}: {_sentence(blocked.message)}"


def _refusal_point(refusal: Refusal) -> str:
    flows = wording.listed([_name(slug) for slug in refusal.slugs])
    return f"{flows}{': ' if flows else ''}{_sentence(f'{refusal.message} {allowed_by(refusal)}')}"


def _apply_alerts(report: ApplyReport, room: Room) -> Iterator[str]:
    entries = [ledger.entry(outcome) for outcome in report.outcomes]
    if report.extras:
        points = map(_name, report.extras)
        yield _alert("WARNING", "Written though no merged pull request showed it:", points, room)
    bad = sorted((entry for entry in entries if not entry.is_good), key=lambda entry: entry.slug)
    if bad:
        lead = f"{plural(len(bad), 'flow')} of {len(entries):,} {_are(bad)} not as planned."
        yield _alert("CAUTION", lead, map(_trouble_point, bad), room)
    elif entries:
        live = sum(change.live for change in report.plan.changes)
        seen = f" Users see {live:,} of them now." if live else " Users notice nothing yet."
        yield _alert("NOTE", f"Applied: {plural(len(entries), 'flow')} as planned.{seen}", [], room)
    else:
        yield _alert("NOTE", "Nothing was to be written: the live flows are as the files say.", [], room)


def _are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"


def _trouble_point(entry: Entry) -> str:
    return f"{_name(entry.slug)} {entry.kind.words}: {_sentence(ledger.explained(entry))}"


def _drift_alerts(plan: Plan, room: Room) -> Iterator[str]:
    if count := differing(plan):
        verb = "is" if count == 1 else "are"
        lead = f"{plural(count, 'flow')} {verb} live otherwise than the files say."
        yield _alert("WARNING", lead, map(_blocked_point, plan.blocked), room)
    else:
        yield _alert("NOTE", "The live flows are as the files say.", [], room)


def _failure_alerts(report: FailureReport, room: Room) -> Iterator[str]:
    lead = shortened(report.error.message, SENTENCE_LENGTH)
    reasons = report.error.reasons if isinstance(report.error, RefusedError) else ()
    points = [*reasons, *([report.error.hint] if report.error.hint else [])]
    yield _alert("CAUTION", lead, map(_sentence, points), room)
    yield from _problems_table(_problems(report.error), room)


def _problems_table(problems: Sequence[Problem], room: Room) -> Iterator[str]:
    if problems:
        yield _table(("| Where | | Problem |", "| --- | --- | --- |", *map(markdown_row, problems)), room)


def _problems(error: FlowsyncError) -> tuple[Problem, ...]:
    match error:
        case InvalidFilesError(problems=problems):
            return problems
        case DocumentError(problem=problem):
            return (problem,)
        case _:
            return ()


def _alert(kind: str, lead: str, points: Iterable[str], room: Room) -> str:
    every = [f"> - {point}" for point in points]
    kept = fitting(every, room.per_list, room.measure)
    more = [f"> - and {len(every) - len(kept):,} more"] if len(kept) < len(every) else []
    return "\n".join(
        [f"> [!{kind}]", f"> **{prose(lead) or 'It failed without a word.'}**", *([">"] if every else []), *kept, *more]
    )


_WHAT_TO_DO: Final = (
    "Somebody edited flows outside of the files, or an apply is still to come. In the diffs, `-` is what is live and "
    "`+` what the files say: the next apply would write that. To keep an edit, take it into the files with "
    "`flowsync pull` and merge that; to undo it, apply again."
)

# The table


def _table(lines: Sequence[str], room: Room) -> str:
    """Return a table that fits; `lines` begins with its two lines of heading."""
    heading, rows = lines[:2], lines[2:]
    kept = fitting(rows[:TABLE_ROWS], room.per_table, room.measure)
    rest = len(rows) - len(kept)
    more = [f"| and {rest:,} more |{' |' * (heading[0].count('|') - 2)}"] if rest else []
    return "\n".join([*heading, *kept, *more])


def _plan_rows(plan: Plan, happens: str, changes: str) -> tuple[str, ...]:
    has_origins = any(field.origin for change in plan.changes for field in change.fields)
    heading = ["Flow", happens, "Seen by users", changes, *(["Made by"] if has_origins else [])]
    blocked = (
        _row([_cell(each.slug), "**blocked**", "", cell_code(each.code), *([""] if has_origins else [])])
        for each in plan.blocked
    )
    changed = (
        _row([*_change_cells(change, action(change)), *([_made_by(change)] if has_origins else [])])
        for change in plan.changes
    )
    return (_row(heading), _row(["---"] * len(heading)), *blocked, *changed)


def _apply_rows(report: ApplyReport) -> tuple[str, ...]:
    kinds = {outcome.change.slug: ledger.entry(outcome).kind.words for outcome in report.outcomes}
    heading = ["Flow", "Outcome", "Seen by users", "What changed"]
    rows = (_row(_change_cells(change, kinds.get(change.slug, ""))) for change in report.plan.changes)
    return (_row(heading), _row(["---"] * len(heading)), *rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _change_cells(change: Change, happens: str) -> list[str]:
    places = [_cell(place) for place in wording.changed_places(change)]
    seen = wording.visibility(change)
    return [_cell(change.slug), happens, f"**{seen}**" if change.live else seen, wording.listed(places)]


def _made_by(change: Change) -> str:
    found = {field.origin for field in change.fields}
    return ", ".join(words for origin, words in _ORIGINS.items() if origin in found)


# Who waits for whom


def _waits(waits: ChangedWaits, room: Room) -> Iterator[str]:
    """Say which waits come and go, and draw them where a drawing can still be read."""
    points = [_wait_point(_COMES, wait) for wait in waits.added] + [_wait_point(_GOES, wait) for wait in waits.removed]
    kept = fitting(points, room.per_list // 2, room.measure)
    more = [f"- and {len(points) - len(kept):,} more"] if len(kept) < len(points) else []
    yield "\n".join(["Which flows wait for others changes:", "", *kept, *more])
    drawing = diagrams.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and room.measure(drawing) <= room.per_list:
        yield drawing


def _wait_point(sentences: Mapping[Bond, str], wait: Wait) -> str:
    waiting, awaited, bond = wait
    return f"- {sentences[bond].format(_name(waiting), _name(awaited))}"


_COMES: Final = {
    Bond.MUST: "{} now waits for {}",
    Bond.MAY: "{} may now wait for {}",
    Bond.STEP: "a step of {} now waits for {}",
}
_GOES: Final = {
    Bond.MUST: "{} no longer waits for {}",
    Bond.MAY: "{} may no longer wait for {}",
    Bond.STEP: "no step of {} waits for {} any more",
}

# Each flow


def _details_that_fit(changes: Sequence[Change], left: int, room: Room) -> Mapping[str, Fitted]:
    """Return the details by slug, those first that matter most, until there is no room."""
    details: dict[str, Fitted] = {}
    for change in sorted(changes, key=lambda change: _ORDER.index(action(change))):
        if left < _LEAST_ROOM:
            break
        block = _details(change, room)
        size = room.measure(block.text) + 2
        if size <= left:
            details[change.slug] = block
            left -= size
    return details


def _details(change: Change, room: Room) -> Fitted:
    count = plural(len(wording.changed_places(change)), "change")
    summary = f"<details><summary>{html_code(_brief(change.slug))} {action(change)}: {count}</summary>"
    remarks = [f"- {_name(change.file)}, version {change.version}, id {change.id}"]
    remarks += [f"- {_sentence(sentence)}" for sentence in _remarks(change)]
    kept = fitting(remarks[:REMARKS], room.per_flow // 4, room.measure)
    diff = _diff(change, room)
    text = "\n\n".join([summary, "\n".join(kept), fenced(diff.text, "diff"), "</details>"])
    return Fitted(text, diff.is_truncated)


def _remarks(change: Change) -> Iterator[str]:
    yield from filter(None, map(wording.told, change.fields))
    yield from filter(None, [wording.unseen(change)])


def _diff(change: Change, room: Room) -> Fitted:
    lines = paint(flow_diff(change), Colour.NEVER).rstrip("\n").split("\n")
    kept = fitting(lines, room.per_flow, room.measure)
    rest = len(lines) - len(kept)
    return Fitted("\n".join([*kept, *([f"… {rest:,} more lines"] if rest else [])]), bool(rest))


# What comes last


def _left_out(slugs: Sequence[str], scene: Scene, room: Room) -> Iterator[str]:
    if slugs:
        names = enumerated(map(_name, slugs), room.per_list // 4 - _LEAST_ROOM, room.measure)
        where = f" The [summary of the run]({scene.run_url}) has more." if scene.run_url else ""
        yield f"No room here for the details of {plural(len(slugs), 'flow')}: {names}.{where}"


def _plan_notes(plan: Plan, room: Room) -> Iterator[str]:
    if note := wording.unseen_elsewhere(plan.unchanged):
        yield _sentence(note)
    if plan.unmanaged:
        names = enumerated((_name(row.slug) for row in plan.unmanaged), room.per_list // 8, room.measure)
        yield f"Live without a file, so never touched: {names}."


def _footer(report: Report) -> str:
    parts = [f"{_DONE[type(report)]} commit {code_span(report.scene.commit[:SHORT_COMMIT])}"]
    if isinstance(report, PlanReport | ApplyReport | DriftReport):
        parts.append(f"plan {code_span(wording.short_digest(report.plan.digest))}")
        parts += [f"compared with {_name(report.plan.base)}"] if report.plan.base else []
    parts += [f"[log and summary]({report.scene.run_url})"] if report.scene.run_url else []
    return " · ".join(parts)


_DONE: Final[Mapping[type[Report], str]] = {
    PlanReport: "Planned for",
    ApplyReport: "Applied for",
    DriftReport: "Compared with",
    FilesReport: "Checked",
    FailureReport: "Tried for",
}


def _note_of_shortness(scene: Scene) -> Iterator[str]:
    where = f"The [summary of the run]({scene.run_url}) has all of it." if scene.run_url else ""
    yield f"GitHub did not take the details here. {where}".rstrip()


# Text of strangers


def _brief(text: str) -> str:
    return shortened(text, NAME_LENGTH)


def _name(text: str) -> str:
    return code_span(_brief(text))


def _cell(text: str) -> str:
    return cell_code(_brief(text))


def _sentence(text: str) -> str:
    return prose(shortened(text, SENTENCE_LENGTH))
