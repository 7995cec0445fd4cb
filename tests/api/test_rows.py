from __future__ import annotations

import pytest

from flowsync.api.rows import live_flow
from flowsync.errors import UnreadableResponseError
from flowsync.model import JsonValue

WHOLE: dict[str, JsonValue] = {
    "id": 12,
    "slug": "flow_a",
    "version": 3,
    "status": "DRAFT",
    "name": "A",
    "type": "SOMETHING_NEW",
    "targetingLogic": None,
    "data": "steps: []",
    "codeSnippet": "<x/>",
    "invented": {"deep": [1]},
}


def test_a_whole_row_is_carried_with_its_unknown_fields() -> None:
    flow = live_flow(WHOLE)
    assert (flow.id, flow.slug, flow.version, flow.status) == (12, "flow_a", 3, "DRAFT")
    assert flow.raw == WHOLE


def test_only_sent_fields_that_were_returned_are_fields_and_null_stays_null() -> None:
    assert live_flow(WHOLE).fields == {
        "name": "A",
        "type": "SOMETHING_NEW",
        "targetingLogic": None,
        "data": "steps: []",
    }


@pytest.mark.parametrize("absent", [{}, {"version": None, "status": None}])
def test_version_and_status_may_be_missing(absent: dict[str, JsonValue]) -> None:
    flow = live_flow({"id": 1, "slug": "a", **absent})
    assert (flow.version, flow.status, flow.fields) == (0, "", {})


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (None, "row 7 is null where a flow was expected."),
        (3.5, "row 7 is a number where a flow was expected."),
        (["a"], "row 7 is a list where a flow was expected."),
        ({}, "row 7 has no id."),
        ({"slug": "flow_a"}, "row 7 has no id (slug 'flow_a')."),
        ({"id": True, "slug": "a"}, "row 7 has a boolean as its id, not a whole number (slug 'a')."),
        ({"id": "5"}, "row 7 has a text as its id, not a whole number (id '5')."),
        ({"id": 5}, "row 7 has no slug (id '5')."),
        ({"id": 5, "slug": ""}, "row 7 has an empty text as its slug, not a text (id '5')."),
        ({"id": 5, "slug": {}}, "row 7 has an object as its slug, not a text (id '5')."),
        ({"id": 5, "slug": "a", "version": "2"}, "row 7 has a text as its version, not a whole number (slug 'a')."),
        ({"id": 5, "slug": "a", "status": 1}, "row 7 has a number as its status, not a text (slug 'a')."),
        ({"id": 5, "slug": "a", "status": []}, "row 7 has a list as its status, not a text (slug 'a')."),
    ],
)
def test_a_malformed_row_is_an_error_that_names_what_is_wrong(raw: JsonValue, complaint: str) -> None:
    with pytest.raises(UnreadableResponseError) as caught:
        live_flow(raw, "row 7")
    assert caught.value.message == f"The API's answer cannot be read: {complaint}"


def test_an_error_shows_foreign_text_escaped_and_short() -> None:
    with pytest.raises(UnreadableResponseError) as caught:
        live_flow({"slug": "\x1b[31m\u202e" + "x" * 10_000})
    assert "\\u001b[31m\\u202e" in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
