"""Parts of text that several values share: hints and tables."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from flowsync.render.columns import columns, cut, padded
from flowsync.render.escape import shown
from flowsync.render.screen import NARROWEST
from flowsync.render.style import Span, Style, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.render.screen import Screen
    from flowsync.render.style import Line

LAST_COLUMN: Final = 24
"""A table's last column is never cut to fewer columns, even where it then is wider than the screen."""
_HINT: Final = "  hint: "
_GAP: Final = "  "
_PIECES: Final = re.compile(r" +|[^ ]+")


def hint_lines(hint: str | None, screen: Screen) -> Iterator[Line]:
    """Yield a hint, wrapped to the width; nothing for none."""
    text = shown(hint or "")
    room = max(screen.width, NARROWEST) - len(_HINT)
    wrapped = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    for position, row in enumerate(wrapped):
        yield line(Span(_HINT, Style.HINT) if position == 0 else " " * len(_HINT), row)


def sentences(whole: Line, screen: Screen, indent: int = 4) -> Iterator[Line]:
    """Yield a line of prose, where the screen wants it broken at blanks, what follows set off by `indent`."""
    if screen.wrap is None:
        yield whole
        return
    visible = [Span(shown(span.text), span.style) for span in whole]
    if columns("".join(span.text for span in visible)) <= screen.wrap:
        yield whole
        return
    row: list[Span] = []
    used = 0
    for gap, word in _words(visible):
        width = sum(columns(span.text) for span in word)
        if row and used + len(gap) + width > screen.wrap:
            yield tuple(row)
            row, used, gap = [Span(" " * indent)], indent, ""  # noqa: PLW2901 - a blank at a break goes away
        row += [Span(gap), *word]
        used += len(gap) + width
    yield tuple(row)


def _words(spans: Iterable[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Yield each word, of one style or several, with the blanks before it."""
    gap, word = "", list[Span]()
    for span in spans:
        for piece in _PIECES.findall(span.text):
            if not piece.isspace():
                word.append(Span(piece, span.style))
                continue
            if word:
                yield gap, word
                gap, word = "", []
            gap += piece
    if word:
        yield gap, word


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
