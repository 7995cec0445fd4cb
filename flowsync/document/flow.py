"""Flow collections: `[a, b]` and `{a: b}`, on one line or several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.keys import complex_key, duplicate_key, property_name, require_key_length, template_braces
from flowsync.document.limits import MAXIMUM_DEPTH
from flowsync.document.plain import FLOW_RUN
from flowsync.document.reading import Line, Node, Spots
from flowsync.document.tags import NO_PROPERTIES, read_properties
from flowsync.document.values import empty_node, finish, read_scalar

if TYPE_CHECKING:
    from flowsync.document.reading import Reading
    from flowsync.document.tags import Properties
    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue

_GAP: Final = re.compile(r"(?:[ \t]+|\n|(?<=[ \t\n])#[^\n]*)*")
_COLON: Final = re.compile(r"[ \t]*:")
_ENDS: Final = {"[": "]", "{": "}"}
_INDICATORS: Final = frozenset(",[]{}")


class _Flow(NamedTuple):
    """One open flow collection: where it opened, in a block collection at column `indent`, how deep it is nested.

    A bracket that closes it at the start of a line stands at column `lowest_end` at least.
    """

    opening: int
    indent: int
    depth: int
    lowest_end: int


def read_flow(reading: Reading, start: int, indent: int, depth: int) -> Node:
    """The outermost flow collection at `start` in a block collection at column `indent`."""
    return _collection(reading, _Flow(start, indent, depth, lowest_end=indent))


def require_depth(reading: Reading, start: int, depth: int) -> None:
    """Raise DocumentError `nesting` below 100 levels of collections."""
    if depth > MAXIMUM_DEPTH:
        raise reading.fail(
            start,
            "nesting",
            f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another here.",
            "Flatten the document.",
        )


def _collection(reading: Reading, flow: _Flow) -> Node:
    require_depth(reading, flow.opening, flow.depth)
    return _sequence(reading, flow) if reading.text[flow.opening] == "[" else _mapping(reading, flow)


def _sequence(reading: Reading, flow: _Flow) -> Node:
    items: list[JsonValue] = []
    entries: dict[str | int, tuple[int, int]] = {}
    at = _gap(reading, flow.opening + 1, flow)
    while reading.text[at] != "]":
        item = _pair_or_item(reading, at, flow)
        entries[len(items)] = (item.start, item.start)
        items.append(item.value)
        at = _next(reading, item.end, flow)
    _note(reading, items, flow, entries)
    return Node(items, flow.opening, at + 1)


def _mapping(reading: Reading, flow: _Flow) -> Node:
    values: dict[str, JsonValue] = {}
    entries: dict[str | int, tuple[int, int]] = {}
    at = _gap(reading, flow.opening + 1, flow)
    while reading.text[at] != "}":
        key = _node(reading, at, flow)
        name = _name(reading, key, at)
        if name in values:
            raise duplicate_key(reading, name, key.start, entries[name][0])
        node = _entry_value(reading, key, flow)
        entries[name] = (key.start, node.start)
        values[name] = node.value
        at = _next(reading, node.end, flow)
    _note(reading, values, flow, entries)
    return Node(values, flow.opening, at + 1)


def _note(reading: Reading, value: JsonValue, flow: _Flow, entries: dict[str | int, tuple[int, int]]) -> None:
    if reading.spots is not None:
        reading.spots[id(value)] = Spots(flow.indent, is_flow=True, entries=entries)


def _name(reading: Reading, key: Node, start: int) -> str:
    if reading.text[start] in "{[":
        braces = reading.text[start - 1 : start + 1] == "{{"
        raise template_braces(reading, start - 1) if braces else complex_key(reading, start)
    if "\n" in reading.text[start : key.end]:
        raise reading.fail(
            start, "yaml-key", "A key must stand on one line.", "Is a comma missing at the end of the line above?"
        )
    require_key_length(reading, start, key.end)
    return property_name(reading, key)


def _pair_or_item(reading: Reading, start: int, flow: _Flow) -> Node:
    """One item of a list; `a: b` is an item that is a mapping of one key."""
    item = _node(reading, start, flow)
    if not _COLON.match(reading.text, item.end):
        return item
    name = _name(reading, item, start)
    require_depth(reading, start, flow.depth + 1)
    node = _entry_value(reading, item, flow)
    pair: dict[str, JsonValue] = {name: node.value}
    _note(reading, pair, flow, {name: (item.start, node.start)})
    return Node(pair, item.start, node.end)


def _entry_value(reading: Reading, key: Node, flow: _Flow) -> Node:
    colon = _COLON.match(reading.text, key.end)
    if colon is None:
        return Node(None, key.end, key.end)
    after = colon.end()
    if not _may_follow_colon(reading, key, after):
        raise reading.fail(
            after, "yaml-syntax", "A space is missing after the colon of this key.", "Write key: and then the value."
        )
    at = _gap(reading, after, flow)
    if reading.text[at] in ",]}":
        return Node(None, after, after)
    return _node(reading, at, flow)


def _may_follow_colon(reading: Reading, key: Node, offset: int) -> bool:
    """After a quoted key the value may follow at once, as in JSON."""
    is_json_key = reading.text[key.end - 1] in "\"'" and reading.text[key.start] in "\"'"
    return is_json_key or reading.is_white(offset) or reading.text[offset] in _INDICATORS


def _node(reading: Reading, start: int, flow: _Flow) -> Node:
    properties = read_properties(reading, start) if reading.text[start] in "&!" else NO_PROPERTIES
    at = max(start, properties.end)
    if properties.anchor is not None:
        properties.anchor.is_flow = True
    return finish(reading, properties, _bare_node(reading, at, flow, properties), flow.indent)


def _bare_node(reading: Reading, at: int, flow: _Flow, properties: Properties) -> Node:
    mark = reading.text[at]
    if mark in "[{":
        return _collection(reading, _Flow(at, flow.indent, flow.depth + 1, lowest_end=flow.indent + 1))
    if mark in ",]}" and properties is not NO_PROPERTIES:
        return empty_node(reading, at, at, properties)
    if mark in "-?:" and (reading.is_white(at + 1) or reading.text[at + 1] in _INDICATORS or mark == ":"):
        raise reading.fail(
            at, "yaml-syntax", f"{mark} means nothing inside [] and {{}}.", f'Where it is text, quote it: "{mark}".'
        )
    return read_scalar(reading, at, flow.indent, properties, FLOW_RUN)


def _next(reading: Reading, end: int, flow: _Flow) -> int:
    """The offset of the next item or of the closing bracket."""
    at = _gap(reading, end, flow)
    if reading.text[at] == ",":
        return _gap(reading, at + 1, flow)
    opened = reading.text[flow.opening]
    if reading.text[at] == _ENDS[opened]:
        return at
    raise reading.fail(
        at,
        "yaml-syntax",
        f"A comma or {_ENDS[opened]} is missing here; {opened} opened on line {reading.locate(flow.opening).line}.",
        "Add it, or put text that holds quotes, commas or brackets in quotes.",
    )


def _gap(reading: Reading, start: int, flow: _Flow) -> int:
    """Skip spaces, line ends and comments; what follows on a new line must be indented."""
    found = _GAP.match(reading.text, start)
    at = found.end() if found else start
    if at >= len(reading.text):
        raise _unclosed(reading, flow.opening)
    line = reading.text.rfind("\n", start, at) + 1
    if line:
        margin = reading.text[line:at]
        _require_indentation(reading, Line(line, len(margin) - len(margin.lstrip(" "))), at, flow)
    return at


def _require_indentation(reading: Reading, line: Line, at: int, flow: _Flow) -> None:
    if flow.indent < 0:
        if line.column == 0 and reading.is_document_end(line):
            raise _unclosed(reading, flow.opening)
    elif line.column < (flow.lowest_end if reading.text[at] in "]}" else flow.indent + 1):
        raise reading.fail(
            at,
            "indentation",
            f"This line is still inside the {reading.text[flow.opening]} from line "
            f"{reading.locate(flow.opening).line}, but is not indented deeper than its key.",
            "Indent it, or close the bracket above.",
        )


def _unclosed(reading: Reading, opening: int) -> DocumentError:
    mark = reading.text[opening]
    return reading.fail(
        opening, "yaml-syntax", f"The {mark} that opens here is never closed.", f"Add {_ENDS[mark]}, or quote the text."
    )
