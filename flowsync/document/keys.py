"""Keys of block mappings: finding them, and what they are in JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.limits import MAXIMUM_KEY_LENGTH
from flowsync.document.plain import BLOCK_RUN
from flowsync.document.scalars import key_text
from flowsync.document.tags import NO_PROPERTIES, read_properties
from flowsync.document.values import finish, read_scalar, require_plain_start

if TYPE_CHECKING:
    from flowsync.document.reading import Node, Reading
    from flowsync.document.tags import Properties
    from flowsync.errors import DocumentError

_KEY: Final = re.compile(
    r"(?:"
    r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"'
    r"|'[^'\n]*(?:''[^'\n]*)*'"
    r"|\*[^ \t\n,\[\]{}]+"
    rf"|(?![-?:][ \t\n])(?![\[\]{{}},#&*!|>'\"%@`]){BLOCK_RUN.pattern}"
    r")[ \t]*:(?=[ \t\n])"
)


def starts_entry(reading: Reading, start: int) -> bool:
    """Whether a key and its colon stand on the line from `start` on."""
    return _KEY.match(reading.text, start) is not None


def read_key(reading: Reading, start: int) -> tuple[str, int, int]:
    """The key at `start` as JavaScript's property name, where it stands, and the offset after its colon."""
    properties = read_properties(reading, start) if reading.text[start] in "&!" else NO_PROPERTIES
    begin = max(start, properties.end)
    found = _KEY.match(reading.text, begin)
    if found is None:
        raise _no_key(reading, begin)
    node = finish(reading, properties, _key_node(reading, begin, properties), -1)
    require_key_length(reading, start, found.end() - 1)
    return property_name(reading, node), begin, found.end()


def _key_node(reading: Reading, start: int, properties: Properties) -> Node:
    # A key ends on its line, so no indentation matters.
    return read_scalar(reading, start, len(reading.text), properties)


def require_key_length(reading: Reading, start: int, colon: int) -> None:
    """Raise DocumentError for a key longer than YAML allows."""
    if colon - start > MAXIMUM_KEY_LENGTH // 2:
        units = len(reading.text[start:colon].encode("utf-16-le", "surrogatepass")) // 2
        if units > MAXIMUM_KEY_LENGTH:
            raise reading.fail(
                start,
                "yaml-key",
                f"This key is longer than {MAXIMUM_KEY_LENGTH} characters, the most that YAML allows.",
                "Where this is text with a colon in it, put it in quotes.",
            )


def property_name(reading: Reading, node: Node) -> str:
    """The key as JavaScript's property name, with a warning for the keys that parsers name differently."""
    if isinstance(node.value, (dict, list)):
        raise complex_key(reading, node.start)
    if node.value is None:
        reading.warn(
            node.start,
            "yaml-ambiguous",
            'npm yaml reads a null key as the key "", js-yaml as the key "null".',
            'Put the key in quotes: "null".',
        )
    if node.value == "<<" and reading.text[node.start] == "<":
        reading.warn(
            node.start,
            "yaml-ambiguous",
            "npm yaml reads << as an ordinary key, js-yaml merges the mapping after it into this one.",
            'Write out the keys to merge, or put the key in quotes: "<<".',
        )
    return key_text(node.value)


def complex_key(reading: Reading, start: int) -> DocumentError:
    """The error for a collection as a key, which most often is `{{name}}` without quotes."""
    if reading.text.startswith("{{", start):
        return template_braces(reading, start)
    return reading.fail(
        start,
        "yaml-complex-key",
        "A list or mapping cannot be a key.",
        "Where this is text, put it in quotes.",
    )


def template_braces(reading: Reading, start: int) -> DocumentError:
    """The error for `{{name}}` without quotes."""
    end = reading.text.find("\n", start)
    sample = reading.text[start : reading.text.find("}}", start, end) + 2 or end] or "{{…}}"
    return reading.fail(
        start,
        "template-braces",
        "{{…}} without quotes is a mapping inside a mapping to YAML, not text.",
        f'Put the whole value in quotes: "{sample}".',
    )


def duplicate_key(reading: Reading, key: str, offset: int, first: int) -> DocumentError:
    """The error for a key that its mapping already has, both lines named."""
    location, earlier = reading.locate(offset), reading.locate(first)
    return reading.fail(
        offset,
        "duplicate-key",
        f'The key "{key}" on line {location.line} is already set on line {earlier.line}; one of them would be lost.',
        "Keep one of the two, or rename one.",
    )


def _no_key(reading: Reading, start: int) -> DocumentError:
    text = reading.text
    mark = text[start]
    if mark == "?" and reading.is_white(start + 1):
        return reading.fail(
            start, "yaml-complex-key", "Keys marked with ? are not supported.", "Write key: value on one line."
        )
    if mark == ":" and reading.is_white(start + 1):
        return reading.fail(
            start, "yaml-complex-key", "A key is missing before this colon.", 'Write "": for an empty key.'
        )
    if mark == "-" and reading.is_white(start + 1):
        return reading.fail(
            start,
            "yaml-syntax",
            "A list item stands where the next key of this mapping should be.",
            "Indent the list below its key, or move the item to the list it belongs to.",
        )
    if mark in "[{":
        return complex_key(reading, start)
    if mark == "\t":
        return tab_indentation(reading, start)
    require_plain_start(reading, start)
    return _no_colon(reading, start)


def tab_indentation(reading: Reading, start: int) -> DocumentError:
    """The error for a tab before content."""
    return reading.fail(
        start, "tab", "This line is indented with a tab, which YAML forbids.", "Indent with spaces, two a level."
    )


def _no_colon(reading: Reading, start: int) -> DocumentError:
    line = reading.text[start : reading.text.find("\n", start)]
    glued = re.match(r"([A-Za-z_][\w-]*):\S", line)
    if glued:
        return reading.fail(
            start,
            "yaml-syntax",
            "A space is missing after the colon of this key.",
            f"Write {glued[1]}: and then the value.",
        )
    return reading.fail(
        start,
        "yaml-syntax",
        "This line is neither a key with a colon nor part of the text above.",
        "Indent it to continue the text above, put a text of several lines after |, or write it as key: value.",
    )
