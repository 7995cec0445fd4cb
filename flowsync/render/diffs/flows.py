"""One planned change as a readable diff: YAML step by step, and targeting as a tree.

Both sides are dumped from their values, in the order of the file's keys, so that neither key order
nor the way something is written shows up as a difference. Steps are matched as the plan matches
them: a moved or renamed step is compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from flowsync.diff.canonical import ValueNumbers
from flowsync.diff.data import Place
from flowsync.diff.lists import align_lists, merged
from flowsync.document import UNFOLDED, dump
from flowsync.model import SENT_FIELDS, Create, FieldChange, FieldName, JsonValue, Op
from flowsync.render.diffs.texts import changed_lines, differing, hunks, shortened_line
from flowsync.render.escape import compact, mask_keys
from flowsync.render.style import Detail, Line, Screen, Span, Style, line
from flowsync.render.wording import criterion_gone, listed, structural
from flowsync.targeting.comparison import DiffLine, TermChange, compare

LINES_PER_FLOW: Final = 400
"""How many lines of one flow's diff are shown unless everything is asked for."""

_KEY_ONLY: Final = "Only an API key differs, which is never shown."
_CRITERIA: Final = ("/completionCriteria", "/startCriteria", "/visibilityCriteria")


class Differing(Protocol):
    """A flow whose `old` fields become `new`, by the changes in `fields`; from a plan, or of two sides."""

    @property
    def fields(self) -> Sequence[FieldChange]:
        """The changes."""

    @property
    def old(self) -> Mapping[FieldName, JsonValue]:
        """The values before, `data` parsed."""

    @property
    def new(self) -> Mapping[FieldName, JsonValue]:
        """The values afterwards."""


def flow_diff(planned: Differing) -> list[Line]:
    """Return the whole diff of one flow, without indentation; `-`, `+` or a blank starts each line."""
    if isinstance(planned, Create):
        return _new_flow(planned)
    lines: list[Line] = []
    for field in SENT_FIELDS:
        changes = [change for change in planned.fields if change.field == field]
        if changes and field in planned.old and field in planned.new:
            lines.extend(_field_diff(field, planned.old[field], planned.new[field]))
        else:
            lines.extend(each for change in changes for each in _change_lines(change))
    return lines


def _new_flow(create: Create) -> list[Line]:
    """Return a new flow as a file would hold it; its data has a heading of its own."""
    stated = {change.field: change.new for change in create.fields}
    others: dict[str, JsonValue] = {name: value for name, value in stated.items() if name != "data"}
    return [
        *_section_diff("", None, others or None, ValueNumbers()),
        *_section_diff("data", None, stated.get("data"), ValueNumbers()),
    ]


def with_remarks(planned: Differing) -> list[Line]:
    """Return the diff of a flow below the remarks on single changes."""
    return [*(line(sentence) for sentence in map(remark, planned.fields) if sentence), *flow_diff(planned)]


def change_lines(lines: list[Line], places: Sequence[str], screen: Screen) -> Iterator[Line]:
    """Yield the changes of a flow: in a summary only their places, else the diff, capped unless verbose."""
    if screen.detail is Detail.SUMMARY:
        yield line("  changes: ", listed(places))
        return
    for each in lines if screen.detail is Detail.VERBOSE else capped(lines):
        yield line("    ", *each)


def capped(lines: list[Line], limit: int = LINES_PER_FLOW) -> list[Line]:
    """Return at most `limit` lines, and one that counts the rest."""
    if len(lines) <= limit:
        return lines
    return [*lines[:limit], (Span(f"… {len(lines) - limit:,} more lines", Style.MUTED),)]


def remark(change: FieldChange) -> str:
    """Return the remark on a change; empty for most."""
    return structural(change) or _criterion_meaning(change)


def meaning(label: str, old: str, new: str) -> str:
    """Return the meaning of a changed expression, in a sentence; empty if it is not known."""
    sentence = compare(old, new).sentence
    return f"{label}: {sentence}" if sentence else ""


def _criterion_meaning(change: FieldChange) -> str:
    if not change.path.endswith(_CRITERIA):
        return ""
    if gone := criterion_gone(change):
        return f"{change.label} is removed: {gone}"
    # Only a step without visibilityCriteria is as one whose criteria are empty: it is always shown.
    absent = "" if change.path.endswith("/visibilityCriteria") else None
    old, new = (absent if value is None else value for value in (change.old, change.new))
    return meaning(change.label, old, new) if isinstance(old, str) and isinstance(new, str) else ""


def expression_diff(label: str, old: str, new: str) -> list[Line]:
    """Return the lines of a changed expression: what the change means, and the tree of conditions.

    Where there is no tree to show (one side cannot be read, or only order and repetition differ) both texts are shown.
    """
    found = compare(old, new)
    has_tree = any(each.change not in (None, TermChange.KEPT) for each in found.lines)
    lines = found.lines if has_tree else (DiffLine(0, TermChange.CHANGED, new or "''", old or "''"),)
    sentence = f"  {label}: {found.sentence}" if found.sentence else f"  {label}:"
    return [(Span(sentence, Style.HEADING),), *(line for each in lines for line in _tree_lines(each))]


def _tree_lines(each: DiffLine) -> Iterator[Line]:
    indent = "  " * (each.depth + 1)
    minus, plus = Span(f"- {indent}", Style.REMOVED), Span(f"+ {indent}", Style.ADDED)
    match each.change:
        case TermChange.ADDED:
            yield (plus, *shortened_line(each.text, Style.ADDED))
        case TermChange.REMOVED:
            yield (minus, *shortened_line(each.text, Style.REMOVED))
        case TermChange.CHANGED:
            went, came = changed_lines(each.old_text or "", each.text)
            yield (minus, *went)
            yield (plus, *came)
        case TermChange.KEPT | None:
            yield (Span(f"  {indent}"), *shortened_line(each.text))


def _field_diff(field: FieldName, old: JsonValue, new: JsonValue) -> list[Line]:
    numbers = ValueNumbers()
    if field == "data" and isinstance(old, dict) and isinstance(new, dict):
        return _data_diff(old, new, numbers)
    if field == "targetingLogic":
        was, now = "" if old is None else old, "" if new is None else new
        if isinstance(was, str) and isinstance(now, str) and mask_keys(was) != mask_keys(now):
            return [*expression_diff(field, was, now), *differing(was, now)]
    return _section_diff("", {field: old}, {field: new}, numbers)


def _data_diff(old: dict[str, JsonValue], new: dict[str, JsonValue], numbers: ValueNumbers) -> list[Line]:
    old_steps, new_steps = old.get("steps"), new.get("steps")
    if not isinstance(old_steps, list) or not isinstance(new_steps, list):
        return _section_diff("data", old or None, new or None, numbers)
    was, now = ({key: value for key, value in side.items() if key != "steps"} or None for side in (old, new))
    lines = _section_diff("data", was, now, numbers)
    before, after = align_lists(old_steps, new_steps, "steps", numbers).items(old_steps, new_steps)
    for key in merged(before, after):
        index, step = (key.was, before.get(key)) if key.now is None else (key.now, after.get(key))
        label = Place(label="steps").at_item(index or 0, step, key.identity).label
        lines += _section_diff(label, before.get(key), after.get(key), numbers)
    return lines


def _section_diff(label: str, old: JsonValue, new: JsonValue, numbers: ValueNumbers) -> list[Line]:
    """Compare one part of a flow. None: that side does not have it."""
    if numbers.same(old, new):
        return []
    lines = hunks(_yaml_lines(_in_order_of(new, old, "", numbers)), _yaml_lines(new))
    heading: list[Line] = [(Span(f"@@ {label} @@", Style.HINT),)] if label else []
    return heading + (lines or [(Span(_KEY_ONLY, Style.MUTED),)])


def _yaml_lines(value: JsonValue) -> list[str]:
    return [] if value is None else mask_keys(dump(value, UNFOLDED)).removesuffix("\n").split("\n")


def _in_order_of(new: JsonValue, old: JsonValue, key: str, numbers: ValueNumbers) -> JsonValue:
    """Return `old` with its keys in the order of `new`, and equal parts in the same spelling."""
    if numbers.same(old, new):
        return new
    match new, old:
        case dict(), dict():
            return {
                name: _in_order_of(new.get(name), old[name], name, numbers) for name in merged(old, new) if name in old
            }
        case list(), list():
            partners = {was: now for now, was in align_lists(old, new, key, numbers).pairs.items()}
            return [
                _in_order_of(new[partners[was]], item, "", numbers) if was in partners else item
                for was, item in enumerate(old)
            ]
        case _:
            return old


def _change_lines(change: FieldChange) -> Iterator[Line]:
    """Show a change by its label, if the values around it are not known. Moves and renames are remarks."""
    if change.op in {Op.REMOVE, Op.REPLACE}:
        yield (Span(f"- {change.label}: {compact(change.old)}", Style.REMOVED),)
    if change.op in {Op.ADD, Op.REPLACE}:
        yield (Span(f"+ {change.label}: {compact(change.new)}", Style.ADDED),)
