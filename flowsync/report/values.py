"""The kinds of report: on a plan, an apply, drift, files, or a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from flowsync.model import Change, Outcome, Plan, Problem, SettingChange
from flowsync.render.wording import Reader

if TYPE_CHECKING:
    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits


class Moment(Enum):
    """The event that applies a plan, as the beginning of a sentence."""

    MERGE = "Merging this"
    APPLY = "Applying this"

    @property
    def branch(self) -> str:
        """The source of the planned files."""
        return "this PR" if self is Moment.MERGE else "this branch"


@dataclass(frozen=True, slots=True)
class Scene:
    """The run that made a report: its commit, and where its log and summary are; None if there is no such run."""

    commit: str | None
    run_url: str | None
    moment: Moment = Moment.MERGE
    reader: Reader = Reader.GITHUB

    @property
    def is_on_github(self) -> bool:
        """Whether the reader can set inputs of the action, but no flags."""
        return self.reader is Reader.GITHUB


@dataclass(frozen=True, slots=True)
class OtherPull:
    """Another open pull request that changes some of the same flows."""

    number: int
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """The slugs of the flows that look different, the number of pictures of them, and the `name` of their artefact.

    `trouble` says why there are none, or not all.
    """

    changed: tuple[str, ...]
    pictures: int = 0
    trouble: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """A command other than plan that shows a plan.

    `following` is the command line that carries it out, `nothing` what is said of a plan that changes nothing.
    """

    name: str
    following: str
    nothing: str


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The effect of a plan.

    `waits` is how that changes which flow waits for which, None if it is not known. `problems` are the warnings
    about the files, `settings` what the branch changes in flowsync.yaml. `into` is the branch that this would be merged
    into, if that is another than `applied`, the one that is applied; None if it is the same or not known.
    `looks` is None if nobody asked for pictures. `other` is None if the command is plan.
    """

    scene: Scene
    plan: Plan
    waits: ChangedWaits | None = None
    problems: tuple[Problem, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    others: tuple[OtherPull, ...] = ()
    into: str | None = None
    applied: str | None = None
    looks: Looks | None = None
    other: OtherCommand | None = None


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The result of an apply. `extras` are the slugs that no reviewed plan showed."""

    scene: Scene
    plan: Plan
    outcomes: tuple[Outcome, ...]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The differences between the live flows and the files of the main branch.

    `plan` holds edits only. `waiting` are the flows of merged changes that are not applied yet, `missing` the files
    without a live flow. `gap` says what is not known about the origin of the differences; empty if all is known.
    """

    scene: Scene
    plan: Plan
    waiting: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class TakeoverReport:
    """Files that take over live edits: by slug, `files` are their names, and `left` says why a flow has none."""

    scene: Scene
    environment: str
    files: Mapping[str, str]
    left: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilesReport:
    """The result of validating files that have no errors."""

    scene: Scene
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FailureReport:
    """Why a command ended without a result. `changes` are those that prevented one."""

    scene: Scene
    command: str
    environment: str
    error: FlowsyncError
    changes: tuple[Change, ...] = ()


Report: TypeAlias = "PlanReport | ApplyReport | DriftReport | TakeoverReport | FilesReport | FailureReport"
