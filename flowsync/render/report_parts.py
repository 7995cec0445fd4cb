"""What a report tells: a plan, what applying it did, drift, files, or why there is none of these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.render.escape import cell_code, code_span, prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits
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


ELLIPSIS: Final = "…"


def utf16_units(text: str) -> int:
    """Return how long GitHub holds a comment to be: its characters as JavaScript counts them."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    """Return how long GitHub holds a job's summary to be."""
    return len(text.encode("utf-8", errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be said, in the units of `measure`: in all, about one flow, by one list of points, by a table."""

    whole: int
    per_flow: int
    per_list: int
    per_table: int
    measure: Callable[[str], int]


COMMENT: Final = Room(64_000, 8_000, 5_000, 16_000, utf16_units)
"""GitHub refuses a body of more than 65,536 characters."""
SUMMARY: Final = Room(1_000_000, 60_000, 100_000, 200_000, utf8_bytes)
"""GitHub drops all of a summary of more than 1 MiB."""


def shortened(text: str, length: int) -> str:
    """Return `text`, cut to `length` characters with an ellipsis where it is longer."""
    return text if len(text) <= length else text[: length - 1] + ELLIPSIS


def fitting(lines: Sequence[str], room: int, measure: Callable[[str], int]) -> Sequence[str]:
    """Return as many of the first `lines` as fit, each with a line feed."""
    for count, line in enumerate(lines):
        room -= measure(line) + 1
        if room < 0:
            return lines[:count]
    return lines


def enumerated(names: Iterable[str], room: int, measure: Callable[[str], int]) -> str:
    """Return names as an enumeration that fits; those that do not are counted."""
    every = list(names)
    kept = fitting([f"{name}," for name in every], room, measure)
    shown = ", ".join(every[: len(kept)])
    rest = len(every) - len(kept)
    if not rest:
        return shown
    return f"{shown} and {rest:,} more" if shown else f"{rest:,} in all"


NAME_LENGTH: Final = 100
"""Characters of a slug, label or file that are shown where many stand together."""
SENTENCE_LENGTH: Final = 500


def brief(text: str) -> str:
    """Return a name cut to what is shown where many stand together."""
    return shortened(text, NAME_LENGTH)


def name(text: str) -> str:
    """Return a name as inline code."""
    return code_span(brief(text))


def cell(text: str) -> str:
    """Return a name as inline code for a cell of a table."""
    return cell_code(brief(text))


def sentence(text: str) -> str:
    """Return a sentence, all but plain English in it as inline code."""
    return prose(shortened(text, SENTENCE_LENGTH))
