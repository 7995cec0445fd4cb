"""A text of `data` read beside one whose value is known: of two versions of a flow, most steps are the same.

Both are cut at the lines on which an item of `steps` begins. What stands before the list and below it must be the same;
an item whose lines are known has the known value, the very object, and only the others are read. Whoever compares the
two then sees at once what is the same.

Why that is what `parse_data` returns: a text that begins with a letter and is a mapping has its keys at the margin, so
a line `steps:` there is a key and nothing else. Below it the list stands at the column of its first dash, and all lines
of an item, those of its texts too, are deeper, but for a closing bracket; so a line with a dash at that column begins
an item, in every text that is read at all. What an item means depends on nothing around it but anchors, and where no
`*` stands nothing refers to one.

Where any of this is not certain the whole is read, and so is what is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.decoding import require_size
from flowsync.document.document import parse_data
from flowsync.document.json_text import looks_like_json
from flowsync.document.lines import normalised
from flowsync.document.ordinary import NotOrdinary, ordinary_value

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_LIST: Final = re.compile(r"^steps:(?:\n *(?:#[^\n]*)?)*?(?=(?P<dash>\n *- ))", re.MULTILINE)
_LIST_END: Final = re.compile(r"\n(?![ \n#]|- )")
_CERTAIN_START: Final = re.compile(r"(?: *(?:#[^\n]*)?\n)*[A-Za-z_]")
_CERTAIN_END: Final = re.compile(r"\n(?:[A-Za-z_]|\Z)")


class _Cut(NamedTuple):
    """What stands above the items of `steps`, what each begins with, the rest of their lines, what stands below."""

    above: str
    dash: str
    items: list[str]
    below: str

    def is_around(self, other: _Cut) -> bool:
        """Whether both lists stand in the same text."""
        return self.above == other.above and self.dash == other.dash and self.below == other.below


def parse_beside(text: str, known_text: str, known: JsonValue) -> JsonValue:
    """The value of `parse_data`; the items of `steps` that have the same lines in `known_text` are those of `known`.

    `known` is the value of `known_text`. Neither value may be changed. Raises DocumentError as `parse_data` does.
    """
    require_size(text, "data")
    # What is no text to YAML (a lone carriage return) may be one to JSON.
    if not looks_like_json(text) and isinstance(known, dict) and isinstance(steps := known.get("steps"), list):
        found = _steps(_cut(normalised(text, "data")), _cut(known_text), steps)
        if found is not None:
            return {**known, "steps": found}
    return parse_data(text).value


def _cut(text: str) -> _Cut | None:
    """A text in pieces; None where it is not certain what the pieces are."""
    start = _LIST.search(text)
    if start is None or "\t" in text or "*" in text or not _CERTAIN_START.match(text):
        return None
    end = _LIST_END.search(text, start.end())
    if end is None or not _CERTAIN_END.match(text, end.start()):
        return None
    _, *items = text[start.end() : end.start()].split(start["dash"])
    return _Cut(text[: start.end()], start["dash"], items, text[end.start() :])


def _steps(cut: _Cut | None, known_cut: _Cut | None, known: list[JsonValue]) -> list[JsonValue] | None:
    """The items of one text beside those `known` of another; None where the whole has to be read."""
    if cut is None or known_cut is None or not cut.is_around(known_cut) or len(known_cut.items) != len(known):
        return None
    values = dict(zip(known_cut.items, known, strict=True))
    other = list(dict.fromkeys(item for item in cut.items if item not in values))
    read = _read(other, cut.dash)
    if len(read) != len(other):
        return None
    values.update(zip(other, read, strict=True))
    return [values[item] for item in cut.items]


def _read(items: list[str], dash: str) -> list[JsonValue]:
    """The values of these items, of which one may hide another; none where they are not ordinary."""
    if not items:
        return []
    try:
        value = ordinary_value("".join(["steps:", *(f"{dash}{item}" for item in items), "\n"]))
    except NotOrdinary:
        return []
    steps = value.get("steps") if isinstance(value, dict) and len(value) == 1 else None
    return steps if isinstance(steps, list) else []
