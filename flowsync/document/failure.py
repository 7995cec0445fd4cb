"""Turn an offset into a text into a located problem."""

from __future__ import annotations

from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity


def locate(name: str, text: str, offset: int) -> Location:
    """Where the character at `offset` stands; only a line feed ends a line, as in JavaScript's parsers."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Location(name, text.count("\n", 0, offset) + 1, offset - line_start + 1)


def failure(location: Location, code: str, message: str, hint: str | None = None) -> DocumentError:
    """The error for one unreadable place."""
    return DocumentError(Problem(location, Severity.ERROR, code, message, hint))
