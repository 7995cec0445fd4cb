"""The lines of one flow that every command shows alike on a terminal: which row it is, its warnings, what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.render.style import MARKED, NARROWEST, Detail, Line, Screen, Span, Style, line, sentences
from flowsync.render.wording import listed
from flowsync.render.yaml_diff import capped, flow_diff, remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.model import Blocked, PlanWarning
    from flowsync.render.yaml_diff import Differing

_MARGIN: Final = Span("    ")


def flow_lines(heading: Line, warnings: Iterable[PlanWarning], screen: Screen) -> Iterator[Line]:
    """Yield a blank line, the line of a flow, and what there is to be wary of."""
    yield ()
    yield from sentences(heading, screen)
    for warning in warnings:
        where = "" if warning.line is None else f"line {warning.line}: "
        code = Span(f"warning[{warning.code}]", Style.WARNING)
        yield from sentences(line("  ", code, f" {where}{warning.message}"), screen)


def blocked_lines(blocked: Blocked, screen: Screen) -> Iterator[Line]:
    """Yield why a flow is not written."""
    yield ()
    place = f"{blocked.file}:{blocked.line}:{blocked.column}" if blocked.line else blocked.file
    where = Span(f"  {place} · blocked", Style.MUTED)
    yield line(Span("! ", Style.ERROR), Span(blocked.slug, Style.HEADING), where)
    yield from sentences(line("  ", Span(f"blocked[{blocked.code}]", Style.ERROR), f" {blocked.message}"), screen)


def diff_lines(change: Differing) -> list[Line]:
    """Return the diff of a flow, what is to be said of single changes first."""
    return [*(line(sentence) for sentence in map(remark, change.fields) if sentence), *flow_diff(change)]


def change_lines(diff: Sequence[Line], places: Sequence[str], screen: Screen) -> Iterator[Line]:
    """Yield what changes in a flow: its diff, or only the places where little is asked for."""
    if screen.detail is Detail.SUMMARY:
        yield from sentences(line("  changes: ", listed(places)), screen)
        return
    for each in diff if screen.detail is Detail.VERBOSE else capped(list(diff)):
        yield from _wrapped((_MARGIN, *each), screen)


def _wrapped(difference: Line, screen: Screen) -> Iterator[Line]:
    """Yield a line of a diff, broken between words on a terminal, unless that could hide blanks that differ."""
    if any(span.style in MARKED and (span.text.isspace() or "  " in span.text) for span in difference):
        yield difference
        return
    text = "".join(span.text for span in difference)
    beginning = len(text) - len(text.lstrip(" +-"))
    yield from sentences(difference, screen, indent=min(beginning + 2, NARROWEST // 2))
