"""What a text is rendered for: how wide, in colour or not, how much of it."""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.render.escape import LOG_COMMAND, columns, cut, is_visible, mask_keys, padded, shown, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

NARROWEST: Final = 40
"""Narrower screens are written to as if they had this many columns."""


class Colour(Enum):
    """Whether text carries ANSI colours. Nothing is told by colour alone."""

    NEVER = "never"
    ALWAYS = "always"


class Detail(Enum):
    """How much is told: what would happen, how each flow differs, or without any cap."""

    SUMMARY = "summary"
    FULL = "full"
    VERBOSE = "verbose"


@dataclass(frozen=True, slots=True)
class Screen:
    """The place a text is for. `width` is in columns; only tables and hints adapt to it everywhere.

    `wrap` is where sentences are broken: on a terminal, which else breaks them in mid-word. None leaves each on one
    line, as files, logs and other programs want them.
    """

    width: int = 100
    colour: Colour = Colour.NEVER
    detail: Detail = Detail.FULL
    wrap: int | None = None


_WEB_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_WEB_FONTS: Final = 2
_LEADING_COLONS: Final = re.compile(r"\s*(?=::)")


class Style(Enum):
    """What a span means. The values are rich's names of attributes that suit light and dark grounds."""

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


_MARKED: Final = (Style.ADDED_WORD, Style.REMOVED_WORD)
"""No set: members of an Enum are quicker compared than hashed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text, raw, in one style."""

    text: str
    style: Style = Style.PLAIN


Line: TypeAlias = "tuple[Span, ...]"


def line(*parts: Span | str) -> Line:
    """Return the line made of `parts`; strings are plain."""
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def paint(lines: Iterable[Line], colour: Colour) -> str:
    """Return the text of `lines`, each ended by a line feed, made inert."""
    return _PAINTERS[colour](map(inert, lines))


def inert(spans: Line) -> Line:
    """Return the line with hidden characters shown, keys starred out and log commands broken."""
    if _is_inert("".join([span.text for span in spans])):
        return spans
    shown = tuple(Span(visible(span.text), span.style) for span in spans)
    text = "".join(span.text for span in shown)
    masked = mask_keys(text)
    breaks = _breaks(masked)
    if masked == text and not breaks:
        return shown
    return _rewritten(shown, masked, breaks)


def _is_inert(text: str) -> bool:
    """Whether nothing has to be done to a line, as to most: it holds nothing that keys and log commands consist of."""
    return is_visible(text) and "api_p" not in text and "##" not in text and "::" not in text


def _breaks(text: str) -> Mapping[int, str]:
    """Offsets of characters whose escapes keep `text` from being a command to a log."""
    breaks = {match.end() - 1: r"\u005b" for match in LOG_COMMAND.finditer(text)}
    if leading := _LEADING_COLONS.match(text):
        breaks[leading.end()] = r"\u003a"
    return breaks


def _rewritten(spans: Line, text: str, breaks: Mapping[int, str]) -> Line:
    """Distribute `text`, with some characters replaced, over the spans whose lengths it has."""
    characters = [breaks.get(offset, character) for offset, character in enumerate(text)]
    rewritten: list[Span] = []
    start = 0
    for span in spans:
        end = start + len(span.text)
        rewritten.append(Span("".join(characters[start:end]), span.style))
        start = end
    return tuple(rewritten)


def _plain(lines: Iterable[Line]) -> str:
    rows: list[str] = []
    for spans in lines:
        rows.append("".join([span.text for span in spans]))
        if _is_marked(spans):
            rows.append(_carets(spans))
    return "\n".join([*rows, ""])


def _is_marked(spans: Line) -> bool:
    for span in spans:  # noqa: SIM110 - a generator would take twice as long
        if span.style in _MARKED:
            return True
    return False


def _carets(spans: Line) -> str:
    """Return carets under what colour would have marked."""
    return "".join(("^" if span.style in _MARKED else " ") * columns(span.text) for span in spans).rstrip()


def _coloured(lines: Iterable[Line]) -> str:
    return "".join("".join(map(_ansi, spans)) + "\n" for spans in lines)


def _ansi(span: Span) -> str:
    if span.style is Style.PLAIN or not span.text:
        return span.text
    start, end = _ansi_codes(span.style)
    return f"{start}{span.text}{end}"


@cache
def _ansi_codes(style: Style) -> tuple[str, str]:
    """Return what rich writes before and after a text in this style, in 16 colours."""
    from rich.color import ColorSystem  # noqa: PLC0415 - rich is slow to import; only colour needs it
    from rich.style import Style as RichStyle  # noqa: PLC0415 - as above

    start, _, end = RichStyle.parse(style.value).render("|", color_system=ColorSystem.STANDARD).partition("|")
    return start, end


_PAINTERS: Final[Mapping[Colour, Callable[[Iterable[Line]], str]]] = {
    Colour.NEVER: _plain,
    Colour.ALWAYS: _coloured,
}


def picture(ansi: str, title: str) -> str:
    """Return an SVG of a terminal that shows `ansi` (text with colours, as written to a terminal).

    Nothing is fetched when it is viewed: it names the fonts a reader has. Same input, same bytes.
    """
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text.from_ansi(ansi)
    console = Console(
        record=True, file=io.StringIO(), width=_picture_width(text.plain), color_system="standard", force_terminal=True
    )
    console.print(text, no_wrap=True, overflow="ignore", crop=False, highlight=False)
    svg = console.export_svg(title=title, unique_id="flowsync")
    return _WEB_FONT.sub("", svg, count=_WEB_FONTS)


def _picture_width(text: str) -> int:
    return max((columns(row) for row in text.splitlines()), default=0) or 1


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


BAR: Final = 20
"""How many characters the bar takes."""


def progress_line(verb: str, done: int, total: int, waiting: int = 0) -> str:
    """Return e.g. `Applying [#####...............] 10/40, 30 left, 8 waiting for the rate limit`, without an end.

    `waiting` counts those in flight that hold off because the server asked for it.
    """
    filled = BAR * done // total if total else BAR
    bar = "#" * filled + "." * (BAR - filled)
    extras = ((total - done, "left"), (waiting, "waiting for the rate limit"))
    told = "".join(f", {count:,} {words}" for count, words in extras if count)
    return f"{verb} [{bar}] {done:,}/{total:,}{told}"


def reading_line(waiting: int) -> str:
    """Return what is shown while live flows are read, without an end."""
    return f"Reading the live flows{f', {waiting:,} requests waiting for the rate limit' if waiting else ''} ..."


def pulling_line(done: int) -> str:
    """Return what is shown while live flows are taken over into texts, without an end."""
    return f"Pulling, {done:,} {'flow' if done == 1 else 'flows'} done ..."


def writing_line() -> str:
    """Return what is shown while files are written, without an end."""
    return "Writing the files ..."
