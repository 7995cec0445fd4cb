"""One planned change as a diff that a reviewer can read: of YAML, step by step.

Both sides are dumped from their values, in the order of the file's keys, so that neither key order
nor the way something is written shows up as a difference. Steps are matched as the plan matches
them: a moved or renamed step is compared with itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.diff.canonical import ValueNumbers, plainly_equal
from flowsync.diff.data import Place
from flowsync.diff.lists import align_lists, merged
from flowsync.document import UNFOLDED, dump
from flowsync.model import SENT_FIELDS, Op
from flowsync.render.escape import compact, mask_keys
from flowsync.render.expression_diff import expression_diff
from flowsync.render.style import Span, Style
from flowsync.render.text_diff import CONTEXT, differing, hunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.model import FieldChange, FieldName, JsonValue, Update
    from flowsync.render.style import Line

LINES_PER_FLOW: Final = 400
"""How many lines of one flow's diff are shown unless everything is asked for."""

_KEY_ONLY: Final = "Only an API key differs, which is never shown."


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of a flow that is compared on its own. None: there is no such part on that side."""

    label: str
    old: JsonValue
    new: JsonValue


def flow_diff(update: Update) -> list[Line]:
    """Return the whole diff of one change, without indentation; `-`, `+` or a blank starts each line."""
    lines: list[Line] = []
    for field in _changed_fields(update):
        lines.extend(_field_diff(update, field))
    return lines


def capped(lines: list[Line], limit: int = LINES_PER_FLOW) -> list[Line]:
    """Return at most `limit` lines, and one that counts the rest."""
    if len(lines) <= limit:
        return lines
    return [*lines[:limit], (Span(f"… {len(lines) - limit:,} more lines", Style.MUTED),)]


def _changed_fields(update: Update) -> list[FieldName]:
    changed = {change.field for change in update.fields}
    return [field for field in SENT_FIELDS if field in changed]


def _field_diff(update: Update, field: FieldName) -> Iterator[Line]:
    if field not in update.old or field not in update.new:
        for change in update.fields:
            yield from _change_lines(change) if change.field == field else ()
        return
    old, new = update.old[field], update.new[field]
    if field == "data" and isinstance(old, dict) and isinstance(new, dict):
        yield from _data_diff(old, new)
    elif field == "targetingLogic" and (lines := _targeting_diff(old, new)) is not None:
        yield from lines
        yield from differing(str(old), str(new))
    else:
        yield from _section_diff(_Section("", {field: old}, {field: new}), ValueNumbers())


def _targeting_diff(old: JsonValue, new: JsonValue) -> list[Line] | None:
    """The tree of a changed expression; None for what is none, and where only a key differs."""
    was, will_be = "" if old is None else old, "" if new is None else new
    if not isinstance(was, str) or not isinstance(will_be, str) or mask_keys(was) == mask_keys(will_be):
        return None
    return expression_diff("targetingLogic", was, will_be)


def _data_diff(old: dict[str, JsonValue], new: dict[str, JsonValue]) -> Iterator[Line]:
    old_steps, new_steps = old.get("steps"), new.get("steps")
    if isinstance(old_steps, list) and isinstance(new_steps, list):
        yield from _section_diff(_Section("data", _without_steps(old), _without_steps(new)), ValueNumbers())
        numbers = ValueNumbers()
        for section in _step_sections(old_steps, new_steps, numbers):
            yield from _section_diff(section, numbers)
    else:
        yield from _section_diff(_Section("data", old or None, new or None), ValueNumbers())


def _without_steps(data: Mapping[str, JsonValue]) -> JsonValue:
    return {key: value for key, value in data.items() if key != "steps"} or None


def _step_sections(old: list[JsonValue], new: list[JsonValue], numbers: ValueNumbers) -> Iterator[_Section]:
    """Yield each step that may differ with its counterpart, in the new order, removed ones where they were."""
    alignment = align_lists(old, new, "steps", numbers)
    steps = Place(label="steps")
    old_steps, new_steps = alignment.items(old, new)
    for key in merged(old_steps, new_steps):
        was, now = old_steps.get(key), new_steps.get(key)
        if key.now is not None and (key.was is None or not plainly_equal(was, now)):
            yield _Section(steps.at_item(key.now, now, key.identity).label, was, now)
        elif key.was is not None and key.now is None:
            yield _Section(steps.at_item(key.was, was, key.identity).label, was, None)


def _section_diff(section: _Section, numbers: ValueNumbers) -> list[Line]:
    if plainly_equal(section.old, section.new):
        return []
    old, new = _near_changes(_in_order_of(section.new, section.old, "", numbers), section.new)
    lines = hunks(_yaml_lines(old), _yaml_lines(new))
    if not lines and numbers.same(section.old, section.new):
        return []
    heading: list[Line] = [(Span(f"@@ {section.label} @@", Style.HINT),)] if section.label else []
    return heading + (lines or [(Span(_KEY_ONLY, Style.MUTED),)])


def _near_changes(old: JsonValue, new: JsonValue) -> tuple[JsonValue, JsonValue]:
    """Leave out the first and last keys that both sides share, but for those, a line or more each, next to a change."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return old, new
    head = max(_shared(old.items(), new.items()) - CONTEXT, 0)
    tail = max(_shared(reversed(old.items()), reversed(new.items())) - CONTEXT, 0)
    return dict(list(old.items())[head : len(old) - tail]), dict(list(new.items())[head : len(new) - tail])


def _shared(old: Iterable[tuple[str, JsonValue]], new: Iterable[tuple[str, JsonValue]]) -> int:
    """Count the first keys that are the same, with the very same value."""
    count = 0
    for (was, value), (now, its) in zip(old, new, strict=False):
        if was != now or value is not its:
            break
        count += 1
    return count


def _yaml_lines(value: JsonValue) -> list[str]:
    return [] if value is None else mask_keys(dump(value, UNFOLDED)).removesuffix("\n").split("\n")


def _in_order_of(new: JsonValue, old: JsonValue, key: str, numbers: ValueNumbers) -> JsonValue:
    """Return `old` with its keys in the order of `new`, and whatever is the same written the same."""
    if old == new if isinstance(old, str) else plainly_equal(old, new):
        return new
    match new, old:
        case str(), str() if new.isascii() or old.isascii():  # other texts may write one character in two ways
            return old
        case dict(), dict() if old.keys() == new.keys() or not numbers.same(old, new):
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
            return new if numbers.same(old, new) else old


def _change_lines(change: FieldChange) -> Iterator[Line]:
    """Tell a change by its label, where the values around it are not known. Moves and new names are told in words."""
    if change.op in {Op.REMOVE, Op.REPLACE}:
        yield (Span(f"- {change.label}: {compact(change.old)}", Style.REMOVED),)
    if change.op in {Op.ADD, Op.REPLACE}:
        yield (Span(f"+ {change.label}: {compact(change.new)}", Style.ADDED),)
