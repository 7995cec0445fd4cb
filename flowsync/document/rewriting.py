"""One pass that writes a text again with another value: what is the same is copied, what differs is edited."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flowsync.document import same
from flowsync.document.dumping import Style, is_collection
from flowsync.document.tree import Layout

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
    """What is to stand at one place: the value, the path to it, and the last mapping key on the way."""

    value: JsonValue
    path: ValuePath
    key: str

    def at(self, part: str | int, value: JsonValue) -> Goal:
        """The goal for one entry of this one."""
        return Goal(value, (*self.path, part), part if isinstance(part, str) else self.key)


@dataclass(slots=True)
class Rewriting:
    """One pass over one text, in the order of the new one.

    `forced` are the paths of what is to be written anew as a whole. `names` are the anchors written so far and what
    they stand for by now. `touched` are the paths of all edits, `rewritten` of those subtrees that were not edited
    in place but written anew.
    """

    text: str
    style: Style
    matching: Matching
    forced: frozenset[ValuePath]
    names: dict[str, JsonValue] = field(default_factory=dict)
    touched: list[ValuePath] = field(default_factory=list)
    rewritten: list[ValuePath] = field(default_factory=list)

    def is_kept(self, entry: Entry, goal: Goal) -> bool:
        """Whether an entry can be copied with all that is in it."""
        return not any(entry.names()) and same(entry.span.value, goal.value)

    def may_enter(self, span: Span, goal: Goal) -> bool:
        """Whether a collection can be edited inside: it holds something, and is to hold something of the same kind."""
        if goal.path in self.forced or not goal.value or not span.entries:
            return False
        return any(isinstance(span.value, kind) and isinstance(goal.value, kind) for kind in (dict, list))

    def may_be_scalar(self, goal: Goal) -> bool:
        """Whether a scalar may stand here in the style of the old one."""
        return not is_collection(goal.value) and goal.path not in self.forced

    def is_same_scalar(self, span: Span, goal: Goal) -> bool:
        """Whether a scalar, or nothing at all, already says what is wanted there."""
        return span.layout in {Layout.SCALAR, Layout.EMPTY} and same(span.value, goal.value)

    def is_alias_of(self, span: Span, goal: Goal) -> bool:
        """Whether the alias at `span` still means what is wanted there."""
        name = self.text[span.start + 1 : span.end]
        return span.layout is Layout.ALIAS and name in self.names and same(self.names[name], goal.value)

    def adopted(self, span: Span, goal: Goal) -> str:
        """`&name ` for what takes the place of an alias whose anchor is gone, for the later aliases; else nothing."""
        name = self.text[span.start + 1 : span.end]
        if name in self.names:
            return ""
        self.names[name] = goal.value
        return f"&{name} "

    def note_key(self, entry: Entry) -> None:
        """Remember what the anchor of a key stands for."""
        if entry.key_span and entry.key_span.anchor:
            self.names[entry.key_span.anchor] = entry.key_span.value

    def note_value(self, entry: Entry, goal: Goal) -> None:
        """Remember what the anchor of a value stands for, now that it is written."""
        if entry.span.anchor is not None:
            self.names[entry.span.anchor] = goal.value


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry to be written: the old one (`index`) that lives on in it, if any, and what it is to hold."""

    index: int | None
    goal: Goal
    is_moved: bool = False


def slots_of(span: Span, goal: Goal, matching: Matching) -> list[Slot]:
    """The entries that a collection is to have, in the order they are to have."""
    if isinstance(span.value, dict) and isinstance(goal.value, dict):
        return _keys(span.entries, goal, goal.value)
    assert isinstance(span.value, list) and isinstance(goal.value, list)  # noqa: S101, PT018 - the caller entered it
    pairs, moved = matching(span.value, goal.value, goal.key)
    return [Slot(pairs.get(now), goal.at(now, item), now in moved) for now, item in enumerate(goal.value)]


def are_in_place(slots: Sequence[Slot], span: Span) -> bool:
    """Whether nothing came, went or moved."""
    return [slot.index for slot in slots] == list(range(len(span.entries)))


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
    """The indentation that most of a file has; that of `dump` where it shows none."""
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
