"""A JSON value on one line, for places where there is no room for YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flowsync.ends import equal_ends
from flowsync.render.columns import ELLIPSIS, cut
from flowsync.render.escape import mask_keys

if TYPE_CHECKING:
    from flowsync.model import JsonValue

LONGEST_VALUE: Final = 300
"""How many columns of a value are shown."""
_BEFORE: Final = 20
"""How many characters are shown of what two values share, where they differ only further on."""


def compact(value: JsonValue) -> str:
    """Return `value` as JSON on one line, its end left out when it is long."""
    return cut(_line(value), LONGEST_VALUE)


def compact_pair(one: JsonValue, other: JsonValue, longest: int = LONGEST_VALUE) -> tuple[str, str]:
    """Return both as `compact` does, in `longest` columns; from where they differ on, if that would not be seen."""
    lines = _line(one), _line(other)
    shown = cut(lines[0], longest), cut(lines[1], longest)
    if shown[0] != shown[1] or lines[0] == lines[1]:
        return shown
    start = max(equal_ends(*lines)[0] - _BEFORE, 0)
    return cut(ELLIPSIS + lines[0][start:], longest), cut(ELLIPSIS + lines[1][start:], longest)


def _line(value: JsonValue) -> str:
    return mask_keys(json.dumps(value, ensure_ascii=False))
