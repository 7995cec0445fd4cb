"""Lines of styled spans, and painting them: as plain text, with ANSI colours, or as a picture.

Painting is where text becomes inert: whatever a span holds, its line stays one line, shows every
character, holds no key, and is no command to a CI log (`::error::` at its start after blanks,
`##[` anywhere).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.render.columns import columns
from flowsync.render.escape import LOG_COMMAND, is_visible, mask_keys, visible
from flowsync.render.screen import Colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
