"""Flows that are not as their files state them: seen through an overlay, with `data` as a text, dumped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync import document
from flowsync.document.failure import line_starts
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from flowsync.document import Document
    from flowsync.model import JsonValue, Location, Problem, Source, ValuePath


@dataclass(frozen=True, slots=True)
class _OfFile:
    """What is the file's own, however its flow is seen."""

    file: Source

    @property
    def text(self) -> str:
        """The whole text of the file."""
        return self.file.text

    @property
    def value(self) -> JsonValue:
        """The whole parsed value of the file."""
        return self.file.value

    def holds(self, part: str) -> bool:
        """Whether the text of the file holds `part`."""
        return self.file.holds(part)


@dataclass(frozen=True, slots=True)
class OverlaidSource(_OfFile):
    """A file seen through one environment's overlay: positions lead to where a value was stated."""

    environment: str

    @property
    def fits_json(self) -> bool:
        """Whether JSON is sure to carry the value, the overlay's too."""
        return self.file.fits_json

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers read differently."""
        return self.file.warnings

    def location(self, path: ValuePath) -> Location:
        """Where the value is stated: in the overlay if it states it, else in the file's own part."""
        return self.file.location(self._stated(path))

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        return self.file.key_location(self._stated(path))

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        return self.file.offset_location(self._stated(path), offset)

    def _stated(self, path: ValuePath) -> ValuePath:
        overlaid = ("environments", self.environment, *path)
        return overlaid if path and _exists(self.file.value, overlaid) else path


@dataclass(frozen=True, slots=True)
class TextDataSource(_OfFile):
    """A file whose `data` is a text of YAML or JSON: positions of what is inside lead into that text."""

    data: Document

    @property
    def fits_json(self) -> bool:
        """Nothing is known of what the text says."""
        return False

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers read differently, in the file and in the text."""
        inside = (replace(each, location=self._outside(each.location)) for each in self.data.warnings)
        return (*self.file.warnings, *inside)

    def location(self, path: ValuePath) -> Location:
        """Where the value is stated."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.location(path[1:]))
            case _:
                return self.file.location(path)

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.key_location(path[1:]))
            case _:
                return self.file.key_location(path)

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.offset_location(path[1:], offset))
            case _:
                return self.file.offset_location(path, offset)

    def _outside(self, inside: Location) -> Location:
        """Where a place of the text is in the file."""
        offset = line_starts(self.data.text)[inside.line - 1] + inside.column - 1
        return self.file.offset_location(("data",), offset)


def file_of(source: Source) -> Document:
    """The file behind what it is seen through."""
    while isinstance(source, _OfFile):
        source = source.file
    assert isinstance(source, document.Document)  # noqa: S101 - whatever else is a source has a file
    return source


@dataclass(frozen=True, slots=True)
class Dump:
    """`data` that no author wrote as it is: an overlay changed it."""

    data: JsonValue

    @property
    def text(self) -> str | None:
        """A dump."""
        return dumped(self.data)


def dumped(data: JsonValue) -> str | None:
    """A dump to send; None when the value cannot be written exactly, which validation reports."""
    try:
        return document.dump(data)
    except DocumentError:
        return None


def _exists(value: JsonValue, path: ValuePath) -> bool:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return False
    return True
