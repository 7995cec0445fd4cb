"""A JSON value on one line, for places where there is no room for YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flowsync.render.columns import cut
from flowsync.render.escape import mask_keys

if TYPE_CHECKING:
    from flowsync.model import JsonValue

LONGEST_VALUE: Final = 300
"""How many columns of a value are shown."""


def compact(value: JsonValue) -> str:
    """Return `value` as JSON on one line, its end left out when it is long."""
    return cut(mask_keys(json.dumps(value, ensure_ascii=False)), LONGEST_VALUE)
