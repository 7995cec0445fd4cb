"""Hypothesis strategies for what flows hold, for edits of it, and for the same thing written otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy

from hypothesis import strategies as st

from flowsync.model import SENT_FIELDS, FieldName, JsonValue

LEGIBLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
IDS = st.sampled_from(["welcome", "invite", "done", "a.b", "a/b", "~", "2", "Ü", ""])
KEYS = st.sampled_from(["color", "size", "items", "options", "id", "value", "a.b", "x/y", "~1", "[0]", ""])

texts = st.text(LEGIBLE, max_size=8)
"""Short texts that YAML can hold as they are."""
wild_texts = st.text(st.characters(), max_size=8) | st.text("\ud83d\ude00\x1b\u202e", max_size=4)
"""Any texts at all: control characters, bidi marks and surrogates, paired and lone."""
numbers = st.integers(-5, 5) | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
scalars: st.SearchStrategy[JsonValue] = st.none() | st.booleans() | numbers | texts
wild_scalars: st.SearchStrategy[JsonValue] = scalars | wild_texts | st.floats() | st.integers()


def trees(leaves: st.SearchStrategy[JsonValue], size: int = 12) -> st.SearchStrategy[JsonValue]:
    """Nested values; mapping keys repeat often, so that lists of like mappings come up."""
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=size
    )


def mappings(
    required: dict[str, st.SearchStrategy[JsonValue]], optional: dict[str, st.SearchStrategy[JsonValue]]
) -> st.SearchStrategy[dict[str, JsonValue]]:
    return st.fixed_dictionaries(required, optional=optional)


def identified(
    items: Callable[[st.SearchStrategy[JsonValue]], st.SearchStrategy[dict[str, JsonValue]]], key: str
) -> st.SearchStrategy[list[JsonValue]]:
    """Lists of mappings that `key` tells apart."""
    return st.lists(items(IDS), max_size=5, unique_by=lambda item: str(item[key])).map(lambda found: [*found])


def options(values: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[dict[str, JsonValue]]:
    return mappings({"value": values, "label": texts}, {})


def fields(ids: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[dict[str, JsonValue]]:
    types: st.SearchStrategy[JsonValue] = st.sampled_from(["text", "select", "radio", "nps"])
    extra: dict[str, st.SearchStrategy[JsonValue]] = {
        "label": texts,
        "required": st.booleans(),
        "options": identified(options, "value"),
    }
    return mappings({"id": ids, "type": types}, extra)


buttons = mappings({"title": texts}, {"action": st.sampled_from([False, "flow.complete"]), "uri": texts})


def steps(ids: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[dict[str, JsonValue]]:
    extra: dict[str, st.SearchStrategy[JsonValue]] = {
        "title": texts,
        "subtitle": texts,
        "primaryButton": buttons,
        "fields": identified(fields, "id"),
        "props": trees(scalars, 6),
    }
    return mappings({"id": ids}, extra)


flow_data: st.SearchStrategy[dict[str, JsonValue]] = mappings(
    {"steps": identified(steps, "id")}, {"title": texts, "sequential": st.booleans(), "props": trees(scalars, 6)}
)
"""The value of `data` of a flow: steps, fields and options with identities, and free props."""

targeting = st.sampled_from(
    ["", "user.isGuest()", "user.property('plan') == 'pro'", "user.flow('a') != 'b' && (1 == 1)"]
)

flow_fields: st.SearchStrategy[dict[FieldName, JsonValue]] = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "type": st.sampled_from(["TOUR", "CARD", "FORM"]),
        "description": texts,
        "active": st.booleans(),
        "targetingLogic": targeting,
        "data": flow_data,
    },
)
"""Some of the sent fields, as `Flow.fields` holds them."""


new_items: st.SearchStrategy[JsonValue] = trees(scalars, 3) | steps(IDS)


@st.composite
def edits(draw: st.DrawFn, values: st.SearchStrategy[JsonValue]) -> tuple[JsonValue, JsonValue]:
    """A value, and the same after a few edits: additions, removals, replacements, swaps, renamed ids."""
    old = draw(values)
    new = deepcopy(old)
    for _ in range(draw(st.integers(1, 4))):
        new = draw(edited(new))
    return old, new


@st.composite
def rearranged_steps(draw: st.DrawFn) -> tuple[JsonValue, JsonValue]:
    """Two lists of steps: the second holds some of the first in any order, some renamed, and new ones."""
    old = draw(st.lists(steps(IDS), min_size=2, max_size=6, unique_by=lambda step: str(step["id"])))
    kept = draw(st.permutations(old))[: draw(st.integers(1, len(old)))]
    renamed = [{**step, "id": f"{step['id']}!"} if draw(st.booleans()) else step for step in kept]
    added = draw(st.lists(steps(st.sampled_from(["new", "newer"])), max_size=2, unique_by=lambda step: str(step["id"])))
    new: list[dict[str, JsonValue]] = draw(st.permutations([*renamed, *added]))
    return [*old], [*new]


@st.composite
def edited(draw: st.DrawFn, value: JsonValue) -> JsonValue:
    """`value` with one thing in it changed."""
    match value:
        case dict() if value and draw(st.integers(0, 3)) > 0:
            key = draw(st.sampled_from(sorted(value)))
            return {**value, key: draw(edited(value[key]))}
        case dict():
            key = draw(KEYS | st.sampled_from([*sorted(value), "title"]))
            kept = {name: inner for name, inner in value.items() if name != key}
            return kept if key in value else {key: draw(scalars), **kept}
        case list():
            return draw(edited_list(value))
        case _:
            return draw(trees(scalars, 4))


@st.composite
def edited_list(draw: st.DrawFn, items: list[JsonValue]) -> JsonValue:
    """A list with one item changed, added, removed or moved."""
    kind = draw(st.sampled_from(["change", "insert", "remove", "move"])) if items else "insert"
    place: int = draw(st.integers(0, max(len(items) - 1, 0)))
    match kind:
        case "change":
            return [*items[:place], draw(edited(items[place])), *items[place + 1 :]]
        case "insert":
            return [*items[:place], draw(new_items), *items[place:]]
        case "remove":
            return items[:place] + items[place + 1 :]
        case _:
            rest = items[:place] + items[place + 1 :]
            there: int = draw(st.integers(0, len(rest)))
            return [*rest[:there], items[place], *rest[there:]]


@st.composite
def rewritten(draw: st.DrawFn, value: JsonValue) -> JsonValue:
    """The same value with mapping keys shuffled and whole numbers as int or float."""
    match value:
        case dict():
            keys = draw(st.permutations(sorted(value)))
            return {key: draw(rewritten(value[key])) for key in keys}
        case list():
            return [draw(rewritten(item)) for item in value]
        case bool():
            return value
        case int() | float() if math.isfinite(value) and value == int(value) and abs(value) <= 2**53:
            return draw(st.sampled_from([int(value), float(value)]))
        case _:
            return value


@st.composite
def shuffled_fields(draw: st.DrawFn, stated: dict[FieldName, JsonValue]) -> dict[FieldName, JsonValue]:
    """The same fields in another order, their data rewritten."""
    names = draw(st.permutations([name for name in SENT_FIELDS if name in stated]))
    return {name: draw(rewritten(stated[name])) for name in names}
