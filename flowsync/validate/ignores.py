"""Project settings that suppress problems: levels of rules, and comments `# flowsync: ignore[code, code]`.

Behind a line such a comment is about that line; alone on a line it is about the next line that is not a comment.
If a text starts on such a line (a block scalar, quotes over several lines) it is about all of the text. The YAML
reader decides whether something is a comment: the same letters inside of a text ignore nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.config import Level
from flowsync.errors import DocumentError
from flowsync.model import Location, Severity
from flowsync.validate.rules import RULES, UNUSED_IGNORE, code, meant
from flowsync.validate.view import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow, Problem

_COMMENT: Final = re.compile(r"#[ \t]*(?P<marker>flowsync)[ \t]*:[ \t]*ignore\b[ \t]*(?:\[(?P<codes>[^\]\n]*)\])?")
_COMMENT_LINE: Final = re.compile(r"[ \t]*#")
MAXIMUM_IGNORES: Final = 1_000
"""Ignores of one file that count."""
_CODES: Final = tuple(rule.code for rule in RULES)
_FIRM: Final = frozenset(rule.code for rule in RULES if rule.is_firm)
_IGNORABLE: Final = frozenset(_CODES) - _FIRM
"""A problem without a rule cannot be ignored either: a file that cannot be read, a limit that it exceeds."""
_ALL_RULES: Final = "docs/rules.md lists all rules."


@dataclass(frozen=True, slots=True)
class Ignore:
    """One code of one comment ("" if it names none), its place, and the first and last line that it covers."""

    location: Location
    code: str
    first: int
    last: int


def govern(
    problems: Iterable[Problem], flows: Iterable[Flow], levels: Mapping[str, Level]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """The problems that remain, at their set levels; and, separately, the unused ignores.

    `flows` are those whose files the problems are about.
    """
    sources = {flow.file: flow.source for flow in flows}
    ignores = [ignore for file, source in sources.items() for ignore in ignores_of(source.text, file)]
    used: set[Ignore] = set()
    remaining: list[Problem] = []
    for problem in problems:
        file, line = problem.location.file, problem.location.line
        covering = [
            ignore
            for ignore in ignores
            if ignore.code == problem.code and ignore.location.file == file and ignore.first <= line <= ignore.last
        ]
        if covering and problem.code in _IGNORABLE:
            used.update(covering)
        else:
            remaining.append(problem)
    unused = [_unused(ignore) for ignore in ignores if ignore not in used]
    return tuple(_levelled(remaining, levels)), tuple(_levelled(unused, levels))


def _levelled(problems: Iterable[Problem], levels: Mapping[str, Level]) -> Iterator[Problem]:
    for problem in problems:
        level = None if problem.code in _FIRM else levels.get(problem.code)
        if level is None:
            yield problem
        elif level is not Level.OFF:
            yield replace(problem, severity=Severity(level.value))


def level_complaint(name: str, level: Level) -> tuple[str, str | None] | None:
    """Why the level of a rule cannot be set, and what to do; None if it can."""
    if name not in _CODES:
        return f"There is no rule {code(name)}", _close_rule(name)
    if name in _FIRM and level is not Level.ERROR:
        return f"The rule {code(name)} cannot be lowered: what it reports is broken for every user", None
    return None


def _close_rule(name: str) -> str:
    close = meant(name, _CODES)
    return f"Did you mean {code(close)}?" if close else _ALL_RULES


def _unused(ignore: Ignore) -> Problem:
    name = code(ignore.code)
    if not ignore.code:
        message, hint = "This comment names no rule.", "Write ignore[code]."
    elif ignore.code in _FIRM:
        message, hint = f"{name} cannot be ignored.", "Correct what it reports."
    elif ignore.code not in _CODES:
        message, hint = f"There is no rule {name}.", _close_rule(ignore.code)
    else:
        message, hint = f"There is no {name} here to ignore.", "Delete it from the comment."
    return UNUSED_IGNORE.at(ignore.location, message, hint)


def ignores_of(text: str, file: str) -> tuple[Ignore, ...]:
    """Every ignore of a file; none in a text that only looks like one."""
    candidates = [*islice(_COMMENT.finditer(text), MAXIMUM_IGNORES)]
    return tuple(islice(_ignores(text, file, candidates), MAXIMUM_IGNORES)) if candidates else ()


def _ignores(text: str, file: str, candidates: Sequence[re.Match[str]]) -> Iterator[Ignore]:
    """The ignores among those candidates that are comments: a marker put into each of them is in no value."""
    mark = "mark"
    while mark in text:
        mark += "k"
    numbered, end = "", 0
    for number, found in enumerate(candidates):
        numbered += f"{text[end : found.start('marker')]}{mark}{number}."
        end = found.end("marker")
    try:
        read = document.parse(numbered + text[end:], file)
    except DocumentError:
        return
    values = [*walk(read.value, ())]
    texts = {each for path, value in values for each in (value, *path[-1:]) if isinstance(each, str)}
    in_texts = {int(number) for each in texts for number in re.findall(rf"{mark}(\d+)\.", each)}
    comments = [found for number, found in enumerate(candidates) if number not in in_texts]
    if not comments:
        return
    last_lines: dict[int, int] = {}
    for path, value in values:
        if isinstance(value, str):
            last = read.offset_location(path, max(len(value) - 1, 0)).line
            for line in (read.key_location(path).line, read.location(path).line):
                last_lines[line] = max(last, last_lines.get(line, line))
    lines_meant = _lines_meant(text.split("\n"))
    for found in comments:
        number = text.count("\n", 0, found.start()) + 1
        place = Location(file, number, found.start() - text.rfind("\n", 0, found.start()))
        first = lines_meant[number - 1]
        codes = [each.strip() for each in (found["codes"] or "").split(",")]
        for each in [each for each in codes if each] or [""]:
            yield Ignore(place, each, first, last_lines.get(first, first))


def _lines_meant(lines: Sequence[str]) -> list[int]:
    """For each line the number (from 1) of the line that a comment on it covers."""
    meant = [*range(1, len(lines) + 1)]
    for index in range(len(lines) - 2, -1, -1):
        if _COMMENT_LINE.match(lines[index]):
            meant[index] = meant[index + 1]
    return meant
