"""Where a flow holds targeting expressions: its targetingLogic, and three criteria of each step [doc]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.cases import Verdict
from flowsync.targeting.mentions import references
from flowsync.targeting.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import FieldName, Flow, JsonValue, ValuePath
    from flowsync.targeting.mentions import Reference
    from flowsync.targeting.nodes import Expression

_TREES_KEPT: Final = 2_048
"""Expressions kept parsed: several rules ask for those of one flow, one after the other. A tree takes some 2 kB."""
_MENTIONS_KEPT: Final = 65_536
"""Expressions whose mentions are kept; most have none."""
_CRITERIA: Final = tuple((verdict, verdict.field) for verdict in (Verdict.SHOWS, Verdict.STARTS, Verdict.COMPLETES))
"""The verdicts about a step with the fields that decide them, in the order in which a user meets them."""
_CRITERIA_NAMES: Final = frozenset(field for _, field in _CRITERIA)


@dataclass(frozen=True, slots=True)
class Stated:
    """One expression as a flow states it.

    `path` leads to it from the root of the file, `verdict` is what tests call its outcome. `step` is the id of its
    step; None for the flow's own targeting, and for a step without an id.
    """

    path: ValuePath
    verdict: Verdict
    step: str | None
    text: str

    @property
    def label(self) -> str:
        """The place for people: `targetingLogic`, `steps[alerts].startCriteria`."""
        if self.verdict is Verdict.SEES:
            return self.verdict.field
        name = self.path[2] if self.step is None else self.step
        return f"steps[{name}].{self.verdict.field}"


def expressions(fields: Mapping[FieldName, JsonValue]) -> tuple[Stated, ...]:
    """Every expression among a flow's fields (`data` parsed). Wrong shapes are passed over."""
    own = targeting_of(fields)
    criteria = tuple(_criteria(fields.get("data")))
    return criteria if own is None else (own, *criteria)


def targeting_of(fields: Mapping[FieldName, JsonValue]) -> Stated | None:
    """The flow's own targeting; None where none is stated. A null one is empty: everyone."""
    if "targetingLogic" not in fields:
        return None
    text = fields["targetingLogic"]
    match text:
        case str() | None:
            return Stated(("targetingLogic",), Verdict.SEES, None, text or "")
        case _:
            return None


def step_criteria(fields: Mapping[FieldName, JsonValue], step: str) -> tuple[Stated, ...]:
    """The expressions of one step."""
    return tuple(stated for stated in _criteria(fields.get("data")) if stated.step == step)


def _criteria(data: JsonValue) -> Iterator[Stated]:
    steps = data.get("steps") if isinstance(data, dict) else None
    # As steps_of, spelled out: it is asked several times of each flow, and most steps state none.
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict) or step.keys().isdisjoint(_CRITERIA_NAMES):
            continue
        identity = step.get("id")
        name = identity if isinstance(identity, str) else None
        for verdict, field in _CRITERIA:
            text = step.get(field)
            if isinstance(text, str):
                yield Stated(("data", "steps", index, field), verdict, name, text)


def steps_of(data: JsonValue) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """The steps of parsed `data` with their indices; what is no mapping is passed over."""
    steps = data.get("steps") if isinstance(data, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            yield index, step


def own_fields(flow: Flow) -> Mapping[FieldName, JsonValue]:
    """The fields as the file itself states them, and those that only an overlay states: what tests are about.

    `tests:` belong to the file, so an overlay that replaces an expression for one environment does not fail them.
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
def read(text: str) -> Expression | TargetingError:
    """The tree of an expression, or why it cannot be read; each text is parsed once."""
    try:
        return parse(text)
    except TargetingError as error:
        return error.with_traceback(None)


def parsed(text: str) -> Expression | None:
    """The tree of an expression; None when it cannot be read, which a rule of its own reports."""
    found = read(text)
    return None if isinstance(found, TargetingError) else found


@lru_cache(maxsize=_MENTIONS_KEPT)
def mentions(text: str) -> tuple[Reference, ...]:
    """Every mention of a flow in an expression; none in one that cannot be read."""
    tree = parsed(text)
    return () if tree is None else references(tree)
