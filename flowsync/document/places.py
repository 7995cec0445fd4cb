"""From a path into a value to the place in the file, and on to one character of a text there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flowsync.document.block_scalar import block_scalar
from flowsync.document.failure import locate
from flowsync.document.lines import normalised
from flowsync.document.pieces import Sources
from flowsync.document.plain import BLOCK_RUN, FLOW_RUN, plain
from flowsync.document.quoted import double_quoted, single_quoted
from flowsync.document.reader import read_document
from flowsync.document.reading import Reading
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from flowsync.document.pieces import Scalar
    from flowsync.document.reading import Spots
    from flowsync.model import JsonValue, Location, ValuePath

_QUOTED = {"'": single_quoted, '"': double_quoted, "|": block_scalar, ">": block_scalar}


class _Found(NamedTuple):
    """How far a path leads: the value, where its key and it start, and how its further lines are read."""

    value: JsonValue
    key_start: int
    start: int
    indent: int
    is_flow: bool


class Places(NamedTuple):
    """Where everything in one text stands; `sources` of texts are kept by offset: one often has many problems."""

    reading: Reading
    root: JsonValue
    root_start: int
    sources: dict[int, Sources]

    def value_location(self, path: ValuePath) -> Location:
        """Where the value at `path`, or the nearest enclosing one, starts."""
        return self._locate(self._find(path).start)

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts."""
        return self._locate(self._find(path).key_start)

    def character_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` of the text at `path` was written; where the value starts if unknown."""
        found = self._find(path)
        if not isinstance(found.value, str):
            return self._locate(found.start)
        found = self._behind_alias(found)
        source = self._sources(found).of(offset)
        return self._locate(found.start if source is None else source)

    def _locate(self, offset: int) -> Location:
        return locate(self.reading.name, self.reading.text, offset)

    def _find(self, path: ValuePath) -> _Found:
        found = _Found(self.root, self.root_start, self.root_start, -1, is_flow=False)
        for part in path:
            spots = (self.reading.spots or {}).get(id(found.value))
            if spots is None or part not in spots.entries:
                break
            found = _step(found.value, part, spots)
        return found

    def _behind_alias(self, found: _Found) -> _Found:
        anchor = self.reading.alias_targets.get(found.start)
        if anchor is None or anchor.node is None:
            return found
        return found._replace(start=anchor.node.start, indent=anchor.indent, is_flow=anchor.is_flow)

    def _sources(self, found: _Found) -> Sources:
        known = self.sources.get(found.start)
        if known is None:
            known = self.sources[found.start] = Sources(self._scalar(found))
        return known

    def _scalar(self, found: _Found) -> Scalar:
        read = _QUOTED.get(self.reading.text[found.start : found.start + 1])
        if read is not None:
            return read(self.reading, found.start, found.indent)
        return plain(self.reading, found.start, found.indent, FLOW_RUN if found.is_flow else BLOCK_RUN)


def _step(value: JsonValue, part: str | int, spots: Spots) -> _Found:
    key_start, start = spots.entries[part]
    if isinstance(value, dict) and isinstance(part, str):
        return _Found(value[part], key_start, start, spots.indent, spots.is_flow)
    assert isinstance(value, list) and isinstance(part, int)  # noqa: S101, PT018 - spots mirror the value
    return _Found(value[part], key_start, start, spots.indent, spots.is_flow)


@lru_cache(maxsize=16)
def places_of(name: str, text: str) -> Places | None:
    """Where everything in a text stands; None for a text that only JSON reads.

    Read anew, places noted: most texts are never asked, so the first pass does not pay for them.
    """
    try:
        reading = Reading(name, normalised(text, name), spots={})
        root = read_document(reading)
    except DocumentError:
        return None
    return Places(reading, root.value, root.start, {})
