"""One difference in words, as Markdown: `text of step "Goals": "Old" → "New"`, `audience: plan is pro → plan is free`.

For people who know the app and not its files: steps have titles here, and fields the names that the dashboard has.
Text from flows is inline code, and only that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from flowsync.diff.data import unescaped
from flowsync.flows.expressions import steps_of
from flowsync.model import Change, Create, FieldChange, FieldName, JsonValue, Op, Origin
from flowsync.plan.warnings import WAITING
from flowsync.render.escape import code_span, cut, cut_pair, plural, shown
from flowsync.render.wording import criterion_gone, moved
from flowsync.targeting.comparison import Effect, TermChange, compare
from flowsync.targeting.words import in_words
from flowsync.text import shortened

VALUE_WIDTH: Final = 80
"""Columns that are shown of a value."""
EXPRESSION_WIDTH: Final = 160
NAME_LENGTH: Final = 80
"""Characters that are shown of a name."""

CHANGES_OF_A_FLOW: Final = 5
"""How many changes of one flow are shown in words; the rest is counted, and in the details."""

_FIELDS: Final = {
    "name": "name",
    "type": "type",
    "description": "internal description",
    "active": "the switch",
    "targetingLogic": "audience",
    "data": "content",
}
_NOUNS: Final = {
    "id": "id",
    "type": "type",
    "title": "title",
    "subtitle": "text",
    "body": "text",
    "description": "text",
    "message": "message",
    "placeholder": "placeholder",
    "label": "label",
    "primaryButton": "button",
    "primaryButtonTitle": "button",
    "primaryButtonUri": "link of the button",
    "secondaryButton": "second button",
    "secondaryButtonTitle": "second button",
    "secondaryButtonUri": "link of the second button",
    "uri": "link",
    "target": "link target",
    "action": "action",
    "imageUri": "image",
    "iconUri": "icon",
    "mediaUri": "media",
    "videoUri": "video",
    "selector": "place on the page",
    "completionCriteria": "completion rule",
    "startCriteria": "start rule",
    "visibilityCriteria": "audience",
    "steps": "steps",
    "fields": "fields",
    "options": "options",
    "props": "settings",
}
"""What people call a key."""
_BUTTONS: Final = frozenset({"primaryButton", "secondaryButton"})
_WAITING: Final = re.compile(r"Waiting from commit [0-9a-f]+ \(#(\d{1,9})\),")
"""How the warning begins of what waits."""
_ITEMS: Final = {"steps": "step", "fields": "field", "options": "option"}
"""What people call an item of a list."""
_AUDIENCE: Final = "/visibilityCriteria"
"""A step without it is as one whose criteria are empty: it is always shown."""
_RULES: Final = ("/completionCriteria", "/startCriteria")
_MOST_NOUNS: Final = 4
"""A place deeper down is named without what is in between."""


def name(text: str) -> str:
    """Return a name as inline code, cut if it is long."""
    return code_span(shortened(shown(text), NAME_LENGTH))


def flow_name(planned: Change) -> str | None:
    """Return the live name of a flow; None if it is not known."""
    for values in (planned.shown or {}, planned.old, planned.new):
        if isinstance(found := values.get("name"), str) and found.strip():
            return found
    return None


def in_order(changes: Iterable[FieldChange]) -> list[FieldChange]:
    """Return differences, the most important first: the switch, the audience, the type, steps, then texts."""

    def rank(change: FieldChange) -> int:
        if change.field in _RANKS:
            return _RANKS[change.field]
        is_step = change.path.count("/") == len(("steps", "index")) and change.op in {Op.ADD, Op.REMOVE}
        return len(_RANKS) if is_step else len(_RANKS) + 1 + (change.op is Op.MOVE)

    return sorted(changes, key=rank)


_RANKS: Final = {"active": 0, "targetingLogic": 1, "type": 2, "name": 3}


def described(change: FieldChange, planned: Change) -> str:
    """Return one difference in words, as Markdown."""
    if change.field == "active":
        return f"**switched {'on' if change.new else 'off'}**"
    if change.field == "data":
        return _inside_data(change, planned)
    is_audience = change.field == "targetingLogic"
    return _clause(_FIELDS[change.field], (audience if is_audience else pair)(change.old, change.new))


def _inside_data(change: FieldChange, planned: Change) -> str:
    """Return the words for a change at a place in `data`, which may be an item of a list."""
    place, is_item = _place(change, planned)
    values = pair(change.old, change.new)
    if change.path.endswith(_AUDIENCE) or (change.path.endswith(_RULES) and change.op is Op.REPLACE):
        values = audience(change.old, change.new)
    elif change.op is Op.MOVE:
        return f"{place} {moved(change)}"
    elif change.op is Op.ADD:
        return f"new {place}" if is_item else _clause(f"{place} added", _value(change.new))
    elif change.op is Op.REMOVE:
        gone = criterion_gone(change)
        value = "" if is_item else _value(change.old)
        return _clause(f"{place} removed", value) + (f" ({gone})" if gone else "")
    return _clause(place, values)


def _clause(what: str, values: str) -> str:
    return f"{what}: {values}" if values else what


def _value(value: JsonValue) -> str:
    return "" if isinstance(value, dict | list) else code_span(cut(_plain(value), VALUE_WIDTH))


def pair(old: JsonValue, new: JsonValue, width: int = VALUE_WIDTH) -> str:
    """Return the old and the new value; empty if they are too long for a line."""
    if isinstance(old, dict | list) or isinstance(new, dict | list):
        return ""
    was, now = cut_pair(_plain(old), _plain(new), width)
    return " → ".join("nothing" if value is None else code_span(text) for value, text in ((old, was), (new, now)))


def audience(old: JsonValue, new: JsonValue) -> str:
    """Return who qualified and who will, and how that changes their number: in words, else as expressions."""
    before, after = ("" if value is None else value for value in (old, new))
    if not isinstance(before, str) or not isinstance(after, str):
        return pair(old, new)
    found = compare(before, after)
    effect = found.effect.value if found.lines else found.sentence
    changed = [line for line in found.lines if line.change not in {None, TermChange.KEPT}]
    if len(changed) == 1 and changed[0].old_text is not None and min(len(before), len(after)) > 1:
        before, after = changed[0].old_text, changed[0].text  # one condition: the others say nothing new
    words = in_words(before), in_words(after)
    was, now = words if words[0] != words[1] else (None, None)
    if was is None or now is None:
        was, now = before or "everyone", after or "everyone"
    return f"{pair(was, now, EXPRESSION_WIDTH)} ({effect})"


def _plain(value: JsonValue) -> str:
    """Return a value as it is shown, so that it cannot grow after it is cut to a width."""
    return shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _place(change: FieldChange, planned: Change) -> tuple[str, bool]:
    """Return the everyday name of a place in `data`, and whether it is an item of a list."""
    parts = [unescaped(part) for part in change.path.split("/")[1:]]
    document = (planned.old if change.op is Op.REMOVE else planned.new).get("data")
    nouns = list(_nouns(parts, document))
    if not nouns:
        return "content", False
    if len(nouns) > _MOST_NOUNS:
        nouns = [nouns[0], *nouns[1 - _MOST_NOUNS :]]
    is_item = parts[-1].isdecimal() and change.op is not Op.RENAME
    return " of ".join(reversed(nouns)), is_item


def _nouns(parts: Sequence[str], value: JsonValue) -> Iterator[str]:
    """Yield the everyday names along the path to a place, from the outside in."""
    key = ""
    for place, part in enumerate(parts):
        is_last = place == len(parts) - 1
        item = _inside(value, part)
        if isinstance(value, list) or (value is None and part.isdecimal()):
            yield f"{_ITEMS.get(key, 'entry')} {_item_name(item, part, parts[place + 1 :])}"
        elif not is_last and parts[place + 1].isdecimal() and not isinstance(item, dict):
            pass  # the item says which list it is in
        elif key in _BUTTONS and part == "title":
            pass  # a button is called what is written on it
        elif part in _NOUNS:
            yield _NOUNS[part]
        else:
            yield name(part)
        key, value = part, item


def _item_name(item: JsonValue, index: str, rest: Sequence[str]) -> str:
    """Return the everyday name of an item; its number if it has no name, or if its name changes (`rest`)."""
    if isinstance(item, dict) and list(rest) not in [["title"], ["label"]]:
        for key in ("title", "label", "name", "id", "value"):
            if isinstance(found := item.get(key), str) and found.strip() and list(rest) != [key]:
                return name(found)
    if isinstance(item, str) and item.strip():
        return name(item)
    return str(int(index) + 1) if index.isdecimal() else name(index)


def _inside(value: JsonValue, part: str) -> JsonValue:
    match value:
        case dict():
            return value.get(part)
        case list() if part.isdecimal() and int(part) < len(value):
            return value[int(part)]
        case _:
            return None


def changes_in_words(change: Change, branch: str = "this PR") -> list[str]:
    """Return the changes of a flow in words, the most important first; the rest is counted."""
    if isinstance(change, Create):
        return _new_flow(change, branch)
    lines = []
    for field in in_order(change.fields):
        who = origin_words(field.origin, change, branch)
        lines.append(described(field, change) + (f" <sub>({who})</sub>" if who else ""))
    lines += [sent_unseen(field, change.body[field]) for field in change.sent_unseen]
    rest = len(lines) - CHANGES_OF_A_FLOW
    if rest <= 1:  # a line that counts one is as long as that one
        return lines
    return [*lines[:CHANGES_OF_A_FLOW], f"and {rest:,} more changes"]


def _new_flow(create: Create, branch: str) -> list[str]:
    """Return a description of a new flow: its type, its audience, its steps."""
    kind, steps = create.new.get("type"), [step for _, step in steps_of(create.new.get("data"))]
    named = [_item_name({**step}, str(index), []) for index, step in enumerate(steps[:CHANGES_OF_A_FLOW])]
    more = f" and {len(steps) - len(named):,} more" if len(steps) > len(named) else ""
    expression = create.new.get("targetingLogic") or ""
    audience = (in_words(expression) or expression or "everyone") if isinstance(expression, str) else "everyone"
    who = next((words for field in create.fields if (words := origin_words(field.origin, create, branch))), "")
    lines = [f"**new {name(kind) if isinstance(kind, str) else 'flow'}**" + (f" <sub>({who})</sub>" if who else "")]
    lines.append(f"audience: {code_span(cut(_plain(audience), EXPRESSION_WIDTH))}")
    return [*lines, f"{plural(len(steps), 'step')}: {', '.join(named)}{more}"] if steps else lines


def sent_unseen(field: FieldName, value: JsonValue) -> str:
    """Return the sentence about a field that is sent although the API does not return the replaced value."""
    if field == "active":
        return f"sent as **switched {'on' if value else 'off'}**: the API does not say whether it is"
    return f"{noun_of(field)} is sent: the API does not show what it replaces"


def noun_of(field: str) -> str:
    """Return the everyday name of a field of a flow."""
    return _FIELDS.get(field) or code_span(field)


def is_same_audience(change: FieldChange) -> bool:
    """Whether a change of the targeting keeps the same users."""
    before, after = ("" if value is None else value for value in (change.old, change.new))
    return isinstance(before, str) and isinstance(after, str) and compare(before, after).effect is Effect.NONE


def origin_words(origin: Origin | None, change: Change, branch: str) -> str:
    """Return who made a difference, if not `branch` alone."""
    match origin:
        case Origin.WAITING:
            return f"{merged_in(change)} and not applied yet"
        case Origin.DRIFT:
            return "dashboard"
        case Origin.CONFLICT:
            return f"{branch} and the dashboard"
        case Origin.BRANCH | None:
            return ""


def merged_in(change: Change) -> str:
    """Return the pull requests of merged changes that are not applied yet, if they are known."""
    messages = (warning.message for warning in change.warnings if warning.code == WAITING)
    pulls = dict.fromkeys(found[1] for message in messages if (found := _WAITING.match(message)))
    return f"merged in {' and '.join(f'#{pull}' for pull in pulls)}" if pulls else "merged"
