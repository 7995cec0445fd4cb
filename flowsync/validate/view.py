"""One flow as the rules look at it: its effective value, its parts, and the way to positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.validate.tree import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import Flow, JsonValue, Location, ValuePath
    from flowsync.validate.tree import Kind, Part


@dataclass(frozen=True, slots=True)
class View:
    """`value` is the whole file with `flow.fields` in place of what was stated: overlays applied, `data` parsed."""

    flow: Flow
    value: Mapping[str, JsonValue]
    parts: tuple[Part, ...]

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
    sent: dict[str, JsonValue] = {str(field): value for field, value in flow.fields.items()}
    value = {**raw, **sent} if isinstance(raw, dict) else sent
    if isinstance(value.get("data"), str):
        del value["data"]
    return View(flow, value, tuple(parts(value.get("data"), value.get("type"))))
