"""Values that stand on the line of their key, dash or comma: scalars, aliases, flow collections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.anchors import close_anchor, use_anchor
from flowsync.document.block_scalar import block_scalar
from flowsync.document.limits import MAXIMUM_VALUES
from flowsync.document.plain import BLOCK_RUN, plain
from flowsync.document.quoted import double_quoted, single_quoted
from flowsync.document.reading import Node
from flowsync.document.tags import require_collection_tag, tagged_plain, tagged_quoted

if TYPE_CHECKING:
    from flowsync.document.pieces import Scalar
    from flowsync.document.reading import Reading
    from flowsync.document.tags import Properties
    from flowsync.errors import DocumentError

ALIAS: Final = re.compile(r"\*([^ \t\n,\[\]{}]+)")
_QUOTED: Final = {"'": single_quoted, '"': double_quoted}
_RESERVED: Final = frozenset("@`%,[]{}#&!*|>'\"\t\n")


def read_scalar(
    reading: Reading, start: int, indent: int, properties: Properties, run: re.Pattern[str] = BLOCK_RUN
) -> Node:
    """The scalar or alias at `start`, whatever its style; its further lines are deeper than `indent`."""
    reading.scalars += 1
    if reading.scalars > 2 * MAXIMUM_VALUES:  # keys and values: no text is read to its end to be refused then
        raise reading.fail(
            start, "too-many-values", f"There are more than {MAXIMUM_VALUES:,} values here.", "Split it."
        )
    mark = reading.text[start]
    if mark in _QUOTED:
        return _quoted_node(reading, _QUOTED[mark](reading, start, indent), start, properties)
    if mark in "|>" and run is BLOCK_RUN:
        return _quoted_node(reading, block_scalar(reading, start, indent), start, properties)
    if mark == "*":
        return _alias(reading, start, properties)
    require_plain_start(reading, start)
    scalar = plain(reading, start, indent, run)
    return Node(tagged_plain(reading, properties.tag, scalar.text, start), start, scalar.end)


def _quoted_node(reading: Reading, scalar: Scalar, start: int, properties: Properties) -> Node:
    return Node(tagged_quoted(reading, properties.tag, scalar.text, start), start, scalar.end)


def _alias(reading: Reading, start: int, properties: Properties) -> Node:
    found = ALIAS.match(reading.text, start)
    if found is None or properties.tag or properties.anchor or found[1].endswith(":"):
        raise reading.fail(
            start,
            "yaml-syntax",
            "* starts an alias (*name), and what stands here is not one.",
            'Where * is the start of a text, put the text in quotes: "*…".',
        )
    return Node(use_anchor(reading, found[1], start), start, found.end())


def empty_node(reading: Reading, start: int, end: int, properties: Properties) -> Node:
    """The value of nothing: null, or "" where a tag makes it text."""
    return Node(tagged_plain(reading, properties.tag, "", start), start, end)


def finish(reading: Reading, properties: Properties, node: Node, indent: int) -> Node:
    """Check a collection against its tag, and give an anchor its value."""
    if isinstance(node.value, (dict, list)) and properties.tag:
        require_collection_tag(reading, properties.tag, node.value, node.start)
    if properties.anchor is not None:
        properties.anchor.indent = indent
        close_anchor(reading, properties.anchor, node)
    return node


def require_plain_start(reading: Reading, start: int) -> None:
    """Raise DocumentError where no text can start without quotes."""
    mark = reading.text[start]
    if mark in _RESERVED or (mark in "-?:" and reading.is_white(start + 1)):
        raise _bad_start(reading, start, mark)


def _bad_start(reading: Reading, start: int, mark: str) -> DocumentError:
    if mark == "\t":
        return reading.fail(start, "tab", "A tab stands where a value should begin.", "Use spaces.")
    return reading.fail(
        start,
        "yaml-syntax",
        f"Text cannot begin with {mark} here.",
        f'Put the whole text in quotes: "{mark}…".',
    )
