"""A text that was read: its value, what to warn about, and the way from a value back to its place in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.document.decoding import decode, require_size
from flowsync.document.failure import locate
from flowsync.document.json_text import looks_like_json, parse_json
from flowsync.document.own_lines import cut_block, reads_alike_alone
from flowsync.document.parsing.reading import lines_of, read_yaml
from flowsync.document.parsing.tree import tree_of
from flowsync.errors import DocumentError
from flowsync.model import Location

if TYPE_CHECKING:
    from flowsync.document.parsing.tree import Tree
    from flowsync.model import JsonValue, Problem, ValuePath

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or JSON text and what it says; a `model.Source`.

    `held` is the text, or its UTF-8 where that is shorter: a text with one emoji in it takes four bytes a character.

    `value` is what npm yaml reads: numbers are doubles (whole ones up to 2^53 as int), keys are JavaScript's
    property names. `warnings` are about what other JavaScript parsers read differently.
    """

    name: str
    held: str | bytes
    value: JsonValue
    warnings: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return self.held if isinstance(self.held, str) else self.held.decode("utf-8")

    def holds(self, part: str) -> bool:
        """Whether the text holds `part`."""
        return part in self.held if isinstance(self.held, str) else part.encode("utf-8") in self.held

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts; the nearest enclosing value where `path` is absent.

        A value behind an alias stands at the alias, what is inside it where the anchor stands.
        """
        tree = self._tree
        return self._locate(tree, tree.value_span(path).start) if tree else self._start

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts; as `location` for list items and the root."""
        tree = self._tree
        return self._locate(tree, tree.key_start(path)) if tree else self._start

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` (from 0) of the text at `path` is written.

        The length of the text gives the place just after its last character. An escape or a folded
        line end stands where it starts. What is not text, or has no such character, starts at `location`.
        """
        tree = self._tree
        return self._locate(tree, tree.character_start(path, offset)) if tree else self._start

    def own_lines(self, key: str) -> str | None:
        """The author's lines of the block collection at a root key, dedented, comments and all.

        None unless they are sure to mean the same on their own, as npm yaml reads them.
        """
        if not isinstance(self.value, dict) or not isinstance(self.value.get(key), (dict, list)):
            return None
        block = cut_block(self._lines, key)
        if block is None:
            return None
        text = block.decode("utf-8", "surrogatepass")
        return text if reads_alike_alone(block) or _says(text, self.value[key]) else None

    @property
    def _lines(self) -> bytes:
        """The text as it was read: no byte order mark, every line ended by a line feed."""
        raw = self.held
        if isinstance(raw, bytes) and raw.endswith(b"\n") and b"\r" not in raw and not raw.startswith(_BYTE_ORDER_MARK):
            return raw
        return lines_of(self.text, self.name).encode("utf-8", "surrogatepass")

    @property
    def _tree(self) -> Tree | None:
        return tree_of(self.held)

    def _locate(self, tree: Tree, offset: int) -> Location:
        return locate(self.name, tree.text, offset)

    @property
    def _start(self) -> Location:
        return Location(self.name, 1, 1)


def read(raw: bytes, name: str) -> Document:
    """Read a file as `parse` reads its text. Raises DocumentError as `parse` and `decode` do."""
    text = decode(raw, name)
    value, warnings = read_yaml(text, name)
    return Document(name, text if len(text) == len(raw) else raw, value, warnings)


def parse(text: str, name: str = "<string>") -> Document:
    """Read YAML as npm yaml 2.9 reads it.

    Raises DocumentError, with the place, for what npm yaml refuses and for the corners of YAML where its
    reading is not certain. No text is read as a value that npm yaml would not read.
    """
    require_size(text, name)
    value, warnings = read_yaml(text, name)
    return Document(name, text, value, warnings)


def parse_data(text: str, name: str = "data") -> Document:
    """Read the `data` of a live flow: JSON as JSON.parse reads it, else YAML as `parse` does.

    Raises DocumentError as `parse` does.
    """
    require_size(text, name)
    if looks_like_json(text):
        try:
            return Document(name, text, parse_json(text, name))
        except ValueError:
            pass
    return parse(text, name)


def _says(block: str, value: JsonValue) -> bool:
    try:
        return same(parse(block).value, value)
    except DocumentError:
        return False


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are alike in every part; true is not 1, NaN is NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right or (left != left and right != right)  # noqa: PLR0124 - only NaN differs from itself
