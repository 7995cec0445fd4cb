"""The `data` of a live flow as lines of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_FIRST: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*([^\s])")
_LINE: Final = re.compile(r"^(?=[^\n])", re.MULTILINE)


def data_lines(live: JsonValue, value: JsonValue) -> str:
    """`data:` and what stands below: the dashboard's own lines where they are YAML in lines, else a dump of `value`.

    `live` is what the server returned, `value` what that says. Raises DocumentError for what cannot be written.
    """
    own = _own_lines(live) if isinstance(live, str) else None
    return own if own is not None and _says(own, value) else document.dump({"data": value})


def _own_lines(text: str) -> str | None:
    """The text indented below `data:`; None where it does not begin as YAML in lines does."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n")
    first = _FIRST.match(lines)
    if first is None or first[1] in "{[|>\"'&!*%":
        return None
    return "data:\n" + _LINE.sub("  ", lines.rstrip("\n")) + "\n"


def _says(lines: str, value: JsonValue) -> bool:
    """Whether the lines read as wanted, in the file and by themselves, which is how they are sent."""
    try:
        read = document.parse(lines)
        alone = read.own_lines("data")
        return (
            document.same(read.value, {"data": value})
            and alone is not None
            and document.same(document.parse(alone).value, value)
        )
    except DocumentError:
        return False
