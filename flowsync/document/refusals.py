"""What is wrong with a text, where, and in which words; and how much one text may hold.

Real flows stay far below the limits; hostile ones must end in an error, not in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity

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

TOO_MANY_VALUES: Final = (
    "too-many-values",
    f"There are more than {MAXIMUM_VALUES:,} values here, what aliases repeat included.",
    "Split the flow.",
)
"""The code, message and hint for a text with more."""

MAXIMUM_ANCHORS: Final = 1_000
"""Anchors (`&name`) in one text."""

MAXIMUM_KEY_LENGTH: Final = 1024
"""UTF-16 units from the start of a key to its colon, as YAML 1.2 has it."""


def count_values(value: JsonValue) -> int:
    """How many values a tree holds; no further than just beyond the limit."""
    total = 0
    rest: list[JsonValue] = [value]
    while rest and total <= MAXIMUM_VALUES:
        item = rest.pop()
        total += 1
        rest += children(item)
    return total


def children(value: JsonValue) -> Collection[JsonValue]:
    """What a collection holds; a scalar holds nothing."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


@lru_cache(maxsize=4)
def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line starts; kept, for a text with one problem often has many."""
    starts = [0]
    while found := text.find("\n", starts[-1]) + 1:
        starts.append(found)
    return tuple(starts)


def locate(name: str, text: str, offset: int) -> Location:
    """Where the character at `offset` stands; only a line feed ends a line, as in JavaScript's parsers."""
    starts = line_starts(text)
    line = bisect_right(starts, offset)
    return Location(name, line, offset - starts[line - 1] + 1)


def failure(location: Location, code: str, message: str, hint: str | None = None) -> DocumentError:
    """The error for one unreadable place."""
    return DocumentError(Problem(location, Severity.ERROR, code, message, hint))


_HINT_OF_TAG: Final = "Remove the tag; to make a value text, put it in quotes."


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - becomes a DocumentError once the file's name is known
    """One place that cannot be read: the offset into the text, a code, a sentence, and what to do."""

    offset: int
    code: str
    message: str
    hint: str | None = None


def tab_indentation(offset: int) -> Refusal:
    """The refusal of a tab before content."""
    return Refusal(
        offset, "tab", "This line is indented with a tab, which YAML forbids.", "Indent with spaces, two a level."
    )


def not_deeper(offset: int, message: str) -> Refusal:
    """The refusal of a line that is not indented deeper than its key."""
    return Refusal(offset, "indentation", message, "Indent this line, or end above it what it belongs to.")


def read_differently(offset: int, message: str, hint: str) -> Refusal:
    """The refusal of what is YAML, but not sure to be read alike by its parsers."""
    return Refusal(offset, "yaml-syntax", message, hint)


def complex_key(text: str, start: int) -> Refusal:
    """The refusal of a collection as a key, which most often is `{{name}}` without quotes."""
    if text[max(start - 2, 0) : start] == "? ":
        return marked_key(start - 2)
    outer = start - 1 if text[max(start - 1, 0) : start + 1] == "{{" else start
    if not text.startswith("{{", outer):
        hint = "Where this is text, put it in quotes."
        return Refusal(start, "yaml-complex-key", "A list or mapping cannot be a key.", hint)
    end = text.find("\n", outer)
    sample = text[outer : text.find("}}", outer, end) + 2 or end] or "{{…}}"
    return Refusal(
        outer,
        "template-braces",
        "{{…}} without quotes is a mapping inside a mapping to YAML, not text.",
        f'Put the whole value in quotes: "{sample}".',
    )


def missing_key(offset: int) -> Refusal:
    """The refusal of a colon without a key."""
    return Refusal(offset, "yaml-complex-key", "A key is missing before this colon.", 'Write "": for an empty key.')


def marked_key(offset: int) -> Refusal:
    """The refusal of `? key`."""
    return Refusal(offset, "yaml-complex-key", "Keys marked with ? are not supported.", "Write key: value on one line.")


def glued_comment(offset: int) -> Refusal:
    """The refusal of a # right after a value."""
    return Refusal(offset, "yaml-syntax", "A comment needs a space before its #.", "Add a space before #.")


def glued_colon(offset: int) -> Refusal:
    """The refusal of a value right after a colon."""
    return Refusal(
        offset, "yaml-syntax", "A space is missing after the colon of this key.", "Write key: and then the value."
    )


def nothing_in_brackets(mark: str, offset: int) -> Refusal:
    """The refusal of - ? or : where a value in brackets should begin."""
    if mark == "?":
        return marked_key(offset)
    return Refusal(
        offset, "yaml-syntax", f"{mark} means nothing inside [] and {{}}.", f'Where it is text, quote it: "{mark}".'
    )


def too_deep(offset: int) -> Refusal:
    """The refusal of too many collections inside one another."""
    return Refusal(
        offset,
        "nesting",
        f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another here.",
        "Flatten the document.",
    )


def tab_in_block_text(offset: int) -> Refusal:
    """The refusal of a tab in the margin of the text after | or >."""
    return Refusal(
        offset,
        "tab",
        "A tab is where the indentation of this block of text should be.",
        "Indent with spaces.",
    )


def second_document(offset: int) -> Refusal:
    """The refusal of more than one document."""
    return Refusal(
        offset,
        "multiple-documents",
        "A second document begins here; a file holds one.",
        "Remove this --- line, or move what follows to a file of its own.",
    )


def unsupported_tag(offset: int, tag: str) -> Refusal:
    """The refusal of a tag that JavaScript's parsers do not read alike."""
    return Refusal(
        offset,
        "yaml-tag",
        f"The tag {ascii(tag)[1:-1]} is not supported: JavaScript's parsers differ on it.",
        _HINT_OF_TAG,
    )


def unfit_tag(offset: int, tag: str) -> Refusal:
    """The refusal of a tag before a value of another kind."""
    return Refusal(offset, "yaml-tag", f"The tag {tag} does not fit the value after it.", _HINT_OF_TAG)


def bad_property(text: str, offset: int) -> Refusal:
    """The refusal of & or ! with something else than a name after it."""
    mark = text[offset : offset + 1]
    kind = "an anchor (&name)" if mark == "&" else "a tag (!name)"
    return Refusal(
        offset,
        "yaml-syntax",
        f"{mark} starts {kind}, and what follows is not one.",
        f'Where {mark} is the start of a text, put the text in quotes: "{mark}…".',
    )


def bad_alias(offset: int) -> Refusal:
    """The refusal of * with something else than a name after it."""
    return Refusal(
        offset,
        "yaml-syntax",
        "* starts an alias (*name), and what follows is not one.",
        'Where * is the start of a text, put the text in quotes: "*…".',
    )


def bad_header(text: str, offset: int) -> Refusal:
    """The refusal of what follows | or > on its line."""
    return Refusal(
        offset,
        "yaml-syntax",
        f"After {text[offset : offset + 1]} only -, + or one digit and a comment may follow on the line.",
        "Begin the text on the next line, indented; where it starts with | or > itself, put it in quotes.",
    )


def bad_escape(text: str, offset: int) -> Refusal:
    """The refusal of an escape that is none."""
    return Refusal(
        offset,
        "yaml-escape",
        f"{ascii(text[offset : offset + 2])[1:-1].replace(2 * chr(92), chr(92))} is no escape that YAML knows.",
        "Write \\\\ for a backslash, or use single quotes, where a backslash is just a character.",
    )


def bad_directive(text: str, offset: int) -> Refusal:
    """The refusal of a line that starts with %."""
    return Refusal(
        text.rfind("\n", 0, offset) + 1,
        "yaml-directive",
        "Lines that start with % are YAML directives; only %YAML 1.2, and --- on the next line, is supported.",
        "Remove the line; where it is text, put it in quotes.",
    )


def bad_start(text: str, offset: int) -> Refusal:
    """The refusal of a character with which no text can begin without quotes."""
    mark = text[offset : offset + 1]
    if mark in {"", "\n"}:
        return Refusal(offset, "yaml-syntax", "A value is missing here.", "Write it, or null.")
    if mark == "\t":
        line = text.rfind("\n", 0, offset) + 1
        if not text[line:offset].strip(" -"):
            return tab_indentation(offset)
        return Refusal(offset, "tab", "A tab stands where a value should begin.", "Use spaces.")
    if text.startswith("? ", offset):
        return marked_key(offset)
    if mark == "%" and text[offset - 1 : offset] in {"", "\n"}:
        return bad_directive(text, offset)
    return Refusal(
        offset, "yaml-syntax", f"Text cannot begin with {mark} here.", f'Put the whole text in quotes: "{mark}…".'
    )


def unclosed_quote(text: str, offset: int) -> Refusal:
    """The refusal of a quote that is never closed."""
    return Refusal(
        offset,
        "unclosed-quote",
        f"The quote {text[offset : offset + 1]} that opens here is never closed.",
        'Close it, or, where the quote is part of the text, put the whole text in quotes: "It\'s \\"new\\"".',
    )


def not_inside(text: str, offset: int, opening: int) -> Refusal:
    """The refusal of a line inside brackets that is not deeper than their key."""
    line = text.count("\n", 0, opening) + 1
    return Refusal(
        offset,
        "indentation",
        f"This line is still inside the {text[opening]} from line {line}, but is not indented deeper than its key.",
        "Indent it, or close the bracket above.",
    )


def something_follows(text: str, at: int) -> Refusal:
    """The refusal of what stands right behind a value."""
    if text.startswith("#", at):
        return glued_comment(at)
    return Refusal(
        at,
        "yaml-syntax",
        "Something follows the value that ends here.",
        "Put the whole value in quotes, or remove what follows.",
    )


def belongs_nowhere(at: int) -> Refusal:
    """The refusal of a line after the end of the document."""
    return Refusal(
        at,
        "indentation",
        "This line belongs to nothing above it.",
        "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
    )
