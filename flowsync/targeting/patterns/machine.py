"""Matching by states: every state a text can be in at once, one character at a time (Thompson, 1968)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.frozen import dataclass
from flowsync.targeting.patterns.characters import CharacterSet
from flowsync.targeting.patterns.refusal import PatternError
from flowsync.targeting.patterns.syntax import Chain, Choice, Place, Repeat, parse_pattern

if TYPE_CHECKING:
    from flowsync.targeting.patterns.syntax import Node

MAXIMUM_STATES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Consume:
    """Take one character of the set and go on."""

    characters: CharacterSet
    then: int


@dataclass(frozen=True, slots=True)
class Check:
    """Go on only at such a place."""

    place: Place
    then: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Go on in every one of these states."""

    then: tuple[int, ...]


State: TypeAlias = "Consume | Check | Fork"
_ACCEPT: Final = 0
"""The first state: a fork to nowhere, reached when the pattern is through."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    states: tuple[State, ...]
    start: int

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text; time is states times characters."""
        current = self._closure([self.start], text, 0)
        for position, character in enumerate(text, start=1):
            moved = [state.then for state in self._consumers(current) if state.characters.holds(character)]
            if not moved:
                return False
            current = self._closure(moved, text, position)
        return _ACCEPT in current

    def _consumers(self, indices: set[int]) -> list[Consume]:
        return [state for state in map(self.states.__getitem__, indices) if isinstance(state, Consume)]

    def _closure(self, pending: list[int], text: str, position: int) -> set[int]:
        """Every state reached from these without taking a character."""
        reached: set[int] = set()
        while pending:
            index = pending.pop()
            if index not in reached:
                reached.add(index)
                pending.extend(_onward(self.states[index], text, position))
        return reached


def _onward(state: State, text: str, position: int) -> tuple[int, ...]:
    """Where a state leads without taking a character."""
    match state:
        case Fork(then):
            return then
        case Check(place, then) if _is_at(place, text, position):
            return (then,)
        case _:
            return ()


def _is_at(place: Place, text: str, position: int) -> bool:
    match place:
        case Place.TEXT_START:
            return position == 0
        case Place.TEXT_END:
            return position == len(text)
        case Place.LINE_START:
            return position == 0 or text[position - 1] == "\n"
        case Place.LINE_END:
            return position == len(text) or text[position] == "\n"
        case _:
            is_edge = _is_word(text[position - 1 : position]) is not _is_word(text[position : position + 1])
            return is_edge is (place is Place.WORD_EDGE)


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern, or raise PatternError with the reason why RE2 refuses it."""
    builder = _Builder()
    start = builder.build(parse_pattern(pattern), _ACCEPT)
    return Pattern(tuple(builder.states), start)


class _Builder:
    """Collects states from the end of the pattern to its start."""

    def __init__(self) -> None:
        self.states: list[State] = [Fork(())]

    def build(self, node: Node, then: int) -> int:
        """Add the states of a node that go on to `then`; returns the state to enter by."""
        match node:
            case CharacterSet():
                return self._add(Consume(node, then))
            case Place():
                return self._add(Check(node, then))
            case Chain(parts):
                for part in reversed(parts):
                    then = self.build(part, then)
                return then
            case Choice(branches):
                return self._add(Fork(tuple(self.build(branch, then) for branch in branches)))
            case Repeat():
                return self._repeat(node, then)

    def _add(self, state: State) -> int:
        if len(self.states) >= MAXIMUM_STATES:
            raise PatternError("a pattern too large to compile", 0)
        self.states.append(state)
        return len(self.states) - 1

    def _repeat(self, repeat: Repeat, then: int) -> int:
        """Copies of the part: a loop or optional ones at the end, the required ones before."""
        if repeat.most is None:
            entry = self._loop(repeat.part, then)
        else:
            entry = then
            for _ in range(repeat.most - repeat.least):
                entry = self._add(Fork((self.build(repeat.part, entry), then)))
        for _ in range(repeat.least):
            entry = self.build(repeat.part, entry)
        return entry

    def _loop(self, part: Node, then: int) -> int:
        loop = self._add(Fork(()))
        self.states[loop] = Fork((self.build(part, loop), then))
        return loop
