"""The work grows with the number of flows and no faster: counted, not timed."""

from __future__ import annotations

from dataclasses import replace

from flowsync import document
from flowsync.model import Flow, JsonValue, LiveFlow, Target
from flowsync.plan.build import build_plan
from tests.plan.builders import API, flow, row
from tests.support.counting import calls_during


def data(title: str) -> JsonValue:
    return {"steps": [{"id": f"s{number}", "title": title, "props": {"n": number}} for number in range(10)]}


FLOW = flow(data=data("A"))


def account(count: int, title: str) -> tuple[list[Flow], dict[str, list[LiveFlow]]]:
    """Files, one live flow for each with `title` in its steps, and as many flows without a file."""
    files = [replace(FLOW, slug=f"flow_{number:05}") for number in range(count)]
    text = document.dump(data(title))
    managed = {each.slug: [row(each.slug, data=text)] for each in files}
    return files, managed | {f"other_{number}": [row(f"other_{number}")] for number in range(count)}


def calls(count: int, title: str) -> int:
    """How many function calls it takes to plan that many flows."""
    files, rows = account(count, title)
    return calls_during(lambda: build_plan(files, rows, environment=None, api_url=API, target=Target.LATEST))


def test_ten_times_the_flows_take_ten_times_the_work() -> None:
    for title in ("A", "B"):
        calls(2, title)  # what is done once only, such as compiling patterns, is not counted
        assert calls(200, title) < 11 * calls(20, title)


def test_flows_in_step_cost_next_to_nothing() -> None:
    assert calls(100, "A") < calls(100, "B") / 10


def test_a_thousand_changes_are_planned() -> None:
    files, rows = account(1_000, "A")
    for number, slug in enumerate(sorted(rows)[:1_000]):
        rows[slug] = [row(slug, name=f"old {number}", data="steps: []")]
    plan = build_plan(files, rows, environment=None, api_url=API, target=Target.LATEST)
    assert len(plan.changes) == 1_000
    assert all(len(change.fields) == 10 for change in plan.changes)
    assert len(plan.unmanaged) == 1_000
