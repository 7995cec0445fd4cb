r"""Documents for machines, as JSON text.

ASCII only: bidirectional, control and separator characters, DEL, lone surrogates and the `##[` of CI
logs are `\u` escapes, so that a document shown somewhere is inert, and read back is as it was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flowsync.render.escape import mask_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue


def text(document: Mapping[str, JsonValue]) -> str:
    """Return `document` (whose numbers are finite), indented, with a line feed at its end."""
    shown = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    return shown.replace("\x7f", r"\u007f").replace("##[", r"##\u005b").replace("##vso[", r"##vso\u005b") + "\n"


def masked_mapping(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a whole document with API keys starred out of every text in it."""
    return {key: masked(item) for key, item in value.items()}


def masked(value: JsonValue) -> JsonValue:
    """Return `value` with API keys starred out of every text in it."""
    match value:
        case str():
            return mask_keys(value)
        case list():
            return [masked(item) for item in value]
        case dict():
            return {key: masked(item) for key, item in value.items()}
        case _:
            return value
