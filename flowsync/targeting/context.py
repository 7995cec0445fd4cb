"""The facts about one user at one moment, and their form in `tests:` entries and for `explain`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync.errors import ExitCode, FlowsyncError
from flowsync.targeting.tokens import shown
from flowsync.text import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue, ValuePath


class FlowState(Enum):
    """How far a user is with a flow [doc]."""

    NOT_STARTED = "NOT_STARTED_FLOW"
    STARTED = "STARTED_FLOW"
    COMPLETED = "COMPLETED_FLOW"
    SKIPPED = "SKIPPED_FLOW"


class StepState(Enum):
    """How far a user is with a step [doc]."""

    NOT_STARTED = "NOT_STARTED_STEP"
    STARTED = "STARTED_STEP"
    COMPLETED = "COMPLETED_STEP"
    SKIPPED = "SKIPPED_STEP"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A user's progress in one step; `data` holds what they entered, by field id."""

    state: StepState = StepState.NOT_STARTED
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowProgress:
    """A user's progress in one flow; `done` is when they completed or skipped it, in milliseconds since 1970."""

    state: FlowState = FlowState.NOT_STARTED
    done: float | None = None
    steps: Mapping[str, StepProgress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """One user, their group, and the clock.

    `at` is milliseconds since 1970. A property that is absent was never set, a flow that is absent from `flows` not
    started; whether it exists is for rules to say. `url` None means that the app reported no page address.
    `groups` are the ids of the user's groups.
    """

    at: float
    properties: Mapping[str, JsonValue] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    url: str | None = None
    guest: bool = False
    events: Mapping[str, int] = field(default_factory=dict)
    flows: Mapping[str, FlowProgress] = field(default_factory=dict)
    group_properties: Mapping[str, JsonValue] = field(default_factory=dict)
    group_events: Mapping[str, int] = field(default_factory=dict)

    def progress(self, slug: str) -> FlowProgress:
        """The user's progress in a flow."""
        return self.flows.get(slug, FlowProgress())


class Verdict(Enum):
    """The subject of a test: the flow's targeting, or one criterion of a step."""

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
_VERDICTS: Final = tuple(verdict.value for verdict in Verdict)


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of `tests:`: for this user, an expression is true or false.

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


class CaseError(FlowsyncError):
    """A test or a user has the wrong form; `path` leads to the faulty value or key."""

    exit_code = ExitCode.INVALID
    code = "targeting-test"

    def __init__(self, message: str, path: ValuePath, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = path


def persona_from(value: JsonValue, now: datetime) -> Persona:
    """The user that a mapping as in `tests:` describes; CaseError with the path of the fault.

    `now` (with its time zone) is the clock if the mapping has no `at`.
    """
    verdicts = [key for key in _VERDICTS if isinstance(value, dict) and key in value]
    if verdicts:
        hint = f"Leave {verdicts[0]} out: the result is what you ask for."
        raise CaseError(f"{verdicts[0]} is a verdict, and a user has none.", (verdicts[0],), hint=hint)
    entry = _Entry(value).mapping("name", "user", "group", "at", "step")
    return Persona(
        _context(entry, now),
        entry["name"].text() if "name" in entry else None,
        entry["step"].text() if "step" in entry else None,
    )


def case_from(value: JsonValue, now: datetime) -> Case:
    """One entry of `tests:`. As in `persona_from`, the path leads from the entry to the fault."""
    entry = _Entry(value).mapping("name", "user", "group", "at", "step", *_VERDICTS)
    verdicts = [verdict for verdict in Verdict if verdict.value in entry]
    if not verdicts:
        message = "This test has no expected result."
        raise CaseError(message, (), hint="Add sees: true or sees: false.")
    if len(verdicts) > 1:
        message = "A test has one verdict; this one has several."
        raise CaseError(message, (verdicts[1].value,), hint="Write one test for each.")
    verdict = verdicts[0]
    name = entry["name"].text() if "name" in entry else None
    context = _context(entry, now)
    if verdict is Verdict.SEES and "step" in entry:
        hint = "For a step write shows, starts or completes; for the flow leave step out."
        raise CaseError("sees is about the flow, not about a step.", ("step",), hint=hint)
    if verdict is not Verdict.SEES and "step" not in entry:
        message = f"{verdict.value} is about a step: which one?"
        raise CaseError(message, (verdict.value,), hint="Add step: and its id.")
    step = entry["step"].text() if "step" in entry else None
    return Case(name, context, verdict, step, expected=entry[verdict.value].truth())


def _context(entry: Mapping[str, _Entry], now: datetime) -> Context:
    user = entry.get("user", _NULL).mapping("properties", "groups", "url", "guest", "events", "flows")
    group = entry.get("group", _NULL).mapping("properties", "events")
    return Context(
        at=entry["at"].moment() if "at" in entry else milliseconds(now),
        properties=user.get("properties", _NULL).values(),
        groups=user.get("groups", _NULL).group_ids(),
        url=user["url"].text() if user.get("url", _NULL).value is not None else None,
        guest=user["guest"].truth() if "guest" in user else False,
        events=user.get("events", _NULL).counts(),
        flows={slug: flow.flow_progress() for slug, flow in user.get("flows", _NULL).mapping().items()},
        group_properties=group.get("properties", _NULL).values(),
        group_events=group.get("events", _NULL).counts(),
    )


_State = TypeVar("_State", FlowState, StepState)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value of an entry and its path; each method returns it as the expected type, or raises CaseError."""

    value: JsonValue
    path: ValuePath = ()

    def mapping(self, *keys: str) -> dict[str, _Entry]:
        """A mapping, empty for null, with no other keys than these, if any are given."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self._wrong("a mapping")
        for key in self.value if keys else ():
            if key not in keys:
                close = closest(key, keys)
                hint = f"Did you mean {close}?" if close else f"Known are {', '.join(keys)}."
                raise CaseError(f"{shown(key)} is not known here.", (*self.path, key), hint=hint)
        return {key: _Entry(value, (*self.path, key)) for key, value in self.value.items()}

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self._wrong("a text")
        return self.value

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self._wrong("true or false")
        return self.value

    def moment(self) -> float:
        found = moment(self.value) if isinstance(self.value, str) else None
        if found is None:
            raise self._wrong("a date such as 2026-02-01T00:00:00Z")
        return found

    def values(self) -> dict[str, JsonValue]:
        """A mapping to anything but, at any depth, a number that JavaScript cannot hold."""
        entries = self.mapping()
        for entry in entries.values():
            if _holds_large_number(entry.value):
                raise CaseError("This number is too large.", entry.path)
        return {key: entry.value for key, entry in entries.items()}

    def group_ids(self) -> tuple[str, ...]:
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            raise self._wrong("a list of group ids")
        return tuple(_Entry(group, (*self.path, index)).text() for index, group in enumerate(self.value))

    def counts(self) -> dict[str, int]:
        return {event: entry.count() for event, entry in self.mapping().items()}

    def count(self) -> int:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or value < 0 or _holds_large_number(value):
            raise self._wrong("a whole number, 0 or more")
        return value

    def flow_progress(self) -> FlowProgress:
        flow = self.mapping("state", "done", "steps")
        state = flow["state"].state(FlowState) if "state" in flow else FlowState.NOT_STARTED
        done = flow["done"].moment() if flow.get("done", _NULL).value is not None else None
        if done is not None and state not in (FlowState.COMPLETED, FlowState.SKIPPED):
            hint = "Add state: COMPLETED_FLOW or state: SKIPPED_FLOW, or leave done out."
            raise CaseError(f"A flow in state {state.value} is not done.", flow["done"].path, hint=hint)
        steps = flow.get("steps", _NULL).mapping()
        return FlowProgress(state, done, {step: entry.step_progress() for step, entry in steps.items()})

    def step_progress(self) -> StepProgress:
        step = self.mapping("state", "data")
        data = step.get("data", _NULL).values()
        return StepProgress(step["state"].state(StepState) if "state" in step else StepState.NOT_STARTED, data)

    def state(self, kind: type[_State]) -> _State:
        known = [state.value for state in kind]
        if self.text() not in known:
            hint = f"It is one of {', '.join(known)}."
            raise CaseError(f"{shown(self.text())} is not a state.", self.path, hint=hint)
        return kind(self.value)

    def _wrong(self, wanted: str) -> CaseError:
        if isinstance(self.value, str):
            found = shown(self.value)
        elif isinstance(self.value, bool):
            found = "true" if self.value else "false"
        else:
            found = _KINDS[type(self.value)]
        return CaseError(f"Expected {wanted}, found {found}.", self.path)


_NULL: Final = _Entry(None)
_KINDS: Final = {type(None): "nothing", int: "a number", float: "a number", list: "a list", dict: "a mapping"}


def _holds_large_number(value: JsonValue) -> bool:
    match value:
        case list():
            return any(map(_holds_large_number, value))
        case dict():
            return any(map(_holds_large_number, value.values()))
        case int() | float():
            return not abs(value) <= sys.float_info.max  # nor is it NaN
        case _:
            return False


EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def milliseconds(moment: datetime) -> float:
    """A moment (with its time zone) as the language counts it: milliseconds since 1970."""
    return (moment - EPOCH).total_seconds() * 1000


def moment(text: str) -> float | None:
    """A date text as milliseconds since 1970; without a zone it is UTC. None for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(6, "0"))
    offset = match[8] or "Z"
    minutes = 0 if offset == "Z" else int(offset[1:3]) * 60 + int(offset[-2:])
    try:
        zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        return milliseconds(datetime(year, month, day, hour, minute, second, fraction, zone))
    except ValueError:
        return None
