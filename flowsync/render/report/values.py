"""What a report tells: a plan, what applying it did, drift, files, or why there is none of these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.audience.changing import ChangedWaits
    from flowsync.errors import FlowsyncError
    from flowsync.model import Change, Outcome, Plan, Problem


class Moment(Enum):
    """When what a plan shows will happen, as a reader of the plan says it."""

    MERGE = "this is merged"
    APPLY = "this is applied"


@dataclass(frozen=True, slots=True)
class Scene:
    """Which run made a report: of which commit, and where its log and summary are; None where there is no such run."""

    commit: str | None
    run_url: str | None
    moment: Moment = Moment.MERGE


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What would happen, and what that does to which flow waits for which; None where that is not known."""

    scene: Scene
    plan: Plan
    waits: ChangedWaits | None = None


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What happened. `extras` are the slugs that no reviewed plan showed."""

    scene: Scene
    plan: Plan
    outcomes: tuple[Outcome, ...]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How the live flows differ from the files of the main branch, though nobody asked to change anything."""

    scene: Scene
    plan: Plan


@dataclass(frozen=True, slots=True)
class TakeoverReport:
    """Files that take over what somebody edited live; by slug, `files` are their names, `left` is why not."""

    scene: Scene
    environment: str
    files: Mapping[str, str]
    left: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What validation found in files that are fit to be planned."""

    scene: Scene
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FailureReport:
    """Why a command ended without a result. `changes` are those that kept it from going on."""

    scene: Scene
    command: str
    environment: str
    error: FlowsyncError
    changes: tuple[Change, ...] = ()


Report: TypeAlias = "PlanReport | ApplyReport | DriftReport | TakeoverReport | FilesReport | FailureReport"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Markdown; whether anything was left out of it."""

    text: str
    is_truncated: bool


def differing(plan: Plan) -> int:
    """Return how many flows are not as the files say, or not there at all."""
    return len(plan.changes) + len(plan.blocked)
