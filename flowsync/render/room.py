"""Making Markdown fit where GitHub limits its length: whole lines and whole blocks, the rest counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ELLIPSIS: Final = "…"


def utf16_units(text: str) -> int:
    """Return how long GitHub holds a comment to be: its characters as JavaScript counts them."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    """Return how long GitHub holds a job's summary to be."""
    return len(text.encode("utf-8", errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be said, in the units of `measure`: in all, about one flow, by one list of points, by a table."""

    whole: int
    per_flow: int
    per_list: int
    per_table: int
    measure: Callable[[str], int]


COMMENT: Final = Room(64_000, 8_000, 5_000, 16_000, utf16_units)
"""GitHub refuses a body of more than 65,536 characters."""
SUMMARY: Final = Room(1_000_000, 60_000, 100_000, 200_000, utf8_bytes)
"""GitHub drops all of a summary of more than 1 MiB."""


def shortened(text: str, length: int) -> str:
    """Return `text`, cut to `length` characters with an ellipsis where it is longer."""
    return text if len(text) <= length else text[: length - 1] + ELLIPSIS


def fitting(lines: Sequence[str], room: int, measure: Callable[[str], int]) -> Sequence[str]:
    """Return as many of the first `lines` as fit, each with a line feed."""
    for count, line in enumerate(lines):
        room -= measure(line) + 1
        if room < 0:
            return lines[:count]
    return lines


def enumerated(names: Iterable[str], room: int, measure: Callable[[str], int]) -> str:
    """Return names as an enumeration that fits; those that do not are counted."""
    every = list(names)
    kept = fitting([f"{name}," for name in every], room, measure)
    shown = ", ".join(every[: len(kept)])
    rest = len(every) - len(kept)
    if not rest:
        return shown
    return f"{shown} and {rest:,} more" if shown else f"{rest:,} in all"
