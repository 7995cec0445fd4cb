"""The flows of a project: a table of the live ones and the files, and a diagram of which waits for which.

An arrow leads from the flow that waits to the one it waits for, in Mermaid (GitHub draws it) or DOT (Graphviz). Slugs
and step ids are untrusted: they are only ever inside quoted labels, every character that could mean something to the
language or to HTML written by its number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Final

from flowsync.flows.waits import Bond, Edge, Node, WaitingGraph
from flowsync.model import JsonValue
from flowsync.render.escape import cell_code, fenced, markdown_table, masked_json, plural, shown
from flowsync.render.style import Screen, Span, Style, line, paint, table
from flowsync.text import shortened


class ListState(Enum):
    """How a live flow compares with its file."""

    IN_STEP = "in step"
    DIFFERS = "differs"
    UNVERIFIED = "unverified"
    NOT_LIVE = "not live"
    BLOCKED = "blocked"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class ListedFlow:
    """One line of `flowsync list`: a live row (`id` is None without one), a file, or both."""

    slug: str
    state: ListState
    version: int | None
    status: str | None
    id: int | None
    file: str | None
    name: str | None

    @property
    def facts(self) -> tuple[str | int | None, ...]:
        """What is known of it besides its slug and state."""
        return self.version, self.status, self.id, self.file, self.name


NO_FLOWS: Final = "No flows."
NO_WAITS: Final = "No flow waits for another."
CIRCLE: Final = "waits in a circle for"
_TITLES: Final = ("SLUG", "STATE", "VERSION", "STATUS", "ID", "FILE", "NAME")
_STATES: Final = {
    ListState.IN_STEP: ("in step", Style.ADDED),
    ListState.DIFFERS: ("with differences", Style.WARNING),
    ListState.UNVERIFIED: ("unverified", Style.WARNING),
    ListState.NOT_LIVE: ("not live", Style.WARNING),
    ListState.BLOCKED: ("blocked", Style.ERROR),
    ListState.UNMANAGED: ("unmanaged", Style.MUTED),
}
_MEANINGFUL: Final = re.compile(r"[^A-Za-z0-9_ .,:\-]")
_LONGEST_LABEL: Final = 80
_ARROWS: Final = {Bond.MUST: "-->", Bond.MAY: "-.->", Bond.STEP: "-.->"}
_LINE_STYLES: Final = {Bond.MUST: "solid", Bond.MAY: "dashed", Bond.STEP: "dotted"}
_RED: Final = "stroke:#d1242f,stroke-width:3px"


def list_text(flows: Sequence[ListedFlow], screen: Screen) -> str:
    """Return an aligned table of flows and the counts."""
    if not flows:
        return f"{NO_FLOWS}\n"
    rows = []
    for flow in flows:
        cells = [Span(_cell(fact)) for fact in flow.facts]
        rows.append([Span(flow.slug, Style.HEADING), Span(flow.state.value, _STATES[flow.state][1]), *cells])
    return paint([*table(_TITLES, rows, screen), (), line(Span(counts(flows), Style.HEADING))], screen.colour)


def list_markdown(flows: Sequence[ListedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a table of flows, nothing cut."""
    if not flows:
        return f"{NO_FLOWS}\n"
    rows = []
    for flow in flows:
        cells = [cell_code(fact) if isinstance(fact, str) else _cell(fact) for fact in flow.facts]
        rows.append([cell_code(flow.slug), flow.state.value, *cells])
    return "\n".join([*markdown_table([title.capitalize() for title in _TITLES], rows), ""])


def list_json(flows: Sequence[ListedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-list/1`."""
    documents: list[JsonValue] = [{**asdict(flow), "state": flow.state.value} for flow in flows]
    return masked_json({"format": "flowsync-list/1", "flows": documents})


LIST_FORMATS: Final = {"text": list_text, "markdown": list_markdown, "json": list_json}
"""What `list --format` offers."""


def counts(flows: Sequence[ListedFlow]) -> str:
    """Return how many flows there are, and how they compare with the files."""
    numbers = Counter(flow.state for flow in flows)
    parts = [f"{numbers[state]:,} {noun}" for state, (noun, _) in _STATES.items() if numbers[state]]
    return f"{plural(len(flows), 'flow')}: {', '.join(parts)}"


def _cell(fact: str | int | None) -> str:
    return "-" if fact is None else str(fact)


def mermaid(graph: WaitingGraph) -> str:
    """Return a flowchart in Mermaid, without a fence; flows that wait in a circle are red and say so."""
    return "\n".join(_mermaid_lines(graph)) + "\n"


def mermaid_block(graph: WaitingGraph) -> str:
    """Return the flowchart in a fence, for a comment, a summary or a page on GitHub."""
    return fenced(mermaid(graph), "mermaid")


def _mermaid_lines(graph: WaitingGraph) -> Iterator[str]:
    names = {node.slug: f"f{number}" for number, node in enumerate(graph.nodes)}
    connected = _connected(graph)
    yield "flowchart LR"
    if not connected:
        yield f'  none["{NO_WAITS}"]'
    for node in connected:
        yield f'  {names[node.slug]}["{_mermaid_text(node.slug)}{_remark(node)}"]'
    for edge in graph.edges:
        yield f'  {names[edge.waiting]} {_ARROWS[edge.bond]}|"{_mermaid_text(_label(edge))}"| {names[edge.awaited]}'
    foreign = [names[node.slug] for node in graph.nodes if not node.has_file]
    if foreign:
        yield "  classDef foreign stroke-dasharray: 4 3"
        yield f"  class {','.join(foreign)} foreign"
    circular = _circular(graph)
    if circular:
        links = ",".join(str(number) for number, edge in enumerate(graph.edges) if edge.is_circular)
        yield f"  classDef circle {_RED}"
        yield f"  class {','.join(name for slug, name in names.items() if slug in circular)} circle"
        yield f"  linkStyle {links} {_RED}"


def dot(graph: WaitingGraph) -> str:
    """Return the graph for Graphviz."""
    return "\n".join(_dot_lines(graph)) + "\n"


def _dot_lines(graph: WaitingGraph) -> Iterator[str]:
    yield "digraph flows {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif"];'
    circular = _circular(graph)
    for node in _connected(graph):
        red = ", color=red, penwidth=2" if node.slug in circular else ""
        style = "" if node.has_file else ", style=dashed"
        label = f"{shortened(shown(node.slug), _LONGEST_LABEL)}{_remark(node)}"
        yield f"  {_dot_text(node.slug)} [label={_dot_text(label)}{style}{red}];"
    for edge in graph.edges:
        red = ", color=red, penwidth=2" if edge.is_circular else ""
        ends = f"{_dot_text(edge.waiting)} -> {_dot_text(edge.awaited)}"
        label = shortened(shown(_label(edge)), _LONGEST_LABEL)
        yield f"  {ends} [label={_dot_text(label)}, style={_LINE_STYLES[edge.bond]}{red}];"
    yield "}"


def _connected(graph: WaitingGraph) -> list[Node]:
    """The flows that wait or are waited for; the others would only crowd the picture."""
    slugs = {slug for edge in graph.edges for slug in (edge.waiting, edge.awaited)}
    return [node for node in graph.nodes if node.slug in slugs]


def _circular(graph: WaitingGraph) -> frozenset[str]:
    return frozenset(slug for edge in graph.edges if edge.is_circular for slug in (edge.waiting, edge.awaited))


def _remark(node: Node) -> str:
    return "" if node.has_file else " (no file)"


def _label(edge: Edge) -> str:
    if edge.is_circular:
        return CIRCLE
    if edge.bond is Bond.STEP:
        return f"{'step' if len(edge.steps) == 1 else 'steps'} {', '.join(edge.steps)}"
    return str(edge.bond.value)


def _mermaid_text(text: str) -> str:
    """Text for a quoted label: letters and digits as they are, all else by number [mermaid: entity codes]."""
    return _MEANINGFUL.sub(lambda found: f"#{ord(found[0])};", shortened(shown(text), _LONGEST_LABEL))


def _dot_text(text: str) -> str:
    """A quoted DOT string; backslashes doubled, for DOT knows escapes of its own."""
    escaped = shown(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def graph_json(graph: WaitingGraph) -> str:
    """Return the document `flowsync-graph/1`."""
    edges: list[JsonValue] = [
        {
            "waiting": edge.waiting,
            "awaited": edge.awaited,
            "bond": edge.bond.name.lower(),
            "steps": [*edge.steps],
            "circular": edge.is_circular,
        }
        for edge in graph.edges
    ]
    nodes: list[JsonValue] = [{"slug": node.slug, "file": node.has_file} for node in graph.nodes]
    circles: list[JsonValue] = [[*circle] for circle in graph.circles]
    return masked_json({"format": "flowsync-graph/1", "flows": nodes, "waits": edges, "circles": circles})


GRAPH_FORMATS: Final[Mapping[str, Callable[[WaitingGraph], str]]] = {"mermaid": mermaid, "dot": dot, "json": graph_json}
"""What `graph --format` offers."""
