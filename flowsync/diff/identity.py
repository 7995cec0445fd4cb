"""Lists whose items carry an identity: steps and fields by `id`, options by `value`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from flowsync.diff.order import longest_increasing
from flowsync.diff.renames import candidates, renames
from flowsync.diff.sequences import align

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.diff.renames import Item
    from flowsync.diff.sequences import Pair
    from flowsync.diff.shapes import Shapes
    from flowsync.model import JsonValue

IDENTITIES: Final[Mapping[str, str]] = {"options": "value"}
"""What tells the items of the list under a key apart; `id` under every other key."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """What lives on from one list to another.

    `pairs` holds (old index, new index) by new index; what is in no pair was removed or added.
    `moved` holds the new indices of those that changed places with others, as few as possible.
    `identity` is the key that tells the items apart; None where only their places do.
    """

    pairs: Mapping[int, int]
    moved: frozenset[int]
    identity: str | None


def align_lists(old: list[JsonValue], new: list[JsonValue], key: str, shapes: Shapes) -> Alignment:
    """Pair the items of two lists that are under `key`."""
    identity = IDENTITIES.get(key, "id")
    if _is_as_before(old, new, identity):
        return Alignment({index: index for index in range(len(new))}, frozenset(), identity)
    if _is_identified(old, identity, shapes) and _is_identified(new, identity, shapes):
        return _align_identified(old, new, identity, shapes)
    pairs = align([shapes.of(item) for item in old], [shapes.of(item) for item in new])
    return Alignment({now: was for was, now in pairs}, frozenset(), None)


def _is_as_before(old: list[JsonValue], new: list[JsonValue], identity: str) -> bool:
    """Whether the same items are there in the same order, told apart by plain texts: mostly they are."""
    texts = _identities(new, identity)
    return (
        texts == _identities(old, identity)
        and all(isinstance(text, str) and text.isascii() for text in texts)
        and len(set(texts)) == len(texts)
    )


def _identities(items: list[JsonValue], identity: str) -> list[JsonValue]:
    return [item.get(identity) if isinstance(item, dict) else None for item in items]


def _is_identified(items: list[JsonValue], identity: str, shapes: Shapes) -> TypeGuard[list[Item]]:
    """Whether every item is a mapping, and its identity a scalar that no other item has."""
    values = [item.get(identity) for item in items if isinstance(item, dict)]
    scalars = {shapes.of(value) for value in values if isinstance(value, str | int | float)}
    return len(scalars) == len(items)


def _align_identified(old: list[Item], new: list[Item], identity: str, shapes: Shapes) -> Alignment:
    kept = _kept(old, new, identity, shapes)
    unmoved = _unmoved(kept)
    removed = candidates(old, (was for was, _ in kept), [was for was, _ in unmoved], identity, shapes)
    added = candidates(new, (now for _, now in kept), [now for _, now in unmoved], identity, shapes)
    renamed = ((was.index, now.index) for was, now in renames(removed, added))
    pairs = sorted([*kept, *renamed], key=lambda pair: pair[1])
    moved = {now for _, now in pairs}.difference(now for _, now in _unmoved(pairs))
    return Alignment({now: was for was, now in pairs}, frozenset(moved), identity)


def _kept(old: Sequence[Item], new: Sequence[Item], identity: str, shapes: Shapes) -> list[Pair]:
    places = {shapes.of(item[identity]): index for index, item in enumerate(old)}
    wanted = ((places.get(shapes.of(item[identity])), index) for index, item in enumerate(new))
    return [(was, now) for was, now in wanted if was is not None]


def _unmoved(pairs: Sequence[Pair]) -> list[Pair]:
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs])]
