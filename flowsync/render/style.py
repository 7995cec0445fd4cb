"""Lines of styled text for a screen: painted with or without colour, wrapped, in tables; progress lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import groupby, islice, takewhile
from typing import Final, NamedTuple, TypeAlias

from flowsync.render.escape import LOG_COMMAND, columns, cut, mask_keys, padded, plural, shown
from flowsync.text import printable

NARROWEST: Final = 40
"""Narrower screens are treated as if they had this many columns."""
LAST_COLUMN: Final = 24
"""A table's last column is never cut to fewer columns; a terminal that is narrower shows blocks instead."""
NAMES_SHOWN: Final = 50
"""How many flows that are only named are shown unless everything is asked for."""
WRITING: Final = "Writing the files ..."
_BAR: Final = 20
"""How many characters the bar of a progress line takes."""
_LEADING_COLONS: Final = re.compile(r"\s*(?=::)")
_GAP: Final = "  "
_PIECES: Final = re.compile(r" +|\(?(?:id|version) \d+[),.:;]*(?![^ ])|[^ ]+")
"""What a line is broken into: blanks, words, and the number of a row or version with its noun."""
_BLANKS: Final = re.compile(r"\A +\Z|  ")
_START: Final = re.compile(r"\A[ +-]*")


class Colour(Enum):
    """Whether text carries ANSI colours. Nothing is said by colour only."""

    NEVER = "never"
    ALWAYS = "always"


class Detail(Enum):
    """How much is shown: what would happen, how each flow differs, or without any cap."""

    SUMMARY = "summary"
    FULL = "full"
    VERBOSE = "verbose"


@dataclass(frozen=True, slots=True)
class Screen:
    """The target of a text. `width` is in columns; tables adapt to it everywhere.

    `wrap` is where lines are broken: on a terminal, which would break them in the middle of a word. None leaves each on
    one line, as files, logs and other programs want them.
    """

    width: int = 100
    colour: Colour = Colour.NEVER
    detail: Detail = Detail.FULL
    wrap: int | None = None


class Style(Enum):
    """The meaning of a span. The values are rich's names of attributes for light and dark backgrounds."""

    PLAIN = ""
    HEADING = "bold"
    MUTED = "dim"
    ADDED = "green"
    REMOVED = "red"
    ADDED_WORD = "bold underline green"
    REMOVED_WORD = "bold underline red"
    DONE = "bold green"
    ERROR = "bold red"
    WARNING = "bold magenta"
    HINT = "cyan"


MARKED: Final = frozenset({Style.ADDED_WORD, Style.REMOVED_WORD})
"""The styles of words that differ: if there is no colour, carets are under them."""


class Span(NamedTuple):
    """A run of raw text in one style."""

    text: str
    style: Style = Style.PLAIN


Line: TypeAlias = "tuple[Span, ...]"

HANG: Final = Span("")
"""Marks the column in a line at which its continuation begins."""
WHOLE: Final = Span("")
"""Marks a line that must not be wrapped."""


def line(*parts: Span | str) -> Line:
    """Return the line made of `parts`; strings are plain."""
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def paint(lines: Iterable[Line], colour: Colour) -> str:
    """Return the text of `lines`, each ended by a line feed, made inert."""
    rows: list[str] = []
    for spans in map(inert, lines):
        if colour is Colour.ALWAYS:
            runs = groupby((span for span in spans if span.text), lambda span: span.style)
            rows.append("".join(_ansi("".join(span.text for span in run), style) for style, run in runs))
            continue
        rows.append("".join(span.text for span in spans))
        if any(span.style in MARKED for span in spans):
            marks = (("^" if span.style in MARKED else " ") * columns(span.text) for span in spans)
            rows.append("".join(marks).rstrip())
    return "".join(f"{row}\n" for row in rows)


def inert(spans: Line) -> Line:
    """Return the line with hidden characters shown, keys starred out and log commands broken.

    Keys and commands are looked for in the line as a whole, since they may begin in one span and end in another.
    """
    seen = [Span(printable(span.text), span.style) for span in spans]
    text = mask_keys("".join(span.text for span in seen))
    characters = list(text)
    for command in LOG_COMMAND.finditer(text):
        characters[command.end() - 1] = r"\u005b"
    if leading := _LEADING_COLONS.match(text):
        characters[leading.end()] = r"\u003a"
    rest = iter(characters)
    return tuple(Span("".join(islice(rest, len(span.text))), span.style) for span in seen)


def _ansi(text: str, style: Style) -> str:
    start, end = ("", "") if style is Style.PLAIN else _ansi_codes(style)
    return f"{start}{text}{end}"


@cache
def _ansi_codes(style: Style) -> tuple[str, str]:
    from rich.color import ColorSystem  # noqa: PLC0415 - rich is slow to import; only colour needs it
    from rich.style import Style as RichStyle  # noqa: PLC0415 - as above

    start, _, end = RichStyle.parse(style.value).render("|", color_system=ColorSystem.STANDARD).partition("|")
    return start, end


def draw(lines: Iterable[Line], screen: Screen) -> str:
    """Return the text of `lines` for a screen, each wrapped between words if the screen wants that."""
    return paint((row for each in lines for row in wrapped(each, screen)), screen.colour)


def wrapped(spans: Line, screen: Screen, indent: int | None = None) -> Iterator[Line]:
    """Yield a line, on a terminal wrapped at blanks. Continuations are indented: below `HANG`, or by two columns.

    A line stays whole that holds `WHOLE`, or marked blanks, which a break could hide.
    """
    text = "".join(span.text for span in spans)
    is_whole = any(span is WHOLE or (span.style in MARKED and _BLANKS.search(span.text)) for span in spans)
    if screen.wrap is None or is_whole or columns(shown(text)) <= screen.wrap:
        yield spans
        return
    if indent is None:
        before = "".join(span.text for span in takewhile(lambda span: span is not HANG, spans))
        start = before if before != text else f"{_START.findall(text)[0]}  "
        indent = min(columns(shown(start)), screen.wrap // 2)
    pieces = [Span(piece, span.style) for span in spans for piece in _PIECES.findall(shown(span.text))]
    row: list[Span] = []
    used = 0
    gap = ""
    for is_gap, group in groupby(pieces, lambda piece: piece.text.isspace()):
        if is_gap:
            gap = "".join(piece.text for piece in group)
            continue
        word = list(group)
        width = sum(columns(piece.text) for piece in word)
        if row and used + len(gap) + width > screen.wrap:
            yield tuple(row)
            row, used, gap = [Span(" " * indent)], indent, ""
        is_marked = bool(row) and row[-1].style is word[0].style and row[-1].style in MARKED
        row += [Span(gap, word[0].style if is_marked else Style.PLAIN), *word]
        used += len(gap) + width
        gap = ""
    yield (*row, Span(gap))


def flow_title(mark: Span | str, slug: str, facts: str, state: Span | str = "") -> tuple[Line, Line]:
    """Return a blank line and the line of a flow."""
    end = state if isinstance(state, Span) else Span(state, Style.MUTED)
    return (), line(mark, Span(slug, Style.HEADING), Span(f"  {facts}", Style.MUTED), end)


def hinted(hint: str | None) -> list[Line]:
    """Return the line of a hint; nothing for none."""
    return [line(Span("  hint: ", Style.HINT), HANG, hint)] if hint else []


def table(header: Sequence[str], rows: Sequence[Sequence[Span]], screen: Screen) -> Iterator[Line]:
    """Yield aligned columns under a header; on a terminal the last one is cut to fit, within reason.

    If a terminal is still too narrow, each row becomes a block of lines. Off a terminal nothing is cut.
    """
    cells = [[Span(title, Style.HEADING) for title in header]]
    cells += [[Span(shown(cell.text), cell.style) for cell in row] for row in rows]
    *widths, longest = (max(columns(cell.text) for cell in column) for column in zip(*cells, strict=True))
    fixed = sum(width + len(_GAP) for width in widths)
    room = longest if screen.wrap is None else screen.wrap - fixed
    if room < min(longest, LAST_COLUMN):
        yield from blocks(header, rows)
        return
    for *first, last in cells:
        filled = [Span(padded(cell.text, width) + _GAP, cell.style) for cell, width in zip(first, widths, strict=True)]
        yield (*filled, Span(cut(last.text, room), last.style))


def blocks(header: Sequence[str], rows: Iterable[Sequence[Span]]) -> Iterator[Line]:
    """Yield each row of a table as lines of its own: its first cell, then title and value of each other one."""
    label = max(columns(shown(title)) for title in header[1:])
    for first, *others in rows:
        is_number = first.text.isdecimal()  # which says nothing without its title
        yield line(Span(f"{header[0]} {first.text}", first.style) if is_number else first)
        for title, cell in zip(header[1:], others, strict=True):
            yield line(f"  {padded(shown(title), label)}  ", cell)


def progress_line(verb: str, done: int, total: int, waiting: int = 0) -> str:
    """Return e.g. `Applying [#####...............] 10/40, 30 left, 8 waiting for the rate limit`, without line end.

    `waiting` counts those in flight that hold off because the server asked for it.
    """
    filled = _BAR * done // total if total else _BAR
    bar = "#" * filled + "." * (_BAR - filled)
    left = f", {total - done:,} left" if total - done else ""
    held = f", {waiting:,} waiting for the rate limit" if waiting else ""
    return f"{verb} [{bar}] {done:,}/{total:,}{left}{held}"


def reading_line(waiting: int) -> str:
    """Return the progress line while live flows are read, without line end."""
    return f"Reading the live flows{f', {waiting:,} requests waiting for the rate limit' if waiting else ''} ..."


def pulling_line(done: int) -> str:
    """Return the progress line while live flows are turned into texts, without line end."""
    return f"Pulling, {plural(done, 'flow')} done ..."
