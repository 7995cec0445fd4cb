"""The `tests:` entries of a flow file, and the users of `explain`: plain values to contexts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from itertools import filterfalse
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync.closeness import closest
from flowsync.errors import ExitCode, FlowsyncError
from flowsync.targeting.evaluation import (
    Context,
    FlowProgress,
    FlowState,
    StepProgress,
    StepState,
    milliseconds,
    moment,
)
from flowsync.targeting.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flowsync.model import JsonValue, ValuePath

E = TypeVar("E", FlowState, StepState)


class CaseError(FlowsyncError):
    """A test or a user is not written as it should be; `path` leads to the value, or key, at fault."""

    exit_code = ExitCode.INVALID
    code = "targeting-test"

    def __init__(self, message: str, path: ValuePath, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = path


class Verdict(Enum):
    """What a test says about: the flow's targeting, or one criterion of a step."""

    SEES = "sees"
    SHOWS = "shows"
    STARTS = "starts"
    COMPLETES = "completes"

    @property
    def field(self) -> str:
        """The field that holds the expression: of the flow for SEES, of the step for the others [doc]."""
        return _FIELDS[self]


_FIELDS: Final = {
    Verdict.SEES: "targetingLogic",
    Verdict.SHOWS: "visibilityCriteria",
    Verdict.STARTS: "startCriteria",
    Verdict.COMPLETES: "completionCriteria",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of `tests:`: for this user, that expression holds or does not.

    `step` is None for SEES and names the step otherwise.
    """

    name: str | None
    context: Context
    verdict: Verdict
    step: str | None
    expected: bool


@dataclass(frozen=True, slots=True)
class Persona:
    """A user to explain an expression for: as an entry of `tests:`, without a verdict."""

    context: Context
    name: str | None = None
    step: str | None = None


_CONTEXT_KEYS: Final = ("user", "group", "at")
_VERDICTS: Final = tuple(verdict.value for verdict in Verdict)
_BY_KEY: Final = {verdict.value: verdict for verdict in Verdict}
_CASE_KEYS: Final = ("name", *_CONTEXT_KEYS, "step", *_VERDICTS)
_PERSONA_KEYS: Final = ("name", *_CONTEXT_KEYS, "step")
_USER_KEYS: Final = ("properties", "groups", "url", "guest", "events", "flows")
_GROUP_KEYS: Final = ("properties", "events")
_FLOW_KEYS: Final = ("state", "done", "steps")
_STEP_KEYS: Final = ("state", "data")


def context_from(value: JsonValue, now: datetime, known_flows: frozenset[str] | None = None) -> Context:
    """The context of a mapping with `user`, `group` and `at`; CaseError with the path of what is wrong.

    `now` (with its time zone) is the clock where `at` says nothing. `known_flows` are the slugs that
    exist; None when that is not known, so that each one named counts as existing.
    """
    return _context(_mapping(value, (), _CONTEXT_KEYS), now, known_flows)


def persona_from(value: JsonValue, now: datetime, known_flows: frozenset[str] | None = None) -> Persona:
    """A user as `tests:` describes one; CaseError with the path of what is wrong."""
    verdicts = [key for key in _VERDICTS if isinstance(value, dict) and key in value]
    if verdicts:
        hint = f"Leave {verdicts[0]} out: what comes out is what is asked."
        raise CaseError(f"{verdicts[0]} is a verdict, and a user has none.", (verdicts[0],), hint=hint)
    entry = _mapping(value, (), _PERSONA_KEYS)
    return Persona(
        _context(entry, now, known_flows),
        _text(entry["name"], ("name",)) if "name" in entry else None,
        _text(entry["step"], ("step",)) if "step" in entry else None,
    )


def case_from(value: JsonValue, now: datetime, known_flows: frozenset[str] | None = None) -> Case:
    """One entry of `tests:`; CaseError with the path, inside the entry, of what is wrong."""
    entry = _mapping(value, (), _CASE_KEYS)
    verdict = _verdict(entry)
    return Case(
        name=_text(entry["name"], ("name",)) if "name" in entry else None,
        context=_context(entry, now, known_flows),
        verdict=verdict,
        step=_step_of(entry, verdict),
        expected=_truth(entry[verdict.value], (verdict.value,)),
    )


def _verdict(entry: Mapping[str, JsonValue]) -> Verdict:
    """The one verdict of a test."""
    stated = [verdict for key, verdict in _BY_KEY.items() if key in entry]
    if len(stated) == 1:
        return stated[0]
    if not stated:
        raise CaseError("This test says nothing about what should come out.", (), hint="Add sees: true or sees: false.")
    raise CaseError("A test has one verdict, found several.", (stated[1].value,), hint="Write one test for each.")


def _step_of(entry: Mapping[str, JsonValue], verdict: Verdict) -> str | None:
    """The step that a verdict is about."""
    if verdict is Verdict.SEES:
        if "step" in entry:
            hint = "For a step write shows, starts or completes; for the flow leave step out."
            raise CaseError("sees is about the flow, not about a step.", ("step",), hint=hint)
        return None
    if "step" not in entry:
        raise CaseError(f"{verdict.value} is about a step: which one?", (verdict.value,), hint="Add step: and its id.")
    return _text(entry["step"], ("step",))


def _context(entry: Mapping[str, JsonValue], now: datetime, known_flows: frozenset[str] | None) -> Context:
    user = _mapping(entry.get("user"), ("user",), _USER_KEYS)
    group = _mapping(entry.get("group"), ("group",), _GROUP_KEYS)
    return Context(
        at=_moment(entry["at"], ("at",)) if "at" in entry else milliseconds(now),
        properties=_properties(user, ("user", "properties")) if user else {},
        groups=_groups(user["groups"], ("user", "groups")) if "groups" in user else (),
        url=_text(user["url"], ("user", "url")) if user.get("url") is not None else None,
        guest=_truth(user["guest"], ("user", "guest")) if "guest" in user else False,
        events=_events(user["events"], ("user", "events")) if "events" in user else {},
        flows=_flows(user["flows"], ("user", "flows")) if "flows" in user else {},
        group_properties=_properties(group, ("group", "properties")) if group else {},
        group_events=_events(group["events"], ("group", "events")) if "events" in group else {},
        known_flows=known_flows,
    )


def _properties(owner: Mapping[str, JsonValue], path: ValuePath) -> Mapping[str, JsonValue]:
    found = _mapping(owner.get("properties"), path)
    for key, value in found.items():
        _refuse_odd_number(value, (*path, key))
    return found


def _refuse_odd_number(value: JsonValue, path: ValuePath) -> None:
    """Refuse a number that JavaScript cannot hold, at any depth."""
    if isinstance(value, str):
        return
    pending: list[JsonValue] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, int | float) and not _is_double(item):
            raise CaseError("This number is too large.", path)


def _is_double(number: float) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def _groups(value: JsonValue, path: ValuePath) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong_type("a list of group ids", value, path)
    return tuple(_text(group, (*path, index)) for index, group in enumerate(value))


def _events(value: JsonValue, path: ValuePath) -> Mapping[str, int]:
    return {name: _count(count, (*path, name)) for name, count in _mapping(value, path).items()}


def _flows(value: JsonValue, path: ValuePath) -> Mapping[str, FlowProgress]:
    return {slug: _flow(flow, (*path, slug)) for slug, flow in _mapping(value, path).items()}


def _flow(value: JsonValue, path: ValuePath) -> FlowProgress:
    flow = _mapping(value, path, _FLOW_KEYS)
    state = _state(FlowState, flow, path)
    done = _moment(flow["done"], (*path, "done")) if flow.get("done") is not None else None
    if done is not None and state not in (FlowState.COMPLETED, FlowState.SKIPPED):
        hint = "Add state: COMPLETED_FLOW or state: SKIPPED_FLOW, or leave done out."
        raise CaseError(f"A flow in state {state.value} is not done.", (*path, "done"), hint=hint)
    steps = _mapping(flow.get("steps"), (*path, "steps"))
    return FlowProgress(state, done, {step: _step(way, (*path, "steps", step)) for step, way in steps.items()})


def _step(value: JsonValue, path: ValuePath) -> StepProgress:
    step = _mapping(value, path, _STEP_KEYS)
    data = _mapping(step.get("data"), (*path, "data"))
    for key, entered in data.items():
        _refuse_odd_number(entered, (*path, "data", key))
    return StepProgress(_state(StepState, step, path), data)


def _state(kind: type[E], owner: Mapping[str, JsonValue], path: ValuePath) -> E:
    """The state of a flow or step; not started when nothing is said."""
    if "state" not in owner:
        return kind.NOT_STARTED
    known = [state.value for state in kind]
    stated = _text(owner["state"], (*path, "state"))
    if stated not in known:
        hint = f"It is one of {', '.join(known)}."
        raise CaseError(f"{shown(stated)} is not a state.", (*path, "state"), hint=hint)
    return kind(stated)


def _mapping(value: JsonValue, path: ValuePath, keys: tuple[str, ...] | None = None) -> Mapping[str, JsonValue]:
    """A mapping, empty for null, with no key outside of `keys`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong_type("a mapping", value, path)
    unknown = None if keys is None else next(filterfalse(keys.__contains__, value), None)
    if keys is not None and unknown is not None:
        close = closest(unknown, keys)
        hint = f"Did you mean {close}?" if close else f"Known are {', '.join(keys)}."
        raise CaseError(f"{shown(unknown)} is not known here.", (*path, unknown), hint=hint)
    return value


def _text(value: JsonValue, path: ValuePath) -> str:
    if not isinstance(value, str):
        raise _wrong_type("a text", value, path)
    return value


def _truth(value: JsonValue, path: ValuePath) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type("true or false", value, path)
    return value


def _count(value: JsonValue, path: ValuePath) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or not _is_double(value):
        raise _wrong_type("a whole number, 0 or more", value, path)
    return value


def _moment(value: JsonValue, path: ValuePath) -> float:
    found = moment(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong_type("a date such as 2026-02-01T00:00:00Z", value, path)
    return found


def _wrong_type(wanted: str, value: JsonValue, path: ValuePath) -> CaseError:
    """The error for a value of another type; it says the type, and the text if it is one."""
    match value:
        case str():
            found = shown(value)
        case None:
            found = "nothing"
        case bool():
            found = "true" if value else "false"
        case int() | float():
            found = "a number"
        case list():
            found = "a list"
        case _:
            found = "a mapping"
    return CaseError(f"Expected {wanted}, found {found}.", path)
