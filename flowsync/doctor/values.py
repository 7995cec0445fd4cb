"""Facts of a report, with hints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowsync.model import JsonValue


class Mark(Enum):
    """What a fact means: all is well, worth knowing, or some command cannot work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a report. `value` is its form for programs, None if unknown; `hint` is what to do."""

    name: str
    mark: Mark
    text: str
    value: JsonValue = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The facts about one subject. `environment` is the account's name in flowsync.yaml."""

    title: str
    facts: tuple[Fact, ...]
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All facts."""

    version: str
    parts: tuple[Part, ...]

    def count(self, mark: Mark) -> int:
        """The number of facts with this mark."""
        return sum(fact.mark is mark for part in self.parts for fact in part.facts)

    @property
    def worst(self) -> Mark:
        """The worst mark of all facts."""
        return next((mark for mark in (Mark.PROBLEM, Mark.NOTE) if self.count(mark)), Mark.OK)


def ok(name: str, text: str, value: JsonValue = None) -> Fact:
    """A fact that is as it should be."""
    return Fact(name, Mark.OK, text, value)


def note(name: str, text: str, value: JsonValue = None, hint: str | None = None) -> Fact:
    """A fact that is worth knowing, or that is unknown."""
    return Fact(name, Mark.NOTE, text, value, hint)


def problem(name: str, text: str, hint: str | None = None, value: JsonValue = None) -> Fact:
    """A fact that keeps some command from working."""
    return Fact(name, Mark.PROBLEM, text, value, hint)
