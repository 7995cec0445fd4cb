"""One canonical form of a text: what it says and every comment stay, and so does how the author wrote each value.

Lines move with their keys and get another margin; nothing is written anew. The result is always read again and must
say the same with the same comments, else the text is left as it is and the reason told.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document import parse, same
from flowsync.document.refusals import failure, locate
from flowsync.document.tree import Layout, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.document.tree import Entry, Span, Tree
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


class _Placed(NamedTuple):
    """An entry with the lines above that lead it, and the offset after the comments below that belong to it."""

    entry: Entry
    lead: list[str]
    own_end: int
    end: int


def block_lines(  # noqa: PLR0917 - where a collection stands in both texts
    text: str, span: Span, column: int, begin: int, end: int, order: KeyOrder
) -> Lines:
    """The collection between the offsets `begin` and `end`, at `column`.

    `begin` is a line start, or where the first entry itself begins beside the dash of a list.
    """
    placed, tail = _placed(text, span, column, begin, end)
    head, first_lead = _parted(placed[0].lead)
    placed[0] = placed[0]._replace(lead=first_lead)
    done = Lines([*head, ""], is_open=True) if head else Lines([])
    for index in ordered(text, span, order):
        each = placed[index]
        more = _entry_lines(text, span, each, column, order)
        done = Lines([*done.lines, *done.above(each.lead), *more.lines], more.is_open)
    below = done.above(tail)
    return Lines([*done.lines, *below], done.is_open and not below)


def _placed(text: str, span: Span, column: int, begin: int, end: int) -> tuple[list[_Placed], list[str]]:
    """Every entry with what belongs to it, and the comments at the end that belong to the collection."""
    starts = [_first_line(text, entry, begin) for entry in span.entries]
    lead = comment_lines(text, gap(text, begin, starts[0], span.column).start, starts[0], column)
    placed = []
    for entry, following in zip(span.entries, [*starts[1:], end], strict=True):
        own_end = _own_end(text, entry.span)
        between = gap(text, own_end, following, span.column)
        placed.append(_Placed(entry, lead, own_end, between.middle))
        lead = comment_lines(text, between.middle, between.end, column)
    return placed, lead[:-1] if lead and not lead[-1] else lead


def _first_line(text: str, entry: Entry, begin: int) -> int:
    """The start of the entry's line; where the collection begins if that is on the same line."""
    return max(text.rfind("\n", 0, entry.start) + 1, begin)


def _own_end(text: str, span: Span) -> int:
    """The start of the line below the last line of a value."""
    if span.layout is Layout.BLOCK:
        return _own_end(text, span.entries[-1].span)
    return span.end if is_block_scalar(text, span) else text.index("\n", span.end) + 1


def _parted(lead: list[str]) -> tuple[list[str], list[str]]:
    """What stands at the head of a collection, and what belongs to its first entry: a blank line parts them."""
    lines = without_leading_blank(lead)
    blanks = [index for index, line in enumerate(lines) if not line]
    return (lines[: blanks[-1]], lines[blanks[-1] + 1 :]) if blanks else ([], lines)


def _entry_lines(text: str, span: Span, placed: _Placed, column: int, order: KeyOrder) -> Lines:
    """An entry's own lines, and above them comments that stood beside its dash no longer."""
    entry, margin = placed.entry, " " * column
    inner = order.at(entry.key)
    if entry.span.layout is not Layout.BLOCK:
        (first, *rest), is_open = value_lines(text, entry, placed.own_end, column, inner)
        below = Lines(["."], is_open).above(_comments_below(text, span, placed, column))
        return Lines([f"{margin}{_mark(first, entry)}", *rest, *below], is_open and not below)
    begin = text.index("\n", entry.after_mark) + 1
    if entry.span.entries[0].start < begin:
        return _beside_dash(text, placed, column, inner)
    header = text[entry.start : begin - 1].rstrip(" \t")
    lines, is_open = block_lines(text, entry.span, column + STEP, begin, placed.end, inner)
    return Lines([f"{margin}{_mark(header, entry)}", *lines], is_open)


def _comments_below(text: str, span: Span, placed: _Placed, column: int) -> list[str]:
    """The comments below a value that is no collection: never where they would be taken for lines of its text."""
    if is_block_scalar(text, placed.entry.span):
        return comment_lines(text, placed.own_end, placed.end, column)
    return moved_comments(text, placed.own_end, placed.end, column - span.column)


def _mark(line: str, entry: Entry) -> str:
    """The first line of an entry; one space after the dash of a list."""
    if isinstance(entry.key, str) or line == "-":
        return line
    return f"- {line[1:].lstrip(' ')}"


def _beside_dash(text: str, placed: _Placed, column: int, order: KeyOrder) -> Lines:
    """A collection whose first entry stands beside the dash; what leads that entry now goes above the dash."""
    span = placed.entry.span
    lines, is_open = block_lines(text, span, column + STEP, span.entries[0].start, placed.end, order)
    first = next(index for index, line in enumerate(lines) if line and line[column + STEP] != "#")
    above = [f"{line[STEP:]}" for line in lines[:first]]
    return Lines([*above, f"{' ' * column}- {lines[first][column + STEP :]}", *lines[first + 1 :]], is_open)


STEP: Final = 2
"""Columns that a collection, or a text in lines of its own, stands deeper than the key above it."""


@dataclass(eq=False)
class Unkept(Exception):  # noqa: N818 - what could not be kept, not an error of the program
    """A place that cannot be put in form; `reason` completes "the file is left as it is: …"."""

    offset: int
    reason: str


class Lines(NamedTuple):
    """Lines in form; `is_open` where a blank line below them would become a part of their text (`|+`)."""

    lines: list[str]
    is_open: bool = False

    def above(self, lead: list[str]) -> list[str]:
        """What leads the next lines, without a blank line at the top or below open text."""
        return without_leading_blank(lead) if self.is_open or not self.lines else lead


class Gap(NamedTuple):
    """The lines between two entries, as offsets: `above` belong to the entry above them, the rest to the one below."""

    start: int
    middle: int
    end: int


def gap(text: str, start: int, end: int, column: int) -> Gap:
    """The gap between two offsets at line starts, in a collection at `column`.

    Comments that are indented deeper than the collection's own entries, and what is above them, belong to the entry
    above; all others lead the entry below. Raises Unkept where more than comments stands there.
    """
    middle = at = start
    while at < end:
        stop = text.index("\n", at) + 1
        content = text[at:stop].lstrip(" \t")
        if content[0] not in "#\n":
            raise Unkept(at, "an anchor or a tag stands on a line of its own")
        if content[0] == "#" and stop - at - len(content) > column:
            middle = stop
        at = stop
    return Gap(start, middle, end)


def comment_lines(text: str, start: int, end: int, column: int) -> list[str]:
    """The comments of a stretch of whole lines at one column, with at most one blank line in a row."""
    lines = (line.strip(" \t") for line in text[start:end].split("\n")[:-1])
    return collapsed([f"{' ' * column}{line}" if line else "" for line in lines])


def moved_comments(text: str, start: int, end: int, delta: int) -> list[str]:
    """The comments of a stretch of whole lines, each moved by `delta` columns."""
    lines = [line.rstrip(" \t") for line in text[start:end].split("\n")[:-1]]
    return collapsed(
        [f"{' ' * (len(line) - len(line.lstrip()) + delta)}{line.lstrip()}" if line else "" for line in lines]
    )


def collapsed(lines: list[str]) -> list[str]:
    """The lines without blanks at their ends, and with at most one blank line in a row."""
    stripped = [line.rstrip(" \t") for line in lines]
    return [line for index, line in enumerate(stripped) if line or index == 0 or stripped[index - 1]]


def without_leading_blank(lines: list[str]) -> list[str]:
    """The lines without a blank one at their head."""
    return lines[1:] if lines and not lines[0] else lines


_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)


def comments_of(spanned: Tree) -> Counter[str]:
    """How often each comment stands in a text; blanks at its end do not count."""
    found: Counter[str] = Counter()
    at = 0
    for start, end in _said(spanned.text, spanned.root):
        found.update(_comments(spanned.text, at, start))
        at = end
    found.update(_comments(spanned.text, at, len(spanned.text)))
    return found


def _comments(text: str, start: int, end: int) -> Iterator[str]:
    return (each[0].rstrip() for each in _COMMENT.finditer(text, start, end))


def _said(text: str, span: Span) -> Iterator[tuple[int, int]]:
    """The stretches of keys and values, in the order of the text: where no comment can be."""
    match span.layout:
        case Layout.SCALAR if is_block_scalar(text, span):
            yield text.index("\n", span.start), span.end
        case Layout.SCALAR | Layout.ALIAS:
            yield span.start, span.end
        case _:
            for entry in span.entries:
                yield entry.start, max(entry.start, entry.after_mark)
                yield from _said(text, entry.span)


def is_block_scalar(text: str, span: Span) -> bool:
    """Whether a text is written after `|` or `>`."""
    return span.layout is Layout.SCALAR and not span.in_flow and text[span.start] in "|>"


_KEEPS: Final = re.compile(r"[|>][1-9]?\+")
_INDENTATION_DIGIT: Final = re.compile(r"[|>][+-]?([1-9])")


def scalar_ranges(text: str, span: Span) -> list[tuple[int, int]]:
    """Where texts stand whose line ends, and the blanks before them, belong to what the author wrote."""
    if span.layout is Layout.SCALAR:
        return [(_body_start(text, span), span.end)]
    return [each for entry in span.entries for each in scalar_ranges(text, entry.span)]


def _body_start(text: str, span: Span) -> int:
    return text.index("\n", span.start) + 1 if is_block_scalar(text, span) else span.start


def value_lines(text: str, entry: Entry, end: int, column: int, order: KeyOrder) -> Lines:
    """The lines of an entry from its mark on, up to `end`, in a collection that comes to stand at `column`."""
    span = entry.span
    if is_block_scalar(text, span):
        body = _body_start(text, span)
        header = text[entry.start : body - 1].rstrip(" \t")
        return Lines(
            [header, *_block_scalar_lines(text, span, body, column)], _KEEPS.match(text, span.start) is not None
        )
    # Keys trade places within one line, so that the ranges below hold for the new text as well.
    source = text[entry.start : span.start] + flow_text(text, span, order) + text[span.end : end]
    ranges = [(start - entry.start, stop - entry.start) for start, stop in scalar_ranges(text, span)]
    return Lines(_other_lines(source, ranges, column - span.column))


def _block_scalar_lines(text: str, span: Span, body: int, column: int) -> list[str]:
    """The text two columns deeper than its key; a number after `|` says how deep it must stay."""
    lines = text[body : span.end].split("\n")[:-1]
    digit = _INDENTATION_DIGIT.match(text, span.start)
    if not any(map(str.strip, lines)):
        return [""] * len(lines) if _KEEPS.match(text, span.start) else []
    margins = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
    if digit:
        old, new = max(span.column, 0) + int(digit[1]), column + int(digit[1])
    else:
        old, new = margins[0], column + STEP
    return lines if old == new else [_moved_text(line, old, new) for line in lines]


def _moved_text(line: str, old: int, new: int) -> str:
    """A line of text with its margin moved; of one that holds only spaces those beyond the margin are text."""
    return f"{' ' * new}{line[old:]}" if line.strip(" ") or len(line) > old else ""


def _other_lines(source: str, ranges: list[tuple[int, int]], delta: int) -> list[str]:
    """Lines outside of block scalars; `ranges` are stretches of text whose line ends belong to them."""
    lines: list[str] = []
    at = 0
    for line in source.removesuffix("\n").split("\n"):
        at += len(line)
        is_text = any(start <= at < stop for start, stop in ranges)
        shown = line if is_text else line.rstrip(" \t")
        lines.append(_moved(shown, delta) if lines and shown.strip() else shown)
        at += 1
    return lines


def _moved(line: str, delta: int) -> str:
    margin = len(line) - len(line.lstrip(" "))
    return f"{' ' * max(margin + delta, 0)}{line[margin:]}"


def flow_text(text: str, span: Span, order: KeyOrder) -> str:
    """A collection in brackets with its keys in order, as far as it stands on one line."""
    if span.layout not in {Layout.FLOW, Layout.PAIR} or not span.entries:
        return text[span.start : span.end]
    pieces = [_flow_entry(text, entry, order) for entry in span.entries]
    bounds = [span.start, *(place for entry in span.entries for place in (entry.start, entry.span.end)), span.end]
    between = [text[start:stop] for start, stop in zip(bounds[::2], bounds[1::2], strict=True)]
    if not any("\n" in each for each in (*between, *pieces)):
        pieces = [pieces[index] for index in ordered(text, span, order)]
    return "".join(_alternating(between, pieces))


def _flow_entry(text: str, entry: Entry, order: KeyOrder) -> str:
    return text[entry.start : entry.span.start] + flow_text(text, entry.span, order.at(entry.key))


def _alternating(between: list[str], pieces: list[str]) -> Iterator[str]:
    for gap, piece in zip(between, [*pieces, ""], strict=True):
        yield gap
        yield piece


_NAME: Final = re.compile(r"\*([^ \t\n,\[\]{}]+)")


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """The order of a mapping's keys: those of `first`, then all others as the author has them, then those of `last`.

    `inside` holds the order of what stands at a key, where that is a list of each of its items; `others` that of
    what stands at any other key.
    """

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    inside: Mapping[str, KeyOrder] = field(default_factory=dict)
    others: KeyOrder | None = None

    def at(self, key: str | int) -> KeyOrder:
        """The order of what stands at a key; of an item of a list it is that of the list."""
        if isinstance(key, int):
            return self
        return self.inside.get(key) or self.others or AS_IT_IS

    def rank(self, key: str | int) -> int:
        """Where a key belongs; an item of a list nowhere in particular."""
        if key in self.first:
            return self.first.index(str(key))
        return len(self.first) + 1 + (self.last.index(str(key)) if key in self.last else -1)


AS_IT_IS: Final = KeyOrder()
"""Keys stay where the author put them."""


class _Mention(NamedTuple):
    """An anchor, or an alias of it."""

    name: str
    is_anchor: bool


def ordered(text: str, span: Span, order: KeyOrder) -> list[int]:
    """The indices of a collection's entries in their order; no alias comes before its anchor."""
    if isinstance(span.value, list):
        return list(range(len(span.entries)))
    ranks = [order.rank(entry.key) for entry in span.entries]
    by_rank = sorted(range(len(ranks)), key=ranks.__getitem__)
    if not any(entry.has_names for entry in span.entries):
        return by_rank
    return _bound([tuple(_mentions(text, entry)) for entry in span.entries], by_rank)


def _bound(mentions: Sequence[Sequence[_Mention]], by_rank: list[int]) -> list[int]:
    """The order by rank, but each entry right after those above it that it is bound to, at the latest."""
    placed: dict[int, None] = {}

    def place(index: int) -> None:
        for above in by_rank:
            if above < index and above not in placed and _binds(mentions[above], mentions[index]):
                place(above)
        placed[index] = None

    for index in by_rank:
        if index not in placed:
            place(index)
    return list(placed)


def _binds(above: Sequence[_Mention], below: Sequence[_Mention]) -> bool:
    """Whether what is above must stay there: both speak of one name, and one gives it its meaning."""
    return any(one.name == other.name and (one.is_anchor or other.is_anchor) for one in above for other in below)


def _mentions(text: str, entry: Entry) -> Iterator[_Mention]:
    if not entry.has_names:
        return
    if entry.key_anchor is not None:
        yield _Mention(entry.key_anchor[0], is_anchor=True)
    if entry.key_is_alias:
        yield from _aliases(text[entry.start : entry.after_mark])
    yield from _mentions_in(text, entry.span)


def _mentions_in(text: str, span: Span) -> Iterator[_Mention]:
    if span.anchor is not None:
        yield _Mention(span.anchor, is_anchor=True)
    if span.layout is Layout.ALIAS:
        yield from _aliases(text[span.start : span.end])
    for entry in span.entries:
        yield from _mentions(text, entry)


def _aliases(source: str) -> Iterator[_Mention]:
    return (_Mention(name, is_anchor=False) for name in _NAME.findall(source))
