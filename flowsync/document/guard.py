"""The guard: refuses, with the place, what libyaml reads and npm `yaml` refuses or reads as something else.

It works by allow-list. What is between two tokens must match a pattern of blanks, comments, dashes, colons and
commas that both are known to read alike; so must what a token itself consists of, where it is more than a plain line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.document import refusals
from flowsync.document.refusals import MAXIMUM_ALIAS_WEIGHT, MAXIMUM_ANCHORS, MAXIMUM_VALUES, Refusal, count_values

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_COMMENT: Final = r"(?<![^ \t\n])#[^\n]*(?=\n)"
_TAB_LINES: Final = rf"(?:[ \t]*(?:{_COMMENT})?\n)*"
_SPACE_LINES: Final = rf"(?: *(?:{_COMMENT})?\n)*"
_AFTER_VALUE: Final = rf"(?:(?<!\n)(?:[ \t]*(?:{_COMMENT})?\n{_TAB_LINES} *| *)|(?<=\n){_SPACE_LINES} *)"
_AFTER_COLON: Final = rf"[ \t]*(?:(?:{_COMMENT})?\n{_SPACE_LINES} *)?"
_DASHES: Final = rf"(?:-(?=[ \n]) *(?:(?:{_COMMENT})?\n{_SPACE_LINES} *)?)*"
_COLON: Final = r"[ \t]*:(?=[ \t\n])"
_FLOW_BLANKS: Final = r"(?:[ \t\n]|(?<=[ \t])#[^\n]*(?=\n))*"

BLOCK_GAP: Final = re.compile(rf"(?:{_COLON}{_AFTER_COLON}|{_AFTER_VALUE}){_DASHES}")
"""Between two tokens in block collections, and after the last token of a text."""
FLOW_GAP: Final = re.compile(rf"(?:[ \t]*:(?=[ \t\n,]|\Z))?(?:[ \t\n]*,)?{_FLOW_BLANKS}")
"""Between two tokens inside brackets."""
QUOTED_FLOW_GAP: Final = re.compile(rf"(?:[ \t]*:)?(?:[ \t\n]*,)?{_FLOW_BLANKS}")
"""The same after a quoted text or a closing bracket: as in JSON, the colon needs no space after it."""
FIRST_GAP: Final = re.compile(rf"{_SPACE_LINES} *{_DASHES}")
"""Before the first token."""
MARKED_KEY_GAP: Final = re.compile(rf"(?:{BLOCK_GAP.pattern}|{FIRST_GAP.pattern})\? +")
"""Between a token and a key marked with `?` in a block mapping."""
COLON_BELOW: Final = re.compile(rf"[ \t]*(?:{_COMMENT})?\n{_SPACE_LINES}(?P<margin> *)(?=:[ \n])")
"""Between a key marked with `?` and the colon below it."""
HEAD: Final = re.compile(rf"{_SPACE_LINES} *")
"""Before `---`, in a text that holds nothing, or between a tag or anchor and a text on a line below."""
MARKER_END: Final = re.compile(rf"[ \t]*(?:{_COMMENT})?\n")
"""After `---` and `...`."""

PROPERTIES: Final = re.compile(
    r"(?:(?P<anchor>&[A-Za-z0-9_-]+(?=[ \n]) *)?(?P<tag>!!?[\w./:-]*(?=[ \n]) *)?"
    r"|(?P<first_tag>!!?[\w./:-]*(?=[ \n]) *)(?P<last_anchor>&[A-Za-z0-9_-]+(?=[ \n]) *))(?![&!])",
    re.ASCII,
)
SPACES_BEFORE_BREAK: Final = re.compile(r"[ \t]+\n")
"""Spaces at the end of a line."""

_BAD_IN_GAP: Final = re.compile(
    r"(?P<tab>(?:(?<=\n)|(?<=- )|(?<=-)) *\t)|(?P<comment>(?<![ \t\n])#)|(?P<key>\?)|:(?P<colon>)\Z|(?P<inside>#)"
)
_LINE_START: Final = re.compile(r"\n( *)(?=[^ \n])")
_TAB_AT_BREAK: Final = re.compile(r"(?P<before>\t) *\n|\n *(?P<after>\t)")
_COMMENT_LINE: Final = re.compile(r"\n[ \t]*#")
_ESCAPES: Final = re.compile(
    r'[^\\]*(?:\\(?:[0abtnvfre "/\\N_LP\n]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})[^\\]*)*'
)
_BLANK_AFTER_BACKSLASH: Final = re.compile(r"\\\n[ \t]*\n")
FLOW_PLAIN: Final = re.compile(r"(?!-(?:\s|\Z)|[?:]|\.\.\.|---)[^\[\]{},]*")
_BLOCK_HEADER: Final = re.compile(r"[|>](?:[-+]?([1-9])?|([1-9])[-+])(?: *| +#[^\n]*)\n")
_TAB_IN_MARGIN: Final = re.compile(r"\n *(?=\t)")
_SPACES_ONLY: Final = re.compile(r"\n +(?=\n|\Z)")


def bad_gap(text: str, start: int, end: int) -> Refusal:
    """The refusal of something between two tokens."""
    found = _BAD_IN_GAP.search(text, start, end)
    if found is None:
        return refusals.something_follows(text, start)
    match found.lastgroup:
        case "tab":
            return Refusal(found.start("tab"), *refusals.TAB_INDENTATION)
        case "comment":
            return Refusal(found.start("comment"), *refusals.GLUED_COMMENT)
        case "key":
            return Refusal(found.start("key"), *refusals.MARKED_KEY)
        case "colon":
            return Refusal(found.end(), *refusals.GLUED_COLON)
        case _:
            return refusals.read_differently(
                found.start("inside"),
                "A comment inside brackets at the margin, or before a comma, is read in different ways.",
                "Move the comment, or write the list or mapping without brackets.",
            )


def check_below(text: str, start: int, at: int, column: int) -> None:
    """Refuse a value on a line below its key that is not indented deeper, or follows a comment line there."""
    line = text.rfind("\n", 0, at) + 1
    if at - line <= column:
        raise refusals.not_deeper(at, "This value is not indented deeper than its key.")
    comment = _COMMENT_LINE.search(text, start, at)
    if comment and column >= 0 and not text[line:at].strip():
        raise refusals.read_differently(
            comment.end() - 1,
            "A comment between a key and the text below it is read in different ways.",
            "Move the comment above the key.",
        )


def check_lines(text: str, start: int, end: int, column: int) -> None:
    """Refuse a further line of plain or quoted text that is not deeper than its collection, or holds a tab."""
    tab = _TAB_AT_BREAK.search(text, start, end)
    if tab:
        raise Refusal(
            tab.start("after") if tab["after"] else tab.start("before"),
            "tab",
            "A tab at the end or the start of a line of a longer text is read in different ways.",
            "Use spaces; inside double quotes write \\t.",
        )
    for line in _LINE_START.finditer(text, start, end):
        if len(line[1]) <= column:
            kind = "quoted text" if text[start] in "\"'" else "text"
            raise refusals.not_deeper(
                line.end(),
                f"This line belongs to the {kind} from line {text.count(chr(10), 0, start) + 1}, "
                "but is not indented deeper than its key.",
            )


def check_quoted(text: str, start: int, end: int, column: int) -> None:
    """Refuse lines and escapes of a quoted text that are read in different ways."""
    if "\n" in text[start:end]:
        check_lines(text, start, end, column)
    if text[start] != '"':
        return
    escapes = _ESCAPES.match(text, start + 1, end - 1)
    if escapes and escapes.end() < end - 1:
        raise refusals.bad_escape(text, escapes.end())
    blank = _BLANK_AFTER_BACKSLASH.search(text, start, end)
    if blank:
        raise refusals.read_differently(
            blank.end() - 1,
            "After a line that ends with a backslash, npm yaml reads this blank line as a space, js-yaml as nothing.",
            "Remove the blank line, or the backslash.",
        )


def check_flow_plain(text: str, start: int, end: int) -> None:
    """Refuse plain text inside brackets that npm yaml does not take for text."""
    if FLOW_PLAIN.fullmatch(text, start, end):
        return
    if text[start] in "-?:":
        raise refusals.nothing_in_brackets(text[start], start)
    raise refusals.read_differently(start, "This is not sure to be text inside brackets.", "Put it in quotes.")


def check_block_text(text: str, start: int, end: int, column: int) -> None:
    """Refuse block text with an unusual header, tabs in its margin, or lines of spaces that may or may not be text."""
    header = _BLOCK_HEADER.match(text, start)
    if header is None:
        raise refusals.bad_header(text, start)
    if column < 0 and text.find("\n#", start) >= 0:
        raise refusals.read_differently(
            start,
            "A text after | or > that is the whole document, with a comment at the margin, is read in different ways.",
            "Remove the comment, or write the text in double quotes.",
        )
    body = header.end() - 1
    if _SPACES_ONLY.search(text, body, end) or _TAB_IN_MARGIN.search(text, body, end):
        _check_margins(text, header, end, column)


def _check_margins(text: str, header: re.Match[str], end: int, column: int) -> None:
    """Refuse lines of block text that begin with a tab, or hold only spaces, if that is read in different ways."""
    lines = text[header.end() : end].split("\n")
    filled = [at for at, line in enumerate(lines) if line.strip(" ")]
    first, last = (filled[0], filled[-1]) if filled else (0, -1)
    digit = header[1] or header[2]
    margin = len(lines[first]) - len(lines[first].lstrip(" ")) if filled else 0
    margin = max(column, 0) + int(digit) if digit else margin
    start = header.end()
    for at, line in enumerate(lines):
        blanks = line[: len(line) - len(line.lstrip(" \t"))]
        # Of a first line "\t #" libyaml, which is shown spaces there, would take the blanks for the margin.
        is_margin = at == first and line.startswith("#", len(blanks))
        is_odd = text[header.start()] == ">" or blanks == line or is_margin
        if "\t" in blanks and (is_odd or blanks.index("\t") < margin):
            raise Refusal(start + blanks.index("\t"), *refusals.TAB_IN_BLOCK_TEXT)
        if blanks == line and len(line) > margin and not first <= at <= last:
            raise refusals.read_differently(
                start, "This line holds only spaces, and may or may not be text.", "Remove the spaces."
            )
        start += len(line) + 1


def with_tabs(source: str, value: str) -> str:
    """The text after `|` with the tabs of `source` before a #, which libyaml got as spaces."""
    if source[0] != "|":
        return value
    lines = zip(source.split("\n")[1:], value.split("\n"), strict=False)
    return "\n".join(written[len(written) - len(line) :] for written, line in lines)


def check_brackets(text: str, start: int, end: int, column: int) -> None:
    """Refuse a line inside brackets that is not deeper than the block collection around; the last may be as deep."""
    last = text.rfind("\n", start, end)
    if last < 0:
        return
    if end - last - 2 == column and not text[last + 1 : end - 1].strip(" "):
        end = last
    for line in _LINE_START.finditer(text, start, end):
        if len(line[1]) <= column:
            raise refusals.not_inside(text, line.end(), start)


@dataclass(slots=True, eq=False)
class Anchor:
    """One `&name`: its value once that is read, how often it is used, and the anchors used inside."""

    name: str
    opened: int
    value: JsonValue = None
    is_read: bool = False
    inner: tuple[Anchor, ...] = ()
    count: int = 1
    weight: int = 0
    size: int = 0


class Anchors:
    """The anchors of one text so far; refuses documents that explode, as npm yaml does."""

    def __init__(self) -> None:
        self._by_name: dict[str, Anchor] = {}
        self._uses: list[Anchor] = []
        self._expanded = 0

    def open(self, name: str, offset: int) -> Anchor:
        """Declare the name of the value that follows. Raises Refusal."""
        if len(self._by_name) >= MAXIMUM_ANCHORS:
            message = f"There are more than {MAXIMUM_ANCHORS:,} anchors in this text."
            raise Refusal(offset, "too-many-anchors", message, "Write out what is used once, or split the file.")
        anchor = self._by_name[name] = Anchor(name, len(self._uses))
        return anchor

    def close(self, anchor: Anchor, value: JsonValue) -> None:
        """Set the value of a declared name."""
        anchor.value, anchor.is_read = value, True
        anchor.inner = tuple(self._uses[anchor.opened :])

    def use(self, name: str, offset: int) -> Anchor:
        """The anchor of `*name`. Raises Refusal."""
        anchor = self._by_name.get(name)
        if anchor is None or not anchor.is_read:
            nothing = f"*{name} refers to nothing: no value above is marked &{name}."
            inside = f"*{name} is inside the value that &{name} marks."
            hint = f'Mark a value above with &{name}; or, if *{name} is text, put it in quotes: "*{name}".'
            raise Refusal(offset, "yaml-alias", inside if anchor else nothing, hint)
        anchor.count += 1
        if not anchor.weight:
            anchor.weight = max((inner.count * inner.weight for inner in anchor.inner), default=1)
            anchor.size = count_values(anchor.value)
        self._expanded += anchor.size
        if anchor.count * anchor.weight > MAXIMUM_ALIAS_WEIGHT or self._expanded > MAXIMUM_VALUES:
            raise Refusal(
                offset,
                "alias-bomb",
                f"The aliases down to here repeat too much: npm yaml refuses more than {MAXIMUM_ALIAS_WEIGHT} uses of "
                f"one anchor (multiplied where aliases nest), flowsync more than {MAXIMUM_VALUES:,} values.",
                f"Write out what &{name} stands for in some of the places.",
            )
        self._uses.append(anchor)
        return anchor
