"""What one pass over one text carries along: the text, its anchors, its warnings, and places when asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.failure import failure, locate
from flowsync.model import Problem, Severity

if TYPE_CHECKING:
    from flowsync.document.anchors import Anchor
    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue, Location

_LINE_END: Final = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\n]*)?\n")
_BLANKS: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*( *)")
_SPACES: Final = re.compile(r"[ \t]*")
_CONFLICT: Final = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_CONFLICT_MESSAGE: Final = "Git left a merge conflict here: the file holds both sides of it."
_CONFLICT_HINT: Final = "Keep what is right of the two, and remove the lines <<<<<<<, ======= and >>>>>>>."
_WHITE: Final = frozenset(" \t\n")


class Node(NamedTuple):
    """One value, the offset it starts at, and the offset after it."""

    value: JsonValue
    start: int
    end: int


class Line(NamedTuple):
    """The next line that holds something: where it starts, how far it is indented."""

    start: int
    column: int

    @property
    def content(self) -> int:
        """Offset of the first character that is not a space."""
        return self.start + self.column


class Spots(NamedTuple):
    """Where the parts of one collection stand: by key or index, the offsets of key and value.

    `indent` is the column of the block collection around them (-1 at the root); continuation lines are deeper.
    """

    indent: int
    is_flow: bool
    entries: dict[str | int, tuple[int, int]]


@dataclass(slots=True)
class Reading:
    """One pass over one text. Every line of `text` ends with a bare line feed, the last one too.

    `spots` (by `id` of the collection) is filled only where it is there: asking for places costs time.
    """

    name: str
    text: str
    anchors: dict[str, Anchor] = field(default_factory=dict)
    uses: list[Anchor] = field(default_factory=list)
    expanded: int = 0
    scalars: int = 0
    warnings: list[Problem] = field(default_factory=list)
    spots: dict[int, Spots] | None = None
    alias_targets: dict[int, Anchor] = field(default_factory=dict)

    def locate(self, offset: int) -> Location:
        """The place in the file of one offset."""
        return locate(self.name, self.text, offset)

    def fail(self, offset: int, code: str, message: str, hint: str | None = None) -> DocumentError:
        """The error for one place, or for the conflict that git left before it, which then is what is wrong."""
        conflict = _CONFLICT.search(self.text, 0, self.text.find("\n", offset) + 1 or len(self.text))
        if conflict is None:
            return failure(self.locate(offset), code, message, hint)
        return failure(self.locate(conflict.start()), "yaml-syntax", _CONFLICT_MESSAGE, _CONFLICT_HINT)

    def warn(self, offset: int, code: str, message: str, hint: str) -> None:
        """Note what is read well here but may be read otherwise elsewhere."""
        self.warnings.append(Problem(self.locate(offset), Severity.WARNING, code, message, hint))

    def skip_spaces(self, offset: int) -> int:
        """The offset of the next character that is neither a space nor a tab."""
        found = _SPACES.match(self.text, offset)
        return found.end() if found else offset

    def line_end(self, offset: int) -> int:
        """The start of the next line, where only spaces and a comment are left on this one; else -1."""
        found = _LINE_END.match(self.text, offset)
        return found.end() if found else -1

    def next_line(self, offset: int) -> Line:
        """The next line from this line start on that is neither blank nor a comment."""
        found = _BLANKS.match(self.text, offset)
        return Line(found.start(1), found.end() - found.start(1)) if found else Line(offset, 0)

    def is_white(self, offset: int) -> bool:
        """Whether a space, a tab, a line end or the end of the text stands here."""
        return self.text[offset : offset + 1] in _WHITE or offset >= len(self.text)

    def is_document_end(self, line: Line) -> bool:
        """Whether the text ends here, or a `---` or `...` line begins."""
        if line.content >= len(self.text):
            return True
        return line.column == 0 and self.text.startswith(("---", "..."), line.start) and self.is_white(line.start + 3)
