"""Words for values and keys in messages: short, printable, never a dump of what the author wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.model import JsonValue, ValuePath

LONGEST_EXCERPT: Final = 60
"""Characters of an author's text that a message repeats at most."""


def printable(text: str) -> str:
    """`text` with every control, bidi and other unprintable character escaped by its number."""
    return text if text.isprintable() else "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the end of the basic plane


def excerpt(text: str) -> str:
    """The beginning of `text`, printable, on one line."""
    shortened = text if len(text) <= LONGEST_EXCERPT else f"{text[: LONGEST_EXCERPT - 1]}…"
    return printable(shortened)


def code(text: str) -> str:
    """A key or another word of the file, set off in backticks."""
    return f"`{excerpt(text)}`"


def described(value: JsonValue) -> str:
    """What a value is, for the end of a sentence: "the text 'yes'", "a list", "nothing"."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {excerpt(str(value))}"
    if isinstance(value, str):
        return f"the text '{excerpt(value)}'" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def named(path: ValuePath) -> str:
    """The value at `path`, as people would call it: "`title`", "item 2 of `steps`", "the file"."""
    if not path:
        return "the file"
    last = path[-1]
    return code(last) if isinstance(last, str) else f"item {last + 1} of {named(path[:-1])}"


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """`a`, `b` or `c`."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def sentence(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]
