"""Sets of characters: ranges and Unicode categories, perhaps negated, perhaps without regard to case."""

from __future__ import annotations

import unicodedata
from typing import Final, TypeAlias

from flowsync.frozen import dataclass

Range: TypeAlias = "tuple[str, str]"

DIGITS: Final[tuple[Range, ...]] = (("0", "9"),)
SPACES: Final[tuple[Range, ...]] = (("\t", "\n"), ("\f", "\r"), (" ", " "))
WORDS: Final[tuple[Range, ...]] = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
LAST: Final = "\U0010ffff"

POSIX: Final[dict[str, tuple[Range, ...]]] = {
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")),
    "alpha": (("A", "Z"), ("a", "z")),
    "ascii": (("\x00", "\x7f"),),
    "blank": (("\t", "\t"), (" ", " ")),
    "cntrl": (("\x00", "\x1f"), ("\x7f", "\x7f")),
    "digit": DIGITS,
    "graph": (("!", "~"),),
    "lower": (("a", "z"),),
    "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": (("\t", "\r"), (" ", " ")),
    "upper": (("A", "Z"),),
    "word": WORDS,
    "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
}


@dataclass(frozen=True, slots=True)
class Category:
    """A Unicode category (`L`, `Lu`) or script (`Greek`), perhaps negated."""

    name: str
    is_negated: bool

    def holds(self, character: str) -> bool:
        """Whether the character is in it; scripts go by the character's name."""
        if len(self.name) <= len("Lu"):
            inside = self.name == "Any" or unicodedata.category(character).startswith(self.name)
        else:
            inside = self.name == "Any" or _is_of_script(character, self.name)
        return inside is not self.is_negated


def _is_of_script(character: str, script: str) -> bool:
    prefix = "CJK" if script == "Han" else script.upper().replace("_", " ")
    return unicodedata.name(character, "").startswith(prefix)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The characters that one position of a pattern takes."""

    ranges: tuple[Range, ...] = ()
    categories: tuple[Category, ...] = ()
    is_negated: bool = False
    ignores_case: bool = False

    def holds(self, character: str) -> bool:
        """Whether the character is in the set."""
        variants = {character, character.lower(), character.upper()} if self.ignores_case else (character,)
        return any(self._lists(variant) for variant in variants) is not self.is_negated

    def _lists(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) or any(
            len(character) == 1 and category.holds(character) for category in self.categories
        )


def complement(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Every character outside of sorted ranges that neither touch nor overlap."""
    gaps: list[Range] = []
    start = 0
    for low, high in ranges:
        if ord(low) > start:
            gaps.append((chr(start), chr(ord(low) - 1)))
        start = ord(high) + 1
    gaps.append((chr(start), LAST))
    return tuple(gaps)
