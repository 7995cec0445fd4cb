"""The author's own lines of one block, cut out of the file so that comments and style survive."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_LINES: Final = r"((?:(?:[ \t#][^\n]*|-(?:[ \t][^\n]*)?|)\n)*)"
_FIRST_CONTENT: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*( *)([^\n])")
_KEEPS_BLANK_LINES: Final = re.compile(r"[|>][1-9]?\+")
_MEANS_MORE_AT_THE_MARGIN: Final = re.compile(r"^(?:---|\.\.\.|%|\ufeff)", re.MULTILINE)


def cut_block(text: str, key: str) -> str | None:
    """The dedented lines below a key at the margin, if a block-style collection stands there; else None.

    Comments between the lines belong to them; comments at the margin and blank lines after the last do not.
    """
    found = _entry(key).search(text)
    if found is None:
        return None
    first = _FIRST_CONTENT.match(found[1])
    if first is None or first[2] in "[{&!*|>\"'":
        return None
    return _dedented(_without_tail(found[1]), len(first[1]))


def reads_alike_alone(block: str) -> bool:
    """Whether a cut block is sure to mean the same on its own.

    Indentation counts only relative to the collection, and the cut lowers all of it alike. What is left is
    an alias into the rest of the file, and signs that mean something else at the margin.
    """
    return "*" not in block and not _MEANS_MORE_AT_THE_MARGIN.search(block)


@lru_cache(maxsize=32)
def _entry(key: str) -> re.Pattern[str]:
    name = re.escape(key)
    return re.compile(
        rf"^(?:{name}|\"{name}\"|'{name}')[ \t]*:(?:[ \t]+[&!][^ \t\n]*)*(?:[ \t]+#[^\n]*|[ \t]*)\n{_LINES}",
        re.MULTILINE,
    )


def _without_tail(block: str) -> str:
    lines = block.split("\n")
    end = len(lines)
    while end and (not lines[end - 1] or lines[end - 1].startswith("#")):
        end -= 1
    if _KEEPS_BLANK_LINES.search(block):
        while end < len(lines) - 1 and not lines[end]:
            end += 1
    return "\n".join([*lines[:end], ""])


def _dedented(block: str, column: int) -> str:
    return re.sub(rf"^ {{1,{column}}}", "", block, flags=re.MULTILINE) if column else block
