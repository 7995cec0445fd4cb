"""Flows read from real YAML, and live rows, with the least said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flowsync import document
from flowsync.config import Creating
from flowsync.model import SENT_FIELDS, FieldName, Flow, JsonValue, LiveFlow, Origin, Plan, Target, Update, View
from flowsync.plan.base import Base
from flowsync.plan.build import build_plan
from flowsync.plan.creating import Creation

API = "https://api.frigade.test"


def flow_of(text: str, slug: str = "flow_a", target: Target | None = None) -> Flow:
    """The flow in a file's text; what it would send as `data` is a dump."""
    source = document.parse(text, f"flows/{slug}.yaml")
    assert isinstance(source.value, dict)
    fields: dict[FieldName, JsonValue] = {name: source.value[name] for name in SENT_FIELDS if name in source.value}
    data_text = document.dump(fields["data"]) if "data" in fields else None
    return Flow(slug, source.name, fields, data_text, target, protected=False, tests=None, source=source)


def flow(slug: str = "flow_a", target: Target | None = None, **fields: JsonValue) -> Flow:
    return flow_of(document.dump(fields), slug, target)


def complete(slug: str = "flow_a", target: Target | None = None, **fields: JsonValue) -> Flow:
    """A file with all that a flow needs to be created."""
    needed: dict[str, JsonValue] = {"name": "New", "type": "CARD", "data": {"steps": [{"id": "a"}]}}
    return flow_of(document.dump({**needed, **fields}), slug, target)


def row(
    slug: str = "flow_a", *, number: int = 1, version: int = 1, status: str = "ACTIVE", **fields: JsonValue
) -> LiveFlow:
    return row_of(fields, slug, number=number, version=version, status=status)


def row_of(
    fields: Mapping[str, JsonValue], slug: str = "flow_a", *, number: int = 1, version: int = 1, status: str = "ACTIVE"
) -> LiveFlow:
    return LiveFlow(
        number, slug, version, status, {name: fields[name] for name in SENT_FIELDS if name in fields}, fields
    )


def plan_of(
    flows: Sequence[Flow],
    rows: Sequence[LiveFlow],
    environment: str | None = None,
    target: Target = Target.LATEST,
    *,
    base: Base | None = None,
    keep: Collection[Origin] = (),
    view: View = View.WHOLE,
    create: Creating = Creating.ALLOW,
) -> Plan:
    by_slug: dict[str, list[LiveFlow]] = {}
    for each in rows:
        by_slug.setdefault(each.slug, []).append(each)
    return build_plan(
        flows,
        by_slug,
        environment=environment,
        api_url=API,
        target=target,
        base=base,
        keep=keep,
        view=view,
        creation=Creation(create),
    )


def update_of(stated: Flow, *rows: LiveFlow) -> Update:
    """The one change of a plan for one file."""
    (change,) = updates(plan_of([stated], rows))
    return change


def updates(plan: Plan) -> tuple[Update, ...]:
    """The changes of a plan that only updates."""
    found = tuple(each for each in plan.changes if isinstance(each, Update))
    assert len(found) == len(plan.changes)
    return found
