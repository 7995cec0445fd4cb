"""Comments that ignore a problem: `# flowsync: ignore[code, code]`.

Behind a line such a comment is about that line; alone on a line it is about the next line that is not a comment.
Where a text starts on such a line (a block scalar, quotes over several lines) it is about all of the text. Whether
something is a comment is asked of the YAML reader: the same letters inside of a text ignore nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import Location, Severity
from flowsync.validate.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.model import JsonValue, Problem, ValuePath

_COMMENT: Final = re.compile(r"#[ \t]*(?P<marker>flowsync)[ \t]*:[ \t]*ignore\b[ \t]*(?:\[(?P<codes>[^\]\n]*)\])?")
MAXIMUM_IGNORES: Final = 1_000
"""Ignores of one file that count."""
_COMMENT_LINE: Final = re.compile(r"[ \t]*#")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One code of one comment: where it stands, and the lines (first, last) that it is about."""

    location: Location
    code: str
    first: int
    last: int

    def covers(self, problem: Problem) -> bool:
        """Whether it is about this problem."""
        where = problem.location
        is_here = where.file == self.location.file and self.first <= where.line <= self.last
        return is_here and problem.code == self.code


def ignores_of(text: str, name: str) -> tuple[Ignore, ...]:
    """Every ignore of a file; none in a text that only looks like one."""
    candidates = [*islice(_COMMENT.finditer(text), MAXIMUM_IGNORES)]
    marked = _marked(text, name, candidates)
    return () if marked is None else tuple(islice(_ignores(text, name, marked), MAXIMUM_IGNORES))


@dataclass(frozen=True, slots=True)
class _Marked:
    """The file as read with each candidate numbered: which of them are comments, and where its texts stand."""

    comments: tuple[re.Match[str], ...]
    extents: Mapping[int, int]


def _marked(text: str, name: str, candidates: Sequence[re.Match[str]]) -> _Marked | None:
    """Read the file with a number put into each candidate; those whose number shows up in a value are no comments."""
    if not candidates:
        return None
    mark = "mark"
    while mark in text:
        mark += "k"
    numbered = iter(range(len(candidates)))
    changed = _COMMENT.sub(lambda found: _with_mark(found, f"{mark}{next(numbered)}."), text, len(candidates))
    try:
        read = document.parse(changed, name)
    except DocumentError:
        return None
    spoken = {int(number) for each in _texts(read.value) for number in re.findall(rf"{mark}(\d+)\.", each)}
    comments = tuple(found for number, found in enumerate(candidates) if number not in spoken)
    return _Marked(comments, _extents(read) if comments else {})


def _with_mark(found: re.Match[str], mark: str) -> str:
    start, end = (offset - found.start() for offset in found.span("marker"))
    return f"{found[0][:start]}{mark}{found[0][end:]}"


def _texts(value: JsonValue) -> Iterator[str]:
    """Every key and every text in a value."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _texts(item)
        case _:
            return


def _extents(read: document.Document) -> Mapping[int, int]:
    """For each line on which a text, or its key, starts: the last line of the text."""
    extents: dict[int, int] = {}
    for path, text in _places(read.value, ()):
        last = read.offset_location(path, max(len(text) - 1, 0)).line
        for line in (read.key_location(path).line, read.location(path).line):
            extents[line] = max(last, extents.get(line, line))
    return extents


def _places(value: JsonValue, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    match value:
        case str():
            yield path, value
        case list():
            for index, item in enumerate(value):
                yield from _places(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from _places(item, (*path, key))
        case _:
            return


def _ignores(text: str, name: str, marked: _Marked) -> Iterator[Ignore]:
    following = _lines_meant(text.split("\n"))
    for found in marked.comments:
        number = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        first = following[number - 1]
        for each in _codes(found):
            yield Ignore(Location(name, number, column), each, first, marked.extents.get(first, first))


def _codes(found: re.Match[str]) -> list[str]:
    """The codes of a comment; one that names none has an empty one."""
    named = [each.strip() for each in (found["codes"] or "").split(",")]
    return [each for each in named if each] or [""]


def _lines_meant(lines: Sequence[str]) -> list[int]:
    """For each line the number (from 1) of the line that a comment on it is about."""
    meant = [*range(1, len(lines) + 1)]
    for index in range(len(lines) - 2, -1, -1):
        if _COMMENT_LINE.match(lines[index]):
            meant[index] = meant[index + 1]
    return meant


UNUSED_IGNORE: Final = Rule(
    "unused-ignore",
    Severity.WARNING,
    "A comment `# flowsync: ignore[code]` ignores nothing: its line has no such problem any more, there is no such "
    "rule, it names none, or the rule cannot be ignored.",
    "name: Welcome # flowsync: ignore[targeting-months]\n",
    "targetingLogic: user.property('seen') within 30m # flowsync: ignore[targeting-months]\n",
)
IGNORE_RULES: Final = (UNUSED_IGNORE,)

HINT_OF_ONE: Final = "ignore"
"""What every such comment holds: a file without it is not looked at any closer."""
