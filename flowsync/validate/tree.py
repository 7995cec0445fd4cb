"""The parts of a flow's `data` that have keys of their own, each with its path.

Whatever has the wrong shape is passed over: the schema has already reported it, and no rule below it should.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.validate.vocabulary import BUTTONS, FIELD_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import JsonValue, ValuePath


class Kind(Enum):
    """What a part is, in the words of a message."""

    ROOT = "the flow's data"
    STEP = "a step"
    BUTTON = "a button"
    FIELD = "a form field"
    OPTION = "an option"
    PATTERN = "a pattern"

    # Members are looked up in tables for each part of each flow, and Enum's own hash is written in Python.
    __hash__ = object.__hash__


LISTS: Final = {Kind.ROOT: "steps", Kind.STEP: "fields", Kind.FIELD: "options"}
"""Where parts have lists of further parts."""


class Part(NamedTuple):
    """One mapping of `data`; `path` starts with "data".

    `is_custom` says that a component of the app reads it, which may know further keys. A flow has a dozen parts, and a
    tuple is made three times as fast as a frozen dataclass.
    """

    kind: Kind
    path: ValuePath
    value: Mapping[str, JsonValue]
    is_custom: bool = False


def parts(data: JsonValue, flow_type: JsonValue) -> Iterator[Part]:
    """Every part of `data`, parents first, in the order of the file."""
    if isinstance(data, dict):
        is_custom = flow_type == "CUSTOM"
        yield Part(Kind.ROOT, ("data",), data, is_custom)
        for path, step in _mappings(data, ("data",), "steps"):
            yield from _step_parts(path, step, is_custom=is_custom)


def _step_parts(path: ValuePath, step: Mapping[str, JsonValue], *, is_custom: bool) -> Iterator[Part]:
    yield Part(Kind.STEP, path, step, is_custom or isinstance(step.get("type"), str))
    for name in BUTTONS:
        button = step.get(name)
        if isinstance(button, dict):
            yield Part(Kind.BUTTON, (*path, name), button)
    for field_path, field in _mappings(step, path, "fields"):
        yield from _field_parts(field_path, field, is_custom=is_custom)


def _field_parts(path: ValuePath, field: Mapping[str, JsonValue], *, is_custom: bool) -> Iterator[Part]:
    yield Part(Kind.FIELD, path, field, is_custom or field.get("type", "text") not in FIELD_TYPES)
    for option_path, option in _mappings(field, path, "options"):
        yield Part(Kind.OPTION, option_path, option)
    pattern = field.get("pattern")
    if isinstance(pattern, dict):
        yield Part(Kind.PATTERN, (*path, "pattern"), pattern)


def _mappings(
    parent: Mapping[str, JsonValue], path: ValuePath, key: str
) -> Iterator[tuple[ValuePath, Mapping[str, JsonValue]]]:
    items = parent.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield (*path, key, index), item
