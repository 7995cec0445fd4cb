"""Plain scalars: text without quotes, on one line or folded over several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.pieces import Piece, Scalar

if TYPE_CHECKING:
    from flowsync.document.reading import Reading

BLOCK_RUN: Final = re.compile(
    r"[^ \t\n:#]*(?:(?:[ \t]+(?![ \t\n#]|:[ \t\n])|:(?![ \t\n])|#)[^ \t\n:#]*)*",
)
"""One line of plain text in block context: up to `: `, ` #` or the line's end."""

FLOW_RUN: Final = re.compile(
    r"[^ \t\n:#,\[\]{}]*"
    r"(?:(?:[ \t]+(?![ \t\n#,\[\]{}]|:[ \t\n,\[\]{}])|:(?![ \t\n,\[\]{}])|#)[^ \t\n:#,\[\]{}]*)*",
)
"""The same inside `[]` and `{}`, where `,[]{}` end it too."""

_LINE_END: Final = re.compile(r"[ \t]*\n")
_INDENTATION: Final = re.compile(r"( *)([ \t]*)")


def plain(reading: Reading, start: int, indent: int, run: re.Pattern[str]) -> Scalar:
    """The plain scalar that starts at `start`; its further lines are deeper than `indent`."""
    end = _run_end(reading, run, start)
    pieces = [Piece(reading.text[start:end], start, end)]
    while (begin := _continuation(reading, end, indent)) >= 0:
        stop = _run_end(reading, run, begin)
        if stop == begin:
            break
        breaks = reading.text.count("\n", end, begin)
        pieces.append(Piece(" " if breaks == 1 else "\n" * (breaks - 1), end, begin))
        pieces.append(Piece(reading.text[begin:stop], begin, stop))
        end = stop
    return Scalar(pieces, end)


def _run_end(reading: Reading, run: re.Pattern[str], start: int) -> int:
    found = run.match(reading.text, start)
    return found.end() if found else start


def _continuation(reading: Reading, end: int, indent: int) -> int:
    """Where the scalar goes on below the line that ends at `end`; -1 where it does not."""
    text = reading.text
    line_end = _LINE_END.match(text, end)
    while line_end:
        line = line_end.end()
        margin = _INDENTATION.match(text, line)
        if margin is None or line >= len(text):
            return -1
        column = len(margin[1])
        if text[line + column] != "\n" and (column <= indent or _is_marker(reading, line)):
            return -1
        if text[margin.end()] != "\n":
            return -1 if text[margin.end()] == "#" else margin.end()
        line_end = _LINE_END.match(text, line)
    return -1


def _is_marker(reading: Reading, line: int) -> bool:
    return reading.text.startswith(("---", "..."), line) and reading.is_white(line + 3)
