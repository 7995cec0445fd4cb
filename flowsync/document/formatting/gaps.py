"""What stands between values: blank lines and comment lines, and to which neighbour each belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

STEP: Final = 2
"""Columns that a collection, or a text in lines of its own, stands deeper than the key above it."""


@dataclass(eq=False)
class Unkept(Exception):  # noqa: N818 - what could not be kept, not an error of the program
    """A place that cannot be put in form; `reason` completes "the file is left as it is: …"."""

    offset: int
    reason: str


class Lines(NamedTuple):
    """Lines in form; `is_open` where a blank line below them would become a part of their text (`|+`)."""

    lines: list[str]
    is_open: bool = False

    def above(self, lead: list[str]) -> list[str]:
        """What leads the next lines, without a blank line at the top or below open text."""
        return without_leading_blank(lead) if self.is_open or not self.lines else lead


class Gap(NamedTuple):
    """The lines between two entries, as offsets: `above` belong to the entry above them, the rest to the one below."""

    start: int
    middle: int
    end: int


def gap(text: str, start: int, end: int, column: int) -> Gap:
    """The gap between two offsets at line starts, in a collection at `column`.

    Comments that are indented deeper than the collection's own entries, and what is above them, belong to the entry
    above; all others lead the entry below. Raises Unkept where more than comments stands there.
    """
    middle = at = start
    while at < end:
        stop = text.index("\n", at) + 1
        content = text[at:stop].lstrip(" \t")
        if content[0] not in "#\n":
            raise Unkept(at, "an anchor or a tag stands on a line of its own")
        if content[0] == "#" and stop - at - len(content) > column:
            middle = stop
        at = stop
    return Gap(start, middle, end)


def comment_lines(text: str, start: int, end: int, column: int) -> list[str]:
    """The comments of a stretch of whole lines at one column, with at most one blank line in a row."""
    lines = (line.strip(" \t") for line in text[start:end].split("\n")[:-1])
    return collapsed([f"{' ' * column}{line}" if line else "" for line in lines])


def moved_comments(text: str, start: int, end: int, delta: int) -> list[str]:
    """The comments of a stretch of whole lines, each moved by `delta` columns."""
    lines = [line.rstrip(" \t") for line in text[start:end].split("\n")[:-1]]
    return collapsed(
        [f"{' ' * (len(line) - len(line.lstrip()) + delta)}{line.lstrip()}" if line else "" for line in lines]
    )


def collapsed(lines: list[str]) -> list[str]:
    """The lines without blanks at their ends, and with at most one blank line in a row."""
    stripped = [line.rstrip(" \t") for line in lines]
    return [line for index, line in enumerate(stripped) if line or index == 0 or stripped[index - 1]]


def without_leading_blank(lines: list[str]) -> list[str]:
    """The lines without a blank one at their head."""
    return lines[1:] if lines and not lines[0] else lines
