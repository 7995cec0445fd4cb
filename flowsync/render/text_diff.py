"""The lines in which two texts of one file differ, as `diff -u` shows them, made inert."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from flowsync.render.style import Span, Style, paint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.render.screen import Screen
    from flowsync.render.style import Line

_STYLES: Final = {"+": Style.ADDED, "-": Style.REMOVED, "@": Style.HINT}
_NO_END: Final = "\\ No newline at end of file"


def unified(file: str, before: str, after: str, screen: Screen) -> str:
    """The difference with three lines around each change; nothing for texts that are the same."""
    lines = difflib.unified_diff(_lines(before), _lines(after), file, file, lineterm="")
    return paint((line for each in lines for line in _shown(each)), screen.colour)


def _lines(text: str) -> list[str]:
    """The lines of a text; one without a line feed at its end says so, and so differs from one with."""
    *whole, rest = text.split("\n")
    return [*whole, f"{rest}\n"] if rest else whole


def _shown(line: str) -> Iterator[Line]:
    style = Style.HEADING if line.startswith(("--- ", "+++ ")) else _STYLES.get(line[:1], Style.PLAIN)
    yield (Span(line.removesuffix("\n"), style),)
    if line.endswith("\n"):
        yield (Span(_NO_END, Style.MUTED),)
