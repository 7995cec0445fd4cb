"""One scalar or flow collection of an ordinary text by itself, read as `reader` reads it where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flowsync.document.block_scalar import block_scalar
from flowsync.document.flow import read_flow
from flowsync.document.quoted import double_quoted, single_quoted
from flowsync.document.reading import Reading
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_STYLES: Final = {"'": single_quoted, '"': double_quoted, "|": block_scalar, ">": block_scalar}


def scalar(raw: str) -> str | None:
    """The text of quotes or of a block scalar; None where it is not sure to be read without a fault or a warning."""
    reading = Reading("", f"{raw}\n")
    try:
        text = _STYLES[raw[0]](reading, 0, -1).text
    except DocumentError:
        return None
    return None if reading.warnings else text


def collection(raw: str, depth: int) -> JsonValue:
    """The value of `[…]` or `{…}` at a depth; None where JSON cannot hold it, or a fault or a warning is possible."""
    reading = Reading("", f"{raw}\n")
    try:
        node = read_flow(reading, 0, -1, depth)
    except DocumentError:
        return None
    if node.end != len(raw) or reading.warnings or reading.uses or not _fits_json(node.value):
        return None
    return node.value


def _fits_json(value: JsonValue) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        return False
    return True
