"""Parts of text that several values share: hints and tables."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from flowsync.render.columns import columns, cut, padded
from flowsync.render.escape import shown
from flowsync.render.screen import NARROWEST
from flowsync.render.style import Span, Style, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.render.screen import Screen
    from flowsync.render.style import Line

LAST_COLUMN: Final = 24
"""A table's last column is never cut to fewer columns, even where it then is wider than the screen."""
_HINT: Final = "  hint: "
_GAP: Final = "  "


def hint_lines(hint: str | None, screen: Screen) -> Iterator[Line]:
    """Yield a hint, wrapped to the width; nothing for none."""
    text = shown(hint or "")
    room = max(screen.width, NARROWEST) - len(_HINT)
    wrapped = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    for position, row in enumerate(wrapped):
        yield line(Span(_HINT, Style.HINT) if position == 0 else " " * len(_HINT), row)


def table(header: Sequence[str], rows: Sequence[Sequence[Span]], screen: Screen) -> Iterator[Line]:
    """Yield aligned columns under a header; the last one is cut to fit the width, within reason."""
    cells = [[Span(shown(cell.text), cell.style) for cell in row] for row in rows]
    widths = [max(columns(text) for text in column) for column in zip(header, *_texts(cells), strict=True)]
    room = max(screen.width, NARROWEST) - sum(width + len(_GAP) for width in widths[:-1])
    widths[-1] = max(room, LAST_COLUMN)
    for row in [[Span(title, Style.HEADING) for title in header], *cells]:
        yield _table_row(row, widths)


def _texts(rows: Sequence[Sequence[Span]]) -> list[list[str]]:
    return [[cell.text for cell in row] for row in rows]


def _table_row(cells: Sequence[Span], widths: Sequence[int]) -> Line:
    *fixed, last = cells
    filled = [Span(padded(cell.text, width) + _GAP, cell.style) for cell, width in zip(fixed, widths, strict=False)]
    return (*filled, Span(cut(last.text, widths[-1]), last.style))
