"""Edits inside `[]` and `{}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.document import same
from flowsync.document.editing.fresh import flow_entry, flow_text, is_collection
from flowsync.document.editing.order import are_in_place, slots_of
from flowsync.document.editing.texts import Site, new_scalar
from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.document.editing.order import Slot
    from flowsync.document.editing.rewriting import Goal, Rewriting
    from flowsync.document.parsing.tree import Entry, Span

_QUOTED_KEY: Final = re.compile(r'[\[{\s]*"(?:[^"\\]|\\.)*"\s*[:,\]]')


def edited_flow(writing: Rewriting, span: Span, goal: Goal) -> str:
    """The text of a collection in brackets that is to hold what `goal` says."""
    slots = slots_of(span, goal, writing.matching)
    if are_in_place(slots, span):
        return _in_place(writing, span, slots)
    writing.touched.append(goal.path)
    if span.layout is Layout.PAIR or "#" in "".join(_around(writing.text, span)):
        return rewritten_flow(writing, span, goal)
    return _rejoined(writing, span, slots)


def rewritten_flow(writing: Rewriting, span: Span, goal: Goal) -> str:
    """The whole collection, or whatever takes its place, on one line anew."""
    if is_collection(goal.value):
        writing.rewritten.append(goal.path)
    return flow_text(goal.value, like_json=is_like_json(writing.text, span))


def is_like_json(text: str, span: Span) -> bool:
    """Whether the first text in a collection is in double quotes, as all of them are in JSON."""
    return _QUOTED_KEY.match(text, span.start, span.end) is not None


def _in_place(writing: Rewriting, span: Span, slots: Sequence[Slot]) -> str:
    around = _around(writing.text, span)
    entries = [_slot(writing, slot, span) for slot in slots]
    return around[0] + "".join(f"{entry}{after}" for entry, after in zip(entries, around[1:], strict=True))


def _rejoined(writing: Rewriting, span: Span, slots: Sequence[Slot]) -> str:
    """Other entries, or in another order, between the same brackets and with the usual separator."""
    opening, *separators, closing = _around(writing.text, span)
    separator = max(separators, key=separators.count, default=", ")
    return opening + separator.join(_slot(writing, slot, span) for slot in slots) + closing


def _around(text: str, span: Span) -> list[str]:
    """What stands before the first entry, between any two, and after the last."""
    ends = [span.start, *(entry.span.end for entry in span.entries)]
    starts = [*(entry.start for entry in span.entries), span.end]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def _slot(writing: Rewriting, slot: Slot, span: Span) -> str:
    if slot.entry is not None:
        return _entry(writing, slot.entry, slot.goal, span)
    part = slot.goal.path[-1]
    like_json = is_like_json(writing.text, span)
    if isinstance(part, str):
        return flow_entry(part, slot.goal.value, like_json=like_json)
    return flow_text(slot.goal.value, like_json=like_json)


def _entry(writing: Rewriting, entry: Entry, goal: Goal, around: Span) -> str:
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
    text = head + edited_value(writing, span, goal, like_json=is_like_json(writing.text, around))
    writing.note_value(entry, goal)
    return text


def edited_value(writing: Rewriting, span: Span, goal: Goal, *, like_json: bool) -> str:
    """The text of one value among brackets."""
    match span.layout:
        case Layout.FLOW | Layout.PAIR if writing.may_enter(span, goal):
            return edited_flow(writing, span, goal)
        case Layout.ALIAS:
            return _alias(writing, span, goal, like_json=like_json)
        case Layout.SCALAR | Layout.EMPTY if same(span.value, goal.value):
            return writing.text[span.start : span.end]
        case _:
            return _replaced(writing, span, goal, like_json=like_json)


def _replaced(writing: Rewriting, span: Span, goal: Goal, *, like_json: bool) -> str:
    writing.touched.append(goal.path)
    if span.layout is Layout.SCALAR and not is_collection(goal.value) and goal.path not in writing.forced:
        return new_scalar(Site(writing.text, span, writing.style, like_json), goal.value)
    if is_collection(span.value):
        return rewritten_flow(writing, span, goal)
    return flow_text(goal.value, like_json=like_json)


def _alias(writing: Rewriting, span: Span, goal: Goal, *, like_json: bool) -> str:
    if writing.stands(span, goal):
        return writing.text[span.start : span.end]
    writing.touched.append(goal.path)
    writing.rewritten.append(goal.path)
    return f"{writing.adopted(span, goal)}{flow_text(goal.value, like_json=like_json)}"
