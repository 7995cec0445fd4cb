"""In which order the keys of a mapping stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.document.parsing.tree import Entry, Span

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
