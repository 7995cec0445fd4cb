"""What is known about one user at one moment: the input of an evaluation."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.numbers import number_text
from flowsync.targeting.nodes import (
    Arithmetic,
    Boolean,
    Clock,
    Duration,
    Enclosed,
    Null,
    Number,
    Source,
    SourceKind,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.model import JsonValue
    from flowsync.targeting.nodes import Value

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


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
    """A user's way through one step; `data` holds what they entered, by field id."""

    state: StepState = StepState.NOT_STARTED
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowProgress:
    """A user's way through one flow; `done` is when they completed or skipped it, in milliseconds since 1970."""

    state: FlowState = FlowState.NOT_STARTED
    done: float | None = None
    steps: Mapping[str, StepProgress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """One user, their group, and the clock.

    `at` is milliseconds since 1970. A property that is absent was never set; a flow that is absent
    from `flows` was not started, unless `known_flows` is given and lacks it: then it does not exist.
    `url` None means that the app reported no page address. `groups` are the ids of the user's groups.
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
    known_flows: frozenset[str] | None = None

    def progress(self, slug: str) -> FlowProgress | None:
        """How far the user is with a flow; None when there is no such flow."""
        if self.known_flows is not None and slug not in self.known_flows:
            return None
        return self.flows.get(slug, _UNTOUCHED)


_UNTOUCHED: Final = FlowProgress()


def milliseconds(moment: datetime) -> float:
    """A moment (with its time zone) as the language counts it: milliseconds since 1970."""
    return (moment - EPOCH).total_seconds() * 1000


_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def moment(text: str) -> float | None:
    """A date text as milliseconds since 1970; without a zone it is UTC. None for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(6, "0"))
    try:
        return milliseconds(datetime(year, month, day, hour, minute, second, fraction, _zone(match[8])))
    except ValueError:
        return None


def _zone(offset: str | None) -> timezone:
    """`+01:30` as a time zone; absent or Z is UTC. ValueError beyond a day."""
    if offset is None or offset == "Z":
        return timezone.utc
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def definite_number(value: JsonValue) -> float | None:
    """A number, or a date as milliseconds; None for anything else, numbers in quotes included."""
    if isinstance(value, str):
        return moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _double(value)


def number_of(value: JsonValue) -> float | None:
    """As definite_number, and numbers in quotes count too."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return definite_number(value)


def _double(value: float) -> float:
    """The nearest double, as JavaScript has no other numbers."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def text_of(value: JsonValue) -> str:
    """A value as text: lists and mappings as JSON, numbers as JavaScript writes them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(_double(value))
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values that are set are equal: as numbers where either is one, else as texts."""
    if definite_number(left) is None and definite_number(right) is None:
        return text_of(left) == text_of(right)
    number = number_of(left)
    return number is not None and number == number_of(right)


MILLISECONDS_A_DAY: Final = 86_400_000


class Unknown(Enum):
    """Why a source has no value at all, not even null: every comparison with it is false [obs]."""

    NO_URL = "no page address was reported"
    NO_SUCH_FLOW = "there is no such flow"
    NOT_DONE = "the flow was not done, or it is not known when"


Resolved: TypeAlias = "JsonValue | Unknown"


def resolve(value: Value, context: Context) -> Resolved:  # noqa: PLR0911 - one return per kind of node
    """What a value is; None is null. The clock is milliseconds since 1970."""
    match value:
        case Source():
            return _RESOLVERS[value.kind](context, *(argument.value for argument in value.arguments))
        case Text(content):
            return content
        case Number():
            return value.value
        case Boolean(truth):
            return truth
        case Null():
            return None
        case Duration():
            return value.milliseconds
        case Clock():
            return context.at
        case Enclosed(inner):
            return resolve(inner, context)
        case Arithmetic():
            return _calculated(value, context)


def _calculated(value: Arithmetic, context: Context) -> float | None:
    """The result of a chain of signs; null where there is none, as after a division by zero."""
    result = number_of(_known(resolve(value.first, context)))
    for sign, operand in value.rest:
        right = number_of(_known(resolve(operand, context)))
        if result is None or right is None:
            return None
        result = _combined(result, sign, right)
    return result if result is not None and math.isfinite(result) else None


def _known(value: Resolved) -> JsonValue:
    return None if isinstance(value, Unknown) else value


def _combined(left: float, sign: str, right: float) -> float:
    """One step of arithmetic on doubles."""
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else math.nan


def done_at(context: Context, slug: str) -> Resolved:
    """When a flow was done, in milliseconds since 1970."""
    progress = context.progress(slug)
    if progress is None:
        return Unknown.NO_SUCH_FLOW
    return Unknown.NOT_DONE if progress.done is None else progress.done


def _days_since_done(context: Context, slug: str) -> Resolved:
    done = done_at(context, slug)
    return (context.at - done) / MILLISECONDS_A_DAY if isinstance(done, int | float) else done


def _days_since(context: Context, key: str) -> Resolved:
    """Days, with fractions, since the date in a property; null when it holds no date."""
    then = number_of(context.properties.get(key))
    return None if then is None else (context.at - then) / MILLISECONDS_A_DAY


def _flow_state(context: Context, slug: str) -> Resolved:
    progress = context.progress(slug)
    return Unknown.NO_SUCH_FLOW if progress is None else progress.state.value


def _step(context: Context, slug: str, step: str) -> StepProgress | Unknown | None:
    """How far the user is with a step; None when they never touched it."""
    progress = context.progress(slug)
    return Unknown.NO_SUCH_FLOW if progress is None else progress.steps.get(step)


def _step_state(context: Context, slug: str, step: str) -> Resolved:
    progress = _step(context, slug, step)
    if isinstance(progress, Unknown):
        return progress
    return "NOT_STARTED_STEP" if progress is None else progress.state.value


def _step_data(context: Context, slug: str, step: str, field: str) -> Resolved:
    progress = _step(context, slug, step)
    if isinstance(progress, Unknown):
        return progress
    return None if progress is None else progress.data.get(field)


def _url(context: Context) -> Resolved:
    return Unknown.NO_URL if context.url is None else context.url


def _membership(context: Context, names: str | None = None) -> Resolved:
    """The user's groups, or, with names, whether one of them is among them."""
    groups = context.groups
    return list(groups) if names is None else any(name in groups for name in names.split(","))


def _partly(properties: Mapping[str, JsonValue], key: str, part: str) -> Resolved:
    """Whether a property holds a text, letter case aside; null when it was never set."""
    value = properties.get(key)
    return None if value is None else part.lower() in text_of(value).lower()


_RESOLVERS: Final[dict[SourceKind, Callable[..., Resolved]]] = {
    SourceKind.USER_PROPERTY: lambda context, key: context.properties.get(key),
    SourceKind.USER_PROPERTY_CONTAINS: lambda context, key, part: _partly(context.properties, key, part),
    SourceKind.USER_DAYS_SINCE_NOW: _days_since,
    SourceKind.USER_IS_GUEST: lambda context: context.guest,
    SourceKind.USER_CURRENT_URL: _url,
    SourceKind.USER_MEMBER_OF_GROUP: _membership,
    SourceKind.USER_EVENT: lambda context, event: context.events.get(event, 0),
    SourceKind.USER_FLOW: _flow_state,
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: _days_since_done,
    SourceKind.USER_FLOW_STEP: _step_state,
    SourceKind.USER_FLOW_STEP_DATA: _step_data,
    SourceKind.GROUP_PROPERTY: lambda context, key: context.group_properties.get(key),
    SourceKind.GROUP_PROPERTY_CONTAINS: lambda context, key, part: _partly(context.group_properties, key, part),
    SourceKind.GROUP_EVENT: lambda context, event: context.group_events.get(event, 0),
}
