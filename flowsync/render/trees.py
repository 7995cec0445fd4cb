"""An expression held against a user, as an indented tree: what holds, what does not, and by which values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.render.columns import columns
from flowsync.render.layout import sentences
from flowsync.render.style import Span, Style, line
from flowsync.targeting.cases import Verdict
from flowsync.targeting.nodes import Source
from flowsync.targeting.printer import format_value, formatted
from flowsync.targeting.resolve import Unknown
from flowsync.targeting.tracing import BranchTrace, TermTrace, outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import JsonValue
    from flowsync.render.screen import Screen
    from flowsync.render.style import Line
    from flowsync.targeting.resolve import Resolved
    from flowsync.targeting.tracing import OutlineLine, Trace

_STYLES: Final = {True: Style.ADDED, False: Style.REMOVED}
_WIDEST_TERM: Final = 60
"""Columns up to which the values of all terms stand in one column; those of longer terms stand below them."""

OUTCOMES: Final = {
    (Verdict.SEES, True): "this user sees the flow",
    (Verdict.SEES, False): "this user does not see the flow",
    (Verdict.SHOWS, True): "the step is shown",
    (Verdict.SHOWS, False): "the step is not shown",
    (Verdict.STARTS, True): "the step is started",
    (Verdict.STARTS, False): "the step is not started",
    (Verdict.COMPLETES, True): "the step is completed",
    (Verdict.COMPLETES, False): "the step is not completed by it",
}
"""What it means that an expression is true or false."""


def tree_lines(whole: Trace, screen: Screen, margin: str = "  ") -> Iterator[Line]:
    """Yield one line for each term and chain; true or false first, the values behind the term or below it."""
    lines = outline(whole)
    widths = [_width(each) for each in lines if each.values or each.note]
    column = max((width for width in widths if width <= _WIDEST_TERM), default=0)
    for each in lines:
        yield from _term_lines(each, column, screen, margin)


def _width(each: OutlineLine) -> int:
    return 2 * each.depth + columns(each.text)


def _term_lines(each: OutlineLine, column: int, screen: Screen, margin: str) -> Iterator[Line]:
    told = Span(f"{_word(truth=each.truth):<5}  ", _STYLES[each.truth])
    text = f"{'  ' * each.depth}{each.text}"
    remarks = "; ".join([*_values(each), *([each.note] if each.note else [])])
    gap = column - _width(each)
    indent = len(margin) + 7 + 2 * each.depth + 4
    if not remarks:
        yield from sentences(line(margin, told, text), screen, indent)
    elif gap >= 0 and len(margin) + 7 + column + 2 + columns(remarks) <= max(screen.width, column + 2):
        yield line(margin, told, text, Span(f"{' ' * gap}  {remarks}", Style.MUTED))
    else:
        yield from sentences(line(margin, told, text), screen, indent)
        below = line(margin, " " * 7, Span(f"{'  ' * each.depth}  {remarks}", Style.MUTED))
        yield from sentences(below, screen, indent)


def _values(each: OutlineLine) -> list[str]:
    """The values of a term's sources; one alone needs no name, for the term has just said it."""
    if len(each.values) == 1:
        return [f"is {each.values[0].value}"]
    return list(map(str, each.values))


def _word(*, truth: bool) -> str:
    return "true" if truth else "false"


def tree_document(whole: Trace) -> dict[str, JsonValue]:
    """The tree for machines: chains have `parts`, terms have `values` and perhaps a `note`."""
    match whole:
        case TermTrace(term, decision):
            values: list[JsonValue] = [
                {"source": format_value(value), **_value(resolved)}
                for value, resolved in decision.values
                if isinstance(value, Source)
            ]
            return {"term": formatted(term), "truth": decision.truth, "values": values, "note": decision.note}
        case BranchTrace():
            if len(whole.parts) == 1:
                return tree_document(whole.parts[0])
            parts: list[JsonValue] = [tree_document(part) for part in whole.parts]
            return {"chain": outline(whole)[0].text, "truth": whole.truth, "parts": parts}


def _value(resolved: Resolved) -> dict[str, JsonValue]:
    """A source's value; what has none at all says why."""
    if isinstance(resolved, Unknown):
        return {"value": None, "unknown": resolved.value}
    return {"value": resolved}
