"""A changed targeting expression: what the change means, and the tree of conditions with what came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.render.style import Span, Style
from flowsync.render.text_diff import added_line, changed_lines, kept_line, removed_line
from flowsync.targeting.comparison import DiffLine, TermChange, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import FieldChange
    from flowsync.render.style import Line

_CRITERIA: Final = ("/completionCriteria", "/startCriteria", "/visibilityCriteria")
_STYLES: Final = {"-": Style.REMOVED, "+": Style.ADDED, " ": Style.PLAIN}


def expression_diff(label: str, old: str, new: str) -> list[Line]:
    """Return the lines of a changed expression; `-`, `+` or a blank starts each line.

    Where there is no tree to show (one side cannot be read, or only order and repetition differ) the texts stand whole.
    """
    found = compare(old, new)
    is_told = any(each.change not in (None, TermChange.KEPT) for each in found.lines)
    lines = found.lines if is_told else (DiffLine(0, TermChange.CHANGED, new or "''", old or "''"),)
    sentence = f"  {label}: {found.sentence}" if found.sentence else f"  {label}:"
    return [(Span(sentence, Style.HEADING),), *(line for each in lines for line in _tree_lines(each))]


def meaning(label: str, old: str, new: str) -> str:
    """Return what a change of an expression means, in a sentence; empty where it cannot be told."""
    sentence = compare(old, new).sentence
    return f"{label}: {sentence}" if sentence else ""


def meaning_of(change: FieldChange) -> str:
    """Return what a change of a step's criterion means; empty for any other change.

    Only a step without visibilityCriteria is as one whose criteria are empty: it is always shown.
    """
    if not change.path.endswith(_CRITERIA):
        return ""
    old = _expression(change.old, change)
    new = _expression(change.new, change)
    if old is None or new is None:
        return ""
    return meaning(change.label, old, new)


def _expression(value: object, change: FieldChange) -> str | None:
    if value is None and change.path.endswith("/visibilityCriteria"):
        return ""
    return value if isinstance(value, str) else None


def _tree_lines(each: DiffLine) -> Iterator[Line]:
    indent = "  " * (each.depth + 1)
    match each.change:
        case TermChange.ADDED:
            yield _marked("+", indent, added_line(each.text))
        case TermChange.REMOVED:
            yield _marked("-", indent, removed_line(each.text))
        case TermChange.CHANGED:
            went, came = changed_lines(each.old_text or "", each.text)
            yield _marked("-", indent, went)
            yield _marked("+", indent, came)
        case TermChange.KEPT | None:
            yield _marked(" ", indent, kept_line(each.text))


def _marked(mark: str, indent: str, shown: Line) -> Line:
    return (Span(f"{mark} {indent}", _STYLES[mark]), *shown)
