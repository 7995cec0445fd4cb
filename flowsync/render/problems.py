"""Problems of files: where, what, the line itself with a caret, and what to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.model import Severity
from flowsync.render.columns import ELLIPSIS, columns, count_fitting
from flowsync.render.escape import cell_code, cell_prose, mask_keys, visible_characters
from flowsync.render.plural import plural
from flowsync.render.screen import NARROWEST
from flowsync.render.style import Span, Style, line, paint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import JsonValue, Location, Problem
    from flowsync.render.screen import Screen
    from flowsync.render.style import Line

SourceLine: TypeAlias = "Callable[[Location], str | None]"
"""Gives the line that a location is on, without its end; None where it cannot be had."""

FORMAT: Final = "flowsync-problems/1"
NO_PROBLEMS: Final = "No problems found."

_MARGIN: Final = "  | "
_STYLES: Final = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING}


def text(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return every problem, sorted, and their counts."""
    ordered = _sorted(problems)
    lines = [each for problem in ordered for each in problem_lines(problem, source_line, screen)]
    return paint([*lines, _closing(ordered)], screen.colour)


def markdown(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the problems as a table."""
    ordered = _sorted(problems)
    if not ordered:
        return f"{NO_PROBLEMS}\n"
    rows = ["| Where | | Problem |", "| --- | --- | --- |", *map(markdown_row, ordered)]
    return "\n".join([f"### flowsync validate: {counts(ordered)}", "", *rows, ""])


def as_json(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-problems/1`."""
    from flowsync.render import json_text  # noqa: PLC0415 - only this form needs it

    return json_text.text({"format": FORMAT, "problems": [_document(problem) for problem in _sorted(problems)]})


def github(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return annotations for GitHub, then the text, which the log of the step shows beside them."""
    from flowsync.render import workflow_commands  # noqa: PLC0415 - it knows plans too, which no other form needs

    ordered = _sorted(problems)
    notes = workflow_commands.annotate(map(workflow_commands.of_problem, ordered))
    return notes + text(ordered, source_line, screen)


def sarif(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a log in SARIF 2.1.0."""
    from flowsync.render import sarif as log  # noqa: PLC0415 - it holds the documentation of every rule

    return log.document(_sorted(problems), source_line)


FORMATS: Final[Mapping[str, Callable[[Iterable[Problem], SourceLine, Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
    "github": github,
    "sarif": sarif,
}
"""What `validate --format` can offer."""
FROM_TOP: Final = frozenset({"github", "sarif"})
"""Those that name files from the top of the repository."""


def counts(problems: Sequence[Problem]) -> str:
    """Return how many errors and warnings there are, and in how many files."""
    severities = Counter(problem.severity for problem in problems)
    told = [plural(severities[each], each.value) for each in Severity if severities[each]]
    files = {problem.location.file for problem in problems}
    return f"{', '.join(told)} in {plural(len(files), 'file')}" if told else NO_PROBLEMS


def problem_lines(problem: Problem, source_line: SourceLine, screen: Screen) -> Iterator[Line]:
    """Yield one problem: its place and message, its line with a caret, its hint."""
    from flowsync.render.layout import hint_lines, sentences  # noqa: PLC0415 - mostly there are no problems

    where = problem.location
    kind = Span(f"{problem.severity.value}[{problem.code}]", _STYLES[problem.severity])
    place = Span(f"{where.file}:{where.line}:{where.column}: ", Style.HEADING)
    yield from sentences(line(place, kind, f" {problem.message}"), screen)
    source = source_line(where)
    if source:
        yield from _excerpt(mask_keys(source), where.column - 1, screen)
    yield from (line(Span(_MARGIN, Style.MUTED), each) for each in problem.detail)
    yield from hint_lines(problem.hint, screen)


def _excerpt(source: str, offset: int, screen: Screen) -> Iterator[Line]:
    """Yield the source around `offset`, and the caret under it."""
    room = max(screen.width, NARROWEST) - len(_MARGIN) - 2 * len(ELLIPSIS)
    start = max(0, offset - room)
    pieces = visible_characters(source[start : offset + room])
    before = _end_of(pieces[: offset - start], start, room // 2)
    after = _start_of(pieces[offset - start :], source[offset + room :], room - columns(before))
    margin = Span(_MARGIN, Style.MUTED)
    yield line(margin, before, after)
    yield line(margin, " " * columns(before), Span("^", Style.ERROR))


def _start_of(pieces: Sequence[str], left_out: str, room: int) -> str:
    """Return as many leading `pieces` as fit; an ellipsis tells that there is more."""
    count = count_fitting(pieces, room)
    return "".join(pieces[:count]) + (ELLIPSIS if left_out or count < len(pieces) else "")


def _end_of(pieces: Sequence[str], left_out: int, room: int) -> str:
    count = count_fitting(reversed(pieces), room)
    return (ELLIPSIS if left_out or count < len(pieces) else "") + "".join(pieces[len(pieces) - count :])


def _closing(problems: Sequence[Problem]) -> Line:
    if not problems:
        return line(Span(NO_PROBLEMS, Style.DONE))
    return line(Span(counts(problems), Style.HEADING))


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.sort_key)


def markdown_row(problem: Problem) -> str:
    """Return one problem as a row of a table: where, which, what."""
    where = problem.location
    place = cell_code(f"{where.file}:{where.line}:{where.column}")
    sentences = cell_prose(f"{problem.message} {problem.hint or ''}".rstrip())
    detail = "".join(f"<br>{cell_code(each)}" for each in problem.detail)
    return f"| {place} | {problem.severity.value} {cell_code(problem.code)} | {sentences}{detail} |"


def _document(problem: Problem) -> JsonValue:
    from flowsync.render import json_text  # noqa: PLC0415 - as above

    where = problem.location
    return json_text.masked(
        {
            "file": where.file,
            "line": where.line,
            "column": where.column,
            "severity": problem.severity.value,
            "code": problem.code,
            "message": "\n".join([problem.message, *problem.detail]),
            "hint": problem.hint,
        }
    )
