"""Edits of collections by indentation: entries keep their lines, and comments go where their entries go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.document import same
from flowsync.document.editing.brackets import edited_flow
from flowsync.document.editing.fresh import (
    collection_lines,
    column_below,
    entry_lines,
    is_collection,
    key_text,
    scalar_lines,
)
from flowsync.document.editing.order import are_in_place, slots_of
from flowsync.document.editing.regions import after_value, region_of
from flowsync.document.editing.texts import Site, is_block_scalar, new_scalar
from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.document.editing.order import Slot
    from flowsync.document.editing.regions import Placed, Region
    from flowsync.document.editing.rewriting import Goal, Rewriting
    from flowsync.document.parsing.tree import Entry, Span

_COMMENT: Final = re.compile(r"(?:^|[ \t]+)#[^\n]*", re.MULTILINE)
"""Where only comments, anchors and tags can stand."""
_ANCHOR: Final = re.compile(r"(?:^|(?<=[ \t\n]))&[^ \t\n,\[\]{}]+")


def edited_block(writing: Rewriting, span: Span, region: Region, goal: Goal) -> str:
    """The lines of a block collection that is to hold what `goal` says.

    They begin with a line end where the first entry was on the line of a dash and can no longer be.
    """
    slots = slots_of(span, goal, writing.matching)
    if not are_in_place(slots, span):
        writing.touched.append(goal.path)
    parts = [f"{lead}{body}" for lead, body in _arranged(writing, span, region, slots)]
    return "".join([*parts, region.tail])


def _arranged(writing: Rewriting, span: Span, region: Region, slots: Sequence[Slot]) -> list[tuple[str, str]]:
    """What stands above each entry, its margin included, and the entry's own lines."""
    arranged: list[tuple[str, str]] = []
    margin = " " * span.column
    floating = [placed.gap.floating for placed in region.entries]
    above, floating[0] = floating[0], ""
    highest = -1
    for position, slot in enumerate(slots):
        if slot.index is not None and not slot.is_moved:
            above += "".join(floating[highest + 1 : slot.index + 1])
            highest = slot.index
        lead = above + _lead(region, slot, position)
        is_beside_dash = region.is_inline and position == 0
        opening = "" if is_beside_dash and not lead else f"\n{lead}{margin}" if is_beside_dash else f"{lead}{margin}"
        arranged.append((opening, _lines(writing, span, region, slot)))
        above = ""
    rest = "".join(floating[highest + 1 :])
    return [*arranged, (rest, "")] if rest else arranged


def _lead(region: Region, slot: Slot, position: int) -> str:
    """The blank lines and comments above an entry."""
    gap = None if slot.index is None else region.entries[slot.index].gap
    attached = "" if gap is None else gap.attached
    if position == 0:
        return region.entries[0].gap.separator + attached
    return (region.usual_separator if gap is None or slot.index == 0 else gap.separator) + attached


def _lines(writing: Rewriting, span: Span, region: Region, slot: Slot) -> str:
    if slot.index is not None:
        return _entry(writing, region.entries[slot.index], slot.goal)
    part = slot.goal.path[-1]
    mark = f"{key_text(part)}:" if isinstance(part, str) else "-"
    return "\n".join([*entry_lines(mark, slot.goal.value, span.column, writing.style), ""])


def _entry(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    """An entry from its mark on, with the comment lines that follow and belong to it."""
    entry = placed.entry
    if writing.is_kept(entry, goal):
        return writing.text[entry.start : placed.end]
    writing.note_key(entry)
    lines = _edited_entry(writing, placed, goal)
    writing.note_value(entry, goal)
    return lines


def _edited_entry(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    text, entry, span = writing.text, placed.entry, placed.entry.span
    match span.layout:
        case Layout.BLOCK if writing.may_enter(span, goal):
            region = region_of(text, span, placed.end, is_root=False)
            lines = edited_block(writing, span, region, goal)
            head = text[entry.start : region.start]
            return f"{head.rstrip(' ')}{lines}" if lines.startswith("\n") else f"{head}{lines}"
        case Layout.FLOW if writing.may_enter(span, goal):
            return text[entry.start : span.start] + edited_flow(writing, span, goal) + text[span.end : placed.end]
        case Layout.ALIAS if writing.stands(span, goal):
            return text[entry.start : placed.end]
        case Layout.SCALAR | Layout.EMPTY if same(span.value, goal.value):
            return text[entry.start : placed.end]
        case Layout.SCALAR if _is_simple(writing, entry, goal):
            writing.touched.append(goal.path)
            scalar = new_scalar(Site(text, span, writing.style), goal.value)
            return text[entry.start : span.start] + _with_rest(writing, placed, scalar)
        case _:
            writing.touched.append(goal.path)
            return _rewritten(writing, placed, goal)


def _is_simple(writing: Rewriting, entry: Entry, goal: Goal) -> bool:
    """Whether a scalar without a tag becomes another one."""
    if is_collection(goal.value) or goal.path in writing.forced:
        return False
    return "!" not in _COMMENT.sub("", writing.text[entry.after_mark : entry.span.start])


def _with_rest(writing: Rewriting, placed: Placed, scalar: str) -> str:
    """A scalar, then the comment that stood beside the old one, and the lines below."""
    text, span = writing.text, placed.entry.span
    below = after_value(text, span)
    rest = text[below : placed.end]
    beside = "" if below == span.end else text[span.end : below - 1]
    if not is_block_scalar(scalar):
        return f"{scalar}{_header_comment(text, span) if below == span.end else beside}\n{rest}"
    header, _, lines = scalar.partition("\n")
    return f"{header}{beside}\n{lines}{rest if below == span.end else _moved(rest, span.column)}"


def _header_comment(text: str, span: Span) -> str:
    comment = _COMMENT.search(text[span.start : span.end].partition("\n")[0])
    return comment[0] if comment else ""


def _moved(comments: str, column: int) -> str:
    """Comment lines at another column, so that they are not taken for the text above."""
    lines = [line.strip() for line in comments.split("\n")]
    return "\n".join(f"{' ' * max(column, 0)}{line}" if line else "" for line in lines)


def _rewritten(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    """An entry whose value is written anew, with its anchor and the comments around it."""
    text, entry, span = writing.text, placed.entry, placed.entry.span
    if span.layout is Layout.ALIAS or (is_collection(span.value) and is_collection(goal.value)):
        writing.rewritten.append(goal.path)
    beside, *others = _comments(text, placed, goal)
    mark = text[entry.start : entry.after_mark] + _anchor(writing, entry, goal)
    lines = _value_lines(writing, mark, beside, placed.column, goal)
    margin = " " * placed.column
    return "\n".join([*lines, *(f"{margin}{other.strip()}" for other in others), ""])


def _value_lines(writing: Rewriting, mark: str, beside: str, column: int, goal: Goal) -> list[str]:
    """The lines of an entry, its first one ended by the comment `beside` it."""
    if not is_collection(goal.value):
        first, *more = scalar_lines(goal.value, column, writing.style)
        return [f"{mark} {first}{beside}", *more]
    if mark == "-" and not beside:
        return entry_lines(mark, goal.value, column, writing.style)
    below = column_below(mark, goal.value, column, writing.style)
    first, *more = collection_lines(goal.value, below, writing.style)
    return [f"{mark}{beside}", f"{' ' * below}{first}", *more]


def _comments(text: str, placed: Placed, goal: Goal) -> list[str]:
    """The comment to stand beside an entry's mark, "" for none, and those to stand below it."""
    entry, span = placed.entry, placed.entry.span
    if span.layout is Layout.BLOCK:
        line = text[entry.after_mark : span.start].partition("\n")[0]
        beside = _COMMENT.findall(line)
        return [*(beside or [""]), *([] if goal.value else _unattached(text, placed))]
    below = after_value(text, span)
    beside = _COMMENT.findall(text[entry.after_mark : span.start])
    beside += [_header_comment(text, span)] if below == span.end else _COMMENT.findall(text[span.end : below])
    beside = [comment if comment[0] in " \t" else f" {comment}" for comment in beside if comment]
    return [*(beside or [""]), *_COMMENT.findall(text[below : placed.end])]


def _unattached(text: str, placed: Placed) -> list[str]:
    """The comments in a collection that belong to none of its entries."""
    region = region_of(text, placed.entry.span, placed.end, is_root=False)
    return _COMMENT.findall("".join([*(each.gap.floating for each in region.entries), region.tail]))


def _anchor(writing: Rewriting, entry: Entry, goal: Goal) -> str:
    """The anchor that a value keeps, after a space."""
    if entry.span.layout is Layout.ALIAS:
        return f" {writing.adopted(entry.span, goal)}".rstrip()
    found = _ANCHOR.search(_COMMENT.sub("", writing.text[entry.after_mark : entry.span.start]))
    return f" {found[0]}" if found else ""
