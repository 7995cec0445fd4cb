"""How much one document may hold. Real flows stay far below; hostile ones must end in an error, not in memory."""

from __future__ import annotations

from typing import Final

MAXIMUM_BYTES: Final = 1_048_576
"""Size of one text in UTF-8."""

MAXIMUM_DEPTH: Final = 100
"""Collections inside one another."""

MAXIMUM_ALIAS_WEIGHT: Final = 100
"""npm yaml's `maxAliasCount`: uses of one anchor, times the uses inside what it names."""

MAXIMUM_EXPANDED_NODES: Final = 100_000
"""Values that all aliases of a document stand for together."""

MAXIMUM_ANCHORS: Final = 1_000
"""Anchors (`&name`) in one text."""

MAXIMUM_KEY_LENGTH: Final = 1024
"""UTF-16 units from the start of a key to its colon, as YAML 1.2 has it."""
