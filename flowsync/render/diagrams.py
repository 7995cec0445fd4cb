"""Which flow waits for which, as a diagram: Mermaid (GitHub draws it), DOT (Graphviz), JSON.

An arrow leads from the flow that waits to the one it waits for. Slugs and step ids are untrusted: they are only ever
inside quoted labels, every character that could mean something to the language or to HTML written by its number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.flows.waits import Bond
from flowsync.render import escape
from flowsync.render.escape import fenced, masked_mapping, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.flows.waits import Edge, Node, WaitingGraph
    from flowsync.model import JsonValue
    from flowsync.render.style import Screen

FORMAT: Final = "flowsync-graph/1"
_MEANINGFUL: Final = re.compile(r"[^A-Za-z0-9_ .,:\-]")
_LONGEST_LABEL: Final = 80
_ARROWS: Final = {Bond.MUST: "-->", Bond.MAY: "-.->", Bond.STEP: "-.->"}
_STYLES: Final = {Bond.MUST: "solid", Bond.MAY: "dashed", Bond.STEP: "dotted"}
_RED: Final = "stroke:#d1242f,stroke-width:3px"
NO_WAITS: Final = "No flow waits for another."
CIRCLE: Final = "waits in a circle for"


def mermaid(graph: WaitingGraph) -> str:
    """Return a flowchart in Mermaid, without a fence; flows that wait in a circle are red and say so."""
    numbers = {node.slug: number for number, node in enumerate(graph.nodes)}
    return "\n".join(_mermaid_lines(graph, numbers)) + "\n"


def _mermaid_lines(graph: WaitingGraph, numbers: Mapping[str, int]) -> Iterator[str]:
    yield "flowchart LR"
    shown_nodes = _with_edges(graph)
    if not shown_nodes:
        yield f'  none["{NO_WAITS}"]'
    for node in shown_nodes:
        yield f'  f{numbers[node.slug]}["{_mermaid_text(node.slug)}{_remark(node)}"]'
    for edge in graph.edges:
        label = _mermaid_text(_label(edge))
        yield f'  f{numbers[edge.waiting]} {_ARROWS[edge.bond]}|"{label}"| f{numbers[edge.awaited]}'
    yield from _mermaid_styles(graph, numbers)


def _mermaid_styles(graph: WaitingGraph, numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield what makes circles red, and flows without a file dashed."""
    foreign = [numbers[node.slug] for node in graph.nodes if not node.has_file]
    if foreign:
        yield "  classDef foreign stroke-dasharray: 4 3"
        yield f"  class {','.join(f'f{number}' for number in foreign)} foreign"
    circular = sorted(map(numbers.__getitem__, _circular(graph)))
    if circular:
        links = ",".join(str(number) for number, edge in enumerate(graph.edges) if edge.is_circular)
        yield f"  classDef circle {_RED}"
        yield f"  class {','.join(f'f{number}' for number in circular)} circle"
        yield f"  linkStyle {links} {_RED}"


def _with_edges(graph: WaitingGraph) -> list[Node]:
    """The flows that wait or are waited for; the others would only crowd the picture."""
    joined = {slug for edge in graph.edges for slug in (edge.waiting, edge.awaited)}
    return [node for node in graph.nodes if node.slug in joined]


def _circular(graph: WaitingGraph) -> frozenset[str]:
    return frozenset(slug for edge in graph.edges if edge.is_circular for slug in (edge.waiting, edge.awaited))


def _remark(node: Node) -> str:
    return "" if node.has_file else " (no file)"


def _label(edge: Edge) -> str:
    """What an arrow says."""
    if edge.is_circular:
        return CIRCLE
    if edge.bond is Bond.STEP:
        noun = "step" if len(edge.steps) == 1 else "steps"
        return f"{noun} {', '.join(edge.steps)}"
    return str(edge.bond.value)


def _mermaid_text(text: str) -> str:
    """Text for a quoted label: letters and digits as they are, all else by number [mermaid: entity codes]."""
    return _MEANINGFUL.sub(_by_number, _cut(text))


def _by_number(found: re.Match[str]) -> str:
    return f"#{ord(found[0])};"


def _cut(text: str) -> str:
    visible = shown(text)
    return visible if len(visible) <= _LONGEST_LABEL else f"{visible[: _LONGEST_LABEL - 1]}…"


def mermaid_block(graph: WaitingGraph) -> str:
    """Return the flowchart in a fence, for a comment, a summary or a page on GitHub."""
    return fenced(mermaid(graph), "mermaid")


def dot(graph: WaitingGraph) -> str:
    """Return the graph for Graphviz."""
    return "\n".join(_dot_lines(graph)) + "\n"


def _dot_lines(graph: WaitingGraph) -> Iterator[str]:
    yield "digraph flows {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif"];'
    circular = _circular(graph)
    for node in _with_edges(graph):
        red = ", color=red, penwidth=2" if node.slug in circular else ""
        style = "" if node.has_file else ", style=dashed"
        label = f"{_cut(node.slug)}{_remark(node)}"
        yield f"  {_dot_text(node.slug)} [label={_dot_text(label)}{style}{red}];"
    for edge in graph.edges:
        red = ", color=red, penwidth=2" if edge.is_circular else ""
        ends = f"{_dot_text(edge.waiting)} -> {_dot_text(edge.awaited)}"
        yield f"  {ends} [label={_dot_text(_cut(_label(edge)))}, style={_STYLES[edge.bond]}{red}];"
    yield "}"


def _dot_text(text: str) -> str:
    """A quoted DOT string; backslashes doubled, for DOT knows escapes of its own."""
    escaped = shown(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_json(graph: WaitingGraph) -> str:
    """Return the document `flowsync-graph/1`."""
    nodes: list[JsonValue] = [{"slug": node.slug, "file": node.has_file} for node in graph.nodes]
    edges: list[JsonValue] = [
        {
            "waiting": edge.waiting,
            "awaited": edge.awaited,
            "bond": edge.bond.name.lower(),
            "steps": list(edge.steps),
            "circular": edge.is_circular,
        }
        for edge in graph.edges
    ]
    circles: list[JsonValue] = [list(circle) for circle in graph.circles]
    return escape.text(masked_mapping({"format": FORMAT, "flows": nodes, "waits": edges, "circles": circles}))


def _as_mermaid(graph: WaitingGraph, screen: Screen) -> str:  # noqa: ARG001 - one signature
    return mermaid(graph)


def _as_dot(graph: WaitingGraph, screen: Screen) -> str:  # noqa: ARG001 - one signature
    return dot(graph)


def _as_json(graph: WaitingGraph, screen: Screen) -> str:  # noqa: ARG001 - one signature
    return as_json(graph)


FORMATS: Final[Mapping[str, Callable[[WaitingGraph, Screen], str]]] = {
    "mermaid": _as_mermaid,
    "dot": _as_dot,
    "json": _as_json,
}
"""What `graph --format` offers."""
