"""Changes the value of a text and otherwise keeps it as its author wrote it.

What stays the same keeps its bytes: comments, key order, quotes, block styles, anchors, line ends, indentation. What
differs is edited where it is, in the style that it has. The result is always read again: it either says
exactly what is wanted, or the smallest part that could not be edited in place is rewritten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.document import parse, same
from flowsync.document.blocks import edited_block, edited_flow, region_of
from flowsync.document.dumping import dump, is_collection
from flowsync.document.refusals import failure
from flowsync.document.rewriting import Goal, Rewriting, Site, Survivors, is_block_scalar, new_scalar, style_of
from flowsync.document.tree import Layout, tree_of
from flowsync.errors import DocumentError
from flowsync.model import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.document.rewriting import Matching
    from flowsync.document.tree import Span
    from flowsync.model import JsonValue, ValuePath

_BYTE_ORDER_MARK: Final = "\ufeff"
_BLANKS: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_HEAD: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?:---[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*)?")

_MOST_ATTEMPTS: Final = 25
"""How often one more part is rewritten; a text that needs more of them is rewritten as a whole."""

Reads: TypeAlias = "Callable[[str], JsonValue]"
"""Reads the value of a text; raises DocumentError if it has none."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A text after editing. `rewritten` leads to the parts that could not be edited in place (in the new value)."""

    text: str
    rewritten: tuple[ValuePath, ...]


def _by_place(old: list[JsonValue], new: list[JsonValue], _key: str, /) -> Survivors:
    """Match list items by index."""
    return Survivors({index: index for index in range(min(len(old), len(new)))}, frozenset())


def _read_yaml(text: str) -> JsonValue:
    """The value of a flow file."""
    return parse(text).value


def edited(text: str, value: JsonValue, *, matching: Matching = _by_place, reads: Reads = _read_yaml) -> Edited:
    """Return `text` changed so that it says `value`.

    `matching` says which items of a list live on in another, `reads` how the result is read. A text that says `value`
    already comes back as it is. Raises DocumentError if `text` cannot be read, or where `value` cannot be written so
    that it is read back.
    """
    if same(reads(text), value):
        return Edited(text, ())
    tree = tree_of(text)
    forced: frozenset[ValuePath] = frozenset()
    for _ in range(_MOST_ATTEMPTS):
        if tree is None or () in forced:
            break
        writing = Rewriting(tree.text, style_of(tree.root, tree.text), matching, forced)
        finished = _as_written(_attempt(writing, tree.root, value), text)
        differences = _differences(finished, value, reads)
        if differences is None:
            return Edited(finished, tuple(dict.fromkeys(writing.rewritten)))
        forced = _wider(forced, differences, writing.touched)
    return Edited(_rewritten(text, value, reads), ((),))


def _rewritten(text: str, value: JsonValue, reads: Reads) -> str:
    """The whole text rewritten, below the comments at its head."""
    for head in (_head(text.replace("\r\n", "\n").removeprefix(_BYTE_ORDER_MARK)), ""):
        whole = _as_written(head + dump(value), text)
        if _differences(whole, value, reads) is None:
            return whole
    raise failure(
        Location("<value>", 1, 1),
        "unwritable",
        "However this value is written, it is read as another one.",
        "This is worth reporting to flowsync.",
    )


def _head(text: str) -> str:
    found = _HEAD.match(text)
    return found[0] if found else ""


def _differences(text: str, value: JsonValue, reads: Reads) -> Sequence[ValuePath] | None:
    """None if the text has the value; else the places where it does not, as far as they are known."""
    try:
        found = reads(text)
    except DocumentError:
        return ()
    return None if same(found, value) else [_first_difference(found, value)]


def _first_difference(found: JsonValue, wanted: JsonValue) -> ValuePath:
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        key = next(key for key in found if not same(found[key], wanted[key]))
        return (key, *_first_difference(found[key], wanted[key]))
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        index = next(at for at, item in enumerate(found) if not same(item, wanted[at]))
        return (index, *_first_difference(found[index], wanted[index]))
    return ()


def _wider(
    forced: frozenset[ValuePath], differences: Sequence[ValuePath], touched: Sequence[ValuePath]
) -> frozenset[ValuePath]:
    """More parts to rewrite: those that came out wrong or, if unknown, all edits; then their surroundings."""
    wider: set[ValuePath] = set()
    for path in differences or touched or [()]:
        around = [each for each in forced if path[: len(each)] == each]
        wider.add(min(around, key=len)[:-1] if around else path)
    return forced | wider


def _attempt(writing: Rewriting, root: Span, value: JsonValue) -> str:
    text, goal = writing.text, Goal(value, (), "")
    match root.layout:
        case Layout.BLOCK if writing.may_enter(root, goal):
            limit = _end(text, root.entries[-1].span.end)
            region = region_of(text, root, limit, is_root=True)
            return text[: region.start] + edited_block(writing, root, region, goal) + text[limit:]
        case Layout.FLOW if writing.may_enter(root, goal):
            return text[: root.start] + edited_flow(writing, root, goal) + text[root.end :]
        case Layout.SCALAR if not is_collection(value) and () not in writing.forced:
            writing.touched.append(())
            scalar = new_scalar(Site(text, root, writing.style), value)
            end = "" if is_block_scalar(scalar) else "\n"
            return f"{text[: root.start]}{scalar}{end}{text[root.end :].removeprefix(chr(10))}"
        case _:
            writing.rewritten.append(())
            return _head(text) + dump(value)


def _end(text: str, end: int) -> int:
    """The end of the blank and comment lines below the last value."""
    line = end if end and text[end - 1] == "\n" else text.find("\n", end) + 1
    blanks = _BLANKS.match(text, line)
    return blanks.end() if blanks else line


def _as_written(text: str, original: str) -> str:
    """`text` with the byte order mark, the line ends and the missing last line end of `original`."""
    may_be_marked = not text.startswith((" ", "\t", "- "))  # else it would be refused
    mark = _BYTE_ORDER_MARK if may_be_marked and original.startswith(_BYTE_ORDER_MARK) else ""
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
    """Keep the line ends of the original's lines; new lines get the most common one."""
    old, new = original.split("\n"), text.split("\n")
    usual = "\r" if original.count("\r\n") * 2 > original.count("\n") else ""
    matcher = SequenceMatcher(None, [line.removesuffix("\r") for line in old], new, autojunk=False)
    written = [f"{line}{usual}" for line in new[:-1]] + new[-1:]
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            if block.a + offset < len(old) - 1 and block.b + offset < len(new) - 1:
                written[block.b + offset] = old[block.a + offset]
    return "\n".join(written)
