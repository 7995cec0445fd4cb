from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.flows.waits import Bond, Edge, Node, WaitingGraph
from flowsync.render import listing
from flowsync.render.escape import columns
from flowsync.render.style import LAST_COLUMN, Screen
from tests.render.hostile import PIECES, hostile, log_commands, unseen_characters
from tests.render.parsers import pages
from tests.render.samples import LISTED

SCREEN = Screen()


@pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
def test_only_the_name_is_cut_to_fit(width: int) -> None:
    text = listing.list_text(LISTED, Screen(width=width))
    rows = text.split("\n")[1 : len(LISTED) + 1]
    assert all(str(each.file or "-") in row for each, row in zip(LISTED, rows, strict=True))
    fixed = columns(text.split("\n")[0]) - len("NAME")
    assert all(columns(row) <= max(width, fixed + LAST_COLUMN) for row in rows)


def test_columns_are_aligned_under_wide_characters() -> None:
    flows = [replace(LISTED[0], slug="流れ"), replace(LISTED[0], slug="flow")]
    first, second = listing.list_text(flows, SCREEN).split("\n")[1:3]
    assert columns(first[: first.index("in step")]) == columns(second[: second.index("in step")])


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_no_flows_are_told_as_such(name: str) -> None:
    assert listing.LIST_FORMATS[name]([], SCREEN) == "No flows.\n"


def test_the_document_holds_what_there_is() -> None:
    document = json.loads(listing.list_json(LISTED, SCREEN))
    assert document["format"] == "flowsync-list/1"
    assert document["flows"][1] == {
        "slug": "flow_café",
        "state": "differs",
        "version": 11,
        "status": "DRAFT",
        "id": 12345,
        "file": "flows/flow_café.yaml",
        "name": "日本語の案内",
    }
    assert document["flows"][2]["id"] is None


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
    first, *lines = listing.mermaid(made).splitlines()
    assert first == "flowchart LR"
    assert [line for line in lines if not MERMAID_LINE.fullmatch(line) and not MERMAID_STYLE.fullmatch(line)] == []
    drawn = listing.dot(made)
    _, _, _, *lines, last = drawn.splitlines()
    assert last == "}"
    assert [line for line in lines if not DOT_LINE.fullmatch(DOT_STRING.sub("S", line))] == []
    for text in (listing.mermaid(made), drawn, listing.graph_json(made)):
        assert unseen_characters(text) == []
        assert log_commands(text) == []


@pytest.mark.parametrize("name", [*PIECES, 'x"]; click f0 "javascript:a', "%%{init: {}}%%", "end", "x" * 500, ""])
def test_a_hostile_name_stays_inside_of_its_label(name: str) -> None:
    check([name, "flow_a"])


@settings(max_examples=40, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4))
def test_hostile_names_stay_inside_of_their_labels(names: list[str]) -> None:
    check(names)


def test_a_block_is_one_fence_for_github() -> None:
    for page in pages(listing.mermaid_block(graph(["a", "```\n</details>", "@team"]))):
        assert page.tags == ["pre", "code"]
        assert page.prose.strip() == ""
        assert page.preformatted[0].startswith("flowchart LR\n")


def test_no_key_shows() -> None:
    made = graph(["api_private_abcdef", "b"])
    assert "abcdef" not in listing.mermaid(made) + listing.dot(made) + listing.graph_json(made)
    assert json.loads(listing.graph_json(made))["format"] == "flowsync-graph/1"
