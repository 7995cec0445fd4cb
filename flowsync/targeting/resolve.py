"""What the values in an expression are, for one user at one moment."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

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
from flowsync.targeting.scalars import number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowsync.model import JsonValue
    from flowsync.targeting.context import Context, StepProgress
    from flowsync.targeting.nodes import Value

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
