"""A diagram of which flow waits for which.

An arrow leads from the flow that waits to the one it waits for, in Mermaid (GitHub draws it) or DOT (Graphviz). Slugs
and step ids are untrusted: they are only ever inside quoted labels, every character that could mean something to the
language or to HTML written by its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from flowsync.flows.waits import Bond, Edge, Node, WaitingGraph
from flowsync.model import JsonValue
from flowsync.render.escape import fenced, masked_json, shown
from flowsync.text import shortened

NO_WAITS: Final = "No flow waits for another."
CIRCLE: Final = "waits in a circle for"
_MEANINGFUL: Final = re.compile(r"[^A-Za-z0-9_ .,:\-]")
_LONGEST_LABEL: Final = 80
_ARROWS: Final = {Bond.MUST: "-->", Bond.MAY: "-.->", Bond.STEP: "-.->"}
_LINE_STYLES: Final = {Bond.MUST: "solid", Bond.MAY: "dashed", Bond.STEP: "dotted"}
_RED: Final = "stroke:#d1242f,stroke-width:3px"


def mermaid(graph: WaitingGraph) -> str:
    """Return a flowchart in Mermaid, without a fence; flows that wait in a circle are red and say so."""
    names = {node.slug: f"f{number}" for number, node in enumerate(graph.nodes)}
    connected, circular = _connected(graph), _circular(graph)
    lines = ["flowchart LR"] if connected else ["flowchart LR", f'  none["{NO_WAITS}"]']
    lines += [f'  {names[node.slug]}["{_mermaid_text(node.slug)}{_remark(node)}"]' for node in connected]
    for edge in graph.edges:
        arrow = f'{_ARROWS[edge.bond]}|"{_mermaid_text(_label(edge))}"|'
        lines.append(f"  {names[edge.waiting]} {arrow} {names[edge.awaited]}")
    if foreign := [names[node.slug] for node in graph.nodes if not node.has_file]:
        lines += ["  classDef foreign stroke-dasharray: 4 3", f"  class {','.join(foreign)} foreign"]
    if circular:
        links = ",".join(str(number) for number, edge in enumerate(graph.edges) if edge.is_circular)
        red = ",".join(name for slug, name in names.items() if slug in circular)
        lines += [f"  classDef circle {_RED}", f"  class {red} circle", f"  linkStyle {links} {_RED}"]
    return "\n".join(lines) + "\n"


def mermaid_block(graph: WaitingGraph) -> str:
    """Return the flowchart in a fence, for a comment, a summary or a page on GitHub."""
    return fenced(mermaid(graph), "mermaid")


def dot(graph: WaitingGraph) -> str:
    """Return the graph for Graphviz."""
    lines = ["digraph flows {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    circular = _circular(graph)
    for node in _connected(graph):
        red = ", color=red, penwidth=2" if node.slug in circular else ""
        style = "" if node.has_file else ", style=dashed"
        label = f"{shortened(shown(node.slug), _LONGEST_LABEL)}{_remark(node)}"
        lines.append(f"  {_dot_text(node.slug)} [label={_dot_text(label)}{style}{red}];")
    for edge in graph.edges:
        red = ", color=red, penwidth=2" if edge.is_circular else ""
        ends = f"{_dot_text(edge.waiting)} -> {_dot_text(edge.awaited)}"
        label = shortened(shown(_label(edge)), _LONGEST_LABEL)
        lines.append(f"  {ends} [label={_dot_text(label)}, style={_LINE_STYLES[edge.bond]}{red}];")
    return "\n".join([*lines, "}"]) + "\n"


def _connected(graph: WaitingGraph) -> list[Node]:
    """The flows that wait or are waited for; the others would only fill the picture."""
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
    waits: list[JsonValue] = [
        {
            "waiting": edge.waiting,
            "awaited": edge.awaited,
            "bond": edge.bond.name.lower(),
            "steps": [*edge.steps],
            "circular": edge.is_circular,
        }
        for edge in graph.edges
    ]
    flows: list[JsonValue] = [{"slug": node.slug, "file": node.has_file} for node in graph.nodes]
    circles: list[JsonValue] = [[*circle] for circle in graph.circles]
    return masked_json({"format": "flowsync-graph/1", "flows": flows, "waits": waits, "circles": circles})


GRAPH_FORMATS: Final[Mapping[str, Callable[[WaitingGraph], str]]] = {"mermaid": mermaid, "dot": dot, "json": graph_json}
"""What `graph --format` offers."""
