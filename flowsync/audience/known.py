"""What references to flows are held against: flows of files, flows of live rows, and who mentions whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync import document
from flowsync.audience.expressions import expressions, mentions, steps_of
from flowsync.errors import DocumentError
from flowsync.targeting.checks.flows import KnownFlow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import Flow, JsonValue, LiveFlow


def flow_of_file(flow: Flow) -> KnownFlow:
    """The steps that a file states; unknown where it states no `data`."""
    return KnownFlow(_steps(flow.fields.get("data")))


def flow_of_rows(rows: Iterable[LiveFlow]) -> KnownFlow:
    """The steps of any version of a live flow that is neither archived nor deleted; unknown if one cannot be read."""
    every = [_steps(_data(row)) for row in rows if not row.is_archived and not row.is_gone]
    merged: dict[str, frozenset[str] | None] = {}
    for steps in every:
        if steps is None:
            return KnownFlow()
        for step, fields in steps.items():
            merged[step] = _either(merged.get(step, frozenset()), fields)
    return KnownFlow(merged if every else None)


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def _data(row: LiveFlow) -> JsonValue:
    text = row.fields.get("data")
    try:
        return document.parse_data(text).value if isinstance(text, str) else None
    except DocumentError:
        return None


def _steps(data: JsonValue) -> dict[str, frozenset[str] | None] | None:
    """Step ids, each with the ids of its fields.

    None where `data` has no list of steps (custom components may keep theirs elsewhere); a step without a list of
    fields may store answers of its own making, so its fields are unknown.
    """
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return None
    return {identity: _fields(step) for _, step in steps_of(data) if isinstance(identity := step.get("id"), str)}


def _fields(step: Mapping[str, JsonValue]) -> frozenset[str] | None:
    fields = step.get("fields")
    if not isinstance(fields, list):
        return None
    ids = (field.get("id") for field in fields if isinstance(field, dict))
    return frozenset(identity for identity in ids if isinstance(identity, str))


def mentioned(flow: Flow) -> frozenset[str]:
    """The slugs that a flow's expressions speak of."""
    return frozenset(reference.slug for stated in expressions(flow.fields) for reference in mentions(stated.text))
