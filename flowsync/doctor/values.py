"""Facts of a report, each with what to do where that is needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowsync.model import JsonValue


class Mark(Enum):
    """How a fact is to be taken: as it should be, worth knowing, or in the way of some command."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a report. `value` is the same for programs, None where it is not known; `hint` is what to do."""

    name: str
    mark: Mark
    text: str
    value: JsonValue = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The facts about one thing. `environment` is that of flowsync.yaml, for an account."""

    title: str
    facts: tuple[Fact, ...]
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found."""

    version: str
    parts: tuple[Part, ...]

    def count(self, mark: Mark) -> int:
        """How many facts have this mark."""
        return sum(fact.mark is mark for part in self.parts for fact in part.facts)

    @property
    def worst(self) -> Mark:
        """The gravest mark there is."""
        return next((mark for mark in (Mark.PROBLEM, Mark.NOTE) if self.count(mark)), Mark.OK)


def ok(name: str, text: str, value: JsonValue = None) -> Fact:
    """A fact that is as it should be."""
    return Fact(name, Mark.OK, text, value)


def note(name: str, text: str, value: JsonValue = None, hint: str | None = None) -> Fact:
    """A fact that is worth knowing, or that could not be found out."""
    return Fact(name, Mark.NOTE, text, value, hint)


def problem(name: str, text: str, hint: str | None = None, value: JsonValue = None) -> Fact:
    """A fact that is in the way of some command."""
    return Fact(name, Mark.PROBLEM, text, value, hint)
