"""Paths into a file, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.diff.identity import IDENTITIES
from flowsync.diff.places import Place

if TYPE_CHECKING:
    from flowsync.model import JsonValue, ValuePath


def label(value: JsonValue, path: ValuePath) -> str:
    """The place of `path` in `value`, such as `data.steps[welcome].title`; "the whole file" for the root."""
    place = Place()
    for part in path:
        if isinstance(value, dict):
            place, value = place.at_key(str(part)), value[str(part)]
        elif isinstance(value, list) and isinstance(part, int):
            item = value[part]
            identity = IDENTITIES.get(place.key, "id")
            is_told = isinstance(item, dict) and isinstance(item.get(identity), str | int | float)
            place = (
                place.at_item(part, identity, item[identity])
                if is_told and isinstance(item, dict)
                else place.at_index(part)
            )
            value = item
    return place.label or "the whole file"
