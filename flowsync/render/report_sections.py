"""Who waits for whom, where a plan changes that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.flows.waits import Bond
from flowsync.model import Origin
from flowsync.plan.document import action, allowed_by
from flowsync.render import diagrams, ledger, wording
from flowsync.render.escape import cell_code, fenced, html_code, plural, prose
from flowsync.render.expression_diff import meaning
from flowsync.render.problems import markdown_row
from flowsync.render.report_parts import (
    SENTENCE_LENGTH,
    Fitted,
    brief,
    cell,
    differing,
    fitting,
    name,
    sentence,
    shortened,
)
from flowsync.render.style import Colour, paint
from flowsync.render.yaml_diff import flow_diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits, Wait
    from flowsync.model import Blocked, Change, Plan, PlanWarning, Problem, Refusal
    from flowsync.render.ledger import Entry
    from flowsync.render.report_parts import ApplyReport, FailureReport, PlanReport, Room, TakeoverReport

DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""


def changed(waits: ChangedWaits | None, room: Room) -> Iterator[str]:
    """Yield which waits come and go, and a drawing of them where it can still be read."""
    if not waits:
        return
    points = [_wait_point(_COMES, wait) for wait in waits.added] + [_wait_point(_GOES, wait) for wait in waits.removed]
    kept = fitting(points, room.per_list // 2, room.measure)
    more = [f"- and {len(points) - len(kept):,} more"] if len(kept) < len(points) else []
    yield "\n".join(["Which flows wait for others changes:", "", *kept, *more])
    drawing = diagrams.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and room.measure(drawing) <= room.per_list:
        yield drawing


def _wait_point(sentences: Mapping[Bond, str], wait: Wait) -> str:
    waiting, awaited, bond = wait
    return f"- {sentences[bond].format(name(waiting), name(awaited))}"


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


TABLE_ROWS: Final = 100
"""How many flows a table names; the rest is counted."""
_WRITTEN: Final = frozenset({ledger.Kind.APPLIED, ledger.Kind.UNCHANGED})
"""After these a flow is as planned."""
_ORIGINS: Final = {Origin.BRANCH: "this branch", Origin.DRIFT: "drift", Origin.CONFLICT: "conflict"}


def table(lines: Sequence[str], room: Room) -> str:
    """Return a table that fits; `lines` begins with its two lines of heading."""
    heading, rows = lines[:2], lines[2:]
    kept = fitting(rows[:TABLE_ROWS], room.per_table, room.measure)
    rest = len(rows) - len(kept)
    more = [f"| and {rest:,} more |{' |' * (heading[0].count('|') - 2)}"] if rest else []
    return "\n".join([*heading, *kept, *more])


def plan_table(plan: Plan, happens: str, changes: str, room: Room) -> Iterator[str]:
    """Yield the table of a plan, where it holds anything; as `plan_rows`."""
    if plan.writes or plan.blocked:
        yield table(plan_rows(plan, happens, changes), room)


def apply_table(report: ApplyReport, room: Room) -> Iterator[str]:
    """Yield the table of what became of each change, where there were any."""
    if report.plan.writes:
        yield table(apply_rows(report), room)


def plan_rows(plan: Plan, happens: str, changes: str) -> tuple[str, ...]:
    """Return the table of a plan, with the titles of two of its columns; who made a change only where that is known."""
    has_origins = any(field.origin for change in plan.changes for field in change.fields)
    heading = ["Flow", happens, "Seen by users", changes, *(["Made by"] if has_origins else [])]
    blocked = (
        _row([cell(each.slug), "**blocked**", "", cell_code(each.code), *([""] if has_origins else [])])
        for each in plan.blocked
    )
    changed = (
        _row([*_change_cells(change, action(change)), *([_made_by(change)] if has_origins else [])])
        for change in plan.changes
    )
    unverified = (
        _row([cell(change.slug), "unverified", "not known", "active: false", *([""] if has_origins else [])])
        for change in plan.unverified
    )
    return (_row(heading), _row(["---"] * len(heading)), *blocked, *changed, *unverified)


def apply_rows(report: ApplyReport) -> tuple[str, ...]:
    """Return the table of what became of each change."""
    entries = {outcome.change.slug: ledger.entry(outcome) for outcome in report.outcomes}
    heading = ["Flow", "Outcome", "Seen by users", "Planned changes"]
    rows = (_row(_outcome_cells(change, entries.get(change.slug))) for change in report.plan.writes)
    return (_row(heading), _row(["---"] * len(heading)), *rows)


def _outcome_cells(change: Change, entry: Entry | None) -> list[str]:
    kind = entry.kind.words if entry else ""
    return [cell(change.slug), kind, _seen_now(change, entry), _places(change)]


def _seen_now(change: Change, entry: Entry | None) -> str:
    """Return what users see of a flow after an apply."""
    if entry is None or entry.kind not in _WRITTEN:
        return "not known" if entry and entry.uncertain else "as before"
    return "**live now**" if change.live else wording.visibility(change)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _change_cells(change: Change, happens: str) -> list[str]:
    seen = wording.visibility(change)
    return [cell(change.slug), happens, f"**{seen}**" if change.live else seen, _places(change)]


def _places(change: Change) -> str:
    return wording.listed([cell(place) for place in wording.changed_places(change)])


def _made_by(change: Change) -> str:
    found = {field.origin for field in change.fields}
    return ", ".join(words for origin, words in _ORIGINS.items() if origin in found)


def problems_table(problems: Sequence[Problem], room: Room) -> Iterator[str]:
    """Yield the table of problems, where there are any."""
    if problems:
        yield table(("| Where | | Problem |", "| --- | --- | --- |", *map(markdown_row, problems)), room)


def problems_of(error: FlowsyncError) -> tuple[Problem, ...]:
    """Return the problems of files that an error is about."""
    match error:
        case InvalidFilesError(problems=problems):
            return problems
        case DocumentError(problem=problem):
            return (problem,)
        case _:
            return ()


REMARKS: Final = 20
LEAST_ROOM: Final = 300
"""Where less than this is left, no further flow's details can fit."""
_ORDER: Final = ("delete", "deactivate", "update", "create")
"""Whose details go first where there is not room for all."""


def details_that_fit(changes: Sequence[Change], left: int, room: Room) -> Mapping[str, Fitted]:
    """Return the details by slug, those first that matter most, until there is no room."""
    details: dict[str, Fitted] = {}
    for change in sorted(changes, key=lambda change: _ORDER.index(action(change))):
        if left < LEAST_ROOM:
            break
        block = _details(change, room)
        size = room.measure(block.text) + 2
        if size <= left:
            details[change.slug] = block
            left -= size
    return details


def _details(change: Change, room: Room) -> Fitted:
    count = plural(len(wording.changed_places(change)), "change")
    summary = f"<details><summary>{html_code(brief(change.slug))} {action(change)}: {count}</summary>"
    remarks = [f"- {name(change.file)}, version {change.version}, {sentence(change.status)}, id {change.id}"]
    remarks += [f"- {sentence(remark)}" for remark in _remarks(change)]
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


_GRAVE: Final = frozenset({"targeting-cleared", "turned-off", "turned-on", "type-changed", "step-id-renamed"})
"""The codes of what changes most for users."""


def plan_alerts(report: PlanReport, room: Room) -> Iterator[str]:
    """Yield what keeps a plan from being applied, then what users will notice and what is odd about it."""
    plan = report.plan
    if plan.blocked:
        count = plural(len(plan.blocked), "flow")
        lead = f"Nothing can be applied: {count} cannot be written."
        yield alert("CAUTION", lead, map(_blocked_point, plan.blocked), room)
    if plan.refusals:
        yield alert("CAUTION", wording.REFUSED, map(_refusal_point, plan.refusals), room)
    points = list(_warning_points(plan))
    if plan.changes or points:
        is_felt = bool(points) or any(change.live for change in plan.changes)
        yield alert("WARNING" if is_felt else "NOTE", _impact(report), points, room)
    elif not plan.blocked:
        yield alert("NOTE", f"Nothing changes for users: {_lowered(wording.in_step(plan))}", [], room)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _impact(report: PlanReport) -> str:
    """Say in one sentence how many flows change, and how many of them users notice at once."""
    changes = report.plan.changes
    live = sum(change.live for change in changes)
    if not changes:
        return "Nothing changes that can be seen, but:" if report.plan.unverified else "Nothing changes for users, but:"
    opening = f"When {report.scene.moment.value}, {plural(len(changes), 'flow')} "
    verb = "changes" if len(changes) == 1 else "change"
    if live == len(changes):
        return f"{opening}{verb} for users at once."
    if live:
        return f"{opening}{verb}, {live:,} of them for users at once."
    return f"{opening}{verb}. Users notice nothing yet."


def _warning_points(plan: Plan) -> Iterator[str]:
    """Yield what there is to be wary of, the gravest first: where there is no room for all, the last are left out."""
    for change in sorted(plan.writes, key=lambda each: not each.live):
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code in _GRAVE)
    for change in plan.writes:
        yield from (f"{name(change.slug)} {sentence(told)}" for told in wording.origins(change))
        yield from _audience_points(change)
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code not in _GRAVE)
    for row in plan.unchanged:
        yield from (_warning_point(row.slug, warning) for warning in row.warnings)


def _audience_points(change: Change) -> Iterator[str]:
    """Yield what a new targeting means for who sees the flow, where it was not cleared: of that there is a warning."""
    old, new = (values.get("targetingLogic") for values in (change.old, change.new))
    is_changed = any(field.field == "targetingLogic" for field in change.fields)
    told = meaning("targeting", old, new) if is_changed and isinstance(old, str) and isinstance(new, str) else ""
    if told and str(new).strip():
        yield f"{name(change.slug)} {sentence(told)}"


def _warning_point(slug: str, warning: PlanWarning) -> str:
    where = "" if warning.line is None else f", line {warning.line}"
    return f"{name(slug)}{where}: {sentence(warning.message)}"


def _blocked_point(blocked: Blocked) -> str:
    return f"{name(blocked.slug)}: {sentence(blocked.message)}"


def _refusal_point(refusal: Refusal) -> str:
    flows = wording.listed([name(slug) for slug in refusal.slugs])
    return f"{flows}{': ' if flows else ''}{sentence(f'{refusal.message} {allowed_by(refusal)}')}"


def apply_alerts(report: ApplyReport, room: Room) -> Iterator[str]:
    """Yield what was not as planned or not as reviewed, else that all went well."""
    entries = [ledger.entry(outcome) for outcome in report.outcomes]
    if report.extras:
        points = map(name, report.extras)
        yield alert("WARNING", "Written though no merged pull request showed it:", points, room)
    bad = sorted((entry for entry in entries if not entry.is_good), key=lambda entry: entry.slug)
    if bad:
        lead = f"{plural(len(bad), 'flow')} of {len(entries):,} {_are(bad)} not as planned."
        yield alert("CAUTION", lead, map(_trouble_point, bad), room)
    elif entries:
        seen = _seen(sum(change.live for change in report.plan.writes), len(entries))
        yield alert("NOTE", f"Applied: {plural(len(entries), 'flow')} as planned. {seen}", [], room)
    else:
        yield alert("NOTE", f"Nothing was to be written: {_lowered(wording.in_step(report.plan))}", [], room)


def _seen(live: int, written: int) -> str:
    """Say how many of the flows that were written users notice."""
    if not live:
        return "Users notice nothing yet."
    if live < written:
        return f"Users notice {live:,} of them now."
    return "Users notice it now." if live == 1 else "Users notice all of them now."


def _are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"


def _trouble_point(entry: Entry) -> str:
    return f"{name(entry.slug)} {entry.kind.words}: {sentence(ledger.explained(entry))}"


def drift_alerts(plan: Plan, room: Room) -> Iterator[str]:
    """Yield how many flows differ from the files."""
    if count := differing(plan):
        verb = "is" if count == 1 else "are"
        lead = f"{plural(count, 'flow')} {verb} live otherwise than the files say."
        yield alert("WARNING", lead, map(_blocked_point, plan.blocked), room)
    else:
        yield alert("NOTE", wording.nothing_changes(plan), [], room)


def takeover(report: TakeoverReport, room: Room) -> Iterator[str]:
    """Yield what merging the files does, what they lack, and what to do instead."""
    lead = "Merging this takes edits made outside of the files into them. Nothing changes for users."
    points = [f"{name(slug)} in {name(file)}" for slug, file in report.files.items()]
    yield alert("NOTE", lead, points, room)
    if report.left:
        points = [f"{name(slug)}: {sentence(reason)}" for slug, reason in report.left.items()]
        yield alert("WARNING", "What could not be taken over:", points, room)
    yield "To undo the edits instead, close this pull request and apply again: the files then win."


def failure_alerts(report: FailureReport, room: Room) -> Iterator[str]:
    """Yield why a command stopped, with what stands in the way and what to do."""
    lead = shortened(report.error.message, SENTENCE_LENGTH)
    reasons = report.error.reasons if isinstance(report.error, RefusedError) else ()
    points = [*reasons, *([report.error.hint] if report.error.hint else [])]
    yield alert("CAUTION", lead, map(sentence, points), room)


def alert(kind: str, lead: str, points: Iterable[str], room: Room) -> str:
    """Return one of GitHub's alerts (NOTE, WARNING, CAUTION): a raw sentence in bold, and as many points as fit."""
    every = [f"> - {point}" for point in points]
    kept = fitting(every, room.per_list, room.measure)
    more = [f"> - and {len(every) - len(kept):,} more"] if len(kept) < len(every) else []
    return "\n".join(
        [f"> [!{kind}]", f"> **{prose(lead) or 'It failed without a word.'}**", *([">"] if every else []), *kept, *more]
    )


WHAT_TO_DO: Final = (
    "Somebody edited flows outside of the files, or an apply is still to come. In the diffs, `-` is what is live and "
    "`+` what the files say: the next apply would write that. To keep an edit, take it into the files with "
    "`flowsync pull` and merge that; to undo it, apply again."
)
