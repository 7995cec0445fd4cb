"""The live flows and the files, one line each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from flowsync.model import ListState
from flowsync.render import escape
from flowsync.render.escape import cell_code, masked, plural
from flowsync.render.style import Span, Style, line, paint, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.model import JsonValue, ListedFlow
    from flowsync.render.style import Line, Screen

FORMAT: Final = "flowsync-list/1"
NO_FLOWS: Final = "No flows."

_STATE_NOUNS: Final = {
    ListState.IN_STEP: "in step",
    ListState.DIFFERS: "with differences",
    ListState.UNVERIFIED: "unverified",
    ListState.BLOCKED: "blocked",
    ListState.UNMANAGED: "unmanaged",
}
_NONE: Final = "-"
_TITLES: Final = ("SLUG", "STATE", "VERSION", "STATUS", "ID", "FILE", "NAME")
_STYLES: Final = {
    ListState.IN_STEP: Style.ADDED,
    ListState.DIFFERS: Style.WARNING,
    ListState.UNVERIFIED: Style.WARNING,
    ListState.BLOCKED: Style.ERROR,
    ListState.UNMANAGED: Style.MUTED,
}


def text(flows: Sequence[ListedFlow], screen: Screen) -> str:
    """Return an aligned table and the counts."""
    return paint(_lines(flows, screen), screen.colour)


def markdown(flows: Sequence[ListedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a table, nothing cut."""
    if not flows:
        return f"{NO_FLOWS}\n"
    header = f"| {' | '.join(title.capitalize() for title in _TITLES)} |\n|{' --- |' * len(_TITLES)}\n"
    return header + "".join(f"| {' | '.join(_markdown_cells(flow))} |\n" for flow in flows)


def as_json(flows: Sequence[ListedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-list/1`."""
    return escape.text({"format": FORMAT, "flows": [_document(flow) for flow in flows]})


FORMATS: Final[Mapping[str, Callable[[Sequence[ListedFlow], Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `list --format` offers."""


def counts(flows: Sequence[ListedFlow]) -> str:
    """Return how many flows there are, and how they stand to the files."""
    numbers = Counter(flow.state for flow in flows)
    told = [f"{numbers[state]:,} {_STATE_NOUNS[state]}" for state in ListState if numbers[state]]
    return f"{plural(len(flows), 'flow')}: {', '.join(told)}"


def _lines(flows: Sequence[ListedFlow], screen: Screen) -> Iterator[Line]:
    if not flows:
        yield line(NO_FLOWS)
        return
    yield from table(_TITLES, [_row(flow) for flow in flows], screen)
    yield ()
    yield line(Span(counts(flows), Style.HEADING))


def _row(flow: ListedFlow) -> list[Span]:
    slug, state, *others = _cells(flow)
    return [Span(slug, Style.HEADING), Span(state, _STYLES[flow.state]), *map(Span, others)]


def _cells(flow: ListedFlow) -> list[str]:
    values = (flow.version, flow.status, flow.id, flow.file, flow.name)
    return [flow.slug, flow.state.value, *(_NONE if value is None else str(value) for value in values)]


def _markdown_cells(flow: ListedFlow) -> Iterator[str]:
    values = (flow.version, flow.status, flow.id, flow.file, flow.name)
    yield from (cell_code(flow.slug), flow.state.value)
    for value in values:
        yield cell_code(value) if isinstance(value, str) else _NONE if value is None else str(value)


def _document(flow: ListedFlow) -> JsonValue:
    return masked(
        {
            "slug": flow.slug,
            "state": flow.state.value,
            "version": flow.version,
            "status": flow.status,
            "id": flow.id,
            "file": flow.file,
            "name": flow.name,
        }
    )
