"""One whole text: what may stand before and after its one document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.block import read_block, refuse_tab_line
from flowsync.document.reading import Node

if TYPE_CHECKING:
    from flowsync.document.reading import Line, Reading
    from flowsync.errors import DocumentError

_BYTE_ORDER_MARK: Final = "\ufeff"
_DIRECTIVE: Final = re.compile(r"%YAML[ \t]+1\.2[ \t]*(?:(?<=[ \t])#[^\n]*)?\n")


def read_document(reading: Reading) -> Node:
    """The one document of a text; null for a text that holds nothing."""
    line, has_directive = _after_directives(reading)
    if _is_marker(reading, line, "---"):
        node = _after_marker(reading, line)
    elif has_directive:
        raise _bad_directive(reading, line.content)
    elif reading.is_document_end(line):
        node = Node(None, line.start, line.start)
    else:
        node = _content(reading, line)
    _require_end(reading, node.end)
    return node


def _after_directives(reading: Reading) -> tuple[Line, bool]:
    line = reading.next_line(0)
    if not (line.column == 0 and reading.text.startswith("%", line.start)):
        return line, False
    found = _DIRECTIVE.match(reading.text, line.start)
    if found is None:
        raise _bad_directive(reading, line.start)
    return reading.next_line(found.end()), True


def _bad_directive(reading: Reading, offset: int) -> DocumentError:
    return reading.fail(
        offset,
        "yaml-directive",
        "Lines that start with % are YAML directives; only %YAML 1.2, and --- on the next line, is supported.",
        "Remove the line; where it is text, put it in quotes.",
    )


def _is_marker(reading: Reading, line: Line, marker: str) -> bool:
    return line.column == 0 and reading.text.startswith(marker, line.start) and reading.is_white(line.start + 3)


def _after_marker(reading: Reading, line: Line) -> Node:
    after = line.start + 3
    end = reading.line_end(after)
    if end < 0:
        return _on_marker_line(reading, reading.skip_spaces(after))
    below = reading.next_line(end)
    if reading.is_document_end(below):
        refuse_tab_line(reading, end, below)
        return Node(None, after, below.start)
    return _content(reading, below)


def _on_marker_line(reading: Reading, start: int) -> Node:
    if reading.text[start] in "|>":
        _warn_of_marker(reading, start)
    node = read_block(reading, start, 0, -1, 0)
    if isinstance(node.value, (dict, list)) and reading.text[node.start] not in "[{":
        raise reading.fail(
            start, "yaml-syntax", "A mapping or list cannot begin on the line of ---.", "Begin it on the next line."
        )
    return node


def _content(reading: Reading, line: Line) -> Node:
    if reading.text[line.content] == "\t" or reading.text.startswith(_BYTE_ORDER_MARK, line.content):
        raise reading.fail(
            line.content, "tab", "A tab or an invisible mark stands where the document should begin.", "Remove it."
        )
    if reading.text.startswith("---", line.content):
        _warn_of_marker(reading, line.content)
    return read_block(reading, line.content, line.column, -1, 0)


def _warn_of_marker(reading: Reading, offset: int) -> None:
    reading.warn(
        offset,
        "yaml-ambiguous",
        "Versions of js-yaml differ on where a text begins that stands on the line of ---.",
        "Put the text in quotes.",
    )


def _require_end(reading: Reading, offset: int) -> None:
    line = reading.next_line(offset)
    if _is_marker(reading, line, "..."):
        end = reading.line_end(line.start + 3)
        line = reading.next_line(end if end >= 0 else line.start + 3)
    if line.content < len(reading.text):
        raise _trailing(reading, line)


def _trailing(reading: Reading, line: Line) -> DocumentError:
    if _is_marker(reading, line, "---"):
        return reading.fail(
            line.start,
            "multiple-documents",
            "A second document begins here; a file holds one.",
            "Remove this --- line, or move what follows to a file of its own.",
        )
    return reading.fail(
        line.content,
        "indentation",
        "This line belongs to nothing above it.",
        "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
    )
