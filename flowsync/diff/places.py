"""Where a value is, for machines (a JSON pointer) and for people (a label)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from flowsync.model import JsonValue

_PLAIN: Final = re.compile(r"[\w$-]+")


class Place(NamedTuple):
    """One place in one document; `key` is the last mapping key on the way to it."""

    pointer: str = ""
    label: str = ""
    key: str = ""

    def at_key(self, key: str) -> Place:
        """Return the place of `key` in the mapping that is here."""
        plain = f".{key}" if self.label else key
        step = plain if _PLAIN.fullmatch(key) else f"[{quoted(key)}]"
        return Place(f"{self.pointer}/{_escaped(key)}", self.label + step, key)

    def at_index(self, index: int) -> Place:
        """Return the place of an item that only its position tells apart."""
        return Place(f"{self.pointer}/{index}", f"{self.label}[{index}]", self.key)

    def at_item(self, index: int, identity: str, value: JsonValue) -> Place:
        """Return the place of the item whose `identity` key holds the scalar `value`."""
        return Place(f"{self.pointer}/{index}", f"{self.label}[{_identified(identity, value)}]", self.key)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line, with everything that does not print escaped."""
    inside = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in inside)


def _identified(identity: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        return f"{identity}={json.dumps(value)}"
    return value if _PLAIN.fullmatch(value) and not value.isdecimal() else quoted(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
