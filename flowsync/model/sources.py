"""What a flow knows of the text it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from flowsync.model.files import JsonValue, Location, Problem, ValuePath


class Source(Protocol):
    """The text a value was read from, as far as positions are concerned."""

    @property
    def text(self) -> str:
        """The whole text of the file."""

    @property
    def value(self) -> JsonValue:
        """The whole parsed value, before overlays."""

    @property
    def fits_json(self) -> bool:
        """Whether JSON is sure to carry the value; False where that is not known."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers of JavaScript read differently."""

    def holds(self, part: str) -> bool:
        """Whether the text holds `part`."""

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts; the nearest enclosing value where `path` is absent."""

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts; as `location` for list items and the root."""

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` (from 0) of the text at `path` is written; as `location` if unknown."""


class Writing(Protocol):
    """A text that is made when it is asked for."""

    @property
    def text(self) -> str | None:
        """The text; None where there is none."""
