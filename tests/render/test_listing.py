from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flowsync.render import listing
from flowsync.render.escape import columns
from flowsync.render.style import LAST_COLUMN, Screen
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


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_every_format_tells_every_flow(name: str) -> None:
    shown = listing.LIST_FORMATS[name](LISTED, Screen(width=200)).replace("`", "").replace("\\|", "|")
    for flow in LISTED:
        parts = (flow.slug, flow.state.value, flow.version, flow.status, flow.id, flow.file, flow.name)
        assert all(str(part) in shown for part in parts if part is not None)
