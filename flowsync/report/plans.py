"""A plan for a terminal: counts first, then each change, then what is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from flowsync.model import Change, Create, Flow, Location, Origin, Plan, PlanWarning, Problem, Severity, Unchanged
from flowsync.plan.document import drafted
from flowsync.plan.warnings import WAITING
from flowsync.render import audience, wording
from flowsync.render.escape import plural
from flowsync.render.style import (
    MARKED,
    NAMES_SHOWN,
    NARROWEST,
    Detail,
    Line,
    Screen,
    Span,
    Style,
    line,
    paint,
    sentences,
)
from flowsync.render.yaml_diff import capped, flow_diff, remark

APPLY: Final = "flowsync apply"
"""What applies a plan, where nothing is to be said of its place."""
PUBLISH: Final = "flowsync publish"
"""What publishes drafts, where nothing is to be said of their place."""
_MARGIN: Final = Span("    ")


def text(
    plan: Plan,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    following: str = APPLY,
    publishing: str = "",
) -> str:
    """Return the plan for a terminal, then what keeps it from being applied, or the command line that applies it.

    `publishing` is the command line that publishes the drafts that it makes.
    """
    lines = [*_plan_lines(plan, screen), *_refusals(plan, screen)]
    if plan.blocked:
        lines += sentences(line(wording.blocked(plan)), screen, indent=2)
    elif plan.writes and not plan.refusals:
        lines.append(line(f"Next: {following}"))
        if drafted(plan):
            lines.append(line(f"Then: {publishing or ' '.join([PUBLISH, *drafted(plan)[: wording.MOST_NAMED]])}"))
    return paint(lines, screen.colour)


def preview(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal as apply shows it before it asks: without what to run next."""
    return paint(_plan_lines(plan, screen), screen.colour)


def refusals(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply would refuse, for a terminal; empty when nothing."""
    return paint(_refusals(plan, screen), screen.colour)


def confirm_question(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply asks before it writes: one line with the answers' letters, without its end."""
    asked = line(Span(wording.question(plan), Style.HEADING), " [y/N] ")
    return paint([asked], screen.colour).removesuffix("\n")


def _plan_lines(plan: Plan, screen: Screen) -> Iterator[Line]:
    yield line(Span(f"Plan: {wording.counts(plan)}", Style.HEADING))
    base = f", compared with {wording.revision(plan.base)}" if plan.base else ""
    place = f"for {wording.place(plan.environment, plan.api_url)}, {wording.source(plan)}{base}"
    yield from sentences(line(Span(place, Style.MUTED)), screen, indent=2)
    if sentence := wording.goes_live(plan):
        yield line(Span(sentence, Style.WARNING))
    if sentence := wording.drafts(plan):
        yield from sentences(line(sentence), screen)
    if sentence := wording.view(plan):
        yield from sentences(line(Span(sentence, Style.WARNING)), screen)
    for change in plan.changes:
        yield from _change_lines(change, screen, audience.of_change(plan, change.slug))
    yield from _other_flows(plan, screen)
    yield ()
    if plan.changes:
        yield line(Span(f"Digest {wording.short_digest(plan.digest)}", Style.MUTED))
    elif not plan.blocked:
        style = Style.WARNING if plan.unverified else Style.DONE
        yield from sentences(line(Span(wording.nothing_changes(plan), style)), screen)


def _other_flows(plan: Plan, screen: Screen) -> Iterator[Line]:
    """Yield the flows that are not changed, where there is something to say of them."""
    for change in plan.unverified:
        yield from _row_lines("? ", change, "unverified", wording.warnings(change), screen)
        sent = line("    active: false", Span("  not returned by the API; apply sends it", Style.MUTED))
        yield from sentences(sent, screen)
    for same in plan.unchanged:
        if same.warnings or screen.detail is Detail.VERBOSE:
            yield from _row_lines("= ", same, "unchanged", same.warnings, screen)
    if note := wording.unseen_elsewhere(plan.unchanged):
        yield ()
        yield from sentences(line(Span(f"note: {note}", Style.MUTED)), screen, indent=2)
    for each in plan.blocked:
        yield ()
        place = f"{each.file}:{each.line}:{each.column}" if each.line else each.file
        where = Span(f"  {place} · blocked", Style.MUTED)
        yield line(Span("! ", Style.ERROR), Span(each.slug, Style.HEADING), where)
        yield from sentences(line("  ", Span(f"blocked[{each.code}]", Style.ERROR), f" {each.message}"), screen)
    yield from _no_longer_managed(plan, screen)
    if plan.unmanaged and screen.detail is not Detail.SUMMARY:
        yield ()
        yield line(f"Unmanaged: {plural(len(plan.unmanaged), 'flow')}, {wording.UNMANAGED}")
        limit = len(plan.unmanaged) if screen.detail is Detail.VERBOSE else NAMES_SHOWN
        for row in plan.unmanaged[:limit]:
            yield line("  ? ", Span(row.slug, Style.HEADING), Span(f"  id {row.id} · {row.name}", Style.MUTED))
        if len(plan.unmanaged) > limit:
            yield line(Span(f"  … {len(plan.unmanaged) - limit:,} more", Style.MUTED))


def _no_longer_managed(plan: Plan, screen: Screen) -> Iterator[Line]:
    """Yield the flows whose files are gone, then what other files do not say any more."""
    for flow in plan.removed:
        yield ()
        row = "not there" if flow.id is None else f"id {flow.id} · version {flow.version} · {flow.status}"
        facts = f"  {flow.file} is gone · {row}"
        yield from sentences(
            line(Span("x ", Style.WARNING), Span(flow.slug, Style.HEADING), Span(facts, Style.MUTED)), screen
        )
        yield from sentences(line("  ", Span(wording.removed(flow), Style.WARNING)), screen)
    for (slug, file), together in groupby(plan.dropped, key=lambda each: (each.slug, each.file)):
        yield ()
        yield from sentences(line("- ", Span(slug, Style.HEADING), Span(f"  {file}", Style.MUTED)), screen)
        for each in together:
            yield from sentences(line("  ", wording.dropped(each)), screen)


def _change_lines(change: Change, screen: Screen, qualifying: str) -> Iterator[Line]:
    mark = Span("+ ", Style.ADDED) if isinstance(change, Create) else Span("~ ", Style.HINT)
    seen = Span(wording.visibility(change), Style.WARNING if change.live else Style.MUTED)
    yield from _row_lines(mark, change, seen, wording.warnings(change), screen)
    if qualifying:
        yield from sentences(line("  ", Span(qualifying, Style.HINT)), screen)
    for sentence in wording.origins(change):
        yield from sentences(line("  ", Span(sentence, Style.WARNING)), screen)
    if note := wording.unseen(change):
        yield from sentences(line("  ", Span(f"note: {note}", Style.MUTED)), screen)
    if screen.detail is Detail.SUMMARY:
        yield from sentences(line("  changes: ", wording.listed(wording.changed_places(change))), screen)
        return
    lines = [*(line(sentence) for sentence in map(remark, change.fields) if sentence), *flow_diff(change)]
    for each in lines if screen.detail is Detail.VERBOSE else capped(lines):
        yield from _wrapped((_MARGIN, *each), screen)


def _wrapped(difference: Line, screen: Screen) -> Iterator[Line]:
    """Yield a line of a diff, broken between words on a terminal, unless that could hide blanks that differ."""
    if any(span.style in MARKED and (span.text.isspace() or "  " in span.text) for span in difference):
        yield difference
        return
    text = "".join(span.text for span in difference)
    beginning = len(text) - len(text.lstrip(" +-"))
    yield from sentences(difference, screen, indent=min(beginning + 2, NARROWEST // 2))


def _row_lines(
    mark: Span | str, row: Change | Unchanged, state: Span | str, warnings: Iterable[PlanWarning], screen: Screen
) -> Iterator[Line]:
    """Yield a blank line, the line of a flow, and what there is to be wary of."""
    yield ()
    there = "new flow" if isinstance(row, Create) else f"id {row.id} · version {row.version} · {row.status}"
    facts = f"  {row.file} · {there} · "
    parts = [Span(facts, Style.MUTED), state] if isinstance(state, Span) else [Span(facts + state, Style.MUTED)]
    yield from sentences(line(mark, Span(row.slug, Style.HEADING), *parts), screen)
    for warning in warnings:
        where = "" if warning.line is None else f"line {warning.line}: "
        code = Span(f"warning[{warning.code}]", Style.WARNING)
        yield from sentences(line("  ", code, f" {where}{warning.message}"), screen)


def _refusals(plan: Plan, screen: Screen) -> Iterator[Line]:
    if plan.refusals:
        yield line(Span(wording.REFUSED, Style.WARNING))
        for sentence in wording.refusals(plan):
            yield from sentences(line(f"  - {sentence}"), screen)


def plan_problems(plan: Plan, flows: Iterable[Flow]) -> Iterator[Problem]:
    """Yield what a reviewer should see at the lines of the files: what is blocked, warnings, edits made elsewhere.

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
