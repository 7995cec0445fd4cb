"""A plan for a terminal: counts first, then each change, then what prevents it; and its notes at lines of files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Final

from flowsync.model import Change, Create, Flow, Location, Origin, Plan, PlanWarning, Problem, Severity, Unchanged
from flowsync.plan.document import drafted
from flowsync.plan.warnings import WAITING
from flowsync.render import audience, wording
from flowsync.render.diffs.flows import change_lines, with_remarks
from flowsync.render.escape import plural
from flowsync.render.style import NAMES_SHOWN, Detail, Line, Screen, Span, Style, draw, flow_title, line

APPLY: Final = "flowsync apply"
"""What applies a plan that needs no further options."""


def text(
    plan: Plan,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    following: str = APPLY,
    publishing: str = "",
    nothing: str = "",
) -> str:
    """Return the plan for a terminal, then what keeps it from being applied, or the command line that applies it.

    `publishing` is the command line that publishes the drafts that it makes, `nothing` what to say if nothing
    changes: of files, unless it is given.
    """
    lines = [*_plan_lines(plan, screen, nothing), *_refusals(plan)]
    if plan.blocked:
        lines.append(line(wording.blocked(plan)))
    elif plan.writes and not plan.refusals:
        lines.append(line(f"Next: {following}"))
        if slugs := drafted(plan):
            lines.append(line(f"Then: {publishing or ' '.join(['flowsync publish', *slugs[: wording.MOST_NAMED]])}"))
    return draw(lines, screen)


def preview(plan: Plan, screen: Screen = Screen(), nothing: str = "") -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal as apply shows it before its question: without the next command."""
    return draw(_plan_lines(plan, screen, nothing), screen)


def refusals(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply would refuse, for a terminal; empty when nothing."""
    return draw(_refusals(plan), screen)


def confirm_question(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return apply's question with the letters of the answers, without line end."""
    return draw([line(Span(wording.question(plan), Style.HEADING), " [y/N] ")], screen).removesuffix("\n")


def _plan_lines(plan: Plan, screen: Screen, nothing: str) -> Iterator[Line]:
    yield line(Span(f"Plan: {wording.counts(plan)}", Style.HEADING))
    base = f", compared with {wording.revision(plan.base)}" if plan.base else ""
    place = f"for {wording.place(plan.environment, plan.api_url)}, {wording.source(plan)}{base}"
    shared = {} if screen.detail is Detail.VERBOSE else wording.shared_warnings((*plan.writes, *plan.unchanged))
    notes = (
        (place, Style.MUTED),
        (wording.goes_live(plan), Style.WARNING),
        (wording.drafts(plan), Style.PLAIN),
        (wording.view(plan), Style.WARNING),
        *((sentence, Style.WARNING) for sentence in shared.values()),
    )
    yield from (line(Span(sentence, style)) for sentence, style in notes if sentence)
    for change in plan.changes:
        yield from _change_lines(change, shared, screen, audience.of_change(plan, change.slug))
    yield from _other_flows(plan, shared, screen)
    yield from _unmanaged_flows(plan, screen)
    yield ()
    if plan.changes:
        yield line(Span(f"Digest {wording.short_digest(plan.digest)}", Style.MUTED))
    elif not plan.blocked:
        yield line(Span(nothing or wording.nothing_changes(plan), Style.WARNING if plan.unverified else Style.DONE))


def _other_flows(plan: Plan, shared: Collection[str], screen: Screen) -> Iterator[Line]:
    """Yield notes about flows that do not change."""
    for change in plan.unverified:
        yield from _row_lines("? ", change, "unverified", wording.warnings(change), shared)
        yield line("    active: false", Span("  not returned by the API; apply sends it", Style.MUTED))
    for same in plan.unchanged:
        if screen.detail is Detail.VERBOSE or any(each.code not in shared for each in same.warnings):
            yield from _row_lines("= ", same, "unchanged", same.warnings, shared)
    if note := wording.unseen_in_unchanged(plan.unchanged):
        yield from [(), line(Span(f"note: {note}", Style.MUTED))]
    for each in plan.blocked:
        place = f"{each.file}:{each.line}:{each.column}" if each.line else each.file
        yield from flow_title(Span("! ", Style.ERROR), each.slug, f"{place} · blocked")
        yield line("  ", Span(f"blocked[{each.code}]", Style.ERROR), f" {each.message}")
    for gone in plan.removed:
        row = "not found" if gone.id is None else f"id {gone.id} · version {gone.version} · {gone.status}"
        yield from flow_title(Span("x ", Style.WARNING), gone.slug, f"{gone.file} is gone · {row}")
        yield line("  ", Span(wording.removed(gone), Style.WARNING))
    for (slug, file), lost in groupby(plan.dropped, key=lambda each: (each.slug, each.file)):
        yield from flow_title("- ", slug, file)
        yield from (line("  ", wording.dropped(each)) for each in lost)


def _unmanaged_flows(plan: Plan, screen: Screen) -> Iterator[Line]:
    if plan.unmanaged and screen.detail is not Detail.SUMMARY:
        yield from [(), line(f"Unmanaged: {plural(len(plan.unmanaged), 'flow')}, {wording.UNMANAGED}")]
        limit = len(plan.unmanaged) if screen.detail is Detail.VERBOSE else NAMES_SHOWN
        for row in plan.unmanaged[:limit]:
            yield line("  ? ", Span(row.slug, Style.HEADING), Span(f"  id {row.id} · {row.name}", Style.MUTED))
        if len(plan.unmanaged) > limit:
            yield line(Span(f"  … {len(plan.unmanaged) - limit:,} more", Style.MUTED))


def _change_lines(change: Change, shared: Collection[str], screen: Screen, qualifying: str) -> Iterator[Line]:
    mark = Span("+ ", Style.ADDED) if isinstance(change, Create) else Span("~ ", Style.HINT)
    seen = Span(wording.visibility(change), Style.WARNING if change.live else Style.MUTED)
    yield from _row_lines(mark, change, seen, wording.warnings(change), shared)
    unseen = wording.unseen(change)
    notes = (
        (qualifying, Style.HINT),
        *((sentence, Style.WARNING) for sentence in wording.origins(change)),
        (f"note: {unseen}" if unseen else "", Style.MUTED),
    )
    yield from (line("  ", Span(sentence, style)) for sentence, style in notes if sentence)
    yield from change_lines(with_remarks(change), wording.changed_places(change), screen)


def _row_lines(
    mark: Span | str,
    row: Change | Unchanged,
    state: Span | str,
    warnings: Iterable[PlanWarning],
    shared: Collection[str],
) -> Iterator[Line]:
    """Yield a blank line, the line of a flow, and its warnings except for `shared` ones."""
    there = "new flow" if isinstance(row, Create) else f"id {row.id} · version {row.version} · {row.status}"
    yield from flow_title(mark, row.slug, f"{row.file} · {there} · ", state)
    for warning in warnings:
        if warning.code not in shared:
            where = "" if warning.line is None else f"line {warning.line}: "
            yield line("  ", Span(f"warning[{warning.code}]", Style.WARNING), f" {where}{warning.message}")


def _refusals(plan: Plan) -> Iterator[Line]:
    if plan.refusals:
        yield line(Span(wording.REFUSED, Style.WARNING))
        yield from (line(f"  - {sentence}") for sentence in wording.refusals(plan))


def plan_problems(plan: Plan, flows: Iterable[Flow]) -> Iterator[Problem]:
    """Yield notes at the lines of the files: what is blocked, warnings, edits made elsewhere.

    What this branch itself changes is not among them, which the pull request shows anyway, nor what waits for an apply.
    """
    sources = {flow.slug: flow.source for flow in flows}
    for each in plan.blocked:
        yield Problem(Location(each.file, each.line or 1, each.column or 1), Severity.ERROR, each.code, each.message)
    for change in plan.writes:
        for warning in (each for each in wording.warnings(change) if each.code != WAITING):
            where = Location(change.file, warning.line or 1, 1)
            yield Problem(where, Severity.WARNING, warning.code, warning.message)
        for field in change.fields:
            if field.origin in {Origin.DRIFT, Origin.CONFLICT} and change.slug in sources:
                # Positions lead to the nearest place that the file has.
                parts = (part.replace("~1", "/").replace("~0", "~") for part in field.path.split("/")[1:])
                path = (field.field, *(int(part) if part.isdecimal() else part for part in parts))
                where = sources[change.slug].location(path)
                yield Problem(where, Severity.WARNING, field.origin.value, wording.outside_edit(field, field.origin))
