"""The JSON document of a plan."""

from __future__ import annotations

import json
from dataclasses import replace

from flowsync.model import JsonValue, Op, Origin
from flowsync.plan.document import Summary, json_safe, summary, to_document
from tests.plan.builders import API, flow, flow_of, plan_of, row, updates

FLOWS = [
    flow("flow_x", name="X", description="D", data={"steps": [{"id": "welcome", "title": "b"}]}),
    flow("flow_same", name="S"),
    flow("flow_y", name="Y"),
]
ROWS = [
    row("flow_x", number=123, version=2, name="X", data='{"steps": [{"id": "welcome", "title": "a"}]}'),
    row("flow_same", number=4, name="S"),
    row("flow_z", number=9, name="Z"),
]


def test_the_document_is_as_the_format_has_it() -> None:
    plan = plan_of(FLOWS, ROWS)
    (change,) = updates(plan)
    (blocked,) = plan.blocked
    expected = {
        "format": "flowsync-plan/1",
        "environment": None,
        "api_url": API,
        "base": None,
        "summary": {
            "create": 0,
            "update": 1,
            "deactivate": 0,
            "delete": 0,
            "unchanged": 1,
            "blocked": 1,
            "unmanaged": 1,
        },
        "changes": [
            {
                "slug": "flow_x",
                "file": "flows/flow_x.yaml",
                "action": "update",
                "id": 123,
                "version": 2,
                "status": "ACTIVE",
                "live": True,
                "fields": [
                    {
                        "field": "data",
                        "path": "/steps/0/title",
                        "label": "steps[welcome].title",
                        "op": "replace",
                        "old": "a",
                        "new": "b",
                        "origin": None,
                    }
                ],
                "unseen": ["description"],
                "warnings": [
                    {"code": "goes-live", "message": "Version 2 is live: users see the change at once.", "line": None}
                ],
                "body": {"description": "D", "data": change.body["data"]},
                "before": change.before,
                "after": change.after,
            }
        ],
        "blocked": [{"slug": "flow_y", "file": "flows/flow_y.yaml", "code": "incomplete", "message": blocked.message}],
        "unmanaged": [{"slug": "flow_z", "id": 9, "name": "Z"}],
        "digest": plan.digest,
    }
    assert json.dumps(to_document(plan)) == json.dumps(expected)


def test_the_summary_counts() -> None:
    plan = plan_of(FLOWS, ROWS)
    assert summary(plan) == Summary(0, 1, 0, 0, unchanged=1, blocked=1, unmanaged=1)
    assert summary(plan).changes == 1


def test_an_origin_is_told_by_its_name() -> None:
    plan = plan_of(FLOWS, ROWS)
    (change,) = plan.changes
    drifted = replace(change, fields=(replace(change.fields[0], origin=Origin.DRIFT),))
    assert '"origin": "drift"' in json.dumps(to_document(replace(plan, changes=(drifted,))))


def test_numbers_that_json_lacks_are_told_as_yaml_has_them() -> None:
    stated = flow_of("data: {props: {n: [.nan, .inf, -.inf]}}")
    document = to_document(plan_of([stated], [row(data="{}")]))
    text = json.dumps(document, allow_nan=False)
    assert '"new": {"n": [".nan", ".inf", "-.inf"]}' in text


def test_numbers_too_large_for_anyone_are_infinite() -> None:
    assert json_safe([10**5000, 1.5, True, 2.0]) == [".inf", 1.5, True, 2]


def test_every_operation_has_its_name() -> None:
    steps: list[JsonValue] = [{"id": name, "title": name * 3} for name in "abcd"]
    live = row(data=json.dumps({"steps": steps}))
    new: list[JsonValue] = [{"id": "z", "title": "aaa"}, {"id": "n", "subtitle": "new"}, {"id": "d", "title": "D"}]
    stated = flow(data={"steps": [steps[2], *new]})
    (change,) = plan_of([stated], [live]).changes
    assert {each.op for each in change.fields} == {Op.MOVE, Op.RENAME, Op.ADD, Op.REMOVE, Op.REPLACE}
    told = to_document(plan_of([stated], [live]))["changes"]
    assert isinstance(told, list)
    assert all(f'"op": "{op.value}"' in json.dumps(told) for op in Op)
