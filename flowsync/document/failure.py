"""Turn an offset into a text into a located problem."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity


@lru_cache(maxsize=4)
def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line starts; kept, for a text with one problem often has many."""
    starts = [0]
    while found := text.find("\n", starts[-1]) + 1:
        starts.append(found)
    return tuple(starts)


def locate(name: str, text: str, offset: int) -> Location:
    """Where the character at `offset` stands; only a line feed ends a line, as in JavaScript's parsers."""
    starts = line_starts(text)
    line = bisect_right(starts, offset)
    return Location(name, line, offset - starts[line - 1] + 1)


def failure(location: Location, code: str, message: str, hint: str | None = None) -> DocumentError:
    """The error for one unreadable place."""
    return DocumentError(Problem(location, Severity.ERROR, code, message, hint))
