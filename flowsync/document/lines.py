"""The text as it is read: no byte order mark, every line ended by a line feed."""

from __future__ import annotations

import re
from typing import Final

from flowsync.document.failure import failure, locate

_LONE_RETURN: Final = re.compile(r"\r(?!\n)")
_KEEPING_BLOCK: Final = re.compile(r"[|>][1-9]?\+")
_BYTE_ORDER_MARK: Final = "\ufeff"


def normalised(text: str, name: str) -> str:
    """The text without a byte order mark, every line ended by a line feed. Raises DocumentError."""
    marked = text.startswith(_BYTE_ORDER_MARK)
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if marked and text.startswith(" "):
        raise failure(
            locate(name, text, 0),
            "indentation",
            "The first line of a file with a byte order mark is indented.",
            "Remove it.",
        )
    if "\r" in text:
        text = _without_returns(text, name)
    if text.endswith("\n"):
        return text
    if text.endswith(" ") and _KEEPING_BLOCK.search(text) and text.rstrip(" ").endswith("\n"):
        raise failure(
            locate(name, text, len(text)),
            "yaml-syntax",
            "The last line holds only spaces, and may or may not be text.",
            "Remove the spaces.",
        )
    return f"{text}\n"


def _without_returns(text: str, name: str) -> str:
    lone = _LONE_RETURN.search(text)
    if lone:
        raise failure(
            locate(name, text, lone.start()),
            "yaml-syntax",
            "A carriage return without a line feed is a line end to some parsers and text to others.",
            r"Save the file with LF line ends; inside double quotes write \r.",
        )
    return text.replace("\r\n", "\n")
