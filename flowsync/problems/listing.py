"""Problems of files, for a terminal, as Markdown and as JSON: place, message, line with a caret, hint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Final, TypeAlias

from flowsync.model import JsonValue, Location, Problem, Severity
from flowsync.render.escape import (
    cell_code,
    cell_prose,
    columns,
    count_fitting,
    markdown_table,
    mask_keys,
    masked_json,
    plural,
    visible_characters,
    with_hint,
)
from flowsync.render.style import NARROWEST, WHOLE, Line, Screen, Span, Style, draw, hinted, line
from flowsync.text import ELLIPSIS

SourceLine: TypeAlias = "Callable[[Location], str | None]"
"""Returns the source line of a location, without its line break; None if it cannot be read."""

NO_PROBLEMS: Final = "No problems found."
_MARGIN: Final = "  | "
_STYLES: Final = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING}


def text(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return every problem, sorted, and their counts."""
    ordered = in_order(problems)
    lines = [each for problem in ordered for each in problem_lines(problem, source_line, screen)]
    return draw([*lines, line(Span(counts(ordered), Style.HEADING if ordered else Style.DONE))], screen)


def markdown(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the problems as a table."""
    ordered = in_order(problems)
    if not ordered:
        return f"{NO_PROBLEMS}\n"
    return "\n".join([f"### flowsync validate: {counts(ordered)}", "", *problem_table(ordered), ""])


def as_json(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-problems/1`."""
    return masked_json({"format": "flowsync-problems/1", "problems": documents(problems)})


def documents(problems: Iterable[Problem]) -> list[JsonValue]:
    """Return problems as the JSON documents list them."""
    return [
        {
            **asdict(problem.location),
            "severity": problem.severity.value,
            "code": problem.code,
            "message": "\n".join([problem.message, *problem.detail]),
            "hint": problem.hint,
        }
        for problem in in_order(problems)
    ]


def counts(problems: Sequence[Problem], texts: Collection[str] = ()) -> str:
    """Return the number of errors, warnings and files; `texts` and directories are no files."""
    severities = Counter(problem.severity for problem in problems)
    parts = [plural(severities[each], each.value) for each in Severity if severities[each]]
    files = {problem.location.file for problem in problems if problem.code != "no-flows"} - {*texts}
    where = f" in {plural(len(files), 'file')}" if files else ""
    return f"{', '.join(parts)}{where}" if parts else NO_PROBLEMS


def problem_table(problems: Iterable[Problem]) -> list[str]:
    """Return the lines of a Markdown table of problems: place, rule, message."""
    rows = []
    for problem in problems:
        where = problem.location
        detail = "".join(f"<br>{cell_code(each)}" for each in problem.detail)
        rows.append(
            (
                cell_code(f"{where.file}:{where.line}:{where.column}"),
                f"{problem.severity.value} {cell_code(problem.code)}",
                f"{cell_prose(with_hint(problem.message, problem.hint))}{detail}",
            )
        )
    return markdown_table(("Where", "", "Problem"), rows)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems sorted by file, line and column."""
    return sorted(problems, key=lambda problem: problem.sort_key)


def problem_lines(problem: Problem, source_line: SourceLine, screen: Screen) -> Iterator[Line]:
    """Yield a problem with its source line, and its hint."""
    where = problem.location
    kind = Span(f"{problem.severity.value}[{problem.code}]", _STYLES[problem.severity])
    place = Span(f"{where.file}:{where.line}:{where.column}: ", Style.HEADING)
    yield line(place, kind, f" {problem.message}")
    source = source_line(where)
    if source:
        yield from _excerpt(mask_keys(source), where.column - 1, screen)
    yield from (line(Span(_MARGIN, Style.MUTED), each) for each in problem.detail)
    yield from hinted(problem.hint)


def _excerpt(source: str, offset: int, screen: Screen) -> Iterator[Line]:
    """Yield the source around `offset`, and the caret under it; an ellipsis if it is cut."""
    room = max(screen.width, NARROWEST) - len(_MARGIN) - 2 * len(ELLIPSIS)
    start = max(0, offset - room)
    pieces = visible_characters(source[start : offset + room])
    head, tail = pieces[: offset - start], pieces[offset - start :]
    kept = count_fitting(reversed(head), room // 2)
    before = (ELLIPSIS if start or kept < len(head) else "") + "".join(head[len(head) - kept :])
    kept = count_fitting(tail, room - columns(before))
    after = "".join(tail[:kept]) + (ELLIPSIS if source[offset + room :] or kept < len(tail) else "")
    margin = Span(_MARGIN, Style.MUTED)
    yield line(margin, before, after, WHOLE)
    yield line(margin, " " * columns(before), Span("^", Style.ERROR))
