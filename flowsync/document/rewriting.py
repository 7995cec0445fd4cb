"""Writes a text again with another value in one pass: copies what is equal, edits what differs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from flowsync.document import parse, same
from flowsync.document.dumping import (
    Style,
    double_quoted,
    fits_block,
    flow_text,
    is_collection,
    is_printable,
    needs_quotes,
    scalar_lines,
    wrapped,
)
from flowsync.document.tree import Layout, Piece, pieces_of
from flowsync.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.document.tree import Entry, Span
    from flowsync.model import JsonValue, ValuePath


class Survivors(NamedTuple):
    """Which items of a list live on in another.

    `pairs` holds the old index for the new index of each; `moved` the new indices of those that changed places with
    others, as few as possible.
    """

    pairs: Mapping[int, int]
    moved: frozenset[int]


Matching: TypeAlias = "Callable[[list[JsonValue], list[JsonValue], str], Survivors]"
"""Which items of an old list live on in a new one; both lists are under a key."""


class Goal(NamedTuple):
    """The target of one place: its value, the path to it, and the last mapping key on the way."""

    value: JsonValue
    path: ValuePath
    key: str

    def at(self, part: str | int, value: JsonValue) -> Goal:
        """The goal for one entry."""
        return Goal(value, (*self.path, part), part if isinstance(part, str) else self.key)


@dataclass(slots=True)
class Rewriting:
    """One pass over one text, in the order of the new one.

    `forced` are the paths of the parts to rewrite completely. `names` are the anchors written so far and what
    they stand for by now. `touched` are the paths of all edits, `rewritten` of those subtrees that were not edited
    in place but rewritten.
    """

    text: str
    style: Style
    matching: Matching
    forced: frozenset[ValuePath]
    names: dict[str, JsonValue] = field(default_factory=dict)
    touched: list[ValuePath] = field(default_factory=list)
    rewritten: list[ValuePath] = field(default_factory=list)

    def is_kept(self, entry: Entry, goal: Goal) -> bool:
        """Whether an entry can be copied with everything in it."""
        return not any(entry.names()) and same(entry.span.value, goal.value)

    def may_enter(self, span: Span, goal: Goal) -> bool:
        """Whether a collection can be edited inside: it is not empty before or after, and of the same kind."""
        if goal.path in self.forced or not goal.value or not span.entries:
            return False
        return any(isinstance(span.value, kind) and isinstance(goal.value, kind) for kind in (dict, list))

    def may_be_scalar(self, goal: Goal) -> bool:
        """Whether the new value may be a scalar in the style of the old one."""
        return not is_collection(goal.value) and goal.path not in self.forced

    def is_same_scalar(self, span: Span, goal: Goal) -> bool:
        """Whether a scalar, or nothing at all, already has the wanted value."""
        return span.layout in {Layout.SCALAR, Layout.EMPTY} and same(span.value, goal.value)

    def is_alias_of(self, span: Span, goal: Goal) -> bool:
        """Whether the alias at `span` still has the wanted value."""
        name = self.text[span.start + 1 : span.end]
        return span.layout is Layout.ALIAS and name in self.names and same(self.names[name], goal.value)

    def adopted(self, span: Span, goal: Goal) -> str:
        """`&name ` for the replacement of an alias whose anchor is gone, so that later aliases work; else nothing."""
        name = self.text[span.start + 1 : span.end]
        if name in self.names:
            return ""
        self.names[name] = goal.value
        return f"&{name} "

    def note_key(self, entry: Entry) -> None:
        """Remember the value of a key's anchor."""
        if entry.key_span and entry.key_span.anchor:
            self.names[entry.key_span.anchor] = entry.key_span.value

    def note_value(self, entry: Entry, goal: Goal) -> None:
        """Remember the value of an anchor, now that it is written."""
        if entry.span.anchor is not None:
            self.names[entry.span.anchor] = goal.value


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry to be written: the old one (`index`) that lives on in it, if any, and what it is to hold."""

    index: int | None
    goal: Goal
    is_moved: bool = False


def slots_of(writing: Rewriting, span: Span, goal: Goal) -> tuple[list[Slot], bool]:
    """The entries of the new collection, in order, and whether any was added, removed or moved."""
    if isinstance(span.value, dict) and isinstance(goal.value, dict):
        slots = _keys(span.entries, goal, goal.value)
    else:
        assert isinstance(span.value, list) and isinstance(goal.value, list)  # noqa: S101, PT018 - the caller entered it
        pairs, moved = writing.matching(span.value, goal.value, goal.key)
        slots = [Slot(pairs.get(now), goal.at(now, item), now in moved) for now, item in enumerate(goal.value)]
    are_other = [slot.index for slot in slots] != list(range(len(span.entries)))
    if are_other:
        writing.touched.append(goal.path)
    return slots, are_other


def _keys(entries: Sequence[Entry], goal: Goal, wanted: dict[str, JsonValue]) -> list[Slot]:
    """The keys in the order of the text; a new one comes after the one that it follows in the new value."""
    known = [str(entry.key) for entry in entries]
    slots = [Slot(index, goal.at(key, wanted[key])) for index, key in enumerate(known) if key in wanted]
    place = 0
    for key, value in wanted.items():
        if key in known:
            place = 1 + next(at for at, slot in enumerate(slots) if slot.goal.path[-1] == key)
        else:
            slots.insert(place, Slot(None, goal.at(key, value)))
            place += 1
    return slots


def style_of(root: Span, text: str) -> Style:
    """The indentation that most of a file uses; that of `dump` if it has none."""
    steps: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for kind, step in _steps(root, text):
        steps[kind][step] += 1
    most = {kind: min(counts, key=lambda step: (-counts[step], step)) for kind, counts in steps.items()}
    return Style(**most)


def _steps(span: Span, text: str) -> Iterator[tuple[str, int]]:
    for entry in span.entries:
        inner = entry.span
        if inner.layout is Layout.BLOCK and span.layout is Layout.BLOCK:
            step = inner.column - span.column
            if isinstance(span.value, dict):
                yield ("mapping" if isinstance(inner.value, dict) else "sequence"), step
            elif "\n" not in text[entry.start : inner.start]:
                yield "dash", step
        yield from _steps(inner, text)


_TOKEN: Final = re.compile(r"[A-Za-z0-9_]+|.", re.DOTALL)
_BREAKS: Final = re.compile(r"\n+")
_BREAK: Final = re.compile(r"\n(?!\n)")
_HEADER: Final = re.compile(r"([|>])([1-9+-]*)([^\n]*)\n")
_COMPARED_AT_MOST: Final = 1_000_000
"""With more pairs of words, old times new, everything between the first and the last change is replaced."""
_USUAL_WIDTH: Final = 100
_LEAST_WIDTH: Final = 20


@dataclass(frozen=True, slots=True)
class Site:
    """The scalar to replace, and the whole text around it; `like_json`: inside brackets, with all texts in quotes."""

    text: str
    span: Span
    style: Style
    like_json: bool = False

    @property
    def source(self) -> str:
        """How the scalar is written."""
        return self.text[self.span.start : self.span.end]

    @property
    def mark(self) -> str:
        """The first character, which shows the style."""
        return self.source[:1]

    @property
    def margin(self) -> int:
        """The column of its following lines."""
        if self.mark in "|>":
            body = self.source.partition("\n")[2]
            first = next((line for line in body.split("\n") if line.strip(" ")), "")
            if first:
                return len(first) - len(first.lstrip(" "))
        return max(self.span.column, 0) + max(self.style.mapping, 2)


def new_scalar(site: Site, value: JsonValue) -> str:
    """The text of `value` for the place of an old scalar; a block scalar ends with its line end.

    The author's style is kept if it can hold the value, and in it every line that need not change.
    """
    for candidate in _candidates(site, value):
        if _reads_back(site, candidate, value):
            return candidate
    if site.span.in_flow:
        return flow_text(value, like_json=site.like_json)
    lines = scalar_lines(value, site.span.column, site.style)
    return lines[0] if len(lines) == 1 else "\n".join([*lines, ""])


def is_block_scalar(scalar: str) -> bool:
    """Whether the text of a scalar is one after `|` or `>`, which ends with its line end."""
    return scalar[:1] in {"|", ">"} and scalar.endswith("\n")


def _candidates(site: Site, value: JsonValue) -> Iterator[str]:
    if not isinstance(value, str) or not isinstance(site.span.value, str):
        return
    units = _units(pieces_of(site.text, site.span))
    gains_lines = value.count("\n") > site.span.value.count("\n")
    match site.mark:
        case "|" | ">" if not site.span.in_flow:
            if fits_block(value):
                yield from _block_texts(site, units, value)
        case _ if gains_lines and not site.span.in_flow and fits_block(value):
            return
        case "'":
            if is_printable(value) and "\t" not in value:
                yield _splice(site, units, site.span.start, site.span.end, value)
                yield "'" + value.replace("'", "''") + "'"
        case '"':
            yield _splice(site, units, site.span.start, site.span.end, value)
            yield double_quoted(value)
        case _:
            if not needs_quotes(value.replace("\n", " ")):
                yield _splice(site, units, site.span.start, site.span.end, value)
                yield value


def _reads_back(site: Site, candidate: str, value: JsonValue) -> bool:
    """Whether every parser reads the candidate, in a place like the site's, as the value."""
    end = "" if candidate.endswith("\n") else "\n"
    opening, closing = ("[", "]") if site.span.in_flow else ("", "")
    key = f"{' ' * site.span.column}k: " if site.span.column >= 0 else ""
    try:
        read = parse(f"{key}{opening}{candidate}{closing}{end}")
    except DocumentError:
        return False
    wanted: JsonValue = [value] if site.span.in_flow else value
    return not read.warnings and same(read.value, {"k": wanted} if key else wanted)


def _units(pieces: Sequence[Piece]) -> list[Piece]:
    units: list[Piece] = []
    for piece in pieces:
        if piece.end - piece.start == len(piece.text):
            tokens = _TOKEN.finditer(piece.text)
            units += [Piece(each[0], piece.start + each.start(), piece.start + each.end()) for each in tokens]
        elif piece.text:
            units.append(Piece(piece.text, piece.start, piece.end))
    return units


def _splice(site: Site, units: list[Piece], start: int, end: int, value: str) -> str:
    """The source from `start` to `end`, with only the differing words replaced."""
    if not units:
        inner = site.text[start:end]
        return f"{inner[:1]}{_encoded(site, value)}{inner[1:]}"
    parts: list[str] = []
    at = start
    for first, after, words in _differences([unit.text for unit in units], _TOKEN.findall(value)):
        begin = units[first].start if first < len(units) else units[-1].end
        stop = begin if first == after else units[after].start if after < len(units) else units[-1].end
        parts += [site.text[at:begin], _encoded(site, words)]
        at = stop
    return "".join([*parts, site.text[at:end]])


def equal_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """The number of equal items at the beginning, and of the rest at the end."""
    head = sum(takewhile(bool, map(eq, old, new)))
    return head, sum(takewhile(bool, map(eq, reversed(old[head:]), reversed(new[head:]))))


def _differences(old: list[str], new: list[str]) -> Iterator[tuple[int, int, str]]:
    """The ranges of `old` to replace, with their replacements."""
    head, tail = equal_ends(old, new)
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old_middle and not new_middle:
        return
    if len(old_middle) * len(new_middle) > _COMPARED_AT_MOST:
        yield head, head + len(old_middle), "".join(new_middle)
        return
    for kind, i, j, k, m in SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes():
        if kind != "equal":
            yield head + i, head + j, "".join(new_middle[k:m])


def _encoded(site: Site, text: str) -> str:
    """Some characters as the style of the site writes them."""
    margin = " " * site.margin
    match site.mark:
        case '"':
            return double_quoted(text)[1:-1]
        case "|" if not site.span.in_flow:
            return _BREAK.sub(f"\n{margin}", text)
        case mark:
            text = text.replace("'", "''") if mark == "'" else text
            return _BREAKS.sub(lambda found: f"{found[0]}\n{margin}", text)


def _block_texts(site: Site, units: list[Piece], value: str) -> Iterator[str]:
    """A text under the old header: with only the differing words replaced, or rewritten in the old column."""
    header = _HEADER.match(site.source)
    if header is None:
        return
    body = value.rstrip("\n")
    breaks = len(value) - len(body)
    chomping = ("-", "", "+")[min(breaks, 2)]
    top = f"{header[1]}{header[2].strip('+-')}{chomping}{header[3]}"
    ends = [""] * max(breaks, 1)
    old = "".join(unit.text for unit in units)
    while units and not units[-1].text.strip("\n"):
        units.pop()
    if units:
        text = _splice(site, units, site.span.start + header.end(), units[-1].end, body)
        if breaks == len(old) - len(old.rstrip("\n")):
            yield f"{header[0]}{text}{site.text[units[-1].end : site.span.end]}"
        else:
            yield "\n".join([top, text, *ends])
    if header[1] == ">":
        width = max((len(line) for line in site.source.split("\n")[1:]), default=_USUAL_WIDTH)
        lines = _BREAKS.sub(lambda found: f"{found[0]}\n", body).split("\n")
        room = max(width - site.margin, _LEAST_WIDTH)
        body = "\n".join(part for line in lines for part in wrapped(line, room))  # as wide as it was
    margin = " " * site.margin
    yield "\n".join([top, *(f"{margin}{line}" if line else "" for line in body.split("\n")), *ends])
