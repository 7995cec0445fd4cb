from __future__ import annotations

import pytest

from flowsync.api.endpoints import write
from flowsync.model import JsonValue
from tests.api.readers import CannedWriter, raw


def test_a_write_goes_to_the_numeric_id_and_gives_the_row_that_came_back() -> None:
    writer = CannedWriter(raw(5))
    row = write(writer, 5, {"name": "B"})
    assert writer.written == [("/v1/flows/5", {"name": "B"})]
    assert row is not None
    assert (row.id, row.slug) == (5, "flow_a")


@pytest.mark.parametrize("answer", [None, {}, [], "OK", {"success": True}, {"id": 5}])
def test_an_answer_that_is_no_flow_is_told_as_none(answer: JsonValue) -> None:
    assert write(CannedWriter(answer), 5, {"name": "B"}) is None
