"""Edits of collections: entries keep their lines, and comments go where their entries go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.document import same
from flowsync.document.dumping import entry_lines, flow_text, is_collection, key_text
from flowsync.document.rewriting import Site, is_block_scalar, new_scalar, slots_of
from flowsync.document.tree import Layout, comments_end, line_below

if TYPE_CHECKING:
    from flowsync.document.rewriting import Goal, Rewriting
    from flowsync.document.tree import Entry, Span

_COMMENT: Final = re.compile(r"(?:^|[ \t]+)#[^\n]*", re.MULTILINE)
"""Where only comments, anchors and tags can be."""
_QUOTED_KEY: Final = re.compile(r'[\[{\s]*"(?:[^"\\]|\\.)*"\s*[:,\]]')
_ANCHOR: Final = re.compile(r"(?:^|(?<=[ \t\n]))&[^ \t\n,\[\]{}]+")


def edited_block(writing: Rewriting, span: Span, region: Region, goal: Goal) -> str:
    """The lines of a block collection after the edit to `goal`.

    They begin with a line end if the first entry was on the line of a dash and no longer can be.
    """
    slots, _ = slots_of(writing, span, goal)
    margin = " " * span.column
    floating = [placed.floating for placed in region.entries]
    above, floating[0] = floating[0], ""
    separators = [placed.separator for placed in region.entries[1:]]
    usual_separator = max(separators, key=separators.count, default="")
    highest = -1
    parts: list[str] = []
    for position, slot in enumerate(slots):
        placed = None if slot.index is None else region.entries[slot.index]
        if slot.index is not None and not slot.is_moved:
            above += "".join(floating[highest + 1 : slot.index + 1])
            highest = slot.index
        if position == 0:
            above += region.entries[0].separator
        else:
            above += placed.separator if placed and slot.index else usual_separator
        above += placed.attached if placed else ""
        if position or not region.is_inline:
            parts.append(f"{above}{margin}")
        elif above:
            parts.append(f"\n{above}{margin}")
        parts.append(_entry(writing, placed, slot.goal) if placed else _new_entry(writing, span, slot.goal))
        above = ""
    return "".join([*parts, *floating[highest + 1 :], region.tail])


def _new_entry(writing: Rewriting, span: Span, goal: Goal) -> str:
    part = goal.path[-1]
    mark = f"{key_text(part)}:" if isinstance(part, str) else "-"
    return "\n".join([*entry_lines(mark, goal.value, span.column, writing.style), ""])


def _entry(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    """An entry from its mark on, with the comment lines that belong to it."""
    entry = placed.entry
    if writing.is_kept(entry, goal):
        return writing.text[entry.start : placed.end]
    writing.note_key(entry)
    lines = _edited_entry(writing, placed, goal)
    writing.note_value(entry, goal)
    return lines


def _edited_entry(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    text, entry, span = writing.text, placed.entry, placed.entry.span
    if span.layout is Layout.BLOCK and writing.may_enter(span, goal):
        region = region_of(text, span, placed.end, is_root=False)
        lines = edited_block(writing, span, region, goal)
        head = text[entry.start : region.start]
        return f"{head.rstrip(' ')}{lines}" if lines.startswith("\n") else f"{head}{lines}"
    if span.layout is Layout.FLOW and writing.may_enter(span, goal):
        return text[entry.start : span.start] + edited_flow(writing, span, goal) + text[span.end : placed.end]
    if writing.is_alias_of(span, goal) or writing.is_same_scalar(span, goal):
        return text[entry.start : placed.end]
    writing.touched.append(goal.path)
    properties = _COMMENT.sub("", text[entry.after_mark : span.start])
    if span.layout is Layout.SCALAR and "!" not in properties and writing.may_be_scalar(goal):
        scalar = new_scalar(Site(text, span, writing.style), goal.value)
        return text[entry.start : span.start] + _with_rest(writing, placed, scalar)
    return _rewritten(writing, placed, goal)


def _with_rest(writing: Rewriting, placed: Placed, scalar: str) -> str:
    """A scalar, then the comment on the line of the old one, and the lines below."""
    text, span = writing.text, placed.entry.span
    below = line_below(text, span)
    rest = text[below : placed.end]
    was_block = below == span.end
    comment = "" if was_block else text[span.end : below - 1]
    if not is_block_scalar(scalar):
        return f"{scalar}{_header_comment(text, span) if was_block else comment}\n{rest}"
    if not was_block:  # comment lines as deep as the text would be taken for a part of it
        margin = " " * max(span.column, 0)
        rest = "\n".join(f"{margin}{line.strip()}" if line.strip() else "" for line in rest.split("\n"))
    header, _, lines = scalar.partition("\n")
    return f"{header}{comment}\n{lines}{rest}"


def _header_comment(text: str, span: Span) -> str:
    comment = _COMMENT.search(text[span.start : span.end].partition("\n")[0])
    return comment[0] if comment else ""


def _rewritten(writing: Rewriting, placed: Placed, goal: Goal) -> str:
    """An entry whose value is rewritten, with its anchor and the comments around it."""
    text, entry, span = writing.text, placed.entry, placed.entry.span
    if span.layout is Layout.ALIAS or (is_collection(span.value) and is_collection(goal.value)):
        writing.rewritten.append(goal.path)
    comment, *others = _comments(text, placed, goal)
    mark = text[entry.start : entry.after_mark] + _anchor(writing, entry, goal)
    lines = entry_lines(mark, goal.value, placed.column, writing.style, comment=comment)
    margin = " " * placed.column
    return "\n".join([*lines, *(f"{margin}{other.strip()}" for other in others), ""])


def _comments(text: str, placed: Placed, goal: Goal) -> list[str]:
    """The comment on the line of an entry's mark, "" for none, and those on the lines below it."""
    entry, span = placed.entry, placed.entry.span
    if span.layout is Layout.BLOCK:
        line = text[entry.after_mark : span.start].partition("\n")[0]
        found = _COMMENT.findall(line)
        if goal.value:
            return found or [""]
        region = region_of(text, span, placed.end, is_root=False)
        unattached = "".join([*(each.floating for each in region.entries), region.tail])
        return [*(found or [""]), *_COMMENT.findall(unattached)]
    below = line_below(text, span)
    found = _COMMENT.findall(text[entry.after_mark : span.start])
    found += [_header_comment(text, span)] if below == span.end else _COMMENT.findall(text[span.end : below])
    found = [comment if comment[0] in " \t" else f" {comment}" for comment in found if comment]
    return [*(found or [""]), *_COMMENT.findall(text[below : placed.end])]


def _anchor(writing: Rewriting, entry: Entry, goal: Goal) -> str:
    """The anchor that a value keeps, after a space."""
    if entry.span.layout is Layout.ALIAS:
        return f" {writing.adopted(entry.span, goal)}".rstrip()
    found = _ANCHOR.search(_COMMENT.sub("", writing.text[entry.after_mark : entry.span.start]))
    return f" {found[0]}" if found else ""


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its own lines, which go on to `end`: comments deeper than its mark are its own.

    Above it are the lines that stay where they are (`floating`), blank lines (`separator`), and its own comments.
    """

    entry: Entry
    floating: str
    separator: str
    attached: str
    end: int
    column: int


@dataclass(frozen=True, slots=True)
class Region:
    """All lines of a block collection. `is_inline`: the first entry is on the line of a dash.

    `tail` are the comments after the last entry.
    """

    start: int
    is_inline: bool
    entries: tuple[Placed, ...]
    tail: str


def region_of(text: str, span: Span, limit: int, *, is_root: bool) -> Region:
    """The lines of a block collection whose last ones end at `limit`."""
    line = text.rfind("\n", 0, span.start) + 1
    is_inline = bool(text[line : span.start].strip(" "))
    start = span.start if is_inline else 0 if is_root and line == 0 else _below_content(text, line)
    placed: list[Placed] = []
    above = start
    marks = [text.rfind("\n", 0, entry.start) + 1 for entry in span.entries]
    if is_inline:
        marks[0] = start
    for number, (entry, mark, below) in enumerate(zip(span.entries, marks, [*marks[1:], limit], strict=True)):
        end = comments_end(text, line_below(text, entry.span), below, span.column)
        lines = text[above:mark]
        gap = (lines, "", "") if is_root and number == 0 else _gap(lines)
        placed.append(Placed(entry, *gap, end, span.column))
        above = end
    return Region(start, is_inline, tuple(placed), text[above:limit])


def _below_content(text: str, line: int) -> int:
    """The start of the highest of the blank and comment lines right above `line`."""
    while line:
        above = text.rfind("\n", 0, line - 1) + 1
        content = text[above : line - 1].strip(" \t")
        if content and not content.startswith("#"):
            break
        line = above
    return line


def _gap(lines: str) -> tuple[str, str, str]:
    """Lines between two entries: comments right above an entry are its own, what a blank line parts from it is not."""
    rows = re.findall(r"[^\n]*\n", lines)
    first = len(rows)
    while first and rows[first - 1].strip():
        first -= 1
    blank = first
    while blank and not rows[blank - 1].strip():
        blank -= 1
    return "".join(rows[:blank]), "".join(rows[blank:first]), "".join(rows[first:])


def edited_flow(writing: Rewriting, span: Span, goal: Goal) -> str:
    """The text of a collection in brackets after the edit to `goal`."""
    slots, are_other = slots_of(writing, span, goal)
    ends = [span.start, *(entry.span.end for entry in span.entries)]
    starts = [*(entry.start for entry in span.entries), span.end]
    opening, *between, closing = (writing.text[end:start] for end, start in zip(ends, starts, strict=True))
    if are_other:
        if span.layout is Layout.PAIR or "#" in "".join([opening, *between, closing]):
            return _rewritten_flow(writing, span, goal)
        between = [max(between, key=between.count, default=", ")] * (len(slots) - 1)
    like_json = _is_like_json(writing.text, span)
    parts = [opening]
    for slot, after in zip(slots, [*between, closing], strict=True):
        key = slot.goal.path[-1]
        if slot.index is not None:
            parts.append(_flow_entry(writing, span.entries[slot.index], slot.goal, like_json=like_json))
        else:
            mark = f"{flow_text(key, like_json=like_json)}: " if isinstance(key, str) else ""
            parts.append(mark + flow_text(slot.goal.value, like_json=like_json))
        parts.append(after)
    return "".join(parts)


def _rewritten_flow(writing: Rewriting, span: Span, goal: Goal) -> str:
    """The whole collection, or its replacement, rewritten on one line."""
    if is_collection(goal.value):
        writing.rewritten.append(goal.path)
    return flow_text(goal.value, like_json=_is_like_json(writing.text, span))


def _is_like_json(text: str, span: Span) -> bool:
    """Whether the first text in a collection is in double quotes, as all of them are in JSON."""
    return _QUOTED_KEY.match(text, span.start, span.end) is not None


def _flow_entry(writing: Rewriting, entry: Entry, goal: Goal, *, like_json: bool) -> str:
    span = entry.span
    if writing.is_kept(entry, goal):
        return writing.text[entry.start : span.end]
    head = writing.text[entry.start : span.start]
    is_changed = not same(span.value, goal.value)
    if is_changed and "!" in writing.text[entry.after_mark : span.start] and not is_collection(goal.value):
        mark = writing.text[entry.start : entry.after_mark]
        head = f"{mark} " if mark else ""
    if is_changed and span.layout is Layout.EMPTY:
        head = head.rstrip() + (" " if writing.text[entry.after_mark - 1] in ":[," else ": ")
    writing.note_key(entry)
    text = head + _flow_value(writing, span, goal, like_json=like_json)
    writing.note_value(entry, goal)
    return text


def _flow_value(writing: Rewriting, span: Span, goal: Goal, *, like_json: bool) -> str:
    """The text of one value among brackets."""
    if span.layout in {Layout.FLOW, Layout.PAIR} and writing.may_enter(span, goal):
        return edited_flow(writing, span, goal)
    if writing.is_alias_of(span, goal) or writing.is_same_scalar(span, goal):
        return writing.text[span.start : span.end]
    writing.touched.append(goal.path)
    if span.layout is Layout.ALIAS:
        writing.rewritten.append(goal.path)
        return f"{writing.adopted(span, goal)}{flow_text(goal.value, like_json=like_json)}"
    if span.layout is Layout.SCALAR and writing.may_be_scalar(goal):
        return new_scalar(Site(writing.text, span, writing.style, like_json), goal.value)
    if is_collection(span.value):
        return _rewritten_flow(writing, span, goal)
    return flow_text(goal.value, like_json=like_json)
