"""Values written for the first time, in the indentation of the file they come into."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.dumping import WIDTH, double_quoted, dump, needs_quotes

if TYPE_CHECKING:
    from flowsync.document.editing.style import Style
    from flowsync.model import JsonValue

_FLOW_PLAIN: Final = re.compile(r"[A-Za-z_/$(][^,\[\]{}:#'\"\\\n\t]*(?<! )")
_DIGIT: Final = re.compile(r"[|>][+-]?[1-9]")


def is_collection(value: JsonValue) -> bool:
    """Whether a value takes lines of its own: a list or mapping that holds something."""
    return isinstance(value, (dict, list)) and bool(value)


def entry_lines(mark: str, value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of `key: value` or `- value` in a block collection at `column`; the first one without its margin.

    `mark` is the dash, or the key with its colon, and whatever anchor follows.
    """
    if not is_collection(value):
        first, *more = scalar_lines(value, column, style)
        return [f"{mark} {first}", *more]
    if mark == "-":
        first, *more = collection_lines(value, column + style.dash, style)
        return [f"-{' ' * (style.dash - 1)}{first}", *more]
    below = column_below(mark, value, column, style)
    first, *more = collection_lines(value, below, style)
    return [mark, f"{' ' * below}{first}", *more]


def column_below(mark: str, value: JsonValue, column: int, style: Style) -> int:
    """The column of a collection that begins on the line below its mark."""
    if mark.startswith("- ") or mark == "-":
        return column + style.dash
    return column + (style.mapping if isinstance(value, dict) else style.sequence)


def collection_lines(value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of a filled collection at `column`, the first one without its margin."""
    entries = [(f"{key_text(key)}:", item) for key, item in value.items()] if isinstance(value, dict) else []
    entries = entries or [("-", item) for item in (value if isinstance(value, list) else [])]
    margin = " " * column
    lines: list[str] = []
    for mark, item in entries:
        first, *more = entry_lines(mark, item, column, style)
        lines += [f"{margin if lines else ''}{first}", *more]
    return lines


def scalar_lines(value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of a scalar or empty collection in a block collection at `column` (-1: the root)."""
    first, *more = dump(value, WIDTH - max(column, 0)).split("\n")[:-1]
    if not more:
        return [first]
    step = 2 if _DIGIT.match(first) else max(style.mapping, 2)
    margin = " " * (max(column, 0) + step)
    return [first, *(f"{margin}{line[2:]}" if line else "" for line in more)]


def key_text(key: str) -> str:
    """A key of a block mapping."""
    return dump({key: None}).removesuffix(": null\n")


def flow_text(value: JsonValue, *, like_json: bool) -> str:
    """A value on one line, for inside of brackets; `like_json`: keys and texts all in double quotes."""
    if isinstance(value, dict):
        entries = (flow_entry(key, item, like_json=like_json) for key, item in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item, like_json=like_json) for item in value) + "]"
    if isinstance(value, str):
        return _flow_string(value, like_json=like_json)
    return dump(value).rstrip("\n")


def flow_entry(key: str, value: JsonValue, *, like_json: bool) -> str:
    """One key and its value, for inside of braces."""
    return f"{_flow_string(key, like_json=like_json)}: {flow_text(value, like_json=like_json)}"


def _flow_string(text: str, *, like_json: bool) -> str:
    if not like_json and _FLOW_PLAIN.fullmatch(text) and not needs_quotes(text):
        return text
    return double_quoted(text)
