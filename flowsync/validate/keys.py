"""Checks of the file as a whole, and of the keys, lists and ids of `data`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.flows.expressions import steps_key
from flowsync.model import Location
from flowsync.secrets import private_key_at
from flowsync.text import number_text
from flowsync.validate.rules import (
    DEPRECATED_KEY,
    DUPLICATE_FIELD_ID,
    DUPLICATE_OPTION_VALUE,
    DUPLICATE_STEP_ID,
    EMPTY_LIST,
    EMPTY_VALUE,
    FORMER_FORMAT,
    LEGACY_TYPE,
    NOTHING_MANAGED,
    PRIVATE_KEY,
    UNKNOWN_DATA_KEY,
    UNUSUAL_SLUG,
    code,
    listed,
    meant,
)
from flowsync.validate.view import FIELD, FLOW_TYPES, FORM_TYPES, FORMER_STEP_KEYS, LEGACY_FLOW_TYPES, ROOT, STEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import JsonValue, Problem
    from flowsync.validate.rules import Rule
    from flowsync.validate.view import Part, View


_USUAL_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")


def check_file(view: View) -> Iterator[Problem]:
    """Report problems of the file as a whole."""
    slug, text = view.flow.slug, view.flow.source.text
    if not _USUAL_SLUG.fullmatch(slug):
        yield UNUSUAL_SLUG.at(
            view.location(()),
            f"The slug {code(slug)}, which is the file's name, holds unusual characters.",
            "Slugs are made of letters, digits, _ and -.",
        )
    if private_key_at(slug) is not None:
        yield PRIVATE_KEY.at(view.location(()), "The file's name holds a private API key.", "Revoke it in Frigade.")
    key_at = private_key_at(text)
    if key_at is not None:
        before = text[:key_at]
        place = Location(view.flow.file, before.count("\n") + 1, key_at - before.rfind("\n"))
        yield PRIVATE_KEY.at(
            place, "The file holds a private API key.", "Take it out, and revoke it in Frigade if it was committed."
        )
    if not view.flow.fields:
        yield NOTHING_MANAGED.at(
            view.location(()),
            "This file sets no field that is sent, so nothing of the flow is managed.",
            "Set at least one of name, type, description, active, targetingLogic and data.",
        )
    flow_type = view.value.get("type")
    if flow_type in LEGACY_FLOW_TYPES:
        yield LEGACY_TYPE.at(
            view.location(("type",)),
            f"{flow_type} is a legacy type of flow.",
            f"New flows are one of {listed(FLOW_TYPES)}.",
        )


_DEPRECATED_STEP_KEYS: Final = {
    "primaryButtonTitle": "primaryButton: {title: …}",
    "primaryButtonUri": "primaryButton: {uri: …}",
    "primaryButtonUriTarget": "primaryButton: {target: …}",
    "secondaryButtonTitle": "secondaryButton: {title: …}",
    "secondaryButtonUri": "secondaryButton: {uri: …}",
    "secondaryButtonUriTarget": "secondaryButton: {target: …}",
}
"""Keys that still work, and what replaces them."""
_OVERWRITTEN_STEP_KEYS: Final = frozenset(
    {"$state", "flow", "order", "start", "complete", "skip", "reset", "onStateChange", "removeStateChangeHandler"}
)
"""Keys under which the SDK puts something of its own into each step."""


def check_keys(view: View) -> Iterator[Problem]:
    """Report every key of `data` that does not do what its author meant."""
    for part in view.parts:
        known = part.kind.keys
        for key, value in part.value.items():
            if key not in known:
                yield from _unknown_key(view, part, key)
            elif value is None and not _is_refused_by_schema(view, part, key):
                yield EMPTY_VALUE.at(
                    view.key_location((*part.path, key)),
                    f"`{key}` has no value, so null is sent.",
                    "Give it a value, or remove the line.",
                )


def _unknown_key(view: View, part: Part, key: str) -> Iterator[Problem]:
    place = (*part.path, key)
    if part.kind is STEP and key in _DEPRECATED_STEP_KEYS:
        hint = f"Write {_DEPRECATED_STEP_KEYS[key]} instead."
        yield DEPRECATED_KEY.at(view.key_location(place), f"`{key}` is deprecated.", hint)
        return
    if part.kind is STEP and key in _OVERWRITTEN_STEP_KEYS:
        message = f"{code(key)} of a step is overwritten: the SDK puts its own value there."
        yield UNKNOWN_DATA_KEY.at(view.key_location(place), message, "Choose another name, best below `props`.")
        return
    if part.kind is ROOT and key == "data" and steps_key(part.value) == "data":
        if not part.is_custom:
            message = "A list of steps under `data` is the former format; the current SDK reads `steps` only."
            hint = "Once no app uses an SDK before @frigade/react 2, write `steps:` in place of this `data:`."
            yield FORMER_FORMAT.at(view.key_location(place), message, hint)
        return
    match = meant(key, sorted(part.kind.keys - part.value.keys() - {*FORMER_STEP_KEYS}))
    if match is not None or not part.is_custom:
        message = f"{code(key)} is not a key of {part.kind.name}; Frigade silently ignores it."
        hint = f"Did you mean `{match}`?" if match else "Keys that your own component reads belong in `props`."
        yield UNKNOWN_DATA_KEY.at(view.key_location(place), message, hint)


def _is_refused_by_schema(view: View, part: Part, key: str) -> bool:
    if key in part.kind.needed:
        return True
    if part.kind is FIELD and key == "options":
        return part.value.get("type") in ("select", "radio")
    if part.kind is FIELD and key == "type":
        return view.type in FORM_TYPES
    return part.kind is STEP and key == "selector" and view.value.get("type") == "TOUR"


_LISTS: Final[Mapping[str, tuple[str, str, Rule]]] = {
    "steps": ("id", "flow", DUPLICATE_STEP_ID),
    "data": ("id", "flow", DUPLICATE_STEP_ID),
    "fields": ("id", "step", DUPLICATE_FIELD_ID),
    "options": ("value", "field", DUPLICATE_OPTION_VALUE),
}
"""For each list: what identifies an item, where it is unique, and the rule against repeats."""


def check_lists(view: View) -> Iterator[Problem]:
    """Report lists of steps, fields and options that are empty, and repeated ids and values in them."""
    for part in view.parts:
        name = steps_key(part.value) if part.kind is ROOT else part.kind.items
        items = part.value.get(name) if name else None
        is_of_app = part.kind is FIELD and part.is_custom
        if name is None or not isinstance(items, list) or is_of_app:
            continue
        path, (key, scope, rule) = (*part.path, name), _LISTS[name]
        if not items:
            yield EMPTY_LIST.at(view.location(path), f"`{name}` is empty, so there is nothing to show.", f"Add {name}.")
        first: dict[str, int] = {}
        for index, item in enumerate(items):
            identity = _browser_text(item.get(key)) if isinstance(item, dict) else None
            if identity is not None and first.setdefault(identity, index) != index:
                line = view.location((*path, first[identity], key)).line
                yield rule.at(
                    view.location((*path, index, key)),
                    f"The {key} {code(identity)} is already used in line {line}.",
                    f"Each {key} must be unique in its {scope}.",
                )


def _browser_text(value: JsonValue) -> str | None:
    """The text that a browser stores for an id or a value; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, (int, float)) else None
