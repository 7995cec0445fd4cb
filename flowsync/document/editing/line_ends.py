"""A text that was edited with bare line feeds, back in the form of the original."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

_BYTE_ORDER_MARK: Final = "\ufeff"


def as_written(text: str, original: str) -> str:
    """`text` with the byte order mark, the line ends and the missing last line end of `original`."""
    mark = _BYTE_ORDER_MARK if original.startswith(_BYTE_ORDER_MARK) else ""
    body = original.removeprefix(_BYTE_ORDER_MARK)
    if body and not body.endswith("\n"):
        text = text.removesuffix("\n")
    returns = body.count("\r\n")
    if returns == 0:
        return mark + text
    if returns == body.count("\n"):
        return mark + text.replace("\n", "\r\n")
    return mark + _mixed(text, body)


def _mixed(text: str, original: str) -> str:
    """Lines of the original keep their ends, new ones get the most common end."""
    old, new = original.split("\n"), text.split("\n")
    usual = "\r" if original.count("\r\n") * 2 > original.count("\n") else ""
    matcher = SequenceMatcher(None, [line.removesuffix("\r") for line in old], new, autojunk=False)
    written = [f"{line}{usual}" for line in new[:-1]] + new[-1:]
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            if block.a + offset < len(old) - 1 and block.b + offset < len(new) - 1:
                written[block.b + offset] = old[block.a + offset]
    return "\n".join(written)
