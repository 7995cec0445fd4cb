"""The author's own lines of one block, cut out of the file so that comments and style survive.

They are cut out of bytes: with one emoji in it a text takes four bytes a character, and twice as long.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_END: Final = re.compile(rb"\n(?![ \t#\n\]}]|-[ \t\n])")
"""The end of the last line that can be below a key at the margin: a bracket there closes one of an item's."""
_FIRST_CONTENT: Final = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\n)*( *)([^\n])")
_KEEPS_BLANK_LINES: Final = re.compile(rb"[|>][1-9]?\+")
_MEANS_MORE_AT_THE_MARGIN: Final = re.compile(rb"\n(?:---|\.\.\.|%|\xef\xbb\xbf)")


def cut_block(text: bytes, key: str) -> bytes | None:
    """The dedented lines below a key at the margin, if a block-style collection stands there; else None.

    `text` is what `normalised` gives, in UTF-8.
    Comments between the lines belong to them; comments at the margin and blank lines after the last do not.
    """
    found = _entry(key).search(text)
    end = found and _END.search(text, found.end())
    if found is None or end is None:
        return None
    block = text[found.end() + 1 : end.end()]
    first = _FIRST_CONTENT.match(block)
    if first is None or first[2] in b"[{&!*|>\"'":
        return None
    return _dedented(_without_tail(block), len(first[1]))


def reads_alike_alone(block: bytes) -> bool:
    """Whether a cut block is sure to mean the same on its own.

    Indentation counts only relative to the collection, and the cut lowers all of it alike. What is left is
    an alias into the rest of the file, and signs that mean something else at the margin.
    """
    return b"*" not in block and _MEANS_MORE_AT_THE_MARGIN.search(b"\n" + block) is None


@lru_cache(maxsize=32)
def _entry(key: str) -> re.Pattern[bytes]:
    name = re.escape(key).encode()
    return re.compile(
        rb"^(?:%(name)s|\"%(name)s\"|'%(name)s')[ \t]*:(?:[ \t]+[&!][^ \t\n]*)*(?:[ \t]+#[^\n]*|[ \t]*)(?=\n)"
        % {b"name": name},
        re.MULTILINE,
    )


def _without_tail(block: bytes) -> bytes:
    end = len(block)
    while end:
        start = block.rfind(b"\n", 0, end - 1) + 1
        if block[start] not in b"\n#":
            break
        end = start
    if end < len(block) and b"+" in block and _KEEPS_BLANK_LINES.search(block):
        while block.startswith(b"\n", end):
            end += 1
    return block[:end]


def _dedented(block: bytes, column: int) -> bytes:
    """Each line moved left by `column`; a comment that stands further left, to the margin."""
    lines = b"\n" + block
    if _shallow_line(column).search(lines):
        return re.sub(rb"\n {1,%d}" % column, b"\n", lines)[1:]
    return lines.replace(b"\n" + b" " * column, b"\n")[1:]


@lru_cache(maxsize=32)
def _shallow_line(column: int) -> re.Pattern[bytes]:
    """A line that is indented, but by less than `column`. Most blocks have none, and then one replacement does."""
    return re.compile(rb"\n {1,%d}(?! )" % (column - 1) if column > 1 else rb"(?!)")
