"""What a text is rendered for: how wide, in colour or not, how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

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
