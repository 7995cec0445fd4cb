"""The report of `flowsync doctor` for a terminal, as Markdown, and as the document `flowsync-doctor/1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flowsync.doctor.values import Mark, Part, Report
from flowsync.model import JsonValue
from flowsync.render.escape import cell_code, cell_prose, markdown_table, masked_json, plural, prose, with_hint
from flowsync.render.style import HANG, Detail, Line, Screen, Span, Style, draw, hinted, line

FORMAT: Final = "flowsync-doctor/1"
_STYLES: Final = {Mark.OK: Style.ADDED, Mark.NOTE: Style.WARNING, Mark.PROBLEM: Style.ERROR}
_MARK_WIDTH: Final = max(len(mark.value) for mark in Mark)
_NOTHING_SENT: Final = "This report holds no keys and no content of flows, only names of environments and addresses."


def text(report: Report, screen: Screen) -> str:
    """Return every fact on a line of its own, hints below, then the counts; a summary leaves out what is ok."""
    lines = [each for part in report.parts for each in _part_lines(part, screen.detail)]
    return draw([*lines, line(_counts(report))], screen)


def _part_lines(part: Part, detail: Detail) -> Iterator[Line]:
    facts = [fact for fact in part.facts if fact.mark is not Mark.OK or detail is not Detail.SUMMARY]
    if not facts:
        return
    yield line(Span(_title(part), Style.HEADING))
    width = max(len(fact.name) for fact in facts)
    for fact in facts:
        mark = Span(fact.mark.value.ljust(_MARK_WIDTH), _STYLES[fact.mark])
        yield line(mark, f"  {fact.name.ljust(width)}  ", HANG, fact.text)
        yield from hinted(fact.hint)
    yield ()


def markdown(report: Report, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a table for each part, for a bug report."""
    lines = [f"**flowsync doctor**: {prose(_counts(report))}"]
    for part in report.parts:
        rows = []
        for fact in part.facts:
            found = cell_code(fact.text) if fact.mark is Mark.OK else cell_prose(fact.text)
            hint = f"({cell_prose(fact.hint)})" if fact.hint else None
            rows.append((fact.mark.value, cell_prose(fact.name), with_hint(found, hint)))
        lines += ["", f"### {prose(_title(part))}", "", *markdown_table(("", "what", "found"), rows)]
    return "\n".join([*lines, "", prose(_NOTHING_SENT), ""])


def as_json(report: Report, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-doctor/1`."""
    parts: list[JsonValue] = []
    for part in report.parts:
        facts: list[JsonValue] = [
            {"fact": fact.name, "status": fact.mark.value, "message": fact.text, "value": fact.value, "hint": fact.hint}
            for fact in part.facts
        ]
        parts.append({"part": part.title, "environment": part.environment, "facts": facts})
    summary: JsonValue = {mark.value: report.count(mark) for mark in Mark}
    head: dict[str, JsonValue] = {"format": FORMAT, "flowsync": report.version, "result": report.worst.value}
    return masked_json({**head, "summary": summary, "parts": parts})


def _title(part: Part) -> str:
    return part.title if part.environment is None else f"{part.title} of {part.environment}"


def _counts(report: Report) -> str:
    found = [plural(report.count(mark), mark.value) for mark in (Mark.PROBLEM, Mark.NOTE) if report.count(mark)]
    return f"{', '.join(found) or 'All is well'}."


FORMATS: Final[Mapping[str, Callable[[Report, Screen], str]]] = {"text": text, "markdown": markdown, "json": as_json}
