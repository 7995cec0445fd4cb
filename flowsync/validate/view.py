"""One flow as the rules look at it: its effective value, its parts, and the way to positions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from flowsync.audience.expressions import expressions as expressions_of
from flowsync.validate.tree import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.audience.expressions import Stated
    from flowsync.model import Flow, JsonValue, Location, ValuePath
    from flowsync.validate.tree import Kind, Part


class View:
    """`value` is the whole file with `flow.fields` in place of what was stated: overlays applied, `data` parsed.

    `expressions` are all of the flow's. The parts are found when somebody asks: of most flows nobody does.
    """

    def __init__(self, flow: Flow, value: Mapping[str, JsonValue], expressions: tuple[Stated, ...]) -> None:
        self.flow = flow
        self.value = value
        self.expressions = expressions

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of `data`, parents first."""
        return tuple(parts(self.value.get("data"), self.value.get("type")))

    def of(self, kind: Kind) -> Iterator[Part]:
        """The parts of one kind, in the order of the file."""
        return (part for part in self.parts if part.kind is kind)

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts."""
        return self.flow.source.location(path)

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of the value at `path` starts."""
        return self.flow.source.key_location(path)


def view(flow: Flow) -> View:
    """The view of one flow. A `data` that could not be read is left out: nothing below it can be judged."""
    raw = flow.source.value
    sent: dict[str, JsonValue] = {str(field): each for field, each in flow.fields.items()}
    value = {**raw, **sent} if isinstance(raw, dict) else sent
    if isinstance(value.get("data"), str):
        del value["data"]
    return View(flow, value, expressions_of(flow.fields))
