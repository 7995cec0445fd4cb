"""The syntax of RE2: a pattern to a tree, or the reason why RE2 refuses it."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.frozen import dataclass
from flowsync.targeting.patterns.characters import (
    DIGITS,
    LAST,
    POSIX,
    SPACES,
    WORDS,
    Category,
    CharacterSet,
    complement,
)
from flowsync.targeting.patterns.refusal import PatternError

if TYPE_CHECKING:
    from flowsync.targeting.patterns.characters import (
        Range,
    )

MAXIMUM_DEPTH: Final = 50
MAXIMUM_REPEAT: Final = 1000
"""As in RE2, also for repeats inside repeats, multiplied."""


class Place(Enum):
    """An assertion about a place between two characters."""

    TEXT_START = "\\A"
    TEXT_END = "\\z"
    LINE_START = "(?m)^"
    LINE_END = "(?m)$"
    WORD_EDGE = "\\b"
    NO_WORD_EDGE = "\\B"


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after another; none is the empty pattern."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several branches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part so many times; `most` None is without end."""

    part: Node
    least: int
    most: int | None


Node: TypeAlias = "CharacterSet | Place | Chain | Choice | Repeat"

_ESCAPED: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CLASSES: Final = {
    "d": DIGITS,
    "D": complement(DIGITS),
    "s": SPACES,
    "S": complement(SPACES),
    "w": WORDS,
    "W": complement(WORDS),
}
_PLACES: Final = {
    "A": Place.TEXT_START,
    "z": Place.TEXT_END,
    "b": Place.WORD_EDGE,
    "B": Place.NO_WORD_EDGE,
}
_SIMPLE_REPEATS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_COUNTED: Final = re.compile(r"\{([0-9]{1,9})(?:(,)([0-9]{0,9}))?\}")
_NAME: Final = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_OCTAL: Final = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEX: Final = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})")
_CATEGORY: Final = re.compile(r"[pP](?:([A-Z])|\{(\^?)(Any|[A-Z][a-z]?|[A-Z][A-Za-z_]+)\})")
_POSIX: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_REFUSED_GROUPS: Final = {
    "(?=": "RE2 has no look-ahead",
    "(?!": "RE2 has no look-ahead",
    "(?<=": "RE2 has no look-behind",
    "(?<!": "RE2 has no look-behind",
    "(?>": "RE2 has no atomic groups",
    "(?P=": "RE2 has no back-references",
    "(?#": "RE2 has no comments",
}


def parse_pattern(pattern: str) -> Node:
    """The tree of a pattern; PatternError with the reason where RE2 refuses it."""
    return _Reader(pattern).whole()


class _Reader:
    """One pass over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._flags: frozenset[str] = frozenset()

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._pattern):
            raise PatternError("a closing parenthesis without an opening one", self._at)
        return node

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _choice(self) -> Node:
        branches = [self._chain()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._chain())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _chain(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            if self._pattern.startswith("\\Q", self._at):
                parts.extend(self._quotation())
                continue
            part = self._atom()
            if part is not None:
                parts.append(self._repeated(part))
        return Chain(tuple(parts))

    def _quotation(self) -> list[Node]:
        r"""`\Q...\E`: literal characters up to the end mark or the end."""
        start = self._at + 2
        end = self._pattern.find("\\E", start)
        stop = len(self._pattern) if end < 0 else end
        self._at = stop if end < 0 else end + 2
        literals: list[Node] = [self._literal(character) for character in self._pattern[start:stop]]
        return [*literals[:-1], self._repeated(literals[-1])] if literals else []

    def _repeated(self, part: Node) -> Node:
        """A part with the repetition that may follow it; a second one is refused, as RE2 does."""
        start = self._at
        bounds = self._bounds()
        if bounds is None:
            return part
        if self._peek() == "?":
            self._at += 1
        repeat = Repeat(part, *bounds)
        if self._bounds() is not None:
            raise PatternError("two repetition operators in a row", start)
        if _copies(repeat) > MAXIMUM_REPEAT:
            raise PatternError(f"more than {MAXIMUM_REPEAT} repetitions", start)
        return repeat

    def _bounds(self) -> tuple[int, int | None] | None:
        """How often the part before is repeated, stepping over it; None when nothing is said."""
        if self._peek() in _SIMPLE_REPEATS:
            return _SIMPLE_REPEATS[self._take()]
        match = _COUNTED.match(self._pattern, self._at)
        if match is None:
            return None
        least = int(match[1])
        most = least if match[2] is None else int(match[3]) if match[3] else None
        if max(least, most or 0) > MAXIMUM_REPEAT or (most is not None and most < least):
            raise PatternError("a repetition count that RE2 refuses", self._at)
        self._at = match.end()
        return least, most

    def _atom(self) -> Node | None:
        """One part; None for flags, which take no place themselves."""
        character = self._peek()
        if character in _SIMPLE_REPEATS:
            raise PatternError("a repetition operator with nothing before it", self._at)
        match character:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case "\\":
                return self._escape()
            case "." | "^" | "$":
                self._at += 1
                return self._special(character)
            case _:
                return self._literal(self._take())

    def _special(self, character: str) -> Node:
        """`.`, `^` and `$`, by the flags."""
        match character:
            case "^":
                return Place.LINE_START if "m" in self._flags else Place.TEXT_START
            case "$":
                return Place.LINE_END if "m" in self._flags else Place.TEXT_END
            case _:
                return CharacterSet((("\x00", LAST),) if "s" in self._flags else complement((("\n", "\n"),)))

    def _literal(self, character: str) -> CharacterSet:
        return self._of(((character, character),))

    def _of(self, ranges: tuple[Range, ...]) -> CharacterSet:
        return CharacterSet(ranges, ignores_case="i" in self._flags)

    def _group(self) -> Node | None:
        start, outer = self._at, self._flags
        if self._pattern.startswith("(?", start):
            if self._flag_group():
                return None
        else:
            self._at += 1
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise PatternError(f"more than {MAXIMUM_DEPTH} groups inside one another", start)
        node = self._choice()
        if self._peek() != ")":
            raise PatternError("a parenthesis that is never closed", start)
        self._at += 1
        self._depth -= 1
        self._flags = outer
        return node

    def _flag_group(self) -> bool:
        """Step over `(?...` and take its flags; true when it was flags alone, closed at once."""
        for opening, reason in _REFUSED_GROUPS.items():
            if self._pattern.startswith(opening, self._at):
                raise PatternError(reason, self._at)
        match = _NAME.match(self._pattern, self._at)
        if match is None:
            match = _FLAGS.match(self._pattern, self._at)
            if match is None or match[0] == "(?)":
                raise PatternError("a kind of group that RE2 does not know", self._at)
            self._flags = (self._flags | set(match[1])) - set(match[2] or "")
        self._at = match.end()
        return match[0].endswith(")")

    def _escape(self) -> Node:
        """A backslash and what follows, outside of a set."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _PLACES:
            self._at += 2
            return _PLACES[letter]
        item = self._class()
        if item is None:
            return self._literal(self._escaped_character())
        return CharacterSet(item[0], item[1], ignores_case="i" in self._flags)

    def _class(self) -> tuple[tuple[Range, ...], tuple[Category, ...]] | None:
        r"""`\d`, `\pL` and their like, stepping over them; None for anything else."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _CLASSES:
            self._at += 2
            return _CLASSES[letter], ()
        if letter not in ("p", "P"):
            return None
        match = _CATEGORY.match(self._pattern, self._at + 1)
        if match is None:
            raise PatternError("a character category that RE2 does not know", self._at)
        self._at = match.end()
        return (), (Category(match[1] or match[3], (letter == "P") is not (match[2] == "^")),)

    def _escaped_character(self) -> str:
        """The one character that an escape stands for."""
        start = self._at
        self._at += 1
        letter = self._peek()
        for pattern, base in ((_OCTAL, 8), (_HEX, 16)):
            match = pattern.match(self._pattern, self._at)
            if match is not None:
                self._at = match.end()
                return _character(match[0].strip("x{}"), base, start)
        if letter == "":
            raise PatternError("a backslash at the end", start)
        self._at += 1
        if letter in _ESCAPED:
            return _ESCAPED[letter]
        if letter.isascii() and not letter.isalnum():
            return letter
        if letter.isdigit():
            raise PatternError("RE2 has no back-references", start)
        raise PatternError("a backslash before a character that RE2 does not escape", start)

    def _set(self) -> CharacterSet:
        """`[...]`."""
        start = self._at
        self._at += 1
        is_negated = self._peek() == "^"
        self._at += is_negated
        ranges: list[Range] = []
        categories: list[Category] = []
        is_first = True
        while is_first or self._peek() != "]":
            if self._peek() == "":
                raise PatternError("a [ that is never closed", start)
            is_first = False
            found = self._set_item()
            ranges.extend(found[0])
            categories.extend(found[1])
        self._at += 1
        return CharacterSet(tuple(ranges), tuple(categories), is_negated, ignores_case="i" in self._flags)

    def _set_item(self) -> tuple[tuple[Range, ...], tuple[Category, ...]]:
        """One member of a set: a class, a range or a character."""
        posix = _POSIX.match(self._pattern, self._at)
        if posix is not None:
            return self._posix(posix), ()
        item = self._class() if self._peek() == "\\" else None
        return item if item is not None else ((self._range(),), ())

    def _posix(self, match: re.Match[str]) -> tuple[Range, ...]:
        """`[:alpha:]` inside a set."""
        if match[2] not in POSIX:
            raise PatternError("a character class that RE2 does not know", self._at)
        self._at = match.end()
        return complement(POSIX[match[2]]) if match[1] else POSIX[match[2]]

    def _range(self) -> Range:
        """`a-z` inside a set, or one character as a range of itself."""
        start = self._at
        low = self._set_character()
        following = self._pattern[self._at : self._at + 2]
        if not following.startswith("-") or following in ("-", "-]"):
            return low, low
        self._at += 1
        high = self._set_character()
        if high < low:
            raise PatternError("a range of characters that runs backwards", start)
        return low, high

    def _set_character(self) -> str:
        return self._escaped_character() if self._peek() == "\\" else self._take()


def _character(digits: str, base: int, offset: int) -> str:
    """The character of a code in octal or hexadecimal digits."""
    code = int(digits, base)
    if code > ord(LAST):
        raise PatternError("a character code that does not exist", offset)
    return chr(code)


def _copies(node: Node) -> int:
    """How often the most repeated part stands in the pattern once counts are written out."""
    match node:
        case Repeat(part, least, most):
            return max(least, most or 1, 1) * _copies(part)
        case Chain(parts) | Choice(parts):
            return max((_copies(part) for part in parts), default=1)
        case _:
            return 1
