"""Block collections, by indentation: an ordinary line costs one match of one pattern."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.anchors import withdraw_anchor
from flowsync.document.flow import read_flow, require_depth
from flowsync.document.keys import duplicate_key, read_key, starts_entry, tab_indentation, template_braces
from flowsync.document.reading import Node, Spots
from flowsync.document.scalars import TYPED_STARTS
from flowsync.document.tags import NO_PROPERTIES, read_properties, tagged_plain
from flowsync.document.values import empty_node, finish, read_scalar

if TYPE_CHECKING:
    from flowsync.document.reading import Line, Reading
    from flowsync.document.tags import Properties
    from flowsync.model import JsonValue

_NAME: Final = r"(?!(?:[Nn]ull|NULL|[Tt]rue|TRUE|[Ff]alse|FALSE):)[A-Za-z_][\w-]{0,199}"
"""A key that is surely text."""

_ONE_LINE: Final = (
    r"(?:"
    r"([^-?:,\[\]{}#&*!|>'\"%@`\s][^:#\n]*(?:(?::(?![ \t\n])|(?<![ \t])#)[^:#\n]*)*)(?<![ \t])"
    r'|"([^"\\\n]*)"'
    r"|'([^'\n]*)'"
    r")(?: +#[^\n]*)?\n"
)
"""A scalar on one line, with nothing in it to work out: groups for plain, double- and single-quoted."""

_TIGHT_COMMENT: Final = re.compile(r"^( *)#(?=[^ \t\n])", re.MULTILINE)
_TAB_LINE: Final = re.compile(r"^ *\t[ \t]*$", re.MULTILINE)
_PLAIN_GROUP: Final = 2
_NESTED_GROUP: Final = 5


class _Patterns(NamedTuple):
    """How ordinary lines look in a collection at one column, after its indentation and with it.

    Mapping: groups key, plain, double-quoted, single-quoted, indentation of what is nested.
    Sequence: groups spaces before a mapping's first key, plain, double-quoted, single-quoted.
    """

    first_entry: re.Pattern[str]
    entry: re.Pattern[str]
    first_item: re.Pattern[str]
    item: re.Pattern[str]


@lru_cache(maxsize=256)
def _patterns(column: int) -> _Patterns:
    blanks = r"(?:[ \t]*(?:#[^\n]*)?\n)*"
    done = rf"{blanks}(?= {{0,{column}}}[^ \n#\t]|\Z)"
    entry = rf"({_NAME}):(?: +{_ONE_LINE}{done}| *(?: #[^\n]*)?\n{blanks}( {{{column + 1},}})(?=[^ \n#\t]))"
    item = rf"-(?:( +)(?={_NAME}:[ \n])| +{_ONE_LINE}{done})"
    margin = rf" {{{column}}}"
    return _Patterns(*map(re.compile, (entry, margin + entry, item, margin + item)))


def read_block(  # noqa: PLR0917 - where a descent stands; hot, so no keywords
    reading: Reading, start: int, column: int, parent: int, depth: int, properties: Properties = NO_PROPERTIES
) -> Node:
    """The value at `start`, which stands at `column` in a collection at column `parent` (-1: the root).

    Ends at the start of the line after it.
    """
    if _is_dash(reading, start):
        return _sequence(reading, start, column, depth + 1)
    if starts_entry(reading, start):
        return _mapping(reading, start, column, depth + 1)
    if reading.text[start] in "&!":
        return _with_properties(reading, start, column, parent, depth, properties)
    return _line_value(reading, start, parent, depth, properties)


def _is_dash(reading: Reading, offset: int) -> bool:
    return reading.text[offset : offset + 1] == "-" and reading.is_white(offset + 1)


def _with_properties(  # noqa: PLR0917 - as read_block
    reading: Reading, start: int, column: int, parent: int, depth: int, outer: Properties
) -> Node:
    """A value after `&anchor` or `!tag`, which belong to the first key where one follows on the line."""
    told = len(reading.warnings)
    properties = read_properties(reading, start)
    if starts_entry(reading, properties.end):
        if properties.anchor is not None:
            withdraw_anchor(reading, properties.anchor)
        del reading.warnings[told:]
        return _mapping(reading, start, column, depth + 1)
    if outer is not NO_PROPERTIES:
        raise reading.fail(start, "yaml-syntax", "One value has two sets of anchors and tags.", "Remove one.")
    if reading.line_end(properties.end) >= 0:
        node = _below(reading, properties.end, parent, parent + 1, depth, properties)
    else:
        node = _line_value(reading, properties.end, parent, depth, properties)
    return finish(reading, properties, node, parent)


def _line_value(reading: Reading, start: int, parent: int, depth: int, properties: Properties) -> Node:
    """A scalar or flow collection, and the rest of its last line."""
    if reading.text[start] in "[{":
        if reading.text.startswith("{{", start):
            raise template_braces(reading, start)
        node = read_flow(reading, start, parent, depth + 1)
    else:
        node = read_scalar(reading, start, parent, properties)
    if node.end > start and reading.text[node.end - 1] == "\n" and reading.text[start] in "|>":
        return node
    return node._replace(end=_require_line_end(reading, node.end))


def _require_line_end(reading: Reading, offset: int) -> int:
    end = reading.line_end(offset)
    if end >= 0:
        return end
    at = reading.skip_spaces(offset)
    if reading.text[at] == ":":
        raise reading.fail(
            at,
            "yaml-syntax",
            "A second colon on the line of a key: YAML cannot tell which key is meant.",
            "Put text that holds a colon and a space in quotes, or begin a nested mapping on the next line.",
        )
    if reading.text[at] == "#":
        raise reading.fail(at, "yaml-syntax", "A comment needs a space before its #.", "Add a space before #.")
    raise reading.fail(
        at,
        "yaml-syntax",
        "Something follows the value that ends here.",
        "Put the whole value in quotes, or remove what follows.",
    )


def _below(  # noqa: PLR0917 - as read_block
    reading: Reading, offset: int, parent: int, lowest_dash: int, depth: int, properties: Properties
) -> Node:
    """The value on the lines below a key or dash: whatever is deeper than `parent`; lists from `lowest_dash` on."""
    end = _require_line_end(reading, offset)
    line = reading.next_line(end)
    if not reading.is_document_end(line):
        if reading.text[line.content] == "\t":
            raise tab_indentation(reading, line.content)
        if line.column > parent:
            node = read_block(reading, line.content, line.column, parent, depth, properties)
            _require_clear_margin(reading, end, line, parent, node)
            if properties.tag == "!!str" and not isinstance(node.value, (dict, list)):
                _warn_of_tag_above(reading, line.content)
            return node
        if line.column >= lowest_dash and _is_dash(reading, line.content):
            return _sequence(reading, line.content, line.column, depth + 1)
    refuse_tab_line(reading, end, line)
    if line.column < parent < lowest_dash and _is_dash(reading, line.content):
        _warn_of_empty_item(reading, offset)
    return empty_node(reading, offset, line.start, properties)


def _warn_of_tag_above(reading: Reading, offset: int) -> None:
    reading.warn(
        offset,
        "yaml-ambiguous",
        "js-yaml (some versions) passes over !!str on the line above; a number there stays a number.",
        "Remove the tag, and put the text in quotes.",
    )


def _warn_of_empty_item(reading: Reading, offset: int) -> None:
    reading.warn(
        offset,
        "yaml-ambiguous",
        "After this empty item js-yaml takes the items of the outer list below for items of this list.",
        'Write null or "" for the empty item.',
    )


def _require_clear_margin(reading: Reading, start: int, line: Line, parent: int, node: Node) -> None:
    """Npm yaml lets text run on to the left of its key after a comment there."""
    if isinstance(node.value, (dict, list)) and reading.text[node.start] not in "[{*":
        return
    for comment in _TIGHT_COMMENT.finditer(reading.text, start, line.start):
        if len(comment[1]) <= parent:
            raise reading.fail(
                comment.end(1),
                "indentation",
                "After a comment at this column, npm yaml reads the text below it differently from other parsers.",
                "Put a space after #, or move the comment above the key.",
            )


def refuse_tab_line(reading: Reading, start: int, line: Line) -> None:
    """Npm yaml refuses a line of tabs where a value is left out."""
    found = _TAB_LINE.search(reading.text, start, line.start + 1)
    if found:
        raise reading.fail(
            found.start(), "tab", "A tab stands on this empty line below a key without a value.", "Remove it."
        )


def _entry_value(reading: Reading, after_colon: int, column: int, depth: int) -> Node:
    """The value of a key in a mapping at `column`."""
    at = reading.skip_spaces(after_colon)
    properties = NO_PROPERTIES
    if reading.text[at] in "&!":
        properties = read_properties(reading, at)
        at = properties.end
    if reading.line_end(at) >= 0:
        node = _below(reading, after_colon if properties is NO_PROPERTIES else at, column, column, depth, properties)
    else:
        _refuse_inline_list(reading, at)
        node = _line_value(reading, at, column, depth, properties)
    return finish(reading, properties, node, column)


def _refuse_inline_list(reading: Reading, at: int) -> None:
    if _is_dash(reading, at):
        raise reading.fail(
            at, "yaml-syntax", "A list cannot begin on the line of its key.", "Begin it on the next line, indented."
        )


def _more(reading: Reading, offset: int, column: int) -> tuple[int, bool]:
    """Whether the collection at `column` goes on: the offset of its next part, or of the line after it."""
    line = reading.next_line(offset)
    if reading.is_document_end(line):
        return line.start, False
    if reading.text[line.content] == "\t":
        raise tab_indentation(reading, line.content)
    if line.column > column:
        raise reading.fail(
            line.content,
            "indentation",
            "This line is indented deeper than its neighbours, but belongs to none of them.",
            "Line it up with the keys or list items it belongs to; a text of several lines is written after |.",
        )
    return (line.content, True) if line.column == column else (line.start, False)


def _mapping(reading: Reading, start: int, column: int, depth: int) -> Node:
    require_depth(reading, start, depth)
    patterns = _patterns(column)
    values: dict[str, JsonValue] = {}
    spots = _new_spots(reading, values, column)
    at = start
    found = patterns.first_entry.match(reading.text, at)
    while True:
        if found is None:
            key, key_at, colon = read_key(reading, at)
            node = _entry_value(reading, colon, column, depth)
        else:
            key, key_at = found[1], found.start(1)
            node = _matched_entry(reading, found, column, depth)
        if key in values:
            raise duplicate_key(reading, key, key_at, _first_place(reading, start, column, key))
        values[key] = node.value
        if spots is not None:
            spots[key] = (key_at, node.start)
        found = patterns.entry.match(reading.text, node.end)
        if found is None:
            at, goes_on = _more(reading, node.end, column)
            if not goes_on:
                return Node(values, start, at)
            found = patterns.first_entry.match(reading.text, at)


def _new_spots(reading: Reading, value: JsonValue, column: int) -> dict[str | int, tuple[int, int]] | None:
    if reading.spots is None:
        return None
    reading.spots[id(value)] = Spots(column, is_flow=False, entries={})
    return reading.spots[id(value)].entries


def _matched_entry(reading: Reading, found: re.Match[str], column: int, depth: int) -> Node:
    group = found.lastindex or 0
    if group != _NESTED_GROUP:
        return _matched_scalar(reading, found, group)
    end = found.end()
    return read_block(reading, end, end - found.start(_NESTED_GROUP), column, depth)


def _matched_scalar(reading: Reading, found: re.Match[str], group: int) -> Node:
    text = found[group]
    if group == _PLAIN_GROUP and text[0] in TYPED_STARTS:
        return Node(tagged_plain(reading, "", text, found.start(group)), found.start(group), found.end())
    return Node(text, found.start(group) - (group != _PLAIN_GROUP), found.end())


def _first_place(reading: Reading, start: int, column: int, key: str) -> int:
    """Where a mapping that starts at `start` has a key for the first time: only its keys stand at its column."""
    margin = re.compile(rf"^ {{{column}}}(?=[^ \n#])", re.MULTILINE)
    places = [start, *(line.end() for line in margin.finditer(reading.text, start))]
    for at in places:
        if starts_entry(reading, at) and (found := read_key(reading, at))[0] == key:
            return found[1]
    return start


def _sequence(reading: Reading, start: int, column: int, depth: int) -> Node:
    require_depth(reading, start, depth)
    patterns = _patterns(column)
    items: list[JsonValue] = []
    spots = _new_spots(reading, items, column)
    at = start
    found = patterns.first_item.match(reading.text, at)
    while True:
        node = _item(reading, at, column, depth) if found is None else _matched_item(reading, found, column, depth)
        if spots is not None:
            spots[len(items)] = (node.start, node.start)
        items.append(node.value)
        found = patterns.item.match(reading.text, node.end)
        if found is None:
            at, goes_on = _more(reading, node.end, column)
            if not goes_on or not _is_dash(reading, at):
                return Node(items, start, at - column if goes_on else at)
            found = patterns.first_item.match(reading.text, at)


def _matched_item(reading: Reading, found: re.Match[str], column: int, depth: int) -> Node:
    group = found.lastindex or 0
    if group == 1:
        return _mapping(reading, found.end(), column + 1 + len(found[1]), depth + 1)
    return _matched_scalar(reading, found, group)


def _item(reading: Reading, dash: int, column: int, depth: int) -> Node:
    """One item, from its dash on."""
    at = reading.skip_spaces(dash + 1)
    if reading.line_end(at) >= 0:
        return _below(reading, dash + 1, column, column + 1, depth, NO_PROPERTIES)
    node = read_block(reading, at, column + at - dash, column, depth)
    if "\t" in reading.text[dash:at] and (isinstance(node.value, (dict, list)) or reading.text[at] in "&!"):
        raise tab_indentation(reading, dash + 1)
    return node
