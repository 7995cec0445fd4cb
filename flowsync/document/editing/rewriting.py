"""One pass that writes a text again with another value: what is the same is copied, what differs is edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flowsync.document.document import same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.document.editing.style import Style
    from flowsync.document.parsing.tree import Entry, Span
    from flowsync.model import JsonValue, ValuePath


class Survivors(NamedTuple):
    """Which items of a list live on in another.

    `pairs` holds the old index for the new index of each; `moved` the new indices of those that changed places with
    others, as few as possible.
    """

    pairs: Mapping[int, int]
    moved: frozenset[int]


class Matching(Protocol):
    """Tells which items of a list live on in another."""

    def __call__(self, old: list[JsonValue], new: list[JsonValue], key: str, /) -> Survivors:
        """The items of `old` that are in `new`; both lists are under `key`."""


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
        return not entry.has_names and same(entry.span.value, goal.value)

    def may_enter(self, span: Span, goal: Goal) -> bool:
        """Whether a collection can be edited inside: it holds something, and is to hold something of the same kind."""
        if goal.path in self.forced or not goal.value or not span.entries:
            return False
        return any(isinstance(span.value, kind) and isinstance(goal.value, kind) for kind in (dict, list))

    def stands(self, span: Span, goal: Goal) -> bool:
        """Whether the alias at `span` still means what is wanted there."""
        name = self.text[span.start + 1 : span.end]
        return name in self.names and same(self.names[name], goal.value)

    def adopted(self, span: Span, goal: Goal) -> str:
        """`&name ` for what takes the place of an alias whose anchor is gone, for the later aliases; else nothing."""
        name = self.text[span.start + 1 : span.end]
        if name in self.names:
            return ""
        self.names[name] = goal.value
        return f"&{name} "

    def note_key(self, entry: Entry) -> None:
        """Remember what the anchor of a key stands for."""
        if entry.key_anchor is not None:
            name, value = entry.key_anchor
            self.names[name] = value

    def note_value(self, entry: Entry, goal: Goal) -> None:
        """Remember what the anchor of a value stands for, now that it is written."""
        if entry.span.anchor is not None:
            self.names[entry.span.anchor] = goal.value
