"""Anchors and aliases, with npm yaml's guard against documents that explode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.document.limits import MAXIMUM_ALIAS_WEIGHT, MAXIMUM_EXPANDED_NODES, count_values

if TYPE_CHECKING:
    from flowsync.document.reading import Node, Reading
    from flowsync.model import JsonValue


@dataclass(slots=True, eq=False)
class Anchor:
    """One `&name`: what it names, and how often that is used.

    `inner` are the anchors whose aliases stand inside the named value. `indent` and `is_flow` say
    how the value's further lines are read, for places inside its text. `hidden` had the name before.
    """

    name: str
    inner_from: int
    node: Node | None = None
    inner: tuple[Anchor, ...] = ()
    count: int = 1
    weight: int = 0
    size: int = 0
    indent: int = -1
    is_flow: bool = False
    hidden: Anchor | None = None


def open_anchor(reading: Reading, name: str) -> Anchor:
    """Declare a name; from here on it means the value that follows, known once that is read."""
    anchor = Anchor(name, len(reading.uses), hidden=reading.anchors.get(name))
    reading.anchors[name] = anchor
    return anchor


def withdraw_anchor(reading: Reading, anchor: Anchor) -> None:
    """Take back the newest declaration, as if it had not been read."""
    if anchor.hidden is None:
        del reading.anchors[anchor.name]
    else:
        reading.anchors[anchor.name] = anchor.hidden


def close_anchor(reading: Reading, anchor: Anchor, node: Node) -> None:
    """Give a declared name its value."""
    anchor.node = node
    anchor.inner = tuple(reading.uses[anchor.inner_from :])


def use_anchor(reading: Reading, name: str, offset: int) -> JsonValue:
    """The value that the alias `*name` at `offset` stands for.

    Raises DocumentError `yaml-alias` where nothing above has the name, `alias-bomb` where npm yaml refuses.
    """
    anchor = reading.anchors.get(name)
    if anchor is None or anchor.node is None:
        raise reading.fail(
            offset,
            "yaml-alias",
            f"*{name} stands for nothing: no value above is marked &{name}."
            if anchor is None
            else f"*{name} stands inside the very value that &{name} marks.",
            f'Mark a value above with &{name}; or, where *{name} is text, put it in quotes: "*{name}".',
        )
    value = anchor.node.value
    _count_use(reading, anchor, value, offset)
    reading.uses.append(anchor)
    if reading.spots is not None:
        reading.alias_targets[offset] = anchor
    return value


def _count_use(reading: Reading, anchor: Anchor, value: JsonValue, offset: int) -> None:
    anchor.count += 1
    if not anchor.weight:
        anchor.weight = max((inner.count * inner.weight for inner in anchor.inner), default=1)
        anchor.size = count_values(value)
    reading.expanded += anchor.size
    if anchor.count * anchor.weight > MAXIMUM_ALIAS_WEIGHT or reading.expanded > MAXIMUM_EXPANDED_NODES:
        raise reading.fail(
            offset,
            "alias-bomb",
            f"The aliases down to here repeat too much: npm yaml refuses more than {MAXIMUM_ALIAS_WEIGHT} uses of "
            f"one anchor (multiplied where aliases nest), flowsync more than {MAXIMUM_EXPANDED_NODES:,} values.",
            f"Write out what &{anchor.name} stands for in some of the places.",
        )
