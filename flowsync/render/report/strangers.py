"""Text of strangers in a report: short, and inert."""

from __future__ import annotations

from typing import Final

from flowsync.render.escape import cell_code, code_span, prose
from flowsync.render.room import shortened

NAME_LENGTH: Final = 100
"""Characters of a slug, label or file that are shown where many stand together."""
SENTENCE_LENGTH: Final = 500


def brief(text: str) -> str:
    """Return a name cut to what is shown where many stand together."""
    return shortened(text, NAME_LENGTH)


def name(text: str) -> str:
    """Return a name as inline code."""
    return code_span(brief(text))


def cell(text: str) -> str:
    """Return a name as inline code for a cell of a table."""
    return cell_code(brief(text))


def sentence(text: str) -> str:
    """Return a sentence, all but plain English in it as inline code."""
    return prose(shortened(text, SENTENCE_LENGTH))
