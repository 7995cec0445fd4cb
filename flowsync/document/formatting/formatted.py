"""A whole text in its canonical form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.document import parse, same
from flowsync.document.failure import failure, locate
from flowsync.document.formatting.blocks import block_lines
from flowsync.document.formatting.comments import comments_of
from flowsync.document.formatting.gaps import Unkept, collapsed, without_leading_blank
from flowsync.document.formatting.scalars import scalar_ranges
from flowsync.document.parsing.tree import Layout, tree_of

if TYPE_CHECKING:
    from flowsync.document.formatting.order import KeyOrder
    from flowsync.document.parsing.tree import Span, Tree
    from flowsync.errors import DocumentError

MODELINE: Final = re.compile(r"#[ \t]*yaml-language-server:")
_PREFIX: Final = re.compile(r"(?:(?:%[^\n]*|[ \t]*(?:#[^\n]*)?)\n)*---[ \t]*(?:(?<=[ \t])#[^\n]*)?\n")
_SUFFIX: Final = re.compile(r"^\.\.\.(?=[ \t\n])", re.MULTILINE)


def formatted(text: str, name: str, order: KeyOrder) -> str:
    """The text in canonical form: `order` of keys, two columns a level, line feeds, one blank line at most in a row.

    Raises DocumentError, with the place, for what cannot be read, and `unformattable` for a text that cannot be put
    in form without touching what it says or one of its comments.
    """
    spanned = tree_of(text)
    if spanned is None:
        parse(text, name)
    assert spanned is not None  # noqa: S101 - what has no spans cannot be parsed
    try:
        result = _in_form(spanned, order)
    except Unkept as unkept:
        raise _refusal(name, spanned.text, unkept.offset, unkept.reason) from None
    if result != text:
        _require_same(result, name, spanned)
    return result


def _in_form(spanned: Tree, order: KeyOrder) -> str:
    text, root = spanned.text, spanned.root
    if root.layout is not Layout.BLOCK:
        return _without_trailing_blanks(text, root)
    prefix = _PREFIX.match(text, 0, root.start)
    begin = prefix.end() if prefix else 0
    suffix = _SUFFIX.search(text, root.end)
    end = suffix.start() if suffix else len(text)
    lines = block_lines(text, root, 0, begin, end, order).lines
    if MODELINE.search(text, begin, root.start):
        lines = _modeline_first(lines)
    above, below = (collapsed(part.split("\n")[:-1]) for part in (text[:begin], text[end:]))
    return "\n".join([*without_leading_blank(above), *lines, *below, ""])


def _modeline_first(lines: list[str]) -> list[str]:
    """The editor's line about the schema belongs at the top; it stood above the first key, at the margin."""
    at = next(index for index, line in enumerate(lines) if MODELINE.match(line))
    rest = [*lines[:at], *lines[at + 1 :]]
    if rest[at : at + 1] == [""] and (at == 0 or not rest[at - 1]):
        del rest[at]
    return [lines[at], *without_leading_blank(rest)]


def _without_trailing_blanks(text: str, root: Span) -> str:
    """A text that is no block collection keeps its lines, but for blanks at their ends."""
    ranges = scalar_ranges(text, root)
    lines: list[str] = []
    at = 0
    for line in text.split("\n"):
        at += len(line)
        lines.append(line if any(start <= at < end for start, end in ranges) else line.rstrip(" \t"))
        at += 1
    return "\n".join(lines)


def _require_same(result: str, name: str, before: Tree) -> None:
    """The last guard: whatever went wrong above, no file is changed in what it says."""
    after = tree_of(result)
    if after is None or not same(after.root.value, before.root.value) or comments_of(after) != comments_of(before):
        raise _refusal(name, before.text, 0, "its lines cannot be put in order without changing what they say")


def _refusal(name: str, text: str, offset: int, reason: str) -> DocumentError:
    return failure(
        locate(name, text, offset),
        "unformattable",
        f"The file is left as it is: {reason}.",
        "Write this place in a plainer way, or order the file by hand.",
    )
