"""Anchors and aliases, with npm yaml's guard against documents that explode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.document.limits import MAXIMUM_ALIAS_WEIGHT, MAXIMUM_ANCHORS, MAXIMUM_VALUES, count_values
from flowsync.document.parsing.refusals import Refusal

if TYPE_CHECKING:
    from flowsync.model import JsonValue


@dataclass(slots=True, eq=False)
class Anchor:
    """One `&name`: what it names once that is read, how often it is used, and the anchors used inside."""

    name: str
    value: JsonValue = None
    is_read: bool = False
    inner: tuple[Anchor, ...] = ()
    count: int = 1
    weight: int = 0
    size: int = 0


class Anchors:
    """The anchors of one text so far."""

    def __init__(self) -> None:
        self._by_name: dict[str, Anchor] = {}
        self._uses: list[Anchor] = []
        self._expanded = 0
        self._opened: dict[int, int] = {}

    def open(self, name: str, offset: int) -> Anchor:
        """Declare a name; it means the value that follows, known once that is read. Raises Refusal."""
        if len(self._by_name) >= MAXIMUM_ANCHORS:
            raise Refusal(
                offset,
                "too-many-anchors",
                f"There are more than {MAXIMUM_ANCHORS:,} anchors in this text.",
                "Write out what is used once, or split the file.",
            )
        anchor = Anchor(name)
        self._by_name[name] = anchor
        self._opened[id(anchor)] = len(self._uses)
        return anchor

    def close(self, anchor: Anchor, value: JsonValue) -> None:
        """Give a declared name its value."""
        anchor.value, anchor.is_read = value, True
        anchor.inner = tuple(self._uses[self._opened[id(anchor)] :])

    def use(self, name: str, offset: int) -> Anchor:
        """The anchor that `*name` stands for. Raises Refusal."""
        anchor = self._by_name.get(name)
        if anchor is None or not anchor.is_read:
            raise Refusal(
                offset,
                "yaml-alias",
                f"*{name} stands for nothing: no value above is marked &{name}."
                if anchor is None
                else f"*{name} stands inside the very value that &{name} marks.",
                f'Mark a value above with &{name}; or, where *{name} is text, put it in quotes: "*{name}".',
            )
        self._count(anchor, offset)
        self._uses.append(anchor)
        return anchor

    def _count(self, anchor: Anchor, offset: int) -> None:
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
                f"Write out what &{anchor.name} stands for in some of the places.",
            )
