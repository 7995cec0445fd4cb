"""How much one document may hold. Real flows stay far below; hostile ones must end in an error, not in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowsync.model import JsonValue

MAXIMUM_BYTES: Final = 1_048_576
"""Size of one text in UTF-8."""

MAXIMUM_DEPTH: Final = 100
"""Collections inside one another."""

MAXIMUM_ALIAS_WEIGHT: Final = 100
"""npm yaml's `maxAliasCount`: uses of one anchor, times the uses inside what it names."""

MAXIMUM_VALUES: Final = 50_000
"""Values in one text: lists, mappings and all that is in them, what aliases repeat included."""

TOO_MANY_VALUES: Final = (
    "too-many-values",
    f"There are more than {MAXIMUM_VALUES:,} values here, what aliases repeat included.",
    "Split the flow.",
)
"""The code, message and hint for a text with more."""

MAXIMUM_ANCHORS: Final = 1_000
"""Anchors (`&name`) in one text."""

MAXIMUM_KEY_LENGTH: Final = 1024
"""UTF-16 units from the start of a key to its colon, as YAML 1.2 has it."""


def count_values(value: JsonValue) -> int:
    """How many values a tree holds; no further than just beyond the limit."""
    total = 0
    rest: list[JsonValue] = [value]
    while rest and total <= MAXIMUM_VALUES:
        item = rest.pop()
        total += 1
        if isinstance(item, dict):
            rest += item.values()
        elif isinstance(item, list):
            rest += item
    return total
