"""Reads YAML and JSON text into values with places, exactly as JavaScript reads it; and writes it.

Where YAML's parsers differ, npm `yaml` 2.9 decides. `reader` makes values of libyaml's events behind a guard, which
refuses, with the place, what is not certain to be read alike.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from flowsync.document.dumping import UNFOLDED, dump
from flowsync.document.libyaml import normalised
from flowsync.document.mistakes import explained
from flowsync.document.reader import Reader
from flowsync.document.refusals import (
    MAXIMUM_BYTES,
    MAXIMUM_DEPTH,
    MAXIMUM_VALUES,
    TOO_MANY_VALUES,
    Refusal,
    count_values,
    failure,
    is_too_deep,
    line_starts,
    locate,
)
from flowsync.document.scalars import as_double
from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.document.tree import Tree
    from flowsync.model import JsonValue, ValuePath

__all__ = [
    "UNFOLDED",
    "Document",
    "count_values",
    "decode",
    "dump",
    "line_starts",
    "locate",
    "parse",
    "parse_data",
    "read",
    "same",
]

_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""Byte order marks of other encodings, the longer ones first: that of UTF-32 may begin as that of UTF-16 does."""
_CONFLICT: Final = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_BLOCK_END: Final = re.compile(r"\n(?![ \t#\n\]}]|-[ \t\n])")
"""The end of the last line that can be below a key at the margin: a bracket there closes one of an item's."""
_FIRST_CONTENT: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*( *)([^\n])")
_KEEPS_BLANK_LINES: Final = re.compile(r"[|>][1-9]?\+")
_MEANS_MORE_CUT_OUT: Final = re.compile(r"\*|^(?:---|\.\.\.|%|\ufeff)", re.MULTILINE)
"""In a block that was cut out: an alias into the rest of the file, and signs with a meaning at the margin."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or JSON text and its value; a `model.Source`.

    `value` is what npm yaml reads: numbers are doubles (whole ones up to 2^53 as int), keys are JavaScript's
    property names. `warnings` are about what other JavaScript parsers read differently. The text is kept as bytes:
    with one emoji in it, it takes four times as much as characters.
    """

    name: str
    encoded: bytes
    value: JsonValue
    warnings: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return self.encoded.decode("utf-8", "surrogatepass")

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts; the nearest enclosing value where `path` is absent.

        A value behind an alias is at the alias, what is inside it where the anchor is.
        """
        return self._found(lambda tree: tree.find(path)[0].start)

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts; as `location` for list items and the root."""
        return self._found(lambda tree: tree.find(path)[1])

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` (from 0) of the text at `path` is written.

        The length of the text gives the place just after its last character. An escape or a folded
        line end is where it starts. What is not text, or has no such character, starts at `location`.
        """
        return self._found(lambda tree: tree.character_start(path, offset))

    def _found(self, find: Callable[[Tree], int]) -> Location:
        from flowsync.document.tree import tree_of  # noqa: PLC0415 - 3 ms that only files with problems should pay

        tree = tree_of(self.text)
        return locate(self.name, tree.text, find(tree)) if tree else Location(self.name, 1, 1)

    def own_lines(self, key: str) -> str | None:
        """The author's lines of the block collection at a root key, dedented, with comments.

        None unless they are sure to mean the same on their own, as npm yaml reads them.
        """
        if not isinstance(self.value, dict) or not isinstance(self.value.get(key), (dict, list)):
            return None
        try:
            block = _block_below(key, normalised(self.text))
            if (
                block is not None
                and _MEANS_MORE_CUT_OUT.search(block)
                and not same(parse(block).value, self.value[key])
            ):
                return None
        except (DocumentError, Refusal):
            return None
        return block


def read(raw: bytes, name: str) -> Document:
    """Read a file as `parse` reads its text. Raises DocumentError as `parse` and `decode` do."""
    return parse(decode(raw, name), name)


def decode(raw: bytes, name: str) -> str:
    """The text of a UTF-8 file; a byte order mark stays, for `parse` to drop as npm yaml does.

    Raises DocumentError `too-large` over 1 MiB, and `not-utf8` at the first byte that is not UTF-8.
    """
    if len(raw) > MAXIMUM_BYTES:
        raise _too_large(name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
        raise failure(
            locate(name, before, len(before)),
            "not-utf8",
            f"The byte 0x{raw[error.start]:02x} here is not UTF-8.",
            f"The file is {encoding}: save it as UTF-8." if encoding else "Save the file as UTF-8.",
        ) from None


def parse(text: str, name: str = "<string>") -> Document:
    """Read YAML as npm yaml 2.9 reads it.

    Raises DocumentError, with the place, for what npm yaml refuses and for the corners of YAML where its
    reading is not certain. No text is read as a value that npm yaml would not read.
    """
    _require_size(text, name)
    lines = text
    try:
        lines = normalised(text)
        reader = Reader(lines)
        value = reader.read()
    except yaml.YAMLError as error:
        raise _error(explained(lines, error), lines, name) from None
    except Refusal as refusal:
        raise _error(refusal, lines, name) from None
    warnings = (
        Problem(locate(name, lines, each.offset), Severity.WARNING, each.code, each.message, each.hint)
        for each in sorted(reader.warnings)
    )
    return Document(name, _encoded(text), value, tuple(warnings))


def parse_data(text: str, name: str = "data") -> Document:
    """Read the `data` of a live flow: JSON as JSON.parse reads it, else YAML as `parse` does.

    Raises DocumentError as `parse` does.
    """
    _require_size(text, name)
    if text.lstrip(" \t\r\n")[:1] in {"{", "["}:
        try:
            return Document(name, _encoded(text), _json_value(text, name))
        except ValueError:
            pass
    return parse(text, name)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are alike in every part; true is not 1, NaN is NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right or (left != left and right != right)  # noqa: PLR0124 - only NaN differs from itself


def _error(refusal: Refusal, text: str, name: str) -> DocumentError:
    """The error for a refusal, or for a merge conflict before it, which is then the cause."""
    conflict = _CONFLICT.search(text, 0, text.find("\n", refusal.offset) + 1 or len(text))
    if conflict is None:
        return failure(locate(name, text, refusal.offset), refusal.code, refusal.message, refusal.hint)
    return failure(
        locate(name, text, conflict.start()),
        "yaml-syntax",
        "Git left a merge conflict here: the file holds both sides of it.",
        "Keep the right one of the two, and remove the lines <<<<<<<, ======= and >>>>>>>.",
    )


def _require_size(text: str, name: str) -> None:
    if len(text) * 4 > MAXIMUM_BYTES and len(_encoded(text)) > MAXIMUM_BYTES:
        raise _too_large(name)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _too_large(name: str) -> DocumentError:
    return failure(
        Location(name, 1, 1),
        "too-large",
        "The text is larger than 1 MiB, the most that is read as one document.",
        "A flow is a few kilobytes: is this the right file? Host images and videos elsewhere and link to them.",
    )


def _json_value(text: str, name: str) -> JsonValue:
    """The value of a JSON text: of a key given twice the last counts, numbers are doubles.

    Raises ValueError for what JSON.parse refuses, DocumentError `nesting` below 100 levels and `too-many-values`.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_number, parse_float=_number)
        is_deep = text.count("[") + text.count("{") > MAXIMUM_DEPTH and is_too_deep(value)
    except RecursionError:
        value, is_deep = None, True
    if is_deep:
        message = f"More than {MAXIMUM_DEPTH} lists and mappings are nested inside one another."
        raise failure(Location(name, 1, 1), "nesting", message, "Flatten the document.")
    if len(text) > 2 * MAXIMUM_VALUES and count_values(value) > MAXIMUM_VALUES:  # each takes two characters at least
        raise failure(Location(name, 1, 1), *TOO_MANY_VALUES)
    return value  # type: ignore[no-any-return]


def _refuse_constant(constant: str) -> JsonValue:
    raise ValueError(constant)


def _number(digits: str) -> int | float:
    return as_double(float(digits))


def _block_below(key: str, text: str) -> str | None:
    """The dedented lines below a key at the margin if they are a block-style collection; else None.

    Comments between the lines belong to them; comments at the margin and blank lines after the last do not.
    """
    name = re.escape(key)
    found = re.search(
        rf"^(?:{name}|\"{name}\"|'{name}')[ \t]*:(?:[ \t]+[&!][^ \t\n]*)*(?:[ \t]+#[^\n]*|[ \t]*)(?=\n)",
        text,
        re.MULTILINE,
    )
    end = found and _BLOCK_END.search(text, found.end())
    if found is None or end is None:
        return None
    block = text[found.end() + 1 : end.end()]
    first = _FIRST_CONTENT.match(block)
    if first is None or first[2] in "[{&!*|>\"'":
        return None
    # Indentation counts only relative to the collection: all of it is lowered alike, and comments to the margin.
    margin = first[1]
    lines = _without_tail(block).split("\n")
    return "\n".join(line[len(margin) :] if line.startswith(margin) else line.lstrip(" ") for line in lines)


def _without_tail(block: str) -> str:
    end = len(block)
    while end:
        start = block.rfind("\n", 0, end - 1) + 1
        if block[start] not in "\n#":
            break
        end = start
    if end < len(block) and "+" in block and _KEEPS_BLANK_LINES.search(block):
        while block.startswith("\n", end):
            end += 1
    return block[:end]
