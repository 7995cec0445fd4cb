"""What is known about one user at one moment: the input of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue

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
