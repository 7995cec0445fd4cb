"""A plan for a terminal: counts first, then each change, then what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.plan.document import to_document
from flowsync.render import escape, wording
from flowsync.render.escape import plural
from flowsync.render.style import Detail, Screen, Span, Style, line, paint, sentences
from flowsync.render.yaml_diff import capped, flow_diff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import Blocked, Plan, PlanWarning, Unchanged, Unmanaged, Update
    from flowsync.render.style import Line

NAMES_SHOWN: Final = 50
"""How many unmanaged or unchanged flows are named unless everything is asked for."""
_MARGIN: Final = Span("    ")
_BLANK: Final[Line] = ()


def whole_plan(value: Plan, screen: Screen, following: str) -> str:
    """Return the whole plan as text, and what to do next: run `following`, unless something stands in the way."""
    return paint([*_plan_lines(value, screen), *_next_step(value, screen, following)], screen.colour)


def plan_preview(value: Plan, screen: Screen) -> str:
    """Return the whole plan as text, for a command that goes on to carry it out."""
    return paint(_plan_lines(value, screen), screen.colour)


def plan_refusals(value: Plan, screen: Screen) -> str:
    """Return what apply would refuse, as text; empty when nothing."""
    return paint(_refusals(value, screen), screen.colour)


def _plan_lines(value: Plan, screen: Screen) -> Iterator[Line]:
    yield from _opening(value, screen)
    for change in value.changes:
        yield from _change_lines(change, screen)
    yield from _unverified(value, screen)
    yield from _noteworthy(value.unchanged, screen)
    yield from _blocked_lines(value.blocked, screen)
    yield from _unmanaged_lines(value.unmanaged, screen)
    yield from _closing(value, screen)


def _opening(value: Plan, screen: Screen) -> Iterator[Line]:
    yield line(Span(f"Plan: {wording.counts(value)}", Style.HEADING))
    base = f", compared with {wording.revision(value.base)}" if value.base else ""
    place = Span(f"for {wording.place(value)}, {wording.source(value)}{base}", Style.MUTED)
    yield from sentences(line(place), screen, indent=2)
    if sentence := wording.goes_live(value):
        yield line(Span(sentence, Style.WARNING))
    if sentence := wording.view(value):
        yield from sentences(line(Span(sentence, Style.WARNING)), screen)


def _change_lines(change: Update, screen: Screen) -> Iterator[Line]:
    yield _BLANK
    yield from sentences(_header(change), screen)
    for warning in wording.warnings(change):
        yield from sentences(_warning(warning), screen)
    for sentence in wording.origins(change):
        yield from sentences(line("  ", Span(sentence, Style.WARNING)), screen)
    if note := wording.unseen(change):
        yield from sentences(line("  ", Span(f"note: {note}", Style.MUTED)), screen)
    yield from _difference(change, screen)


def _header(change: Update) -> Line:
    facts = f"  {change.file} · id {change.id} · version {change.version} · {change.status} · "
    seen = Span(wording.visibility(change), Style.WARNING if change.live else Style.MUTED)
    return line(Span("~ ", Style.HINT), Span(change.slug, Style.HEADING), Span(facts, Style.MUTED), seen)


def _warning(warning: PlanWarning) -> Line:
    where = "" if warning.line is None else f"line {warning.line}: "
    return line("  ", Span(f"warning[{warning.code}]", Style.WARNING), f" {where}{warning.message}")


def _difference(change: Update, screen: Screen) -> Iterator[Line]:
    if screen.detail is Detail.SUMMARY:
        yield from sentences(line("  changes: ", wording.listed(wording.changed_places(change))), screen)
        return
    structure = [line(sentence) for sentence in map(wording.told, change.fields) if sentence]
    lines = [*structure, *flow_diff(change)]
    for each in lines if screen.detail is Detail.VERBOSE else capped(lines):
        yield (_MARGIN, *each)


def _unverified(value: Plan, screen: Screen) -> Iterator[Line]:
    """Yield the flows that may not be off as their files say."""
    for change in value.unverified:
        yield _BLANK
        facts = f"  {change.file} · id {change.id} · version {change.version} · {change.status} · unverified"
        yield from sentences(line("? ", Span(change.slug, Style.HEADING), Span(facts, Style.MUTED)), screen)
        for warning in wording.warnings(change):
            yield from sentences(_warning(warning), screen)
        yield from sentences(
            line("    active: false", Span("  not returned by the API; apply sends it", Style.MUTED)), screen
        )


def _noteworthy(unchanged: tuple[Unchanged, ...], screen: Screen) -> Iterator[Line]:
    """Yield the unchanged flows that have warnings, or all of them when everything is asked for."""
    for row in unchanged:
        if row.warnings or screen.detail is Detail.VERBOSE:
            yield _BLANK
            facts = f"  {row.file} · id {row.id} · version {row.version} · {row.status} · unchanged"
            yield from sentences(line("= ", Span(row.slug, Style.HEADING), Span(facts, Style.MUTED)), screen)
            for warning in row.warnings:
                yield from sentences(_warning(warning), screen)
    if note := wording.unseen_elsewhere(unchanged):
        yield _BLANK
        yield from sentences(line(Span(f"note: {note}", Style.MUTED)), screen, indent=2)


def _blocked_lines(blocked: tuple[Blocked, ...], screen: Screen) -> Iterator[Line]:
    for each in blocked:
        yield _BLANK
        where = Span(f"  {each.file} · blocked", Style.MUTED)
        yield line(Span("! ", Style.ERROR), Span(each.slug, Style.HEADING), where)
        yield from sentences(line("  ", Span(f"blocked[{each.code}]", Style.ERROR), f" {each.message}"), screen)


def _unmanaged_lines(unmanaged: tuple[Unmanaged, ...], screen: Screen) -> Iterator[Line]:
    if not unmanaged or screen.detail is Detail.SUMMARY:
        return
    yield _BLANK
    yield line(f"Unmanaged: {plural(len(unmanaged), 'flow')}, {wording.UNMANAGED}")
    limit = len(unmanaged) if screen.detail is Detail.VERBOSE else NAMES_SHOWN
    for each in unmanaged[:limit]:
        yield line("  ? ", Span(each.slug, Style.HEADING), Span(f"  id {each.id} · {each.name}", Style.MUTED))
    if len(unmanaged) > limit:
        yield line(Span(f"  … {len(unmanaged) - limit:,} more", Style.MUTED))


def _closing(value: Plan, screen: Screen) -> Iterator[Line]:
    yield _BLANK
    if value.changes:
        yield line(Span(f"Digest {wording.short_digest(value.digest)}", Style.MUTED))
    elif not value.blocked:
        style = Style.WARNING if value.unverified else Style.DONE
        yield from sentences(line(Span(wording.nothing_changes(value), style)), screen)


def _refusals(value: Plan, screen: Screen) -> Iterator[Line]:
    if value.refusals:
        yield line(Span(wording.REFUSED, Style.WARNING))
        for sentence in wording.refusals(value):
            yield from sentences(line(f"  - {sentence}"), screen)


def _next_step(value: Plan, screen: Screen, following: str) -> Iterator[Line]:
    yield from _refusals(value, screen)
    if value.blocked:
        yield from sentences(line(wording.BLOCKED), screen, indent=2)
    elif value.writes and not value.refusals:
        yield line(f"Next: {following}")


APPLY: Final = "flowsync apply"
"""What applies a plan, where nothing is to be said of its place."""


def text(plan: Plan, screen: Screen = Screen(), following: str = APPLY) -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal, and the command line that applies it, `following`."""
    return whole_plan(plan, screen, following)


def preview(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the plan for a terminal as apply shows it before it asks: without what to run next."""
    return plan_preview(plan, screen)


def refusals(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply would refuse, for a terminal; empty when nothing."""
    return plan_refusals(plan, screen)


def markdown(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the plan as GitHub's comment tells it, with as much room as a job's summary, whatever the screen."""
    from flowsync.render.report import fit  # noqa: PLC0415 - only Markdown needs them
    from flowsync.render.report_parts import SUMMARY, Moment, PlanReport, Scene  # noqa: PLC0415 - only Markdown needs them

    scene = Scene(None, None, Moment.APPLY)
    return fit(PlanReport(scene, plan), SUMMARY).text


def as_json(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008, ARG001 - a frozen value; one signature
    """Return the document `flowsync-plan/1`, whatever the screen."""
    return escape.text(to_document(plan))


FORMATS: Final[Mapping[str, Callable[[Plan, Screen], str]]] = {"text": text, "markdown": markdown, "json": as_json}
"""What `plan --format` offers."""


def confirm_question(plan: Plan, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what apply asks before it writes: one line with the answers' letters, without its end."""
    asked = line(Span(wording.question(plan), Style.HEADING), " [y/N] ")
    return paint([asked], screen.colour).removesuffix("\n")
