from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.explain import graphs
from flowsync.flows.waits import Bond, Edge, Node, WaitingGraph
from flowsync.render.style import Screen
from tests.render.hostile import PIECES, hostile, log_commands, unseen_characters
from tests.render.parsers import pages

SCREEN = Screen()


MERMAID_LINE = re.compile(
    r'  f\d+\["[A-Za-z0-9_ .,:\-#;]*(?: \(no file\))?"\]'
    r'|  f\d+ (?:-->|-\.->)\|"[A-Za-z0-9_ .,:\-#;]*"\| f\d+'
)
MERMAID_STYLE = re.compile(r"  (?:classDef|class|linkStyle) [a-z0-9:#,\- ]+")
DOT_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
DOT_LINE = re.compile(r"  S (?:-> S )?\[label=S(?:, [a-z]+=[a-z0-9]+)*\];")


def graph(names: Sequence[str]) -> WaitingGraph:
    """Each flow waits for the next, in a circle, by targeting or by a step of a hostile name."""
    unique = sorted(set(names))
    bonds = [*Bond]
    edges = [
        Edge(name, unique[(index + 1) % len(unique)], bonds[index % 3], (name,), is_circular=index % 2 == 0)
        for index, name in enumerate(unique)
    ]
    nodes = tuple(Node(name, has_file=index % 2 == 0) for index, name in enumerate(unique))
    return WaitingGraph(nodes, tuple(edges), (tuple(unique),))


def check(names: Sequence[str]) -> None:
    made = graph(names)
    first, *lines = graphs.mermaid(made).splitlines()
    assert first == "flowchart LR"
    assert [line for line in lines if not MERMAID_LINE.fullmatch(line) and not MERMAID_STYLE.fullmatch(line)] == []
    drawn = graphs.dot(made)
    _, _, _, *lines, last = drawn.splitlines()
    assert last == "}"
    assert [line for line in lines if not DOT_LINE.fullmatch(DOT_STRING.sub("S", line))] == []
    for text in (graphs.mermaid(made), drawn, graphs.graph_json(made)):
        assert unseen_characters(text) == []
        assert log_commands(text) == []


@pytest.mark.parametrize("name", [*PIECES, 'x"]; click f0 "javascript:a', "%%{init: {}}%%", "end", "x" * 500, ""])
def test_a_hostile_name_stays_inside_of_its_label(name: str) -> None:
    check([name, "flow_a"])


@given(st.lists(hostile, min_size=1, max_size=4))
def test_hostile_names_stay_inside_of_their_labels(names: list[str]) -> None:
    check(names)


def test_a_block_is_one_fence_for_github() -> None:
    for page in pages(graphs.mermaid_block(graph(["a", "```\n</details>", "@team"]))):
        assert page.tags == ["pre", "code"]
        assert page.prose.strip() == ""
        assert page.preformatted[0].startswith("flowchart LR\n")


def test_no_key_shows() -> None:
    made = graph(["api_private_abcdef", "b"])
    assert "abcdef" not in graphs.mermaid(made) + graphs.dot(made) + graphs.graph_json(made)
    assert json.loads(graphs.graph_json(made))["format"] == "flowsync-graph/1"
