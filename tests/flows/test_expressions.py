"""What references are held against."""

from __future__ import annotations

import pytest

from flowsync.flows.expressions import flow_of_file, flow_of_rows, referenced_slugs
from flowsync.model import LiveFlow
from flowsync.targeting.references import KnownFlow
from tests.validate.building import flow_of


def live(data: str | None, status: str = "ACTIVE") -> LiveFlow:
    fields: dict[object, object] = {} if data is None else {"data": data}
    return LiveFlow(1, "flow_a", 1, status, fields, {})  # type: ignore[arg-type]  # a row as the server gave it


ONE = "steps:\n- id: one\n  fields: [{id: role}, {id: 3}, x]\n- 7\n- {id: 5}\n"
TWO = '{"steps": [{"id": "one"}, {"id": "two", "fields": []}]}'


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        ([live(ONE)], {"one": frozenset({"role"})}),
        ([live(ONE), live(TWO, "DRAFT")], {"one": None, "two": frozenset()}),
        ([live(ONE), live(TWO, "ARCHIVED")], {"one": frozenset({"role"})}),
        ([live(ONE), live("steps: [")], None),
        ([live(ONE), live(None)], None),
        ([live("steps: none")], None),
        ([live(ONE, "ARCHIVED")], None),
        ([], None),
    ],
)
def test_the_steps_of_live_rows_are_those_of_every_version_that_is_not_archived(
    rows: list[LiveFlow], steps: dict[str, frozenset[str] | None] | None
) -> None:
    assert flow_of_rows(rows) == KnownFlow(steps)


def test_a_file_without_data_says_nothing_of_steps() -> None:
    assert flow_of_file(flow_of("name: a\n")) == KnownFlow()
    assert flow_of_file(flow_of("data: {steps: [{id: a}]}\n")) == KnownFlow({"a": None})


def test_every_expression_counts_for_who_is_mentioned() -> None:
    text = (
        "targetingLogic: user.flow('b') == null\n"
        "data:\n  steps:\n    - {id: a, visibilityCriteria: \"user.daysSinceFlowDone('c') > 3\"}\n"
        "    - {id: b, visibilityCriteria: \"user.flow('d'\"}\n"
    )
    assert referenced_slugs(flow_of(text)) == {"b", "c"}
