"""What the schema has against a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue, ValuePath


@dataclass(frozen=True, slots=True)
class Finding:
    """What a schema has against one value: the keyword that refused it, what that keyword wanted, and where."""

    keyword: str
    path: ValuePath
    value: JsonValue
    wanted: JsonValue
    schema: Mapping[str, JsonValue]
