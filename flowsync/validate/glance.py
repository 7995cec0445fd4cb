"""Whether a flow is certainly right by the schema and by the rules about what is inside `data`, told in one walk.

Nearly every flow is. A flow that is not, or only may be, is looked at by the schema and by each rule in turn: they
alone know what is wrong and where. The walk is that of the schema's acceptor, of a schema made stricter by what
the rules of `GROUPS` complain about: with each group stands a predicate that says when it is surely silent.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from flowsync.validate.acceptor import PREDICATE, acceptor
from flowsync.validate.groups import ids, keys, links, lists, patterns, texts
from flowsync.validate.schema import bundle
from flowsync.validate.tree import LISTS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue
    from flowsync.validate.acceptor import Accepts, Schema

    Predicate = Callable[[Any], Any]

GROUPS: Final = (ids, keys, links, lists, patterns, texts)
"""The groups of rules that have nothing to report of a flow that is right at a glance."""

_TYPES: Final = ("string", "number", "boolean", "array", "object")
_DEFINITIONS: Final = {"step": Kind.STEP, "button": Kind.BUTTON, "field": Kind.FIELD, "option": Kind.OPTION}
"""The parts that the schema has definitions of. The root stands in its `data`, a pattern in a field."""


def is_right(value: Mapping[str, JsonValue]) -> bool:
    """Whether neither the schema nor a rule of GROUPS has anything to report of a flow's file."""
    return bool(_accepts()(value))


@lru_cache(maxsize=1)
def _accepts() -> Accepts:
    schema: Any = bundle()
    definitions = schema["$defs"]
    stricter = {name: _stricter(definitions[name], kind) for name, kind in _DEFINITIONS.items()}
    field = stricter["field"]["properties"]
    field["pattern"] = _stricter(field["pattern"], Kind.PATTERN)
    root = _stricter(schema["properties"]["data"], Kind.ROOT)
    properties = {**schema["properties"], "data": root}
    return acceptor({**schema, "properties": properties, "$defs": {**definitions, **stricter}})


def _stricter(schema: Schema, kind: Kind) -> dict[str, Any]:
    """The schema of a part without keys that nobody knows, without nulls, and with all values to the rules' liking."""
    properties = {key: _property(each, kind, key) for key, each in schema["properties"].items()}
    return {**schema, "properties": properties, "additionalProperties": False}


def _property(schema: Schema, kind: Kind, key: str) -> dict[str, Any]:
    stricter = {**schema, "type": [*_types(schema, key)]}
    predicate = _predicate(kind, key)
    if predicate is not None:
        stricter[PREDICATE] = predicate
    if LISTS.get(kind) == key:
        stricter["minItems"] = 1
    return stricter


def _types(schema: Schema, key: str) -> Iterator[str]:
    """The types that a property may have: no null, and `required` must be a switch, not a message in its place."""
    stated = schema.get("type", _TYPES)
    names = [stated] if isinstance(stated, str) else stated
    return (name for name in names if name != "null" and not (name == "string" and key == "required"))


def _predicate(kind: Kind, key: str) -> Predicate | None:
    """When the rules are surely silent of the texts or lists under a key."""
    if LISTS.get(kind) == key:
        return partial(ids.is_fine, key="value") if kind is Kind.FIELD else ids.is_fine
    if key in texts.ADDRESSES.get(kind, ()):
        return links.is_fine if kind is Kind.BUTTON else links.is_fine_media
    if kind is Kind.PATTERN and key == "value":
        return patterns.is_fine
    return texts.is_fine if key in texts.TEXTS[kind] and key != "required" else None
