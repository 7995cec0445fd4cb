"""A JSON document taken apart strictly: each value is of its type, each object has exactly its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flowsync.errors import PlanFileError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from flowsync.model import JsonValue

Scalar = TypeVar("Scalar", str, int, bool)


class Part:
    """One object of the document, and where it is, for messages."""

    __slots__ = ("_values", "place")

    def __init__(
        self, value: JsonValue, place: str, keys: Collection[str], optional: Collection[str] = frozenset()
    ) -> None:
        """Take `value` as an object with exactly these `keys`, and perhaps `optional` ones. Raises PlanFileError."""
        self.place = place
        self._values = _object(value, place)
        if unknown := sorted((set(self._values) ^ set(keys)) - set(optional)):
            raise malformed(f"{place} lacks, or should not have, {unknown[0]}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def value(self, key: str) -> JsonValue:
        """Whatever is there."""
        return self._values[key]

    def text(self, key: str) -> str:
        """A text."""
        return self._scalar(key, str)

    def number(self, key: str) -> int:
        """A whole number."""
        return self._scalar(key, int)

    def truth(self, key: str) -> bool:
        """True or false."""
        return self._scalar(key, bool)

    def optional_text(self, key: str) -> str | None:
        """A text, or None for null."""
        return None if self._values[key] is None else self.text(key)

    def optional_number(self, key: str) -> int | None:
        """A whole number, or None for null."""
        return None if self._values[key] is None else self.number(key)

    def items(self, key: str) -> Iterator[tuple[str, JsonValue]]:
        """The items of a list, each with its place."""
        value = self._values[key]
        if not isinstance(value, list):
            raise malformed(f"{self.place} has no list as its {key}")
        return ((f"{key}[{index}]", item) for index, item in enumerate(value))

    def mapping(self, key: str) -> Mapping[str, JsonValue]:
        """An object with any keys."""
        return _object(self._values[key], f"the {key} of {self.place}")

    def _scalar(self, key: str, kind: type[Scalar]) -> Scalar:
        value = self._values[key]
        if type(value) is not kind:
            raise malformed(f"{self.place} has the wrong kind of {key}")
        return value


def malformed(complaint: str) -> PlanFileError:
    """Return the refusal of a document that flowsync did not write like this."""
    return PlanFileError(f"The saved plan cannot be read: {complaint}.", hint="Plan again: flowsync plan --out FILE.")


def _object(value: JsonValue, place: str) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise malformed(f"{place} is not an object")
    return value
