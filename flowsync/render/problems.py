"""Problems of files: where, what, the line itself with a caret, and what to do."""

from __future__ import annotations

import platform
import traceback
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import __version__
from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.model import Severity
from flowsync.render.escape import (
    ELLIPSIS,
    cell_code,
    cell_prose,
    columns,
    count_fitting,
    mask_keys,
    plural,
    visible_characters,
)
from flowsync.render.style import NARROWEST, Screen, Span, Style, hint_lines, line, paint, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.model import JsonValue, Location, Problem
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
    from flowsync.render import escape  # noqa: PLC0415 - only this form needs it

    return escape.text({"format": FORMAT, "problems": [_document(problem) for problem in _sorted(problems)]})


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
    from flowsync.render.style import hint_lines, sentences  # noqa: PLC0415 - mostly there are no problems

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
    from flowsync.render.escape import masked  # noqa: PLC0415 - as above

    where = problem.location
    return masked(
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


REPORT: Final = "please report it with the command you ran and the text below."


def _no_source(_: Location) -> None:
    return None


def error(
    exception: FlowsyncError,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    source_line: SourceLine = _no_source,
) -> str:
    """Return what is written to stderr for an expected failure; problems of files are listed first."""
    return paint(_error_lines(exception, source_line, screen), screen.colour)


def bug(exception: BaseException, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what is written to stderr when flowsync itself is at fault, with what a report needs."""
    return paint(_bug_lines(exception, screen), screen.colour)


def _error_lines(exception: FlowsyncError, source_line: SourceLine, screen: Screen) -> Iterator[Line]:
    match exception:
        case InvalidFilesError():
            lines = partial(_line_of, exception.texts, source_line)
            for problem in sorted(exception.problems, key=lambda problem: problem.sort_key):
                yield from problem_lines(problem, lines, screen)
            counted = f" ({counts(exception.problems)})" if exception.problems else ""
            yield from _message_lines(exception, f"{exception.message}{counted}", screen)
        case DocumentError():
            yield from problem_lines(exception.problem, source_line, screen)
        case _:
            yield from _message_lines(exception, exception.message, screen)


def _line_of(texts: Mapping[str, str], source_line: SourceLine, place: Location) -> str | None:
    text = texts.get(place.file)
    return source_line(place) if text is None else text.split("\n")[place.line - 1].rstrip("\r")


def _message_lines(exception: FlowsyncError, message: str, screen: Screen) -> Iterator[Line]:
    yield from sentences(line(Span(f"error[{exception.code}]", Style.ERROR), f" {message}"), screen)
    if isinstance(exception, RefusedError):
        for reason in exception.reasons:
            yield from sentences(line(f"  - {reason}"), screen)
    yield from hint_lines(exception.hint, screen)


def _bug_lines(exception: BaseException, screen: Screen) -> Iterator[Line]:
    name = type(exception).__name__
    told = f" {name}: this is a bug in flowsync, not in your flows; {REPORT}"
    yield from sentences(line(Span("error[bug]", Style.ERROR), told), screen)
    yield ()
    yield line(f"  flowsync {__version__}, Python {platform.python_version()}")
    for each in "".join(traceback.format_exception(exception)).rstrip("\n").split("\n"):
        yield line(Span(f"  {each}", Style.MUTED))
