"""Refusals: the place and the message of each fault in a text; and limits on the size of one text.

Real flows stay far below the limits; hostile ones must end in an error, not in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity
from flowsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from flowsync.model import JsonValue

MAXIMUM_BYTES: Final = 1_048_576
"""Size of one text in UTF-8."""

MAXIMUM_DEPTH: Final = 100
"""Collections inside one another."""

MAXIMUM_ALIAS_WEIGHT: Final = 100
"""npm yaml's `maxAliasCount`: uses of one anchor, times the uses inside what it names."""

MAXIMUM_VALUES: Final = 50_000
"""Values in one text: lists, mappings and all that is in them, what aliases repeat included."""

MAXIMUM_ANCHORS: Final = 1_000
"""Anchors (`&name`) in one text."""

MAXIMUM_KEY_LENGTH: Final = 1024
"""UTF-16 units from the start of a key to its colon, as YAML 1.2 has it."""


def count_values(value: JsonValue) -> int:
    """The number of values in a tree; stops just beyond the limit."""
    total = 0
    rest: list[JsonValue] = [value]
    while rest and total <= MAXIMUM_VALUES:
        item = rest.pop()
        total += 1
        rest += _children(item)
    return total


def is_too_deep(value: JsonValue) -> bool:
    """Whether more collections are nested than a text may hold."""
    level = [value]
    for _ in range(MAXIMUM_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
    return bool(level)


def _children(value: JsonValue) -> Collection[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


@lru_cache(maxsize=4)
def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line starts; cached, because a text with one problem often has many."""
    starts = [0]
    while found := text.find("\n", starts[-1]) + 1:
        starts.append(found)
    return tuple(starts)


def locate(name: str, text: str, offset: int) -> Location:
    """Where the character at `offset` is; only a line feed ends a line, as in JavaScript's parsers."""
    starts = line_starts(text)
    line = bisect_right(starts, offset)
    return Location(name, line, offset - starts[line - 1] + 1)


def failure(location: Location, code: str, message: str, hint: str | None = None) -> DocumentError:
    """The error for one unreadable place."""
    return DocumentError(Problem(location, Severity.ERROR, code, message, hint))


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - becomes a DocumentError once the file's name is known
    """One place that cannot be read: the offset into the text, a code, a sentence, and what to do."""

    offset: int
    code: str
    message: str
    hint: str | None = None


# The code, message and hint of what needs no more words than these.
TAB_INDENTATION: Final = (
    "tab",
    "This line is indented with a tab, which YAML forbids.",
    "Indent with spaces, two a level.",
)
TAB_IN_BLOCK_TEXT: Final = (
    "tab",
    "A tab is where the indentation of this block of text should be.",
    "Indent with spaces.",
)
MISSING_KEY: Final = ("yaml-complex-key", "A key is missing before this colon.", 'Write "": for an empty key.')
MARKED_KEY: Final = (
    "yaml-complex-key",
    "A key marked with ? is supported only as a text, outside of brackets, with its colon right below the ?.",
    "Write key: value on one line.",
)
GLUED_COMMENT: Final = ("yaml-syntax", "A comment needs a space before its #.", "Add a space before #.")
GLUED_COLON: Final = (
    "yaml-syntax",
    "A space is missing after the colon of this key.",
    "Write key: and then the value.",
)
BAD_ALIAS: Final = (
    "yaml-syntax",
    "* starts an alias (*name), and what follows is not one.",
    'If * is the start of a text, put the text in quotes: "*…".',
)
TOO_DEEP: Final = (
    "nesting",
    f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another here.",
    "Flatten the document.",
)
TOO_MANY_VALUES: Final = (
    "too-many-values",
    f"There are more than {MAXIMUM_VALUES:,} values here, what aliases repeat included.",
    "Split the flow.",
)
BELONGS_NOWHERE: Final = (
    "indentation",
    "This line belongs to nothing above it.",
    "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
)


def not_deeper(offset: int, message: str) -> Refusal:
    """The refusal of a line that is not indented deeper than its key."""
    return Refusal(offset, "indentation", message, "Indent this line, or end above it what it belongs to.")


def read_differently(offset: int, message: str, hint: str) -> Refusal:
    """The refusal of YAML that parsers may read in different ways."""
    return Refusal(offset, "yaml-syntax", message, hint)


def complex_key(text: str, start: int) -> Refusal:
    """The refusal of a collection as a key, which most often is `{{name}}` without quotes."""
    if text[max(start - 2, 0) : start] == "? ":
        return Refusal(start - 2, *MARKED_KEY)
    outer = start - 1 if text[max(start - 1, 0) : start + 1] == "{{" else start
    if not text.startswith("{{", outer):
        hint = "If this is text, put it in quotes."
        return Refusal(start, "yaml-complex-key", "A list or mapping cannot be a key.", hint)
    end = text.find("\n", outer)
    sample = text[outer : text.find("}}", outer, end) + 2 or end] or "{{…}}"
    return Refusal(
        outer,
        "template-braces",
        "{{…}} without quotes is a mapping inside a mapping to YAML, not text.",
        f'Put the whole value in quotes: "{sample}".',
    )


def repeated_key(text: str, key: str, offset: int, earlier: int) -> Refusal:
    """The refusal of a key that its mapping has already, at the offset `earlier`."""
    line, first = (text.count("\n", 0, at) + 1 for at in (offset, earlier))
    message = f'The key "{key}" on line {line} is already set on line {first}; one of them would be lost.'
    return Refusal(offset, "duplicate-key", message, "Keep one of the two, or rename one.")


def nothing_in_brackets(mark: str, offset: int) -> Refusal:
    """The refusal of - ? or : where a value in brackets should begin."""
    if mark == "?":
        return Refusal(offset, *MARKED_KEY)
    hint = f'If it is text, quote it: "{mark}".'
    return read_differently(offset, f"{mark} means nothing inside [] and {{}}.", hint)


def wrong_tag(offset: int, message: str) -> Refusal:
    """The refusal of a tag that does not fit the value after it, or that JavaScript's parsers read differently."""
    return Refusal(offset, "yaml-tag", message, "Remove the tag; to make a value text, put it in quotes.")


def bad_property(text: str, offset: int) -> Refusal:
    """The refusal of & or ! without a proper name after it."""
    mark = text[offset : offset + 1]
    kind = "an anchor (&name)" if mark == "&" else "a tag (!name)"
    hint = f'If {mark} is the start of a text, put the text in quotes: "{mark}…".'
    return Refusal(offset, "yaml-syntax", f"{mark} starts {kind}, and what follows is not one.", hint)


def bad_header(text: str, offset: int) -> Refusal:
    """The refusal of a text on the line of its | or >."""
    return Refusal(
        offset,
        "yaml-syntax",
        f"After {text[offset : offset + 1]} only -, + or one digit and a comment may follow on the line.",
        "Begin the text on the next line, indented; if it starts with | or > itself, put it in quotes.",
    )


def bad_escape(text: str, offset: int) -> Refusal:
    """The refusal of an unknown escape."""
    return Refusal(
        offset,
        "yaml-escape",
        f"{printable(text[offset : offset + 2])} is no escape that YAML knows.",
        "Write \\\\ for a backslash, or use single quotes, where a backslash is just a character.",
    )


def bad_directive(text: str, offset: int) -> Refusal:
    """The refusal of a line that starts with %."""
    return Refusal(
        text.rfind("\n", 0, offset) + 1,
        "yaml-directive",
        "Lines that start with % are YAML directives; only %YAML 1.2, and --- on the next line, is supported.",
        "Remove the line; if it is text, put it in quotes.",
    )


def bad_start(text: str, offset: int) -> Refusal:
    """The refusal of a character that cannot begin text without quotes."""
    mark = text[offset : offset + 1]
    if mark in {"", "\n"}:
        return Refusal(offset, "yaml-syntax", "A value is missing here.", "Write it, or null.")
    if mark == "\t":
        line = text.rfind("\n", 0, offset) + 1
        if not text[line:offset].strip(" -"):
            return Refusal(offset, *TAB_INDENTATION)
        return Refusal(offset, "tab", "A tab is where a value should begin.", "Use spaces.")
    if text.startswith("? ", offset):
        return Refusal(offset, *MARKED_KEY)
    if mark == "%" and text[offset - 1 : offset] in {"", "\n"}:
        return bad_directive(text, offset)
    hint = f'Put the whole text in quotes: "{mark}…".'
    return Refusal(offset, "yaml-syntax", f"Text cannot begin with {mark} here.", hint)


def not_inside(text: str, offset: int, opening: int) -> Refusal:
    """The refusal of a line inside brackets that is not deeper than their key."""
    line = text.count("\n", 0, opening) + 1
    message = (
        f"This line is still inside the {text[opening]} from line {line}, but is not indented deeper than its key."
    )
    return Refusal(offset, "indentation", message, "Indent it, or close the bracket above.")


def something_follows(text: str, at: int) -> Refusal:
    """The refusal of text directly behind a value."""
    if text.startswith("#", at):
        return Refusal(at, *GLUED_COMMENT)
    message = "Something follows the value that ends here."
    return Refusal(at, "yaml-syntax", message, "Put the whole value in quotes, or remove what follows.")
