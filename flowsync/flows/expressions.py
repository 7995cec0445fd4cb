"""The targeting expressions of a flow: its targetingLogic, and three criteria of each step [doc]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import DocumentError, TargetingError
from flowsync.targeting.context import Verdict
from flowsync.targeting.parser import parse
from flowsync.targeting.references import KnownFlow, references
from flowsync.targeting.tokens import on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, ValuePath
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.references import Reference

_TREES_KEPT: Final = 2_048
"""Parsed expressions that are kept: several rules use those of one flow. A tree takes some 2 kB."""
_CRITERIA: Final = tuple((verdict, verdict.field) for verdict in (Verdict.SHOWS, Verdict.STARTS, Verdict.COMPLETES))


@dataclass(frozen=True, slots=True)
class FlowExpression:
    """One expression of a flow.

    `path` leads to it from the root of the file, `verdict` is the name of its outcome in tests. `step` is the id of its
    step; None for the flow's own targeting, and for a step without an id.
    """

    path: ValuePath
    verdict: Verdict
    step: str | None
    text: str

    @property
    def step_name(self) -> str:
        """The step for people: its id, or its index if it has none."""
        return str(self.path[2]) if self.step is None else self.step

    @property
    def label(self) -> str:
        """The place for people: `targetingLogic`, `steps[alerts].startCriteria`."""
        is_own = self.verdict is Verdict.SEES
        return self.verdict.field if is_own else f"steps[{self.step_name}].{self.verdict.field}"


def expressions(fields: Mapping[FieldName, JsonValue]) -> tuple[FlowExpression, ...]:
    """Every expression among a flow's fields (`data` parsed). Values of a wrong type are ignored."""
    own = targeting_expression(fields)
    found = [] if own is None else [own]
    data = fields.get("data")
    for index, step in steps_of(data):
        for verdict, field in _CRITERIA:
            text = step.get(field)
            if isinstance(text, str):
                identity = step.get("id")
                name = identity if isinstance(identity, str) else None
                found.append(FlowExpression(("data", steps_key(data), index, field), verdict, name, text))
    return tuple(found)


def targeting_expression(fields: Mapping[FieldName, JsonValue]) -> FlowExpression | None:
    """The flow's own targeting; None if there is none. Null is the empty expression: everyone."""
    text = fields.get("targetingLogic", False)
    if text is not None and not isinstance(text, str):
        return None
    return FlowExpression(("targetingLogic",), Verdict.SEES, None, text or "")


def steps_key(data: Mapping[str, JsonValue] | JsonValue) -> str:
    """The key of the steps in parsed `data`: "data" in the former format, a list of steps under that key."""
    items = data.get("data") if isinstance(data, dict) and "steps" not in data else None
    is_former = isinstance(items, list) and bool(items) and all(map(_has_id, items))
    return "data" if is_former else "steps"


def _has_id(item: JsonValue) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str)


def steps_of(data: JsonValue) -> list[tuple[int, Mapping[str, JsonValue]]]:
    """The steps of parsed `data` with their indices; a step that is not a mapping is ignored."""
    steps = data.get(steps_key(data)) if isinstance(data, dict) else None
    every = enumerate(steps if isinstance(steps, list) else ())
    return [(index, step) for index, step in every if isinstance(step, dict)]


def with_criteria(data: JsonValue, change: Callable[[str], str]) -> JsonValue:
    """Parsed `data` with every criterion of its steps changed; the same object if none changes."""
    changed = {}
    for index, step in steps_of(data):
        texts = {field: text for _, field in _CRITERIA if isinstance(text := step.get(field), str)}
        criteria = {field: change(text) for field, text in texts.items()}
        if criteria != texts:
            changed[index] = {**step, **criteria}
    if not changed or not isinstance(data, dict) or not isinstance(steps := data["steps"], list):
        return data
    return {**data, "steps": [changed.get(index, step) for index, step in enumerate(steps)]}


def as_sent(fields: Mapping[FieldName, JsonValue]) -> Mapping[FieldName, JsonValue]:
    """The fields (`data` parsed) with every expression on one line, as they are sent."""
    found = dict(fields)
    if isinstance(text := fields.get("targetingLogic"), str):
        found["targetingLogic"] = on_one_line(text)
    if "data" in fields:
        found["data"] = with_criteria(fields["data"], on_one_line)
    return found


def own_fields(flow: Flow) -> Mapping[FieldName, JsonValue]:
    """The fields for `tests:`: those of the file itself, and fields that only an overlay has.

    An overlay that replaces an expression for one environment does not change the outcome of tests.
    """
    raw = flow.source.value
    fields = dict(flow.fields)
    if isinstance(raw, dict):
        if "targetingLogic" in raw:
            fields["targetingLogic"] = raw["targetingLogic"]
        if isinstance(raw.get("data"), dict):
            fields["data"] = raw["data"]
    return fields


@lru_cache(maxsize=_TREES_KEPT)
def parse_result(text: str) -> Expression | TargetingError:
    """The tree of an expression, or why it cannot be read; each text is parsed once."""
    try:
        return parse(text)
    except TargetingError as error:
        return error.with_traceback(None)


def parsed(text: str) -> Expression | None:
    """The tree of an expression; None if it cannot be read, which another rule reports."""
    found = parse_result(text)
    return None if isinstance(found, TargetingError) else found


def references_in(text: str) -> tuple[Reference, ...]:
    """Every reference to a flow in an expression; none if it cannot be read."""
    tree = parsed(text)
    return () if tree is None else references(tree)


def flow_of_file(flow: Flow) -> KnownFlow:
    """The steps of a flow file; unknown if it has no `data`."""
    return KnownFlow(_steps(flow.fields.get("data")))


def flow_of_rows(rows: Iterable[LiveFlow]) -> KnownFlow:
    """The steps of any version of a live flow that is neither archived nor deleted; unknown if one cannot be read."""
    merged: dict[str, frozenset[str] | None] | None = None
    for row in rows:
        if row.is_archived or row.is_gone:
            continue
        text = row.fields.get("data")
        try:
            steps = _steps(document.parse_data(text).value) if isinstance(text, str) else None
        except DocumentError:
            steps = None
        if steps is None:
            return KnownFlow()
        merged = merged or {}
        for step, fields in steps.items():
            earlier = merged.get(step, frozenset())
            merged[step] = None if earlier is None or fields is None else earlier | fields
    return KnownFlow(merged)


def _steps(data: JsonValue) -> dict[str, frozenset[str] | None] | None:
    """Step ids, each with the ids of its fields.

    None if `data` has no list of steps (custom components may keep theirs elsewhere); a step without a list of
    fields may store answers of its own making, so its fields are unknown.
    """
    if not isinstance(data, dict) or not isinstance(data.get(steps_key(data)), list):
        return None
    found: dict[str, frozenset[str] | None] = {}
    for _, step in steps_of(data):
        identity, fields = step.get("id"), step.get("fields")
        if isinstance(identity, str) and isinstance(fields, list):
            ids = (field.get("id") for field in fields if isinstance(field, dict))
            found[identity] = frozenset(each for each in ids if isinstance(each, str))
        elif isinstance(identity, str):
            found[identity] = None
    return found


def referenced_slugs(flow: Flow) -> frozenset[str]:
    """The slugs that a flow's expressions refer to."""
    return frozenset(reference.slug for each in expressions(flow.fields) for reference in references_in(each.text))
