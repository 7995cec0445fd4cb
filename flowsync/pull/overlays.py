"""Live values put where a file states them: at its top, or in the overlay of one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync import document
from flowsync.diff.survivors import survivors
from flowsync.document.editing import edited
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import FieldName, JsonValue


def with_live(
    whole: dict[str, JsonValue], environment: str | None, field: FieldName, live: JsonValue
) -> dict[str, JsonValue]:
    """`whole`, saying `live` for one field. Raises DocumentError for a value that cannot be written."""
    environments = whole.get("environments")
    overlay = environments.get(environment) if isinstance(environments, dict) and environment is not None else None
    if not isinstance(environments, dict) or not isinstance(overlay, dict) or field not in overlay:
        return {**whole, field: _like(whole.get(field), live)}
    stated = _laid_over(whole.get(field), overlay[field], live)
    return {**whole, "environments": {**environments, str(environment): {**overlay, field: stated}}}


def _laid_over(base: JsonValue, overlay: JsonValue, live: JsonValue) -> JsonValue:
    """The overlay that makes `live` of `base`: what it states, and what differs from the base.

    A key that only the base has cannot be taken away by an overlay: the caller finds out by reading the file.
    """
    if not isinstance(overlay, dict) or not isinstance(live, dict):
        return _like(overlay, live)
    below: Mapping[str, JsonValue] = base if isinstance(base, dict) else {}
    stated: dict[str, JsonValue] = {}
    for key in [*overlay, *(key for key in live if key not in overlay)]:
        if key not in live:
            continue
        if key in overlay and key in below and isinstance(live[key], dict):
            stated[key] = _laid_over(below[key], overlay[key], live[key])
        elif key in overlay or key not in below or not document.same(below[key], live[key]):
            stated[key] = _difference(below.get(key), live[key]) if key not in overlay else live[key]
    return stated


def _difference(base: JsonValue, live: JsonValue) -> JsonValue:
    """What an overlay has to state of `live` where `base` has the rest."""
    if not isinstance(base, dict) or not isinstance(live, dict):
        return live
    return {
        key: _difference(base.get(key), value)
        for key, value in live.items()
        if key not in base or not document.same(base[key], value)
    }


def _like(stated: JsonValue, live: JsonValue) -> JsonValue:
    """`live` as a text of YAML or JSON where the file states `data` as one, edited like any other text."""
    if not isinstance(stated, str) or not isinstance(live, (dict, list)):
        return live
    try:
        return edited(stated, live, matching=survivors, reads=_read_data).text
    except DocumentError:
        return document.dump(live)


def _read_data(text: str) -> JsonValue:
    return document.parse_data(text).value
