"""A report's tables: a row for each flow, or for each problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError, InvalidFilesError
from flowsync.model import Origin
from flowsync.plan.document import action
from flowsync.render import ledger, wording
from flowsync.render.escape import cell_code
from flowsync.render.problems import markdown_row
from flowsync.render.report.strangers import cell
from flowsync.render.room import fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.model import Change, Plan, Problem
    from flowsync.render.ledger import Entry
    from flowsync.render.report.values import ApplyReport
    from flowsync.render.room import Room

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
